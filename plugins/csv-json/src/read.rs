//! From CSV to JSON.

use crate::{list, twice};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use common::decimal::is_number;
use weir_processor::json::quote;
use weir_processor::{reject, Event, Keys, Result};

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Boolean,
}

pub struct Reader {
    separator: u8,
    columns: Option<Vec<String>>,
    header: bool,
    types: Vec<(String, Type)>,
    /// One event of all rows, an array, and not one of each.
    array: bool,
    row: Row,
    out: Vec<u8>,
}

/// The fields of a row, one behind the other.
#[derive(Default)]
struct Row {
    text: Vec<u8>,
    /// Where each field ends, and whether it stood in quotes.
    ends: Vec<(usize, bool)>,
}

impl Reader {
    #[cold]
    pub fn read(keys: &Keys, columns: Option<Vec<String>>, separator: u8) -> Result<Self> {
        let mut types = Vec::new();
        for (name, kind) in keys.map("types")?.unwrap_or_default() {
            if columns.as_ref().is_some_and(|columns| !columns.contains(&name)) {
                let columns = list(columns.as_deref().unwrap_or_default());
                return Err(keys
                    .wrong("types", &format!("names \"{name}\", which is no column: there are {columns}")));
            }
            let kind = match kind.as_str().as_deref() {
                Some("string") => Type::Text,
                Some("number") => Type::Number,
                Some("boolean") => Type::Boolean,
                _ => reject!("config key \"types.{name}\" is {kind}, not one of string, number, boolean"),
            };
            types.push((name, kind));
        }
        let header = keys.bool("header")?.unwrap_or(columns.is_none());
        if !header && columns.is_none() {
            return Err(keys.wrong("header", "is false, so \"columns\" has to name the columns"));
        }
        let array = keys.choice("rows", &["events", "array"])? == Some(1);
        Ok(Reader { separator, columns, header, types, array, row: Row::default(), out: Vec::new() })
    }

    pub fn convert(&mut self, event: &mut Event) -> Result {
        let text = event.as_str()?;
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes();
        let mut number = 0;
        let mut names = self.columns.clone();
        self.out.clear();
        while self.row.next(&mut rest, self.separator, number + 1)? {
            number += 1;
            if number == 1 && self.header {
                let header = self.row.texts();
                if let Some(name) = twice(&header) {
                    reject!("the header has \"{name:.80}\" twice");
                }
                names.get_or_insert(header);
                continue;
            }
            let names = names.as_deref().unwrap_or_default();
            if !self.array {
                self.out.clear();
            } else {
                self.out.push(if self.out.is_empty() { b'[' } else { b',' });
            }
            self.write_object(names, number)?;
            if !self.array {
                event.set_value(&self.out);
                event.emit();
            }
        }
        if !self.array {
            event.drop();
            return Ok(());
        }
        if self.out.is_empty() {
            self.out.push(b'[');
        }
        self.out.push(b']');
        event.set_value(&self.out);
        Ok(())
    }

    fn write_object(&mut self, names: &[String], number: usize) -> Result {
        let (row, out) = (&self.row, &mut self.out);
        if row.ends.len() != names.len() {
            let count = row.ends.len();
            reject!(
                "row {number} has {count} field{}, not {}",
                if count == 1 { "" } else { "s" },
                names.len()
            );
        }
        let mut start = 0;
        for (at, (name, (end, quoted))) in names.iter().zip(&row.ends).enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            quote(out, name);
            out.push(b':');
            let field = core::str::from_utf8(&row.text[start..*end]).unwrap_or_default();
            start = *end;
            let kind =
                self.types.iter().find(|(other, _)| other == name).map_or(Type::Text, |(_, kind)| *kind);
            match kind {
                Type::Text => quote(out, field),
                _ if field.is_empty() && !quoted => out.extend_from_slice(b"null"),
                Type::Number if is_number(field.as_bytes()) => out.extend_from_slice(field.as_bytes()),
                Type::Number => reject!("row {number}: column {name} is \"{field:.80}\", not a number"),
                Type::Boolean if matches!(field, "true" | "false") => out.extend_from_slice(field.as_bytes()),
                Type::Boolean => reject!("row {number}: column {name} is \"{field:.80}\", not true or false"),
            }
        }
        out.push(b'}');
        Ok(())
    }
}

impl Row {
    /// Reads the next row that is not empty; false at the end.
    fn next(&mut self, rest: &mut &[u8], separator: u8, number: usize) -> Result<bool> {
        self.text.clear();
        self.ends.clear();
        while let [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] = *rest {
            *rest = after;
        }
        if rest.is_empty() {
            return Ok(false);
        }
        loop {
            let quoted = rest.first() == Some(&b'"');
            if quoted {
                *rest = self.quoted(&rest[1..], number)?;
            } else {
                let ends = |byte: &u8| *byte == separator || matches!(byte, b'\n' | b'\r' | b'"');
                let end = rest.iter().position(ends).unwrap_or(rest.len());
                self.text.extend_from_slice(&rest[..end]);
                *rest = &rest[end..];
            }
            self.ends.push((self.text.len(), quoted));
            match *rest {
                [] => return Ok(true),
                [b'\n', ref after @ ..] | [b'\r', b'\n', ref after @ ..] => {
                    *rest = after;
                    return Ok(true);
                }
                [byte, ref after @ ..] if *byte == separator => *rest = after,
                [b'\r', ..] => {
                    reject!("row {number}, field {}: a carriage return outside of quotes", self.ends.len())
                }
                [b'"', ..] => {
                    reject!(
                        "row {number}, field {}: a quote in a field that does not begin with one",
                        self.ends.len()
                    )
                }
                _ => reject!("row {number}, field {}: text behind the closing quote", self.ends.len()),
            }
        }
    }

    /// Reads up to the closing quote.
    fn quoted<'t>(&mut self, mut rest: &'t [u8], number: usize) -> Result<&'t [u8]> {
        loop {
            let Some(end) = rest.iter().position(|byte| *byte == b'"') else {
                reject!("row {number}, field {}: the quote is not closed", self.ends.len() + 1);
            };
            self.text.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            if rest.first() != Some(&b'"') {
                return Ok(rest);
            }
            self.text.push(b'"');
            rest = &rest[1..];
        }
    }

    fn texts(&self) -> Vec<String> {
        let mut start = 0;
        let field = |(end, _): &(usize, bool)| {
            let field = self.text[start..*end].to_vec();
            start = *end;
            String::from_utf8(field).unwrap_or_default()
        };
        self.ends.iter().map(field).collect()
    }
}
