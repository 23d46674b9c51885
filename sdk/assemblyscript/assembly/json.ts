// JSON without a tree: values are found in the text, checked on the way, and
// handed out as pieces of it.

import { Bytes, sameText } from "./bytes";
import { alloc } from "./memory";
import * as scan from "./scan";

/** Where findIn ended; 0 when the text is malformed. */
let foundEnd: usize = 0;
/** What findIn found: its place and the place behind it, or 0. */
let foundAt: usize = 0;
let foundBehind: usize = 0;

/** What is wrong with a JSON text, and where, in bytes from its beginning. */
export class JsonError {
  constructor(
    public readonly at: i32,
    public readonly what: string,
  ) {}

  toString(): string {
    return "malformed JSON at byte " + this.at.toString() + ": " + this.what;
  }
}

/** Why the last Json.parse or Json.find found its text malformed. */
export let jsonError: JsonError | null = null;

/**
 * One checked JSON value: a piece of the text that it was found in, without
 * space around it. It may be missing, and then nothing is found in it.
 */
export class Json {
  constructor(
    /** The address of the value's first byte, 0 when it is missing. */
    public readonly at: usize,
    public readonly length: i32,
  ) {}

  /**
   * Checks that a text is one JSON value; null when it is not, and jsonError
   * says why. What is checked is RFC 8259: grammar, escapes, and that strings
   * are UTF-8; at most 504 levels.
   */
  static parse(text: Bytes): Json | null {
    const end = text.at + text.length;
    const start = scan.space(text.at, end);
    const behind = scan.value(start, end);
    if (behind == 0 || scan.finish(behind, end) == 0) return malformed(text);
    return between(start, behind);
  }

  /**
   * Finds a member by the dotted path of its names, and checks the whole text;
   * no tree is built. A member that is named like what is left of the path is
   * found too: a.b finds 1 in {"a":{"b":1}} and in {"a.b":1}. Of members with
   * one name the last counts. null when the text is malformed, and jsonError
   * says why.
   */
  static find(text: Bytes, path: string): Json | null {
    const end = text.at + text.length;
    findIn(scan.space(text.at, end), end, path, 0);
    if (foundEnd == 0 || scan.finish(foundEnd, end) == 0) return malformed(text);
    return foundAt == 0 ? missing : between(foundAt, foundBehind);
  }

