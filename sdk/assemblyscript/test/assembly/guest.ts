// Does what the test asks for, which is the event's key.

import { Event, Json, Kind, log, Level, numberText, panic, process, Value } from "../../index";
export * from "../../exports";

process((event: Event): void => {
  const key = event.key;
  if (key === null) return;
  const what = key.toString();
  const context = event.context;
  if (what == "change") {
    event.text = "new \u00e9";
    event.key = event.value!.slice(4, 6);
    event.route("heavy");
    event.timestamp = 7;
    event.partition = 3;
    event.headers.remove("a");
    event.headers.addText("b", "2");
    event.headers.add("c", null);
  } else if (what == "read") {
    log(Level.Info, event.sourceTopic + " " + event.sourcePartition.toString() + " " + event.sourceOffset.toString());
    log(Level.Info, context.text("kafka_topic") + " " + context.text("t") + " " + context.int("i").toString() + " " + numberText(context.float("f")));
    log(Level.Info, (event.headers.get("a")!.value === null).toString() + " " + (context.get("missing") === null).toString());
    log(Level.Info, context.length.toString() + " " + context.at(8).name + " " + context.at(8).value.kind.toString());
  } else if (what == "context") {
    for (let i = 0; i < 20; i++) context.setInt("n" + i.toString(), i);
    context.remove("n0");
    context.setFloat("f", 0.5);
    context.setBool("b", true);
    context.setNull("z");
    context.setJson("j", "[1]");
    context.setBytes("y", event.value!.slice(0, 1));
    context.set("kafka_key", Value.text("k"));
  } else if (what == "json") {
    json(event);
  } else if (what == "emit") {
    for (let i = 0; i < 3; i++) {
      context.setInt("n", i);
      event.emit();
    }
    event.drop();
  } else if (what == "throw") {
    throw new Error("out of order");
  } else if (what == "panic") {
    panic("out of order");
  } else if (what == "garbage") {
    let text = "";
    for (let i = 0; i < 200; i++) text += "garbage " + i.toString();
    event.text = text + event.text;
  } else {
    fault(what, event);
  }
});

function json(event: Event): void {
  const order = Json.parse(event.value!)!;
  let total: f64 = 0;
  const walk = order.get("items").walk();
  while (walk.next()) total += walk.value.get("price").number(0);
  let names = "";
  const members = order.walk();
  while (members.next()) names += members.name + ",";
  log(Level.Info, numberText(total) + " " + names + " " + order.pointer("/items/1/price").toString());
  log(Level.Info, order.pointer("/a~1b/~0").text()! + order.get("none").kind + order.get("big").int().toString());
  log(Level.Info, Json.quote('a"\\\n\u0001\u00e9') + " " + order.get("half").isInt.toString() + numberText(order.get("half").number()));
}

function fault(what: string, event: Event): void {
  if (what == "reject") event.reject("no order");
  else if (what == "topic") event.route("");
  else if (what == "stamp") event.timestamp = -1;
  else if (what == "partition") event.partition = -2;
  else if (what == "int topic") event.context.setInt("kafka_topic", 1);
  else if (what == "offset") event.context.setInt("kafka_offset", 1);
  else if (what == "empty name") event.context.setInt("", 1);
  else if (what == "not text") event.context.set("x", Value.of(Kind.Text, event.value!));
  else if (what == "number") event.number("weight");
  else if (what == "string") event.string("id");
  event.emit();
}
