/* test_compare_members.c - verdict compare: every member that is of another kind or out of range is at fault
 * at
 * its own place, whatever the test. SPDX-License-Identifier: MIT */
#include "support/questions.h"

#include <stdio.h>

enum { TEXT_SIZE = 1024 };

#define SAMPLES    "\"control\":[1],\"experiment\":[1]"
#define COUNTS     "\"control\":{\"events\":1,\"total\":9},\"experiment\":{\"events\":1,\"total\":9}"
#define HISTOGRAMS "\"control\":[[1,1]],\"experiment\":[[1,1]]"
#define THRESHOLD  "\"when\":\"value > 5\",\"samples\":[1]"
#define LIMIT(it)  THRESHOLD ",\"limits\":{" it "}"
#define CARD(more) "\"metrics\":[{\"name\":\"a\",\"groups\":[\"g\"]}],\"series\":[]" more

struct fault {
    const char *test, *members, *place;
};

static const struct fault faults[] = {
    {"mann_whitney", SAMPLES ",\"nan\":5", "#/nan"},
    {"mann_whitney", SAMPLES ",\"outliers\":5", "#/outliers"},
    {"mann_whitney", SAMPLES ",\"tolerance\":\"x\"", "#/tolerance"},
    {"mann_whitney", SAMPLES ",\"must_have_data\":1", "#/must_have_data"},
    {"mann_whitney", SAMPLES ",\"strict\":1", "#/strict"},
    {"mann_whitney", SAMPLES ",\"name\":5", "#/name"},
    {"mean_difference", SAMPLES ",\"allow\":\"x\"", "#/allow"},
    {"mean_difference", SAMPLES ",\"error_probability\":1", "#/error_probability"},
    {"mean_difference", SAMPLES ",\"best_at\":0", "#/best_at"},
    {"mean_difference", SAMPLES ",\"direction\":5", "#/direction"},
    {"mean_difference", "\"control\":{},\"experiment\":[1]", "#/control"},
    {"mean_difference", "\"control\":[1],\"experiment\":5", "#/experiment"},
    {"sequential", COUNTS ",\"form\":5", "#/form"},
    {"sequential", COUNTS ",\"block\":0", "#/block"},
    {"sequential", COUNTS ",\"min_events\":-1", "#/min_events"},
    {"sequential", COUNTS ",\"confidence\":0.1", "#/confidence"},
    {"sequential", COUNTS ",\"allow\":0", "#/allow"},
    {"sequential", COUNTS ",\"error_probability\":0", "#/error_probability"},
    {"objective", "\"experiment\":5,\"objective\":0.1", "#/experiment"},
    {"objective", "\"experiment\":[],\"objective\":0.1,\"allow\":0", "#/allow"},
    {"objective", "\"experiment\":[],\"objective\":0.1,\"error_probability\":0", "#/error_probability"},
    {"traffic_share", "\"control\":5,\"experiment\":[1],\"share\":0.5", "#/control"},
    {"traffic_share", "\"control\":[1],\"experiment\":5,\"share\":0.5", "#/experiment"},
    {"traffic_share", SAMPLES ",\"share\":0.5,\"error_probability\":0", "#/error_probability"},
    {"distribution", HISTOGRAMS ",\"error_probability\":0", "#/error_probability"},
    {"latency_tail", HISTOGRAMS ",\"bounds\":[1],\"allow\":0", "#/allow"},
    {"latency_tail", "\"control\":5,\"experiment\":[[1,1]],\"bounds\":[1]", "#/control"},
    {"latency_tail", HISTOGRAMS ",\"bounds\":5", "#/bounds"},
    {"latency_tail", HISTOGRAMS ",\"bounds\":[1],\"bound\":\"x\"", "#/bound"},
    {"threshold", LIMIT("\"failure_limit\":-2"), "#/limits/failure_limit"},
    {"threshold", LIMIT("\"inconclusive_limit\":-1"), "#/limits/inconclusive_limit"},
    {"threshold", LIMIT("\"consecutive_error_limit\":-1"), "#/limits/consecutive_error_limit"},
    {"threshold", LIMIT("\"consecutive_success_limit\":-1"), "#/limits/consecutive_success_limit"},
    {"threshold", LIMIT("\"count\":\"x\""), "#/limits/count"},
    {"threshold", LIMIT("\"consecutive_failure_limit\":-2"), "#/limits/consecutive_failure_limit"},
    {"threshold", "\"when\":\"value > 5\",\"samples\":[{\"error\":5}]", "#/samples/0"},
    {"threshold", "\"when\":\"value > 5\",\"samples\":[\"x\"]", "#/samples/0"},
    {"scorecard", CARD(",\"group_weights\":5"), "#/group_weights"},
    {"scorecard", CARD(",\"group_weights\":{\"g\":\"x\"}"), "#/group_weights/g"},
    {"scorecard", CARD(",\"group_weights\":{\"g\":-1}"), "#/group_weights/g"},
    {"scorecard", CARD(",\"group_weights\":{\"g\":1e7}"), "#/group_weights/g"},
    {"scorecard", CARD(",\"thresholds\":5"), "#/thresholds"},
    {"scorecard", CARD(",\"thresholds\":{\"x\":1}"), "#/thresholds/x"},
    {"scorecard", CARD(",\"thresholds\":{\"pass\":-1}"), "#/thresholds/pass"},
    {"scorecard", CARD(",\"thresholds\":{\"marginal\":\"x\"}"), "#/thresholds/marginal"},
    {"scorecard", CARD(",\"thresholds\":{\"marginal\":96}"), "#/thresholds/marginal"},
    {"scorecard", CARD(",\"strict\":5"), "#/strict"},
    {"scorecard", CARD(",\"strict\":true,\"group_weights\":{\"g\":101}"), "#/group_weights"},
    {"scorecard", CARD(",\"strict\":true,\"group_weights\":{\"g\":99}"), "#/group_weights"},
    {"scorecard", "\"metrics\":5,\"series\":[]", "#/metrics"},
    {"scorecard", "\"metrics\":[5],\"series\":[]", "#/metrics/0"},
    {"scorecard", "\"metrics\":[{\"x\":1}],\"series\":[]", "#/metrics/0/x"},
    {"scorecard", "\"metrics\":[{}],\"series\":[]", "#/metrics/0/name"},
    {"scorecard", "\"metrics\":[{\"name\":\"a\",\"groups\":5}],\"series\":[]", "#/metrics/0/groups"},
    {"scorecard", "\"metrics\":[{\"name\":\"a\",\"groups\":[5]}],\"series\":[]", "#/metrics/0/groups/0"},
    {"scorecard", "\"metrics\":[{\"name\":\"a\",\"muted\":5}],\"series\":[]", "#/metrics/0/muted"},
    {"scorecard", "\"metrics\":[{\"name\":\"a\",\"nan\":5}],\"series\":[]", "#/metrics/0/nan"},
    {"scorecard", "\"metrics\":[],\"series\":5", "#/series"},
    {"scorecard", "\"metrics\":[],\"series\":[5]", "#/series/0"},
    {"scorecard", "\"metrics\":[],\"series\":[{\"x\":1}]", "#/series/0/x"},
    {"scorecard", "\"metrics\":[],\"series\":[{}]", "#/series/0/name"},
};

