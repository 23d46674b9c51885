//! Pieces of an event by name: its key, a header, a field of the payload.

use crate::pointer::Pointer;
use crate::time;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Context, Event, Result, Value};

/// A piece of an event.
pub enum Field {
    /// A field of the JSON payload.
    Pointer(Pointer),
    /// The whole payload.
    Value,
    /// The key.
    Key,
    /// The topic that a processor chose, else the source's.
    Topic,
    /// The partition, likewise.
    Partition,
    /// The offset in the source's partition.
    Offset,
    /// The timestamp in milliseconds.
    Timestamp,
    /// The timestamp as RFC 3339 writes it.
    Time,
    /// The last header of a name.
    Header(String),
    /// A name of the context.
    Context(String),
}

/// What a piece holds.
pub enum Piece<'a> {
    /// JSON, not null.
    Json(Json<'a>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
}

impl Field {
    /// Reads a name; an error says which there are.
    #[cold]
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "value" => Field::Value,
            "key" => Field::Key,
            "topic" => Field::Topic,
            "partition" => Field::Partition,
            "offset" => Field::Offset,
            "timestamp" => Field::Timestamp,
            "time" => Field::Time,
            _ => match (text.strip_prefix("header:"), text.strip_prefix("context:")) {
                (Some(name), _) if !name.is_empty() => Field::Header(name.to_owned()),
                (_, Some(name)) if !name.is_empty() => Field::Context(name.to_owned()),
                _ if text.starts_with('/') => Field::Pointer(Pointer::parse(text)?),
                _ => reject!(
                    "is {text:.80}: write a JSON pointer such as /id, or value, key, topic, partition, offset, timestamp, \
                     time, header:NAME, context:NAME"
                ),
            },
        })
    }

    /// Tells whether the piece is read from the JSON payload.
    pub fn is_json(&self) -> bool {
        matches!(self, Field::Pointer(_))
    }

    /// How messages call the piece.
    pub fn title(&self) -> String {
        match self {
            Field::Pointer(pointer) => pointer.title(),
            Field::Header(name) => format!("header {name}"),
            Field::Context(name) => format!("context {name}"),
            Field::Value => "the value".into(),
            Field::Key => "the key".into(),
            _ => "the record".into(),
        }
    }

    /// The piece of an event, whose payload is `json` where that is read; none
    /// when it is missing or null.
    pub fn get<'a>(&self, ctx: &Context<'a>, event: &Event<'a>, json: Json<'a>) -> Result<Option<Piece<'a>>> {
        let name = match self {
            Field::Topic => "kafka_topic",
            Field::Partition => "kafka_partition",
            Field::Offset => "kafka_offset",
            Field::Context(name) => name,
            _ => return Ok(self.get_own(event, json)),
        };
        match ctx.get(name) {
            Some(Value::Float(_)) => reject!("context {name} is a float, which has no text here"),
            value => Ok(value.and_then(piece)),
        }
    }

    fn get_own<'a>(&self, event: &Event<'a>, json: Json<'a>) -> Option<Piece<'a>> {
        match self {
            Field::Pointer(pointer) => pointer.find(json).filter(|json| !json.is_null()).map(Piece::Json),
            Field::Value => (!event.is_null()).then(|| Piece::Bytes(event.value())),
            Field::Key => event.key().map(Piece::Bytes),
            Field::Timestamp => Some(Piece::Int(event.timestamp())),
            Field::Time => Some(Piece::Text(time::rfc3339(event.timestamp()))),
            Field::Header(name) => event.header(name).map(Piece::Bytes),
            _ => None,
        }
    }
}

fn piece(value: Value) -> Option<Piece> {
    match value {
        Value::Bool(b) => Some(Piece::Bool(b)),
        Value::Int(n) => Some(Piece::Int(n)),
        Value::Text(text) => Some(Piece::Bytes(text.as_bytes())),
        Value::Bytes(bytes) => Some(Piece::Bytes(bytes)),
        Value::Json(json) => Json::parse(json).ok().filter(|json| !json.is_null()).map(Piece::Json),
        _ => None,
    }
}

impl Piece<'_> {
    /// Appends the piece as text: a string without its quotes, other JSON as it
    /// is written.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Piece::Json(json) => match json.as_str() {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => out.extend_from_slice(json.as_bytes()),
            },
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Int(n) => out.extend_from_slice(format!("{n}").as_bytes()),
            Piece::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        }
    }

    /// Appends the piece as JSON; bytes that are no text are an error.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result {
        match self {
            Piece::Json(json) => out.extend_from_slice(json.as_bytes()),
            Piece::Bytes(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => quote(out, text),
                Err(_) => reject!("is not UTF-8, which JSON cannot hold"),
            },
            Piece::Text(text) => quote(out, text),
            piece => piece.write_text(out),
        }
        Ok(())
    }
}
