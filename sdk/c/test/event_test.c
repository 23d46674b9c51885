/* Events, their context, batches and memory, on the fake host. */
#include "check.h"

static void (*under_test)(weir_event *ev);

static void process(weir_event *ev) {
    under_test(ev);
}

static void process_batch(weir_batch *batch) {
    if (weir_batch_size(batch) == 3) { /* three events are taken from the last to the first */
        for (size_t i = 3; i-- > 0;) {
            weir_run(batch, i, process);
        }
        return;
    }
    weir_each(batch, process);
}

static void on_close(void) {
    weir_log(WEIR_DEBUG, "closed");
}

WEIR_PROCESSOR(.process_batch = process_batch, .close = on_close);

static const weir_test_result *run(void (*tested)(weir_event *ev), const weir_test_event *in, size_t count) {
    under_test = tested;
    return weir_test_run(in, count);
}

static const weir_test_event full = {
    .value = weir_test_text("v"),
    .key = weir_test_text("k"),
    .headers = {{weir_test_text("a"), weir_test_text("1")}, {weir_test_text("n"), {NULL, 0}}, {weir_test_text("a"), weir_test_text("")}},
    .context = {{weir_test_text("i"), {.kind = WEIR_KIND_INT, .integer = -5}},
                {weir_test_text("t"), {.kind = WEIR_KIND_TEXT, .bytes = weir_test_text("x")}},
                {weir_test_text("f"), {.kind = WEIR_KIND_FLOAT, .number = 2.5}}},
    .timestamp = 1000,
};

static void pass(weir_event *ev) {
    (void)ev;
}

static void test_pass(void) {
    weir_test_event in[2] = {full, {.key = weir_test_text("")}};
    const weir_test_result *got = run(pass, in, 2);
    CHECK(got->count == 2 && got->reject_count == 0);
    CHECK(got->events[0].value.data == weirp_memory() + weirp_address(weirp.input) + 2 * 80); /* where it lay */
    CHECK_STR(got->events[0].key, "k");
    CHECK_STR(got->events[0].headers[1].value, NULL);
    CHECK_STR(got->events[0].headers[2].value, "");
    CHECK(got->events[0].context[0].value.integer == -5 && got->events[0].context[2].value.number == 2.5);
    CHECK(!got->events[0].stamped && !got->events[0].partitioned);
    CHECK_STR(got->events[1].value, NULL);
    CHECK_STR(got->events[1].key, "");
}

static void change(weir_event *ev) {
    char stack[] = "on the stack";
    weir_set_value(ev, weir_text(stack));
    memset(stack, '!', sizeof stack);
    weir_set_key(ev, weir_null());
    weir_route(ev, weir_text("heavy"));
    weir_set_timestamp(ev, 7);
    weir_set_partition(ev, 3);
    weir_remove_header(ev, "a");
    weir_add_header(ev, "b", weir_format("%s %v %d %lld %g %%", "s", weir_text("v"), -1, 1LL << 40, 0.1));
    weir_add_header(ev, "c", weir_null());
}

static void test_change(void) {
    const weir_test_result *got = run(change, &full, 1);
    const weir_test_event *e = &got->events[0];
    CHECK_STR(e->value, "on the stack");
    CHECK_STR(e->key, NULL);
    CHECK_STR(e->topic, "heavy");
    CHECK(e->stamped && e->timestamp == 7 && e->partitioned && e->partition == 3);
    CHECK_STR(e->headers[0].name, "n");
    CHECK_STR(e->headers[1].value, "s v -1 1099511627776 0.1 %");
    CHECK_STR(e->headers[2].name, "c");
    CHECK_STR(e->headers[2].value, NULL);
    CHECK(e->headers[3].name.data == NULL);
}

