//! Texts with pieces of the event in them: `order {/id} of {header:tenant|nobody}`.

use crate::field::{Field, Piece};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Context, Error, Event, Result};

/// What stands for a piece that is missing and has no default.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The event is rejected.
    Reject,
    /// Nothing in a text, null in JSON.
    Empty,
    /// Nothing in a text; a member of a JSON object is left out.
    Omit,
}

/// An event as templates see it.
pub struct Source<'a, 'e> {
    pub ctx: &'e Context<'a>,
    pub event: &'e Event<'a>,
    /// The payload, if one of the templates reads it.
    pub json: Json<'a>,
    pub missing: Missing,
}

enum Part {
    Text(String),
    Piece(Field, Option<String>),
}

/// A text with pieces in it.
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Reads a template: `{PIECE}` or `{PIECE|DEFAULT}`; `{{` and `}}` stand for
    /// the braces themselves.
    #[cold]
    pub fn parse(text: &str) -> Result<Self> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), Vec::new(), text.as_bytes());
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if !matches!(byte, b'{' | b'}') {
                plain.push(byte);
            } else if rest.first() == Some(&byte) {
                plain.push(byte);
                rest = &rest[1..];
            } else if byte == b'}' {
                reject!("has a }} without a {{ before it: write }}}} for the brace itself");
            } else {
                let Some(end) = rest.iter().position(|&byte| byte == b'}') else {
                    reject!("has a {{ without a }} behind it: write {{{{ for the brace itself");
                };
                let mut inside = rest[..end].splitn(2, |&byte| byte == b'|').map(text_of);
                rest = &rest[end + 1..];
                let field = Field::parse(&inside.next().unwrap_or_default());
                let field = field.map_err(|err| Error::new(format!("has a piece that {err}")))?;
                if !plain.is_empty() {
                    parts.push(Part::Text(text_of(&plain)));
                    plain.clear();
                }
                parts.push(Part::Piece(field, inside.next()));
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(text_of(&plain)));
        }
        Ok(Template { parts })
    }

    /// Tells whether a piece is read from the JSON payload.
    pub fn reads_json(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Piece(field, _) if field.is_json()))
    }

    /// Appends the text.
    pub fn write(&self, from: &Source, out: &mut Vec<u8>) -> Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Piece(field, default) => match (find(from, field)?, default) {
                    (Some(piece), _) => piece.write_text(out),
                    (None, Some(default)) => out.extend_from_slice(default.as_bytes()),
                    (None, None) => missing(from, field)?,
                },
            }
        }
        Ok(())
    }
}

/// Parts of a text that end at ASCII are text.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_default()
}

fn find<'a>(from: &Source<'a, '_>, field: &Field) -> Result<Option<Piece<'a>>> {
    field.get(from.ctx, from.event, from.json)
}

fn missing(from: &Source, field: &Field) -> Result {
    match from.missing {
        Missing::Reject => Err(Error::new(format!("{} is missing", field.title()))),
        _ => Ok(()),
    }
}

/// JSON with templates in the place of its strings.
pub enum Shape {
    Fixed(Vec<u8>),
    Text(Template),
    Object(Vec<(Vec<u8>, Shape)>),
    Array(Vec<Shape>),
}

impl Shape {
    /// Reads JSON from the config; an error says where in it.
    #[cold]
    pub fn parse(place: &str, json: Json) -> Result<Self> {
        let wrong = |err: Error| Error::new(format!("config key \"{place}\" {err}"));
        if let Some(members) = json.members() {
            let mut object = Vec::new();
            for member in members {
                let (name, value) = member?;
                let inner = format!("{place}.{}", name.as_str().unwrap_or_default());
                object.push((name.as_bytes().to_vec(), Shape::parse(&inner, value)?));
            }
            return Ok(Shape::Object(object));
        }
        if let Some(items) = json.items() {
            let items = items.enumerate().map(|(at, item)| Shape::parse(&format!("{place}[{at}]"), item));
            return Ok(Shape::Array(items.collect::<Result<_>>()?));
        }
        match json.as_str() {
            Some(text) => Ok(Shape::Text(Template::parse(&text).map_err(wrong)?)),
            None => Ok(Shape::Fixed(json.as_bytes().to_vec())),
        }
    }

    /// Tells whether a piece is read from the JSON payload.
    pub fn reads_json(&self) -> bool {
        match self {
            Shape::Fixed(_) => false,
            Shape::Text(template) => template.reads_json(),
            Shape::Object(members) => members.iter().any(|(_, shape)| shape.reads_json()),
            Shape::Array(items) => items.iter().any(Shape::reads_json),
        }
    }

    /// Appends the JSON; false when it is a single piece that is missing, and
    /// null was written.
    pub fn write(&self, from: &Source, out: &mut Vec<u8>) -> Result<bool> {
        match self {
            Shape::Fixed(json) => out.extend_from_slice(json),
            Shape::Text(template) => return write_string(template, from, out),
            Shape::Object(members) => {
                out.push(b'{');
                let start = out.len();
                for (name, shape) in members {
                    let before = out.len();
                    if before > start {
                        out.push(b',');
                    }
                    out.extend_from_slice(name);
                    out.push(b':');
                    if !shape.write(from, out)? && from.missing == Missing::Omit {
                        out.truncate(before);
                    }
                }
                out.push(b'}');
            }
            Shape::Array(items) => {
                out.push(b'[');
                for (at, shape) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    shape.write(from, out)?;
                }
                out.push(b']');
            }
        }
        Ok(true)
    }
}

/// Writes a string of a shape: a single piece keeps its kind, all else is text.
fn write_string(template: &Template, from: &Source, out: &mut Vec<u8>) -> Result<bool> {
    if let [Part::Piece(field, default)] = &template.parts[..] {
        match (find(from, field)?, default) {
            (Some(piece), _) => {
                piece.write_json(out).map_err(|err| Error::new(format!("{} {err}", field.title())))?
            }
            (None, Some(default)) => quote(out, default),
            (None, None) => {
                missing(from, field)?;
                out.extend_from_slice(b"null");
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let mut text = Vec::new();
    template.write(from, &mut text)?;
    match core::str::from_utf8(&text) {
        Ok(text) => quote(out, text),
        Err(_) => reject!("a text of the template is not UTF-8, which JSON cannot hold"),
    }
    Ok(true)
}
