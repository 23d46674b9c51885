// The conformance guest of the AssemblyScript SDK: it does what the commands in
// an event's value say. The kit's README describes them.

import {
  Batch, Bytes, Config, Event, Json, Kind, Level, Processor, Value,
  count, gauge, log, now, numberText, observe, panic, register, ANY_PARTITION,
} from "../../../assemblyscript/index";
export * from "../../../assemblyscript/exports";

/** What stands in front of the first blank, and what behind it. */
class Cut {
  head: string;
  rest: string = "";

  constructor(text: string) {
    const at = text.indexOf(" ");
    this.head = at < 0 ? text : text.substring(0, at);
    if (at >= 0) this.rest = text.substring(at + 1);
  }
}

class Guest extends Processor {
  private reverse: bool = false;
  private twice: bool = false;
  private script: string = "";
  private held: Uint8Array[] = [];

  open(config: Config): void {
    const refuse = config.text("refuse", "");
    const line = config.text("log", "");
    const times = config.int("times", 1);
    this.reverse = config.bool("reverse", false);
    this.twice = config.bool("twice", false);
    this.script = config.text("do", "");
    if (refuse != "") return config.refuse(refuse);
    for (let i: i64 = 0; line != "" && i < times; i++) {
      log(Level.Info, line + ": " + config.pipeline + " " + config.processor);
    }
  }

  close(): void {
    log(Level.Debug, "closed");
  }

  processBatch(batch: Batch): void {
    if (!this.reverse && !this.twice) return batch.each();
    for (let i = 0; i < batch.length; i++) {
      batch.run(this.reverse ? batch.length - 1 - i : i);
      if (this.twice) batch.run(i);
    }
  }

  process(event: Event): void {
    const value = event.value;
    if (this.script == "" && value !== null && !value.isText) return event.reject("the value is not UTF-8 text");
    const commands = (this.script == "" ? event.text : this.script).split(";");
    for (let i = 0; i < commands.length; i++) {
      const command = trim(commands[i]);
      if (command != "" && !this.obey(command, event)) return;
    }
  }

  /** Does a command; false ends them. */
  private obey(command: string, event: Event): bool {
    const cut = new Cut(command);
    const verb = cut.head;
    const rest = cut.rest;
    const words = new Cut(rest);
    if (verb == "pass") return true;
    if (verb == "drop") event.drop();
    else if (verb == "reject") return stop(event, rest);
    else if (verb == "trap") panic(rest);
    else if (verb == "value") event.text = rest;
    else if (verb == "upper") event.value = upper(event.value);
    else if (verb == "null") event.value = null;
    else if (verb == "now") event.text = now().toString();
    else if (verb == "number") {
      const number = event.number(rest);
      if (isNaN(number)) return false;
      event.key = Bytes.of(numberText(number));
    } else if (verb == "text") {
      const field = event.field(rest);
      const text = event.string(rest);
      if (!field.isString) return false;
      event.key = Bytes.of(text);
    } else if (verb == "route") event.route(rest);
    else if (verb == "key") event.key = Bytes.of(rest);
    else if (verb == "nokey") event.key = null;
    else if (verb == "header") event.headers.addText(words.head, words.rest);
    else if (verb == "nullheader") event.headers.add(rest, null);
    else if (verb == "unheader") event.headers.remove(rest);
    else if (verb == "anypartition") event.partition = ANY_PARTITION;
    else if (verb == "set") return set(event, words);
    else if (verb == "unset") event.context.remove(rest);
    else if (verb == "show") show(event, rest);
    else if (verb == "showvalue") log(Level.Info, "value=" + optional(event.value));
    else if (verb == "log") return logLine(event, words);
    else if (verb == "metric") return metric(event, words);
    else return this.obeyNumber(verb, rest, event);
    return true;
  }

