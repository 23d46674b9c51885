/* Made of src/ by make: change it there. */
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

#if !defined(WEIR_DECLARATIONS) && !defined(WEIR_IMPLEMENTED)
#define WEIR_IMPLEMENTED

/*
 * The implementation: memory and bytes.
 */

#ifdef __cplusplus
extern "C" {
#define WEIRP_ASSERT static_assert
#else
#define WEIRP_ASSERT _Static_assert
#endif

#ifdef __wasm__
#define WEIRP_IMPORT(name) __attribute__((import_module("weir"), import_name(name)))
#define WEIRP_EXPORT(name) __attribute__((export_name(name), used))
#else
#define WEIRP_IMPORT(name)
#define WEIRP_EXPORT(name)
#endif

WEIRP_IMPORT("log") void weir_import_log(uint32_t level, const char *text, size_t size);
WEIRP_IMPORT("error") void weir_import_error(const char *text, size_t size);
WEIRP_IMPORT("reject") void weir_import_reject(uint32_t index, const char *text, size_t size);
WEIRP_IMPORT("metric") void weir_import_metric(uint32_t kind, const char *name, size_t size, double value);
WEIRP_IMPORT("now") int64_t weir_import_now(void);

#define WEIRP_PAGE ((size_t)65536)

/* Addresses are 32 bits wide. Natively, for tests, they count from the start of
 * a block of weir_test.h. */
#ifdef __wasm__
static inline char *weirp_memory(void) {
    return NULL;
}
static inline size_t weirp_pages(void) {
    return __builtin_wasm_memory_size(0);
}
static inline bool weirp_grow(size_t pages) {
    return __builtin_wasm_memory_grow(0, pages) != SIZE_MAX;
}
WEIR_NORETURN static inline void weirp_trap(void) {
    __builtin_trap();
}
#else
char *weirp_memory(void);
size_t weirp_pages(void);
bool weirp_grow(size_t pages);
WEIR_NORETURN void weirp_trap(void);
#endif

static inline void *weirp_pointer(uint32_t address) {
#ifdef __wasm__
    return (void *)(uintptr_t)address;
#else
    return weirp_memory() + address;
#endif
}

static inline uint32_t weirp_address(const void *pointer) {
#ifdef __wasm__
    return (uint32_t)(uintptr_t)pointer;
#else
    return (uint32_t)((const char *)pointer - weirp_memory());
#endif
}

#if defined(__wasm__) && defined(__clang__)
/* What compilers call without being asked; a library's own, if there is one,
 * is as good. */
#define WEIRP_LIBC(name) __attribute__((weak, no_builtin(name)))
WEIRP_LIBC("memcpy") void *memcpy(void *to, const void *from, size_t size) {
    char *t = (char *)to;
    const char *f = (const char *)from;
    for (; size >= 8; size -= 8, t += 8, f += 8) {
        __builtin_memcpy_inline(t, f, 8);
    }
    while (size-- > 0) {
        *t++ = *f++;
    }
    return to;
}
WEIRP_LIBC("memmove") void *memmove(void *to, const void *from, size_t size) {
    char *t = (char *)to;
    const char *f = (const char *)from;
    if (t <= f) {
        for (size_t i = 0; i < size; i++) {
            t[i] = f[i];
        }
        return to;
    }
    while (size-- > 0) {
        t[size] = f[size];
    }
    return to;
}
WEIRP_LIBC("memset") void *memset(void *to, int byte, size_t size) {
    for (size_t i = 0; i < size; i++) {
        ((char *)to)[i] = (char)byte;
    }
    return to;
}
WEIRP_LIBC("memcmp") int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}
WEIRP_LIBC("strlen") size_t strlen(const char *text) {
    size_t size = 0;
    while (text[size] != 0) {
        size++;
    }
    return size;
}
#endif

/* Memory for one batch: handed out from the front of a list of chunks, given
 * back all at once. Chunks are kept, so that a steady load stops growing. */
typedef struct weirp_chunk {
    struct weirp_chunk *next;
    size_t size; /* of what follows this head */
} weirp_chunk;

/* The head of a chunk, rounded so that what follows is aligned. */
#define WEIRP_HEAD ((sizeof(weirp_chunk) + 7) / 8 * 8)

static struct {
    weirp_chunk *first, *current;
    char *next;
    size_t left;
    char *input; /* what the host writes into */
    size_t input_size;
    char *kept; /* the rest of what was taken for weir_alloc_static */
    size_t kept_left;
} weirp;

/* A C library takes all memory there is for its own when it is first asked for
 * some: so in a module that uses malloc, it is used here too. */
#ifdef __wasi__
__attribute__((weak)) void *malloc(size_t size);
#define WEIRP_MALLOC (&malloc != NULL)
#else
#define WEIRP_MALLOC false
#endif

/* Memory of that size, pages at the end of all unless malloc gave it, or NULL. */
static char *weirp_take(size_t size) {
#ifdef __wasi__
    if (WEIRP_MALLOC) {
        return (char *)malloc(size);
    }
#endif
    char *end = weirp_memory() + weirp_pages() * WEIRP_PAGE;
    size_t pages = size / WEIRP_PAGE + (size % WEIRP_PAGE != 0);
    return weirp_grow(pages) ? end : NULL;
}

static size_t weirp_round(size_t size, size_t to) {
    if (size > (size_t)UINT32_MAX - to) {
        weir_panic("out of memory: %lld bytes", (long long)size);
    }
    return (size + to - 1) / to * to;
}

static void weirp_use(weirp_chunk *chunk) {
    weirp.current = chunk;
    weirp.next = chunk == NULL ? NULL : (char *)chunk + WEIRP_HEAD;
    weirp.left = chunk == NULL ? 0 : chunk->size;
}

static void weirp_reset(void) {
    weirp_use(weirp.first);
}

/* Makes a chunk of memory that is used no more. */
static weirp_chunk *weirp_chunk_of(char *memory, size_t size) {
    weirp_chunk *chunk = (weirp_chunk *)(void *)memory;
    chunk->next = NULL;
    chunk->size = size - WEIRP_HEAD;
    return chunk;
}

/* Goes on to the next chunk that has room. */
static void weirp_refill(size_t size) {
    weirp_chunk *chunk = weirp.current;
    while (chunk != NULL && chunk->next != NULL) {
        chunk = chunk->next;
        if (chunk->size >= size) {
            weirp_use(chunk);
            return;
        }
    }
    size_t room = weirp_round(size + WEIRP_HEAD, WEIRP_PAGE);
    char *memory = weirp_take(room);
    if (memory == NULL) {
        weir_panic("out of memory: %lld bytes for a batch", (long long)size);
    }
    weirp_chunk *fresh = weirp_chunk_of(memory, room);
    if (chunk == NULL) {
        weirp.first = fresh;
    } else {
        chunk->next = fresh;
    }
    weirp_use(fresh);
}

void *weir_alloc(size_t size) {
    size = weirp_round(size, 8);
    if (size > weirp.left) {
        weirp_refill(size);
    }
    void *memory = weirp.next;
    weirp.next += size;
    weirp.left -= size;
    return memory;
}

void *weir_alloc_static(size_t size) {
    size = weirp_round(size, 8);
    if (size > weirp.kept_left) {
        size_t room = weirp_round(size, WEIRP_PAGE);
        weirp.kept = weirp_take(room);
        if (weirp.kept == NULL) {
            weir_panic("out of memory: %lld bytes", (long long)size);
        }
        weirp.kept_left = room;
    }
    void *memory = weirp.kept;
    weirp.kept += size;
    weirp.kept_left -= size;
    return memory;
}

/* The buffer that the host writes into, or NULL. The old one serves batches
 * then, unless it can be made longer. */
static char *weirp_buffer(size_t size) {
    if (size <= weirp.input_size && weirp.input != NULL) {
        return weirp.input;
    }
    size_t room = weirp_round(size + 1, WEIRP_PAGE);
    char *end = weirp_memory() + weirp_pages() * WEIRP_PAGE;
    bool last = !WEIRP_MALLOC && weirp.input != NULL && weirp.input + weirp.input_size == end;
    char *memory = weirp_take(last ? room - weirp.input_size : room);
    if (memory == NULL) {
        return NULL;
    }
    if (!last) {
        if (weirp.input != NULL) {
            weirp_chunk *chunk = weirp_chunk_of(weirp.input, weirp.input_size);
            chunk->next = weirp.first;
            weirp.first = chunk;
        }
        weirp.input = memory;
    }
    weirp.input_size = room;
    return weirp.input;
}

static bool weirp_within(const char *data, const char *memory, size_t size) {
    return memory != NULL && (uintptr_t)data - (uintptr_t)memory < size;
}

/* Tells whether bytes may be passed on as they lie: those of the batch and of
 * weir_alloc. */
static bool weirp_lasts(const char *data) {
    if (weirp_within(data, weirp.input, weirp.input_size)) {
        return true;
    }
    for (const weirp_chunk *chunk = weirp.first; chunk != NULL; chunk = chunk->next) {
        if (weirp_within(data, (const char *)chunk + WEIRP_HEAD, chunk->size)) {
            return true;
        }
    }
    return false;
}

static void weirp_copy(void *to, const void *from, size_t size) {
    if (size > 0) {
        __builtin_memcpy(to, from, size);
    }
}

weir_str weir_bytes(const void *data, size_t size) {
    weir_str s = {size == 0 ? "" : (const char *)data, size};
    return s;
}

