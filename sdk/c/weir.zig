//! Event processors for weir in Zig, over weir.h.
//!
//!     const weir = @import("weir.zig");
//!
//!     fn selectTopic(ev: *weir.Event) void {
//!         const weight = ev.fieldNumber("weight");
//!         ev.route(if (weight > 10) "heavy" else "light");
//!     }
//!
//!     comptime {
//!         weir.processor(.{ .process = selectTopic });
//!     }
//!
//!     pub const panic = weir.panic;
//!
//! Build it with
//!
//!     zig build-exe selector.zig weir.c -I. -target wasm32-freestanding \
//!         -fno-entry -rdynamic -O ReleaseSmall -fstrip
//!
//! Bytes are slices, null where weir has a null; names and paths end with a
//! zero, as literals do. Bytes that are read are valid until the processor
//! returns; bytes that are set are copied, unless they lie in the batch or in
//! memory of `alloc`. What cannot be done rejects the event when the processor
//! returns, with the first reason; see weir.h.

const std = @import("std");

/// A view of bytes as weir.h has it.
const Str = extern struct {
    data: ?[*]const u8,
    size: usize,

    fn of(bytes: ?[]const u8) Str {
        const b = bytes orelse return .{ .data = null, .size = 0 };
        return .{ .data = b.ptr, .size = b.len };
    }

    fn slice(s: Str) ?[]const u8 {
        const data = s.data orelse return null;
        return data[0..s.size];
    }
};

/// What a module does. Only one of process and process_batch is needed.
pub const Processor = struct {
    /// Handles one event, which is sent on as it is when the function returns,
    /// unless it was dropped or rejected.
    process: ?fn (ev: *Event) void = null,
    /// Handles a batch, by its each or run; used instead of process.
    process_batch: ?fn (batch: *Batch) void = null,
    /// Called once before the first event.
    open: ?fn (config: *Config) void = null,
    /// Called before the instance is thrown away in good order.
    close: ?fn () void = null,
};

const CProcessor = extern struct {
    process: ?*const fn (*Event) callconv(.c) void = null,
    process_batch: ?*const fn (*Batch) callconv(.c) void = null,
    open: ?*const fn (*Config) callconv(.c) void = null,
    close: ?*const fn () callconv(.c) void = null,
};

/// Makes a processor the module's own. Call it once, in a comptime block.
pub fn processor(comptime p: Processor) void {
    const self = struct {
        const exported: CProcessor = .{
            .process = if (p.process) |f| Handler(f).call else null,
            .process_batch = if (p.process_batch) |f| struct {
                fn call(batch: *Batch) callconv(.c) void {
                    f(batch);
                }
            }.call else null,
            .open = if (p.open) |f| struct {
                fn call(config: *Config) callconv(.c) void {
                    f(config);
                }
            }.call else null,
            .close = if (p.close) |f| struct {
                fn call() callconv(.c) void {
                    f();
                }
            }.call else null,
        };
    };
    @export(&self.exported, .{ .name = "weir_self" });
}

/// A function of an event as weir.h calls it.
fn Handler(comptime f: fn (ev: *Event) void) type {
    return struct {
        fn call(ev: *Event) callconv(.c) void {
            f(ev);
        }
    };
}

/// The events that one call brings.
pub const Batch = opaque {
    /// The number of events.
    pub fn len(batch: *const Batch) usize {
        return weir_batch_size(batch);
    }

    /// Runs a function on every event in order.
    pub fn each(batch: *Batch, comptime f: fn (ev: *Event) void) void {
        weir_each(batch, Handler(f).call);
    }

    /// Runs a function on one event, in whatever order the caller likes;
    /// outputs leave in the order of the calls.
    pub fn run(batch: *Batch, index: usize, comptime f: fn (ev: *Event) void) void {
        weir_run(batch, index, Handler(f).call);
    }
};

/// One header. Names may repeat; a null value is not an empty one.
pub const Header = struct { name: []const u8, value: ?[]const u8 };

/// A name of the context with its value.
pub const Pair = struct { name: []const u8, value: Value };

