
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
