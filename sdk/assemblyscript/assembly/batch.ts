// Batches and processors.

import { Config } from "./config";
import * as entry from "./entry";
import { Event } from "./event";
import { rejectInput } from "./host";
import { alloc } from "./memory";

/**
 * A processor with a config or with state of its own. The host may throw an
 * instance away between batches and use several at a time: state is a cache, not
 * a store.
 */
export abstract class Processor {
  /** Called once before the first event; config.refuse keeps the pipeline from starting. */
  open(config: Config): void {
    config.ignore();
  }

  /**
   * Handles one event, which is sent on as it is when the method returns,
   * unless it was dropped or rejected.
   */
  process(event: Event): void {}

  /** Handles a batch, by default event by event. */
  processBatch(batch: Batch): void {
    batch.each();
  }

  /** Called before the instance is thrown away in good order. */
  close(): void {}
}

/**
 * The events that one call brings.
 *
 * Outputs go into the input's own table as long as each takes a place whose
 * event is done, which is every pass-through and every filter; else into a table
 * of their own.
 */
export class Batch {
  private table: usize = 0;
  private out: usize = 0;
  private sent: i32 = 0;
  private room: i32 = 0;
  private inPlace: bool = true;
  private event!: Event;
  /** The number of events. */
  length: i32 = 0;

  constructor(private processor: Processor) {
    this.event = new Event(this);
  }

  begin(table: usize, count: i32): void {
    this.table = table;
    this.out = table;
    this.length = count;
    this.sent = 0;
    this.room = 0;
    this.inPlace = true;
  }

  /** Has the processor process every event in order. */
  each(): void {
    for (let i = 0; i < this.length; i++) {
      if (this.inPlace) this.room = i; // the places in front are free, its own is not
      this.visit(i);
    }
    if (this.inPlace) this.room = this.length;
  }

  /**
   * Has the processor process one event, in whatever order the caller likes;
   * outputs leave in the order of the calls. An event that is never run is
   * dropped, one that is run again is found as it was left. It traps when there
   * is no such event.
   */
  run(index: i32): void {
    if (<u32>index >= <u32>this.length) {
      throw new RangeError("event " + index.toString() + " of a batch of " + this.length.toString());
    }
    if (this.inPlace) this.moveOut();
    this.visit(index);
  }

  private visit(index: i32): void {
    const event = this.event;
    const at = this.table + <usize>index * entry.ENTRY;
    event.begin(at);
    this.processor.process(event);
    const fault = event.fault;
    if (fault !== null) rejectInput(index, fault);
    else if (event.dropped) return;
    else if (this.inPlace && this.sent == index) this.sent++;
    else this.send(at);
  }

  /** Sends a copy of an entry. */
  send(at: usize): void {
    if (this.sent >= this.room) this.moveOut();
    memory.copy(this.out + <usize>this.sent * entry.ENTRY, at, entry.ENTRY);
    this.sent++;
  }

  /** Moves the outputs to a larger table of their own. */
  private moveOut(): void {
    this.room = max(this.room, this.length) * 2;
    const table = alloc(<usize>this.room * entry.ENTRY);
    memory.copy(table, this.out, <usize>this.sent * entry.ENTRY);
    this.out = table;
    this.inPlace = false;
  }

  /** What weir_process returns. */
  get result(): u64 {
    return (<u64>this.out << 32) | <u64>this.sent;
  }
}
