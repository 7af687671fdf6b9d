/* test_decode_lines.c - payloads of collectd, of InfluxDB's line protocol, and expositions in messages.
 * SPDX-License-Identifier: MIT */
#include "collectors/decode.h"
#include "collectors/influx_line.h"
#include "support/rules_said.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS (INT64_C(1700000000) * 1000)

/* `why` "": how many fit, and the last of them. */
static size_t select_from(const char *bytes, size_t length, enum decoder decoder, const char *text,
                          double *ret_value, char why[ERR_TEXT_MAX])
{
    struct decode_message message;
    struct selector *selector = NULL;
    struct prometheus_vector vector = {0};
    struct err err = {0};

    assert_true(selector_new(text, &selector, NULL));
    decode_init(&message, bytes, length, NOW_MS);
    bool is_good = decode_selected(&message, decoder, selector, &vector, &err);
    assert_true(is_good == (err.text[0] == '\0'));
    (void)snprintf(why, ERR_TEXT_MAX, "%s", err.text);
    size_t count = vector.count;
    if (count > 0)
        *ret_value = vector.samples[count - 1].value;
    prometheus_vector_done(&vector);
    decode_done(&message);
    selector_free(selector);
    return count;
}

static void assert_value(const char *bytes, enum decoder decoder, const char *selector, double expected)
{
    char why[ERR_TEXT_MAX];
    double value = NAN;

    size_t count = select_from(bytes, strlen(bytes), decoder, selector, &value, why);
    if (count != 1 || value != expected)
        fail_msg("%s: %zu values, %g, %s", selector, count, value, why);
}

static const char lines[] =
    "# a note\n"
    "\n"
    "cpu,host=a,cpu=cpu-total usage_idle=98.5,usage_user=1e0 1700000000000000000\n"
    "queue\\ depth,site=K\\,1\\=x len=17i,ok=t,text=\"a, \\\"b\\\" = c\" 1700000000\r\n"
    "disk,path=C:\\dir free.bytes=12u 1700000000123\n"
    "m f=F";

static void test_the_line_protocol(void **state)
{
    char why[ERR_TEXT_MAX];
    double value = 0;

    (void)state;
    assert_value(lines, DECODER_INFLUX, "cpu.usage_idle{host='a'}", 98.5);
    assert_value(lines, DECODER_INFLUX, "cpu.usage_user{cpu=~'cpu-.*'}", 1);
    assert_value(lines, DECODER_INFLUX, "queue depth.len{site='K,1=x'}", 17);
    assert_value(lines, DECODER_INFLUX, "queue depth.ok", 1);
    assert_value(lines, DECODER_INFLUX, "disk.free.bytes{path='C:\\\\dir'}", 12);
    assert_value(lines, DECODER_INFLUX, "m.f", 0);
    assert_int_equal(
        select_from(lines, strlen(lines), DECODER_INFLUX, "cpu.usage_idle{host='b'}", &value, why), 0);
    assert_string_equal(why, "");
    assert_int_equal(select_from(lines, strlen(lines), DECODER_INFLUX, "queue depth.text", &value, why), 0);
    assert_string_equal(why, "the payload: queue depth.text is a text and no number");
}

#define WRONG(decoder, text, why)                                                                            \
    {                                                                                                        \
        decoder, text, sizeof(text) - 1, why                                                                 \
    }
#define INFLUX(text, why) WRONG(DECODER_INFLUX, text, why)

static void test_lines_that_are_none(void **state)
{
    static const struct {
        enum decoder decoder;
        const char *bytes;
        size_t length;
        const char *why;
    } payloads[] = {
        INFLUX("m", "the payload: line 1: m has no fields"),
        INFLUX("m,t=x", "m has no fields"),
        INFLUX("m,=x f=1", "tag=text is expected"),
        INFLUX("m,t f=1", "tag=text is expected"),
        INFLUX("m =1", "field=value is expected"),
        INFLUX("m f", "field=value is expected"),
        INFLUX("m f=1\\", "'1\\' is not the value"),
        INFLUX("m f=1111111111222222222233333333334444444444555555555566666666667777777777", "no number"),
        INFLUX(" f=1", "the name of a measurement"),
        INFLUX("{\"a\":1}", "has no fields"),
        INFLUX("m f=1\nm f=\n", "line 2: '' is not the value of the field f"),
        INFLUX("m f=1,5", "field=value is expected"),
        INFLUX("m f=1e999", "'1e999' is not the value"),
        INFLUX("m f=NaN", "'NaN' is not the value"),
        INFLUX("m f=1.5i", "'1.5i' is not the value"),
        INFLUX("m f=i", "'i' is not the value"),
        INFLUX("m f=0x10", "no number"),
        INFLUX("m f=\"x", "the text of the field f does not end"),
        INFLUX("m f=\"x\\", "does not end"),
        INFLUX("m f=\"x\"y", "a comma or a blank is expected"),
        INFLUX("m f=1 now", "'now' is no time"),
        INFLUX("m f=1 1700000000 2", "'1700000000 2' is no time"),
        INFLUX("m f=1 1600000000", "m.f says of itself that it is of the past"),
        INFLUX("m f=1 1800000000000000", "the future"),
        INFLUX("m,t= f=1", "tag=text is expected"),
        INFLUX("m,t=1,t=2 f=1", "the tag t is there twice"),
        INFLUX("m,t=\xff f=1", "no UTF-8"),
        INFLUX("m f=1\0", "no UTF-8"),
        WRONG(DECODER_OPENMETRICS, "a 1\n<html>\n", "the payload: line 2: neither a comment nor a metric"),
    };
    char why[ERR_TEXT_MAX];
    double value = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
        (void)select_from(payloads[i].bytes, payloads[i].length, payloads[i].decoder, "m.f", &value, why);
        if (strstr(why, payloads[i].why) == NULL)
            fail_msg("%s: '%s' instead of '%s'", payloads[i].bytes, why, payloads[i].why);
    }
}