weir_str weir_text(const char *text) {
    return text == NULL ? weir_null() : weir_bytes(text, __builtin_strlen(text));
}

weir_str weir_null(void) {
    weir_str s = {NULL, 0};
    return s;
}

bool weir_equal(weir_str a, weir_str b) {
    if (a.size != b.size || (a.data == NULL) != (b.data == NULL)) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (a.data[i] != b.data[i]) {
            return false;
        }
    }
    return true;
}

bool weir_is(weir_str s, const char *text) {
    return weir_equal(s, weir_text(text));
}

static weir_str weirp_copied(weir_str s) {
    char *to = (char *)weir_alloc(s.size);
    weirp_copy(to, s.data, s.size);
    return weir_bytes(to, s.size);
}

/* A copy for as long as the instance lives, with a zero behind it. */
static weir_str weirp_copied_static(weir_str s) {
    char *to = (char *)weir_alloc_static(s.size + 1);
    weirp_copy(to, s.data, s.size);
    to[s.size] = 0;
    weir_str copy = {to, s.size};
    return copy;
}

const char *weir_cstring(weir_str s) {
    char *to = (char *)weir_alloc(s.size + 1);
    weirp_copy(to, s.data, s.size);
    to[s.size] = 0;
    return to;
}

/* The number of bytes of the UTF-8 character that s begins with; 0 if it is
 * none: no character, too long a form, half of a surrogate pair. */
static size_t weirp_character(const unsigned char *s, size_t size) {
    unsigned char least = 0x80, most = 0xbf, first = s[0];
    size_t more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4 || size <= more) {
        return 0;
    }
    least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : least;
    most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : most;
    if (s[1] < least || s[1] > most) {
        return 0;
    }
    for (size_t i = 2; i <= more; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf) {
            return 0;
        }
    }
    return more + 1;
}

/* The number of bytes that are UTF-8, from the beginning. */
static size_t weirp_utf8(weir_str s) {
    const unsigned char *data = (const unsigned char *)s.data;
    size_t at = 0;
    while (at < s.size) {
        size_t size = weirp_character(data + at, s.size - at);
        if (size == 0) {
            break;
        }
        at += size;
    }
    return at;
}

bool weir_is_utf8(weir_str s) {
    return weirp_utf8(s) == s.size;
}

/*
 * The implementation: decimal numbers, exact in both directions.
 */

/* A whole number that is large enough for any double times any power of ten
 * that is needed to write it, lowest limb first. */
typedef struct weirp_big {
    uint32_t limb[128];
    int used;
} weirp_big;

static void weirp_big_multiply(weirp_big *b, uint32_t by, uint32_t add) {
    uint64_t carry = add;
    for (int i = 0; i < b->used; i++) {
        carry += (uint64_t)b->limb[i] * by;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        b->limb[b->used++] = (uint32_t)carry;
    }
}

/* Divides and returns the remainder. */
static uint32_t weirp_big_divide(weirp_big *b, uint32_t by) {
    uint64_t rest = 0;
    for (int i = b->used - 1; i >= 0; i--) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    while (b->used > 0 && b->limb[b->used - 1] == 0) {
        b->used--;
    }
    return (uint32_t)rest;
}

static int weirp_big_bits(const weirp_big *b) {
    return b->used == 0 ? 0 : 32 * b->used - __builtin_clz(b->limb[b->used - 1]);
}

static void weirp_big_shift_left(weirp_big *b, int bits) {
    for (; bits > 0; bits -= bits > 31 ? 31 : bits) {
        weirp_big_multiply(b, (uint32_t)1 << (bits > 31 ? 31 : bits), 0);
    }
}

/* Shifts and tells whether bits were lost. */
static bool weirp_big_shift_right(weirp_big *b, int bits) {
    bool lost = false;
    for (; bits > 0; bits -= bits > 31 ? 31 : bits) {
        lost |= weirp_big_divide(b, (uint32_t)1 << (bits > 31 ? 31 : bits)) != 0;
    }
    return lost;
}

static void weirp_big_power10(weirp_big *b, int power) {
    for (; power >= 9; power -= 9) {
        weirp_big_multiply(b, 1000000000, 0);
    }
    for (; power > 0; power--) {
        weirp_big_multiply(b, 10, 0);
    }
}

static double weirp_double(uint64_t bits) {
    double x;
    weirp_copy(&x, &bits, sizeof x);
    return x;
}

/* The double nearest to b / 2^scale, plus a little when sticky. */
static double weirp_round_double(weirp_big *b, int scale, bool sticky) {
    int bits = weirp_big_bits(b);
    if (bits > 64) {
        sticky |= weirp_big_shift_right(b, bits - 64);
    } else {
        weirp_big_shift_left(b, 64 - bits);
    }
    uint64_t m = (uint64_t)b->limb[1] << 32 | b->limb[0];
    int exponent = bits - 1 - scale; /* of the highest bit */
    int drop = exponent < -1022 ? 11 - 1022 - exponent : 11;
    if (exponent > 1023) {
        return weirp_double((uint64_t)0x7ff << 52);
    }
    if (drop > 64) {
        return 0;
    }
    uint64_t kept = drop == 64 ? 0 : m >> drop;
    uint64_t rest = drop == 64 ? m : m & (((uint64_t)1 << drop) - 1);
    uint64_t half = (uint64_t)1 << (drop - 1);
    if (rest > half || (rest == half && (sticky || (kept & 1) != 0))) {
        kept++;
    }
    uint64_t biased = exponent < -1022 ? 0 : (uint64_t)(exponent + 1022);
    return weirp_double((biased << 52) + kept);
}

/* A number as it is written: digits with a point somewhere, and an exponent. */
typedef struct weirp_decimal {
    weir_str digits; /* may hold a point */
    int count;       /* significant digits before any are left out */
    int magnitude;   /* the number is 0.ddd times ten to this power */
    uint64_t head;   /* the first 19 significant digits */
    bool negative;
} weirp_decimal;

static weirp_decimal weirp_read_decimal(weir_str text) {
    weirp_decimal d = {text, 0, 0, 0, false};
    size_t at = 0;
    if (text.data[0] == '-') {
        d.negative = true;
        at = 1;
    }
    size_t start = at;
    bool point = false;
    for (; at < text.size && text.data[at] != 'e' && text.data[at] != 'E'; at++) {
        if (text.data[at] == '.') {
            point = true;
            continue;
        }
        bool significant = d.count > 0 || text.data[at] != '0';
        if (significant && d.count < 19) {
            d.head = d.head * 10 + (uint64_t)(text.data[at] - '0');
        }
        d.count += significant;
        d.magnitude += point ? (significant ? 0 : -1) : significant;
    }
    d.digits = weir_bytes(text.data + start, at - start);
    int exponent = 0;
    bool down = at + 1 < text.size && text.data[at + 1] == '-';
    for (at++; at < text.size; at++) {
        if (text.data[at] >= '0' && text.data[at] <= '9' && exponent < 100000000) {
            exponent = exponent * 10 + (text.data[at] - '0');
        }
    }
    d.magnitude += down ? -exponent : exponent;
    return d;
}

/* The most digits that can matter: no point half way between two doubles has
 * more. */
#define WEIRP_DIGITS 770

static double weirp_long_decimal(const weirp_decimal *d) {
    if (d->magnitude > 310 || d->magnitude < -330) {
        return d->magnitude > 0 ? weirp_double((uint64_t)0x7ff << 52) : 0;
    }
    weirp_big b;
    b.used = 0;
    int taken = 0;
    bool sticky = false;
    for (size_t i = 0; i < d->digits.size; i++) {
        char digit = d->digits.data[i];
        if (digit == '.' || (taken == 0 && digit == '0')) {
            continue;
        }
        if (taken == WEIRP_DIGITS) {
            sticky |= digit != '0';
            continue;
        }
        weirp_big_multiply(&b, 10, (uint32_t)(digit - '0'));
        taken++;
    }
    int power = d->magnitude - taken, scale = 0;
    if (power > 0) {
        weirp_big_power10(&b, power);
        power = 0;
    }
    /* Enough bits for 64 to be left after the division. */
    int wanted = -power * 3322 / 1000 + 67;
    if (power < 0 && weirp_big_bits(&b) < wanted) {
        scale = wanted - weirp_big_bits(&b);
        weirp_big_shift_left(&b, scale);
    }
    for (; power < 0; power += power <= -9 ? 9 : 1) {
        sticky |= weirp_big_divide(&b, power <= -9 ? 1000000000 : 10) != 0;
    }
    return weirp_round_double(&b, scale, sticky);
}

/* The double nearest to a number that is written as JSON has it. */
static double weirp_parse_number(weir_str text) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    weirp_decimal d = weirp_read_decimal(text);
    double x = 0;
    int power = d.magnitude - d.count;
    if (d.count > 0 && d.count <= 19 && d.head <= (uint64_t)1 << 53 && power >= -22 && power <= 22) {
        /* Both are exact, and so is the one rounding. */
        x = power < 0 ? (double)d.head / powers[-power] : (double)d.head * powers[power];
    } else if (d.count > 0) {
        x = weirp_long_decimal(&d);
    }
    return d.negative ? -x : x;
}

/* Whole numbers of at most 15 digits, which every double holds exactly; -0 is a
 * double of its own. */
