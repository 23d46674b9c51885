// A host for tests under node, without a broker: it puts events into a module's
// memory as weir does, calls the exports, and reads back what came of them.
//
//     import { open } from "weir-processor/testing";
//
//     const host = await open("build/selector.wasm", { threshold: 5 });
//     const ran = host.run([{ value: '{"weight": 7}' }]);
//     assert.equal(ran.events[0].topic, "heavy");

import { readFile } from "node:fs/promises";

const ENTRY = 80, HEADER = 16, PAIR = 32;
const VALUE_NULL = 1, KEY_NULL = 2, ROUTED = 4, STAMPED = 8;
const LEVELS = ["debug", "info", "warn", "error"];
const METRICS = ["counter", "gauge", "histogram"];

/** The time of every batch, in nanoseconds since 1970. */
export const NOW = 1_700_000_000_000_000_000n;

/**
 * Opens a module, given by its path or its bytes, with a config, which is any
 * JSON value. It throws what the module says when that refuses its config.
 */
export async function open(module, config = null) {
  const bytes = typeof module === "string" ? await readFile(module) : module;
  const host = new Host();
  await host.start(bytes, config);
  return host;
}

/**
 * An event, as it goes in and as it comes out. Texts may be strings or bytes;
 * what comes out is a string when it is UTF-8, else bytes.
 *
 * @typedef {object} Event
 * @property {string|Uint8Array|null} [value] the payload, null when absent
 * @property {string|Uint8Array|null} [key]
 * @property {[string, string|Uint8Array|null][]} [headers]
 * @property {Record<string, null|boolean|bigint|number|string|Uint8Array|{json: string}>} [context]
 *   a bigint is an int, a number a float, a string a text
 * @property {string} [topic] the topic that a processor chose
 * @property {number} [timestamp] in milliseconds; of what comes out only when a processor set it
 * @property {number} [partition] the partition that a processor chose
 * @property {number} [source] of what comes out: the index of its input
 */

/** The host of an open module. */
export class Host {
  #log = [];
  #metrics = [];
  #rejects = [];
  #error = "";
  #exports;

