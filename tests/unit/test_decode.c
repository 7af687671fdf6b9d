/* test_decode.c - what others send: MQTT payloads, Prometheus' answers, HAProxy's table, posts, patterns.
 * SPDX-License-Identifier: MIT */
#include "collectors/decode.h"
#include "collectors/haproxy_stat.h"
#include "collectors/prometheus_answer.h"
#include "collectors/prometheus_query.h"
#include "io/pattern.h"

#include "support/pushed.h"

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

static bool decode(const char *bytes, size_t length, enum decoder decoder, const char *path, double *ret)
{
    struct decode_message message;
    struct err err = {0};

    decode_init(&message, bytes, length, NOW_MS);
    bool is_good = decode_number(&message, decoder, path, ret, &err);
    assert_true(is_good || err.text[0] != '\0');
    decode_done(&message);
    return is_good;
}

static void test_plain_numbers(void **state)
{
    static const struct {
        const char *payload;
        double number;
    } good[] = {{"1", 1}, {" 0.5\n", 0.5}, {"-3e2", -300}, {"\t99.95\r\n", 99.95}, {"-0", 0}};
    static const char *const bad[] = {"",
                                      " ",
                                      "1,5",
                                      "NaN",
                                      "inf",
                                      "1e999",
                                      "0x10",
                                      "1 2",
                                      "12abc",
                                      "--1",
                                      "1111111111111111111111111111111111111111111111111111111111111111111"};
    double number = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(decode(good[i].payload, strlen(good[i].payload), DECODER_NUMBER, ".", &number));
        assert_true(number == good[i].number);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (decode(bad[i], strlen(bad[i]), DECODER_NUMBER, ".", &number))
            fail_msg("accepted '%s'", bad[i]);
    }
    assert_true(decode("42", 3, DECODER_NUMBER, ".", &number)); /* with its NUL, as collectd sends it */
    assert_false(decode("4\0"
                        "2",
                        3, DECODER_NUMBER, ".", &number));
}

static void test_places_in_json(void **state)
{
    static const char payload[] = "{\"up\":true,\"lag\":\"2.5\",\"deep\":[{\"x\":7}],\"name\":\"blue\","
                                  "\"none\":null,\"o\":{},\"huge\":\"1e999\"}";
    static const char *const bad[] = {".name", ".none", ".huge", ".o", ".missing", ".deep[1].x", "."};
    double number = 0;

    (void)state;
    assert_true(decode(payload, sizeof(payload) - 1, DECODER_JSON, ".up", &number) && number == 1);
    assert_true(decode(payload, sizeof(payload) - 1, DECODER_JSON, ".lag", &number) && number == 2.5);
    assert_true(decode(payload, sizeof(payload) - 1, DECODER_JSON, ".deep[0].x", &number) && number == 7);
    assert_true(decode("12", 2, DECODER_JSON, ".", &number) && number == 12);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(decode(payload, sizeof(payload) - 1, DECODER_JSON, bad[i], &number));
    assert_false(decode("{\"up\":1", 7, DECODER_JSON, ".up", &number));
    assert_false(decode("{\"up\":1e999}", 12, DECODER_JSON, ".up", &number));
    assert_false(decode("{\"up\":1,\"up\":0}", 15, DECODER_JSON, ".up", &number));
}

static struct http_answer answer_of(int status, const char *body)
{
    return (struct http_answer){.status = status, .body = body, .length = strlen(body)};
}

