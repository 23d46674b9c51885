//! Uses the Zig binding, for zig_test.c to look at.

const std = @import("std");
const weir = @import("weir");

comptime {
    weir.processor(.{ .process = process, .open = open, .close = close });
}

pub const panic = weir.panic;

var limit: f64 = undefined;

fn open(config: *weir.Config) void {
    limit = config.number("limit", 10);
    if (limit < 0) config.refuse("limit {d} is negative", .{limit});
    if (config.member("tags").at(0).string()) |tag| weir.log(.info, "{s} of {s}", .{ tag, config.pipeline() });
}

fn close() void {
    weir.count("closed", 1);
}

fn process(ev: *weir.Event) void {
    const order = weir.Json.parse(ev.value() orelse return ev.drop()) orelse return ev.reject("no {s}", .{"JSON"});
    var walk = order.get("items").iterate();
    var total: f64 = 0;
    while (walk.next()) |item| total += item.get("price").number() orelse 0;
    ev.set("total", .{ .float = total });
    ev.set("id", .{ .text = ev.fieldText("id") });
    ev.set("kafka_key", .{ .bytes = "key" });
    ev.addHeader("currency", order.pointer("/meta/currency").string());
    ev.addHeader("none", null);
    ev.setPartition(7);
    ev.route(if (total > limit) "heavy" else "light");
    if (ev.get("twice")) |twice| if (twice.bool) ev.emit();
    std.debug.assert(ev.header("none").?.value == null);
    std.debug.assert(ev.contextAt(ev.contextCount() - 1).value.text.len == ev.get("id").?.text.len);
    std.debug.assert(std.mem.eql(u8, ev.get("kafka_topic").?.text, ev.routed().?));
}