static void read_all(weir_event *ev) {
    weir_str header;
    weir_any any;
    CHECK_STR(weir_source_topic(ev), "input");
    CHECK(weir_source_offset(ev) == 0 && weir_source_partition(ev) == 0);
    CHECK_STR(weir_routed(ev), NULL);
    CHECK_STR(weir_get_text(ev, "kafka_topic"), "input");
    CHECK(weir_find_header(ev, "a", &header) && weir_equal(header, weir_text("")));
    CHECK(!weir_find_header(ev, "missing", NULL));
    CHECK(weir_get_int(ev, "kafka_timestamp", 0) == 1000 && weir_get_int(ev, "i", 0) == -5);
    CHECK(weir_get_float(ev, "f", 0) == 2.5 && weir_get_float(ev, "i", 0) == -5 && weir_get_float(ev, "t", 9) == 9);
    CHECK(weir_get_int(ev, "t", 7) == 7 && weir_get_bool(ev, "i", true));
    CHECK(!weir_get(ev, "missing", &any) && !weir_get(ev, "kafka_unknown", &any));
    CHECK(weir_context_count(ev) == 11);
    CHECK_STR(weir_context_at(ev, 0).name, "kafka_topic");
    CHECK_STR(weir_context_at(ev, 9).name, "t");
    CHECK(weir_now() == WEIR_TEST_NOW);
    weir_route(ev, weir_text("new"));
    CHECK_STR(weir_get_text(ev, "kafka_topic"), "new");
    CHECK_STR(weir_get_text(ev, "_kafka_topic"), "input");
    weir_remove(ev, "kafka_topic");
    CHECK_STR(weir_routed(ev), NULL);
}

static void many_pairs(weir_event *ev) {
    for (int i = 0; i < 20; i++) {
        weir_set_int(ev, weir_cstring(weir_format("n%d", i)), i);
    }
    weir_set_bool(ev, "b", true);
    weir_set_null(ev, "z");
    weir_set_json(ev, "j", weir_text("{}"));
    weir_set_bytes(ev, "y", weir_bytes("\xff", 1));
    weir_set_text(ev, "t", weir_text("changed"));
    weir_remove(ev, "n0");
    weir_remove(ev, "i");
}

static void test_context(void) {
    run(read_all, &full, 1);
    const weir_test_result *got = run(many_pairs, &full, 1);
    const weir_pair *pairs = got->events[0].context;
    CHECK_STR(pairs[0].name, "t");
    CHECK_STR(pairs[0].value.bytes, "changed");
    CHECK_STR(pairs[2].name, "n1");
    CHECK(pairs[20].value.integer == 19);
    CHECK(pairs[21].value.kind == WEIR_KIND_BOOL && pairs[21].value.integer == 1);
    CHECK(pairs[22].value.kind == WEIR_KIND_NULL && pairs[23].value.kind == WEIR_KIND_JSON);
    CHECK(pairs[24].value.kind == WEIR_KIND_BYTES && pairs[24].value.bytes.size == 1);
    CHECK(pairs[25].name.data == NULL);
}

static int step;

static void faults(weir_event *ev) {
    switch (step) {
    case 0: weir_reject(ev, "no %s", "order"); weir_reject(ev, "second"); break;
    case 1: weir_route(ev, weir_text("")); break;
    case 2: weir_route(ev, weir_bytes("\xff", 1)); break;
    case 3: weir_set_timestamp(ev, -1); break;
    case 4: weir_set_partition(ev, -2); break;
    case 5: weir_set_int(ev, "kafka_topic", 5); break;
    case 6: weir_set_int(ev, "kafka_partition", 1LL << 31); break;
    case 7: weir_set_int(ev, "_kafka_offset", 1); break;
    case 8: weir_set_text(ev, "", weir_text("x")); break;
    case 9: weir_set_text(ev, "x", weir_bytes("\xc3\x28", 2)); break;
    case 10: weir_field_number(ev, "weight"); break;
    case 11: weir_emit(ev); weir_set_int(ev, "kafka_key", 1); weir_drop(ev); break;
    }
    CHECK(weir_rejected(ev));
}