static void test_a_vector_of_prometheus(void **state)
{
    struct http_answer answer = answer_of(
        200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
             "{\"metric\":{\"instance\":\"a\",\"le\":\"0.5\"},\"value\":[1435781451.781,\"7\"]},"
             "{\"metric\":{\"instance\":\"a\",\"le\":\"+Inf\"},\"value\":[1435781451.781,\"1e+06\"]},"
             "{\"metric\":{},\"value\":[1435781451.781,\"NaN\"]}]},\"infos\":[\"fine\"],\"warnings\":[]}");
    struct prometheus_vector vector;
    struct err err = {0};

    (void)state;
    if (!prometheus_read(&answer, &vector, &err))
        fail_msg("%s", err.text);
    assert_int_equal(vector.count, 3);
    assert_true(vector.samples[0].value == 7 && vector.samples[0].bound == 0.5);
    assert_true(vector.samples[1].value == 1e6 && vector.samples[1].bound == INFINITY);
    assert_string_equal(vector.samples[0].labels, vector.samples[1].labels);
    assert_string_not_equal(vector.samples[0].labels, vector.samples[2].labels);
    assert_true(isnan(vector.samples[2].value) && isnan(vector.samples[2].bound));
    prometheus_vector_done(&vector);
    answer =
        answer_of(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"3\"]}}");
    assert_true(prometheus_read(&answer, &vector, &err));
    assert_true(vector.count == 1 && vector.samples[0].value == 3);
    prometheus_vector_done(&vector);
}

#define SUCCESS "{\"status\":\"success\",\"data\":{\"resultType\":"

static void test_answers_that_prove_nothing(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *expected;
    } bad[] = {
        {200, "<html>login</html>", "not its JSON"},
        {200, "", "not its JSON"},
        {200, "[]", "not its JSON"},
        {200, SUCCESS "\"vector\",\"result\":[{\"met", "not its JSON"},
        {200, SUCCESS "\"vector\"}}", "no result"},
        {200, SUCCESS "\"matrix\",\"result\":[]}}", "matrix"},
        {200, SUCCESS "\"vector\",\"result\":[]},\"warnings\":[\"store down\"]}", "store down"},
        {200, SUCCESS "\"vector\",\"result\":[{\"metric\":{},\"value\":[1,7]}]}}", "a sample"},
        {200, SUCCESS "\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"1,5\"]}]}}", "a sample"},
        {200, SUCCESS "\"vector\",\"result\":[{\"metric\":{\"a\":1},\"value\":[1,\"1\"]}]}}", "a label"},
        {200, SUCCESS "\"vector\",\"result\":[{\"metric\":{},\"histogram\":[1,{}]}]}}", "histogram_quantile"},
        {200, SUCCESS "\"scalar\",\"result\":[1]}}", "a scalar"},
        {200, "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"too slow\"}", "too slow"},
        {422, "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"many-to-many\"}",
         "many-to-many"},
        {500, "oops", "status 500"},
        {503, "<html>", "status 503"},
        {429, "", "status 429"},
        {302, "", "redirect"},
        {204, "", "status 204"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct http_answer answer = answer_of(bad[i].status, bad[i].body);
        struct prometheus_vector vector = {0};
        struct err err = {0};
        if (prometheus_read(&answer, &vector, &err))
            fail_msg("accepted %s", bad[i].body);
        if (strstr(err.text, bad[i].expected) == NULL)
            fail_msg("%s: '%s' does not say '%s'", bad[i].body, err.text, bad[i].expected);
        assert_null(vector.samples);
    }
    struct http_answer none = {.err = {.code = ERR_TIMEOUT, .text = "no answer in 5s"}};
    struct prometheus_vector vector = {0};
    struct err err = {0};
    assert_false(prometheus_read(&none, &vector, &err));
    assert_int_equal(err.code, ERR_TIMEOUT);
}

static void test_the_form_and_the_address(void **state)
{
    char *form = prometheus_query_form("a{b='c',d=~\"5..\"} + 1", 1700000000007, 5000);
    char *url = prometheus_query_url("http://host:9090/prefix//");

    (void)state;
    assert_string_equal(form, "query=a%7Bb%3D%27c%27%2Cd%3D~%225..%22%7D%20%2B%201&time=1700000000.007"
                              "&timeout=5000ms&partial_response=false&dedup=true");
    assert_string_equal(url, "http://host:9090/prefix/api/v1/query");
    free(form);
    free(url);
}

