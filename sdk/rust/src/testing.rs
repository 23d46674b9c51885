//! A host for native tests: it puts events into linear memory as the real one
//! does, runs the processor, and reads back what came of it.
//!
//! ```
//! use weir_processor::testing::{run, Input};
//! use weir_processor::{Context, Event, Result};
//!
//! fn select_topic(ctx: &mut Context, event: &mut Event) -> Result {
//!     let heavy = event.number("weight")? > 10.0;
//!     ctx.set("kafka_topic", if heavy { "heavy" } else { "light" });
//!     Ok(())
//! }
//!
//! let ran = run(select_topic, &[Input::new(r#"{"weight": 12}"#), Input::new("{}")]);
//! assert_eq!(ran.events[0].topic.as_deref(), Some("heavy"));
//! assert_eq!(ran.rejects, [(1, r#"field "weight" is missing"#.to_string())]);
//! ```

use crate::entry::*;
use crate::export::{Border, Processor};
use crate::memory::{pointer, slice};
use crate::{Batch, Context, Event, Level, Result, Value};
use std::cell::RefCell;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

extern crate std;

/// An owned value of the context.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Pair {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Json(Vec<u8>),
}

impl From<Value<'_>> for Pair {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Pair::Null,
            Value::Bool(b) => Pair::Bool(b),
            Value::Int(n) => Pair::Int(n),
            Value::Float(x) => Pair::Float(x),
            Value::Text(text) => Pair::Text(text.to_string()),
            Value::Bytes(bytes) => Pair::Bytes(bytes.to_vec()),
            Value::Json(json) => Pair::Json(json.to_vec()),
        }
    }
}

/// An event as the host sends it. Fields that are not given are empty; the
/// source is partition 0 of topic `input`.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The payload; `None` is null.
    pub value: Option<Vec<u8>>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The pairs of the context.
    pub context: Vec<(String, Pair)>,
    /// The topic that an earlier processor chose.
    pub topic: Option<String>,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The offset in the source's partition.
    pub offset: i64,
}

impl Input {
    /// An event with that payload.
    pub fn new(value: impl AsRef<[u8]>) -> Self {
        Input { value: Some(value.as_ref().to_vec()), ..Input::default() }
    }

    /// The same with a key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// The same with one header more.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_string(), Some(value.as_ref().to_vec())));
        self
    }

    /// The same with one pair of the context more.
    pub fn pair<'v>(mut self, name: &str, value: impl Into<Value<'v>>) -> Self {
        self.context.push((name.to_string(), value.into().into()));
        self
    }
}

/// An event as it came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The index of the input that it derives from.
    pub source: usize,
    /// The payload; `None` is null.
    pub value: Option<Vec<u8>>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The pairs of the context.
    pub context: Vec<(String, Pair)>,
    /// The topic that a processor chose.
    pub topic: Option<String>,
    /// The timestamp, if a processor set one.
    pub timestamp: Option<i64>,
    /// The partition that a processor chose.
    pub partition: Option<i32>,
    /// Whether the payload is the one that the host sent, not a copy.
    pub same_value: bool,
}

/// What came of a batch.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// What was sent, in order.
    pub events: Vec<Output>,
    /// The rejected inputs, with their reasons.
    pub rejects: Vec<(usize, String)>,
    /// The log.
    pub log: Vec<(Level, String)>,
    /// The metrics: kind (0 counter, 1 gauge, 2 histogram), name, value.
    pub metrics: Vec<(u32, String, f64)>,
}

/// A processor in a host.
pub struct Host<P> {
    border: Border,
    processor: P,
}

