
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
