// The pass over a JSON text: each function steps over what it names, from a
// place to the place behind it. 0 says that it is not there; failedAt and
// failedFor then say where and why.

import { validUTF8 } from "./bytes";

/** Where the last pass failed. */
export let failedAt: usize = 0;
/** Why the last pass failed. */
export let failedFor: string = "";

const LEVELS: i32 = 504;
const ONES: u64 = 0x0101010101010101;
const HIGH: u64 = 0x8080808080808080;

/** Which of the open values are objects, a byte a level. */
const nest = memory.data(504);

function fail(p: usize, end: usize, why: string): usize {
  failedAt = p;
  failedFor = p >= end ? "the text ends too early" : why;
  return 0;
}

/** The byte at a place, 0 at the end: a byte that no JSON text holds. */
// @ts-ignore: decorator
@inline
export function peek(p: usize, end: usize): u8 {
  return p < end ? load<u8>(p) : 0;
}

/** Steps over space, which may be none. */
export function space(p: usize, end: usize): usize {
  while (p < end) {
    const c = load<u8>(p);
    if (c > 0x20 || (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09)) break;
    p++;
  }
  return p;
}

/** Nothing but space is left. */
export function finish(p: usize, end: usize): usize {
  p = space(p, end);
  return p == end ? p : fail(p, end, "more text after the value");
}

// @ts-ignore: decorator
@inline
function isDigit(c: u8): bool {
  return <u8>(c - 0x30) < 10;
}

/** The number that a hexadecimal digit is, or more than 15. */
export function hex(c: u8): u32 {
  if (isDigit(c)) return c - 0x30;
  const lower: u8 = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 16;
}

function escape(p: usize, end: usize): usize {
  p++;
  const c = peek(p, end);
  if (c == 0x75 /* u */) {
    for (let i = 0; i < 4; i++) {
      p++;
      if (hex(peek(p, end)) > 15) return fail(p, end, "expected four hexadecimal digits after \\u");
    }
    return p + 1;
  }
  switch (c) {
    case 0x22: case 0x5c: case 0x2f: case 0x62: case 0x66: case 0x6e: case 0x72: case 0x74:
      return p + 1;
  }
  return fail(p, end, "an unknown escape in a string");
}

function stringAt(p: usize, end: usize): usize {
  const start = ++p;
  let high: u64 = 0;
  while (true) {
    // Eight bytes at a time: the lowest high bit of stop is that of the first
    // byte below 0x20, quote or backslash; those above it may be false.
    while (p + 8 <= end) {
      const word = load<u64>(p);
      const quote = word ^ (ONES * 0x22), slash = word ^ (ONES * 0x5c);
      const stop = (((word - ONES * 0x20) & ~word) | ((quote - ONES) & ~quote) | ((slash - ONES) & ~slash)) & HIGH;
      high |= word;
      if (stop != 0) {
        p += <usize>(ctz(stop) >> 3);
        break;
      }
      p += 8;
    }
    let c = peek(p, end);
    while (c >= 0x20 && c != 0x22 && c != 0x5c) {
      high |= c;
      c = peek(++p, end);
    }
    if (c == 0x22) break;
    if (c != 0x5c) return fail(p, end, "a control character in a string");
    p = escape(p, end);
    if (p == 0) return 0;
  }
  if ((high & HIGH) != 0) {
    const valid = start + validUTF8(start, <i32>(p - start));
    if (valid < p) return fail(valid, end, "a string is not UTF-8");
  }
  return p + 1;
}

function digits(p: usize, end: usize): usize {
  if (!isDigit(peek(p, end))) return fail(p, end, "expected a digit");
  while (isDigit(peek(p, end))) p++;
  return p;
}

