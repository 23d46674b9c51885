
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