static bool weirp_small_number(weir_str text, double *x) {
    bool negative = text.data[0] == '-';
    int64_t n = 0;
    if (text.size > 15) {
        return false;
    }
    for (size_t i = negative; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        n = n * 10 + (text.data[i] - '0');
    }
    *x = (double)(negative ? -n : n);
    return !negative || n != 0;
}

/* Writes the decimal digits of a positive, finite double, as many as are needed
 * to be sure of 17; returns how many, and the power as in weirp_decimal. */
static int weirp_all_digits(double x, char *digits, int *magnitude) {
    uint64_t bits;
    weirp_copy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52);
    uint64_t m = bits & (((uint64_t)1 << 52) - 1);
    m += exponent > 0 ? (uint64_t)1 << 52 : 0;
    exponent = (exponent > 0 ? exponent : 1) - 1075;
    weirp_big b = {{(uint32_t)m, (uint32_t)(m >> 32)}, m >> 32 != 0 ? 2 : 1};
    int scale = 0;
    if (exponent >= 0) {
        weirp_big_shift_left(&b, exponent);
    } else {
        int tens = (weirp_big_bits(&b) + exponent) * 301 / 1000;
        scale = tens < 19 ? 19 - tens : 0;
        weirp_big_power10(&b, scale);
        weirp_big_shift_right(&b, -exponent);
    }
    char reversed[340];
    int count = 0;
    while (b.used > 0) {
        uint32_t rest = weirp_big_divide(&b, 1000000000);
        for (int i = 0; i < 9 && (b.used > 0 || rest > 0); i++, rest /= 10) {
            reversed[count++] = (char)('0' + rest % 10);
        }
    }
    for (int i = 0; i < count; i++) {
        digits[i] = reversed[count - 1 - i];
    }
    *magnitude = count - scale;
    return count;
}

/* Rounds digits to a number of them, without zeros at the end. */
static int weirp_round_digits(const char *digits, int count, int wanted, char *rounded, int *magnitude) {
    if (count < wanted) {
        wanted = count;
    }
    weirp_copy(rounded, digits, (size_t)wanted);
    if (wanted < count && digits[wanted] >= '5') {
        int at = wanted - 1;
        while (at >= 0 && rounded[at] == '9') {
            rounded[at--] = '0';
        }
        if (at >= 0) {
            rounded[at]++;
        } else {
            rounded[0] = '1';
            (*magnitude)++;
        }
    }
    while (wanted > 1 && rounded[wanted - 1] == '0') {
        wanted--;
    }
    return wanted;
}

/* Writes digits with a point or an exponent; returns the size. */
static size_t weirp_lay_out(const char *digits, int count, int magnitude, char *out) {
    size_t size = 0;
    if (magnitude > 21 || magnitude < -5) {
        for (int i = 0; i < count; i++) {
            out[size++] = digits[i];
            if (i == 0 && count > 1) {
                out[size++] = '.';
            }
        }
        int power = magnitude - 1;
        out[size++] = 'e';
        out[size++] = power < 0 ? '-' : '+';
        power = power < 0 ? -power : power;
        for (int unit = power > 99 ? 100 : power > 9 ? 10 : 1; unit > 0; unit /= 10) {
            out[size++] = (char)('0' + power / unit % 10);
        }
        return size;
    }
    for (int i = magnitude < 1 ? magnitude - 1 : 0; i < count || i < magnitude; i++) {
        if (i == magnitude) {
            out[size++] = '.';
        }
        out[size++] = i < 0 || i >= count ? '0' : digits[i];
    }
    return size;
}

/* The room that any double needs. */
#define WEIRP_NUMBER_ROOM 40

/* Writes a double in as few digits as read back the same; returns the size. */
static size_t weirp_write_number(double x, char *out) {
    if (x != x) {
        weirp_copy(out, "NaN", 3);
        return 3;
    }
    size_t size = 0;
    if (x < 0) {
        out[size++] = '-';
        x = -x;
    }
    if (x == 0) {
        out[size++] = '0';
        return size;
    }
    if (x > 1.7976931348623157e308) {
        weirp_copy(out + size, "Infinity", 8);
        return size + 8;
    }
    char digits[340], rounded[20];
    int magnitude, count = weirp_all_digits(x, digits, &magnitude);
    /* Doubles of full precision need 15 digits at least, zeros at the end aside. */
    for (int wanted = x < 2.2250738585072014e-308 ? 1 : 15;; wanted++) {
        int power = magnitude, kept = weirp_round_digits(digits, count, wanted, rounded, &power);
        size_t length = weirp_lay_out(rounded, kept, power, out + size);
        if (wanted == 17 || weirp_parse_number(weir_bytes(out + size, length)) == x) {
            return size + length;
        }
    }
}

/*
 * The implementation: JSON without a tree. Values are found in the text,
 * checked on the way, and handed out as pieces of it.
 */

#define WEIRP_LEVELS 504
#define WEIRP_INLINE static inline __attribute__((always_inline))

/* A place in a text. Its functions step over what they name, and return false
 * when it is not there, with the reason in error. All are inlined, so that a
 * pass over a text keeps the place in registers. */
typedef struct weirp_scanner {
    const char *text;
    size_t size, at;
    weir_json_error error;
} weirp_scanner;

WEIRP_INLINE weirp_scanner weirp_scan(weir_str text) {
    weirp_scanner s = {text.data, text.size, 0, {0, NULL}};
    return s;
}

WEIRP_INLINE bool weirp_fail(weirp_scanner *s, const char *what) {
    s->error.at = s->at;
    s->error.what = s->at >= s->size ? "the text ends too early" : what;
    return false;
}

/* The next byte, 0 at the end: a byte that no JSON text holds. */
WEIRP_INLINE unsigned char weirp_peek(const weirp_scanner *s) {
    return s->at < s->size ? (unsigned char)s->text[s->at] : 0;
}

WEIRP_INLINE bool weirp_digit(const weirp_scanner *s) {
    return weirp_peek(s) >= '0' && weirp_peek(s) <= '9';
}

WEIRP_INLINE void weirp_space(weirp_scanner *s) {
    for (unsigned char c = weirp_peek(s); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = weirp_peek(s)) {
        s->at++;
    }
}

WEIRP_INLINE bool weirp_end(weirp_scanner *s) {
    weirp_space(s);
    return s->at == s->size || weirp_fail(s, "more text after the value");
}

WEIRP_INLINE int weirp_hex(unsigned char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

WEIRP_INLINE bool weirp_escape(weirp_scanner *s) {
    s->at++;
    unsigned char c = weirp_peek(s);
    if (c == 'u') {
        s->at++;
        for (int i = 0; i < 4; i++, s->at++) {
            if (weirp_hex(weirp_peek(s)) < 0) {
                return weirp_fail(s, "expected four hexadecimal digits after \\u");
            }
        }
        return true;
    }
    if (c != '"' && c != '\\' && c != '/' && c != 'b' && c != 'f' && c != 'n' && c != 'r' && c != 't') {
        return weirp_fail(s, "an unknown escape in a string");
    }
    s->at++;
    return true;
}

#define WEIRP_ONES ((uint64_t)0x0101010101010101)
#define WEIRP_HIGH (WEIRP_ONES * 0x80)

/* Steps over what has no meaning in a string, eight bytes at a time. The result
 * has a high bit if a byte of it, or one soon after, has. */
WEIRP_INLINE uint64_t weirp_plain(weirp_scanner *s) {
    uint64_t high = 0;
    while (s->size - s->at >= 8) {
        uint64_t word, quote, slash;
        weirp_copy(&word, s->text + s->at, 8);
        quote = word ^ WEIRP_ONES * '"';
        slash = word ^ WEIRP_ONES * '\\';
        /* The lowest high bit is that of the first byte below 0x20, quote or
         * backslash; those above it may be false. */
        uint64_t stop = ((word - WEIRP_ONES * 0x20) & ~word) | ((quote - WEIRP_ONES) & ~quote) | ((slash - WEIRP_ONES) & ~slash);
        high |= word;
        if ((stop & WEIRP_HIGH) != 0) {
            s->at += (size_t)__builtin_ctzll(stop & WEIRP_HIGH) / 8;
            return high;
        }
        s->at += 8;
    }
    for (unsigned char c = weirp_peek(s); c >= 0x20 && c != '"' && c != '\\'; c = weirp_peek(s)) {
        high |= c;
        s->at++;
    }
    return high;
}

WEIRP_INLINE bool weirp_string(weirp_scanner *s) {
    uint64_t high = 0;
    size_t start = ++s->at;
    for (;;) {
        high |= weirp_plain(s);
        if (weirp_peek(s) == '"') {
            break;
        }
        if (weirp_peek(s) != '\\') {
            return weirp_fail(s, "a control character in a string");
        }
        if (!weirp_escape(s)) {
            return false;
        }
    }
    if ((high & WEIRP_HIGH) != 0) {
        weir_str inner = weir_bytes(s->text + start, s->at - start);
        size_t valid = weirp_utf8(inner);
        if (valid < inner.size) {
            s->at = start + valid;
            return weirp_fail(s, "a string is not UTF-8");
        }
    }
    s->at++;
    return true;
}

WEIRP_INLINE bool weirp_digits(weirp_scanner *s) {
    if (!weirp_digit(s)) {
        return weirp_fail(s, "expected a digit");
    }
    while (weirp_digit(s)) {
        s->at++;
    }
    return true;
}

WEIRP_INLINE bool weirp_number(weirp_scanner *s) {
    s->at += weirp_peek(s) == '-';
    if (weirp_peek(s) == '0') {
        s->at++;
        if (weirp_digit(s)) {
            return weirp_fail(s, "a number cannot begin with 0");
        }
    } else if (!weirp_digits(s)) {
        return false;
    }
    if (weirp_peek(s) == '.') {
        s->at++;
        if (!weirp_digits(s)) {
            return false;
        }
    }
    if (weirp_peek(s) == 'e' || weirp_peek(s) == 'E') {
        s->at++;
        s->at += weirp_peek(s) == '+' || weirp_peek(s) == '-';
        return weirp_digits(s);
    }
    return true;
}

WEIRP_INLINE bool weirp_word(weirp_scanner *s, const char *word, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (s->size - s->at <= i || s->text[s->at + i] != word[i]) {
            return weirp_fail(s, "expected a value");
        }
    }
    s->at += size;
    return true;
}

