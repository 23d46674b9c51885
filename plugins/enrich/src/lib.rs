//! Adds fields to the JSON payload from a table in the config.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use common::edit::{Edit, Places};
use common::field::Piece;
use common::pointer::Pointer;
use weir_processor::json::Json;
use weir_processor::{reject, Config, Context, Event, Keys, Processor, Result};

/// What becomes of an event that the table has no row for.
#[derive(Clone, Copy)]
enum Miss {
    Pass,
    Reject,
    Drop,
}

/// The values of a row, by the number of the field.
type Row = Vec<Option<Vec<u8>>>;

struct Enrich {
    by: Pointer,
    /// The rows in the order of their keys.
    table: Vec<(Vec<u8>, Row)>,
    default: Option<Row>,
    on_miss: Miss,
    overwrite: bool,
    places: Places,
    key: Vec<u8>,
    out: Vec<u8>,
}

impl Processor for Enrich {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["by", "table", "into", "default", "on_miss", "overwrite"])?;
        let into = Pointer::read(&keys, "into")?.unwrap_or(Pointer::parse("")?);
        let mut fields = Fields { into, names: Vec::new(), places: Places::default() };
        let mut table = Vec::new();
        keys.needed("table")?;
        for (key, row) in keys.map("table")?.unwrap_or_default() {
            let (key, row) = (key.into_bytes(), fields.row(&keys, "table", row)?);
            match position(&table, &key) {
                Ok(at) => table[at].1 = row,
                Err(at) => table.insert(at, (key, row)),
            }
        }
        let default = match keys.get("default") {
            Some(row) => Some(fields.row(&keys, "default", row)?),
            None => None,
        };
        let on_miss = keys.choice("on_miss", &["pass", "reject", "drop"])?;
        if default.is_some() && on_miss.is_some() {
            return Err(
                keys.wrong("on_miss", "contradicts \"default\", which is for the same events: keep one")
            );
        }
        Ok(Enrich {
            by: Pointer::needed(&keys, "by")?,
            table,
            default,
            on_miss: [Miss::Pass, Miss::Reject, Miss::Drop][on_miss.unwrap_or(0)],
            overwrite: keys.bool("overwrite")?.unwrap_or(true),
            places: fields.places,
            key: Vec::new(),
            out: Vec::new(),
        })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let json = event.json()?;
        self.key.clear();
        let Some(row) = find(&self.by, &self.table, json, &mut self.key)?.or(self.default.as_ref()) else {
            return self.miss(event);
        };
        let overwrite = self.overwrite;
        let changed =
            self.places.apply(json, &mut self.out, &mut |number, old, out| match row.get(number) {
                Some(Some(value)) if overwrite || old.is_none() => {
                    out.extend_from_slice(value);
                    Ok(Edit::Set)
                }
                _ => Ok(Edit::Keep),
            })?;
        if changed {
            event.set_value(&self.out);
        }
        Ok(())
    }
}

weir_processor::export!(Enrich);

impl Enrich {
    fn miss(&self, event: &mut Event) -> Result {
        match self.on_miss {
            Miss::Pass => {}
            Miss::Drop => event.drop(),
            Miss::Reject if self.key.is_empty() => reject!("{} is missing, null or empty", self.by.title()),
            Miss::Reject => {
                let key = core::str::from_utf8(&self.key).unwrap_or_default();
                reject!("{} is \"{key:.80}\", which the table has no row for", self.by.title())
            }
        }
        Ok(())
    }
}

/// Finds the row of a document, and leaves the key that it was sought by.
fn find<'t>(
    by: &Pointer,
    table: &'t [(Vec<u8>, Row)],
    json: Json,
    key: &mut Vec<u8>,
) -> Result<Option<&'t Row>> {
    let Some(field) = by.find(json).filter(|field| !field.is_null()) else { return Ok(None) };
    if field.members().is_some() || field.items().is_some() {
        reject!("{} is {}, not a string, number or boolean", by.title(), field.kind());
    }
    Piece::Json(field).write_text(key);
    Ok(position(table, key).ok().map(|at| &table[at].1))
}

/// Where the row of a key is, or would be.
fn position(table: &[(Vec<u8>, Row)], key: &[u8]) -> core::result::Result<usize, usize> {
    table.binary_search_by(|(other, _)| other.as_slice().cmp(key))
}

/// The fields of all rows, each with a number and its place in the payload.
struct Fields {
    into: Pointer,
    names: Vec<String>,
    places: Places,
}

