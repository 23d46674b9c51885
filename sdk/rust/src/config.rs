//! What a processor is opened with, and a strict reader for it.

use crate::json::Json;
use crate::{reject, Error, Result};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a processor is opened with.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The name of the pipeline.
    pub pipeline: &'a str,
    /// The name of the processor in it.
    pub processor: &'a str,
    /// The config that the user wrote, null when there is none.
    pub json: Json<'a>,
}

impl<'a> Config<'a> {
    /// The config as an object that has none but these keys.
    pub fn keys(&self, known: &[&str]) -> Result<Keys<'a>> {
        Keys::new(String::new(), self.json, known)
    }
}

/// The keys of an object of the config, read strictly: what is not known or of
/// the wrong kind is an error that names the key, as the user has to find it.
/// A null in the place of the object is an object without keys.
///
/// ```
/// use weir_processor::{Config, Result};
///
/// struct Limits {
///     field: String,
///     most: i64,
/// }
///
/// fn read(config: Config<'_>) -> Result<Limits> {
///     let keys = config.keys(&["field", "most"])?;
///     Ok(Limits { field: keys.needed_text("field")?, most: keys.integer("most", 1, 100)?.unwrap_or(10) })
/// }
/// ```
pub struct Keys<'a> {
    place: String,
    json: Json<'a>,
}

impl<'a> Keys<'a> {
    /// Reads an object that stands at a place of the config, such as
    /// `rules[1]`; the config itself has an empty place.
    #[cold]
    pub fn new(place: String, json: Json<'a>, known: &[&str]) -> Result<Self> {
        let keys = Keys { place, json };
        if json.is_null() && keys.place.is_empty() {
            return Ok(keys);
        }
        let Some(members) = json.members() else {
            reject!("{} is {}, not an object", keys.title(), json.kind());
        };
        for member in members {
            let name = member?.0.as_str().unwrap_or_default();
            if !known.contains(&&*name) {
                return Err(keys.unknown(&name, known));
            }
        }
        Ok(keys)
    }

    /// How messages call the object itself.
    fn title(&self) -> Cow<'static, str> {
        match self.place.as_str() {
            "" => "the config".into(),
            place => format!("config key \"{place}\"").into(),
        }
    }

    /// How messages call a key.
    pub fn place(&self, name: &str) -> String {
        match self.place.as_str() {
            "" => name.to_string(),
            place => format!("{place}.{name}"),
        }
    }

    /// An error about a key: `why` follows its name.
    #[cold]
    pub fn wrong(&self, name: &str, why: &str) -> Error {
        Error::new(format!("config key \"{}\" {why}", self.place(name)))
    }

    #[cold]
    fn unknown(&self, name: &str, known: &[&str]) -> Error {
        let near = known.iter().min_by_key(|known| distance(name, known));
        let hint = match near.filter(|near| distance(name, near) <= name.len().div_ceil(3).min(3)) {
            Some(near) => format!("did you mean \"{near}\"? "),
            None => String::new(),
        };
        Error::new(format!(
            "unknown config key \"{}\": {hint}known are {}",
            self.place(name),
            known.join(", ")
        ))
    }

    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.json.get(name)
    }

    /// Tells whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.json.members().is_none_or(|mut members| members.next().is_none())
    }

    /// The value of a key that has to be there.
    #[cold]
    pub fn needed(&self, name: &str) -> Result<Json<'a>> {
        self.get(name).ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// The value of a key, of one of the kinds that [`Json::kind`] tells.
    #[cold]
    fn read(&self, name: &str, kind: &str, wanted: &str) -> Result<Option<Json<'a>>> {
        match self.get(name) {
            Some(value) if value.kind() != kind => {
                Err(self.wrong(name, &format!("is {}, not {wanted}", value.kind())))
            }
            value => Ok(value),
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let text = self.read(name, "a string", "a string")?;
        Ok(text.and_then(Json::as_str).map(Cow::into_owned))
    }

    /// A text that has to be there and is not empty.
    #[cold]
    pub fn needed_text(&self, name: &str) -> Result<String> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(self.wrong(name, "is empty")),
            None => Err(self.wrong(name, "is missing")),
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        Ok(self.read(name, "a number", "a number")?.and_then(Json::as_f64))
    }

    /// A whole number between two others.
    #[cold]
    pub fn integer(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>> {
        let Some(value) = self.read(name, "a number", "a whole number")? else { return Ok(None) };
        match value.as_i64() {
            Some(n) if n >= least && n <= most => Ok(Some(n)),
            _ => Err(self.wrong(name, &format!("is {value}, not a whole number from {least} to {most}"))),
        }
    }

    /// A truth value.
    pub fn bool(&self, name: &str) -> Result<Option<bool>> {
        Ok(self.read(name, "a boolean", "a boolean")?.and_then(Json::as_bool))
    }

    /// One of several texts: its number in `choices`.
    #[cold]
    pub fn choice(&self, name: &str, choices: &[&str]) -> Result<Option<usize>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match choices.iter().position(|choice| *choice == text) {
            Some(at) => Ok(Some(at)),
            None => Err(self.wrong(name, &format!("is \"{text}\", not one of {}", choices.join(", ")))),
        }
    }

    /// The items of a list with their places; none when the key is not there.
    #[cold]
    pub fn items(&self, name: &str) -> Result<Option<Vec<(String, Json<'a>)>>> {
        let Some(items) = self.read(name, "an array", "a list")?.and_then(Json::items) else {
            return Ok(None);
        };
        let place = self.place(name);
        Ok(Some(items.enumerate().map(|(at, item)| (format!("{place}[{at}]"), item)).collect()))
    }

    /// A list of texts.
    #[cold]
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(items) = self.items(name)? else { return Ok(None) };
        let mut texts = Vec::new();
        for (place, item) in items {
            match item.as_str() {
                Some(text) => texts.push(text.into_owned()),
                None => reject!("config key \"{place}\" is {}, not a string", item.kind()),
            }
        }
        Ok(Some(texts))
    }

    /// The members of a map: names and values.
    #[cold]
    pub fn map(&self, name: &str) -> Result<Option<Vec<(String, Json<'a>)>>> {
        let Some(members) = self.read(name, "an object", "an object")?.and_then(Json::members) else {
            return Ok(None);
        };
        let mut map = Vec::new();
        for member in members {
            let (name, value) = member?;
            map.push((name.as_str().unwrap_or_default().into_owned(), value));
        }
        Ok(Some(map))
    }
}