WEIRP_INLINE bool weirp_scalar(weirp_scanner *s) {
    switch (weirp_peek(s)) {
    case '"':
        return weirp_string(s);
    case 't':
        return weirp_word(s, "true", 4);
    case 'f':
        return weirp_word(s, "false", 5);
    case 'n':
        return weirp_word(s, "null", 4);
    default:
        return weirp_peek(s) == '-' || weirp_digit(s) ? weirp_number(s) : weirp_fail(s, "expected a value");
    }
}

/* Steps over a name and its colon, to the value. */
WEIRP_INLINE bool weirp_name(weirp_scanner *s, weir_json *name) {
    size_t start = s->at;
    if (weirp_peek(s) != '"') {
        return weirp_fail(s, "expected a name in quotes");
    }
    if (!weirp_string(s)) {
        return false;
    }
    name->text = weir_bytes(s->text + start, s->at - start);
    weirp_space(s);
    if (weirp_peek(s) != ':') {
        return weirp_fail(s, "expected ':' after a name");
    }
    s->at++;
    weirp_space(s);
    return true;
}

/* Steps over an opening bracket; tells whether the closing one follows, and
 * steps over that too. */
WEIRP_INLINE bool weirp_open_empty(weirp_scanner *s) {
    unsigned char close = weirp_peek(s) == '{' ? '}' : ']';
    s->at++;
    weirp_space(s);
    bool empty = weirp_peek(s) == close;
    s->at += empty;
    return empty;
}

/* Behind a member or an item: steps to the next one, which more tells, or out
 * of the value. */
WEIRP_INLINE bool weirp_next(weirp_scanner *s, bool object, bool *more) {
    weirp_space(s);
    *more = weirp_peek(s) == ',';
    if (!*more && weirp_peek(s) != (object ? '}' : ']')) {
        return weirp_fail(s, object ? "expected ',' or '}' after a member" : "expected ',' or ']' after an item");
    }
    s->at++;
    if (*more) {
        weirp_space(s);
    }
    return true;
}

/* Steps over an object or an array. It keeps the open ones as bits, the lowest
 * the innermost, since the text is not to be trusted with the stack. */
static bool weirp_nested(weirp_scanner *outer) {
    weirp_scanner s = *outer;
    uint64_t objects = 0, saved[WEIRP_LEVELS / 64 + 1];
    int depth = 0;
    bool good = false;
    for (;;) {
        unsigned char c = weirp_peek(&s);
        bool open = c == '{' || c == '[';
        if (open && depth == WEIRP_LEVELS) {
            weirp_fail(&s, "nested deeper than 504 levels");
            break;
        }
        if (!open && !weirp_scalar(&s)) {
            break;
        }
        if (open && !weirp_open_empty(&s)) {
            if (depth % 64 == 0) {
                saved[depth / 64] = objects;
            }
            objects = objects << 1 | (c == '{');
            depth++;
        } else {
            bool more = false;
            while (depth > 0 && weirp_next(&s, objects & 1, &more) && !more) {
                depth--;
                objects = depth % 64 == 0 ? saved[depth / 64] : objects >> 1;
            }
            good = depth == 0;
            if (!more) {
                break;
            }
        }
        weir_json name;
        if ((objects & 1) != 0 && !weirp_name(&s, &name)) {
            break;
        }
    }
    *outer = s;
    return good;
}

/* Steps over a value of any kind. */
WEIRP_INLINE bool weirp_any(weirp_scanner *s, weir_json *value) {
    size_t start = s->at;
    unsigned char c = weirp_peek(s);
    if (c == '{' || c == '[') {
        weirp_scanner inner = *s; /* whose address may leave */
        bool good = weirp_nested(&inner);
        *s = inner;
        if (!good) {
            return false;
        }
    } else if (!weirp_scalar(s)) {
        return false;
    }
    value->text = weir_bytes(s->text + start, s->at - start);
    return true;
}

/*
 * The implementation: JSON values.
 */

static weir_json weirp_missing(void) {
    weir_json value = {{NULL, 0}};
    return value;
}

static char weirp_first(weir_json value) {
    return value.text.data == NULL ? 0 : value.text.data[0];
}

static size_t weirp_put_character(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(heads[more] | c >> 6 * more);
    for (size_t i = 1; i <= more; i++) {
        out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
    }
    return more + 1;
}

static uint32_t weirp_unit(const char *digits) {
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        unit = unit << 4 | (uint32_t)weirp_hex((unsigned char)digits[i]);
    }
    return unit;
}

/* Decodes what stands behind a backslash; at is moved behind it. Half of a
 * surrogate pair reads as U+FFFD. */
