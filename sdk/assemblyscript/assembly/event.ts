// Events: what a processor reads and changes.

import { Batch } from "./batch";
import { Bytes, keep, Span, spanAt } from "./bytes";
import { Context } from "./context";
import * as entry from "./entry";
import { Json, jsonError, missing } from "./json";
import { alloc } from "./memory";

/** Leaves the choice of the target partition to the partitioner. */
export const ANY_PARTITION: i32 = -1;

/**
 * One event: a value with its key, headers, timestamp and context. It is valid
 * until the processor returns.
 *
 * Bytes that are set are copied, except for those that lie in the batch. What
 * cannot be done rejects the event when the processor returns, with the first
 * reason: so most processors need no check of their own.
 */
export class Event {
  /** The map beside the payload. */
  readonly context: Context = new Context();
  /** The headers, in order. */
  readonly headers: Headers = new Headers();
  /** The address of the event's entry. */
  entry: usize = 0;
  /** Why the event will be rejected. */
  fault: string | null = null;
  dropped: bool = false;

  constructor(private batch: Batch) {
    this.context.event = this;
    this.headers.event = this;
  }

  /** Makes this the event of an entry. */
  begin(at: usize): void {
    this.entry = at;
    this.fault = null;
    this.dropped = false;
    this.context.room = 0;
  }

  has(flag: u32): bool {
    return (load<u32>(this.entry, entry.FLAGS) & flag) != 0;
  }

  mark(flag: u32, on: bool): void {
    const flags = load<u32>(this.entry, entry.FLAGS);
    store<u32>(this.entry, on ? flags | flag : flags & ~flag, entry.FLAGS);
  }

  /** Rejects the event for what a setter could not do. */
  fail(name: string, why: string): void {
    this.reject("context " + name + " " + why);
  }

  /** The payload; null is a tombstone, which is not the same as empty. */
  get value(): Bytes | null {
    return this.has(entry.VALUE_NULL) ? null : spanAt(this.entry + entry.VALUE);
  }

  set value(value: Bytes | null) {
    if (value !== null) store<Span>(this.entry, keep(value), entry.VALUE);
    this.mark(entry.VALUE_NULL, value === null);
  }

  /** The payload as text, empty when it is null; what is not UTF-8 reads as U+FFFD. */
  get text(): string {
    const value = this.value;
    return value === null ? "" : value.toString();
  }

  set text(text: string) {
    this.value = Bytes.of(text);
  }

  /** The key; null is none. */
  get key(): Bytes | null {
    return this.has(entry.KEY_NULL) ? null : spanAt(this.entry + entry.KEY);
  }

  set key(key: Bytes | null) {
    if (key !== null) store<Span>(this.entry, keep(key), entry.KEY);
    this.mark(entry.KEY_NULL, key === null);
  }

  /** Sends the event to another topic than the sink's own. */
  route(topic: string): void {
    this.routeBytes(Bytes.of(topic));
  }

  routeBytes(topic: Bytes): void {
    if (topic.length == 0) return this.fail("kafka_topic", "cannot be empty");
    if (!topic.isText) return this.fail("kafka_topic", "must be UTF-8");
    store<Span>(this.entry, keep(topic), entry.TOPIC);
    this.mark(entry.ROUTED, true);
  }

  /** The topic that this or an earlier processor routed the event to. */
  get routed(): string | null {
    return this.has(entry.ROUTED) ? spanAt(this.entry + entry.TOPIC).toString() : null;
  }

  /** The record's timestamp, or the one that a processor set, in milliseconds since 1970. */
  get timestamp(): i64 {
    return load<i64>(this.entry, entry.TIMESTAMP);
  }

  set timestamp(ms: i64) {
    if (ms < 0) return this.fail("kafka_timestamp", "cannot be before 1970");
    store<i64>(this.entry, ms, entry.TIMESTAMP);
    this.mark(entry.STAMPED, true);
  }

  /** The target partition that a processor chose, or ANY_PARTITION. */
  get partition(): i32 {
    return load<i32>(this.entry, entry.PARTITION);
  }

  set partition(partition: i32) {
    if (partition < ANY_PARTITION) return this.fail("kafka_partition", "cannot be negative");
    store<i32>(this.entry, partition, entry.PARTITION);
  }

  /** The topic that the event was read from. */
  get sourceTopic(): string {
    return spanAt(this.entry + entry.SOURCE_TOPIC).toString();
  }

  /** The partition that the event was read from. */
  get sourcePartition(): i32 {
    return load<i32>(this.entry, entry.SOURCE_PARTITION);
  }

  /** The offset that the event was read from. */
  get sourceOffset(): i64 {
    return load<i64>(this.entry, entry.OFFSET);
  }