  /** A text as a JSON string, with its quotes. */
  static quote(text: string): string {
    let quoted = '"';
    let plain = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c >= 0x20 && c != 0x22 && c != 0x5c) continue;
      quoted += text.substring(plain, i) + escaped(c);
      plain = i + 1;
    }
    return quoted + text.substring(plain) + '"';
  }

  /** Tells whether the value is there. */
  get exists(): bool {
    return this.at != 0;
  }

  /** The value's own bytes, or null when it is missing. */
  get raw(): Bytes | null {
    return this.at == 0 ? null : new Bytes(this.at, this.length);
  }

  private get first(): u8 {
    return this.at == 0 ? 0 : load<u8>(this.at);
  }

  /** What the value is, with its article, for messages. */
  get kind(): string {
    switch (this.first) {
      case 0: return "missing";
      case 0x7b: return "an object";
      case 0x5b: return "an array";
      case 0x22: return "a string";
      case 0x74: case 0x66: return "a boolean";
      case 0x6e: return "null";
    }
    return "a number";
  }

  get isNull(): bool { return this.first == 0x6e; }
  get isObject(): bool { return this.first == 0x7b; }
  get isArray(): bool { return this.first == 0x5b; }
  get isString(): bool { return this.first == 0x22; }
  get isBool(): bool { return this.first == 0x74 || this.first == 0x66; }
  get isNumber(): bool { return this.first == 0x2d || <u8>(this.first - 0x30) < 10; }

  /** Tells whether the value is a whole number that is written as one and fits 64 bits. */
  get isInt(): bool {
    if (!this.isNumber) return false;
    const negative = this.first == 0x2d;
    const most = <u64>i64.MAX_VALUE + <u64>negative;
    let n: u64 = 0;
    for (let i = <i32>negative; i < this.length; i++) {
      const digit = <u64>load<u8>(this.at + i) - 0x30;
      if (digit > 9 || n > (most - digit) / 10) return false;
      n = n * 10 + digit;
    }
    return true;
  }

  /** The number, rounded to a double; or else what is given. */
  number(otherwise: f64 = NaN): f64 {
    if (!this.isNumber) return otherwise;
    if (this.length > 15) return this.longNumber();
    const negative = this.first == 0x2d;
    let n: i64 = 0;
    for (let i = <i32>negative; i < this.length; i++) {
      const digit = load<u8>(this.at + i) - 0x30;
      if (digit > 9) return this.longNumber();
      n = n * 10 + digit;
    }
    return negative ? -(<f64>n) : <f64>n;
  }

  private longNumber(): f64 {
    return parseFloat(String.UTF8.decodeUnsafe(this.at, this.length));
  }

  /** The whole number, if isInt; or else what is given. */
  int(otherwise: i64 = 0): i64 {
    if (!this.isInt) return otherwise;
    const negative = this.first == 0x2d;
    let n: i64 = 0;
    for (let i = <i32>negative; i < this.length; i++) n = n * 10 + (load<u8>(this.at + i) - 0x30);
    return negative ? -n : n;
  }

  /** The truth value, or else what is given. */
  bool(otherwise: bool = false): bool {
    return this.isBool ? this.first == 0x74 : otherwise;
  }

  /** The text of a string, null if it is none. Half of a surrogate pair reads as U+FFFD. */
  text(): string | null {
    const bytes = this.textBytes();
    return bytes === null ? null : String.UTF8.decodeUnsafe(bytes.at, bytes.length);
  }

  /** The UTF-8 of a string, null if it is none. Only one with escapes is copied. */
  textBytes(): Bytes | null {
    if (!this.isString) return null;
    const start = this.at + 1;
    const end = this.at + this.length - 1;
    let p = start;
    while (p < end && load<u8>(p) != 0x5c) p++;
    return p == end ? new Bytes(start, this.length - 2) : unescape(start, end);
  }

  /** The member of that name; the last counts. */
  get(name: string): Json {
    if (!this.isObject) return missing;
    const walk = this.walk();
    let found = missing;
    while (walk.next()) {
      if (named(walk.nameAt, walk.nameEnd, name, 0, name.length)) found = walk.value;
    }
    return found;
  }

  /** The item of that index. */
  item(index: i32): Json {
    if (!this.isArray || index < 0) return missing;
    const walk = this.walk();
    while (walk.next()) {
      if (index-- == 0) return walk.value;
    }
    return missing;
  }

  /** The value at a JSON pointer (RFC 6901), such as "/items/0/price". */
  pointer(pointer: string): Json {
    if (pointer == "") return this;
    if (pointer.charCodeAt(0) != 0x2f) return missing;
    const tokens = pointer.split("/");
    let value: Json = this;
    for (let i = 1; i < tokens.length; i++) {
      const token = tokens[i].replaceAll("~1", "/").replaceAll("~0", "~");
      value = value.isArray ? value.item(indexOf(token)) : value.get(token);
    }
    return value;
  }

  /** A walk over the members of an object or the items of an array. */
  walk(): JsonWalk {
    return new JsonWalk(this);
  }

  toString(): string {
    return this.at == 0 ? "" : String.UTF8.decodeUnsafe(this.at, this.length);
  }
}

/** The value that is not there. */
export const missing = new Json(0, 0);

/**
 * A walk over the members of an object or the items of an array:
 *
 *     const walk = order.get("items").walk();
 *     while (walk.next()) total += walk.value.get("price").number(0);
 */
export class JsonWalk {
  /** The value that the last step led to. */
  value: Json = missing;
  nameAt: usize = 0;
  nameEnd: usize = 0;
  private p: usize = 0;
  private end: usize = 0;
  private object: bool = false;

  constructor(json: Json) {
    this.object = json.isObject;
    if (this.object || json.isArray) {
      this.end = json.at + json.length;
      this.p = scan.open(json.at, this.end);
    }
  }

  /** The member's name; empty for an item. */
  get name(): string {
    const text = new Json(this.nameAt, <i32>(this.nameEnd - this.nameAt)).text();
    return text === null ? "" : text;
  }

  /** Steps to the next member or item; false when there is none. */
  next(): bool {
    const end = this.end;
    let p = this.p;
    if (p == 0 || load<u8>(p) == (this.object ? 0x7d : 0x5d)) return false;
    if (this.object) {
      this.nameAt = p;
      this.nameEnd = scan.name(p, end);
      p = scan.colon(this.nameEnd, end);
    }
    const behind = scan.value(p, end);
    this.value = between(p, behind);
    this.p = scan.following(behind, end, this.object);
    return true;
  }
}