static uint32_t weirp_decode(weir_str inner, size_t *at) {
    char c = inner.data[(*at)++];
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        break;
    default:
        return (unsigned char)c;
    }
    uint32_t unit = weirp_unit(inner.data + *at);
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff) {
        return unit;
    }
    if (unit < 0xdc00 && inner.size - *at >= 6 && inner.data[*at] == '\\' && inner.data[*at + 1] == 'u') {
        uint32_t low = weirp_unit(inner.data + *at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            *at += 6;
            return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

bool weir_json_string(weir_json value, weir_str *text) {
    if (weirp_first(value) != '"') {
        return false;
    }
    weir_str inner = weir_bytes(value.text.data + 1, value.text.size - 2);
    size_t at = 0, size = 0;
    while (at < inner.size && inner.data[at] != '\\') {
        at++;
    }
    *text = inner;
    if (at == inner.size) {
        return true;
    }
    char *out = (char *)weir_alloc(inner.size); /* escapes are longer than what they stand for */
    for (at = 0; at < inner.size;) {
        if (inner.data[at] != '\\') {
            out[size++] = inner.data[at++];
        } else {
            at++;
            size += weirp_put_character(out + size, weirp_decode(inner, &at));
        }
    }
    *text = weir_bytes(out, size);
    return true;
}

/* Tells whether a string value is a text; it decodes only what has escapes. */
static inline bool weirp_is_text(weir_json value, const char *text, size_t size) {
    weir_str inner = weir_bytes(value.text.data + 1, value.text.size - 2), wanted = weir_bytes(text, size);
    if (inner.size == size) {
        bool equal = weir_equal(inner, wanted);
        for (size_t i = 0; equal && i < size; i++) {
            equal = text[i] != '\\';
        }
        return equal;
    }
    bool alike = inner.size > size && (inner.data[0] == '\\' || inner.data[0] == text[0]);
    return alike && weir_json_string(value, &inner) && weir_equal(inner, wanted);
}

bool weir_json_parse(weir_str text, weir_json *value, weir_json_error *error) {
    weirp_scanner s = weirp_scan(text);
    *value = weirp_missing();
    weirp_space(&s);
    if (weirp_any(&s, value) && weirp_end(&s)) {
        return true;
    }
    *value = weirp_missing();
    if (error != NULL) {
        *error = s.error;
    }
    return false;
}

static bool weirp_find(weirp_scanner *outer, const char *path, weir_json *found);

/* Steps over the members of an object and finds one. */
WEIRP_INLINE bool weirp_find_member(weirp_scanner *s, const char *path, weir_json *found) {
    size_t whole = __builtin_strlen(path), head = 0;
    weir_json name, value;
    while (path[head] != 0 && path[head] != '.') {
        head++;
    }
    bool more = !weirp_open_empty(s);
    while (more) {
        if (!weirp_name(s, &name) || !weirp_any(s, &value)) {
            return false;
        }
        if (head < whole && weirp_is_text(name, path, head)) {
            weirp_scanner inner = weirp_scan(value.text);
            weirp_find(&inner, path + head + 1, found);
        } else if (weirp_is_text(name, path, whole)) {
            *found = value;
        }
        if (!weirp_next(s, true, &more)) {
            return false;
        }
    }
    return true;
}

/* Steps over the value at a place and finds a member in it. */
static bool weirp_find(weirp_scanner *outer, const char *path, weir_json *found) {
    weirp_scanner s = *outer;
    weir_json value;
    *found = weirp_missing();
    bool good = weirp_peek(&s) == '{' ? weirp_find_member(&s, path, found) : weirp_any(&s, &value);
    *outer = s;
    return good;
}

bool weir_json_find(weir_str text, const char *path, weir_json *value, weir_json_error *error) {
    weirp_scanner s = weirp_scan(text);
    weirp_space(&s);
    if (weirp_find(&s, path, value) && weirp_end(&s)) {
        return true;
    }
    *value = weirp_missing();
    if (error != NULL) {
        *error = s.error;
    }
    return false;
}

weir_json_walk weir_json_begin(weir_json value) {
    weir_json_walk walk = {weirp_missing(), weirp_missing(), value.text, 0, false};
    if (weirp_first(value) == '{' || weirp_first(value) == '[') {
        weirp_scanner s = weirp_scan(value.text);
        walk.more = !weirp_open_empty(&s);
        walk.at = s.at;
    }
    return walk;
}

bool weir_json_next(weir_json_walk *walk) {
    bool object = walk->text.size > 0 && walk->text.data[0] == '{';
    if (!walk->more) {
        return false;
    }
    weirp_scanner s = weirp_scan(walk->text);
    s.at = walk->at;
    walk->more = (!object || weirp_name(&s, &walk->name)) && weirp_any(&s, &walk->value);
    if (!walk->more || !weirp_next(&s, object, &walk->more)) {
        return false;
    }
    walk->at = s.at;
    return true;
}

static weir_json weirp_member(weir_json value, const char *name, size_t size) {
    weir_json found = weirp_missing();
    weir_json_walk walk = weir_json_begin(value);
    while (weirp_first(value) == '{' && weir_json_next(&walk)) {
        if (weirp_is_text(walk.name, name, size)) {
            found = walk.value;
        }
    }
    return found;
}

weir_json weir_json_get(weir_json value, const char *name) {
    return weirp_member(value, name, __builtin_strlen(name));
}

weir_json weir_json_at(weir_json value, size_t index) {
    weir_json_walk walk = weir_json_begin(value);
    while (weirp_first(value) == '[' && weir_json_next(&walk)) {
        if (index-- == 0) {
            return walk.value;
        }
    }
    return weirp_missing();
}

/* The item that a token of a JSON pointer names. */
static weir_json weirp_item(weir_json value, const char *token, size_t size) {
    size_t index = 0;
    for (size_t i = 0; i < size; i++) {
        if (token[i] < '0' || token[i] > '9' || size > 9 || (i > 0 && token[0] == '0')) {
            return weirp_missing();
        }
        index = index * 10 + (size_t)(token[i] - '0');
    }
    return size == 0 ? weirp_missing() : weir_json_at(value, index);
}

weir_json weir_json_pointer(weir_json value, const char *pointer) {
    size_t whole = __builtin_strlen(pointer);
    char *token = (char *)weir_alloc(whole);
    while (*pointer == '/') {
        size_t size = 0;
        for (pointer++; *pointer != 0 && *pointer != '/'; pointer++) {
            bool escape = *pointer == '~' && (pointer[1] == '0' || pointer[1] == '1');
            pointer += escape;
            token[size++] = escape ? (*pointer == '0' ? '~' : '/') : *pointer;
        }
        value = weirp_first(value) == '[' ? weirp_item(value, token, size) : weirp_member(value, token, size);
    }
    return *pointer == 0 ? value : weirp_missing();
}

const char *weir_json_kind(weir_json value) {
    switch (weirp_first(value)) {
    case 0:
        return "missing";
    case '{':
        return "an object";
    case '[':
        return "an array";
    case '"':
        return "a string";
    case 't':
    case 'f':
        return "a boolean";
    case 'n':
        return "null";
    default:
        return "a number";
    }
}

static bool weirp_is_number(weir_json value) {
    char first = weirp_first(value);
    return first == '-' || (first >= '0' && first <= '9');
}

bool weir_json_number(weir_json value, double *number) {
    if (!weirp_is_number(value)) {
        return false;
    }
    if (!weirp_small_number(value.text, number)) {
        *number = weirp_parse_number(value.text);
    }
    return true;
}

bool weir_json_int(weir_json value, int64_t *integer) {
    if (!weirp_is_number(value)) {
        return false;
    }
    bool negative = value.text.data[0] == '-';
    uint64_t n = 0, most = (uint64_t)INT64_MAX + negative;
    for (size_t i = negative; i < value.text.size; i++) {
        char c = value.text.data[i];
        uint64_t digit = (uint64_t)(c - '0');
        if (c < '0' || c > '9' || n > (most - digit) / 10) {
            return false;
        }
        n = n * 10 + digit;
    }
    *integer = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

bool weir_json_bool(weir_json value, bool *truth) {
    *truth = weirp_first(value) == 't';
    return *truth || weirp_first(value) == 'f';
}

weir_str weir_json_quote(weir_str text) {
    static const char hex[] = "0123456789abcdef", short_escapes[] = "btn\0fr";
    char *out = (char *)weir_alloc(text.size * 6 + 2);
    size_t size = 0;
    out[size++] = '"';
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            out[size++] = (char)c;
            continue;
        }
        out[size++] = '\\';
        if (c >= 0x20) {
            out[size++] = (char)c;
        } else if (c >= 8 && c <= 13 && c != 11) {
            out[size++] = short_escapes[c - 8];
        } else {
            const char escape[] = {'u', '0', '0', hex[c >> 4], hex[c & 15]};
            weirp_copy(out + size, escape, sizeof escape);
            size += sizeof escape;
        }
    }
    out[size++] = '"';
    return weir_bytes(out, size);
}

/*
 * The implementation: events. The layouts are those of docs/abi.md.
 */

typedef struct weirp_span {
    uint32_t at, size;
} weirp_span;

typedef struct weirp_entry {
    uint32_t source, flags;
    weirp_span value, key, headers, context, topic, source_topic;
    int64_t timestamp, offset;
    int32_t source_partition, partition;
} weirp_entry;

typedef struct weirp_header_pair {
    weirp_span name, value;
} weirp_header_pair;

typedef struct weirp_context_pair {
    weirp_span name;
    uint32_t kind, reserved;
    uint64_t payload, reserved_payload;
} weirp_context_pair;

WEIRP_ASSERT(sizeof(weirp_entry) == 80, "an entry has 80 bytes");
WEIRP_ASSERT(sizeof(weirp_header_pair) == 16, "a header has 16 bytes");
WEIRP_ASSERT(sizeof(weirp_context_pair) == 32, "a pair of the context has 32 bytes");

enum { WEIRP_VALUE_NULL = 1, WEIRP_KEY_NULL = 2, WEIRP_ROUTED = 4, WEIRP_STAMPED = 8 };

/* Outputs go into the input's own table as long as each takes a place whose
 * event is done, which is every pass-through and every filter; else into a
 * table of their own. */
struct weir_batch {
    weirp_entry *table;
    size_t count;
    weirp_entry *out;
    size_t out_count, out_room;
    bool in_place;
};

struct weir_event {
    weirp_entry *entry;
    weir_batch *batch;
    weir_str fault;   /* why the event will be rejected, or null */
    size_t pair_room; /* of the context's array; 0 while it is not this event's own */
    bool dropped;
};

static weir_str weirp_str(weirp_span span) {
    return weir_bytes(weirp_pointer(span.at), span.size);
}

/* Where the bytes can be found for the rest of the batch. */
static weirp_span weirp_keep(weir_str s) {
    weirp_span span = {0, 0};
    if (s.size > 0) {
        span.at = weirp_address(weirp_lasts(s.data) ? s.data : weirp_copied(s).data);
        span.size = (uint32_t)s.size;
    }
    return span;
}

static bool weirp_has(const weir_event *ev, uint32_t flag) {
    return (ev->entry->flags & flag) != 0;
}

static void weirp_mark(weir_event *ev, uint32_t flag, bool on) {
    ev->entry->flags = on ? ev->entry->flags | flag : ev->entry->flags & ~flag;
}

void weir_reject(weir_event *ev, const char *format, ...) {
    if (ev->fault.data == NULL) {
        va_list args;
        va_start(args, format);
        ev->fault = weir_vformat(format, args);
        va_end(args);
    }
}

/* Rejects the event for what a setter could not do. */
static void weirp_fault(weir_event *ev, const char *name, const char *why) {
    weir_reject(ev, "context %s %s", name, why);
}

bool weir_rejected(const weir_event *ev) {
    return ev->fault.data != NULL;
}

weir_str weir_value(const weir_event *ev) {
    return weirp_has(ev, WEIRP_VALUE_NULL) ? weir_null() : weirp_str(ev->entry->value);
}

void weir_set_value(weir_event *ev, weir_str value) {
    ev->entry->value = weirp_keep(value);
    weirp_mark(ev, WEIRP_VALUE_NULL, value.data == NULL);
}

weir_str weir_key(const weir_event *ev) {
    return weirp_has(ev, WEIRP_KEY_NULL) ? weir_null() : weirp_str(ev->entry->key);
}

void weir_set_key(weir_event *ev, weir_str key) {
    ev->entry->key = weirp_keep(key);
    weirp_mark(ev, WEIRP_KEY_NULL, key.data == NULL);
}

void weir_route(weir_event *ev, weir_str topic) {
    if (topic.size == 0) {
        weirp_fault(ev, "kafka_topic", "cannot be empty");
    } else if (!weir_is_utf8(topic)) {
        weirp_fault(ev, "kafka_topic", "must be UTF-8");
    } else {
        ev->entry->topic = weirp_keep(topic);
        weirp_mark(ev, WEIRP_ROUTED, true);
    }
}

weir_str weir_routed(const weir_event *ev) {
    return weirp_has(ev, WEIRP_ROUTED) ? weirp_str(ev->entry->topic) : weir_null();
}

int64_t weir_timestamp(const weir_event *ev) {
    return ev->entry->timestamp;
}

void weir_set_timestamp(weir_event *ev, int64_t ms) {
    if (ms < 0) {
        weirp_fault(ev, "kafka_timestamp", "cannot be before 1970");
        return;
    }
    ev->entry->timestamp = ms;
    weirp_mark(ev, WEIRP_STAMPED, true);
}

int32_t weir_partition(const weir_event *ev) {
    return ev->entry->partition;
}

void weir_set_partition(weir_event *ev, int32_t partition) {
    if (partition < WEIR_ANY_PARTITION) {
        weirp_fault(ev, "kafka_partition", "cannot be negative");
        return;
    }
    ev->entry->partition = partition;
}

weir_str weir_source_topic(const weir_event *ev) {
    return weirp_str(ev->entry->source_topic);
}

int32_t weir_source_partition(const weir_event *ev) {
    return ev->entry->source_partition;
}

int64_t weir_source_offset(const weir_event *ev) {
    return ev->entry->offset;
}

static weirp_header_pair *weirp_headers(const weir_event *ev) {
    return (weirp_header_pair *)weirp_pointer(ev->entry->headers.at);
}

static bool weirp_header_null(weirp_header_pair pair) {
    return pair.value.at == 0 && pair.value.size == UINT32_MAX;
}

size_t weir_header_count(const weir_event *ev) {
    return ev->entry->headers.size;
}

weir_header weir_header_at(const weir_event *ev, size_t index) {
    if (index >= ev->entry->headers.size) {
        weir_panic("header %lld of %lld", (long long)index, (long long)ev->entry->headers.size);
    }
    weirp_header_pair pair = weirp_headers(ev)[index];
    weir_header header = {weirp_str(pair.name), weirp_header_null(pair) ? weir_null() : weirp_str(pair.value)};
    return header;
}

bool weir_find_header(const weir_event *ev, const char *name, weir_str *value) {
    for (size_t i = ev->entry->headers.size; i-- > 0;) {
        weir_header header = weir_header_at(ev, i);
        if (weir_is(header.name, name)) {
            if (value != NULL) {
                *value = header.value;
            }
            return true;
        }
    }
    return false;
}

void weir_add_header(weir_event *ev, const char *name, weir_str value) {
    if (!weir_is_utf8(weir_text(name))) {
        weirp_fault(ev, "header name", "must be UTF-8");
        return;
    }
    size_t count = ev->entry->headers.size;
    weirp_header_pair *pairs = (weirp_header_pair *)weir_alloc((count + 1) * sizeof *pairs);
    weirp_copy(pairs, weirp_headers(ev), count * sizeof *pairs);
    pairs[count].name = weirp_keep(weir_text(name));
    pairs[count].value = weirp_keep(value);
    if (value.data == NULL) {
        pairs[count].value.size = UINT32_MAX;
    }
    ev->entry->headers.at = weirp_address(pairs);
    ev->entry->headers.size++;
}

void weir_remove_header(weir_event *ev, const char *name) {
    size_t count = ev->entry->headers.size, kept = 0;
    weirp_header_pair *pairs = (weirp_header_pair *)weir_alloc(count * sizeof *pairs);
    for (size_t i = 0; i < count; i++) {
        weirp_header_pair pair = weirp_headers(ev)[i];
        if (!weir_is(weirp_str(pair.name), name)) {
            pairs[kept++] = pair;
        }
    }
    ev->entry->headers.at = weirp_address(pairs);
    ev->entry->headers.size = (uint32_t)kept;
}

/* Moves the outputs to a larger table of their own. */
static void weirp_move_out(weir_batch *batch) {
    size_t room = (batch->out_room > batch->count ? batch->out_room : batch->count) * 2;
    weirp_entry *table = (weirp_entry *)weir_alloc(room * sizeof *table);
    weirp_copy(table, batch->out, batch->out_count * sizeof *table);
    batch->out = table;
    batch->out_room = room;
    batch->in_place = false;
}

static void weirp_send(weir_batch *batch, const weirp_entry *entry) {
    if (batch->out_count >= batch->out_room) {
        weirp_move_out(batch);
    }
    batch->out[batch->out_count++] = *entry;
}

void weir_emit(weir_event *ev) {
    ev->pair_room = 0; /* the emitted entry shares the array */
    weirp_send(ev->batch, ev->entry);
}

void weir_drop(weir_event *ev) {
    ev->dropped = true;
}

static inline void weirp_visit(weir_batch *batch, size_t index, void (*process)(weir_event *ev)) {
    weir_event ev = {&batch->table[index], batch, {NULL, 0}, 0, false};
    process(&ev);
    if (ev.fault.data != NULL) {
        weir_import_reject((uint32_t)index, ev.fault.data, ev.fault.size);
    } else if (ev.dropped) {
        return;
    } else if (batch->in_place && batch->out_count == index) {
        batch->out_count = index + 1;
    } else {
        weirp_send(batch, ev.entry);
    }
}

size_t weir_batch_size(const weir_batch *batch) {
    return batch->count;
}

void weir_each(weir_batch *batch, void (*process)(weir_event *ev)) {
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->in_place) {
            batch->out_room = i; /* the places in front are free, its own is not */
        }
        weirp_visit(batch, i, process);
    }
    if (batch->in_place) {
        batch->out_room = batch->count;
    }
}

