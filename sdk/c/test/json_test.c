/* JSON and numbers, against the C library where it knows better. */
#include "check.h"

static void pass(weir_event *ev) {
    (void)ev;
}

WEIR_PROCESSOR(pass);

static weir_json parsed(const char *text) {
    weir_json value;
    CHECK(weir_json_parse(weir_text(text), &value, NULL));
    return value;
}

static void test_malformed(void) {
    static const struct {
        const char *text;
        size_t at;
        const char *what;
    } cases[] = {
        {"", 0, "the text ends too early"},
        {"tru", 0, "expected a value"},
        {"[1,]", 3, "expected a value"},
        {"[1 2]", 3, "expected ',' or ']' after an item"},
        {"{\"a\":1,}", 7, "expected a name in quotes"},
        {"{\"a\" 1}", 5, "expected ':' after a name"},
        {"{\"a\":1]", 6, "expected ',' or '}' after a member"},
        {"01", 1, "a number cannot begin with 0"},
        {"1.", 2, "the text ends too early"},
        {"-x", 1, "expected a digit"},
        {"1e+x", 3, "expected a digit"},
        {"\"\\x\"", 2, "an unknown escape in a string"},
        {"\"\\u12g4\"", 5, "expected four hexadecimal digits after \\u"},
        {"\"a\nb\"", 2, "a control character in a string"},
        {"\"\xc3\x28\"", 1, "a string is not UTF-8"},
        {"\"\xed\xa0\x80\"", 1, "a string is not UTF-8"},
        {"1 2", 2, "more text after the value"},
        {"[[[", 3, "the text ends too early"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_json value;
        weir_json_error error = {0, ""};
        CHECK(!weir_json_parse(weir_text(cases[i].text), &value, &error));
        CHECK(error.at == cases[i].at);
        CHECK_STR(weir_text(error.what), cases[i].what);
        CHECK(value.text.data == NULL);
    }
}

static void test_levels(void) {
    char text[2 * 505 + 1];
    weir_json value;
    weir_json_error error;
    for (int levels = 500; levels <= 505; levels++) {
        memset(text, '[', (size_t)levels);
        memset(text + levels, ']', (size_t)levels);
        bool good = weir_json_parse(weir_bytes(text, (size_t)levels * 2), &value, &error);
        CHECK(good == (levels <= 504));
    }
    CHECK_STR(weir_text(error.what), "nested deeper than 504 levels");
}

static void test_lookup(void) {
    weir_json doc = parsed(" {\"a\": {\"b\": [1, {\"c\\u0021\": \"x\\n\\ud83d\\ude00\\ud800\"}], \"a/b\": true}, \"a.b\": null, \"a\": {\"b\": [7, \"y\"]}} ");
    double number;
    bool truth;
    weir_str text;
    CHECK_STR(weir_json_pointer(doc, "/a/b/0").text, "7");
    CHECK_STR(weir_json_pointer(doc, "/a/b/00").text, NULL);
    CHECK_STR(weir_json_pointer(doc, "/a/b/2").text, NULL);
    CHECK_STR(weir_json_pointer(doc, "a").text, NULL);
    CHECK(weir_equal(weir_json_pointer(doc, "").text, doc.text));
    CHECK_STR(weir_json_at(weir_json_get(weir_json_get(doc, "a"), "b"), 1).text, "\"y\"");
    CHECK_STR(weir_json_get(doc, "missing").text, NULL);
    CHECK(!weir_json_number(weir_json_get(doc, "missing"), &number));
    doc = parsed("{\"a/b\": true, \"m~n\": [false], \"c\\u0021\": \"x\\n\\ud83d\\ude00\\ud800\\u00e9\"}");
    CHECK(weir_json_bool(weir_json_pointer(doc, "/a~1b"), &truth) && truth);
    CHECK(weir_json_bool(weir_json_pointer(doc, "/m~0n/0"), &truth) && !truth);
    CHECK(weir_json_string(weir_json_get(doc, "c!"), &text));
    CHECK_STR(text, "x\n\xf0\x9f\x98\x80\xef\xbf\xbd\xc3\xa9");
    CHECK_STR(weir_json_quote(weir_text("a\"\\\n\x01/\xc3\xa9")), "\"a\\\"\\\\\\n\\u0001/\xc3\xa9\"");
    CHECK_STR(weir_text(weir_json_kind(doc)), "an object");
}

static void test_find(void) {
    static const struct {
        const char *text, *path, *want;
    } cases[] = {
        {"{\"a\": {\"b\": 1}}", "a.b", "1"},
        {"{\"a.b\": 2}", "a.b", "2"},
        {"{\"a\": {\"b\": 1}, \"a.b\": 2}", "a.b", "2"},
        {"{\"a\": {\"b\": 1}, \"a\": 3}", "a.b", NULL},
        {"{\"a\": 1, \"\\u0061\": [ 2 ]}", "a", "[ 2 ]"},
        {"[{\"a\": 1}]", "a", NULL},
        {"{}", "a", NULL},
    };
    weir_json value;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(weir_json_find(weir_text(cases[i].text), cases[i].path, &value, NULL));
        CHECK_STR(value.text, cases[i].want);
    }
    CHECK(!weir_json_find(weir_text("{\"a\": 1, \"b\": tru}"), "a", &value, NULL));
    CHECK(value.text.data == NULL);
}

