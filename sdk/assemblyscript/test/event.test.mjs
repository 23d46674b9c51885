// Events, their context, JSON and memory.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open } from "../testing/index.mjs";

const guest = () => open("build/guest.wasm", { anything: 1 });

test("what is not touched passes as it is", async () => {
  const host = await guest();
  const events = [
    { value: "v", headers: [["a", "1"], ["n", null], ["a", ""]], context: { i: -5n, t: "x", f: 2.5, b: true, z: null, j: { json: "[]" } } },
    { value: null },
    { value: "", topic: "earlier", partition: 4 },
    { value: new Uint8Array([0xff]) },
  ];
  const ran = host.run(events);
  assert.deepEqual(ran.rejects, []);
  assert.deepEqual(ran.events, events.map((event, source) => ({ source, key: null, headers: [], context: {}, ...event })));
});

test("all parts of an event can be changed", async () => {
  const host = await guest();
  const [event] = host.run([{ key: "change", value: "old value", headers: [["a", "1"], ["n", "0"]] }]).events;
  assert.deepEqual(event, {
    source: 0, value: "new é", key: "é", headers: [["n", "0"], ["b", "2"], ["c", null]],
    context: {}, topic: "heavy", timestamp: 7, partition: 3,
  });
});

test("reads find what a processor wrote, else the source's facts", async () => {
  const host = await guest();
  const { log } = host.run([{ key: "read", value: "", headers: [["a", null]], context: { t: "x", i: 3n, f: 1.5 } }]);
  assert.deepEqual(log, ["info: input 0 0", "info: input x 3 1.5", "info: true true", "info: 11 t 4"]);
});

test("the context holds every kind", async () => {
  const host = await guest();
  const [{ context, key }] = host.run([{ key: "context", value: "\u00ff" }]).events;
  assert.equal(Object.keys(context).length, 24);
  assert.equal(key, "k");
  const { n1, n19, f, b, z, j, y } = context;
  assert.deepEqual({ n1, n19, f, b, z, j, y }, { n1: 1n, n19: 19n, f: 0.5, b: true, z: null, j: { json: "[1]" }, y: new Uint8Array([0xc3]) });
});

test("JSON is read in place", async () => {
  const host = await guest();
  const value = '{"items": [{"price": 7.5}, {"price": 3}], "a/b": {"~": "x\\n\\ud83d\\ude00\\ud800"}, "big": -9223372036854775808, "half": 0.5}';
  const { log, rejects } = host.run([{ key: "json", value }]);
  assert.deepEqual(rejects, []);
  assert.deepEqual(log, [
    "info: 10.5 items,a/b,big,half, 3",
    "info: x\n\u{1f600}\ufffdmissing-9223372036854775808",
    'info: "a\\"\\\\\\n\\u0001é" false0.5',
  ]);
});

test("what cannot be done rejects the event", async () => {
  const host = await guest();
  const cases = {
    "reject": "no order",
    "topic": "context kafka_topic cannot be empty",
    "stamp": "context kafka_timestamp cannot be before 1970",
    "partition": "context kafka_partition cannot be negative",
    "int topic": "context kafka_topic must be text",
    "offset": "context kafka_offset cannot be set: names of the kafka_ family are reserved",
    "empty name": "context name cannot be empty",
    "not text": "context x must be UTF-8: use bytes for other bytes",
    "number": 'field "weight": malformed JSON at byte 0: expected a value',
    "string": 'field "id": malformed JSON at byte 0: expected a value',
  };
  const { events, rejects } = host.run(Object.keys(cases).map((key) => ({ key, value: new Uint8Array([0xff]) })));
  assert.deepEqual(events, []);
  assert.deepEqual(rejects.map((reject) => reject.message), Object.values(cases));
});

test("an event is emitted as it is then", async () => {
  const host = await guest();
  const { events } = host.run([{ key: "emit", value: "a" }, { value: "b" }]);
  assert.deepEqual(events.map((event) => [event.source, event.context.n]), [[0, 0n], [0, 1n], [0, 2n], [1, undefined]]);
});

test("a trap says why", async () => {
  const host = await guest();
  assert.throws(() => host.run([{ key: "throw", value: "" }]), /^Error: out of order \(test\/assembly\/guest.ts:/);
  assert.throws(() => host.run([{ key: "panic", value: "" }]), /^Error: panic: out of order$/);
});

test("memory reaches a size and stays there", async () => {
  const host = await guest();
  let pages;
  for (let round = 0; round < 60; round++) {
    const value = "x".repeat(round % 3 === 0 ? 1000 : 300_000);
    const { events } = host.run(Array.from({ length: 4 }, () => ({ key: "garbage", value })));
    assert.ok(events[3].value.endsWith("199" + value));
    if (round === 20) pages = host.pages;
  }
  assert.equal(host.pages, pages);
});
