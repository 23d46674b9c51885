/*
 * weir_test.h: runs a processor natively, as the host would: it puts events
 * into linear memory, calls the exports, and reads back what came of them.
 *
 *     #include "weir_test.h"
 *     #include "selector.c"
 *
 *     int main(void) {
 *         weir_test_event in = {.value = weir_test_text("{\"weight\": 12}")};
 *         weir_test_open(NULL);
 *         const weir_test_result *got = weir_test_run(&in, 1);
 *         assert(got->count == 1 && weir_is(got->events[0].topic, "heavy"));
 *     }
 *
 * It needs the C library. Include it once in a test, in front of the
 * processor's source; build with any compiler. What a run returns is valid
 * until the next one.
 */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_TEST_PAIRS 32
#define WEIR_TEST_LINES 64

/* An event as the host sends it, or gets it back. What is not set is absent: a
 * null value, no key. Headers and pairs end at the first without a name. The
 * source is partition 0 of topic "input", the offset the index. */
typedef struct weir_test_event {
    weir_str value;
    weir_str key;
    weir_header headers[WEIR_TEST_PAIRS];
    weir_pair context[WEIR_TEST_PAIRS];
    weir_str topic;    /* chosen by a processor, or null */
    int64_t timestamp; /* in milliseconds since 1970 */
    bool stamped;      /* a processor chose the timestamp */
    int32_t partition; /* if partitioned */
    bool partitioned;  /* a processor chose the partition */
    uint32_t source;   /* the index of the input that an output derives from */
} weir_test_event;

/* A rejected input. */
typedef struct weir_test_reject {
    uint32_t source;
    weir_str message;
} weir_test_reject;

/* What came of a batch. Log lines read "info: text", metrics "counter name 1". */
typedef struct weir_test_result {
    weir_test_event *events;
    size_t count;
    weir_test_reject rejects[WEIR_TEST_LINES];
    size_t reject_count;
    weir_str log[WEIR_TEST_LINES];
    size_t log_count;
    weir_str metrics[WEIR_TEST_LINES];
    size_t metric_count;
} weir_test_result;

/* The time of every batch, in nanoseconds since 1970. */
#define WEIR_TEST_NOW INT64_C(1700000000000000000)

/* The most memory that a processor gets. */
#define WEIR_TEST_MEMORY ((size_t)64 << 20)

static struct {
    char *memory;
    size_t pages;
    weir_test_result result;
    weir_str error;
    struct weir_test_block *blocks; /* texts of the result */
} weir_test;

struct weir_test_block {
    struct weir_test_block *next;
};

/* The view of a C string, as weir_text, but a constant. */
#define weir_test_text(literal) {literal, sizeof(literal) - 1}

static weir_str weir_test_copy(const char *data, size_t size) {
    struct weir_test_block *block = (struct weir_test_block *)malloc(sizeof *block + size + 1);
    if (block == NULL) {
        abort();
    }
    block->next = weir_test.blocks;
    weir_test.blocks = block;
    char *copy = (char *)(block + 1);
    memcpy(copy, data, size);
    copy[size] = 0;
    weir_str s = {copy, size};
    return s;
}

static void weir_test_reset(void) {
    while (weir_test.blocks != NULL) {
        struct weir_test_block *block = weir_test.blocks;
        weir_test.blocks = block->next;
        free(block);
    }
    free(weir_test.result.events);
    memset(&weir_test.result, 0, sizeof weir_test.result);
}

char *weirp_memory(void) {
    if (weir_test.memory == NULL) {
        weir_test.memory = (char *)calloc(1, WEIR_TEST_MEMORY);
        weir_test.pages = 1; /* address 0 stays unused */
    }
    return weir_test.memory;
}

size_t weirp_pages(void) {
    return weir_test.pages;
}

bool weirp_grow(size_t pages) {
    if (pages > WEIR_TEST_MEMORY / WEIRP_PAGE - weir_test.pages) {
        return false;
    }
    weir_test.pages += pages;
    return true;
}

void weirp_trap(void) {
    fprintf(stderr, "%s\n", weir_test.error.data);
    abort();
}

