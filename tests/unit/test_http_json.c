/* test_http_json.c - questions with their times, and what answers of JSON APIs put: theirs, and broken ones.
 * SPDX-License-Identifier: MIT */
#include "collectors/http_json_place.h"
#include "collectors/http_json_query.h"
#include "config/side.h"
#include "io/json.h"
#include "support/http_json_polls.h"
#include "support/rules_said.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_questions(void **state)
{
    struct http_json_query *query =
        good(SERIES_GAUGE,
             (const char *[]){"url", "https://h/q?from=$(from)&to=$(to)", "body",
                              "{\"a\":$(from_ms),\"b\":$(to_ms)}", "value", ".x", "span", "5m", NULL});
    struct http_request request = {0};
    struct err err = {0};

    (void)state;
    assert_true(http_json_query_ask(query, WALL_MS + 123, 0, &request, &err));
    assert_string_equal(request.url, "https://h/q?from=1699999700&to=1700000000");
    assert_string_equal(request.body, "{\"a\":1699999700123,\"b\":1700000000123}");
    assert_string_equal(request.method, "POST");
    http_json_query_free(query);
    query = good(SERIES_GAUGE, (const char *[]){"url", "http://h/", "value", ".x", "method", "POST", NULL});
    assert_true(http_json_query_ask(query, WALL_MS, 0, &request, &err));
    assert_true(strcmp(request.method, "POST") == 0 && request.body == NULL);
    http_json_query_free(query);
}