impl Fields {
    fn row(&mut self, keys: &Keys, name: &str, json: Json) -> Result<Row> {
        let mut row = Row::new();
        let Some(members) = json.members() else {
            return Err(keys
                .wrong(name, &format!("holds {}, which is {}, not the fields of a row", json, json.kind())));
        };
        for member in members {
            let (field, value) = member?;
            let number = self.number(&field.as_str().unwrap_or_default())?;
            row.resize(row.len().max(number + 1), None);
            row[number] = Some(value.as_bytes().to_vec());
        }
        Ok(row)
    }

    fn number(&mut self, field: &str) -> Result<usize> {
        if let Some(at) = self.names.iter().position(|name| name == field) {
            return Ok(at);
        }
        self.places.add(&self.into.child(field), self.names.len())?;
        self.names.push(field.into());
        Ok(self.names.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    const TABLE: &str =
        r#""table": {"CZ": {"name": "Czechia", "eu": true}, "7": {"name": "seven"}, "true": {"n": [1, 2]}}"#;

    fn run(more: &str, value: &str) -> Result<String, String> {
        let config = format!(r#"{{"by": "/c", {TABLE}{more}}}"#);
        let mut host = Host::<Enrich>::open(&config)?;
        let mut ran = host.run(&[Input::new(value)]);
        match ran.rejects.pop() {
            Some((_, why)) => Err(why),
            None => Ok(ran.events.pop().map_or("dropped".into(), |event| {
                String::from_utf8(event.value.unwrap_or_default()).expect("UTF-8")
            })),
        }
    }

    #[test]
    fn enriches() {
        let cases = [
            ("", r#"{"c": "CZ"}"#, r#"{"c":"CZ","name":"Czechia","eu":true}"#),
            ("", r#"{"name": "x", "c": "CZ"}"#, r#"{"name":"Czechia","c":"CZ","eu":true}"#),
            (r#", "overwrite": false"#, r#"{"name": "x", "c": "CZ"}"#, r#"{"name":"x","c":"CZ","eu":true}"#),
            (r#", "into": "/geo""#, r#"{"c": "CZ"}"#, r#"{"c":"CZ","geo":{"name":"Czechia","eu":true}}"#),
            ("", r#"{"c": 7}"#, r#"{"c":7,"name":"seven"}"#),
            ("", r#"{"c": true}"#, r#"{"c":true,"n":[1, 2]}"#),
            ("", r#"{"c": "\u0043Z"}"#, r#"{"c":"\u0043Z","name":"Czechia","eu":true}"#),
            ("", r#"{"c": "DE"}"#, r#"{"c": "DE"}"#),
            ("", r#"{}"#, r#"{}"#),
            (r#", "on_miss": "drop""#, r#"{}"#, "dropped"),
            (r#", "default": {"eu": null}"#, r#"{"c": "DE"}"#, r#"{"c":"DE","eu":null}"#),
        ];
        for (more, value, want) in cases {
            assert_eq!(run(more, value).as_deref(), Ok(want), "{more} on {value}");
        }
    }

    #[test]
    fn rejects() {
        let cases = [
            (
                r#", "on_miss": "reject""#,
                r#"{"c": "DE"}"#,
                r#"field /c is "DE", which the table has no row for"#,
            ),
            (r#", "on_miss": "reject""#, r#"{"c": null}"#, "field /c is missing, null or empty"),
            ("", r#"{"c": [1]}"#, "field /c is an array, not a string, number or boolean"),
            (r#", "into": "/c""#, r#"{"c": "CZ"}"#, "field /c/name cannot be set: what holds it is a string"),
            ("", "{", "malformed JSON at byte 1: the text ends too early"),
            (
                r#", "on_miss": "drop", "default": {}"#,
                "",
                r#"config key "on_miss" contradicts "default", which is for the same events: keep one"#,
            ),
            (r#", "into": "geo""#, "", r#"config key "into" is geo, which is no JSON pointer: write /geo"#),
            (
                r#", "default": 5"#,
                "",
                r#"config key "default" holds 5, which is a number, not the fields of a row"#,
            ),
        ];
        for (more, value, why) in cases {
            assert_eq!(run(more, value).err().as_deref(), Some(why), "{more} on {value}");
        }
        let open = |config| Host::<Enrich>::open(config).err();
        assert_eq!(open(r#"{"by": "/c"}"#).as_deref(), Some(r#"config key "table" is missing"#));
        assert_eq!(
            open(r#"{"by": "/c", "table": {"a": 1}}"#).as_deref(),
            Some(r#"config key "table" holds 1, which is a number, not the fields of a row"#)
        );
    }
}