static void test_faults(void) {
    static const char *const want[] = {
        "no order",
        "context kafka_topic cannot be empty",
        "context kafka_topic must be UTF-8",
        "context kafka_timestamp cannot be before 1970",
        "context kafka_partition cannot be negative",
        "context kafka_topic must be text",
        "context kafka_partition must be between 0 and 2147483647",
        "context _kafka_offset cannot be set: names of the kafka_ family are reserved",
        "context name cannot be empty",
        "context x must be UTF-8: use weir_set_bytes for other bytes",
        "field \"weight\": malformed JSON at byte 0: expected a value",
        "context kafka_key must be bytes or text",
    };
    for (step = 0; step < (int)(sizeof want / sizeof *want); step++) {
        const weir_test_result *got = run(faults, &full, 1);
        CHECK(got->reject_count == 1);
        CHECK_STR(got->rejects[0].message, want[step]);
    }
}

static void fan_out(weir_event *ev) {
    int n = weir_value(ev).data[0] - '0';
    for (int i = 0; i < n; i++) {
        weir_set_int(ev, "n", i);
        weir_emit(ev);
    }
    weir_drop(ev);
}

static void test_batches(void) {
    weir_test_event in[4] = {{.value = weir_test_text("0")}, {.value = weir_test_text("2")}, {.value = weir_test_text("3")}, {.value = weir_test_text("1")}};
    const weir_test_result *got = run(fan_out, in, 4);
    static const uint32_t sources[] = {1, 1, 2, 2, 2, 3};
    CHECK(got->count == 6);
    for (size_t i = 0; i < 6 && i < got->count; i++) {
        CHECK(got->events[i].source == sources[i]);
    }
    CHECK(got->events[2].context[0].value.integer == 0 && got->events[4].context[0].value.integer == 2);
    got = run(pass, in, 3);
    CHECK(got->count == 3 && got->events[0].source == 2 && got->events[2].source == 0);
}

static void grow(weir_event *ev) {
    for (size_t size = 1; size < 3000000; size *= 3) {
        memset(weir_alloc(size), 1, size);
    }
    CHECK((uintptr_t)weir_alloc(1) % 8 == 0);
    weir_set_value(ev, weir_format("%v%v", weir_value(ev), weir_value(ev)));
}

/* Memory reaches a size and stays there. */
static void test_memory(void) {
    size_t pages = 0;
    for (int round = 0; round < 20; round++) {
        size_t size = round % 3 == 0 ? 1000 : 300000;
        char *value = (char *)malloc(size);
        memset(value, 'x', size);
        weir_test_event in[5] = {full};
        in[0].value = weir_bytes(value, size);
        const weir_test_result *got = run(grow, in, 1);
        CHECK(got->events[0].value.size == 2 * size);
        free(value);
        if (round == 3) {
            pages = weirp_pages();
        }
    }
    CHECK(weirp_pages() == pages);
    CHECK(weir_export_buffer(UINT32_C(1) << 30) == 0);
}

static void speak(weir_event *ev) {
    (void)ev;
    weir_log(WEIR_WARN, "%s", "careful");
    weir_count("events", 1);
    weir_gauge("depth", 2.5);
    weir_observe("seconds", 3);
}

static void test_host(void) {
    const weir_test_result *got = run(speak, &full, 1);
    CHECK_STR(got->log[0], "warn: careful");
    CHECK(got->metric_count == 3);
    CHECK_STR(got->metrics[1], "gauge depth 2.5");
    got = weir_test_close();
    CHECK_STR(got->log[1], "debug: closed");
}

int main(void) {
    CHECK(weir_test_open("{\"anything\": 1}") == NULL);
    test_pass();
    test_change();
    test_context();
    test_faults();
    test_batches();
    test_memory();
    test_host();
    return check_result("event_test");
}