/// One typed value of the context. JSON is a document that is not checked.
pub const Value = union(enum) {
    null,
    bool: bool,
    int: i64,
    float: f64,
    text: []const u8,
    bytes: []const u8,
    json: []const u8,
};

/// A value as weir.h has it.
const Any = extern struct {
    kind: u32 = 0,
    integer: i64 = 0,
    number: f64 = 0,
    bytes: Str = .{ .data = null, .size = 0 },

    fn of(from: Value) Any {
        return switch (from) {
            .null => .{},
            .bool => |b| .{ .kind = 1, .integer = @intFromBool(b) },
            .int => |n| .{ .kind = 2, .integer = n },
            .float => |x| .{ .kind = 3, .number = x },
            .text => |b| .{ .kind = 4, .bytes = .of(b) },
            .bytes => |b| .{ .kind = 5, .bytes = .of(b) },
            .json => |b| .{ .kind = 6, .bytes = .of(b) },
        };
    }

    fn value(any: Any) Value {
        const bytes = any.bytes.slice() orelse "";
        return switch (any.kind) {
            1 => .{ .bool = any.integer != 0 },
            2 => .{ .int = any.integer },
            3 => .{ .float = any.number },
            4 => .{ .text = bytes },
            5 => .{ .bytes = bytes },
            6 => .{ .json = bytes },
            else => .null,
        };
    }
};

/// One event: a value with its key, headers, timestamp and context.
pub const Event = opaque {
    /// The payload; null is a tombstone.
    pub fn value(ev: *const Event) ?[]const u8 {
        return weir_value(ev).slice();
    }

    pub fn setValue(ev: *Event, bytes: ?[]const u8) void {
        weir_set_value(ev, .of(bytes));
    }

    /// The key; null is none.
    pub fn key(ev: *const Event) ?[]const u8 {
        return weir_key(ev).slice();
    }

    pub fn setKey(ev: *Event, bytes: ?[]const u8) void {
        weir_set_key(ev, .of(bytes));
    }

    /// Sends the event to another topic than the sink's own.
    pub fn route(ev: *Event, topic: []const u8) void {
        weir_route(ev, .of(topic));
    }

    /// The topic that this or an earlier processor routed the event to.
    pub fn routed(ev: *const Event) ?[]const u8 {
        return weir_routed(ev).slice();
    }

    /// The record's timestamp, or the one that a processor set, in
    /// milliseconds since 1970.
    pub fn timestamp(ev: *const Event) i64 {
        return weir_timestamp(ev);
    }

    pub fn setTimestamp(ev: *Event, ms: i64) void {
        weir_set_timestamp(ev, ms);
    }

    /// The target partition that a processor chose; null leaves it to the
    /// partitioner.
    pub fn partition(ev: *const Event) ?i32 {
        const chosen = weir_partition(ev);
        return if (chosen < 0) null else chosen;
    }

    pub fn setPartition(ev: *Event, number: ?u31) void {
        weir_set_partition(ev, number orelse -1);
    }

    /// The topic that the event was read from.
    pub fn sourceTopic(ev: *const Event) []const u8 {
        return weir_source_topic(ev).slice().?;
    }

    pub fn sourcePartition(ev: *const Event) i32 {
        return weir_source_partition(ev);
    }

    pub fn sourceOffset(ev: *const Event) i64 {
        return weir_source_offset(ev);
    }

    pub fn headerCount(ev: *const Event) usize {
        return weir_header_count(ev);
    }

    /// A header by its place. It panics when there is no such header.
    pub fn headerAt(ev: *const Event, index: usize) Header {
        const found = weir_header_at(ev, index);
        return .{ .name = found.name.slice().?, .value = found.value.slice() };
    }

    /// The last header of a name.
    pub fn header(ev: *const Event, name: [:0]const u8) ?Header {
        var found: Str = undefined;
        if (!weir_find_header(ev, name, &found)) return null;
        return .{ .name = name, .value = found.slice() };
    }

    /// Adds a header behind the others.
    pub fn addHeader(ev: *Event, name: [:0]const u8, bytes: ?[]const u8) void {
        weir_add_header(ev, name, .of(bytes));
    }

    /// Removes every header of a name.
    pub fn removeHeader(ev: *Event, name: [:0]const u8) void {
        weir_remove_header(ev, name);
    }

    /// Sends the event as it is now, in front of whatever becomes of it after.
    pub fn emit(ev: *Event) void {
        weir_emit(ev);
    }

    /// Drops the event: it is done, and nothing more of it is sent.
    pub fn drop(ev: *Event) void {
        weir_drop(ev);
    }

    /// Hands the event to the error policy, with the reason for the person who
    /// reads the dead letter.
    pub fn reject(ev: *Event, comptime fmt: []const u8, args: anytype) void {
        weir_reject(ev, "%v", Str.of(format(fmt, args)));
    }

    /// Tells whether the event was rejected, by reject or by any function that
    /// could not do what it was asked.
    pub fn rejected(ev: *const Event) bool {
        return weir_rejected(ev);
    }

    /// The value of a name of the context: of a pair, or of a kafka_* name.
    pub fn get(ev: *const Event, name: [:0]const u8) ?Value {
        var any: Any = undefined;
        return if (weir_get(ev, name, &any)) any.value() else null;
    }

    /// Sets a name of the context: a pair that travels on, or one of the
    /// kafka_* names that tell the sink where and how to write.
    pub fn set(ev: *Event, name: [:0]const u8, to: Value) void {
        weir_set(ev, name, .of(to));
    }

    /// Removes a name of the context.
    pub fn remove(ev: *Event, name: [:0]const u8) void {
        weir_remove(ev, name);
    }

    /// The number of names in the context: the kafka_* ones, then the pairs.
    pub fn contextCount(ev: *const Event) usize {
        return weir_context_count(ev);
    }

    /// A name of the context by its place. It panics when there is no such name.
    pub fn contextAt(ev: *const Event, index: usize) Pair {
        const pair = weir_context_at(ev, index);
        return .{ .name = pair.name.slice().?, .value = pair.value.value() };
    }

    /// The member of the JSON payload at a dotted path. Malformed JSON, a
    /// missing member and one of another kind reject the event; the results
    /// are then missing, NaN, 0, false and empty.
    pub fn field(ev: *Event, path: [:0]const u8) Json {
        return weir_field(ev, path);
    }

    pub fn fieldNumber(ev: *Event, path: [:0]const u8) f64 {
        return weir_field_number(ev, path);
    }

    pub fn fieldInt(ev: *Event, path: [:0]const u8) i64 {
        return weir_field_int(ev, path);
    }

    pub fn fieldBool(ev: *Event, path: [:0]const u8) bool {
        return weir_field_bool(ev, path);
    }

    pub fn fieldText(ev: *Event, path: [:0]const u8) []const u8 {
        return weir_field_text(ev, path).slice() orelse "";
    }
};

