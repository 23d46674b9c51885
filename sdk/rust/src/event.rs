use crate::batch::Current;
use crate::entry::{HeaderPair, Span, ANY_PARTITION, KEY_NULL, ROUTED, VALUE_NULL};
use crate::json::{self, Json};
use crate::memory::{address, slice};
use crate::{reject, Error, Result};
use alloc::borrow::Cow;

/// One event: a value with its key, headers and timestamp.
///
/// An event passes on as it is when the processor returns `Ok`, unless it was
/// [dropped](Event::drop). Bytes that are read live as long as the call;
/// bytes that are set are copied into the batch's arena, except for slices of
/// what the host sent, which are referred to.
pub struct Event<'a> {
    current: &'a Current<'a>,
}

/// One header. `None` is a null value, distinct from an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name; names may repeat. One that is not UTF-8 reads as U+FFFD.
    pub name: &'a str,
    /// The value.
    pub value: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(current: &'a Current<'a>) -> Self {
        Event { current }
    }

    /// The payload; empty when it is null.
    pub fn value(&self) -> &'a [u8] {
        self.current.bytes(self.current.entry.value.get())
    }

    /// Tells whether the payload is null (a tombstone), which is not the same
    /// as empty.
    pub fn is_null(&self) -> bool {
        self.current.entry.has(VALUE_NULL)
    }

    /// The payload as text; an error when it is not UTF-8.
    pub fn as_str(&self) -> Result<&'a str> {
        match core::str::from_utf8(self.value()) {
            Ok(text) => Ok(text),
            Err(err) => reject!("the value is not UTF-8 text: {err}"),
        }
    }

    /// The payload as JSON, checked as a whole.
    pub fn json(&self) -> Result<Json<'a>> {
        if self.is_null() {
            reject!("the value is null");
        }
        Ok(Json::parse(self.value())?)
    }

    /// The member of the JSON payload at a dotted path, as [`json::find`]
    /// finds it. Malformed JSON and a missing member are errors.
    pub fn field(&self, path: &str) -> Result<Json<'a>> {
        match json::find(self.value(), path) {
            Ok(Some(field)) => Ok(field),
            Ok(None) => Err(no_field(path)),
            Err(err) => Err(self.unreadable(path, err)),
        }
    }

    /// The number at a dotted path of the JSON payload.
    pub fn number(&self, path: &str) -> Result<f64> {
        let field = self.field(path)?;
        field.as_f64().ok_or_else(|| wrong_kind(path, field, "a number"))
    }

    /// The text at a dotted path of the JSON payload.
    pub fn text(&self, path: &str) -> Result<Cow<'a, str>> {
        let field = self.field(path)?;
        field.as_str().ok_or_else(|| wrong_kind(path, field, "a string"))
    }

    #[cold]
    fn unreadable(&self, path: &str, err: json::Error) -> Error {
        match self.is_null() {
            true => Error::new(alloc::format!("field \"{path}\": the value is null")),
            false => Error::new(alloc::format!("field \"{path}\": {err}")),
        }
    }

    /// Replaces the payload.
    pub fn set_value(&mut self, value: &[u8]) {
        self.current.entry.value.set(self.current.keep(value));
        self.current.entry.clear(VALUE_NULL);
    }

    /// Makes the payload null: a tombstone.
    pub fn set_null(&mut self) {
        self.current.entry.value.set(Span::default());
        self.current.entry.raise(VALUE_NULL);
    }

    /// Changes the payload's bytes, not their number, in a copy of its own.
    pub fn edit_value(&mut self, edit: impl FnOnce(&mut [u8])) {
        let span = self.current.batch.arena.copy(self.value());
        if span.len > 0 {
            // SAFETY: the copy is fresh, and nobody else knows it yet.
            edit(unsafe {
                core::slice::from_raw_parts_mut(crate::memory::pointer(span.ptr), span.len as usize)
            });
        }
        self.current.entry.value.set(span);
    }

    /// The key, if there is one.
    pub fn key(&self) -> Option<&'a [u8]> {
        let entry = self.current.entry;
        (!entry.has(KEY_NULL)).then(|| self.current.bytes(entry.key.get()))
    }

    /// Sets the key; `None` removes it.
    pub fn set_key<'k>(&mut self, key: impl Into<Option<&'k [u8]>>) {
        self.current.set_key(key.into());
    }

    /// Sends the event to another topic than the sink's own.
    pub fn route(&mut self, topic: &str) {
        self.current.route(topic);
    }

    /// The topic that this or an earlier processor routed the event to.
    pub fn routed(&self) -> Option<&'a str> {
        let entry = self.current.entry;
        entry.has(ROUTED).then(|| self.current.text(entry.topic.get()))
    }

    /// Milliseconds since 1970.
    pub fn timestamp(&self) -> i64 {
        self.current.entry.timestamp.get()
    }

    /// Sets the timestamp that the sink writes, in milliseconds since 1970.
    pub fn set_timestamp(&mut self, ms: i64) {
        self.current.stamp(ms);
    }

    /// The target partition that a processor chose.
    pub fn partition(&self) -> Option<i32> {
        let partition = self.current.entry.partition.get();
        (partition != ANY_PARTITION).then_some(partition)
    }

    /// Sets the target partition; `None` leaves it to the partitioner.
    pub fn set_partition(&mut self, partition: impl Into<Option<u32>>) {
        self.current.set_partition(partition.into().map(i64::from));
    }

    /// The headers, in order.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = Header<'a>> + DoubleEndedIterator {
        let current = self.current;
        current.header_pairs().iter().map(move |pair| Header {
            name: current.text(pair.name),
            value: (pair.value != Span::NULL).then(|| current.bytes(pair.value)),
        })
    }

    /// The value of the last header of that name; none when it is null.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let pairs = self.current.header_pairs();
        let pair = pairs.iter().rfind(|pair| self.current.bytes(pair.name) == name.as_bytes())?;
        (pair.value != Span::NULL).then(|| self.current.bytes(pair.value))
    }

    /// Adds a header behind the others; `None` is a null value.
    pub fn add_header<'v>(&mut self, name: &str, value: impl Into<Option<&'v [u8]>>) {
        let (current, old) = (self.current, self.current.header_pairs());
        let pair = HeaderPair {
            name: current.keep(name.as_bytes()),
            value: value.into().map_or(Span::NULL, |value| current.keep(value)),
        };
        let room = current.batch.arena.room::<HeaderPair>(old.len() + 1);
        // SAFETY: the room is fresh and holds one pair more than the old ones.
        unsafe {
            core::ptr::copy_nonoverlapping(old.as_ptr(), room, old.len());
            room.add(old.len()).write(pair);
        }
        current.entry.headers.set(Span { ptr: address(room), len: old.len() as u32 + 1 });
    }

    /// Removes every header of that name.
    pub fn remove_header(&mut self, name: &str) {
        let (current, old) = (self.current, self.current.header_pairs());
        let room = current.batch.arena.room::<HeaderPair>(old.len());
        let mut kept = 0;
        for pair in old.iter().filter(|pair| current.bytes(pair.name) != name.as_bytes()) {
            // SAFETY: the room holds as many pairs as there were.
            unsafe { room.add(kept).write(*pair) }
            kept += 1;
        }
        current.entry.headers.set(Span { ptr: address(room), len: kept as u32 });
    }

    /// Sends the event as it is now, in front of whatever becomes of it after:
    /// without a [`drop`](Event::drop) it is sent once more at the end.
    pub fn emit(&mut self) {
        self.current.emit();
    }

    /// Drops the event: it is done, and nothing more of it is sent.
    #[allow(clippy::should_implement_trait, reason = "drop is what weir calls it everywhere")]
    pub fn drop(&mut self) {
        self.current.dropped.set(true);
    }
}

impl<'a> Current<'a> {
    fn header_pairs(&self) -> &'a [HeaderPair] {
        // SAFETY: the host or add_header put them there.
        unsafe { slice(self.entry.headers.get()) }
    }
}

#[cold]
fn no_field(path: &str) -> Error {
    Error::new(alloc::format!("field \"{path}\" is missing"))
}

#[cold]
fn wrong_kind(path: &str, field: Json<'_>, wanted: &str) -> Error {
    Error::new(alloc::format!("field \"{path}\" is {}, not {wanted}", field.kind()))
}