function between(start: usize, behind: usize): Json {
  return new Json(start, <i32>(behind - start));
}

function malformed(text: Bytes): Json | null {
  jsonError = new JsonError(<i32>(scan.failedAt - text.at), scan.failedFor);
  return null;
}

/** Tells whether a string, with its quotes, is what stands in a path from one character to another. */
function named(at: usize, behind: usize, path: string, from: i32, to: i32): bool {
  const size = <i32>(behind - at) - 2;
  if (size < to - from) return false;
  if (size == 0) return true;
  const head = load<u8>(at + 1);
  const wanted = from == to ? 0 : <u32>path.charCodeAt(from);
  if (head != wanted && head != 0x5c && wanted < 0x80) return false;
  const bytes = between(at, behind).textBytes();
  return bytes !== null && sameText(bytes.at, bytes.length, path, from, to);
}

/** Steps over the value at a place and finds a member in it, by the path from a character on. */
function findIn(p: usize, end: usize, path: string, from: i32): void {
  foundAt = 0;
  if (scan.peek(p, end) != 0x7b) {
    foundEnd = scan.value(p, end);
    return;
  }
  const dot = path.indexOf(".", from);
  let at: usize = 0;
  let behind: usize = 0;
  p = scan.open(p, end);
  while (scan.peek(p, end) != 0x7d) {
    const nameAt = p;
    const nameEnd = scan.name(p, end);
    const start: usize = nameEnd == 0 ? 0 : scan.colon(nameEnd, end);
    const after: usize = start == 0 ? 0 : scan.value(start, end);
    if (after == 0) {
      foundEnd = 0;
      return;
    }
    if (dot >= 0 && named(nameAt, nameEnd, path, from, dot)) {
      findIn(start, end, path, dot + 1);
      at = foundAt;
      behind = foundBehind;
    } else if (named(nameAt, nameEnd, path, from, path.length)) {
      at = start;
      behind = after;
    }
    p = scan.following(after, end, true);
    if (p == 0) {
      foundEnd = 0;
      return;
    }
  }
  foundAt = at;
  foundBehind = behind;
  foundEnd = p + 1;
}

/** The index that a token of a JSON pointer is, or -1. */
function indexOf(token: string): i32 {
  if (token.length == 0 || token.length > 9 || (token.length > 1 && token.charCodeAt(0) == 0x30)) return -1;
  let index = 0;
  for (let i = 0; i < token.length; i++) {
    const digit = token.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index;
}

function unit(p: usize): u32 {
  let n: u32 = 0;
  for (let i = 0; i < 4; i++) n = (n << 4) | scan.hex(load<u8>(p + i));
  return n;
}

/** Decodes a checked string; escapes are longer than what they stand for. */
function unescape(start: usize, end: usize): Bytes {
  const to = alloc(end - start);
  let out = to;
  let p = start;
  while (p < end) {
    const c = load<u8>(p++);
    if (c != 0x5c) {
      store<u8>(out++, c);
      continue;
    }
    const e = load<u8>(p++);
    if (e != 0x75) {
      store<u8>(out++, plainEscape(e));
      continue;
    }
    let code = unit(p);
    p += 4;
    if (code >= 0xd800 && code < 0xdc00 && p + 6 <= end && load<u16>(p) == 0x755c) {
      const low = unit(p + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      }
    }
    out = put(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  }
  return new Bytes(to, <i32>(out - to));
}

function plainEscape(c: u8): u8 {
  switch (c) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
  }
  return c;
}

/** Writes a character as UTF-8; returns the place behind it. */
function put(out: usize, code: u32): usize {
  if (code < 0x80) {
    store<u8>(out, code);
    return out + 1;
  }
  const more: u32 = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  store<u8>(out, (more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0) | (code >> (6 * more)));
  for (let i: u32 = 1; i <= more; i++) store<u8>(out + i, 0x80 | ((code >> (6 * (more - i))) & 0x3f));
  return out + more + 1;
}

function escaped(c: i32): string {
  switch (c) {
    case 0x22: return '\\"';
    case 0x5c: return "\\\\";
    case 0x0a: return "\\n";
    case 0x0d: return "\\r";
    case 0x09: return "\\t";
  }
  return "\\u" + c.toString(16).padStart(4, "0");
}
