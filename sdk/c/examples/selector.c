/* Sends orders of more than some weight to one topic, the others to another. */
#include "weir.h"

static double threshold;
static weir_str above, below;

static void configure(weir_config *config) {
    threshold = weir_config_number(config, "threshold", 10);
    above = weir_config_text(config, "above", "heavy");
    below = weir_config_text(config, "below", "light");
}

static void process(weir_event *ev) {
    weir_route(ev, weir_field_number(ev, "weight") > threshold ? above : below);
}

WEIR_PROCESSOR(.process = process, .open = configure);