static void test_limits_of_a_line(void **state)
{
    size_t size = 2 * LABELLED_LINE_MAX;
    char *text = calloc(1, size);
    char why[ERR_TEXT_MAX];
    double value = 0;
    size_t length = 1;

    (void)state;
    assert_non_null(text);
    text[0] = 'm';
    for (int i = 0; i <= LABELLED_LABELS_MAX; i++)
        length += (size_t)snprintf(text + length, size - length, ",t%d=x", i);
    (void)select_from(text, length, DECODER_INFLUX, "m.f", &value, why);
    assert_non_null(strstr(why, "more than 64 tags"));
    length = (size_t)snprintf(text, size, "m f=1");
    for (int i = 0; i < INFLUX_FIELDS_MAX; i++)
        length += (size_t)snprintf(text + length, size - length, ",f%d=1", i);
    (void)select_from(text, length, DECODER_INFLUX, "m.f", &value, why);
    assert_non_null(strstr(why, "more than 256 fields"));
    memset(text, 'm', size);
    (void)select_from(text, LABELLED_LINE_MAX + 1, DECODER_INFLUX, "m.f", &value, why);
    assert_non_null(strstr(why, "longer than 16384 bytes"));
    free(text);
}

static void test_expositions(void **state)
{
    char why[ERR_TEXT_MAX];
    double value = 0;

    (void)state;
    assert_value("# TYPE up gauge\nup{j=\"a\"} 1\nup{j=\"b\"} 0.5\n# EOF\n", DECODER_OPENMETRICS, "up{j='b'}",
                 0.5);
    assert_value("up 7 1700000001000", DECODER_OPENMETRICS, "up", 7);
    assert_int_equal(select_from("up 7 1600000000000", 18, DECODER_OPENMETRICS, "up", &value, why), 0);
    assert_non_null(strstr(why, "the payload: up says of itself that it is of the past"));
}

static bool read_collectd(const char *bytes, size_t length, const char *place, double *ret, struct err *err)
{
    struct decode_message message;

    decode_init(&message, bytes, length, NOW_MS);
    bool is_good = decode_number(&message, DECODER_COLLECTD, place, ret, err);
    decode_done(&message);
    return is_good;
}

static void test_collectd(void **state)
{
    static const char good[] = "1700000000.123:0.75:12"; /* with its NUL, as version 5 sends it */
    static const struct {
        const char *payload, *place, *why;
    } bad[] = {
        {"", "0", "no time is in front"},
        {"N:1", "0", "no time is in front"},
        {"1111111111222222222233333333334444444444555555555566666666667777777777:1", "0",
         "no time is in front"},
        {"1700000000:1", "64", "has no value 64"},
        {"1700000000:1", "x", "has no value x"},
        {"12", "0", "of another time"},
        {"1700000000", "0", "has no value 0"},
        {"1700000000:1", "1", "has no value 1"},
        {"1700000000:nan", "0", "the value 0 of the payload, 'nan', is no number"},
        {"1700000000:1,5", "0", "is no number"},
        {"1700000000:", "0", "is no number"},
        {"1699000000:1", "0", "of another time"},
        {"1e999:1", "0", "no time is in front"},
        {"{\"a\":1}", "0", "no time is in front"},
        {"1700000000:11111111111111111111111111111111111111111111111111111111111111111", "0",
         "has no value 0"},
    };
    struct err err = {0};
    double value = 0;

    (void)state;
    assert_true(read_collectd(good, sizeof(good), "0", &value, &err) && value == 0.75);
    assert_true(read_collectd(good, sizeof(good) - 1, "1", &value, &err) && value == 12);
    assert_false(read_collectd("1700000000:1\0:2", 15, "0", &value, &err));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (read_collectd(bad[i].payload, strlen(bad[i].payload), bad[i].place, &value, &err))
            fail_msg("taken for good: %s", bad[i].payload);
        if (strstr(err.text, bad[i].why) == NULL)
            fail_msg("%s: %s", bad[i].payload, err.text);
    }
}

