//! Conditions on a JSON document.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use common::decimal;
use common::pointer::Pointer;
use core::cmp::Ordering;
use weir_processor::json::Json;
use weir_processor::{reject, Keys, Result};

/// A condition.
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// All tests hold for the field.
    Field(Pointer, Vec<Test>),
}

/// What is asked of a field.
pub enum Test {
    Exists(bool),
    /// It is one of these, or none of these.
    In(Vec<Scalar>, bool),
    /// It compares so with another: in one of two ways.
    Order(Scalar, [Ordering; 2]),
    Prefix(String),
    Suffix(String),
    Contains(Scalar),
}

/// A value that fields are compared with.
pub enum Scalar {
    Text(String),
    Number(Vec<u8>),
    /// true, false or null.
    Word(Vec<u8>),
}

const KEYS: [&str; 16] = [
    "all", "any", "not", "field", "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "exists", "prefix",
    "suffix", "contains",
];

impl Condition {
    /// Reads the condition at a place of the config.
    pub fn read(place: String, json: Json) -> Result<Self> {
        let keys = Keys::new(place, json, &KEYS)?;
        let given: Vec<&str> = KEYS[..4].iter().filter(|name| keys.get(name).is_some()).copied().collect();
        let [kind] = given[..] else {
            reject!(
                "config key \"{}\" needs one of all, any, not, field",
                keys.place("").trim_end_matches('.')
            );
        };
        if kind != "field" {
            if let Some(other) = KEYS[4..].iter().find(|name| keys.get(name).is_some()) {
                return Err(keys.wrong(other, "needs a \"field\" beside it"));
            }
        }
        match kind {
            "not" => Ok(Condition::Not(Box::new(Condition::read(keys.place("not"), keys.needed("not")?)?))),
            "field" => Condition::field(&keys),
            list => {
                let mut conditions = Vec::new();
                for (place, item) in keys.items(list)?.unwrap_or_default() {
                    conditions.push(Condition::read(place, item)?);
                }
                if conditions.is_empty() {
                    return Err(keys.wrong(list, "is empty"));
                }
                Ok(if list == "all" { Condition::All(conditions) } else { Condition::Any(conditions) })
            }
        }
    }

    fn field(keys: &Keys) -> Result<Self> {
        let pointer = Pointer::needed(keys, "field")?;
        let mut tests = Vec::new();
        for name in &KEYS[4..] {
            if keys.get(name).is_some() {
                tests.push(Test::read(keys, name)?);
            }
        }
        if tests.is_empty() {
            return Err(
                keys.wrong("field", &format!("has no test beside it: give one of {}", KEYS[4..].join(", ")))
            );
        }
        Ok(Condition::Field(pointer, tests))
    }

    /// Tells whether the condition holds for a document.
    pub fn holds(&self, json: Json) -> bool {
        match self {
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(json)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(json)),
            Condition::Not(condition) => !condition.holds(json),
            Condition::Field(pointer, tests) => {
                let field = pointer.find(json);
                tests.iter().all(|test| test.holds(field))
            }
        }
    }
}

impl Test {
    fn read(keys: &Keys, name: &str) -> Result<Self> {
        use Ordering::{Equal, Greater, Less};
        let scalar = || Scalar::read(&keys.place(name), keys.needed(name)?);
        Ok(match name {
            "eq" => Test::In(Vec::from([scalar()?]), true),
            "ne" => Test::In(Vec::from([scalar()?]), false),
            "lt" => Test::Order(ordered(keys, name)?, [Less, Less]),
            "le" => Test::Order(ordered(keys, name)?, [Less, Equal]),
            "gt" => Test::Order(ordered(keys, name)?, [Greater, Greater]),
            "ge" => Test::Order(ordered(keys, name)?, [Greater, Equal]),
            "in" | "not_in" => {
                let items = keys.items(name)?.unwrap_or_default();
                let scalars: Result<_> =
                    items.iter().map(|(place, item)| Scalar::read(place, *item)).collect();
                Test::In(scalars?, name == "in")
            }
            "exists" => Test::Exists(keys.bool(name)? == Some(true)),
            "prefix" => Test::Prefix(keys.text(name)?.unwrap_or_default()),
            "suffix" => Test::Suffix(keys.text(name)?.unwrap_or_default()),
            _ => Test::Contains(scalar()?),
        })
    }

    fn holds(&self, field: Option<Json>) -> bool {
        let text = || field.and_then(Json::as_str);
        match self {
            Test::Exists(wanted) => field.is_some() == *wanted,
            Test::In(scalars, wanted) => {
                scalars.iter().any(|scalar| field.is_some_and(|field| scalar.is(field))) == *wanted
            }
            Test::Order(scalar, wanted) => {
                field.and_then(|field| scalar.compare(field)).is_some_and(|order| wanted.contains(&order))
            }
            Test::Prefix(prefix) => text().is_some_and(|text| text.starts_with(prefix.as_str())),
            Test::Suffix(suffix) => text().is_some_and(|text| text.ends_with(suffix.as_str())),
            Test::Contains(scalar) => match (field.and_then(Json::items), scalar) {
                (Some(mut items), _) => items.any(|item| scalar.is(item)),
                (None, Scalar::Text(part)) => {
                    text().is_some_and(|text| common::contains(text.as_bytes(), part.as_bytes()))
                }
                (None, _) => false,
            },
        }
    }
}

/// A value that others are before or after.
fn ordered(keys: &Keys, name: &str) -> Result<Scalar> {
    match Scalar::read(&keys.place(name), keys.needed(name)?)? {
        Scalar::Word(word) => {
            let word = core::str::from_utf8(&word).unwrap_or_default();
            Err(keys.wrong(name, &format!("is {word}: only numbers and texts have an order")))
        }
        scalar => Ok(scalar),
    }
}

impl Scalar {
    fn read(place: &str, json: Json) -> Result<Self> {
        Ok(match json.kind() {
            "a string" => Scalar::Text(json.as_str().unwrap_or_default().into_owned()),
            "a number" => Scalar::Number(json.as_bytes().to_vec()),
            "a boolean" | "null" => Scalar::Word(json.as_bytes().to_vec()),
            kind => reject!(
                "config key \"{place}\" is {kind}: compare with a string, a number, a boolean or null"
            ),
        })
    }

    fn is(&self, field: Json) -> bool {
        match self {
            Scalar::Text(text) => field.is_text(text),
            Scalar::Number(_) => self.compare(field) == Some(Ordering::Equal),
            Scalar::Word(word) => field.as_bytes() == word,
        }
    }

    /// How a field compares with this; none when they are of different kinds.
    fn compare(&self, field: Json) -> Option<Ordering> {
        match self {
            Scalar::Text(text) => Some(field.as_str()?.as_ref().cmp(text.as_str())),
            Scalar::Number(number) if field.kind() == "a number" => {
                Some(decimal::compare(field.as_bytes(), number))
            }
            _ => None,
        }
    }
}