/* What one poll put: the kind of call, and its numbers. */
struct put {
    char kind; /* g c h, t: trouble, 0: nothing */
    enum series_trouble trouble;
    int64_t at_ms;
    double value, total;
    size_t buckets;
    double counts[SERIES_BUCKETS_MAX];
};

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    *(struct put *)data = (struct put){.kind = 'g', .at_ms = at_ms, .value = value};
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    *(struct put *)data = (struct put){.kind = 'c', .at_ms = at_ms, .value = events, .total = total};
    return SERIES_TAKEN;
}

static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t count)
{
    struct put *put = data;

    assert_true(bounds[count - 1] == INFINITY);
    *put = (struct put){.kind = 'h', .at_ms = at_ms, .buckets = count};
    memcpy(put->counts, counts, count * sizeof(*counts));
    return SERIES_TAKEN;
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    assert_non_null(why);
    *(struct put *)data = (struct put){.kind = 't', .trouble = trouble};
}

static struct prometheus_query *query_of(enum series_kind kind, const char *texts[QUERY_OPTION_COUNT])
{
    struct option_value options[QUERY_OPTION_COUNT] = {0};
    struct prometheus_query *query = NULL;
    struct err err = {0};

    for (size_t i = 0; i < QUERY_OPTION_COUNT; i++)
        options[i].text = texts[i];
    return prometheus_query_new(kind, options, &query, &err) ? query : NULL;
}

/* One poll with bodies in the order in which they are asked. */
static struct put poll_at(struct prometheus_query *query, int64_t at_ms, const char *first,
                          const char *second)
{
    const char *const results[] = {first, second};
    struct put put = {0};
    struct collector_sink sink = {&put, put_gauge, NULL, put_count, put_histogram, put_trouble};

    prometheus_query_begin(query);
    for (size_t i = 0; prometheus_query_text(query) != NULL; i++) {
        char body[1024];
        assert_true(i < 2);
        (void)snprintf(body, sizeof(body), SUCCESS "\"vector\",\"result\":[%s]}}", results[i]);
        struct http_answer answer = answer_of(200, body);
        assert_true(prometheus_query_take(query, &answer, NULL));
    }
    prometheus_query_end(query, at_ms, &sink);
    return put;
}

static struct put poll(struct prometheus_query *query, const char *first, const char *second)
{
    return poll_at(query, 5000, first, second);
}

#define SAMPLE(labels, value) "{\"metric\":{" labels "},\"value\":[1,\"" value "\"]}"
#define A                     "\"i\":\"a\""
#define B                     "\"i\":\"b\""

static void test_counters_are_read_raw(void **state)
{
    struct prometheus_query *query =
        query_of(SERIES_COUNT,
                 (const char *[QUERY_OPTION_COUNT]){[QUERY_EVENTS] = "errors", [QUERY_TOTAL] = "requests"});
    struct put put;

    (void)state;
    assert_non_null(query);
    assert_string_equal(prometheus_query_text(query), "requests");
    put = poll(query, SAMPLE(A, "100"), SAMPLE(A, "7"));
    assert_int_equal(put.kind, 0); /* the first reading is only remembered */
    put = poll(query, SAMPLE(A, "150") "," SAMPLE(B, "10"), SAMPLE(A, "8") "," SAMPLE(B, "2"));
    assert_true(put.kind == 'c' && put.total == 60 && put.value == 3 && put.at_ms == 4999);
    put = poll(query, SAMPLE(A, "150") "," SAMPLE(B, "10"), SAMPLE(A, "8") "," SAMPLE(B, "2"));
    assert_true(put.kind == 'c' && put.total == 0 && put.value == 0); /* no traffic, and known so */
    put = poll(query, SAMPLE(A, "20") "," SAMPLE(B, "30"), SAMPLE(B, "2"));
    assert_true(put.kind == 'c' && put.total == 40 && put.value == 0); /* a restarted */
    put = poll(query, SAMPLE(B, "40"), "");
    assert_true(put.kind == 'c' && put.total == 10 && put.value == 0); /* no errors yet is 0 errors */
    put = poll(query, "", NULL);
    assert_true(put.kind == 't' && put.trouble == SERIES_NO_DATA);
    put = poll(query, SAMPLE("\"i\":\"c\"", "500") "," SAMPLE(B, "45"), SAMPLE("\"i\":\"c\"", "50"));
    assert_true(put.kind == 'c' && put.total == 5 && put.value == 0); /* c was born, nobody knows when */
    put = poll_at(query, 400000, SAMPLE(B, "95"), SAMPLE(B, "60"));
    assert_int_equal(put.kind, 0); /* nobody observed the last minutes */
    put = poll_at(query, 401000, SAMPLE(B, "96"), SAMPLE(B, "61"));
    assert_true(put.kind == 'c' && put.total == 1 && put.value == 1);
    prometheus_query_free(query);
}