/// One checked JSON value, or a missing one, in which nothing is found.
pub const Json = extern struct {
    text: Str,

    /// Checks that a text is one JSON value.
    pub fn parse(bytes: []const u8) ?Json {
        var json: Json = undefined;
        return if (weir_json_parse(.of(bytes), &json, null)) json else null;
    }

    /// The value's own bytes; null when it is missing.
    pub fn raw(json: Json) ?[]const u8 {
        return json.text.slice();
    }

    /// The member of a name, the item of an index, the value at a JSON pointer.
    pub fn get(json: Json, name: [:0]const u8) Json {
        return weir_json_get(json, name);
    }

    pub fn at(json: Json, index: usize) Json {
        return weir_json_at(json, index);
    }

    pub fn pointer(json: Json, path: [:0]const u8) Json {
        return weir_json_pointer(json, path);
    }

    /// The value as that type; null if it is none.
    pub fn number(json: Json) ?f64 {
        var x: f64 = undefined;
        return if (weir_json_number(json, &x)) x else null;
    }

    pub fn int(json: Json) ?i64 {
        var n: i64 = undefined;
        return if (weir_json_int(json, &n)) n else null;
    }

    pub fn boolean(json: Json) ?bool {
        var b: bool = undefined;
        return if (weir_json_bool(json, &b)) b else null;
    }

    pub fn string(json: Json) ?[]const u8 {
        var s: Str = undefined;
        return if (weir_json_string(json, &s)) s.slice() else null;
    }

    /// A walk over the members of an object or the items of an array.
    pub fn iterate(json: Json) Walk {
        return weir_json_begin(json);
    }

    pub const Walk = extern struct {
        /// The member's name, a string; missing for items.
        name: Json,
        value: Json,
        text: Str,
        place: usize,
        more: bool,

        /// The next value, whose name is then in the walk.
        pub fn next(walk: *Walk) ?Json {
            return if (weir_json_next(walk)) walk.value else null;
        }
    };
};

