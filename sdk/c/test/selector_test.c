/* The example: its config, and what it does with events. */
#include "check.h"

#include "../examples/selector.c"

static void test_config(void) {
    static const struct {
        const char *config, *why;
    } cases[] = {
        {NULL, NULL},
        {"{}", NULL},
        {"[]", "the config is an array, not an object"},
        {"{\"treshold\": 1}", "unknown config key \"treshold\": known are threshold, above, below"},
        {"{\"threshold\": \"10\"}", "config key \"threshold\" is a string, not a number"},
        {"{\"above\": 1}", "config key \"above\" is a number, not a string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STR(weir_text(weir_test_open(cases[i].config)), cases[i].why);
    }
}

static void test_events(void) {
    weir_test_event in[] = {{.value = weir_test_text("{\"weight\": 2.6}")},
                            {.value = weir_test_text("{\"weight\": 2.5}")},
                            {.value = weir_test_text("{}")}};
    CHECK(weir_test_open("{\"threshold\": 2.5, \"above\": \"big\\u0021\"}") == NULL);
    const weir_test_result *got = weir_test_run(in, 3);
    CHECK(got->count == 2 && got->reject_count == 1);
    CHECK_STR(got->events[0].topic, "big!");
    CHECK(strcmp(above.data, "big!") == 0); /* a C string */
    CHECK_STR(got->events[1].topic, "light");
    CHECK(got->rejects[0].source == 2);
    CHECK_STR(got->rejects[0].message, "field \"weight\" is missing");
}

int main(void) {
    test_config();
    test_events();
    return check_result("selector_test");
}