static void test_a_poll_that_fails_on_the_way_counts_later(void **state)
{
    struct prometheus_query *query =
        query_of(SERIES_COUNT,
                 (const char *[QUERY_OPTION_COUNT]){[QUERY_EVENTS] = "errors", [QUERY_TOTAL] = "requests"});
    struct http_answer total = answer_of(200, SUCCESS "\"vector\",\"result\":[" SAMPLE(A, "150") "]}}");
    struct http_answer broken = answer_of(503, "");
    struct err err = {0};

    (void)state;
    (void)poll(query, SAMPLE(A, "100"), SAMPLE(A, "7"));
    prometheus_query_begin(query);
    assert_true(prometheus_query_take(query, &total, &err));
    assert_string_equal(prometheus_query_text(query), "errors");
    assert_false(prometheus_query_take(query, &broken, &err));
    struct put put = poll(query, SAMPLE(A, "160"), SAMPLE(A, "10"));
    assert_true(put.total == 60 && put.value == 3);
    prometheus_query_free(query);
}

/* NaN among the errors would count as none. */
static void test_a_reading_that_is_none_makes_the_poll_unknown(void **state)
{
    static const char *const words[] = {"NaN", "+Inf", "-Inf"};
    struct prometheus_query *query =
        query_of(SERIES_COUNT,
                 (const char *[QUERY_OPTION_COUNT]){[QUERY_EVENTS] = "errors", [QUERY_TOTAL] = "requests"});
    struct prometheus_query *gauge =
        query_of(SERIES_GAUGE, (const char *[QUERY_OPTION_COUNT]){[QUERY_VALUE] = "g"});

    (void)state;
    (void)poll(query, SAMPLE(A, "100"), SAMPLE(A, "7"));
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        char sample[128];
        (void)snprintf(sample, sizeof(sample), "{\"metric\":{},\"value\":[1,\"%s\"]}", words[i]);
        struct put put = poll(query, SAMPLE(A, "150"), sample);
        assert_true(put.kind == 't' && put.trouble == SERIES_NOT_FINITE);
        put = poll(query, sample, SAMPLE(A, "8"));
        assert_true(put.kind == 't' && put.trouble == SERIES_NOT_FINITE);
        put = poll(gauge, sample, NULL);
        assert_true(put.kind == 't' && put.trouble == SERIES_NOT_FINITE); /* said last */
    }
    struct put put = poll(query, SAMPLE(A, "160"), SAMPLE(A, "10"));
    assert_true(put.kind == 'c' && put.total == 60 && put.value == 3); /* nothing was lost */
    put = poll(gauge, SAMPLE(A, "1"), NULL);
    assert_true(put.kind == 'g' && put.value == 1);
    prometheus_query_free(query);
    prometheus_query_free(gauge);
}

#define BUCKET(bound, value) SAMPLE("\"le\":\"" bound "\"", value)