/// What a processor is opened with. A member of another kind than asked for
/// refuses the config, and so does one that open did not ask for.
pub const Config = opaque {
    /// The name of the pipeline.
    pub fn pipeline(config: *const Config) []const u8 {
        return weir_config_pipeline(config).slice() orelse "";
    }

    /// The name of the processor in it.
    pub fn processorName(config: *const Config) []const u8 {
        return weir_config_processor(config).slice() orelse "";
    }

    /// A member of the config, or else what is given.
    pub fn number(config: *Config, name: [:0]const u8, otherwise: f64) f64 {
        return weir_config_number(config, name, otherwise);
    }

    pub fn int(config: *Config, name: [:0]const u8, otherwise: i64) i64 {
        return weir_config_int(config, name, otherwise);
    }

    pub fn boolean(config: *Config, name: [:0]const u8, otherwise: bool) bool {
        return weir_config_bool(config, name, otherwise);
    }

    /// The text lives as long as the instance.
    pub fn text(config: *Config, name: [:0]const u8, otherwise: [:0]const u8) [:0]const u8 {
        const found = weir_config_text(config, name, otherwise);
        return found.data.?[0..found.size :0];
    }

    pub fn member(config: *Config, name: [:0]const u8) Json {
        return weir_config_member(config, name);
    }

    /// The whole config, for those that read it themselves; valid until open
    /// returns.
    pub fn json(config: *Config) Json {
        return weir_config_json(config);
    }

    /// Refuses the config: the pipeline does not start, and shows the reason.
    pub fn refuse(config: *Config, comptime fmt: []const u8, args: anytype) void {
        weir_refuse(config, "%v", Str.of(format(fmt, args)));
    }
};

pub const Level = enum(c_int) { debug, info, warn, err };

/// Writes a line to the host's log.
pub fn log(level: Level, comptime fmt: []const u8, args: anytype) void {
    weir_log(level, "%v", Str.of(format(fmt, args)));
}

/// Adds to a counter, sets a gauge, adds an observation to a histogram.
pub fn count(name: [:0]const u8, by: f64) void {
    weir_count(name, by);
}

pub fn gauge(name: [:0]const u8, to: f64) void {
    weir_gauge(name, to);
}

pub fn observe(name: [:0]const u8, seen: f64) void {
    weir_observe(name, seen);
}

/// Nanoseconds since 1970, the same for a whole batch.
pub fn now() i64 {
    return weir_now();
}

/// Memory until the processor returns.
pub fn alloc(size: usize) []u8 {
    return weir_alloc(size)[0..size];
}

/// Memory for as long as the instance lives, for use in open.
pub fn allocStatic(size: usize) []u8 {
    return weir_alloc_static(size)[0..size];
}

/// A copy with a zero behind it, for names, in memory of alloc.
pub fn cstring(bytes: []const u8) [:0]const u8 {
    const copy = alloc(bytes.len + 1);
    @memcpy(copy[0..bytes.len], bytes);
    copy[bytes.len] = 0;
    return copy[0..bytes.len :0];
}

/// A text by a format of std.fmt, in memory of alloc.
pub fn format(comptime fmt: []const u8, args: anytype) []const u8 {
    const room = alloc(@intCast(std.fmt.count(fmt, args)));
    return std.fmt.bufPrint(room, fmt, args) catch unreachable; // it was counted
}

