/* The conformance guest of the C SDK: it does what the commands in an event's
 * value say. The kit's README describes them. */
#include "weir.h"

/* Built with C's library, it shows that both can share the memory. */
#ifdef __wasi__
#include <stdlib.h>
#include <string.h>
static void use_library(void) {
    static void *kept[64];
    static unsigned next;
    free(kept[next % 64]);
    kept[next % 64] = malloc(4096);
    memset(kept[next++ % 64], 0xff, 4096);
}
#else
static void use_library(void) {
}
#endif

static bool reverse, twice;
static weir_str script; /* for every event, or null */

static void configure(weir_config *config) {
    weir_str refuse = weir_config_text(config, "refuse", NULL);
    weir_str line = weir_config_text(config, "log", NULL);
    int64_t times = weir_config_int(config, "times", 1);
    reverse = weir_config_bool(config, "reverse", false);
    twice = weir_config_bool(config, "twice", false);
    script = weir_config_text(config, "do", NULL);
    if (refuse.data != NULL) {
        weir_refuse(config, "%v", refuse);
        return;
    }
    for (; line.data != NULL && times > 0; times--) {
        weir_log(WEIR_INFO, "%v: %v %v", line, weir_config_pipeline(config), weir_config_processor(config));
    }
}

static void farewell(void) {
    weir_log(WEIR_DEBUG, "closed");
}

/* Takes what stands in front of the first separator off a text. */
static weir_str cut(weir_str *rest, char separator) {
    size_t size = 0;
    while (size < rest->size && rest->data[size] != separator) {
        size++;
    }
    weir_str head = weir_bytes(rest->data, size);
    size += size < rest->size;
    *rest = weir_bytes(rest->data + size, rest->size - size);
    return head;
}

static weir_str trim(weir_str s) {
    while (s.size > 0 && s.data[0] == ' ') {
        s = weir_bytes(s.data + 1, s.size - 1);
    }
    while (s.size > 0 && s.data[s.size - 1] == ' ') {
        s.size--;
    }
    return s;
}

/* Set by what ends the commands, which a setter that fails does not. */
static bool stopped;

static bool not_a_number(weir_event *ev, weir_str text) {
    weir_reject(ev, "%v is not a number that fits", text);
    stopped = true;
    return false;
}

static bool whole(weir_event *ev, weir_str text, int64_t *n) {
    weir_json value;
    return (weir_json_parse(text, &value, NULL) && weir_json_int(value, n)) || not_a_number(ev, text);
}

static bool real(weir_event *ev, weir_str text, double *x) {
    weir_json value;
    return (weir_json_parse(text, &value, NULL) && weir_json_number(value, x)) || not_a_number(ev, text);
}

static weir_str upper(weir_str s) {
    char *to = weir_alloc(s.size);
    for (size_t i = 0; i < s.size; i++) {
        to[i] = s.data[i] >= 'a' && s.data[i] <= 'z' ? (char)(s.data[i] - 'a' + 'A') : s.data[i];
    }
    return weir_bytes(to, s.size);
}

static weir_str filled(char *to, size_t size, char byte) {
    for (size_t i = 0; i < size; i++) {
        to[i] = byte;
    }
    return weir_bytes(to, size);
}

static void slice(weir_event *ev, weir_str first, weir_str second) {
    int64_t from, to;
    if (whole(ev, first, &from) && whole(ev, second, &to)) {
        weir_set_key(ev, weir_bytes(weir_value(ev).data + from, (size_t)(to - from)));
    }
}

static void set(weir_event *ev, const char *name, weir_str rest) {
    weir_str kind = cut(&rest, ' ');
    int64_t n;
    double x;
    if (weir_is(kind, "null")) {
        weir_set_null(ev, name);
    } else if (weir_is(kind, "bool")) {
        weir_set_bool(ev, name, weir_is(rest, "true"));
    } else if (weir_is(kind, "int")) {
        if (whole(ev, rest, &n)) {
            weir_set_int(ev, name, n);
        }
    } else if (weir_is(kind, "float")) {
        if (real(ev, rest, &x)) {
            weir_set_float(ev, name, x);
        }
    } else if (weir_is(kind, "text")) {
        weir_set_text(ev, name, rest);
    } else if (weir_is(kind, "bytes")) {
        weir_set_bytes(ev, name, rest);
    } else if (weir_is(kind, "json")) {
        weir_set_json(ev, name, rest);
    } else {
        weir_reject(ev, "unknown kind %v", kind);
        stopped = true;
    }
}

