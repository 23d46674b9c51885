//! From JSON to CSV.

use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::json::Json;
use weir_processor::{reject, Result};

pub struct Writer {
    columns: Vec<String>,
    separator: u8,
    header: bool,
    out: Vec<u8>,
}

impl Writer {
    pub fn new(columns: Vec<String>, separator: u8, header: bool) -> Self {
        Writer { columns, separator, header, out: Vec::new() }
    }

    /// The CSV of an object, or of an array of objects.
    pub fn convert(&mut self, json: Json) -> Result<&[u8]> {
        self.out.clear();
        if self.header {
            for (at, name) in self.columns.iter().enumerate() {
                if at > 0 {
                    self.out.push(self.separator);
                }
                write_text(name, self.separator, &mut self.out);
            }
        }
        match json.items() {
            Some(items) => {
                for (at, item) in items.enumerate() {
                    if item.members().is_none() {
                        reject!("item {at} is {}, not an object", item.kind());
                    }
                    self.write_row(item, at == 0 && !self.header);
                }
            }
            None if json.members().is_some() => self.write_row(json, !self.header),
            None => reject!("the value is {}, not an object or an array of objects", json.kind()),
        }
        Ok(&self.out)
    }

    fn write_row(&mut self, object: Json, first: bool) {
        let out = &mut self.out;
        if !first {
            out.extend_from_slice(b"\r\n");
        }
        for (at, name) in self.columns.iter().enumerate() {
            if at > 0 {
                out.push(self.separator);
            }
            let Some(value) = object.get(name).filter(|value| !value.is_null()) else { continue };
            match value.as_str() {
                // In quotes, an empty text is not a missing one.
                Some(text) if text.is_empty() => out.extend_from_slice(b"\"\""),
                Some(text) => write_text(&text, self.separator, out),
                None => write_text(
                    core::str::from_utf8(value.as_bytes()).unwrap_or_default(),
                    self.separator,
                    out,
                ),
            }
        }
    }
}

/// Writes a field, in quotes where it needs them.
fn write_text(text: &str, separator: u8, out: &mut Vec<u8>) {
    let special = |byte: &u8| *byte == separator || matches!(byte, b'"' | b'\n' | b'\r');
    if !text.as_bytes().iter().any(special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.as_bytes() {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