static void test_histograms_and_gauges(void **state)
{
    struct prometheus_query *query =
        query_of(SERIES_HISTOGRAM, (const char *[QUERY_OPTION_COUNT]){[QUERY_BUCKETS] = "b"});
    struct prometheus_query *gauge =
        query_of(SERIES_GAUGE, (const char *[QUERY_OPTION_COUNT]){[QUERY_VALUE] = "g"});
    struct put put;

    (void)state;
    put = poll(query, BUCKET("+Inf", "10") "," BUCKET("0.1", "5") "," BUCKET("1", "9"), NULL);
    assert_int_equal(put.kind, 0);
    put = poll(query, BUCKET("+Inf", "30") "," BUCKET("0.1", "15") "," BUCKET("1", "28"), NULL);
    assert_true(put.kind == 'h' && put.buckets == 3);
    assert_true(put.counts[0] == 10 && put.counts[1] == 9 && put.counts[2] == 1);
    put = poll(query, BUCKET("0.1", "15") "," BUCKET("1", "28"), NULL);
    assert_true(put.kind == 't' && put.trouble == SERIES_ERROR);
    put = poll(gauge, SAMPLE("", "0.25"), NULL);
    assert_true(put.kind == 'g' && put.value == 0.25 && put.at_ms == 5000);
    put = poll(gauge, SAMPLE(A, "1") "," SAMPLE(B, "2"), NULL);
    assert_true(put.kind == 't' && put.trouble == SERIES_AMBIGUOUS);
    put = poll(gauge, "", NULL);
    assert_true(put.kind == 't' && put.trouble == SERIES_NO_DATA);
    prometheus_query_free(query);
    prometheus_query_free(gauge);
}

static void test_metrics_that_lack_what_they_need(void **state)
{
    (void)state;
    assert_null(query_of(SERIES_GAUGE, (const char *[QUERY_OPTION_COUNT]){0}));
    assert_null(query_of(SERIES_COUNT, (const char *[QUERY_OPTION_COUNT]){[QUERY_TOTAL] = "t"}));
    assert_null(query_of(SERIES_HISTOGRAM, (const char *[QUERY_OPTION_COUNT]){0}));
    assert_null(query_of(SERIES_COUNT, (const char *[QUERY_OPTION_COUNT]){
                                           [QUERY_EVENTS] = "rate(e[1m])", [QUERY_TOTAL] = "t"}));
}

static void test_the_table_of_haproxy(void **state)
{
    static const char table[] = "# pxname,svname,status,econ,eresp,hrsp_5xx,req_tot,last_chk,ttime,\n"
                                "in,FRONTEND,OPEN,,,9,100,,,\n"
                                "app,blue,UP 1/3,1,2,3,50,\"a, \"\"b\"\", c\",12,\n"
                                "app,green,DOWN 1/2,,,,,,,\n"
                                "app,new,no check,,,,,,,\n"
                                "app,old,DRAIN,,,,,,,\n"
                                "app,away,MAINT,,,,,,,\n"
                                "app,BACKEND,UP,1,2,9,100,,11,\n"
                                "app,wrong,UP,-1,,,100,,12,\n"
                                "app,words,UP,,,,many,,12,\n"
                                "app,endless,UP,,,,1e300,,12,\n"
                                "short,row\n\n";
    struct haproxy_stat stat;
    struct err err = {0};

    (void)state;
    assert_true(haproxy_stat_read(table, sizeof(table) - 1, &stat, &err));
    assert_int_equal(stat.count, 6);
    assert_string_equal(stat.rows[0].server, "blue");
    assert_true(stat.rows[0].is_up && stat.rows[2].is_up && stat.rows[3].is_up);
    assert_true(!stat.rows[1].is_up && !stat.rows[4].is_up);
    assert_true(stat.rows[0].requests == 53 && stat.rows[0].errors == 6 && stat.rows[0].time_ms == 12);
    assert_true(stat.rows[5].requests == 100 && stat.rows[5].errors == 9);
    haproxy_stat_done(&stat);
    assert_false(haproxy_stat_read("Permission denied\n", 18, &stat, &err));
    assert_non_null(strstr(err.text, "Permission denied"));
    assert_false(haproxy_stat_read("", 0, &stat, &err));
    assert_false(haproxy_stat_read("# pxname,svname,status,econ,\n", 29, &stat, &err));
    assert_non_null(strstr(err.text, "eresp"));
}

