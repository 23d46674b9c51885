// The header as C++: it compiles without a warning and does the same.
#include "check.h"

namespace {

struct Tally {
    long long heavy = 0;
} tally;

void process(weir_event *ev) {
    const double weight = weir_field_number(ev, "weight");
    if (weir_rejected(ev)) {
        return;
    }
    tally.heavy += weight > 10;
    weir_set_int(ev, "heavy_so_far", tally.heavy);
    weir_route(ev, weir_text(weight > 10 ? "heavy" : "light"));
}

} // namespace

WEIR_PROCESSOR(process);

int main() {
    weir_test_event in[2] = {};
    in[0].value = weir_text("{\"weight\": 12}");
    in[1].value = weir_text("{\"weight\": null}");
    CHECK(weir_test_open(nullptr) == nullptr);
    const weir_test_result *got = weir_test_run(in, 2);
    CHECK(got->count == 1 && got->reject_count == 1);
    CHECK_STR(got->events[0].topic, "heavy");
    CHECK(got->events[0].context[0].value.integer == 1);
    CHECK_STR(got->rejects[0].message, "field \"weight\" is null, not a number");
    return check_result("cpp_test");
}