/* Whose clock matters: who is asked for moments, or says some. */
static void test_moments_in_questions(void **state)
{
    static const struct {
        const char *const texts[9];
        bool is_timed;
    } cases[] = {
        {{"url", "http://h/?from=$(from)", "value", ".x", NULL}, true},
        {{"url", "http://h/", "value", ".x", "time", ".t", NULL}, true},
        {{"url", "http://h/", "body", "{\"a\":$(to_ms)}", "value", ".x", NULL}, true},
        {{"url", "http://h/", "body", "{\"a\":1}", "value", ".x", NULL}, false},
        {{"url", "http://h/", "value", ".x", NULL}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct http_json_query *query = good(SERIES_GAUGE, cases[i].texts);
        assert_int_equal(http_json_query_is_timed(query), cases[i].is_timed);
        http_json_query_free(query);
    }
}

/* As the services document their answers. */
static void test_answers_of_services(void **state)
{
    static const struct {
        const char *name, *place, *time, *body;
    } answers[] = {
        {"datadog", ".series[0].pointlist[-1][1]", ".series[0].pointlist[-1][0]",
         "{\"status\":\"ok\",\"res_type\":\"time_series\",\"series\":[{\"metric\":\"x\",\"length\":2,"
         "\"pointlist\":[[1699999920000.0,3.25],[1699999980000.0,42.0]]}]}"},
        {"new relic", ".data.actor.account.nrql.results[0].errors",
         ".data.actor.account.nrql.results[0].endTimeSeconds",
         "{\"data\":{\"actor\":{\"account\":{\"nrql\":{\"results\":[{\"endTimeSeconds\":1699999980,"
         "\"errors\":42}]}}}}}"},
        {"graphite", ".[0].datapoints[-1][0]", ".[0].datapoints[-1][1]",
         "[{\"target\":\"x\",\"tags\":{},\"datapoints\":[[1.5,1699999970],[42,1699999980]]}]"},
        {"influxdb", ".results[0].series[0].values[0][1]", ".results[0].series[0].values[0][0]",
         "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"x\",\"columns\":[\"time\",\"mean\"],"
         "\"values\":[[\"2023-11-14T22:13:00Z\",42]]}]}]}"},
        {"elasticsearch", ".aggregations.slow.value", ".aggregations.last.value",
         "{\"took\":3,\"timed_out\":false,\"_shards\":{\"total\":5,\"successful\":5,\"failed\":0},\"hits\":{}"
         ","
         "\"aggregations\":{\"slow\":{\"value\":42.0},\"last\":{\"value\":1.69999998E12,\"value_as_string\":"
         "\"x\"}}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        struct http_json_query *query =
            good(SERIES_GAUGE, (const char *[]){"url", "http://h/", "value", answers[i].place, "time",
                                                answers[i].time, NULL});
        struct put put = poll_at(query, 100000, 200, answers[i].body);
        if (put.kind != 'g' || put.value != 42 || put.at_ms != -20000)
            fail_msg("%s: %c %g at %lld, %s", answers[i].name, put.kind, put.value, (long long)put.at_ms,
                     put.why);
        http_json_query_free(query);
    }
}

static void test_answers_that_prove_nothing(void **state)
{
    static const struct {
        int status;
        enum series_trouble trouble;
        const char *body, *why;
    } answers[] = {
        {0, SERIES_ERROR, "", "nobody answers"},
        {500, SERIES_ERROR, "", "answered with status 500"},
        {403, SERIES_ERROR, "{\"x\":1}", "answered with status 403"},
        {204, SERIES_ERROR, "", "answered with status 204"},
        {302, SERIES_ERROR, "{\"x\":1}", "redirect"},
        {200, SERIES_ERROR, "<html>log in</html>", "something that is no JSON (offset 0"},
        {200, SERIES_ERROR, "", "no JSON"},
        {200, SERIES_ERROR, "{\"x\":1", "no JSON"},
        {200, SERIES_ERROR, "{\"x\":NaN}", "no JSON"},
        {200, SERIES_ERROR, "{\"x\":1e999}", "no JSON"},
        {200, SERIES_ERROR, "{\"x\":1,5}", "no JSON"},
        {200, SERIES_ERROR, "{\"x\":\"\xff\"}", "no JSON"},
        {200, SERIES_ERROR, "{\"x\":1,\"x\":2}", "no JSON"},
        {200, SERIES_ERROR, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
         "no JSON"},
        {200, SERIES_ERROR, "{\"x\":\"1,5\"}", ".x in the answer is no number"},
        {200, SERIES_ERROR, "{\"x\":{}}", ".x in the answer is no number"},
        {200, SERIES_ERROR, "{\"y\":1}", "the answer has no .x"},
        {200, SERIES_ERROR, "{\"x\":1,\"error\":\"quota\"}", "the answer has quota at .error"},
        {200, SERIES_ERROR, "{\"x\":1,\"error\":{\"a\":1}}", "the answer has something at .error"},
        {200, SERIES_NO_DATA, "{\"x\":null}", "nothing at .x"},
        {200, SERIES_NO_DATA, "[]", "nothing at .x"},
    };
    struct http_json_query *query =
        good(SERIES_GAUGE, (const char *[]){"url", "http://h/", "value", ".x", "refuse", ".error", NULL});

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        struct put put = poll_at(query, 0, answers[i].status, answers[i].body);
        if (put.kind != 't' || put.trouble != answers[i].trouble || strstr(put.why, answers[i].why) == NULL)
            fail_msg("%s: %c, %s", answers[i].body, put.kind, put.why);
    }
    struct put put = poll_at(query, 5, 200, "{\"x\":true,\"error\":[]}");
    assert_true(put.kind == 'g' && put.value == 1 && put.at_ms == 5);
    http_json_query_free(query);
}

static void test_places_that_are_not_there(void **state)
{
    static const char *const options[] = {"url",    "http://h/", "value", ".results[0].series[0].x",
                                          "absent", "no_data",   NULL};
    struct http_json_query *query = good(SERIES_GAUGE, options);
    struct put put = poll_at(query, 0, 200, "{\"results\":[{\"statement_id\":0}]}");

    (void)state;
    assert_true(put.kind == 't' && put.trouble == SERIES_NO_DATA);
    put = poll_at(query, 0, 200, "{\"results\":[{\"series\":[{\"x\":{}}]}]}");
    assert_true(put.kind == 't' && put.trouble == SERIES_ERROR);
    http_json_query_free(query);
}

/* The same time again is the same value, and says only that the source is well again. */
static void test_values_have_times(void **state)
{
    struct http_json_query *query =
        good(SERIES_GAUGE, (const char *[]){"url", "http://h/", "value", ".x", "time", ".t", NULL});

    (void)state;
    struct put put = poll_at(query, 60000, 200, "{\"x\":1,\"t\":1700000050}");
    assert_true(put.kind == 'g' && put.at_ms == 50000);
    put = poll_at(query, 120000, 200, "{\"x\":2,\"t\":1700000050000}");
    assert_int_equal(put.kind, 0);
    put = poll_at(query, 120000, 500, "");
    assert_int_equal(put.kind, 't');
    put = poll_at(query, 180000, 200, "{\"x\":2,\"t\":1700000050}");
    assert_true(put.kind == 'g' && put.at_ms == 50000);
    put = poll_at(query, 180000, 200, "{\"x\":3,\"t\":1700000170000000}"); /* us */
    assert_true(put.kind == 'g' && put.at_ms == 170000);
    put = poll_at(query, 180000, 200, "{\"x\":4,\"t\":1700000000}");
    assert_int_equal(put.kind, 0); /* older than what is known */
    put = poll_at(query, 0, 200, "{\"x\":1,\"t\":1700000090}");
    assert_true(put.kind == 't' && strstr(put.why, "90 s ahead") != NULL);
    put = poll_at(query, 0, 200, "{\"x\":1}");
    assert_true(put.kind == 't' && strstr(put.why, "no time at .t") != NULL);
    put = poll_at(query, 0, 200, "{\"x\":1,\"t\":\"yesterday\"}");
    assert_true(put.kind == 't' && strstr(put.why, ".t in the answer is no time") != NULL);
    http_json_query_free(query);
}

static void test_times(void **state)
{
    static const struct {
        const char *body;
        int64_t ms;
    } times[] = {
        {"1700000000", WALL_MS},
        {"1700000000.25", WALL_MS + 250},
        {"1700000000000", WALL_MS},
        {"1700000000000000000", WALL_MS},
        {"\"1700000000\"", WALL_MS},
        {"\"2023-11-14T22:13:20Z\"", WALL_MS},
        {"\"2023-11-14T22:13:20.1239Z\"", WALL_MS + 123},
        {"\"2023-11-14T23:13:20+01:00\"", WALL_MS},
        {"\"2023-11-14T20:43:20-0130\"", WALL_MS},
        {"\"2023-11-14T22:13:20\"", -1},
        {"\"2023-11-14T22:13:20+1:00\"", -1},
        {"\"2023-11-14T22:13:20+01x00\"", -1},
        {"\"2023-11-14T22:13:20+24:00\"", -1},
        {"\"2023-11-14T22:13:20+01:60\"", -1},
        {"\"2023-11-14T22:13:20.5+00:00\"", WALL_MS + 500},
        {"\"2023-11-14T22:13:20Z and so on, longer than any time is written\"", -1},
        {"\"-5\"", -1},
        {"1e18", INT64_C(1000000000000)},
        {"\"2023-11-14\"", -1},
        {"-1", -1},
        {"1e30", -1},
        {"true", -1},
        {"\"\"", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        struct cJSON *root = NULL;
        struct err err = {0};
        static const struct json_limits limits = {
            .size_max = 100, .depth_max = 2, .keys_max = 1, .allows_rounding = true};
        int64_t ms = -1;
        assert_true(json_parse(times[i].body, strlen(times[i].body), &limits, &root, &err));
        bool is_good = http_json_time(root, ".", &ms, &err);
        if (is_good != (times[i].ms >= 0) || ms != times[i].ms)
            fail_msg("%s: %lld", times[i].body, (long long)ms);
        json_free(root);
    }
}

/* What the places of `refuse` look for, and how far a path that is not there leads. */
static void test_places(void **state)
{
    static const char body[] =
        "{\"n\":null,\"f\":false,\"t\":true,\"zero\":0,\"one\":1,\"empty\":\"\",\"text\":\"x\","
        "\"list\":[],\"full\":[0],\"map\":{},\"deep\":{\"a\":1},\"huge\":\"1e999\"}";
    static const struct {
        const char *path;
        bool is_something;
        enum http_json_found found; /* as a number */
    } places[] = {
        {".n", false, HTTP_JSON_NOTHING},        {".f", false, HTTP_JSON_FOUND},
        {".t", true, HTTP_JSON_FOUND},           {".zero", false, HTTP_JSON_FOUND},
        {".one", true, HTTP_JSON_FOUND},         {".empty", false, HTTP_JSON_WRONG},
        {".text", true, HTTP_JSON_WRONG},        {".list", false, HTTP_JSON_WRONG},
        {".full", true, HTTP_JSON_WRONG},        {".map", false, HTTP_JSON_WRONG},
        {".deep", true, HTTP_JSON_WRONG},        {".none", false, HTTP_JSON_MISSING},
        {".n.a", false, HTTP_JSON_NOTHING},      {".list[0]", false, HTTP_JSON_NOTHING},
        {".deep.b.c", false, HTTP_JSON_MISSING}, {".huge", true, HTTP_JSON_WRONG},
        {"none", false, HTTP_JSON_MISSING},
    };
    char path[600] = ".";
    struct cJSON *root = NULL;
    struct err err = {0};
    double number = 0;

    (void)state;
    assert_true(json_parse(body, sizeof(body) - 1, NULL, &root, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (http_json_is_something(root, places[i].path) != places[i].is_something ||
            http_json_number(root, places[i].path, &number, &err) != places[i].found)
            fail_msg("%s: %d, %s", places[i].path, http_json_number(root, places[i].path, &number, &err),
                     err.text);
    }
    memset(path + 1, 'x', sizeof(path) - 2);
    assert_int_equal(http_json_number(root, path, &number, &err), HTTP_JSON_MISSING);
    json_free(root);
}

static void test_rules(void **state)
{
    static const struct {
        const char *options, *findings;
    } rules[] = {
        {"url = \"http://h/{{slot}}?v={{version}}\";  value = \".x\";", ""},
        {"url = \"http://h/\";  kind = \"counter\";  events = \".e\";",
         "1: total is missing: kind = \"counter\" needs it (Place of the counter of everything)\n"},
        {"url = \"http://h/\";\n value = \"x\";", "3: 'x' is not a path; write it like .a.b[0].c\n"},
        {"url = \"http://h/\";\n body = \"$(today)\";  value = \".x\";",
         "3: body: '$(today)': only $(from), $(to), $(from_ms) and $(to_ms) are known\n"},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        (void)snprintf(text, sizeof(text), "metrics: { x: { source = \"http_json:api\";\n %s }; };\n",
                       rules[i].options);
        char *said = rules_said(text);
        if (strcmp(said, rules[i].findings) != 0)
            fail_msg("%s: %s", rules[i].options, said);
        free(said);
    }
}

/* What fills a question in stands in its language. */
static void test_sides(void **state)
{
    static const char rules[] = "metrics: { x: { source = \"http_json:api\";  value = \".x\";\n"
                                " url = \"http://{{address}}/{{who}}?q={{who}}&v={{version}}\";  body = "
                                "\"{\\\"w\\\":\\\"{{who}}\\\"}\"; }; };\n"
                                "triggers: { bad: { when = \"x > 5\";  then = \"rollback\"; }; };\n"
                                "services: { shop: { rules: { triggers = [ \"bad\" ]; };  environments: { "
                                "prod: { strategy = \"follow\";\n"
                                " commands: { rollback: { exec = [ \"/bin/true\" ]; }; };\n"
                                " slots: { blue: { address = \"10.0.0.1:80\"; vars: { who = \"a\\\"b&c\"; }; "
                                "};  green: { address = \"h:1\"; vars: { who = \"x\"; }; }; }; }; }; }; };\n";
    struct config *config = NULL;
    struct option_schemas *schemas = schemas_new();
    struct err err = {0};

    (void)state;
    char *said = read_rules(rules, schemas, &config);
    assert_string_equal(said, "");
    free(said);
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);
    if (definition == NULL)
        fail_msg("%s", err.text);
    const struct metric_definition *metric = &definition->metrics[0];
    const struct option_schema *schema = &schemas->collectors[metric->collector];
    struct option_value *values = memory_take_array(schema->use_count, sizeof(*values));
    char *texts = memory_take_array(schema->use_count, SIDE_TEXT_MAX);
    struct side side = {.definition = definition, .is_candidate = true, .version = "1+2", .previous = ""};
    if (!side_fill(&side, metric, schema, values, texts, &err))
        fail_msg("%s", err.text);
    assert_string_equal(values[HTTP_JSON_URL].text, "http://10.0.0.1:80/a\"b&c?q=a%22b%26c&v=1%2B2");
    assert_string_equal(values[HTTP_JSON_BODY].text, "{\"w\":\"a\\\"b&c\"}");
    free(values);
    free(texts);
    definition_free(definition);
    config_free(config);
    free(schemas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_moments_in_questions),
        cmocka_unit_test(test_answers_of_services),
        cmocka_unit_test(test_answers_that_prove_nothing),
        cmocka_unit_test(test_places_that_are_not_there),
        cmocka_unit_test(test_values_have_times),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
