// What the host calls. A module exports all of it:
//
//     export * from "weir-processor/exports";

import { Batch, Processor } from "./batch";
import { Bytes } from "./bytes";
import { Config } from "./config";
import { Event } from "./event";
import { error } from "./host";
import { buffer, reset } from "./memory";

let processor: Processor | null = null;
let batch: Batch | null = null;

/** Makes a processor the module's own. Call it, or process, once, at the top level of the module. */
export function register(own: Processor): void {
  if (processor !== null) throw new Error("a processor is registered already");
  processor = own;
  batch = new Batch(own);
}

/** Makes a function of an event the module's processor. */
export function process(handle: (event: Event) => void): void {
  register(new FunctionProcessor(handle));
}

class FunctionProcessor extends Processor {
  constructor(private handle: (event: Event) => void) {
    super();
  }

  process(event: Event): void {
    this.handle(event);
  }
}

export function weir_abi_1(): void {}

export function weir_buffer(size: usize): usize {
  return buffer(size);
}

export function weir_open(at: usize, size: i32): i32 {
  reset();
  const own = processor;
  if (own === null) {
    error("the module registers no processor: call process or register at its top level");
    return 1;
  }
  const config = Config.read(new Bytes(at, size));
  if (config.fault === null) {
    own.open(config);
    config.finish();
  }
  const fault = config.fault;
  if (fault === null) return 0;
  error(fault);
  return 1;
}

export function weir_process(table: usize, count: i32): u64 {
  reset();
  const own = batch!;
  own.begin(table, count);
  processor!.processBatch(own);
  return own.result;
}

export function weir_close(): void {
  const own = processor;
  if (own !== null) own.close();
}