function numberAt(p: usize, end: usize): usize {
  if (peek(p, end) == 0x2d) p++;
  if (peek(p, end) == 0x30) {
    p++;
    if (isDigit(peek(p, end))) return fail(p, end, "a number cannot begin with 0");
  } else {
    p = digits(p, end);
    if (p == 0) return 0;
  }
  if (peek(p, end) == 0x2e) {
    p = digits(p + 1, end);
    if (p == 0) return 0;
  }
  if ((peek(p, end) | 0x20) == 0x65) {
    p++;
    const sign = peek(p, end);
    return digits(sign == 0x2b || sign == 0x2d ? p + 1 : p, end);
  }
  return p;
}

/** Steps over a word, its bytes in the lowest of a number. */
function word(p: usize, end: usize, size: usize, bytes: u64): usize {
  if (p + size > end) return fail(p, end, "expected a value");
  for (let i: usize = 0; i < size; i++) {
    if (load<u8>(p + i) != <u8>(bytes >> (8 * i))) return fail(p, end, "expected a value");
  }
  return p + size;
}

function scalar(p: usize, end: usize): usize {
  const c = peek(p, end);
  if (c == 0x22) return stringAt(p, end);
  if (c == 0x2d || isDigit(c)) return numberAt(p, end);
  if (c == 0x74) return word(p, end, 4, 0x65757274);
  if (c == 0x66) return word(p, end, 5, 0x65736c6166);
  if (c == 0x6e) return word(p, end, 4, 0x6c6c756e);
  return fail(p, end, "expected a value");
}

/** Steps over a value of any kind. */
export function value(p: usize, end: usize): usize {
  const c = peek(p, end);
  return c == 0x7b || c == 0x5b ? nested(p, end) : scalar(p, end);
}

/** Steps over a string that is a name, and not over its colon. */
export function name(p: usize, end: usize): usize {
  return peek(p, end) == 0x22 ? stringAt(p, end) : fail(p, end, "expected a name in quotes");
}

/** Steps over the colon behind a name, to the value. */
export function colon(p: usize, end: usize): usize {
  p = space(p, end);
  return peek(p, end) == 0x3a ? space(p + 1, end) : fail(p, end, "expected ':' after a name");
}

/**
 * Steps over an opening bracket, to the first member or item. When there is
 * none, the result is the place of the closing bracket.
 */
export function open(p: usize, end: usize): usize {
  return space(p + 1, end);
}

/**
 * Behind a member or an item: steps to the next one, or to the place of the
 * closing bracket.
 */
export function following(p: usize, end: usize, object: bool): usize {
  p = space(p, end);
  const c = peek(p, end);
  if (c == 0x2c) {
    p = space(p + 1, end);
    // A closing bracket behind a comma is none.
    if (peek(p, end) == (object ? 0x7d : 0x5d)) return fail(p, end, object ? "expected a name in quotes" : "expected a value");
    return p;
  }
  if (c == (object ? 0x7d : 0x5d)) return p;
  return fail(p, end, object ? "expected ',' or '}' after a member" : "expected ',' or ']' after an item");
}

/** Steps over an object or an array, without trusting the text with the stack. */
function nested(p: usize, end: usize): usize {
  let depth = 0;
  while (true) {
    const c = peek(p, end);
    if (c == 0x7b || c == 0x5b) {
      if (depth == LEVELS) return fail(p, end, "nested deeper than 504 levels");
      store<u8>(nest + depth, c);
      depth++;
      p = open(p, end);
    } else {
      p = scalar(p, end);
      if (p == 0) return 0;
      p = following(p, end, load<u8>(nest + depth - 1) == 0x7b);
    }
    // At a member, an item or a closing bracket of the innermost value.
    while (p != 0 && peek(p, end) == load<u8>(nest + depth - 1) + 2) {
      depth--;
      p++;
      if (depth == 0) return p;
      p = following(p, end, load<u8>(nest + depth - 1) == 0x7b);
    }
    if (p != 0 && load<u8>(nest + depth - 1) == 0x7b) {
      p = name(p, end);
      if (p != 0) p = colon(p, end);
    }
    if (p == 0) return 0;
  }
}
