//! The conformance guest of the Zig SDK: it does what the commands in an event's
//! value say. The kit's README describes them.

const std = @import("std");
const weir = @import("weir");

pub const panic = weir.panic;

comptime {
    weir.processor(.{ .process_batch = batch, .open = open, .close = close });
}

var reverse = false;
var twice = false;
var script: ?[]const u8 = null; // for every event

fn open(config: *weir.Config) void {
    const refuse = config.text("refuse", "");
    const line = config.text("log", "");
    const times = config.int("times", 1);
    reverse = config.boolean("reverse", false);
    twice = config.boolean("twice", false);
    const do = config.text("do", "");
    script = if (do.len > 0) do else null;
    if (refuse.len > 0) return config.refuse("{s}", .{refuse});
    if (line.len == 0) return;
    for (0..@intCast(times)) |_| {
        weir.log(.info, "{s}: {s} {s}", .{ line, config.pipeline(), config.processorName() });
    }
}

fn close() void {
    weir.log(.debug, "closed", .{});
}

fn batch(b: *weir.Batch) void {
    if (!reverse and !twice) return b.each(process);
    for (0..b.len()) |i| {
        b.run(if (reverse) b.len() - 1 - i else i, process);
        if (twice) b.run(i, process);
    }
}

fn process(ev: *weir.Event) void {
    const commands = script orelse ev.value() orelse "";
    if (!std.unicode.utf8ValidateSlice(commands)) return ev.reject("the value is not UTF-8 text", .{});
    var rest = std.mem.splitScalar(u8, commands, ';');
    while (rest.next()) |command| {
        const trimmed = std.mem.trim(u8, command, " ");
        if (trimmed.len > 0) obey(trimmed, ev) catch return;
    }
}

/// Ends the commands of an event. A setter that cannot do what it is asked does
/// not: it rejects the event in the end.
const Stop = error{Stop};

fn stop(ev: *weir.Event, comptime fmt: []const u8, text: []const u8) Stop {
    ev.reject(fmt, .{text});
    return error.Stop;
}

/// What stands in front of the first blank, and what behind it.
const Cut = struct {
    head: []const u8,
    rest: []const u8,

    fn of(text: []const u8) Cut {
        const at = std.mem.indexOfScalar(u8, text, ' ') orelse return .{ .head = text, .rest = "" };
        return .{ .head = text[0..at], .rest = text[at + 1 ..] };
    }
};

const Verb = enum {
    pass,
    drop,
    emit,
    reject,
    trap,
    value,
    upper,
    null,
    big,
    grow,
    number,
    text,
    now,
    route,
    key,
    nokey,
    slice,
    header,
    nullheader,
    unheader,
    stamp,
    partition,
    anypartition,
    set,
    unset,
    show,
    showvalue,
    log,
    metric,
};

fn obey(command: []const u8, ev: *weir.Event) Stop!void {
    const cut = Cut.of(command);
    const rest = cut.rest;
    const words = Cut.of(rest);
    switch (std.meta.stringToEnum(Verb, cut.head) orelse return stop(ev, "unknown command {s}", cut.head)) {
        .pass => {},
        .drop => ev.drop(),
        .emit => for (0..if (rest.len > 0) try whole(usize, ev, rest) else 1) |_| ev.emit(),
        .reject => return stop(ev, "{s}", rest),
        .trap => @panic(rest),
        .value => ev.setValue(rest),
        .upper => ev.setValue(upper(ev.value() orelse "")),
        .null => ev.setValue(null),
        .big => ev.setValue(filled(weir.alloc(try whole(usize, ev, rest)), 'x')),
        .grow => _ = filled(weir.allocStatic(try whole(usize, ev, rest) << 20), 1),
        .number => {
            const number = ev.fieldNumber(weir.cstring(rest));
            if (ev.rejected()) return error.Stop;
            ev.setKey(weir.format("{d}", .{number}));
        },
        .text => {
            const text = ev.fieldText(weir.cstring(rest));
            if (ev.rejected()) return error.Stop;
            ev.setKey(text);
        },
        .now => ev.setValue(weir.format("{d}", .{weir.now()})),
        .route => ev.route(rest),
        .key => ev.setKey(rest),
        .nokey => ev.setKey(null),
        .slice => {
            const value = ev.value() orelse "";
            ev.setKey(value[try whole(usize, ev, words.head)..try whole(usize, ev, words.rest)]);
        },
        .header => ev.addHeader(weir.cstring(words.head), words.rest),
        .nullheader => ev.addHeader(weir.cstring(rest), null),
        .unheader => ev.removeHeader(weir.cstring(rest)),
        .stamp => ev.setTimestamp(try whole(i64, ev, rest)),
        .partition => ev.setPartition(try whole(u31, ev, rest)),
        .anypartition => ev.setPartition(null),
        .set => try set(ev, words),
        .unset => ev.remove(weir.cstring(rest)),
        .show => show(ev, rest),
        .showvalue => weir.log(.info, "value={s}", .{optional(ev.value())}),
        .log => try log(ev, words),
        .metric => try metric(ev, words),
    }
}

