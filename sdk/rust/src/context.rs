use crate::batch::Current;
use crate::entry::{
    ContextPair, Span, KIND_BOOL, KIND_BYTES, KIND_FLOAT, KIND_INT, KIND_JSON, KIND_NULL, KIND_TEXT, ROUTED,
    STAMPED,
};
use crate::json::Json;
use crate::memory::{address, slice};

/// A typed value of the context.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Nothing, on purpose.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A JSON document, not checked.
    Json(&'a [u8]),
}

/// The map beside the payload: the pairs that travel along the chain of
/// processors, and the `kafka_*` names, as one.
///
/// A read of `kafka_topic`, `kafka_partition`, `kafka_key`, `kafka_timestamp`
/// or `kafka_offset` finds what a processor wrote, else the source's fact; a
/// write tells the sink. `_kafka_topic`, `_kafka_partition` and
/// `_kafka_offset` are always the source's facts. Headers are with the
/// [`Event`](crate::Event).
///
/// Setters do not return errors: a write that is not possible, such as a
/// number as `kafka_topic`, rejects the event when the processor returns.
pub struct Context<'a> {
    current: &'a Current<'a>,
}

/// The names that every event has beside its own pairs.
const NAMES: [&str; 8] = [
    "kafka_topic",
    "kafka_partition",
    "kafka_offset",
    "kafka_key",
    "kafka_timestamp",
    "_kafka_topic",
    "_kafka_partition",
    "_kafka_offset",
];

impl<'a> Context<'a> {
    pub(crate) fn new(current: &'a Current<'a>) -> Self {
        Context { current }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        if reserved(name) {
            return self.fact(name);
        }
        self.find(name).map(|(_, pair)| self.value(&pair))
    }

