// Bytes outside of the garbage collector's memory, and text.

import { alloc, lasts } from "./memory";

/**
 * A view of bytes in memory. Those of an event are valid until the processor
 * returns, and are not to be changed.
 */
export class Bytes {
  /**
   * The view of length bytes at an address.
   */
  constructor(
    /** The address of the first byte. */
    public readonly at: usize,
    /** The number of bytes. */
    public readonly length: i32,
  ) {}

  /** The UTF-8 of a text, in memory until the processor returns. Half of a surrogate pair becomes U+FFFD. */
  static of(text: string): Bytes {
    const at = alloc(<usize>text.length * 3);
    const size = String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at, false, String.UTF8.ErrorMode.REPLACE);
    return new Bytes(at, <i32>size);
  }

  /** A copy of an array, in memory until the processor returns. */
  static from(array: Uint8Array): Bytes {
    const at = alloc(array.length);
    memory.copy(at, array.dataStart, array.length);
    return new Bytes(at, array.length);
  }

  /** The text; what is not UTF-8 reads as U+FFFD. */
  toString(): string {
    const valid = validUTF8(this.at, this.length);
    return valid == this.length ? String.UTF8.decodeUnsafe(this.at, this.length) : this.repaired();
  }

  private repaired(): string {
    let text = "";
    let at = 0;
    while (at < this.length) {
      const valid = validUTF8(this.at + at, this.length - at);
      text += String.UTF8.decodeUnsafe(this.at + at, valid);
      at += valid;
      if (at < this.length) {
        text += "\uFFFD";
        at++;
      }
    }
    return text;
  }

  /** A copy as an array that outlives the call. */
  toUint8Array(): Uint8Array {
    const array = new Uint8Array(this.length);
    memory.copy(array.dataStart, this.at, this.length);
    return array;
  }

  /** Tells whether the bytes are UTF-8. */
  get isText(): bool {
    return validUTF8(this.at, this.length) == this.length;
  }

  /** One byte. It traps when there is no such byte. */
  @operator("[]") private byte(index: i32): u8 {
    if (<u32>index >= <u32>this.length) throw new RangeError("byte " + index.toString() + " of " + this.length.toString());
    return load<u8>(this.at + index);
  }

  /** The bytes from start to end, not included, without a copy. */
  slice(start: i32, end: i32): Bytes {
    if (start < 0 || end < start || end > this.length) {
      throw new RangeError("bytes " + start.toString() + " to " + end.toString() + " of " + this.length.toString());
    }
    return new Bytes(this.at + start, end - start);
  }

  /** Tells whether the bytes are the UTF-8 of a text. */
  is(text: string): bool {
    return sameText(this.at, this.length, text, 0, text.length);
  }

  /** Tells whether the bytes are the same. */
  equals(other: Bytes): bool {
    return this.length == other.length && memory.compare(this.at, other.at, this.length) == 0;
  }
}

/** Tells whether bytes are the UTF-8 of a text from a character to another, not included. */
export function sameText(at: usize, size: i32, text: string, from: i32, to: i32): bool {
  const characters = to - from;
  if (size < characters) return false;
  const first = changetype<usize>(text) + (<usize>from << 1);
  for (let i = 0; i < characters; i++) {
    const c = load<u16>(first + (<usize>i << 1));
    if (c >= 0x80) {
      const whole = Bytes.of(text.substring(from, to));
      return size == whole.length && memory.compare(at, whole.at, size) == 0;
    }
    if (load<u8>(at + i) != c) return false;
  }
  return size == characters;
}

/** A span as the layouts have it: address below, size above. */
export type Span = u64;

/** Where bytes can be found for the rest of the batch. */
export function keep(bytes: Bytes): Span {
  if (bytes.length == 0) return 0;
  let at = bytes.at;
  if (!lasts(at)) {
    at = alloc(bytes.length);
    memory.copy(at, bytes.at, bytes.length);
  }
  return (<u64>bytes.length << 32) | <u64>at;
}

/** The bytes of a span that lies at an address. */
export function spanAt(at: usize): Bytes {
  return new Bytes(load<u32>(at), load<i32>(at, 4));
}

/** The number of bytes that are UTF-8, from the beginning. */
export function validUTF8(at: usize, size: i32): i32 {
  const end = at + size;
  let p = at;
  while (p < end) {
    while (p + 8 <= end && (load<u64>(p) & 0x8080808080808080) == 0) p += 8;
    if (p == end) break;
    const width = character(p, end);
    if (width == 0) break;
    p += width;
  }
  return <i32>(p - at);
}

/**
 * The number of bytes of the UTF-8 character at a place; 0 if there is none: no
 * character, too long a form, half of a surrogate pair.
 */
function character(p: usize, end: usize): usize {
  const head = load<u8>(p);
  if (head < 0x80) return 1;
  const width: usize = head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
  if (head < 0xc2 || head > 0xf4 || p + width > end) return 0;
  const second = load<u8>(p, 1);
  const least: u8 = head == 0xe0 ? 0xa0 : head == 0xf0 ? 0x90 : 0x80;
  const most: u8 = head == 0xed ? 0x9f : head == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i: usize = 2; i < width; i++) {
    if ((load<u8>(p + i) & 0xc0) != 0x80) return 0;
  }
  return width;
}