void weir_run(weir_batch *batch, size_t index, void (*process)(weir_event *ev)) {
    if (index >= batch->count) {
        weir_panic("event %lld of a batch of %lld", (long long)index, (long long)batch->count);
    }
    if (batch->in_place) {
        weirp_move_out(batch);
    }
    weirp_visit(batch, index, process);
}

/*
 * The implementation: the context, and fields of a JSON payload.
 */

/* The names that every event has beside its own pairs. */
static const char *const weirp_facts[] = {"kafka_topic",     "kafka_partition", "kafka_offset",     "kafka_key",
                                          "kafka_timestamp", "_kafka_topic",    "_kafka_partition", "_kafka_offset"};

#define WEIRP_FACTS (sizeof weirp_facts / sizeof weirp_facts[0])

static bool weirp_same(const char *a, const char *b) {
    while (*a != 0 && *a == *b) {
        a++, b++;
    }
    return *a == *b;
}

static bool weirp_reserved(const char *name) {
    static const char family[] = "kafka_";
    name += *name == '_';
    for (size_t i = 0; i < sizeof family - 1; i++) {
        if (name[i] != family[i]) {
            return false;
        }
    }
    return true;
}

static weir_any weirp_any_of(weir_kind kind, int64_t integer, double number, weir_str bytes) {
    weir_any value = {kind, integer, number, bytes};
    return value;
}

static weir_any weirp_whole(int64_t n) {
    return weirp_any_of(WEIR_KIND_INT, n, 0, weir_null());
}

static weir_any weirp_data(weir_kind kind, weir_str bytes) {
    return weirp_any_of(bytes.data == NULL ? WEIR_KIND_NULL : kind, 0, 0, bytes);
}

static bool weirp_fact(const weir_event *ev, const char *name, weir_any *value) {
    const weirp_entry *entry = ev->entry;
    bool source = *name == '_';
    const char *what = name + source;
    if (weirp_same(what, "kafka_topic")) {
        bool routed = !source && weirp_has(ev, WEIRP_ROUTED);
        *value = weirp_data(WEIR_KIND_TEXT, weirp_str(routed ? entry->topic : entry->source_topic));
    } else if (weirp_same(what, "kafka_partition")) {
        bool chosen = !source && entry->partition != WEIR_ANY_PARTITION;
        *value = weirp_whole(chosen ? entry->partition : entry->source_partition);
    } else if (weirp_same(what, "kafka_offset")) {
        *value = weirp_whole(entry->offset);
    } else if (weirp_same(name, "kafka_key")) {
        *value = weirp_data(WEIR_KIND_BYTES, weir_key(ev));
    } else if (weirp_same(name, "kafka_timestamp")) {
        *value = weirp_whole(entry->timestamp);
    } else {
        return false;
    }
    return true;
}

static weirp_context_pair *weirp_pairs(const weir_event *ev) {
    return (weirp_context_pair *)weirp_pointer(ev->entry->context.at);
}

/* The index of a name's pair, or their number. */
static size_t weirp_find_pair(const weir_event *ev, const char *name) {
    weir_str wanted = weir_text(name);
    size_t i = 0;
    while (i < ev->entry->context.size && !weir_equal(weirp_str(weirp_pairs(ev)[i].name), wanted)) {
        i++;
    }
    return i;
}

static weir_any weirp_read_pair(const weirp_context_pair *pair) {
    weir_any value = weirp_any_of((weir_kind)pair->kind, 0, 0, weir_null());
    if (pair->kind == WEIR_KIND_FLOAT) {
        value.number = weirp_double(pair->payload);
    } else if (pair->kind < WEIR_KIND_TEXT) {
        value.integer = (int64_t)pair->payload;
    } else {
        weirp_span span = {(uint32_t)pair->payload, (uint32_t)(pair->payload >> 32)};
        value.bytes = weirp_str(span);
    }
    return value;
}

bool weir_get(const weir_event *ev, const char *name, weir_any *value) {
    if (weirp_reserved(name)) {
        return weirp_fact(ev, name, value);
    }
    size_t at = weirp_find_pair(ev, name);
    if (at == ev->entry->context.size) {
        return false;
    }
    *value = weirp_read_pair(&weirp_pairs(ev)[at]);
    return true;
}

weir_str weir_get_text(const weir_event *ev, const char *name) {
    weir_any value;
    return weir_get(ev, name, &value) ? value.bytes : weir_null();
}

