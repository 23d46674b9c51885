// The example: its config, and what it does with events.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open } from "../testing/index.mjs";

test("the config is checked", async () => {
  const cases = [
    [[], "the config is an array, not an object"],
    [{ treshold: 1 }, 'unknown config key "treshold": known are threshold, above, below'],
    [{ threshold: "10" }, 'config key "threshold" is a string, not a number'],
    [{ above: 1 }, 'config key "above" is a number, not a string'],
  ];
  for (const [config, message] of cases) await assert.rejects(open("build/selector.wasm", config), { message });
});

test("events are routed by their weight", async () => {
  const host = await open("build/selector.wasm", { threshold: 2.5, above: "big" });
  const ran = host.run(['{"weight": 2.6}', '{"weight": 25e-1}', "{}", '{"weight": null}'].map((value) => ({ value })));
  assert.deepEqual(ran.events.map((event) => event.topic), ["big", "light"]);
  assert.deepEqual(ran.rejects, [
    { source: 2, message: 'field "weight" is missing' },
    { source: 3, message: 'field "weight" is null, not a number' },
  ]);
});
