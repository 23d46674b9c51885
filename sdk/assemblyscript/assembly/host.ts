// The functions of the host.

import { Bytes } from "./bytes";

@external("weir", "log") declare function hostLog(level: u32, at: usize, size: usize): void;
@external("weir", "error") declare function hostError(at: usize, size: usize): void;
@external("weir", "reject") declare function hostReject(index: u32, at: usize, size: usize): void;
@external("weir", "metric") declare function hostMetric(kind: u32, at: usize, size: usize, value: f64): void;
@external("weir", "now") declare function hostNow(): i64;

/** How important a log line is. */
export enum Level {
  /** For whoever develops the processor. */
  Debug,
  /** Worth knowing. */
  Info,
  /** Something is off, and the processor went on. */
  Warn,
  /** Something failed. */
  Error,
}

/** Writes a line to the host's log. The host limits their rate. */
export function log(level: Level, text: string): void {
  const bytes = Bytes.of(text);
  hostLog(level, bytes.at, bytes.length);
}

/** Adds to a counter of the pipeline. The host bounds the number of names. */
export function count(name: string, by: f64 = 1): void {
  metric(0, name, by);
}

/** Sets a gauge of the pipeline. */
export function gauge(name: string, value: f64): void {
  metric(1, name, value);
}

/** Adds an observation to a histogram of the pipeline. */
export function observe(name: string, value: f64): void {
  metric(2, name, value);
}

function metric(kind: u32, name: string, value: f64): void {
  const bytes = Bytes.of(name);
  hostMetric(kind, bytes.at, bytes.length, value);
}

/**
 * Nanoseconds since 1970, the same for a whole batch: the same batch gives the
 * same output whenever it runs.
 */
export function now(): i64 {
  return hostNow();
}

/**
 * Ends the instance. The host finds the event that caused it and hands that one
 * alone to the error policy, with this text. `throw` does the same, with the
 * place in the source behind the text.
 */
export function panic(text: string): void {
  error("panic: " + text);
  unreachable();
}

/** Tells the host why the call is about to fail. */
export function error(text: string): void {
  const bytes = Bytes.of(text);
  hostError(bytes.at, bytes.length);
}

/** Tells the host that an input is rejected. */
export function rejectInput(index: u32, text: string): void {
  const bytes = Bytes.of(text);
  hostReject(index, bytes.at, bytes.length);
}