impl<P: Processor> Host<P> {
    /// Opens the processor with a config, which is JSON; an error is the text
    /// that the host would show.
    pub fn open(config: &str) -> Result<Self, String> {
        let mut border = Border::new();
        let text = format!(r#"{{"pipeline":"pipeline","processor":"processor","config":{config}}}"#);
        let at = border.buffer(text.len() as u32);
        let mut processor = None;
        // SAFETY: the buffer has room for the text, which is written first.
        let code = unsafe {
            core::ptr::copy_nonoverlapping(text.as_ptr(), pointer(at), text.len());
            border.open(at, text.len() as u32, |config| {
                processor = Some(P::open(config)?);
                Ok(())
            })
        };
        match processor {
            Some(processor) if code == 0 => Ok(Host { border, processor }),
            _ => Err(RECORD.take().error),
        }
    }

    /// Runs one batch.
    pub fn run(&mut self, inputs: &[Input]) -> Ran {
        run_batch(&mut self.border, inputs, |batch| self.processor.process_batch(batch))
    }
}

/// Runs a function as a processor on one batch.
pub fn run(process: impl FnMut(&mut Context, &mut Event) -> Result, inputs: &[Input]) -> Ran {
    run_batch(&mut Border::new(), inputs, |batch| batch.each(process))
}

fn run_batch(border: &mut Border, inputs: &[Input], process: impl FnOnce(&mut Batch)) -> Ran {
    let mut image = Image { bytes: std::vec![0; inputs.len() * size_of::<Entry>()], base: 0 };
    // Laid out twice: the first time only to learn the size.
    image.lay_out(inputs);
    let size = image.bytes.len();
    image.base = border.buffer(size as u32);
    image.lay_out(inputs);
    // SAFETY: the buffer has room for the image. What comes back is checked
    // nowhere: a test that fails by a crash has failed.
    unsafe {
        core::ptr::copy_nonoverlapping(image.bytes.as_ptr(), pointer(image.base), size);
        let result = border.process(image.base, inputs.len() as u32, process);
        let out = Span { ptr: (result >> 32) as u32, len: result as u32 };
        let events = slice::<Entry>(out).iter().map(|entry| output(entry, image.base, size)).collect();
        let record = RECORD.take();
        Ran { events, rejects: record.rejects, log: record.log, metrics: record.metrics }
    }
}

/// The bytes of a batch, as they will lie at `base`.
struct Image {
    bytes: Vec<u8>,
    base: u32,
}

impl Image {
    fn lay_out(&mut self, inputs: &[Input]) {
        self.bytes.truncate(inputs.len() * size_of::<Entry>());
        for (index, input) in inputs.iter().enumerate() {
            let entry = self.entry(index, input);
            // SAFETY: an entry is 80 bytes of plain numbers.
            let raw = unsafe { core::slice::from_raw_parts((&raw const entry).cast(), size_of::<Entry>()) };
            self.bytes[index * size_of::<Entry>()..][..size_of::<Entry>()].copy_from_slice(raw);
        }
    }

    fn entry(&mut self, index: usize, input: &Input) -> Entry {
        let entry = Entry::default();
        entry.source.set(index as u32);
        if input.value.is_none() {
            entry.raise(VALUE_NULL);
        }
        if input.key.is_none() {
            entry.raise(KEY_NULL);
        }
        if let Some(topic) = &input.topic {
            entry.raise(ROUTED);
            entry.topic.set(self.add(topic.as_bytes()));
        }
        entry.value.set(self.add(input.value.as_deref().unwrap_or_default()));
        entry.key.set(self.add(input.key.as_deref().unwrap_or_default()));
        entry.source_topic.set(self.add(b"input"));
        entry.timestamp.set(input.timestamp);
        entry.offset.set(input.offset);
        entry.partition.set(ANY_PARTITION);
        entry.headers.set(self.headers(input));
        entry.context.set(self.context(input));
        entry
    }

    fn add(&mut self, bytes: &[u8]) -> Span {
        let at = self.bytes.len();
        self.bytes.extend(bytes);
        Span { ptr: self.base + at as u32, len: bytes.len() as u32 }
    }

    fn add_words(&mut self, count: usize, words: &[u32]) -> Span {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Span { len: count as u32, ..self.add(&raw) }
    }

    fn headers(&mut self, input: &Input) -> Span {
        let mut words = Vec::new();
        for (name, value) in &input.headers {
            let name = self.add(name.as_bytes());
            let value = value.as_ref().map_or(Span::NULL, |value| self.add(value));
            words.extend([name.ptr, name.len, value.ptr, value.len]);
        }
        self.add_words(input.headers.len(), &words)
    }