  /**
   * Sends the event as it is now, in front of whatever becomes of it after:
   * without drop it is sent once more at the end.
   */
  emit(): void {
    this.context.room = 0; // what is emitted shares the array
    this.batch.send(this.entry);
  }

  /** Drops the event: it is done, and nothing more of it is sent. */
  drop(): void {
    this.dropped = true;
  }

  /**
   * Hands the event to the error policy, with the reason for the person who
   * reads the dead letter. What it emitted is ignored.
   */
  reject(reason: string): void {
    if (this.fault === null) this.fault = reason;
  }

  /** Tells whether the event was rejected, by reject or by what could not be done. */
  get rejected(): bool {
    return this.fault !== null;
  }

  /**
   * The member of the JSON payload at a dotted path, as Json.find finds it.
   * Malformed JSON and a missing member reject the event; the result is then
   * missing.
   */
  field(path: string): Json {
    const value = this.value;
    if (value === null) {
      this.reject('field "' + path + '": the value is null');
      return missing;
    }
    const found = Json.find(value, path);
    if (found === null) {
      this.reject('field "' + path + '": ' + jsonError!.toString());
      return missing;
    }
    if (!found.exists) this.reject('field "' + path + '" is missing');
    return found;
  }

  private wrong(path: string, field: Json, wanted: string): void {
    this.reject('field "' + path + '" is ' + field.kind + ", not " + wanted);
  }

  /** The number at a dotted path; one of another kind rejects the event, the result is then NaN. */
  number(path: string): f64 {
    const field = this.field(path);
    if (!field.isNumber) this.wrong(path, field, "a number");
    return field.number();
  }

  /** The whole number at a dotted path; one of another kind rejects the event, the result is then 0. */
  int(path: string): i64 {
    const field = this.field(path);
    if (!field.isInt) this.wrong(path, field, "a whole number of 64 bits");
    return field.int();
  }

  /** The truth value at a dotted path; one of another kind rejects the event, the result is then false. */
  bool(path: string): bool {
    const field = this.field(path);
    if (!field.isBool) this.wrong(path, field, "a boolean");
    return field.bool();
  }

  /** The text at a dotted path; one of another kind rejects the event, the result is then empty. */
  string(path: string): string {
    const text = this.field(path);
    if (!text.isString) this.wrong(path, text, "a string");
    const found = text.text();
    return found === null ? "" : found;
  }
}

/** One header. Names may repeat; a null value is not an empty one. */
export class Header {
  constructor(
    public readonly name: string,
    public readonly value: Bytes | null,
  ) {}
}

/** The headers of an event, in order. */
export class Headers {
  event!: Event;

  private get array(): usize {
    return load<u32>(this.event.entry, entry.HEADERS);
  }

  private replace(array: usize, length: i32): void {
    store<u32>(this.event.entry, <u32>array, entry.HEADERS);
    store<i32>(this.event.entry, length, entry.HEADERS + 4);
  }

  /** The number of headers. */
  get length(): i32 {
    return load<i32>(this.event.entry, entry.HEADERS + 4);
  }

  /** A header by its place. It traps when there is no such header. */
  at(index: i32): Header {
    if (<u32>index >= <u32>this.length) throw new RangeError("header " + index.toString() + " of " + this.length.toString());
    const pair = this.array + <usize>index * entry.HEADER;
    const isNull = load<Span>(pair, 8) == entry.NULL_SPAN;
    return new Header(spanAt(pair).toString(), isNull ? null : spanAt(pair + 8));
  }

  /** The last header of a name, or null. */
  get(name: string): Header | null {
    for (let i = this.length - 1; i >= 0; i--) {
      if (spanAt(this.array + <usize>i * entry.HEADER).is(name)) return this.at(i);
    }
    return null;
  }

  /** Adds a header behind the others. */
  add(name: string, value: Bytes | null): void {
    const length = this.length;
    const array = alloc(<usize>(length + 1) * entry.HEADER);
    memory.copy(array, this.array, <usize>length * entry.HEADER);
    const pair = array + <usize>length * entry.HEADER;
    store<Span>(pair, keep(Bytes.of(name)));
    store<Span>(pair, value === null ? entry.NULL_SPAN : keep(value), 8);
    this.replace(array, length + 1);
  }

  /** Adds a header whose value is a text. */
  addText(name: string, text: string): void {
    this.add(name, Bytes.of(text));
  }

  /** Removes every header of a name. */
  remove(name: string): void {
    const length = this.length;
    const array = alloc(<usize>length * entry.HEADER);
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const pair = this.array + <usize>i * entry.HEADER;
      if (spanAt(pair).is(name)) continue;
      memory.copy(array + <usize>kept * entry.HEADER, pair, entry.HEADER);
      kept++;
    }
    this.replace(array, kept);
  }
}
