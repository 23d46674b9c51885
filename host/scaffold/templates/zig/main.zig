//! A processor for weir: it sends events to the topics heavy and light by a number
//! in their JSON payload.

const weir = @import("weir/weir.zig");

var field: [:0]const u8 = undefined;
var threshold: f64 = undefined;

/// Reads what the pipeline says under "config:". What it leaves out has the value
/// here; what is not asked for refuses the config.
fn open(config: *weir.Config) void {
    field = config.text("field", "weight");
    threshold = config.number("threshold", 10);
}

/// Handles one event. One without the number is rejected when this returns: it
/// goes to the pipeline's error policy, all others go on.
fn process(ev: *weir.Event) void {
    const number = ev.fieldNumber(field);
    ev.route(if (number > threshold) "heavy" else "light");
}

comptime {
    weir.processor(.{ .process = process, .open = open });
}

pub const panic = weir.panic;
