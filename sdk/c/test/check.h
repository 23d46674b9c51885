/* Checks that print where they failed and go on; the exit code counts them. */
#ifndef CHECK_H
#define CHECK_H

#include "weir_test.h"

static int failures;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            failures++;                                                        \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                      \
    } while (0)

/* Compares a view with a C string, NULL for a null. */
#define CHECK_STR(got, want) check_str(got, want, #got, __FILE__, __LINE__)

static inline void check_str(weir_str got, const char *want, const char *what, const char *file, int line) {
    if (!weir_is(got, want)) {
        failures++;
        fprintf(stderr, "%s:%d: %s is \"%.*s\", want \"%s\"\n", file, line, what, got.data == NULL ? 4 : (int)got.size,
                got.data == NULL ? "null" : got.data, want == NULL ? "null" : want);
    }
}

static inline int check_result(const char *name) {
    fprintf(stderr, "%s: %s\n", name, failures == 0 ? "ok" : "FAILED");
    return failures == 0 ? 0 : 1;
}

#endif
