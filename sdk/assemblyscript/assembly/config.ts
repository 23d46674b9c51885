// What a processor is opened with.

import { Bytes } from "./bytes";
import { Json, jsonError, missing } from "./json";

/**
 * The config that the user wrote, member by member. A member of another kind
 * than asked for refuses the config; so does, in the end, a member that open did
 * not ask for: ask for all, whatever the others say.
 */
export class Config {
  /** The name of the pipeline. */
  pipeline: string = "";
  /** The name of the processor in it. */
  processor: string = "";
  /** Why the config is refused. */
  fault: string | null = null;
  private document: Json = missing;
  private asked: string[] = [];
  private whole: bool = false;

  /** Reads what the host opens a processor with. */
  static read(text: Bytes): Config {
    const config = new Config();
    const opening = Json.parse(text);
    if (opening === null) {
      config.refuse("what the host opened the processor with: " + jsonError!.toString());
      return config;
    }
    const pipeline = opening.get("pipeline").text();
    const processor = opening.get("processor").text();
    config.pipeline = pipeline === null ? "" : pipeline;
    config.processor = processor === null ? "" : processor;
    config.document = opening.get("config");
    return config;
  }

  /** A number, or else what is given. */
  number(name: string, otherwise: f64): f64 {
    const member = this.member(name);
    this.expect(name, member, member.isNumber, "a number");
    return member.number(otherwise);
  }

  /** A whole number, or else what is given. */
  int(name: string, otherwise: i64): i64 {
    const member = this.member(name);
    this.expect(name, member, member.isInt, "a whole number of 64 bits");
    return member.int(otherwise);
  }

  /** A truth value, or else what is given. */
  bool(name: string, otherwise: bool): bool {
    const member = this.member(name);
    this.expect(name, member, member.isBool, "a boolean");
    return member.bool(otherwise);
  }

  /** A text, or else what is given. */
  text(name: string, otherwise: string): string {
    const member = this.member(name);
    this.expect(name, member, member.isString, "a string");
    const text = member.text();
    return text === null ? otherwise : text;
  }

  /** A member of any kind. It is valid until open returns. */
  member(name: string): Json {
    this.asked.push(name);
    return this.document.get(name);
  }

  /**
   * The whole config, for those that read it themselves; it is valid until open
   * returns. Members that were not asked for are then no fault.
   */
  get json(): Json {
    this.ignore();
    return this.document;
  }

  /** Lets members pass that were not asked for. */
  ignore(): void {
    this.whole = true;
  }

  /** Refuses the config: the pipeline does not start, and shows the reason. The first one counts. */
  refuse(reason: string): void {
    if (this.fault === null) this.fault = reason;
  }

  private expect(name: string, member: Json, good: bool, wanted: string): void {
    if (member.exists && !good) this.refuse('config key "' + name + '" is ' + member.kind + ", not " + wanted);
  }

  /** Refuses what open did not ask for. */
  finish(): void {
    if (this.whole || !this.document.exists || this.document.isNull) return;
    if (!this.document.isObject) return this.refuse("the config is " + this.document.kind + ", not an object");
    const walk = this.document.walk();
    while (walk.next()) {
      const name = walk.name;
      if (!this.asked.includes(name)) {
        this.refuse("unknown config key " + Json.quote(name) + ": known are " + this.asked.join(", "));
      }
    }
  }
}