static void weir_test_line(weir_str *lines, size_t *count, const char *text) {
    if (*count < WEIR_TEST_LINES) {
        lines[(*count)++] = weir_test_copy(text, strlen(text));
    }
}

void weir_import_log(uint32_t level, const char *text, size_t size) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char line[512];
    snprintf(line, sizeof line, "%s: %.*s", levels[level & 3], (int)size, text);
    weir_test_line(weir_test.result.log, &weir_test.result.log_count, line);
}

void weir_import_error(const char *text, size_t size) {
    weir_test.error = weir_test_copy(text, size);
}

void weir_import_reject(uint32_t index, const char *text, size_t size) {
    if (weir_test.result.reject_count < WEIR_TEST_LINES) {
        weir_test_reject reject = {index, weir_test_copy(text, size)};
        weir_test.result.rejects[weir_test.result.reject_count++] = reject;
    }
}

void weir_import_metric(uint32_t kind, const char *name, size_t size, double value) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    char line[512];
    snprintf(line, sizeof line, "%s %.*s %g", kinds[kind % 3], (int)size, name, value);
    weir_test_line(weir_test.result.metrics, &weir_test.result.metric_count, line);
}

int64_t weir_import_now(void) {
    return WEIR_TEST_NOW;
}

/* Room in the buffer that the host writes into; at is where it goes on. */
static void *weir_test_room(size_t *at, size_t size) {
    void *room = weirp_memory() + *at;
    *at += (size + 7) / 8 * 8;
    return room;
}

static weirp_span weir_test_put(size_t *at, weir_str s) {
    weirp_span span = {(uint32_t)*at, (uint32_t)s.size};
    if (s.data == NULL) {
        span.at = 0;
        span.size = UINT32_MAX;
    } else {
        memcpy(weir_test_room(at, s.size), s.data, s.size);
    }
    return span;
}

static size_t weir_test_headers(const weir_test_event *e) {
    size_t count = 0;
    while (count < WEIR_TEST_PAIRS && e->headers[count].name.data != NULL) {
        count++;
    }
    return count;
}

static size_t weir_test_pairs(const weir_test_event *e) {
    size_t count = 0;
    while (count < WEIR_TEST_PAIRS && e->context[count].name.data != NULL) {
        count++;
    }
    return count;
}

static weirp_entry weir_test_encode(size_t *at, const weir_test_event *e, size_t index) {
    weirp_entry entry;
    memset(&entry, 0, sizeof entry);
    entry.source = (uint32_t)index;
    entry.flags = (e->value.data == NULL ? WEIRP_VALUE_NULL : 0) | (e->key.data == NULL ? WEIRP_KEY_NULL : 0) |
                  (e->topic.data != NULL ? WEIRP_ROUTED : 0) | (e->stamped ? WEIRP_STAMPED : 0);
    entry.value = weir_test_put(at, e->value);
    entry.key = weir_test_put(at, e->key);
    entry.topic = weir_test_put(at, e->topic);
    entry.source_topic = weir_test_put(at, weir_text("input"));
    entry.timestamp = e->timestamp;
    entry.offset = (int64_t)index;
    entry.partition = e->partitioned ? e->partition : WEIR_ANY_PARTITION;
    entry.headers.size = (uint32_t)weir_test_headers(e);
    entry.headers.at = (uint32_t)*at;
    weirp_header_pair *headers = (weirp_header_pair *)weir_test_room(at, entry.headers.size * sizeof *headers);
    for (size_t i = 0; i < entry.headers.size; i++) {
        headers[i].name = weir_test_put(at, e->headers[i].name);
        headers[i].value = weir_test_put(at, e->headers[i].value);
    }
    entry.context.size = (uint32_t)weir_test_pairs(e);
    entry.context.at = (uint32_t)*at;
    weirp_context_pair *pairs = (weirp_context_pair *)weir_test_room(at, entry.context.size * sizeof *pairs);
    for (size_t i = 0; i < entry.context.size; i++) {
        weir_any value = e->context[i].value;
        memset(&pairs[i], 0, sizeof pairs[i]);
        pairs[i].name = weir_test_put(at, e->context[i].name);
        pairs[i].kind = (uint32_t)value.kind;
        if (value.kind >= WEIR_KIND_TEXT) {
            weirp_span span = weir_test_put(at, value.bytes);
            pairs[i].payload = (uint64_t)span.size << 32 | span.at;
        } else if (value.kind == WEIR_KIND_FLOAT) {
            memcpy(&pairs[i].payload, &value.number, 8);
        } else {
            pairs[i].payload = (uint64_t)value.integer;
        }
    }
    return entry;
}