static void log_line(weir_event *ev, weir_str rest) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    weir_str level = cut(&rest, ' ');
    for (int i = 0; i < 4; i++) {
        if (weir_is(level, levels[i])) {
            weir_log((weir_level)i, "%v", rest);
            return;
        }
    }
    weir_reject(ev, "unknown level %v", level);
    stopped = true;
}

static void metric(weir_event *ev, weir_str rest) {
    weir_str kind = cut(&rest, ' ');
    const char *name = weir_cstring(cut(&rest, ' '));
    double value;
    if (!real(ev, rest, &value)) {
        return;
    }
    if (weir_is(kind, "count")) {
        weir_count(name, value);
    } else if (weir_is(kind, "gauge")) {
        weir_gauge(name, value);
    } else if (weir_is(kind, "observe")) {
        weir_observe(name, value);
    } else {
        weir_reject(ev, "unknown metric %v", kind);
        stopped = true;
    }
}

static weir_str describe(weir_any value) {
    switch (value.kind) {
    case WEIR_KIND_BOOL:
        return weir_format("bool %s", value.integer ? "true" : "false");
    case WEIR_KIND_INT:
        return weir_format("int %lld", (long long)value.integer);
    case WEIR_KIND_FLOAT:
        return weir_format("float %g", value.number);
    case WEIR_KIND_TEXT:
        return weir_format("text %v", value.bytes);
    case WEIR_KIND_BYTES:
        return weir_format("bytes %v", value.bytes);
    case WEIR_KIND_JSON:
        return weir_format("json %v", value.bytes);
    default:
        return weir_text("null");
    }
}

static weir_str optional(weir_str bytes) {
    return bytes.data == NULL ? weir_text("null") : weir_format("bytes %v", bytes);
}

/* Logs what the guest sees of the event: its whole context, or one name of it. */
static void show(weir_event *ev, weir_str name) {
    weir_any value;
    if (name.size > 0) {
        bool found = weir_get(ev, weir_cstring(name), &value);
        weir_log(WEIR_INFO, "%v=%v", name, found ? describe(value) : weir_text("missing"));
        return;
    }
    for (size_t i = 0; i < weir_context_count(ev); i++) {
        weir_pair pair = weir_context_at(ev, i);
        weir_log(WEIR_INFO, "%v=%v", pair.name, describe(pair.value));
    }
    for (size_t i = 0; i < weir_header_count(ev); i++) {
        weir_header header = weir_header_at(ev, i);
        weir_log(WEIR_INFO, "header %v=%v", header.name, optional(header.value));
    }
}

/* Does the commands that take a number. */
static bool obey_number(weir_event *ev, weir_str verb, weir_str rest) {
    static const char *const verbs[] = {"big", "grow", "stamp", "partition", "emit"};
    int which = 0;
    int64_t n = 1;
    while (which < 5 && !weir_is(verb, verbs[which])) {
        which++;
    }
    if (which == 5) {
        return false;
    }
    if ((which < 4 || rest.size > 0) && !whole(ev, rest, &n)) {
        return true;
    }
    if (which == 0) {
        weir_set_value(ev, filled(weir_alloc((size_t)n), (size_t)n, 'x'));
    } else if (which == 1) {
        filled(weir_alloc_static((size_t)n << 20), (size_t)n << 20, 1);
    } else if (which == 2) {
        weir_set_timestamp(ev, n);
    } else if (which == 4) {
        while (n-- > 0) {
            weir_emit(ev);
        }
    } else if (n < 0 || n > INT32_MAX) {
        not_a_number(ev, rest);
    } else {
        weir_set_partition(ev, (int32_t)n);
    }
    return true;
}

