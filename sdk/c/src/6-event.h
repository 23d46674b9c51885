
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