static void test_each_has_its_place(void **state)
{
    char text[TEXT_SIZE];
    char place[TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        (void)snprintf(text, sizeof(text), "{\"test\":\"%s\",%s}", faults[i].test, faults[i].members);
        (void)snprintf(place, sizeof(place), "\"error\":{\"at\":\"%s\",", faults[i].place);
        char *found = answer(text);
        if (strstr(found, place) == NULL)
            fail_msg("%s\n  answered %s\n  without %s", text, found, place);
        free(found);
    }
}

/* Without any fault the same members are judged. */
static void test_none_is_at_fault(void **state)
{
    static const struct question questions[] = {
        {"{\"test\":\"mann_whitney\"," SAMPLES "}", {"\"classification\":\"pass\"", "\"n\":"}},
        {"{\"test\":\"sequential\"," COUNTS ",\"min_events\":1000}", {"\"verdict\":"}},
        {"{\"test\":\"sequential\",\"control\":[{\"events\":0,\"total\":9000}],\"experiment\":"
         "[{\"events\":900,\"total\":9000}],\"min_events\":901,\"name\":\"few\"}",
         {"\"name\":\"few\"", "\"first_crossing\":null"}},
        {"{\"test\":\"sequential\",\"name\":\"bad\",\"control\":5}",
         {"\"name\":\"bad\"", "\"at\":\"#/control\""}},
        {"{\"test\":\"distribution\",\"control\":[[0,0]],\"experiment\":[[1,1]]}",
         {"\"verdict\":\"inconclusive\""}},
        {"{\"test\":\"distribution\",\"control\":[[1,1]],\"experiment\":[[0,0]]}",
         {"\"verdict\":\"inconclusive\""}},
        {"{\"test\":\"threshold\",\"when\":\"value > 5\",\"samples\":[1,1],\"limits\":{\"failure_limit\":-1,"
         "\"consecutive_success_limit\":2}}",
         {"\"phase\":\"successful\""}},
        {"{\"test\":\"scorecard\"," CARD(",\"strict\":true,\"group_weights\":{\"g\":100}") "}",
         {"\"score\":", "\"groups\":"}},
        {"{\"test\":\"scorecard\"," CARD(",\"thresholds\":{\"pass\":90,\"marginal\":50}") "}",
         {"\"score\":"}},
        {"{\"test\":\"mean_difference\",\"control\":[null,1],\"experiment\":[1,null]}",
         {"\"verdict\":\"inconclusive\""}},
    };

    (void)state;
    ask(questions, ARRAY_LENGTH(questions));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_its_place),
        cmocka_unit_test(test_none_is_at_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