    /// The text of a name: of a text value, or of bytes that are UTF-8.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            Value::Bytes(bytes) => core::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The bytes of a name: of a text, bytes or JSON value.
    pub fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        match self.get(name)? {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) | Value::Json(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The whole number of a name.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Int(n) => Some(n),
            _ => None,
        }
    }

    /// The number of a name, whole or not.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Float(x) => Some(x),
            Value::Int(n) => Some(n as f64),
            _ => None,
        }
    }

    /// The truth value of a name.
    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// Sets a name: a pair that travels on, or one of the `kafka_*` names that
    /// tell the sink where and how to write.
    pub fn set<'v>(&mut self, name: &str, value: impl Into<Value<'v>>) {
        let value = value.into();
        if reserved(name) {
            return self.tell_sink(name, value);
        }
        if name.is_empty() {
            return self.current.fail("name", "cannot be empty");
        }
        let (kind, payload) = self.encode(value);
        let (count, known) = (self.pairs().len(), self.find(name));
        let name = match known {
            Some((_, pair)) => pair.name,
            None => self.current.keep(name.as_bytes()),
        };
        let at = known.map_or(count, |(at, _)| at);
        let pair = ContextPair { name, kind, reserved: 0, payload, reserved_payload: 0 };
        // SAFETY: own_pairs has room for one more than there are.
        unsafe { self.own_pairs().add(at).write(pair) }
        self.set_pairs_len(count.max(at + 1));
    }

    /// Removes a name. Of the `kafka_*` names, those that a processor can set
    /// fall back to what the sink would do without.
    pub fn remove(&mut self, name: &str) {
        if reserved(name) {
            return self.tell_sink(name, Value::Null);
        }
        let Some((at, _)) = self.find(name) else { return };
        let (count, pairs) = (self.pairs().len(), self.own_pairs());
        // SAFETY: the array holds count pairs, and at is one of them.
        unsafe { core::ptr::copy(pairs.add(at + 1), pairs.add(at), count - at - 1) }
        self.set_pairs_len(count - 1);
    }

    /// All names with their values: the `kafka_*` ones, then the pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + '_ {
        let facts = NAMES.iter().filter_map(|name| Some((*name, self.fact(name)?)));
        facts.chain(self.pairs().iter().map(|pair| (self.current.text(pair.name), self.value(pair))))
    }

    fn fact(&self, name: &str) -> Option<Value<'a>> {
        let entry = self.current.entry;
        Some(match name {
            "kafka_topic" if entry.has(ROUTED) => Value::Text(self.current.text(entry.topic.get())),
            "kafka_topic" | "_kafka_topic" => Value::Text(self.current.text(entry.source_topic.get())),
            "kafka_partition" if entry.partition.get() >= 0 => Value::Int(entry.partition.get().into()),
            "kafka_partition" | "_kafka_partition" => Value::Int(entry.source_partition.get().into()),
            "kafka_offset" | "_kafka_offset" => Value::Int(entry.offset.get()),
            "kafka_timestamp" => Value::Int(entry.timestamp.get()),
            "kafka_key" if entry.has(crate::entry::KEY_NULL) => Value::Null,
            "kafka_key" => Value::Bytes(self.current.bytes(entry.key.get())),
            _ => return None,
        })
    }

    fn tell_sink(&mut self, name: &str, value: Value<'_>) {
        let (current, entry) = (self.current, self.current.entry);
        match (name, value) {
            ("kafka_topic", Value::Text(topic)) => current.route(topic),
            ("kafka_topic", Value::Null) => {
                entry.topic.set(Span::default());
                entry.clear(ROUTED);
            }
            ("kafka_topic", _) => current.fail(name, "must be text"),
            ("kafka_key", Value::Bytes(key)) => current.set_key(Some(key)),
            ("kafka_key", Value::Text(key)) => current.set_key(Some(key.as_bytes())),
            ("kafka_key", Value::Null) => current.set_key(None),
            ("kafka_key", _) => current.fail(name, "must be bytes or text"),
            ("kafka_partition", Value::Int(partition)) => current.set_partition(Some(partition)),
            ("kafka_partition", Value::Null) => current.set_partition(None),
            ("kafka_partition", _) => current.fail(name, "must be a whole number"),
            ("kafka_timestamp", Value::Int(ms)) => current.stamp(ms),
            ("kafka_timestamp", Value::Null) => entry.clear(STAMPED),
            ("kafka_timestamp", _) => current.fail(name, "must be a whole number of milliseconds"),
            ("kafka_headers", _) => current.fail(name, "is set through the event's headers"),
            _ => current.fail(name, "cannot be set: names of the kafka_ family are reserved"),
        }
    }

    fn pairs(&self) -> &'a [ContextPair] {
        // SAFETY: the host or own_pairs put them there. Only set and remove
        // write to an own array, and no such slice lives while they do.
        unsafe { slice(self.current.entry.context.get()) }
    }

    /// The array of pairs with room for one more, for this event alone.
    fn own_pairs(&mut self) -> *mut ContextPair {
        let (current, old) = (self.current, self.pairs());
        if current.pairs_room.get() <= old.len() {
            let room = (old.len() + 1).next_power_of_two().max(4);
            let array = current.batch.arena.room::<ContextPair>(room);
            // SAFETY: the array is fresh and larger than the old one.
            unsafe { core::ptr::copy_nonoverlapping(old.as_ptr(), array, old.len()) }
            current.pairs_room.set(room);
            current.entry.context.set(Span { ptr: address(array), len: old.len() as u32 });
        }
        crate::memory::pointer(current.entry.context.get().ptr)
    }

    fn set_pairs_len(&mut self, len: usize) {
        let span = self.current.entry.context.get();
        self.current.entry.context.set(Span { len: len as u32, ..span });
    }

    fn find(&self, name: &str) -> Option<(usize, ContextPair)> {
        let named = |pair: &ContextPair| self.current.bytes(pair.name) == name.as_bytes();
        let at = self.pairs().iter().position(named)?;
        Some((at, self.pairs()[at]))
    }

    fn value(&self, pair: &ContextPair) -> Value<'a> {
        let bytes = Span { ptr: pair.payload as u32, len: (pair.payload >> 32) as u32 };
        match pair.kind {
            KIND_BOOL => Value::Bool(pair.payload != 0),
            KIND_INT => Value::Int(pair.payload as i64),
            KIND_FLOAT => Value::Float(f64::from_bits(pair.payload)),
            KIND_TEXT => match core::str::from_utf8(self.current.bytes(bytes)) {
                Ok(text) => Value::Text(text),
                Err(_) => Value::Bytes(self.current.bytes(bytes)),
            },
            KIND_BYTES => Value::Bytes(self.current.bytes(bytes)),
            KIND_JSON => Value::Json(self.current.bytes(bytes)),
            _ => Value::Null,
        }
    }

    fn encode(&self, value: Value<'_>) -> (u32, u64) {
        let keep = |bytes| {
            let span = self.current.keep(bytes);
            u64::from(span.len) << 32 | u64::from(span.ptr)
        };
        match value {
            Value::Null => (KIND_NULL, 0),
            Value::Bool(b) => (KIND_BOOL, b.into()),
            Value::Int(n) => (KIND_INT, n as u64),
            Value::Float(x) => (KIND_FLOAT, x.to_bits()),
            Value::Text(text) => (KIND_TEXT, keep(text.as_bytes())),
            Value::Bytes(bytes) => (KIND_BYTES, keep(bytes)),
            Value::Json(json) => (KIND_JSON, keep(json)),
        }
    }
}

fn reserved(name: &str) -> bool {
    name.starts_with("kafka_") || name.starts_with("_kafka_")
}

macro_rules! value_from {
    ($($kind:ident($as:ty) from $($from:ty),+;)+) => {$($(
        impl<'a> From<$from> for Value<'a> {
            fn from(value: $from) -> Self {
                Value::$kind(<$as>::from(value))
            }
        }
    )+)+};
}

value_from! {
    Bool(bool) from bool;
    Int(i64) from i8, i16, i32, i64, u8, u16, u32;
    Float(f64) from f32, f64;
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a alloc::string::String> for Value<'a> {
    fn from(text: &'a alloc::string::String) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a> From<Json<'a>> for Value<'a> {
    fn from(json: Json<'a>) -> Self {
        Value::Json(json.as_bytes())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