  /** Does the commands that take numbers. */
  private obeyNumber(verb: string, rest: string, event: Event): bool {
    if (!["emit", "big", "grow", "slice", "stamp", "partition"].includes(verb)) return stop(event, "unknown command " + verb);
    const first = new Cut(rest).head;
    const second = new Cut(rest).rest;
    const one = verb == "emit" && rest == "";
    if (!one && !isWhole(first)) return notANumber(event, first);
    const n = one ? 1 : whole(first);
    if (verb == "emit") {
      for (let i: i64 = 0; i < n; i++) event.emit();
    } else if (verb == "big") event.value = Bytes.from(new Uint8Array(<i32>n).fill(0x78));
    else if (verb == "grow") this.held.push(new Uint8Array(<i32>n << 20).fill(1));
    else if (verb == "slice") {
      if (!isWhole(second)) return notANumber(event, second);
      event.key = event.value!.slice(<i32>n, <i32>whole(second));
    } else if (verb == "stamp") event.timestamp = n;
    else if (n < 0 || n > i32.MAX_VALUE) return notANumber(event, rest);
    else event.partition = <i32>n;
    return true;
  }
}

function stop(event: Event, reason: string): bool {
  event.reject(reason);
  return false;
}

function notANumber(event: Event, text: string): bool {
  return stop(event, text + " is not a number that fits");
}

function json(text: string): Json {
  const value = Json.parse(Bytes.of(text));
  return value === null ? new Json(0, 0) : value;
}

function isWhole(text: string): bool {
  return json(text).isInt;
}

function whole(text: string): i64 {
  return json(text).int();
}

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) == 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) == 0x20) end--;
  return text.substring(start, end);
}

function upper(value: Bytes | null): Bytes | null {
  if (value === null) return null;
  const bytes = value.toUint8Array();
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] >= 0x61 && bytes[i] <= 0x7a) bytes[i] -= 0x20;
  }
  return Bytes.from(bytes);
}

function set(event: Event, words: Cut): bool {
  const kind = new Cut(words.rest).head;
  const text = new Cut(words.rest).rest;
  const name = words.head;
  if (kind == "null") event.context.setNull(name);
  else if (kind == "bool") event.context.setBool(name, text == "true");
  else if (kind == "int") {
    if (!isWhole(text)) return notANumber(event, text);
    event.context.setInt(name, whole(text));
  } else if (kind == "float") {
    if (!json(text).isNumber) return notANumber(event, text);
    event.context.setFloat(name, json(text).number());
  } else if (kind == "text") event.context.setText(name, text);
  else if (kind == "bytes") event.context.setBytes(name, Bytes.of(text));
  else if (kind == "json") event.context.setJson(name, text);
  else return stop(event, "unknown kind " + kind);
  return true;
}

function logLine(event: Event, words: Cut): bool {
  const level = ["debug", "info", "warn", "error"].indexOf(words.head);
  if (level < 0) return stop(event, "unknown level " + words.head);
  log(<Level>level, words.rest);
  return true;
}

function metric(event: Event, words: Cut): bool {
  const measured = new Cut(words.rest);
  if (!json(measured.rest).isNumber) return notANumber(event, measured.rest);
  const value = json(measured.rest).number();
  if (words.head == "count") count(measured.head, value);
  else if (words.head == "gauge") gauge(measured.head, value);
  else if (words.head == "observe") observe(measured.head, value);
  else return stop(event, "unknown metric " + words.head);
  return true;
}

/** Logs what the guest sees of the event: its whole context, or one name of it. */
function show(event: Event, name: string): void {
  if (name != "") {
    const value = event.context.get(name);
    return log(Level.Info, name + "=" + (value === null ? "missing" : describe(value)));
  }
  for (let i = 0; i < event.context.length; i++) {
    const pair = event.context.at(i);
    log(Level.Info, pair.name + "=" + describe(pair.value));
  }
  for (let i = 0; i < event.headers.length; i++) {
    const header = event.headers.at(i);
    log(Level.Info, "header " + header.name + "=" + optional(header.value));
  }
}

function optional(bytes: Bytes | null): string {
  return bytes === null ? "null" : "bytes " + bytes.toString();
}

function describe(value: Value): string {
  switch (value.kind) {
    case Kind.Bool: return "bool " + value.asBool().toString();
    case Kind.Int: return "int " + value.asInt().toString();
    case Kind.Float: return "float " + numberText(value.asFloat());
    case Kind.Text: return "text " + value.asText();
    case Kind.Bytes: return "bytes " + value.asText();
    case Kind.Json: return "json " + value.asText();
  }
  return "null";
}

register(new Guest());
