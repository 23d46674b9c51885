// The context: the map beside the payload.

import { Bytes, keep, Span, spanAt } from "./bytes";
import * as entry from "./entry";
import { ANY_PARTITION, Event } from "./event";
import { alloc } from "./memory";

/** What a Value holds. */
export enum Kind {
  Null,
  Bool,
  Int,
  Float,
  Text,
  Bytes,
  /** A JSON document, not checked. */
  Json,
}

/** One typed value of the context. */
export class Value {
  private constructor(
    public readonly kind: Kind,
    private number: u64,
    private data: Bytes | null,
  ) {}

  static null(): Value { return new Value(Kind.Null, 0, null); }
  static bool(value: bool): Value { return new Value(Kind.Bool, <u64>value, null); }
  static int(value: i64): Value { return new Value(Kind.Int, <u64>value, null); }
  static float(value: f64): Value { return new Value(Kind.Float, reinterpret<u64>(value), null); }
  static text(value: string): Value { return new Value(Kind.Text, 0, Bytes.of(value)); }
  static bytes(value: Bytes): Value { return new Value(Kind.Bytes, 0, value); }
  static json(value: string): Value { return new Value(Kind.Json, 0, Bytes.of(value)); }
  /** A value whose bytes are of a kind. */
  static of(kind: Kind, data: Bytes): Value { return new Value(kind, 0, data); }

  /** The value of a pair at an address. */
  static at(pair: usize): Value {
    const kind = load<i32>(pair, entry.PAIR_KIND);
    if (kind < Kind.Text) return new Value(kind, load<u64>(pair, entry.PAIR_PAYLOAD), null);
    return new Value(kind, 0, spanAt(pair + entry.PAIR_PAYLOAD));
  }

  get isNull(): bool { return this.kind == Kind.Null; }

  /** The truth value, or else what is given. */
  asBool(otherwise: bool = false): bool {
    return this.kind == Kind.Bool ? this.number != 0 : otherwise;
  }

  /** The whole number, or else what is given. */
  asInt(otherwise: i64 = 0): i64 {
    return this.kind == Kind.Int ? <i64>this.number : otherwise;
  }

  /** The number, whole or not, or else what is given. */
  asFloat(otherwise: f64 = NaN): f64 {
    if (this.kind == Kind.Float) return reinterpret<f64>(this.number);
    return this.kind == Kind.Int ? <f64>(<i64>this.number) : otherwise;
  }

  /** The text, bytes or JSON as text; empty if it has none. */
  asText(): string {
    const data = this.data;
    return data === null ? "" : data.toString();
  }

  /** The bytes of a text, bytes or JSON; null if it has none. */
  asBytes(): Bytes | null {
    return this.data;
  }

  /** The payload as the layout has it. */
  get payload(): u64 {
    const data = this.data;
    return data === null ? this.number : keep(data);
  }
}

/** A name of the context with its value. */
export class Pair {
  constructor(
    public readonly name: string,
    public readonly value: Value,
  ) {}
}

/** The names that every event has beside its own pairs. */
const facts: StaticArray<string> = [
  "kafka_topic", "kafka_partition", "kafka_offset", "kafka_key", "kafka_timestamp",
  "_kafka_topic", "_kafka_partition", "_kafka_offset",
];

function reserved(name: string): bool {
  return name.startsWith("kafka_") || name.startsWith("_kafka_");
}

/**
 * The map beside the payload: the pairs that travel along the chain of
 * processors, and the kafka_* names, as one.
 *
 * A read of kafka_topic, kafka_partition, kafka_key, kafka_timestamp or
 * kafka_offset finds what a processor wrote, else the source's fact; a write
 * tells the sink. _kafka_topic, _kafka_partition and _kafka_offset are always
 * the source's facts. Headers are with the event.
 */
export class Context {
  event!: Event;
  /** How many pairs the array has room for; 0 while it is not this event's own. */
  room: i32 = 0;

  private get array(): usize {
    return load<u32>(this.event.entry, entry.CONTEXT);
  }

  private get pairs(): i32 {
    return load<i32>(this.event.entry, entry.CONTEXT + 4);
  }

  private set pairs(count: i32) {
    store<i32>(this.event.entry, count, entry.CONTEXT + 4);
  }

  private pair(index: i32): usize {
    return this.array + <usize>index * entry.PAIR;
  }

  private find(name: string): i32 {
    for (let i = 0; i < this.pairs; i++) {
      if (spanAt(this.pair(i)).is(name)) return i;
    }
    return -1;
  }

  /** The value of a name, or null. */
  get(name: string): Value | null {
    if (reserved(name)) return this.fact(name);
    const i = this.find(name);
    return i < 0 ? null : Value.at(this.pair(i));
  }

  /** The text of a name; empty if it has none. */
  text(name: string): string {
    const value = this.get(name);
    return value === null ? "" : value.asText();
  }

  /** The whole number of a name, or else what is given. */
  int(name: string, otherwise: i64 = 0): i64 {
    const value = this.get(name);
    return value === null ? otherwise : value.asInt(otherwise);
  }

  /** The number of a name, whole or not, or else what is given. */
  float(name: string, otherwise: f64 = NaN): f64 {
    const value = this.get(name);
    return value === null ? otherwise : value.asFloat(otherwise);
  }

