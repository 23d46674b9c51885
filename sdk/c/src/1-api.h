/*
 * weir.h: event processors for weir in C, C++ and Zig.
 *
 *     #include "weir.h"
 *
 *     static void select_topic(weir_event *ev) {
 *         double weight = weir_field_number(ev, "weight");
 *         weir_route(ev, weir_text(weight > 10 ? "heavy" : "light"));
 *     }
 *
 *     WEIR_PROCESSOR(select_topic);
 *
 * Build it with
 *
 *     clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -o selector.wasm selector.c
 *
 * A processor is a function of an event. It may change the event, route it,
 * drop it, emit several, or reject it, which hands it to the pipeline's error
 * policy. The header needs no library, not even that of C.
 *
 * One file of a module includes the header as it is and so holds the
 * implementation. Other files define WEIR_DECLARATIONS first.
 *
 * Three rules hold everywhere:
 *
 * 1. Names and paths are C strings, data is a weir_str. A weir_str whose data
 *    is NULL is a null, which is not the same as empty.
 * 2. Bytes that are read are valid until the processor returns, and are not to
 *    be changed. Bytes that are set are copied, except for those that lie in
 *    the batch or in memory of weir_alloc: those are passed on as they lie.
 * 3. Functions that cannot do what they are asked reject the event, which takes
 *    effect when the processor returns. The first reason counts. So most
 *    processors need no check of their own.
 *
 * An instance is thrown away between batches now and then, and several are used
 * at a time: a static variable is a cache, not a store. Calls come one after
 * the other; there are no threads.
 */
#ifndef WEIR_H
#define WEIR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define WEIR_NORETURN [[noreturn]]
#else
#define WEIR_NORETURN _Noreturn
#endif

/* Bytes and memory. */

/* A view of bytes, null when data is NULL. */
typedef struct weir_str {
    const char *data;
    size_t size;
} weir_str;

/* The view of a C string, null for NULL. */
weir_str weir_text(const char *text);
/* The view of bytes. It is never null: without data it is empty. */
weir_str weir_bytes(const void *data, size_t size);
/* A null. */
weir_str weir_null(void);
/* Tells whether two views hold the same bytes. A null equals only a null. */
bool weir_equal(weir_str a, weir_str b);
/* Tells whether a view holds the bytes of a C string. */
bool weir_is(weir_str s, const char *text);
/* Tells whether a view is UTF-8. */
bool weir_is_utf8(weir_str s);

/* Memory until the processor returns, aligned to 8, with any content. It traps
 * when there is none left, which costs the batch and not the host. */
void *weir_alloc(size_t size);
/* Memory for as long as the instance lives, for use in open. */
void *weir_alloc_static(size_t size);
/* A copy with a zero behind it, in memory of weir_alloc. */
const char *weir_cstring(weir_str s);
/* A text in memory of weir_alloc. The format knows %s (const char *), %v
 * (weir_str), %d (int), %lld (long long), %g (double, in as few digits as read
 * back the same) and %%. So do all functions below that take a format. */
weir_str weir_format(const char *format, ...);
weir_str weir_vformat(const char *format, va_list args);

/* The processor. */

/* One event: a value with its key, headers, timestamp and context. */
typedef struct weir_event weir_event;
/* The events that one call brings. */
typedef struct weir_batch weir_batch;
/* What a processor is opened with. */
typedef struct weir_config weir_config;

/* What a module does. Only one of process and process_batch is needed. */
typedef struct weir_processor {
    /* Handles one event, which is sent on as it is when the function returns,
     * unless it was dropped or rejected. */
    void (*process)(weir_event *ev);
    /* Handles a batch, by weir_each or weir_run; used instead of process. */
    void (*process_batch)(weir_batch *batch);
    /* Called once before the first event. */
    void (*open)(weir_config *config);
    /* Called before the instance is thrown away in good order. */
    void (*close)(void);
} weir_processor;

/* The module's processor: every module defines it, with WEIR_PROCESSOR. */
extern const weir_processor weir_self;

/* Defines the module's processor by the fields of weir_processor:
 *     WEIR_PROCESSOR(process);
 *     WEIR_PROCESSOR(.process = process, .open = configure); */
#define WEIR_PROCESSOR(...)                                                  \
    _Pragma("GCC diagnostic push")                                           \
    _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")       \
    const weir_processor weir_self = {__VA_ARGS__};                          \
    _Pragma("GCC diagnostic pop") extern const weir_processor weir_self

/* The number of events. */
size_t weir_batch_size(const weir_batch *batch);
/* Runs a function on every event in order. */
void weir_each(weir_batch *batch, void (*process)(weir_event *ev));
/* Runs a function on one event, in whatever order the caller likes; outputs
 * leave in the order of the calls. An event that is never run is dropped, one
 * that is run again is found as it was left. It traps when there is no such
 * event. */
void weir_run(weir_batch *batch, size_t index, void (*process)(weir_event *ev));

/* The event. */