static void test_places(void **state)
{
    struct err err = {0};

    (void)state;
    assert_true(decode_check_place(DECODER_COLLECTD, "63", &err));
    assert_false(decode_check_place(DECODER_COLLECTD, "64", &err));
    assert_false(decode_check_place(DECODER_COLLECTD, ".a", &err));
    assert_true(decode_check_place(DECODER_JSON, ".a[0]", &err));
    assert_false(decode_check_place(DECODER_JSON, "a", &err));
    assert_true(decode_check_place(DECODER_INFLUX, "cpu.idle{host='a'}", &err));
    assert_false(decode_check_place(DECODER_OPENMETRICS, "up{", &err));
}

/* Each mistake in a rule file is said once. */
static void test_rules(void **state)
{
    static const struct {
        const char *options, *findings;
    } rules[] = {
        {"decoder = \"influx\";  value = \"a.b{c='{{slot}}'}\";", ""},
        {"decoder = \"collectd\";  combine = \"max\";", ""},
        {"decoder = \"influx\";\n value = \"a.b{c}\";",
         "3: 'a.b{c}', character 6: =, !=, =~ or !~ is expected\n"},
        {"decoder = \"openmetrics\";", "2: value is missing: payloads of this decoder hold many\n"},
        {"kind = \"counter\";  events = \".e\";",
         "1: total is missing: kind = \"counter\" needs it (Place of the raw counter of everything)\n"},
        {"value = \"x\";", "2: 'x' is not a path; write it like .a.b[0].c\n"},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        (void)snprintf(text, sizeof(text),
                       "metrics: { x: { source = \"mqtt:plant\";  topic = \"t\";\n %s }; };\n",
                       rules[i].options);
        char *said = rules_said(text);
        if (strcmp(said, rules[i].findings) != 0)
            fail_msg("%s: %s", rules[i].options, said);
        free(said);
    }
}

/* The time of what was read: the oldest, and only where all of it says one. */
static void test_times(void **state)
{
    static const char both[] = "m,t=a f=1 1699999990\nm,t=b f=2 1699999980\n";
    static const char one[] = "m,t=a f=1 1699999990\nm,t=b f=2\n";
    static const char collectd[] = "1699999400:1";
    struct prometheus_vector vector = {0};
    struct selector *selector = NULL;
    struct decode_message message;
    struct err err = {0};
    double value = 0;

    (void)state;
    assert_true(selector_new("m.f", &selector, &err));
    decode_init(&message, both, sizeof(both) - 1, NOW_MS);
    assert_true(decode_selected(&message, DECODER_INFLUX, selector, &vector, &err));
    assert_true(vector.count == 2 && message.has_time && message.time_ms == INT64_C(1699999980000));
    prometheus_vector_done(&vector);
    decode_done(&message);
    decode_init(&message, one, sizeof(one) - 1, NOW_MS);
    assert_true(decode_selected(&message, DECODER_INFLUX, selector, &vector, &err));
    assert_true(vector.count == 2 && !message.has_time);
    prometheus_vector_done(&vector);
    decode_done(&message);
    selector_free(selector);
    decode_init(&message, collectd, sizeof(collectd) - 1, NOW_MS);
    assert_false(decode_number(&message, DECODER_COLLECTD, "0", &value, &err)); /* ten minutes */
    assert_false(message.has_time);
    message.age_max_ms = 600 * 1000;
    assert_true(decode_number(&message, DECODER_COLLECTD, "0", &value, &err));
    assert_true(message.has_time && message.time_ms == INT64_C(1699999400000));
    message.age_max_ms--;
    assert_false(decode_number(&message, DECODER_COLLECTD, "0", &value, &err));
    decode_done(&message);
}

static void test_who_says_when(void **state)
{
    static const struct {
        enum decoder decoder;
        bool has_times;
    } cases[] = {{DECODER_NUMBER, false},
                 {DECODER_JSON, false},
                 {DECODER_COLLECTD, true},
                 {DECODER_INFLUX, true},
                 {DECODER_OPENMETRICS, true}};
    static const char ahead[] = "1700009999:5";
    struct decode_message message;
    struct err err = {0};
    double value = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(decode_has_times(cases[i].decoder), cases[i].has_times);
    decode_init(&message, ahead, strlen(ahead), NOW_MS);
    assert_false(decode_number(&message, DECODER_COLLECTD, "0", &value, &err));
    assert_string_equal(err.text, "the payload says of itself that it is of another time: 1700009999");
    assert_false(message.has_time);
    decode_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line_protocol),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_limits_of_a_line),
        cmocka_unit_test(test_expositions),
        cmocka_unit_test(test_collectd),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_who_says_when),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
