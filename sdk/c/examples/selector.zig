//! Sends orders of more than some weight to one topic, the others to another.
const weir = @import("weir.zig");

var threshold: f64 = undefined;
var above: []const u8 = undefined;
var below: []const u8 = undefined;

fn open(config: *weir.Config) void {
    threshold = config.number("threshold", 10);
    above = config.text("above", "heavy");
    below = config.text("below", "light");
}

fn process(ev: *weir.Event) void {
    ev.route(if (ev.fieldNumber("weight") > threshold) above else below);
}

comptime {
    weir.processor(.{ .process = process, .open = open });
}

pub const panic = weir.panic;
