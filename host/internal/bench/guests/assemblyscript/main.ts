// The benchmark guest of the AssemblyScript SDK: what the config's "do" says.

import { Bytes, Config, Event, Processor, register } from "../../../../../sdk/assemblyscript/index";
export * from "../../../../../sdk/assemblyscript/exports";

enum Work { Pass, Upper, Pick }

class Guest extends Processor {
  private work: Work = Work.Pass;

  open(config: Config): void {
    const work = config.text("do", "");
    if (work == "upper") this.work = Work.Upper;
    else if (work == "pick") this.work = Work.Pick;
    else if (work != "pass") config.refuse("do is pass, upper or pick");
  }

  process(event: Event): void {
    if (this.work == Work.Upper) upper(event);
    else if (this.work == Work.Pick) pick(event);
  }
}

const name = Uint8Array.wrap(String.UTF8.encode('"customer":"'));

/** Where the text of the field begins, by its name; -1 if there is none. */
function find(value: Uint8Array): i32 {
  for (let at = 0; at + name.length <= value.length; at++) {
    if (value[at] == name[0] && memory.compare(value.dataStart + at, name.dataStart, name.length) == 0) return at + name.length;
  }
  return -1;
}

/** Puts the text of a field into upper case. It looks for the name and does not walk the JSON. */
function upper(event: Event): void {
  const value = event.value!.toUint8Array();
  let at = find(value);
  if (at < 0) return event.reject("there is no customer");
  for (; at < value.length && value[at] != 0x22; at++) {
    if (value[at] >= 0x61 && value[at] <= 0x7a) value[at] -= 0x20;
  }
  event.value = Bytes.from(value);
}

/** Walks and checks the whole JSON value and makes the text of a field the key. */
function pick(event: Event): void {
  event.key = event.field("customer").textBytes();
}

register(new Guest());