  /** The truth value of a name, or else what is given. */
  bool(name: string, otherwise: bool = false): bool {
    const value = this.get(name);
    return value === null ? otherwise : value.asBool(otherwise);
  }

  /** The number of names: the kafka_* ones, then the pairs. */
  get length(): i32 {
    return facts.length + this.pairs;
  }

  /** A name by its place. It traps when there is no such name. */
  at(index: i32): Pair {
    if (<u32>index >= <u32>this.length) throw new RangeError("pair " + index.toString() + " of " + this.length.toString());
    if (index < facts.length) return new Pair(facts[index], this.fact(facts[index])!);
    const pair = this.pair(index - facts.length);
    return new Pair(spanAt(pair).toString(), Value.at(pair));
  }

  /**
   * Sets a name: a pair that travels on, or one of the kafka_* names that tell
   * the sink where and how to write.
   */
  set(name: string, value: Value): void {
    const event = this.event;
    const data = value.asBytes();
    if ((value.kind == Kind.Text || value.kind == Kind.Json) && !data!.isText) {
      event.fail(name, "must be UTF-8: use bytes for other bytes");
    } else if (reserved(name)) {
      this.tellSink(name, value);
    } else if (name.length == 0) {
      event.fail("name", "cannot be empty");
    } else {
      this.setPair(name, value);
    }
  }

  setText(name: string, value: string): void { this.set(name, Value.text(value)); }
  setInt(name: string, value: i64): void { this.set(name, Value.int(value)); }
  setFloat(name: string, value: f64): void { this.set(name, Value.float(value)); }
  setBool(name: string, value: bool): void { this.set(name, Value.bool(value)); }
  setBytes(name: string, value: Bytes): void { this.set(name, Value.bytes(value)); }
  setJson(name: string, value: string): void { this.set(name, Value.json(value)); }
  setNull(name: string): void { this.set(name, Value.null()); }

  /**
   * Removes a name. Of the kafka_* names, those that a processor can set fall
   * back to what the sink would do without.
   */
  remove(name: string): void {
    if (reserved(name)) return this.tellSink(name, Value.null());
    const i = this.find(name);
    if (i < 0) return;
    this.own();
    memory.copy(this.pair(i), this.pair(i + 1), <usize>(this.pairs - i - 1) * entry.PAIR);
    this.pairs--;
  }

  /** Makes the array this event's alone, with room for one more pair. */
  private own(): void {
    if (this.pairs < this.room) return;
    this.room = max(4, 2 * this.pairs);
    const array = alloc(<usize>this.room * entry.PAIR);
    memory.copy(array, this.array, <usize>this.pairs * entry.PAIR);
    store<u32>(this.event.entry, <u32>array, entry.CONTEXT);
  }

  private setPair(name: string, value: Value): void {
    let i = this.find(name);
    this.own();
    if (i < 0) {
      i = this.pairs++;
      store<Span>(this.pair(i), keep(Bytes.of(name)));
      store<u32>(this.pair(i), 0, entry.PAIR_KIND + 4);
      store<u64>(this.pair(i), 0, entry.PAIR_PAYLOAD + 8);
    }
    store<u32>(this.pair(i), value.kind, entry.PAIR_KIND);
    store<u64>(this.pair(i), value.payload, entry.PAIR_PAYLOAD);
  }

  private fact(name: string): Value | null {
    const event = this.event;
    const source = name.charCodeAt(0) == 0x5f;
    const what = source ? name.substring(1) : name;
    if (what == "kafka_topic") {
      const routed = !source && event.has(entry.ROUTED);
      return Value.of(Kind.Text, spanAt(event.entry + (routed ? entry.TOPIC : entry.SOURCE_TOPIC)));
    }
    if (what == "kafka_partition") {
      const chosen = !source && event.partition != ANY_PARTITION;
      return Value.int(chosen ? event.partition : event.sourcePartition);
    }
    if (what == "kafka_offset") return Value.int(event.sourceOffset);
    if (name == "kafka_timestamp") return Value.int(event.timestamp);
    if (name == "kafka_key") {
      const key = event.key;
      return key === null ? Value.null() : Value.bytes(key);
    }
    return null;
  }

  private tellSink(name: string, value: Value): void {
    const event = this.event;
    if (name == "kafka_topic") {
      if (value.kind == Kind.Text) event.routeBytes(value.asBytes()!);
      else if (value.isNull) event.mark(entry.ROUTED, false);
      else event.fail(name, "must be text");
    } else if (name == "kafka_key") {
      if (value.isNull || value.kind == Kind.Text || value.kind == Kind.Bytes) event.key = value.asBytes();
      else event.fail(name, "must be bytes or text");
    } else if (name == "kafka_partition") {
      if (value.isNull) event.partition = ANY_PARTITION;
      else if (value.kind != Kind.Int) event.fail(name, "must be a whole number");
      else if (value.asInt() < 0 || value.asInt() > i32.MAX_VALUE) event.fail(name, "must be between 0 and 2147483647");
      else event.partition = <i32>value.asInt();
    } else if (name == "kafka_timestamp") {
      if (value.kind == Kind.Int) event.timestamp = value.asInt();
      else if (value.isNull) event.mark(entry.STAMPED, false);
      else event.fail(name, "must be a whole number of milliseconds");
    } else if (name == "kafka_headers") {
      event.fail(name, "is set through the event's headers");
    } else {
      event.fail(name, "cannot be set: names of the kafka_ family are reserved");
    }
  }
}
