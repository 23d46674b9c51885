/* What a processor in Zig does, zig_processor.zig. */
#include "check.h"

int main(void) {
    weir_test_event in[4] = {
        {.value = weir_test_text("{\"id\": \"o-1\", \"items\": [{\"price\": 7.5}, {\"price\": 3}], \"meta\": {\"currency\": \"CZK\"}}")},
        {.value = weir_test_text("{\"id\": \"o-2\", \"items\": []}"),
         .context = {{weir_test_text("twice"), {.kind = WEIR_KIND_BOOL, .integer = 1}}}},
        {.value = weir_test_text("x")},
        {.value = {NULL, 0}},
    };
    CHECK_STR(weir_text(weir_test_open("{\"limit\": -1}")), "limit -1 is negative");
    CHECK_STR(weir_text(weir_test_open("{\"limits\": 1}")), "unknown config key \"limits\": known are limit, tags");
    CHECK(weir_test_open("{\"tags\": [\"first\"]}") == NULL);
    CHECK_STR(weir_test.result.log[0], "info: first of pipeline");
    const weir_test_result *got = weir_test_run(in, 4);
    CHECK(got->count == 3 && got->reject_count == 1);
    CHECK_STR(got->events[0].topic, "heavy");
    CHECK_STR(got->events[0].key, "key");
    CHECK(got->events[0].context[0].value.number == 10.5 && got->events[0].partition == 7);
    CHECK_STR(got->events[0].context[1].value.bytes, "o-1");
    CHECK_STR(got->events[0].headers[0].value, "CZK");
    CHECK(got->events[0].headers[1].value.data == NULL && got->events[0].headers[1].name.data != NULL);
    CHECK(got->events[1].source == 1 && got->events[2].source == 1);
    CHECK_STR(got->events[2].topic, "light");
    CHECK_STR(got->rejects[0].message, "no JSON");
    CHECK_STR(weir_test_close()->metrics[0], "counter closed 1");
    return check_result("zig_test");
}