int64_t weir_get_int(const weir_event *ev, const char *name, int64_t otherwise) {
    weir_any value;
    return weir_get(ev, name, &value) && value.kind == WEIR_KIND_INT ? value.integer : otherwise;
}

double weir_get_float(const weir_event *ev, const char *name, double otherwise) {
    weir_any value;
    if (!weir_get(ev, name, &value)) {
        return otherwise;
    }
    return value.kind == WEIR_KIND_FLOAT ? value.number : value.kind == WEIR_KIND_INT ? (double)value.integer : otherwise;
}

bool weir_get_bool(const weir_event *ev, const char *name, bool otherwise) {
    weir_any value;
    return weir_get(ev, name, &value) && value.kind == WEIR_KIND_BOOL ? value.integer != 0 : otherwise;
}

/* Writes one of the kafka_* names. */
static void weirp_tell_sink(weir_event *ev, const char *name, weir_any value) {
    bool null = value.kind == WEIR_KIND_NULL;
    if (weirp_same(name, "kafka_topic")) {
        if (value.kind == WEIR_KIND_TEXT) {
            weir_route(ev, value.bytes);
        } else if (null) {
            weirp_mark(ev, WEIRP_ROUTED, false);
        } else {
            weirp_fault(ev, name, "must be text");
        }
    } else if (weirp_same(name, "kafka_key")) {
        if (null || value.kind == WEIR_KIND_TEXT || value.kind == WEIR_KIND_BYTES) {
            weir_set_key(ev, value.bytes);
        } else {
            weirp_fault(ev, name, "must be bytes or text");
        }
    } else if (weirp_same(name, "kafka_partition")) {
        if (null) {
            ev->entry->partition = WEIR_ANY_PARTITION;
        } else if (value.kind != WEIR_KIND_INT) {
            weirp_fault(ev, name, "must be a whole number");
        } else if (value.integer < 0 || value.integer > INT32_MAX) {
            weirp_fault(ev, name, "must be between 0 and 2147483647");
        } else {
            ev->entry->partition = (int32_t)value.integer;
        }
    } else if (weirp_same(name, "kafka_timestamp")) {
        if (value.kind == WEIR_KIND_INT) {
            weir_set_timestamp(ev, value.integer);
        } else if (null) {
            weirp_mark(ev, WEIRP_STAMPED, false);
        } else {
            weirp_fault(ev, name, "must be a whole number of milliseconds");
        }
    } else if (weirp_same(name, "kafka_headers")) {
        weirp_fault(ev, name, "is set through the event's headers");
    } else {
        weirp_fault(ev, name, "cannot be set: names of the kafka_ family are reserved");
    }
}

/* The pairs, in an array that is this event's alone and has room for one more. */
static weirp_context_pair *weirp_own_pairs(weir_event *ev) {
    size_t count = ev->entry->context.size;
    if (count >= ev->pair_room) {
        ev->pair_room = count < 2 ? 4 : 2 * count;
        void *pairs = weir_alloc(ev->pair_room * sizeof(weirp_context_pair));
        weirp_copy(pairs, weirp_pairs(ev), count * sizeof(weirp_context_pair));
        ev->entry->context.at = weirp_address(pairs);
    }
    return weirp_pairs(ev);
}

static uint64_t weirp_payload(weir_any value) {
    uint64_t payload = (uint64_t)value.integer;
    if (value.kind == WEIR_KIND_FLOAT) {
        weirp_copy(&payload, &value.number, sizeof payload);
    } else if (value.kind >= WEIR_KIND_TEXT) {
        weirp_span span = weirp_keep(value.bytes);
        payload = (uint64_t)span.size << 32 | span.at;
    }
    return payload;
}

static void weirp_set_pair(weir_event *ev, const char *name, weir_any value) {
    size_t at = weirp_find_pair(ev, name);
    weirp_context_pair *pairs = weirp_own_pairs(ev);
    if (at == ev->entry->context.size) {
        pairs[at].name = weirp_keep(weir_text(name));
        pairs[at].reserved = 0;
        pairs[at].reserved_payload = 0;
        ev->entry->context.size++;
    }
    pairs[at].kind = (uint32_t)value.kind;
    pairs[at].payload = weirp_payload(value);
}

void weir_set(weir_event *ev, const char *name, weir_any value) {
    bool text = value.kind == WEIR_KIND_TEXT || value.kind == WEIR_KIND_JSON;
    if (value.kind < WEIR_KIND_NULL || value.kind > WEIR_KIND_JSON) {
        weirp_fault(ev, name, "cannot hold a value of an unknown kind");
    } else if (text && !weir_is_utf8(value.bytes)) {
        weirp_fault(ev, name, "must be UTF-8: use weir_set_bytes for other bytes");
    } else if (weirp_reserved(name)) {
        weirp_tell_sink(ev, name, value);
    } else if (*name == 0) {
        weirp_fault(ev, "name", "cannot be empty");
    } else if (!weir_is_utf8(weir_text(name))) {
        weirp_fault(ev, "name", "must be UTF-8");
    } else {
        weirp_set_pair(ev, name, value);
    }
}

void weir_set_null(weir_event *ev, const char *name) {
    weir_set(ev, name, weirp_data(WEIR_KIND_NULL, weir_null()));
}

void weir_set_bool(weir_event *ev, const char *name, bool value) {
    weir_set(ev, name, weirp_any_of(WEIR_KIND_BOOL, value, 0, weir_null()));
}

void weir_set_int(weir_event *ev, const char *name, int64_t value) {
    weir_set(ev, name, weirp_whole(value));
}

void weir_set_float(weir_event *ev, const char *name, double value) {
    weir_set(ev, name, weirp_any_of(WEIR_KIND_FLOAT, 0, value, weir_null()));
}

void weir_set_text(weir_event *ev, const char *name, weir_str value) {
    weir_set(ev, name, weirp_data(WEIR_KIND_TEXT, value));
}

void weir_set_bytes(weir_event *ev, const char *name, weir_str value) {
    weir_set(ev, name, weirp_data(WEIR_KIND_BYTES, value));
}

void weir_set_json(weir_event *ev, const char *name, weir_str value) {
    weir_set(ev, name, weirp_data(WEIR_KIND_JSON, value));
}

void weir_remove(weir_event *ev, const char *name) {
    if (weirp_reserved(name)) {
        weir_set_null(ev, name);
        return;
    }
    size_t at = weirp_find_pair(ev, name);
    if (at == ev->entry->context.size) {
        return;
    }
    weirp_context_pair *pairs = weirp_own_pairs(ev);
    for (ev->entry->context.size--; at < ev->entry->context.size; at++) {
        pairs[at] = pairs[at + 1];
    }
}

size_t weir_context_count(const weir_event *ev) {
    return WEIRP_FACTS + ev->entry->context.size;
}

weir_pair weir_context_at(const weir_event *ev, size_t index) {
    weir_pair pair;
    if (index >= weir_context_count(ev)) {
        weir_panic("pair %lld of %lld", (long long)index, (long long)weir_context_count(ev));
    }
    if (index < WEIRP_FACTS) {
        pair.name = weir_text(weirp_facts[index]);
        weirp_fact(ev, weirp_facts[index], &pair.value);
    } else {
        const weirp_context_pair *stored = &weirp_pairs(ev)[index - WEIRP_FACTS];
        pair.name = weirp_str(stored->name);
        pair.value = weirp_read_pair(stored);
    }
    return pair;
}

weir_json weir_field(weir_event *ev, const char *path) {
    weir_json field = weirp_missing();
    weir_json_error error;
    if (weirp_has(ev, WEIRP_VALUE_NULL)) {
        weir_reject(ev, "field \"%s\": the value is null", path);
    } else if (!weir_json_find(weir_value(ev), path, &field, &error)) {
        weir_reject(ev, "field \"%s\": malformed JSON at byte %lld: %s", path, (long long)error.at, error.what);
    } else if (field.text.data == NULL) {
        weir_reject(ev, "field \"%s\" is missing", path);
    }
    return field;
}

static void weirp_wrong_kind(weir_event *ev, const char *path, weir_json field, const char *wanted) {
    weir_reject(ev, "field \"%s\" is %s, not %s", path, weir_json_kind(field), wanted);
}

double weir_field_number(weir_event *ev, const char *path) {
    weir_json field = weir_field(ev, path);
    double number = weirp_double((uint64_t)0x7ff8 << 48);
    if (!weir_json_number(field, &number)) {
        weirp_wrong_kind(ev, path, field, "a number");
    }
    return number;
}

int64_t weir_field_int(weir_event *ev, const char *path) {
    weir_json field = weir_field(ev, path);
    int64_t integer = 0;
    if (!weir_json_int(field, &integer)) {
        weirp_wrong_kind(ev, path, field, "a whole number of 64 bits");
    }
    return integer;
}

bool weir_field_bool(weir_event *ev, const char *path) {
    weir_json field = weir_field(ev, path);
    bool truth = false;
    if (!weir_json_bool(field, &truth)) {
        weirp_wrong_kind(ev, path, field, "a boolean");
    }
    return truth;
}

weir_str weir_field_text(weir_event *ev, const char *path) {
    weir_json field = weir_field(ev, path);
    weir_str text = weir_null();
    if (!weir_json_string(field, &text)) {
        weirp_wrong_kind(ev, path, field, "a string");
    }
    return text;
}

