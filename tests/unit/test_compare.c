/* test_compare.c - verdict compare: what each test answers, and what bad input is told.
 * SPDX-License-Identifier: MIT */
#include "cli/compare.h"

#include "base/attributes.h"
#include "base/text.h"
#include "io/json.h"
#include "support/questions.h"
#include "support/vectors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOW  "[10,11,12,13,14,15,16,17,18,19]"
#define HIGH "[110,111,112,113,114,115,116,117,118,119]"

static void test_mann_whitney(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"mann_whitney\",\"control\":" LOW ",\"experiment\":" HIGH "}",
         {"\"classification\":\"high\"", "\"statistic\":100", "\"n\":{\"control\":10,\"experiment\":10}",
          "\"critical\":false"}},
        {"{\"test\":\"mann_whitney\",\"control\":" HIGH ",\"experiment\":" LOW ",\"critical\":true}",
         {"\"classification\":\"low\"", "\"critical\":true", "\"estimate\":-100"}},
        {"{\"test\":\"mann_whitney\",\"control\":" HIGH ",\"experiment\":" LOW ",\"direction\":\"increase\"}",
         {"\"classification\":\"pass\""}},
        {"{\"test\":\"mann_whitney\",\"control\":" LOW ",\"experiment\":" HIGH
         ",\"effect\":{\"measure\":\"cles\"},\"name\":\"cpu\"}",
         {"\"effect\":1", "\"name\":\"cpu\"", "\"classification\":\"high\""}},
        {"{\"test\":\"mann_whitney\",\"control\":" LOW ",\"experiment\":" HIGH
         ",\"effect\":{\"measure\":\"mean_ratio\",\"allowed_increase\":20}}",
         {"\"classification\":\"pass\"", "\"reason\":\"the levels differ"}},
        {"{\"test\":\"mann_whitney\",\"control\":" LOW ",\"experiment\":" HIGH ",\"tolerance\":2}",
         {"\"classification\":\"pass\""}},
        /* nothing, missing, constant, one */
        {"{\"test\":\"mann_whitney\",\"control\":[],\"experiment\":[]}",
         {"\"classification\":\"nodata\"", "\"estimate\":null", "\"interval\":[null,null]"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1,2],\"experiment\":[null,\"NaN\"],\"must_have_data\":"
         "true}",
         {"\"classification\":\"nodata_fail\"", "\"n\":{\"control\":2,\"experiment\":0}"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1,2],\"experiment\":[],\"nan\":\"zero\",\"must_have_data\":"
         "true}",
         {"\"classification\":\"pass\"", "\"n\":{\"control\":2,\"experiment\":0}"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[2]}", {"\"classification\":\"error\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[3,3],\"experiment\":[3,3,3]}",
         {"\"classification\":\"pass\"", "\"effect\":1", "\"p_value\":1"}},
        {"{\"test\":\"mann_whitney\",\"control\":[0,0,0],\"experiment\":[5,5,5]}",
         {"\"classification\":\"high\"", "\"interval\":[5,5]", "\"effect\":null"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1,2,3],\"experiment\":[7,8,9],\"strict\":true}",
         {"\"classification\":\"nodata\"", "strict: a side has fewer than 10"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1e150,-1e150],\"experiment\":[1e150,1,2]}",
         {"\"classification\":\"pass\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

static void test_bad_items_are_answered_in_their_place(void **state)
{
    static const struct question questions[] = {
        {"[]", {"[]"}},
        {"{}", {"{\"error\":{\"at\":\"#/test\",\"text\":\"is missing\"}}"}},
        {"[5]", {"[{\"error\":{\"at\":\"#/0\",\"text\":\"is a number, expected an object\"}}]"}},
        {"{\"test\":\"man_whitney\"}", {"\"at\":\"#/test\"", "did you mean mann_whitney"}},
        {"{\"test\":\"t\"}", {"`verdict compare --help` lists them"}},
        {"{\"test\":\"mann_whitney\",\"controll\":[]}",
         {"\"test\":\"mann_whitney\"", "\"classification\":\"error\"", "\"at\":\"#/controll\"",
          "did you mean \\\"control\\\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1,\"x\"]}",
         {"\"at\":\"#/experiment/1\"", "is a text, expected a number"}},
        {"{\"test\":\"mann_whitney\",\"control\":[true],\"experiment\":[1]}", {"\"at\":\"#/control/0\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[\"Infinity\"],\"experiment\":[1]}",
         {"\"at\":\"#/control/0\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1e151],\"experiment\":[1]}", {"is beyond 1e150"}},
        {"{\"test\":\"mann_whitney\",\"control\":{},\"experiment\":[1]}", {"\"at\":\"#/control\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1]}", {"\"at\":\"#/experiment\"", "is missing"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"confidence\":1}",
         {"\"at\":\"#/confidence\"", "is not in 0.5..1"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"confidence\":\"x\"}",
         {"\"at\":\"#/confidence\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"direction\":\"up\"}",
         {"'up' is not one of either, increase, decrease"}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"direction\":1}",
         {"\"at\":\"#/direction\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"effect\":1}",
         {"\"at\":\"#/effect\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"effect\":{\"x\":1}}",
         {"\"at\":\"#/effect/x\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"effect\":{\"measure\":\"d\"}}",
         {"\"at\":\"#/effect/measure\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"effect\":{\"allowed_increase\":"
         "\"\"}}",
         {"\"at\":\"#/effect/allowed_increase\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[1],\"experiment\":[1],\"critical\":1}",
         {"\"at\":\"#/critical\""}},
        {"[{\"test\":\"x\"},{\"test\":\"mann_whitney\",\"control\":[],\"experiment\":[]}]",
         {"[{\"error\":{\"at\":\"#/0/test\"", "\"classification\":\"nodata\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

/* One item that holds a number that is none is at fault alone, wherever it stands in it. */
static void test_numbers_beyond_all(void **state)
{
#define GOOD "{\"test\":\"mann_whitney\",\"control\":[1,2,3,4],\"experiment\":[1,2,3,4]}"
    static const struct question questions[] = {
        {"[" GOOD ",{\"test\":\"mann_whitney\",\"control\":[1,1e999],\"experiment\":[1,2]}," GOOD "]",
         {"[{\"test\":\"mann_whitney\",\"classification\":\"pass\"",
          "\"at\":\"#/1/control/1\",\"text\":\"the number is too large\"}},{\"test\":\"mann_whitney\","
          "\"classification\":\"pass\""}},
        {"{\"test\":\"mann_whitney\",\"control\":[-Infinity],\"experiment\":[1,2]}",
         {"\"classification\":\"error\"", "#/control/0: the number is too large"}},
        {"{\"test\":\"mann_whitney\",\"name\":\"NaN \\\" NaN\",\"control\":[1,NaN,3],"
         "\"experiment\":[1,3,NaN]}",
         {"\"name\":\"NaN \\\" NaN\",\"classification\":\"pass\"", "\"n\":{\"control\":2,\"experiment\":2}"}},
        {"[{\"test\":\"sequential\",\"control\":{\"events\":1e999,\"total\":1},\"experiment\":{\"events\":0,"
         "\"total\":1}}," GOOD "]",
         {"#/0/control/events", "the number is too large", "\"pass\""}},
        {"{\"test\":\"sequential\",\"block\":Infinity,\"control\":{\"events\":0,\"total\":1},\"experiment\":{"
         "\"events\":NaN,\"total\":1}}",
         {"#/experiment/events", "is a text, expected a number"}},
        {"{\"test\":\"sequential\",\"block\":Infinity,\"control\":{\"events\":0,\"total\":1},\"experiment\":{"
         "\"events\":0,\"total\":1}}",
         {"#/block"}},
        {"{\"test\":\"threshold\",\"when\":\"value > 1\",\"samples\":[0,1e999]}",
         {"#/samples/1", "the number is too large"}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

static void test_what_is_no_input(void **state)
{
    static const struct {
        const char *input;
        const char *expected;
    } bad[] = {
        {"", "offset 0: the text ends"},
        {"{\"test\":", "offset 8: the text ends"},
        {"5", "expected an object"},
        {"\"x\"", "expected an object"},
        {"{\"test\":\"mann_whitney\",\"control\":[nan]}", "expected a value"},
        {"{\"test\":\"mann_whitney\",\"control\":[NaNs]}", "expected ',' or ']'"},
        {"[Infinity", "the text ends"},
        {"{\"test\":1,\"test\":2}", "twice"},
    };

    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(bad); at++) {
        struct err err = {0};
        char *found = compare_answer(bad[at].input, strlen(bad[at].input), &err);
        if (found != NULL || strstr(err.text, bad[at].expected) == NULL)
            fail_msg("%s: '%s' does not say '%s'", bad[at].input, err.text, bad[at].expected);
    }
}

/* Ten million samples are refused by their number, before they take any memory. */
static void test_ten_million_samples(void **state)
{
    static const char head[] = "{\"test\":\"mann_whitney\",\"experiment\":[1],\"control\":[";
    enum { MANY = 10000000 };
    char *text = malloc(sizeof(head) + 2 * (size_t)MANY + 2);
    size_t length = sizeof(head) - 1;
    struct err err = {0};

    (void)state;
    memcpy(text, head, length);
    for (int at = 0; at < MANY; at++) {
        text[length++] = at % 2 == 0 ? '1' : '2';
        text[length++] = at + 1 < MANY ? ',' : ']';
    }
    text[length++] = '}';
    assert_null(compare_answer(text, length, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_non_null(strstr(err.text, "more values than 1000000"));
    free(text);
}

static void test_scorecard(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"]},{\"name\":\"b\","
         "\"groups\":"
         "[\"h\"]}],\"group_weights\":{\"g\":80,\"h\":20},\"series\":[{\"name\":\"a\",\"control\":" LOW
         ",\"experiment\":" LOW "},{\"name\":\"b\",\"control\":" LOW ",\"experiment\":" HIGH "}]}",
         {"\"score\":80", "\"verdict\":\"marginal\"", "\"groups\":{\"g\":100,\"h\":0}",
          "\"results\":[{\"name\":\"a\",\"classification\":\"pass\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"],\"critical\":true}],"
         "\"series\":"
         "[{\"name\":\"a\",\"control\":" LOW ",\"experiment\":" HIGH "}],\"thresholds\":{\"pass\":50}}",
         {"\"at\":\"#/thresholds/marginal\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"],\"critical\":true}],"
         "\"series\":"
         "[{\"name\":\"a\",\"control\":" LOW ",\"experiment\":" HIGH
         "}],\"thresholds\":{\"pass\":50,\"marginal\":10}}",
         {"\"score\":0", "\"verdict\":\"fail\"", "\"critical\":true"}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"],\"must_have_data\":true}],"
         "\"series\":[]}",
         {"\"score\":0", "\"classification\":\"nodata_fail\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"]},{\"name\":\"b\","
         "\"groups\":"
         "[\"g\"],\"muted\":true,\"critical\":true}],\"series\":[{\"name\":\"a\",\"control\":" LOW
         ",\"experiment\":" LOW "},{\"name\":\"b\",\"control\":" LOW ",\"experiment\":" HIGH "}]}",
         {"\"score\":100", "\"verdict\":\"pass\"", "\"classification\":\"high\""}},
        {"{\"test\":\"scorecard\",\"strict\":true,\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"]}],"
         "\"series\":"
         "[{\"name\":\"a\",\"control\":[1,2],\"experiment\":[3,4]}]}",
         {"\"classification\":\"nodata\"", "\"score\":0"}},
        {"{\"test\":\"scorecard\",\"strict\":true,\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"]}],"
         "\"group_weights\":{\"g\":50,\"h\":50},\"series\":[]}",
         {"\"at\":\"#/group_weights\"", "no metric is in group 'h'"}},
        {"{\"test\":\"scorecard\",\"strict\":true,\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"]}],"
         "\"group_weights\":{\"g\":50},\"series\":[]}",
         {"the weights are 50 together, not 100"}},
        {"{\"test\":\"scorecard\",\"strict\":true,\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\",\"h\"]}],"
         "\"group_weights\":{\"g\":50},\"series\":[]}",
         {"\"classification\":\"nodata\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\"},{\"name\":\"a\"}],\"series\":[]}",
         {"\"at\":\"#/metrics/1/name\"", "'a' is there already"}},
        {"{\"test\":\"scorecard\",\"metrics\":[],\"series\":[{\"name\":\"x\",\"control\":[],\"experiment\":[]"
         "}]}",
         {"\"at\":\"#/series/0/name\"", "no metric is called 'x'"}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\"}],\"series\":[{\"name\":\"a\",\"control\":[],"
         "\"experiment\":[]},{\"name\":\"a\",\"control\":[],\"experiment\":[]}]}",
         {"\"at\":\"#/series/1/name\"", "is there already"}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\"}],\"series\":[{\"name\":\"a\",\"control\":["
         "\"x\"],"
         "\"experiment\":[]}]}",
         {"\"at\":\"#/series/0/control/0\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"name\":\"a\",\"tolerance\":-1}],\"series\":[]}",
         {"\"at\":\"#/metrics/0/tolerance\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[{\"groups\":[]}],\"series\":[]}",
         {"\"at\":\"#/metrics/0/name\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[],\"series\":[],\"group_weights\":{\"g\":-1}}",
         {"\"at\":\"#/group_weights/g\""}},
        {"{\"test\":\"scorecard\",\"metrics\":[],\"series\":[]}", {"\"score\":0", "\"results\":[]"}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

static void test_more_groups_than_there_may_be(void **state)
{
    char text[4096];
    struct text out;

    (void)state;
    text_init(&out, text, sizeof(text));
    text_add(&out, "{\"test\":\"scorecard\",\"metrics\":[],\"series\":[],\"group_weights\":{");
    for (int group = 0; group < 65; group++)
        text_add(&out, "%s\"g%d\":1", group == 0 ? "" : ",", group);
    text_add(&out, "}}");
    char *found = answer(text);
    assert_non_null(strstr(found, "is more than 64 groups"));
    free(found);
}

static void test_sequential(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"sequential\",\"control\":{\"events\":10,\"total\":10000},\"experiment\":{\"events\":60,"
         "\"total\":10000}}",
         {"\"verdict\":\"fail\"", "\"form\":\"poisson\"", "\"first_crossing\":0", "\"blocks\":1"}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":10,\"total\":10000},\"experiment\":{\"events\":12,"
         "\"total\":10000}}",
         {"\"verdict\":\"pass\"", "\"first_crossing\":null", "\"estimate\":1.2"}},
        {"{\"test\":\"sequential\",\"control\":[{\"events\":0,\"total\":950},{\"events\":0,\"total\":950},"
         "{\"events\":0,\"total\":950}],\"experiment\":[{\"events\":9,\"total\":50},{\"events\":9,\"total\":"
         "50},"
         "{\"events\":9,\"total\":50}]}",
         {"\"verdict\":\"fail\"", "\"form\":\"robust\"", "\"first_crossing\":2", "null]"}},
        {"{\"test\":\"sequential\",\"control\":[{\"events\":0,\"total\":950},{\"events\":0,\"total\":950},"
         "{\"events\":0,\"total\":950}],\"experiment\":[{\"events\":9,\"total\":50},{\"events\":9,\"total\":"
         "50},"
         "{\"events\":9,\"total\":50}],\"block\":2,\"form\":\"robust\"}",
         {"\"blocks\":2", "\"form\":\"robust\""}},
        {"{\"test\":\"sequential\",\"control\":[{\"events\":1,\"total\":9}],\"experiment\":[{\"events\":1,"
         "\"total\":9}],\"form\":\"auto\"}",
         {"\"form\":\"robust\"", "\"dispersion\":null"}},
        {"{\"test\":\"sequential\",\"control\":[],\"experiment\":[]}",
         {"\"verdict\":\"inconclusive\"", "no block has traffic", "\"estimate\":null"}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":0,\"total\":0},\"experiment\":{\"events\":0,"
         "\"total\":0}}",
         {"\"verdict\":\"inconclusive\""}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":0,\"total\":1e15},\"experiment\":{\"events\":1e15,"
         "\"total\":1e15}}",
         {"\"verdict\":\"fail\"", "\"e_value\":null", ":1, limit 100:1"}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":5,\"total\":3},\"experiment\":{\"events\":1,"
         "\"total\":2}}",
         {"\"at\":\"#/control/events\"", "5 are more than the total, 3"}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":-1,\"total\":3},\"experiment\":{\"events\":1,"
         "\"total\":2}}",
         {"\"at\":\"#/control/events\"", "-1 is not a count"}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":1},\"experiment\":{\"events\":1,\"total\":2}}",
         {"\"at\":\"#/control/total\"", "is missing"}},
        {"{\"test\":\"sequential\",\"control\":{\"events\":1,\"total\":2,\"x\":1},\"experiment\":[]}",
         {"\"at\":\"#/control/x\""}},
        {"{\"test\":\"sequential\",\"control\":[1],\"experiment\":[]}", {"\"at\":\"#/control/0\""}},
        {"{\"test\":\"sequential\",\"control\":[],\"experiment\":{\"events\":1,\"total\":2}}",
         {"\"at\":\"#/experiment\"", "has 1 steps, the other side has 0"}},
        {"{\"test\":\"sequential\",\"control\":5,\"experiment\":[]}", {"\"at\":\"#/control\""}},
        {"{\"test\":\"sequential\",\"experiment\":[]}", {"\"at\":\"#/control\""}},
        {"{\"test\":\"sequential\",\"control\":[],\"experiment\":[],\"block\":0}", {"\"at\":\"#/block\""}},
        {"{\"test\":\"sequential\",\"control\":[],\"experiment\":[],\"allow\":0}", {"\"at\":\"#/allow\""}},
        {"{\"test\":\"sequential\",\"control\":[],\"experiment\":[],\"error_probability\":2}",
         {"\"at\":\"#/error_probability\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

/* The reference series through the door: e-values of both forms. */
static void test_sequential_vectors(void **state)
{
    static const char pairs[] = "\"control\":[{\"events\":4,\"total\":950},{\"events\":6,\"total\":940},"
                                "{\"events\":5,\"total\":955},{\"events\":3,\"total\":900}],"
                                "\"experiment\":[{\"events\":0,\"total\":50},{\"events\":1,\"total\":52},"
                                "{\"events\":0,\"total\":49},{\"events\":2,\"total\":100}]";
    static const struct {
        const char *form;
        double allow, log_e;
    } cases[] = {{"robust", 1, 0.066558138236},
                 {"robust", 1.25, -0.055127491595},
                 {"poisson", 1, -0.121444426656},
                 {"poisson", 1.25, -0.522536671665}};

    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
        char text[1024];
        struct cJSON *root = NULL;
        (void)snprintf(text, sizeof(text), "{\"test\":\"sequential\",\"form\":\"%s\",\"allow\":%g,%s}",
                       cases[at].form, cases[at].allow, pairs);
        char *found = answer(text);
        assert_true(json_parse(found, strlen(found), NULL, &root, NULL));
        struct json_node node = json_root(root);
        assert_true(fabs(vectors_number(&node, "e_value") - exp(cases[at].log_e)) < 1e-9);
        json_free(root);
        free(found);
    }
}

/* Control of 40 steps: independent events, then bursts. */
static void test_form_by_dispersion(void **state)
{
    char text[8192];

    (void)state;
    for (int burst = 0; burst < 2; burst++) {
        struct text out;
        text_init(&out, text, sizeof(text));
        text_add(&out, "{\"test\":\"sequential\",\"form\":\"auto\"");
        for (int side = 0; side < 2; side++) {
            text_add(&out, ",\"%s\":[", side == 0 ? "control" : "experiment");
            for (int step = 0; step < 40; step++)
                text_add(&out, "%s{\"events\":%d,\"total\":1000}", step == 0 ? "" : ",",
                         burst == 0 ? 9 + step % 3 : (step % 5 == 0 ? 50 : 0));
            text_add(&out, "]");
        }
        text_add(&out, "}");
        char *found = answer(text);
        assert_non_null(strstr(found, burst == 0 ? "\"form\":\"poisson\"" : "\"form\":\"robust\""));
        free(found);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mann_whitney),
        cmocka_unit_test(test_bad_items_are_answered_in_their_place),
        cmocka_unit_test(test_numbers_beyond_all),
        cmocka_unit_test(test_what_is_no_input),
        cmocka_unit_test(test_ten_million_samples),
        cmocka_unit_test(test_scorecard),
        cmocka_unit_test(test_more_groups_than_there_may_be),
        cmocka_unit_test(test_sequential),
        cmocka_unit_test(test_sequential_vectors),
        cmocka_unit_test(test_form_by_dispersion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
