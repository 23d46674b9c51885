// Event processors for weir in AssemblyScript.

export { Batch, Processor } from "./batch";
export { Bytes } from "./bytes";
export { Config } from "./config";
export { Context, Kind, Pair, Value } from "./context";
export { ANY_PARTITION, Event, Header, Headers } from "./event";
export { process, register } from "./exports";
export { count, gauge, Level, log, now, observe, panic } from "./host";
export { Json, JsonError, jsonError, JsonWalk } from "./json";
export { numberText } from "./number";