/*
 * The implementation: texts, the config, and what host and module call of each
 * other.
 */

typedef struct weirp_builder {
    char *data;
    size_t size, room;
} weirp_builder;

static void weirp_append(weirp_builder *b, weir_str s) {
    if (s.size > b->room - b->size) {
        b->room = (b->size + s.size) * 2;
        char *data = (char *)weir_alloc(b->room);
        weirp_copy(data, b->data, b->size);
        b->data = data;
    }
    weirp_copy(b->data + b->size, s.data, s.size);
    b->size += s.size;
}

static size_t weirp_write_int(long long n, char *out) {
    char reversed[20];
    size_t size = 0, count = 0;
    unsigned long long rest = n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (n < 0) {
        out[size++] = '-';
    }
    while (count > 0) {
        out[size++] = reversed[--count];
    }
    return size;
}

weir_str weir_vformat(const char *format, va_list args) {
    weirp_builder b = {NULL, 0, 0};
    char number[WEIRP_NUMBER_ROOM];
    b.room = __builtin_strlen(format) + 64;
    b.data = (char *)weir_alloc(b.room);
    while (*format != 0) {
        const char *plain = format;
        while (*format != 0 && *format != '%') {
            format++;
        }
        weirp_append(&b, weir_bytes(plain, (size_t)(format - plain)));
        if (*format == 0) {
            break;
        }
        format++;
        if (*format == 's') {
            weirp_append(&b, weir_text(va_arg(args, const char *)));
        } else if (*format == 'v') {
            weirp_append(&b, va_arg(args, weir_str));
        } else if (*format == 'd') {
            weirp_append(&b, weir_bytes(number, weirp_write_int(va_arg(args, int), number)));
        } else if (*format == 'g') {
            weirp_append(&b, weir_bytes(number, weirp_write_number(va_arg(args, double), number)));
        } else if (format[0] == 'l' && format[1] == 'l' && format[2] == 'd') {
            weirp_append(&b, weir_bytes(number, weirp_write_int(va_arg(args, long long), number)));
            format += 2;
        } else if (*format == '%') {
            weirp_append(&b, weir_text("%"));
        } else {
            weir_panic("a format has %% and then none of s v d lld g %%");
        }
        format++;
    }
    return weir_bytes(b.data, b.size);
}

weir_str weir_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    weir_str text = weir_vformat(format, args);
    va_end(args);
    return text;
}

void weir_log(weir_level level, const char *format, ...) {
    va_list args;
    va_start(args, format);
    weir_str text = weir_vformat(format, args);
    va_end(args);
    weir_import_log((uint32_t)level, text.data, text.size);
}

static void weirp_metric(uint32_t kind, const char *name, double value) {
    weir_import_metric(kind, name, __builtin_strlen(name), value);
}

void weir_count(const char *name, double by) {
    weirp_metric(0, name, by);
}

void weir_gauge(const char *name, double value) {
    weirp_metric(1, name, value);
}

void weir_observe(const char *name, double value) {
    weirp_metric(2, name, value);
}

int64_t weir_now(void) {
    return weir_import_now();
}

WEIR_NORETURN void weir_panic(const char *format, ...) {
    static bool panicking; /* a text may need memory, and there may be none */
    if (!panicking) {
        panicking = true;
        va_list args;
        va_start(args, format);
        weir_str text = weir_format("panic: %v", weir_vformat(format, args));
        va_end(args);
        weir_import_error(text.data, text.size);
    } else {
        static const char text[] = "panic: out of memory";
        weir_import_error(text, sizeof text - 1);
    }
    weirp_trap();
}

#define WEIRP_MEMBERS 64

struct weir_config {
    weir_str pipeline, processor;
    weir_json json;
    const char *asked[WEIRP_MEMBERS];
    size_t asked_count;
    bool whole; /* open reads the config itself */
    weir_str fault;
};

weir_str weir_config_pipeline(const weir_config *config) {
    return config->pipeline;
}

weir_str weir_config_processor(const weir_config *config) {
    return config->processor;
}

weir_json weir_config_json(weir_config *config) {
    config->whole = true;
    return config->json;
}

void weir_refuse(weir_config *config, const char *format, ...) {
    if (config->fault.data == NULL) {
        va_list args;
        va_start(args, format);
        config->fault = weir_vformat(format, args);
        va_end(args);
    }
}

weir_json weir_config_member(weir_config *config, const char *name) {
    if (config->asked_count == WEIRP_MEMBERS) {
        weir_panic("open asks for more than %d members of the config", WEIRP_MEMBERS);
    }
    config->asked[config->asked_count++] = name;
    return weir_json_get(config->json, name);
}

/* Refuses a member that is there and of another kind. */
static void weirp_refuse_kind(weir_config *config, const char *name, weir_json member, const char *wanted) {
    if (member.text.data != NULL) {
        weir_refuse(config, "config key \"%s\" is %s, not %s", name, weir_json_kind(member), wanted);
    }
}

double weir_config_number(weir_config *config, const char *name, double otherwise) {
    weir_json member = weir_config_member(config, name);
    if (!weir_json_number(member, &otherwise)) {
        weirp_refuse_kind(config, name, member, "a number");
    }
    return otherwise;
}

int64_t weir_config_int(weir_config *config, const char *name, int64_t otherwise) {
    weir_json member = weir_config_member(config, name);
    if (!weir_json_int(member, &otherwise)) {
        weirp_refuse_kind(config, name, member, "a whole number of 64 bits");
    }
    return otherwise;
}

bool weir_config_bool(weir_config *config, const char *name, bool otherwise) {
    weir_json member = weir_config_member(config, name);
    bool truth;
    if (weir_json_bool(member, &truth)) {
        return truth;
    }
    weirp_refuse_kind(config, name, member, "a boolean");
    return otherwise;
}

weir_str weir_config_text(weir_config *config, const char *name, const char *otherwise) {
    weir_json member = weir_config_member(config, name);
    weir_str text = weir_text(otherwise);
    if (weir_json_string(member, &text)) {
        return weirp_copied_static(text);
    }
    weirp_refuse_kind(config, name, member, "a string");
    return text;
}

/* Refuses members that open did not ask for. */
static void weirp_refuse_unknown(weir_config *config) {
    weir_json_walk walk = weir_json_begin(config->json);
    while (weir_json_next(&walk)) {
        bool known = false;
        weir_str names = weir_text("");
        for (size_t i = 0; i < config->asked_count; i++) {
            known |= weirp_is_text(walk.name, config->asked[i], __builtin_strlen(config->asked[i]));
            names = weir_format("%v%s%s", names, i == 0 ? "" : ", ", config->asked[i]);
        }
        if (!known) {
            weir_refuse(config, "unknown config key %v: known are %v", walk.name.text, names);
        }
    }
}

/* Reads what the host opens a processor with. */
static void weirp_read_config(weir_config *config, weir_str text) {
    weir_json opening;
    weir_json_error error;
    weir_str names[2] = {weir_null(), weir_null()};
    if (!weir_json_parse(text, &opening, &error)) {
        weir_refuse(config, "what the host opened the processor with: malformed JSON at byte %lld: %s",
                    (long long)error.at, error.what);
        return;
    }
    weir_json_string(weir_json_get(opening, "pipeline"), &names[0]);
    weir_json_string(weir_json_get(opening, "processor"), &names[1]);
    config->pipeline = weirp_copied_static(names[0]);
    config->processor = weirp_copied_static(names[1]);
    config->json = weir_json_get(opening, "config");
}

static void weirp_open(weir_config *config) {
    weir_self.open(config);
    char first = weirp_first(config->json);
    if (config->whole || first == 0 || first == 'n') {
        return;
    }
    if (first != '{') {
        weir_refuse(config, "the config is %s, not an object", weir_json_kind(config->json));
    } else {
        weirp_refuse_unknown(config);
    }
}

WEIRP_EXPORT("weir_abi_1") void weir_export_abi_1(void) {
}

WEIRP_EXPORT("weir_buffer") uint32_t weir_export_buffer(uint32_t size) {
    char *buffer = weirp_buffer(size);
    return buffer == NULL ? 0 : weirp_address(buffer);
}

WEIRP_EXPORT("weir_open") int32_t weir_export_open(uint32_t at, uint32_t size) {
    static weir_config config;
    weirp_span span = {at, size};
    __builtin_memset(&config, 0, sizeof config);
    weirp_reset();
    weirp_read_config(&config, weirp_str(span));
    if (weir_self.open != NULL && config.fault.data == NULL) {
        weirp_open(&config);
    }
    if (config.fault.data != NULL) {
        weir_import_error(config.fault.data, config.fault.size);
        return 1;
    }
    return 0;
}

WEIRP_EXPORT("weir_process") uint64_t weir_export_process(uint32_t table, uint32_t count) {
    weir_batch batch = {(weirp_entry *)weirp_pointer(table), count, NULL, 0, 0, true};
    batch.out = batch.table;
    weirp_reset();
    if (weir_self.process_batch != NULL) {
        weir_self.process_batch(&batch);
    } else {
        weir_each(&batch, weir_self.process);
    }
    return (uint64_t)weirp_address(batch.out) << 32 | batch.out_count;
}

WEIRP_EXPORT("weir_close") void weir_export_close(void) {
    if (weir_self.close != NULL) {
        weir_self.close();
    }
}

#ifdef __cplusplus
}
#endif
#endif /* WEIR_DECLARATIONS */