/* The payload; a null is a tombstone. */
weir_str weir_value(const weir_event *ev);
void weir_set_value(weir_event *ev, weir_str value);
/* The key; a null is none. */
weir_str weir_key(const weir_event *ev);
void weir_set_key(weir_event *ev, weir_str key);

/* Sends the event to another topic than the sink's own. */
void weir_route(weir_event *ev, weir_str topic);
/* The topic that this or an earlier processor routed the event to, or null. */
weir_str weir_routed(const weir_event *ev);
/* The record's timestamp, or the one that a processor set, in milliseconds
 * since 1970. */
int64_t weir_timestamp(const weir_event *ev);
void weir_set_timestamp(weir_event *ev, int64_t ms);
/* Leaves the choice of the target partition to the partitioner. */
#define WEIR_ANY_PARTITION (-1)
/* The target partition that a processor chose, or WEIR_ANY_PARTITION. */
int32_t weir_partition(const weir_event *ev);
void weir_set_partition(weir_event *ev, int32_t partition);

/* Where the event was read. */
weir_str weir_source_topic(const weir_event *ev);
int32_t weir_source_partition(const weir_event *ev);
int64_t weir_source_offset(const weir_event *ev);

/* One header. Names may repeat; a null value is not an empty one. */
typedef struct weir_header {
    weir_str name;
    weir_str value;
} weir_header;

/* The headers, in order. It traps when there is no such header. */
size_t weir_header_count(const weir_event *ev);
weir_header weir_header_at(const weir_event *ev, size_t index);
/* Finds the last header of a name. value may be NULL. */
bool weir_find_header(const weir_event *ev, const char *name, weir_str *value);
/* Adds a header behind the others. */
void weir_add_header(weir_event *ev, const char *name, weir_str value);
/* Removes every header of a name. */
void weir_remove_header(weir_event *ev, const char *name);

/* Sends the event as it is now, in front of whatever becomes of it after:
 * without weir_drop it is sent once more at the end. */
void weir_emit(weir_event *ev);
/* Drops the event: it is done, and nothing more of it is sent. */
void weir_drop(weir_event *ev);
/* Hands the event to the error policy, with the reason for the person who reads
 * the dead letter. What it emitted is ignored. */
void weir_reject(weir_event *ev, const char *format, ...);
/* Tells whether the event was rejected, by weir_reject or by any function that
 * could not do what it was asked. */
bool weir_rejected(const weir_event *ev);

/* The context. */

/* What a weir_any holds. */
typedef enum weir_kind {
    WEIR_KIND_NULL,
    WEIR_KIND_BOOL,
    WEIR_KIND_INT,
    WEIR_KIND_FLOAT,
    WEIR_KIND_TEXT,
    WEIR_KIND_BYTES,
    WEIR_KIND_JSON /* a JSON document, not checked */
} weir_kind;

/* One typed value of the context. integer holds an int, and 0 or 1 of a bool;
 * number a float; bytes a text, bytes or JSON. */
typedef struct weir_any {
    weir_kind kind;
    int64_t integer;
    double number;
    weir_str bytes;
} weir_any;

/* A name with its value. */
typedef struct weir_pair {
    weir_str name;
    weir_any value;
} weir_pair;

/*
 * The context is the map beside the payload: the pairs that travel along the
 * chain of processors, and the kafka_* names, as one.
 *
 * A read of kafka_topic, kafka_partition, kafka_key, kafka_timestamp or
 * kafka_offset finds what a processor wrote, else the source's fact; a write
 * tells the sink. _kafka_topic, _kafka_partition and _kafka_offset are always
 * the source's facts. Headers have functions of their own, above.
 */

/* Finds the value of a name. */
bool weir_get(const weir_event *ev, const char *name, weir_any *value);
/* The text or the bytes of a name, of any kind that has some; null if none. */
weir_str weir_get_text(const weir_event *ev, const char *name);
/* The whole number, number or truth value of a name, or else what is given.
 * weir_get_float takes whole numbers too. */
int64_t weir_get_int(const weir_event *ev, const char *name, int64_t otherwise);
double weir_get_float(const weir_event *ev, const char *name, double otherwise);
bool weir_get_bool(const weir_event *ev, const char *name, bool otherwise);

/* Sets a name: a pair that travels on, or one of the kafka_* names that tell
 * the sink where and how to write. */
void weir_set(weir_event *ev, const char *name, weir_any value);
void weir_set_null(weir_event *ev, const char *name);
void weir_set_bool(weir_event *ev, const char *name, bool value);
void weir_set_int(weir_event *ev, const char *name, int64_t value);
void weir_set_float(weir_event *ev, const char *name, double value);
void weir_set_text(weir_event *ev, const char *name, weir_str value);
void weir_set_bytes(weir_event *ev, const char *name, weir_str value);
void weir_set_json(weir_event *ev, const char *name, weir_str value);
/* Removes a name. Of the kafka_* names, those that a processor can set fall
 * back to what the sink would do without. */
void weir_remove(weir_event *ev, const char *name);

/* All names: the kafka_* ones, then the pairs. It traps when there is no such
 * pair. */