/// How many letters have to change to make one word of another.
#[cold]
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let best = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = best;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<'a>(json: &'a str) -> Result<Keys<'a>> {
        let json = Json::parse(json.as_bytes()).expect("well-formed");
        Config { pipeline: "p", processor: "q", json }.keys(&["field", "most", "list", "map", "mode"])
    }

    fn why<T>(result: Result<T>) -> String {
        result.err().map(|err| err.message().to_string()).unwrap_or_default()
    }

    #[test]
    fn names_what_is_wrong() {
        let cases = [
            ("[]", "the config is an array, not an object"),
            (
                r#"{"feild": 1}"#,
                r#"unknown config key "feild": did you mean "field"? known are field, most, list, map, mode"#,
            ),
            (
                r#"{"fields": 1}"#,
                r#"unknown config key "fields": did you mean "field"? known are field, most, list, map, mode"#,
            ),
            (r#"{"x": 1}"#, r#"unknown config key "x": known are field, most, list, map, mode"#),
        ];
        for (json, want) in cases {
            assert_eq!(why(keys(json)), want, "{json}");
        }
        let all = r#"{"field": 1, "most": 1.5, "list": ["a", 2], "map": [], "mode": "slow"}"#;
        let all = keys(all).expect("known keys");
        assert_eq!(why(all.text("field")), r#"config key "field" is a number, not a string"#);
        assert_eq!(
            why(all.integer("most", 1, 9)),
            r#"config key "most" is 1.5, not a whole number from 1 to 9"#
        );
        assert_eq!(
            why(all.integer("field", 2, 9)),
            r#"config key "field" is 1, not a whole number from 2 to 9"#
        );
        assert_eq!(why(all.bool("field")), r#"config key "field" is a number, not a boolean"#);
        assert_eq!(why(all.texts("list")), r#"config key "list[1]" is a number, not a string"#);
        assert_eq!(why(all.map("map")), r#"config key "map" is an array, not an object"#);
        assert_eq!(
            why(all.choice("mode", &["fast", "safe"])),
            r#"config key "mode" is "slow", not one of fast, safe"#
        );
        assert_eq!(why(all.needed_text("none")), r#"config key "none" is missing"#);
    }

    #[test]
    fn names_places_inside() {
        let all = keys(r#"{"list": [{"a": 1}, {"bees": {"c": ""}}]}"#).expect("known keys");
        let items = all.items("list").expect("a list").expect("it is there");
        let (place, item) = items[1].clone();
        assert_eq!(
            why(Keys::new(place.clone(), item, &["a", "bee"])),
            r#"unknown config key "list[1].bees": did you mean "bee"? known are a, bee"#
        );
        let inner = Keys::new(place, item, &["bees"]).expect("known keys");
        let inner =
            Keys::new(inner.place("bees"), inner.needed("bees").expect("there"), &["c"]).expect("known keys");
        assert_eq!(why(inner.needed_text("c")), r#"config key "list[1].bees.c" is empty"#);
    }

    #[test]
    fn reads_what_is_right() {
        let all = keys(r#"{"field": "x", "most": 5, "list": ["a", "b"], "map": {"k": 1}, "mode": "safe"}"#)
            .expect("known keys");
        assert_eq!(all.text("field").ok().flatten().as_deref(), Some("x"));
        assert_eq!(all.integer("most", 1, 9).ok().flatten(), Some(5));
        assert_eq!(all.number("most").ok().flatten(), Some(5.0));
        assert_eq!(all.texts("list").ok().flatten().map(|list| list.join("+")).as_deref(), Some("a+b"));
        assert_eq!(all.map("map").ok().flatten().map(|map| map[0].0.clone()).as_deref(), Some("k"));
        assert_eq!(all.choice("mode", &["fast", "safe"]).ok().flatten(), Some(1));
        assert!(keys("null").is_ok_and(|keys| keys.is_empty() && matches!(keys.text("field"), Ok(None))));
    }
}