/* Does the commands that change or read the event's parts. */
static bool obey_parts(weir_event *ev, weir_str verb, weir_str rest) {
    weir_str second = rest, first = cut(&second, ' ');
    if (weir_is(verb, "value")) {
        weir_set_value(ev, rest);
    } else if (weir_is(verb, "upper")) {
        weir_set_value(ev, upper(weir_value(ev)));
    } else if (weir_is(verb, "null")) {
        weir_set_value(ev, weir_null());
    } else if (weir_is(verb, "route")) {
        weir_route(ev, rest);
    } else if (weir_is(verb, "key")) {
        weir_set_key(ev, rest);
    } else if (weir_is(verb, "nokey")) {
        weir_set_key(ev, weir_null());
    } else if (weir_is(verb, "slice")) {
        slice(ev, first, second);
    } else if (weir_is(verb, "number")) {
        double number = weir_field_number(ev, weir_cstring(rest));
        stopped = number != number; /* NaN: it was rejected */
        weir_set_key(ev, weir_format("%g", number));
    } else if (weir_is(verb, "text")) {
        weir_str text = weir_field_text(ev, weir_cstring(rest));
        stopped = text.data == NULL;
        weir_set_key(ev, text);
    } else if (weir_is(verb, "header")) {
        weir_add_header(ev, weir_cstring(first), second);
    } else if (weir_is(verb, "nullheader")) {
        weir_add_header(ev, weir_cstring(rest), weir_null());
    } else if (weir_is(verb, "unheader")) {
        weir_remove_header(ev, weir_cstring(rest));
    } else if (weir_is(verb, "anypartition")) {
        weir_set_partition(ev, WEIR_ANY_PARTITION);
    } else if (weir_is(verb, "set")) {
        set(ev, weir_cstring(first), second);
    } else if (weir_is(verb, "unset")) {
        weir_remove(ev, weir_cstring(rest));
    } else {
        return false;
    }
    return true;
}

static void obey(weir_event *ev, weir_str command) {
    weir_str rest = command, verb = cut(&rest, ' ');
    if (weir_is(verb, "drop")) {
        weir_drop(ev);
    } else if (weir_is(verb, "reject")) {
        weir_reject(ev, "%v", rest);
        stopped = true;
    } else if (weir_is(verb, "trap")) {
        weir_panic("%v", rest);
    } else if (weir_is(verb, "showvalue")) {
        weir_log(WEIR_INFO, "value=%v", optional(weir_value(ev)));
    } else if (weir_is(verb, "show")) {
        show(ev, rest);
    } else if (weir_is(verb, "log")) {
        log_line(ev, rest);
    } else if (weir_is(verb, "metric")) {
        metric(ev, rest);
    } else if (weir_is(verb, "now")) {
        weir_set_value(ev, weir_format("%lld", (long long)weir_now()));
    } else if (!weir_is(verb, "pass") && !obey_parts(ev, verb, rest) && !obey_number(ev, verb, rest)) {
        weir_reject(ev, "unknown command %v", verb);
        stopped = true;
    }
}

static void process(weir_event *ev) {
    use_library();
    weir_str commands = script.data != NULL ? script : weir_value(ev);
    stopped = !weir_is_utf8(commands);
    if (stopped) {
        weir_reject(ev, "the value is not UTF-8 text");
    }
    while (commands.size > 0 && !stopped) {
        weir_str command = trim(cut(&commands, ';'));
        if (command.size > 0) {
            obey(ev, command);
        }
    }
}

static void process_batch(weir_batch *batch) {
    for (size_t i = 0; twice && i < weir_batch_size(batch); i++) {
        weir_run(batch, i, process);
        weir_run(batch, i, process);
    }
    if (twice) {
        return;
    }
    if (!reverse) {
        weir_each(batch, process);
        return;
    }
    for (size_t i = weir_batch_size(batch); i-- > 0;) {
        weir_run(batch, i, process);
    }
}

WEIR_PROCESSOR(.process_batch = process_batch, .open = configure, .close = farewell);
