//! The layouts of ABI 1. Fields are cells because an event and its context
//! are two views of one entry.

use core::cell::Cell;

pub(crate) const VALUE_NULL: u32 = 1;
pub(crate) const KEY_NULL: u32 = 2;
pub(crate) const ROUTED: u32 = 4;
pub(crate) const STAMPED: u32 = 8;

/// The partition of an entry that leaves the choice to the partitioner.
pub(crate) const ANY_PARTITION: i32 = -1;

/// The length that, with pointer 0, makes a header's value null.
const NULL_LEN: u32 = u32::MAX;

/// Where bytes or an array of pairs lie in memory.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub ptr: u32,
    pub len: u32,
}

impl Span {
    pub const NULL: Span = Span { ptr: 0, len: NULL_LEN };
}

/// One event of the table.
#[repr(C)]
#[derive(Clone, Default)]
pub(crate) struct Entry {
    pub source: Cell<u32>,
    pub flags: Cell<u32>,
    pub value: Cell<Span>,
    pub key: Cell<Span>,
    pub headers: Cell<Span>,
    pub context: Cell<Span>,
    pub topic: Cell<Span>,
    pub source_topic: Cell<Span>,
    pub timestamp: Cell<i64>,
    pub offset: Cell<i64>,
    pub source_partition: Cell<i32>,
    pub partition: Cell<i32>,
}

impl Entry {
    pub fn has(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }

    pub fn raise(&self, flag: u32) {
        self.flags.set(self.flags.get() | flag);
    }

    pub fn clear(&self, flag: u32) {
        self.flags.set(self.flags.get() & !flag);
    }
}

/// One header.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct HeaderPair {
    pub name: Span,
    pub value: Span,
}

pub(crate) const KIND_NULL: u32 = 0;
pub(crate) const KIND_BOOL: u32 = 1;
pub(crate) const KIND_INT: u32 = 2;
pub(crate) const KIND_FLOAT: u32 = 3;
pub(crate) const KIND_TEXT: u32 = 4;
pub(crate) const KIND_BYTES: u32 = 5;
pub(crate) const KIND_JSON: u32 = 6;

/// One pair of the context. The payload holds a number's bits, or a pointer in
/// its low half and a length in its high half.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ContextPair {
    pub name: Span,
    pub kind: u32,
    pub reserved: u32,
    pub payload: u64,
    pub reserved_payload: u64,
}

const _: () = assert!(size_of::<Entry>() == 80 && align_of::<Entry>() == 8);
const _: () = assert!(size_of::<HeaderPair>() == 16);
const _: () = assert!(size_of::<ContextPair>() == 32 && align_of::<ContextPair>() == 8);