static void test_walk(void) {
    weir_json_walk walk = weir_json_begin(parsed("{\"a\": 1, \"b\": [ ], \"c\": {\"d\": \"}\"}}"));
    size_t members = 0;
    while (weir_json_next(&walk)) {
        members++;
    }
    CHECK(members == 3);
    CHECK_STR(walk.value.text, "{\"d\": \"}\"}");
    walk = weir_json_begin(parsed("[]"));
    CHECK(!weir_json_next(&walk));
    walk = weir_json_begin(parsed("3"));
    CHECK(!weir_json_next(&walk));
}

static void test_ints(void) {
    int64_t n = 0;
    CHECK(weir_json_int(parsed("-9223372036854775808"), &n) && n == INT64_MIN);
    CHECK(weir_json_int(parsed("9223372036854775807"), &n) && n == INT64_MAX);
    CHECK(!weir_json_int(parsed("9223372036854775808"), &n) && !weir_json_int(parsed("-9223372036854775809"), &n));
    CHECK(!weir_json_int(parsed("1.0"), &n) && !weir_json_int(parsed("1e3"), &n) && !weir_json_int(parsed("\"1\""), &n));
}

static void same_as_strtod(const char *text) {
    double got = 0, want = strtod(text, NULL);
    CHECK(weir_json_number(parsed(text), &got));
    if (memcmp(&got, &want, sizeof got) != 0) {
        failures++;
        fprintf(stderr, "%s reads as %.17g, want %.17g\n", text, got, want);
    }
}

static uint64_t random_bits(void) {
    static uint64_t state = 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void test_numbers(void) {
    static const char *const texts[] = {
        "0", "-0", "0.0", "1", "-12.5", "1e3", "1E-3", "0.1", "123456789012345678", "9007199254740993", "9007199254740993.00000000000000000001",
        "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
        "1e-400", "2.2250738585072011e-308", "2.2250738585072014e-308", "0.000000000000000000000000000000000000001", "1e23", "8.5e22",
        "100000000000000000000000000000000000000000", "1e99999999999", "0e99999999999", "5e-1000000000000", "179769313486231580793728971405301e276"};
    char text[64], out[WEIRP_NUMBER_ROOM];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        same_as_strtod(texts[i]);
    }
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = random_bits();
        double x;
        memcpy(&x, &bits, sizeof x);
        if (x - x != 0) {
            continue;
        }
        snprintf(text, sizeof text, "%.*e", (int)(bits % 20), x);
        same_as_strtod(text);
        size_t size = weirp_write_number(x, out);
        CHECK(size <= WEIRP_NUMBER_ROOM && strtod(weir_cstring(weir_bytes(out, size)), NULL) == x);
        weirp_reset();
    }
}

static void test_written(void) {
    static const struct {
        double x;
        const char *want;
    } cases[] = {{0, "0"}, {1, "1"}, {-2000, "-2000"}, {12.5, "12.5"}, {0.1, "0.1"}, {1e21, "1e+21"}, {123e18, "123000000000000000000"},
                 {1e-6, "0.000001"}, {1.5e-7, "1.5e-7"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {0.30000000000000004, "0.30000000000000004"}, {1.0 / 3, "0.3333333333333333"}, {1e23, "1e+23"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STR(weir_format("%g", cases[i].x), cases[i].want);
    }
    CHECK_STR(weir_format("%g %g", 1e308 * 10, -1e308 * 10), "Infinity -Infinity");
    CHECK_STR(weir_format("%lld", (long long)INT64_MIN), "-9223372036854775808");
}

int main(void) {
    test_malformed();
    test_levels();
    test_lookup();
    test_find();
    test_walk();
    test_ints();
    test_numbers();
    test_written();
    return check_result("json_test");
}