/* Decodes with the processor's own reading functions. */
static weir_test_event weir_test_decode(weirp_entry *entry) {
    weir_test_event e;
    weir_event ev;
    memset(&e, 0, sizeof e);
    memset(&ev, 0, sizeof ev);
    ev.entry = entry;
    e.value = weir_value(&ev);
    e.key = weir_key(&ev);
    e.topic = weir_routed(&ev);
    e.timestamp = entry->timestamp;
    e.stamped = (entry->flags & WEIRP_STAMPED) != 0;
    e.partition = entry->partition;
    e.partitioned = entry->partition != WEIR_ANY_PARTITION;
    e.source = entry->source;
    for (size_t i = 0; i < weir_header_count(&ev) && i < WEIR_TEST_PAIRS; i++) {
        e.headers[i] = weir_header_at(&ev, i);
    }
    for (size_t i = WEIRP_FACTS; i < weir_context_count(&ev) && i - WEIRP_FACTS < WEIR_TEST_PAIRS; i++) {
        e.context[i - WEIRP_FACTS] = weir_context_at(&ev, i);
    }
    return e;
}

/* Opens the processor with a config, which is JSON, or NULL for none. Returns
 * NULL, or why the config is refused. */
static inline const char *weir_test_open(const char *config) {
    const char *head = "{\"pipeline\": \"pipeline\", \"processor\": \"processor\", \"config\": ";
    config = config == NULL ? "null" : config;
    size_t size = strlen(head) + strlen(config) + 1;
    char *text = (char *)malloc(size + 1);
    snprintf(text, size + 1, "%s%s}", head, config);
    weir_test_reset();
    uint32_t at = weir_export_buffer((uint32_t)size);
    memcpy(weirp_memory() + at, text, size);
    free(text);
    return weir_export_open(at, (uint32_t)size) == 0 ? NULL : weir_test.error.data;
}

/* Runs the processor on one batch. */
static inline const weir_test_result *weir_test_run(const weir_test_event *events, size_t count) {
    size_t size = count * sizeof(weirp_entry);
    for (size_t i = 0; i < count; i++) {
        size += events[i].value.size + events[i].key.size + events[i].topic.size + 64;
        for (size_t j = 0; j < WEIR_TEST_PAIRS; j++) {
            size += events[i].headers[j].name.size + events[i].headers[j].value.size + 32;
            size += events[i].context[j].name.size + events[i].context[j].value.bytes.size + 48;
        }
    }
    uint32_t table = weir_export_buffer((uint32_t)size);
    size_t at = table;
    weirp_entry *entries = (weirp_entry *)weir_test_room(&at, count * sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        entries[i] = weir_test_encode(&at, &events[i], i);
    }
    weir_test_reset();
    uint64_t out = weir_export_process(table, (uint32_t)count);
    weir_test.result.count = (uint32_t)out;
    weir_test.result.events = (weir_test_event *)calloc((size_t)(uint32_t)out + 1, sizeof(weir_test_event));
    for (size_t i = 0; i < weir_test.result.count; i++) {
        weirp_entry *entry = (weirp_entry *)weirp_pointer((uint32_t)(out >> 32)) + i;
        weir_test.result.events[i] = weir_test_decode(entry);
    }
    return &weir_test.result;
}

/* Closes the processor. */
static inline const weir_test_result *weir_test_close(void) {
    weir_export_close();
    return &weir_test.result;
}

#ifdef __cplusplus
}
#endif
#endif
