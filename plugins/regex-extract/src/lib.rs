//! Takes fields out of a text by a regular expression with named groups.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use common::pointer::Pointer;
use common::regex::{Regex, NONE};
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Config, Context, Event, Processor, Result};

/// What becomes of an event whose text does not match.
#[derive(Clone, Copy)]
enum Miss {
    Pass,
    Reject,
    Drop,
}

struct RegexExtract {
    /// The field that is read; none is the whole payload.
    field: Option<Pointer>,
    regex: Regex,
    /// The groups with a name: their numbers.
    groups: Vec<usize>,
    /// The member that holds the groups; none is the payload itself.
    into: Option<String>,
    on_miss: Miss,
    out: Vec<u8>,
}

impl Processor for RegexExtract {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["field", "pattern", "into", "on_miss"])?;
        let regex = Regex::parse(&keys.needed_text("pattern")?);
        let regex = regex.map_err(|err| keys.wrong("pattern", err.message()))?;
        let field = Pointer::read(&keys, "field")?;
        if field.is_none() && keys.get("into").is_some() {
            return Err(
                keys.wrong("into", "goes with \"field\" only: without it the fields are the whole payload")
            );
        }
        let named = |(_, name): &(usize, &Option<String>)| name.is_some();
        let groups: Vec<usize> =
            regex.names().iter().enumerate().filter(named).map(|(group, _)| group).collect();
        if groups.is_empty() {
            return Err(keys.wrong("pattern", "has no group with a name, such as (?<id>\\d+), to take out"));
        }
        let on_miss = keys.choice("on_miss", &["pass", "reject", "drop"])?.unwrap_or(0);
        let on_miss = [Miss::Pass, Miss::Reject, Miss::Drop][on_miss];
        Ok(RegexExtract { field, regex, groups, into: keys.text("into")?, on_miss, out: Vec::new() })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let changed = match self.field {
            Some(_) => self.extract_field(event)?,
            None => self.extract_all(event)?,
        };
        match (changed, self.on_miss) {
            (true, _) => event.set_value(&self.out),
            (false, Miss::Pass) => {}
            (false, Miss::Drop) => event.drop(),
            (false, Miss::Reject) => {
                let title = self.field.as_ref().map_or(String::from("the value"), Pointer::title);
                reject!("{title} does not match the pattern")
            }
        }
        Ok(())
    }
}

weir_processor::export!(RegexExtract);

impl RegexExtract {
    /// Adds the groups to the payload; false when nothing matches.
    fn extract_field(&mut self, event: &Event) -> Result<bool> {
        let json = event.json()?;
        let Some(members) = json.members() else {
            reject!("the value is {}, not an object", json.kind());
        };
        let field = self.field.as_ref().and_then(|field| field.find(json));
        let Some(text) = field.and_then(|field| field.as_str()) else { return Ok(false) };
        let Some(found) = self.regex.find(&text, 0).map(Vec::from) else { return Ok(false) };
        self.out.clear();
        self.out.push(b'{');
        for member in members {
            let (key, value) = member?;
            if !self.is_new(key, &text, &found) {
                self.separate();
                self.out.extend_from_slice(key.as_bytes());
                self.out.push(b':');
                self.out.extend_from_slice(value.as_bytes());
            }
        }
        if let Some(into) = &self.into {
            if self.out.len() > 1 {
                self.out.push(b',');
            }
            quote(&mut self.out, into);
            self.out.extend_from_slice(b":{");
        }
        self.write_groups(&text, &found);
        if self.into.is_some() {
            self.out.push(b'}');
        }
        self.out.push(b'}');
        Ok(true)
    }

    /// Makes an object of the groups; false when nothing matches.
    fn extract_all(&mut self, event: &Event) -> Result<bool> {
        if event.is_null() {
            reject!("the value is null");
        }
        let text = event.as_str()?;
        let Some(found) = self.regex.find(text, 0).map(Vec::from) else { return Ok(false) };
        self.out.clear();
        self.out.push(b'{');
        self.write_groups(text, &found);
        self.out.push(b'}');
        Ok(true)
    }

    /// Tells whether a member is one of those that are added.
    fn is_new(&self, key: Json, text: &str, found: &[usize]) -> bool {
        let taken = |at: &usize| {
            let name = self.regex.names()[*at].as_deref().unwrap_or_default();
            key.is_text(name) && group(text, found, *at).is_some()
        };
        match &self.into {
            Some(into) => key.is_text(into),
            None => self.groups.iter().any(taken),
        }
    }