    fn context(&mut self, input: &Input) -> Span {
        let mut words = Vec::new();
        for (name, value) in &input.context {
            let name = self.add(name.as_bytes());
            let mut data = |bytes: &[u8]| {
                let span = self.add(bytes);
                u64::from(span.len) << 32 | u64::from(span.ptr)
            };
            let (kind, payload) = match value {
                Pair::Null => (KIND_NULL, 0),
                Pair::Bool(b) => (KIND_BOOL, u64::from(*b)),
                Pair::Int(n) => (KIND_INT, *n as u64),
                Pair::Float(x) => (KIND_FLOAT, x.to_bits()),
                Pair::Text(text) => (KIND_TEXT, data(text.as_bytes())),
                Pair::Bytes(bytes) => (KIND_BYTES, data(bytes)),
                Pair::Json(json) => (KIND_JSON, data(json)),
            };
            words.extend([name.ptr, name.len, kind, 0, payload as u32, (payload >> 32) as u32, 0, 0]);
        }
        self.add_words(input.context.len(), &words)
    }
}

/// # Safety
/// The entry and what it points to are in linear memory.
unsafe fn output(entry: &Entry, base: u32, size: usize) -> Output {
    // SAFETY: what the caller promises.
    let bytes = |span: Span| unsafe { slice::<u8>(span) }.to_vec();
    let text = |span: Span| String::from_utf8(bytes(span)).expect("names and topics are UTF-8");
    // SAFETY: as above.
    let (headers, context) =
        unsafe { (slice::<HeaderPair>(entry.headers.get()), slice::<ContextPair>(entry.context.get())) };
    let value = entry.value.get();
    Output {
        source: entry.source.get() as usize,
        value: (!entry.has(VALUE_NULL)).then(|| bytes(value)),
        key: (!entry.has(KEY_NULL)).then(|| bytes(entry.key.get())),
        headers: headers
            .iter()
            .map(|pair| (text(pair.name), (pair.value != Span::NULL).then(|| bytes(pair.value))))
            .collect(),
        context: context.iter().map(|pair| (text(pair.name), owned(pair, &bytes))).collect(),
        topic: entry.has(ROUTED).then(|| text(entry.topic.get())),
        timestamp: entry.has(STAMPED).then(|| entry.timestamp.get()),
        partition: (entry.partition.get() != ANY_PARTITION).then(|| entry.partition.get()),
        same_value: (base..base + size as u32).contains(&value.ptr),
    }
}

fn owned(pair: &ContextPair, bytes: &dyn Fn(Span) -> Vec<u8>) -> Pair {
    assert_eq!((pair.reserved, pair.reserved_payload), (0, 0), "reserved fields of a context pair");
    let data = || bytes(Span { ptr: pair.payload as u32, len: (pair.payload >> 32) as u32 });
    match pair.kind {
        KIND_NULL => Pair::Null,
        KIND_BOOL => Pair::Bool(pair.payload == 1),
        KIND_INT => Pair::Int(pair.payload as i64),
        KIND_FLOAT => Pair::Float(f64::from_bits(pair.payload)),
        KIND_TEXT => Pair::Text(String::from_utf8(data()).expect("text is UTF-8")),
        KIND_BYTES => Pair::Bytes(data()),
        KIND_JSON => Pair::Json(data()),
        kind => panic!("unknown kind {kind} of a context pair"),
    }
}

/// What the processor told the host.
#[derive(Default)]
struct Record {
    error: String,
    rejects: Vec<(usize, String)>,
    log: Vec<(Level, String)>,
    metrics: Vec<(u32, String, f64)>,
}

std::thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
}

/// The host's functions, as the processor sees them.
pub(crate) mod imports {
    use super::{Level, RECORD};
    use alloc::string::ToString;

    pub fn log(level: Level, text: &str) {
        RECORD.with_borrow_mut(|record| record.log.push((level, text.to_string())));
    }

    pub fn error(text: &str) {
        RECORD.with_borrow_mut(|record| record.error = text.to_string());
    }

    pub fn reject(index: u32, text: &str) {
        RECORD.with_borrow_mut(|record| record.rejects.push((index as usize, text.to_string())));
    }

    pub fn metric(kind: u32, name: &str, value: f64) {
        RECORD.with_borrow_mut(|record| record.metrics.push((kind, name.to_string(), value)));
    }

    /// A fixed moment: tests are repeatable too.
    pub fn now() -> i64 {
        1_700_000_000_000_000_000
    }
}
