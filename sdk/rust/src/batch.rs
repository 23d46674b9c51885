use crate::context::Context;
use crate::entry::{Entry, Span, ANY_PARTITION, KEY_NULL, ROUTED, STAMPED};
use crate::event::Event;
use crate::memory::{address, lies_in, pointer, slice, Arena, Chunk};
use crate::{host, Result};
use alloc::string::String;
use core::cell::Cell;

/// The events that one call brings.
///
/// Most processors never see it. One that needs the whole batch, to reorder it
/// or to look at its events together, implements
/// [`Processor::process_batch`](crate::Processor::process_batch) with
/// [`run`](Batch::run).
pub struct Batch<'b> {
    table: *mut Entry,
    count: usize,
    pub(crate) input: &'b Chunk,
    pub(crate) arena: &'b Arena,
    out: Out,
}

/// Where outputs go: into the input's own table as long as every output takes
/// a place whose event is done, which is every pass-through and every filter;
/// else into a table of its own.
struct Out {
    table: Cell<*mut Entry>,
    len: Cell<usize>,
    room: Cell<usize>,
}

impl<'b> Batch<'b> {
    /// # Safety
    /// `table` is the address of `count` entries that the host wrote into
    /// `input`, and nobody else uses them.
    pub(crate) unsafe fn new(table: u32, count: u32, input: &'b Chunk, arena: &'b Arena) -> Self {
        let (table, count) = (pointer::<Entry>(table), count as usize);
        let out = Out { table: Cell::new(table), len: Cell::new(0), room: Cell::new(0) };
        Batch { table, count, input, arena, out }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Runs `process` on every event in order. What it returns `Ok` for and
    /// did not drop is sent on.
    pub fn each(&mut self, mut process: impl FnMut(&mut Context, &mut Event) -> Result) {
        for index in 0..self.count {
            if self.in_place() {
                // The places in front of this event are free, its own is not.
                self.out.room.set(index);
            }
            self.visit(index, &mut process);
        }
        if self.in_place() {
            self.out.room.set(self.count);
        }
    }

    /// Runs `process` on one event, in whatever order the caller likes;
    /// outputs leave in the order of the calls. An event that is never run is
    /// dropped; one that is run again is found as it was left.
    pub fn run(&mut self, index: usize, process: impl FnOnce(&mut Context, &mut Event) -> Result) {
        assert!(index < self.count, "event {index} of a batch of {}", self.count);
        if self.in_place() {
            self.move_out();
        }
        self.visit(index, process);
    }

    fn visit(&self, index: usize, process: impl FnOnce(&mut Context, &mut Event) -> Result) {
        // SAFETY: index < count. Entries are cells: shared is enough.
        let entry = unsafe { &*self.table.add(index) };
        let current = Current::new(self, entry);
        let done = process(&mut Context::new(&current), &mut Event::new(&current));
        match (done, current.fault.take()) {
            (Err(err), _) => host::reject(index as u32, err.message()),
            (Ok(()), Some(fault)) => host::reject(index as u32, &fault),
            (Ok(()), None) if current.dropped.get() => {}
            (Ok(()), None) => self.pass(index, entry),
        }
    }

    /// Sends an event whose processing is over.
    fn pass(&self, index: usize, entry: &Entry) {
        if self.in_place() && self.out.len.get() == index {
            self.out.len.set(index + 1);
            return;
        }
        self.send(entry);
    }

    /// Sends a copy of the entry.
    fn send(&self, entry: &Entry) {
        let len = self.out.len.get();
        if len >= self.out.room.get() {
            self.move_out();
        }
        // SAFETY: there is room behind len, and it is no event's that is still
        // to come: see each and move_out.
        unsafe { self.out.table.get().add(len).write(entry.clone()) }
        self.out.len.set(len + 1);
    }

    fn in_place(&self) -> bool {
        core::ptr::eq(self.out.table.get(), self.table)
    }

    /// Moves the outputs to a larger table of their own.
    #[cold]
    fn move_out(&self) {
        let (len, room) = (self.out.len.get(), self.out.room.get().max(self.count) * 2);
        let table = self.arena.room::<Entry>(room);
        // SAFETY: the new table is fresh and larger than the old one.
        unsafe { core::ptr::copy_nonoverlapping(self.out.table.get(), table, len) }
        self.out.table.set(table);
        self.out.room.set(room);
    }

    /// What `weir_process` returns.
    pub(crate) fn result(&self) -> u64 {
        u64::from(address(self.out.table.get())) << 32 | self.out.len.get() as u64
    }
}

/// The event that is being processed, behind its two faces, [`Event`] and
/// [`Context`].
pub(crate) struct Current<'a> {
    pub entry: &'a Entry,
    pub batch: &'a Batch<'a>,
    pub dropped: Cell<bool>,
    /// How many pairs the context's array has room for; 0 while the array is
    /// not this event's own to change.
    pub pairs_room: Cell<usize>,
    /// What an infallible setter could not do. It rejects the event in the
    /// end, so that the setters need no `?`.
    fault: Cell<Option<String>>,
}

impl<'a> Current<'a> {
    fn new(batch: &'a Batch<'a>, entry: &'a Entry) -> Self {
        Current { entry, batch, dropped: Cell::new(false), pairs_room: Cell::new(0), fault: Cell::new(None) }
    }

    pub fn bytes(&self, span: Span) -> &'a [u8] {
        // SAFETY: spans come from the host or from keep. Neither what they
        // point to in the input nor what is in the arena changes.
        unsafe { slice(span) }
    }

    pub fn text(&self, span: Span) -> &'a str {
        core::str::from_utf8(self.bytes(span)).unwrap_or("\u{fffd}")
    }

    /// Where the bytes can be found for the rest of the batch.
    pub fn keep(&self, bytes: &[u8]) -> Span {
        if lies_in(bytes, self.batch.input) {
            return Span { ptr: address(bytes.as_ptr()), len: bytes.len() as u32 };
        }
        self.batch.arena.copy(bytes)
    }

    pub fn emit(&self) {
        // The emitted entry shares the array: it is nobody's own from now on.
        self.pairs_room.set(0);
        self.batch.send(self.entry);
    }

    pub fn set_key(&self, key: Option<&[u8]>) {
        match key {
            Some(key) => {
                self.entry.key.set(self.keep(key));
                self.entry.clear(KEY_NULL);
            }
            None => {
                self.entry.key.set(Span::default());
                self.entry.raise(KEY_NULL);
            }
        }
    }

    pub fn route(&self, topic: &str) {
        if topic.is_empty() {
            return self.fail("kafka_topic", "cannot be empty");
        }
        self.entry.topic.set(self.keep(topic.as_bytes()));
        self.entry.raise(ROUTED);
    }

    pub fn stamp(&self, ms: i64) {
        if ms < 0 {
            return self.fail("kafka_timestamp", "cannot be before 1970");
        }
        self.entry.timestamp.set(ms);
        self.entry.raise(STAMPED);
    }

    pub fn set_partition(&self, partition: Option<i64>) {
        match partition.map(i32::try_from) {
            None => self.entry.partition.set(ANY_PARTITION),
            Some(Ok(partition)) if partition >= 0 => self.entry.partition.set(partition),
            Some(_) => self.fail("kafka_partition", "must be between 0 and 2147483647"),
        }
    }

    /// Notes why the event will be rejected; the first reason counts.
    #[cold]
    pub fn fail(&self, name: &str, why: &str) {
        let first = self.fault.take();
        self.fault.set(first.or_else(|| Some(alloc::format!("context {name} {why}"))));
    }
}