    fn write_groups(&mut self, text: &str, found: &[usize]) {
        for at in 0..self.groups.len() {
            let at = self.groups[at];
            let Some(part) = group(text, found, at) else { continue };
            self.separate();
            quote(&mut self.out, self.regex.names()[at].as_deref().unwrap_or_default());
            self.out.push(b':');
            quote(&mut self.out, part);
        }
    }

    fn separate(&mut self) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
    }
}

/// The text of a group, if it took part.
fn group<'t>(text: &'t str, found: &[usize], number: usize) -> Option<&'t str> {
    match found.get(2 * number..2 * number + 2)? {
        [start, _] if *start == NONE => None,
        [start, end] => text.get(*start..*end),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    fn run(config: &str, value: &str) -> Result<String, String> {
        let mut ran = Host::<RegexExtract>::open(config)?.run(&[Input::new(value)]);
        match ran.rejects.pop() {
            Some((_, why)) => Err(why),
            None => Ok(ran.events.pop().map_or("dropped".into(), |event| {
                String::from_utf8(event.value.unwrap_or_default()).expect("UTF-8")
            })),
        }
    }

    #[test]
    fn extracts() {
        let log =
            r#"{"field": "/msg", "pattern": "user=(?<user>\\w+)(?: id=(?P<id>\\d+))?", "into": "found"}"#;
        let line = r#"{"pattern": "^(?<method>[A-Z]+) (?<path>\\S+)"}"#;
        let cases = [
            (
                log,
                r#"{"msg": "in user=joe id=7"}"#,
                r#"{"msg":"in user=joe id=7","found":{"user":"joe","id":"7"}}"#,
            ),
            (log, r#"{"msg": "user=a\u0062"}"#, r#"{"msg":"user=a\u0062","found":{"user":"ab"}}"#),
            (log, r#"{"msg": "nobody"}"#, r#"{"msg": "nobody"}"#),
            (log, r#"{"msg": 5}"#, r#"{"msg": 5}"#),
            (r#"{"field": "/m", "pattern": "(?<m>.)"}"#, r#"{"m": "é!"}"#, r#"{"m":"é"}"#),
            (r#"{"field": "/m", "pattern": "a(?<b>x)?"}"#, r#"{"m": "a", "b": 1}"#, r#"{"m":"a","b":1}"#),
            (
                r#"{"field": "/m/0", "pattern": "(?<b>x)?"}"#,
                r#"{"b": 1, "m": ["x"]}"#,
                r#"{"m":["x"],"b":"x"}"#,
            ),
            (line, "GET /a\"b HTTP/1.1", r#"{"method":"GET","path":"/a\"b"}"#),
            (line, "get", "get"),
            (r#"{"pattern": "(?<a>\\d)", "on_miss": "drop"}"#, "x", "dropped"),
        ];
        for (config, value, want) in cases {
            assert_eq!(run(config, value).as_deref(), Ok(want), "{config} on {value}");
        }
    }

    #[test]
    fn rejects() {
        let cases = [
            (r#"{"pattern": "(?<a>\\d)", "on_miss": "reject"}"#, "x", "the value does not match the pattern"),
            (
                r#"{"field": "/m", "pattern": "(?<a>\\d)", "on_miss": "reject"}"#,
                "{}",
                "field /m does not match the pattern",
            ),
            (
                r#"{"field": "/m", "pattern": "(?<a>\\d)"}"#,
                "{",
                "malformed JSON at byte 1: the text ends too early",
            ),
            (r#"{"field": "/0", "pattern": "(?<a>x)"}"#, "[1]", "the value is an array, not an object"),
            ("{}", "", r#"config key "pattern" is missing"#),
            (
                r#"{"pattern": "\\d+"}"#,
                "",
                r#"config key "pattern" has no group with a name, such as (?<id>\d+), to take out"#,
            ),
            (
                r#"{"pattern": "(?<a>"}"#,
                "",
                r#"config key "pattern" is no regular expression: a ( without a ) behind it, at character 6"#,
            ),
            (
                r#"{"pattern": "(?<a>x)", "into": "a"}"#,
                "",
                r#"config key "into" goes with "field" only: without it the fields are the whole payload"#,
            ),
            (
                r#"{"patern": "x"}"#,
                "",
                r#"unknown config key "patern": did you mean "pattern"? known are field, pattern, into, on_miss"#,
            ),
        ];
        for (config, value, why) in cases {
            assert_eq!(run(config, value).err().as_deref(), Some(why), "{config} on {value}");
        }
    }
}