  async start(bytes, config) {
    const text = (at, size) => decode(this.#bytes(at, size));
    const utf16 = (at) => at === 0 ? "" : new TextDecoder("utf-16le").decode(this.#bytes(at, this.#view.getUint32(at - 4, true)));
    const { instance } = await WebAssembly.instantiate(bytes, {
      env: {
        abort: (message, file, line, column) => {
          throw new Error(`${utf16(message)} (${utf16(file)}:${line}:${column})`);
        },
      },
      weir: {
        log: (level, at, size) => this.#log.push(`${LEVELS[level]}: ${text(at, size)}`),
        error: (at, size) => { this.#error = text(at, size); },
        reject: (source, at, size) => this.#rejects.push({ source, message: text(at, size) }),
        metric: (kind, at, size, value) => this.#metrics.push(`${METRICS[kind]} ${text(at, size)} ${value}`),
        now: () => NOW,
      },
    });
    this.#exports = instance.exports;
    const opening = encode(JSON.stringify({ pipeline: "pipeline", processor: "processor", config }));
    const at = this.#exports.weir_buffer(opening.length);
    this.#bytes(at, opening.length).set(opening);
    if (this.#call(() => this.#exports.weir_open(at, opening.length)) !== 0) throw new Error(this.#error);
  }

  /**
   * Runs the module on one batch. It throws when the module traps, with the
   * text that the module gave.
   *
   * @param {Event[]} events
   * @returns {{events: Event[], rejects: {source: number, message: string}[], log: string[], metrics: string[]}}
   */
  run(events) {
    const batch = new Writer(events.length * ENTRY);
    events.forEach((event, index) => batch.event(event, index));
    const at = this.#exports.weir_buffer(batch.size);
    batch.copyTo(this.#bytes(at, batch.size), at);
    this.#log.length = this.#metrics.length = this.#rejects.length = 0;
    const result = BigInt.asUintN(64, this.#call(() => this.#exports.weir_process(at, events.length)));
    const out = Number(result >> 32n), count = Number(result & 0xffffffffn);
    const ran = { events: [], rejects: [...this.#rejects], log: [...this.#log], metrics: [...this.#metrics] };
    const rejected = new Set(ran.rejects.map((reject) => reject.source));
    for (let i = 0; i < count; i++) {
      const event = this.#event(out + i * ENTRY);
      if (!rejected.has(event.source)) ran.events.push(event);
    }
    return ran;
  }

  /** Closes the module; returns what it logged on the way. */
  close() {
    this.#log.length = 0;
    this.#exports.weir_close?.();
    return [...this.#log];
  }

  /** The pages of memory that the module has. */
  get pages() {
    return this.#exports.memory.buffer.byteLength / 65536;
  }

  #call(call) {
    this.#error = "";
    try {
      return call();
    } catch (cause) {
      throw this.#error === "" ? cause : new Error(this.#error, { cause });
    }
  }

  #bytes(at, size) {
    return new Uint8Array(this.#exports.memory.buffer, at, size);
  }

  get #view() {
    return new DataView(this.#exports.memory.buffer);
  }

  #span(at) {
    const view = this.#view;
    return decode(this.#bytes(view.getUint32(at, true), view.getUint32(at + 4, true)));
  }

  #event(at) {
    const view = this.#view;
    const flags = view.getUint32(at + 4, true);
    const event = {
      source: view.getUint32(at, true),
      value: flags & VALUE_NULL ? null : this.#span(at + 8),
      key: flags & KEY_NULL ? null : this.#span(at + 16),
      headers: [],
      context: {},
    };
    if (flags & ROUTED) event.topic = this.#span(at + 40);
    if (flags & STAMPED) event.timestamp = Number(view.getBigInt64(at + 56, true));
    if (view.getInt32(at + 76, true) !== -1) event.partition = view.getInt32(at + 76, true);
    for (let i = 0, p = view.getUint32(at + 24, true); i < view.getUint32(at + 28, true); i++, p += HEADER) {
      const isNull = view.getUint32(p + 8, true) === 0 && view.getUint32(p + 12, true) === 0xffffffff;
      event.headers.push([this.#span(p), isNull ? null : this.#span(p + 8)]);
    }
    for (let i = 0, p = view.getUint32(at + 32, true); i < view.getUint32(at + 36, true); i++, p += PAIR) {
      event.context[this.#span(p)] = this.#value(p);
    }
    return event;
  }

  #value(pair) {
    const view = this.#view;
    switch (view.getUint32(pair + 8, true)) {
      case 1: return view.getBigUint64(pair + 16, true) !== 0n;
      case 2: return view.getBigInt64(pair + 16, true);
      case 3: return view.getFloat64(pair + 16, true);
      case 4: return this.#span(pair + 16);
      case 5: return encode(this.#span(pair + 16));
      case 6: return { json: this.#span(pair + 16) };
    }
    return null;
  }
}

/** A batch that is being laid out; addresses are added when it is copied. */
class Writer {
  #data;
  #addresses = [];

  constructor(table) {
    this.size = table;
    this.#data = new DataView(new ArrayBuffer(Math.max(table * 2, 1024)));
  }

  event(event, index) {
    const at = index * ENTRY;
    const { value = null, key = null, headers = [], context = {}, topic, timestamp = 0, partition = -1 } = event;
    this.#u32(at, index);
    this.#u32(at + 4, (value === null ? VALUE_NULL : 0) | (key === null ? KEY_NULL : 0) | (topic === undefined ? 0 : ROUTED));
    this.#span(at + 8, value);
    this.#span(at + 16, key);
    this.#span(at + 40, topic ?? null);
    this.#span(at + 48, "input");
    this.#data.setBigInt64(at + 56, BigInt(timestamp), true);
    this.#data.setBigInt64(at + 64, BigInt(index), true);
    this.#u32(at + 76, partition);
    const pairs = Object.entries(context);
    let p = this.#array(at + 24, headers.length, HEADER);
    for (const [name, content] of headers) {
      this.#span(p, name);
      this.#span(p + 8, content);
      if (content === null) this.#u32(p + 12, 0xffffffff);
      p += HEADER;
    }
    p = this.#array(at + 32, pairs.length, PAIR);
    for (const [name, content] of pairs) {
      this.#span(p, name);
      this.#value(p, content);
      p += PAIR;
    }
  }

  copyTo(memory, base) {
    for (const at of this.#addresses) this.#u32(at, this.#data.getUint32(at, true) + base);
    memory.set(new Uint8Array(this.#data.buffer, 0, this.size));
  }

  #value(pair, value) {
    if (value === null) return;
    const [kind, write] = {
      boolean: [1, () => this.#u32(pair + 16, Number(value))],
      bigint: [2, () => this.#data.setBigInt64(pair + 16, value, true)],
      number: [3, () => this.#data.setFloat64(pair + 16, value, true)],
      string: [4, () => this.#span(pair + 16, value)],
      object: value instanceof Uint8Array ? [5, () => this.#span(pair + 16, value)] : [6, () => this.#span(pair + 16, value.json)],
    }[typeof value];
    this.#u32(pair + 8, kind);
    write();
  }

  #u32(at, value) {
    this.#data.setUint32(at, value, true);
  }

  #room(size) {
    const at = this.size;
    this.size += (size + 7) & ~7;
    if (this.size > this.#data.byteLength) {
      const larger = new Uint8Array(this.size * 2);
      larger.set(new Uint8Array(this.#data.buffer));
      this.#data = new DataView(larger.buffer);
    }
    return at;
  }

  #array(at, count, size) {
    const place = this.#room(count * size);
    this.#u32(at, place);
    this.#u32(at + 4, count);
    this.#addresses.push(at);
    return place;
  }

  #span(at, text) {
    if (text === null) return;
    const bytes = encode(text);
    const place = this.#room(bytes.length);
    new Uint8Array(this.#data.buffer).set(bytes, place);
    this.#u32(at, place);
    this.#u32(at + 4, bytes.length);
    this.#addresses.push(at);
  }
}

function encode(text) {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.slice();
  }
}
