/*
 * Runs a processor that is written in JavaScript: the config's "script" holds
 * its source, and QuickJS runs it. docs/languages/python-javascript.md says how
 * to build this.
 *
 *     function process(event) { ... }
 *
 * event has value and key (strings or null), topic and timestamp. What
 * the function returns is merged into the event: {topic: "heavy", value: "..."};
 * undefined lets the event pass, null drops it, an exception rejects it.
 */
#include "quickjs.h"
#include "weir.h"

static JSContext *js;
static JSValue handler;

/* The text of a value, in memory of the batch; null if it has none. */
static weir_str text_of(JSValueConst value) {
    size_t size;
    const char *text = JS_ToCStringLen(js, &size, value);
    if (text == NULL) {
        JS_FreeValue(js, JS_GetException(js));
        return weir_null();
    }
    weir_str copy = weir_format("%v", weir_bytes(text, size));
    JS_FreeCString(js, text);
    return copy;
}

/* The text of the exception that was thrown. */
static weir_str thrown(void) {
    JSValue exception = JS_GetException(js);
    weir_str text = text_of(exception);
    JS_FreeValue(js, exception);
    return text.data == NULL ? weir_text("an exception without a text") : text;
}

static void configure(weir_config *config) {
    weir_str script = weir_config_text(config, "script", "");
    js = JS_NewContext(JS_NewRuntime());
    JSValue ran = JS_Eval(js, script.data, script.size, "script", JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(ran)) {
        weir_refuse(config, "%v", thrown());
        return;
    }
    JS_FreeValue(js, ran);
    JSValue global = JS_GetGlobalObject(js);
    handler = JS_GetPropertyStr(js, global, "process");
    JS_FreeValue(js, global);
    if (!JS_IsFunction(js, handler)) {
        weir_refuse(config, "config key \"script\" has no function process");
    }
}

static JSValue string_or_null(weir_str s) {
    return s.data == NULL ? JS_NULL : JS_NewStringLen(js, s.data, s.size);
}

static JSValue argument(weir_event *ev) {
    JSValue event = JS_NewObject(js);
    JS_SetPropertyStr(js, event, "value", string_or_null(weir_value(ev)));
    JS_SetPropertyStr(js, event, "key", string_or_null(weir_key(ev)));
    JS_SetPropertyStr(js, event, "topic", string_or_null(weir_get_text(ev, "kafka_topic")));
    JS_SetPropertyStr(js, event, "timestamp", JS_NewInt64(js, weir_timestamp(ev)));
    return event;
}

/* Hands a member of what was returned to a setter, unless it is not there. */
static void take(weir_event *ev, JSValueConst result, const char *name, void (*set)(weir_event *ev, weir_str s)) {
    JSValue member = JS_GetPropertyStr(js, result, name);
    if (JS_IsException(member)) {
        weir_reject(ev, "%v", thrown());
    } else if (!JS_IsUndefined(member)) {
        set(ev, JS_IsNull(member) ? weir_null() : text_of(member));
    }
    JS_FreeValue(js, member);
}

static void process(weir_event *ev) {
    JSValue event = argument(ev);
    JSValue result = JS_Call(js, handler, JS_UNDEFINED, 1, &event);
    JS_FreeValue(js, event);
    if (JS_IsException(result)) {
        weir_reject(ev, "%v", thrown());
    } else if (JS_IsNull(result)) {
        weir_drop(ev);
    } else if (JS_IsObject(result)) {
        take(ev, result, "value", weir_set_value);
        take(ev, result, "key", weir_set_key);
        take(ev, result, "topic", weir_route);
    }
    JS_FreeValue(js, result);
}

WEIR_PROCESSOR(.process = process, .open = configure);
