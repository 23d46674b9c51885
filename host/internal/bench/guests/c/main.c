/* The benchmark guest of the C SDK: what the config's "do" says. */
#include "weir.h"

static const char name[] = "\"customer\":\"";

static void pass(weir_event *ev) {
    (void)ev;
}

/* The end of the first place where name stands in a value, or its size. */
static size_t behind_name(weir_str value) {
    const size_t length = sizeof name - 1;
    for (size_t at = 0; at + length <= value.size; at++) {
        if (value.data[at] == name[0] && weir_is(weir_bytes(value.data + at, length), name)) {
            return at + length;
        }
    }
    return value.size;
}

/* Puts the text of a field into upper case. It looks for the name and does not
 * walk the JSON. */
static void upper(weir_event *ev) {
    weir_str value = weir_value(ev);
    size_t at = behind_name(value);
    if (at == value.size) {
        weir_reject(ev, "there is no customer");
        return;
    }
    char *to = weir_alloc(value.size);
    __builtin_memcpy(to, value.data, value.size);
    for (; at < value.size && to[at] != '"'; at++) {
        if (to[at] >= 'a' && to[at] <= 'z') {
            to[at] = (char)(to[at] - 'a' + 'A');
        }
    }
    weir_set_value(ev, weir_bytes(to, value.size));
}

/* Walks and checks the whole JSON value and makes the text of a field the key. */
static void pick(weir_event *ev) {
    weir_set_key(ev, weir_field_text(ev, "customer"));
}

static void (*work)(weir_event *ev);

static void configure(weir_config *config) {
    weir_str what = weir_config_text(config, "do", "");
    work = weir_is(what, "pass") ? pass : weir_is(what, "upper") ? upper : weir_is(what, "pick") ? pick : NULL;
    if (work == NULL) {
        weir_refuse(config, "do is pass, upper or pick");
    }
}

static void process_batch(weir_batch *batch) {
    weir_each(batch, work);
}

WEIR_PROCESSOR(.process_batch = process_batch, .open = configure);
