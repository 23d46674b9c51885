// The layouts that host and module share: docs/abi.md, sections 6 to 8.

export const ENTRY: usize = 80;

// Offsets in an entry.
export const SOURCE: usize = 0;
export const FLAGS: usize = 4;
export const VALUE: usize = 8;
export const KEY: usize = 16;
export const HEADERS: usize = 24;
export const CONTEXT: usize = 32;
export const TOPIC: usize = 40;
export const SOURCE_TOPIC: usize = 48;
export const TIMESTAMP: usize = 56;
export const OFFSET: usize = 64;
export const SOURCE_PARTITION: usize = 72;
export const PARTITION: usize = 76;

// Flags.
export const VALUE_NULL: u32 = 1;
export const KEY_NULL: u32 = 2;
export const ROUTED: u32 = 4;
export const STAMPED: u32 = 8;

/** A header: name, value. */
export const HEADER: usize = 16;
/** A header's value that is null: address 0, size 0xFFFFFFFF. */
export const NULL_SPAN: u64 = 0xffffffff00000000;

/** A pair of the context: name, kind at 8, payload at 16. */
export const PAIR: usize = 32;
export const PAIR_KIND: usize = 8;
export const PAIR_PAYLOAD: usize = 16;
