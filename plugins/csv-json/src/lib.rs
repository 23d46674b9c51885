//! Turns CSV payloads into JSON and JSON payloads into CSV.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod read;
mod write;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use read::Reader;
use weir_processor::{reject, Config, Context, Event, Keys, Processor, Result};
use write::Writer;

enum CsvJson {
    ToJson(Reader),
    ToCsv(Writer),
}

impl Processor for CsvJson {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["to", "columns", "header", "separator", "types", "rows"])?;
        keys.needed("to")?;
        let to_csv = keys.choice("to", &["json", "csv"])? == Some(1);
        let columns = keys.texts("columns")?;
        if let Some(columns) = &columns {
            check_columns(&keys, columns)?;
        }
        let separator = read_separator(&keys)?;
        if to_csv {
            if let Some(name) = ["types", "rows"].iter().find(|name| keys.get(name).is_some()) {
                return Err(keys.wrong(name, "goes with \"to: json\" only"));
            }
            let Some(columns) = columns else {
                return Err(keys.wrong("columns", "is missing: it says what to write, and in which order"));
            };
            return Ok(CsvJson::ToCsv(Writer::new(columns, separator, keys.bool("header")? == Some(true))));
        }
        Ok(CsvJson::ToJson(Reader::read(&keys, columns, separator)?))
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        match self {
            CsvJson::ToJson(_) if event.is_null() => reject!("the value is null"),
            CsvJson::ToJson(reader) => reader.convert(event),
            CsvJson::ToCsv(writer) => {
                let csv = writer.convert(event.json()?)?;
                event.set_value(csv);
                Ok(())
            }
        }
    }
}

weir_processor::export!(CsvJson);

fn read_separator(keys: &Keys) -> Result<u8> {
    let text = keys.text("separator")?.unwrap_or(",".into());
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(keys.wrong("separator", "is not one ASCII character other than a quote or a line end")),
    }
}

fn check_columns(keys: &Keys, columns: &[String]) -> Result {
    if columns.is_empty() {
        return Err(keys.wrong("columns", "is empty"));
    }
    match twice(columns) {
        Some(name) => Err(keys.wrong("columns", &format!("has \"{name}\" twice"))),
        None => Ok(()),
    }
}

/// A name that is there twice.
fn twice(names: &[String]) -> Option<&String> {
    let mut rest = names.iter().enumerate();
    rest.find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name)
}

/// A list of names for messages.
fn list(names: &[String]) -> String {
    let mut text = Vec::new();
    for name in names {
        if !text.is_empty() {
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(name.as_bytes());
    }
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