fn whole(comptime T: type, ev: *weir.Event, text: []const u8) Stop!T {
    return std.fmt.parseInt(T, text, 10) catch stop(ev, "{s} is not a number that fits", text);
}

fn float(ev: *weir.Event, text: []const u8) Stop!f64 {
    return std.fmt.parseFloat(f64, text) catch stop(ev, "{s} is not a number that fits", text);
}

fn upper(text: []const u8) []const u8 {
    return std.ascii.upperString(weir.alloc(text.len), text);
}

fn filled(room: []u8, byte: u8) []const u8 {
    @memset(room, byte);
    return room;
}

fn set(ev: *weir.Event, words: Cut) Stop!void {
    const name = weir.cstring(words.head);
    const cut = Cut.of(words.rest);
    const text = cut.rest;
    const kind = std.meta.stringToEnum(std.meta.Tag(weir.Value), cut.head);
    ev.set(name, switch (kind orelse return stop(ev, "unknown kind {s}", cut.head)) {
        .null => .null,
        .bool => .{ .bool = std.mem.eql(u8, text, "true") },
        .int => .{ .int = try whole(i64, ev, text) },
        .float => .{ .float = try float(ev, text) },
        .text => .{ .text = text },
        .bytes => .{ .bytes = text },
        .json => .{ .json = text },
    });
}

fn log(ev: *weir.Event, words: Cut) Stop!void {
    const name = if (std.mem.eql(u8, words.head, "error")) "err" else words.head;
    const level = std.meta.stringToEnum(weir.Level, name);
    weir.log(level orelse return stop(ev, "unknown level {s}", words.head), "{s}", .{words.rest});
}

fn metric(ev: *weir.Event, words: Cut) Stop!void {
    const measured = Cut.of(words.rest);
    const name = weir.cstring(measured.head);
    const value = try float(ev, measured.rest);
    const kind = std.meta.stringToEnum(enum { count, gauge, observe }, words.head);
    switch (kind orelse return stop(ev, "unknown metric {s}", words.head)) {
        .count => weir.count(name, value),
        .gauge => weir.gauge(name, value),
        .observe => weir.observe(name, value),
    }
}

/// Logs what the guest sees of the event: its whole context, or one name of it.
fn show(ev: *weir.Event, name: []const u8) void {
    if (name.len > 0) {
        const found = ev.get(weir.cstring(name));
        return weir.log(.info, "{s}={s}", .{ name, if (found) |value| describe(value) else "missing" });
    }
    for (0..ev.contextCount()) |i| {
        const pair = ev.contextAt(i);
        weir.log(.info, "{s}={s}", .{ pair.name, describe(pair.value) });
    }
    for (0..ev.headerCount()) |i| {
        const header = ev.headerAt(i);
        weir.log(.info, "header {s}={s}", .{ header.name, optional(header.value) });
    }
}

fn optional(bytes: ?[]const u8) []const u8 {
    return if (bytes) |b| describe(.{ .bytes = b }) else "null";
}

fn describe(value: weir.Value) []const u8 {
    return switch (value) {
        .null => "null",
        .bool => |b| if (b) "bool true" else "bool false",
        .int => |n| weir.format("int {d}", .{n}),
        .float => |x| weir.format("float {d}", .{x}),
        .text => |s| weir.format("text {s}", .{s}),
        .bytes => |s| weir.format("bytes {s}", .{s}),
        .json => |s| weir.format("json {s}", .{s}),
    };
}