static void test_posts_reach_their_watch(void **state)
{
    struct put put = {0};
    struct collector_series series = {.metric = "queue",
                                      .service = "shop",
                                      .environment = "prod",
                                      .key = "slot.blue",
                                      .kind = SERIES_GAUGE,
                                      .sink = {&put, put_gauge, NULL, put_count, put_histogram, put_trouble}};
    struct push_sample sample = {.service = "shop",
                                 .environment = "prod",
                                 .key = "slot.blue",
                                 .metric = "queue",
                                 .at_ms = 77,
                                 .value = 5};
    struct source_tally tally = {0};
    const struct collector_env env = {.tally = &tally};
    struct collector *collector = NULL;
    struct collector_watch *watch = NULL;

    (void)state;
    assert_true(push_collector.open(&env, "push", NULL, &collector, NULL));
    assert_true(push_collector.watch(collector, &series, &watch, NULL));
    assert_int_equal(put_to(collector, &sample), PUSH_TAKEN);
    assert_true(put.kind == 'g' && put.value == 5 && put.at_ms == 77);
    assert_true(tally.heard_s > 0 && tally.answered == 0);
    sample.value = NAN;
    assert_int_equal(put_to(collector, &sample), PUSH_NOT_FINITE);
    sample = (struct push_sample){"shop", "prod", "slot.blue", "queue", 77, true, 0, 1, 2};
    assert_int_equal(put_to(collector, &sample), PUSH_WRONG_KIND);
    sample.key = "slot.green";
    assert_int_equal(put_to(collector, &sample), PUSH_UNWATCHED);
    push_collector.unwatch(watch);
    series.kind = SERIES_COUNT;
    assert_true(push_collector.watch(collector, &series, &watch, NULL));
    sample.key = "slot.blue";
    assert_int_equal(put_to(collector, &sample), PUSH_TAKEN);
    assert_true(put.kind == 'c' && put.value == 1 && put.total == 2);
    series.key = NULL;
    struct collector_watch *nobody = NULL;
    assert_false(push_collector.watch(collector, &series, &nobody, NULL));
    push_collector.unwatch(watch);
    push_collector.close(collector);
}

static void test_patterns(void **state)
{
    struct pattern *pattern = NULL;
    struct err err = {0};
    bool is_found = false;
    char many[4096];

    (void)state;
    assert_true(pattern_new("^ok: \\d+$", &pattern, &err));
    assert_true(pattern_search(pattern, "ok: 12", 6, &is_found, &err) && is_found);
    assert_true(pattern_search(pattern, "ok: x", 5, &is_found, &err) && !is_found);
    pattern_free(pattern);
    assert_false(pattern_new("(", &pattern, &err));
    assert_non_null(strstr(err.text, "byte 1"));
    assert_true(pattern_new("(a+)+$", &pattern, &err)); /* would take ages */
    memset(many, 'a', sizeof(many));
    many[sizeof(many) - 1] = 'b';
    assert_false(pattern_search(pattern, many, sizeof(many), &is_found, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    pattern_free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_numbers),
        cmocka_unit_test(test_places_in_json),
        cmocka_unit_test(test_a_vector_of_prometheus),
        cmocka_unit_test(test_answers_that_prove_nothing),
        cmocka_unit_test(test_the_form_and_the_address),
        cmocka_unit_test(test_counters_are_read_raw),
        cmocka_unit_test(test_a_poll_that_fails_on_the_way_counts_later),
        cmocka_unit_test(test_a_reading_that_is_none_makes_the_poll_unknown),
        cmocka_unit_test(test_histograms_and_gauges),
        cmocka_unit_test(test_metrics_that_lack_what_they_need),
        cmocka_unit_test(test_the_table_of_haproxy),
        cmocka_unit_test(test_posts_reach_their_watch),
        cmocka_unit_test(test_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
