/* A processor for weir: it sends events to the topics heavy and light by a number
 * in their JSON payload. */
#include "weir/weir.h"

static const char *field;
static double threshold;

/* Reads what the pipeline says under "config:". What it leaves out has the value
 * here; what is not asked for refuses the config. */
static void configure(weir_config *config) {
    field = weir_config_text(config, "field", "weight").data;
    threshold = weir_config_number(config, "threshold", 10);
}

/* Handles one event. One without the number is rejected when this returns: it goes
 * to the pipeline's error policy, all others go on. */
static void process(weir_event *ev) {
    double number = weir_field_number(ev, field);
    weir_route(ev, weir_text(number > threshold ? "heavy" : "light"));
}

WEIR_PROCESSOR(.process = process, .open = configure);