size_t weir_context_count(const weir_event *ev);
weir_pair weir_context_at(const weir_event *ev, size_t index);

/* JSON. */

/* One checked JSON value: a piece of the text that it was found in, without
 * space around it. It is missing when text is null. All functions below take a
 * missing value and find nothing in it. */
typedef struct weir_json {
    weir_str text;
} weir_json;

/* What is wrong with a JSON text, and where, in bytes from its beginning. */
typedef struct weir_json_error {
    size_t at;
    const char *what;
} weir_json_error;

/* Checks that a text is one JSON value. error may be NULL. What is checked is
 * RFC 8259: grammar, escapes, and that strings are UTF-8; at most 504 levels. */
bool weir_json_parse(weir_str text, weir_json *value, weir_json_error *error);
/* Finds a member by the dotted path of its names, and checks the whole text; no
 * tree is built. A member that is named like what is left of the path is found
 * too: a.b finds 1 in {"a":{"b":1}} and in {"a.b":1}. Of members with one name
 * the last counts. False when the text is malformed; value is missing when
 * there is no such member. */
bool weir_json_find(weir_str text, const char *path, weir_json *value, weir_json_error *error);
/* The member of a name, the item of an index, the value at a JSON pointer
 * (RFC 6901, such as "/items/0/price"); else missing. */
weir_json weir_json_get(weir_json value, const char *name);
weir_json weir_json_at(weir_json value, size_t index);
weir_json weir_json_pointer(weir_json value, const char *pointer);
/* What the value is, with its article, for messages: "an object". */
const char *weir_json_kind(weir_json value);
/* The value as that type; false if it is none. The number is rounded to the
 * nearest double; an int is written as one and fits; the text of a string is
 * decoded, into memory of weir_alloc if it has escapes. */
bool weir_json_number(weir_json value, double *number);
bool weir_json_int(weir_json value, int64_t *integer);
bool weir_json_bool(weir_json value, bool *truth);
bool weir_json_string(weir_json value, weir_str *text);
/* A text as a JSON string, with its quotes, in memory of weir_alloc. */
weir_str weir_json_quote(weir_str text);

/* A walk over the members of an object or the items of an array:
 *     weir_json_walk walk = weir_json_begin(value);
 *     while (weir_json_next(&walk)) { ... walk.value ... } */
typedef struct weir_json_walk {
    weir_json name; /* a string; missing for items */
    weir_json value;
    weir_str text;
    size_t at;
    bool more;
} weir_json_walk;

weir_json_walk weir_json_begin(weir_json value);
bool weir_json_next(weir_json_walk *walk);

/* The member of the JSON payload at a dotted path, as weir_json_find finds it.
 * Malformed JSON, a missing member and one of another kind reject the event;
 * the result is then missing, NaN, 0, false or null. */
weir_json weir_field(weir_event *ev, const char *path);
double weir_field_number(weir_event *ev, const char *path);
int64_t weir_field_int(weir_event *ev, const char *path);
bool weir_field_bool(weir_event *ev, const char *path);
weir_str weir_field_text(weir_event *ev, const char *path);

/* The config. */

/* The names of the pipeline and of the processor in it. They live as long as
 * the instance. */
weir_str weir_config_pipeline(const weir_config *config);
weir_str weir_config_processor(const weir_config *config);
/* A member of the config, or else what is given. One of another kind refuses
 * the config. So does, when open returns, a member that open did not ask for:
 * ask for all, whatever the others say. A text lives as long as the instance
 * and has a zero behind it: its data is a C string. */
double weir_config_number(weir_config *config, const char *name, double otherwise);
int64_t weir_config_int(weir_config *config, const char *name, int64_t otherwise);
bool weir_config_bool(weir_config *config, const char *name, bool otherwise);
weir_str weir_config_text(weir_config *config, const char *name, const char *otherwise);
weir_json weir_config_member(weir_config *config, const char *name);
/* The whole config, for those that read it themselves; valid until open
 * returns. Members that were not asked for are then no fault. */
weir_json weir_config_json(weir_config *config);
/* Refuses the config: the pipeline does not start, and shows the reason. The
 * first reason counts. */
void weir_refuse(weir_config *config, const char *format, ...);

/* The host. */

typedef enum weir_level { WEIR_DEBUG, WEIR_INFO, WEIR_WARN, WEIR_ERROR } weir_level;

/* Writes a line to the host's log. The host limits their rate. */
void weir_log(weir_level level, const char *format, ...);
/* Adds to a counter, sets a gauge, adds an observation to a histogram of the
 * pipeline. The host bounds the number of names. */
void weir_count(const char *name, double by);
void weir_gauge(const char *name, double value);
void weir_observe(const char *name, double value);
/* Nanoseconds since 1970, the same for a whole batch: the same batch gives the
 * same output whenever it runs. */
int64_t weir_now(void);
/* Ends the instance. The host finds the event that caused it and hands that one
 * alone to the error policy, with this text. */
WEIR_NORETURN void weir_panic(const char *format, ...);

#ifdef __cplusplus
}
#endif
#endif /* WEIR_H */
