
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
