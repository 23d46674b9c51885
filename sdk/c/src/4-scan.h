
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
