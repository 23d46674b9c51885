//! The benchmark guest of the Zig SDK: what the config's "do" says.

const std = @import("std");
const weir = @import("weir");

pub const panic = weir.panic;

comptime {
    weir.processor(.{ .process_batch = batch, .open = open });
}

const Work = enum { pass, upper, pick };

var work = Work.pass;

fn open(config: *weir.Config) void {
    work = std.meta.stringToEnum(Work, config.text("do", "")) orelse
        return config.refuse("do is pass, upper or pick", .{});
}

fn batch(b: *weir.Batch) void {
    switch (work) {
        .pass => b.each(pass),
        .upper => b.each(upper),
        .pick => b.each(pick),
    }
}

fn pass(_: *weir.Event) void {}

/// Puts the text of a field into upper case. It looks for the name and does not
/// walk the JSON.
fn upper(ev: *weir.Event) void {
    const name = "\"customer\":\"";
    const value = ev.value() orelse "";
    const found = std.mem.indexOf(u8, value, name) orelse return ev.reject("there is no customer", .{});
    const changed = weir.alloc(value.len);
    @memcpy(changed, value);
    for (changed[found + name.len ..]) |*byte| {
        if (byte.* == '"') break;
        byte.* = std.ascii.toUpper(byte.*);
    }
    ev.setValue(changed);
}

/// Walks and checks the whole JSON value and makes the text of a field the key.
fn pick(ev: *weir.Event) void {
    ev.setKey(ev.fieldText("customer"));
}