/// Ends the instance and tells the host why. In the module's root file, this
/// gives the texts of all panics to the host:
///
///     pub const panic = weir.panic;
pub const panic = std.debug.FullPanic(struct {
    fn call(message: []const u8, _: ?usize) noreturn {
        weir_panic("%v", Str.of(message));
    }
}.call);

const CHeader = extern struct { name: Str, value: Str };
const CPair = extern struct { name: Str, value: Any };

extern fn weir_batch_size(*const Batch) usize;
extern fn weir_each(*Batch, *const fn (*Event) callconv(.c) void) void;
extern fn weir_run(*Batch, usize, *const fn (*Event) callconv(.c) void) void;
extern fn weir_value(*const Event) Str;
extern fn weir_set_value(*Event, Str) void;
extern fn weir_key(*const Event) Str;
extern fn weir_set_key(*Event, Str) void;
extern fn weir_route(*Event, Str) void;
extern fn weir_routed(*const Event) Str;
extern fn weir_timestamp(*const Event) i64;
extern fn weir_set_timestamp(*Event, i64) void;
extern fn weir_partition(*const Event) i32;
extern fn weir_set_partition(*Event, i32) void;
extern fn weir_source_topic(*const Event) Str;
extern fn weir_source_partition(*const Event) i32;
extern fn weir_source_offset(*const Event) i64;
extern fn weir_header_count(*const Event) usize;
extern fn weir_header_at(*const Event, usize) CHeader;
extern fn weir_find_header(*const Event, [*:0]const u8, *Str) bool;
extern fn weir_add_header(*Event, [*:0]const u8, Str) void;
extern fn weir_remove_header(*Event, [*:0]const u8) void;
extern fn weir_emit(*Event) void;
extern fn weir_drop(*Event) void;
extern fn weir_reject(*Event, [*:0]const u8, ...) void;
extern fn weir_rejected(*const Event) bool;
extern fn weir_get(*const Event, [*:0]const u8, *Any) bool;
extern fn weir_set(*Event, [*:0]const u8, Any) void;
extern fn weir_remove(*Event, [*:0]const u8) void;
extern fn weir_context_count(*const Event) usize;
extern fn weir_context_at(*const Event, usize) CPair;
extern fn weir_field(*Event, [*:0]const u8) Json;
extern fn weir_field_number(*Event, [*:0]const u8) f64;
extern fn weir_field_int(*Event, [*:0]const u8) i64;
extern fn weir_field_bool(*Event, [*:0]const u8) bool;
extern fn weir_field_text(*Event, [*:0]const u8) Str;
extern fn weir_json_parse(Str, *Json, ?*anyopaque) bool;
extern fn weir_json_get(Json, [*:0]const u8) Json;
extern fn weir_json_at(Json, usize) Json;
extern fn weir_json_pointer(Json, [*:0]const u8) Json;
extern fn weir_json_number(Json, *f64) bool;
extern fn weir_json_int(Json, *i64) bool;
extern fn weir_json_bool(Json, *bool) bool;
extern fn weir_json_string(Json, *Str) bool;
extern fn weir_json_begin(Json) Json.Walk;
extern fn weir_json_next(*Json.Walk) bool;
extern fn weir_config_pipeline(*const Config) Str;
extern fn weir_config_processor(*const Config) Str;
extern fn weir_config_number(*Config, [*:0]const u8, f64) f64;
extern fn weir_config_int(*Config, [*:0]const u8, i64) i64;
extern fn weir_config_bool(*Config, [*:0]const u8, bool) bool;
extern fn weir_config_text(*Config, [*:0]const u8, [*:0]const u8) Str;
extern fn weir_config_member(*Config, [*:0]const u8) Json;
extern fn weir_config_json(*Config) Json;
extern fn weir_refuse(*Config, [*:0]const u8, ...) void;
extern fn weir_log(Level, [*:0]const u8, ...) void;
extern fn weir_count([*:0]const u8, f64) void;
extern fn weir_gauge([*:0]const u8, f64) void;
extern fn weir_observe([*:0]const u8, f64) void;
extern fn weir_now() i64;
extern fn weir_alloc(usize) [*]u8;
extern fn weir_alloc_static(usize) [*]u8;
extern fn weir_panic([*:0]const u8, ...) noreturn;
