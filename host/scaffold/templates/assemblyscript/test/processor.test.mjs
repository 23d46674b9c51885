// The tests here run on the module, under node; those of tests.yaml run under
// weir.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "../weir-processor/testing/index.mjs";

test("selects by the number", async () => {
  const host = await open("processor-name.wasm", { threshold: 5 });
  const ran = host.run([{ value: '{"weight": 5.5}' }, { value: '{"weight": 5}' }, { value: "{}" }]);
  assert.deepEqual(ran.events.map((event) => event.topic), ["heavy", "light"]);
  assert.deepEqual(ran.rejects, [{ source: 2, message: 'field "weight" is missing' }]);
});
