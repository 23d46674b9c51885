/* The tests here run natively, with any debugger; those of tests.yaml run on the
 * module. */
#include "weir/weir_test.h"

#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
            failed = 1; \
        } \
    } while (0)

int main(void) {
    int failed = 0;
    weir_test_event in[] = {
        {.value = weir_test_text("{\"weight\": 5.5}")},
        {.value = weir_test_text("{\"weight\": 5}")},
        {.value = weir_test_text("{}")},
    };
    CHECK(weir_test_open("{\"threshold\": 5}") == NULL);
    const weir_test_result *got = weir_test_run(in, 3);
    CHECK(got->count == 2 && got->reject_count == 1);
    CHECK(weir_is(got->events[0].topic, "heavy"));
    CHECK(weir_is(got->events[1].topic, "light"));
    CHECK(weir_is(got->rejects[0].message, "field \"weight\" is missing"));
    return failed;
}
