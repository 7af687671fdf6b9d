/* test_metric_page.c - families together, their heads, and which form is wanted.
 * SPDX-License-Identifier: MIT */
#include "api/metric_families.h"
#include "api/metric_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_table_is_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < metric_family_count; i++) {
        const struct metric_family *family = &metric_families[i];
        size_t length = strlen(family->name);
        bool is_total = length > 6 && strcmp(family->name + length - 6, "_total") == 0;
        assert_true(i == 0 || strcmp(metric_families[i - 1].name, family->name) < 0);
        assert_int_equal(is_total, family->type == METRIC_COUNTER);
        assert_true(family->help[0] != '\0' && strpbrk(family->help, "\\\n") == NULL);
    }
}

static const char samples[] = "verdict_values_total 5\n"
                              "nobody_knows 1\n"
                              "verdict_rollback_duration_seconds_bucket{le=\"+Inf\"} 0\n"
                              "verdict_api_answers_total{status=\"2xx\"} 7\n"
                              "verdict_series_count 1\n"
                              "verdict_rollback_duration_seconds_sum 0.000\n"
                              "verdict_series 3\n"
                              "verdict_api_answers_total{status=\"4xx\"} 1\n"
                              "verdict_rollback_duration_seconds_count 0\n";

static void test_families_stand_together(void **state)
{
    char *page = metric_page(samples, false);

    (void)state;
    assert_string_equal(page,
                        "# HELP verdict_api_answers_total Answers of the HTTP API, by class of status\n"
                        "# TYPE verdict_api_answers_total counter\n"
                        "verdict_api_answers_total{status=\"2xx\"} 7\n"
                        "verdict_api_answers_total{status=\"4xx\"} 1\n"
                        "# HELP verdict_rollback_duration_seconds From the decision to go back to its end\n"
                        "# TYPE verdict_rollback_duration_seconds histogram\n"
                        "verdict_rollback_duration_seconds_bucket{le=\"+Inf\"} 0\n"
                        "verdict_rollback_duration_seconds_sum 0.000\n"
                        "verdict_rollback_duration_seconds_count 0\n"
                        "# HELP verdict_series Series in memory\n"
                        "# TYPE verdict_series gauge\n"
                        "verdict_series 3\n"
                        "# HELP verdict_values_total Values that series took\n"
                        "# TYPE verdict_values_total counter\n"
                        "verdict_values_total 5\n"
                        "nobody_knows 1\n"
                        "verdict_series_count 1\n");
    free(page);
}

static void test_open_metrics(void **state)
{
    char *page = metric_page("verdict_values_total 5\nverdict_series 3\n", true);

    (void)state;
    assert_string_equal(page, "# HELP verdict_series Series in memory\n"
                              "# TYPE verdict_series gauge\n"
                              "verdict_series 3\n"
                              "# HELP verdict_values Values that series took\n"
                              "# TYPE verdict_values counter\n"
                              "verdict_values_total 5\n"
                              "# EOF\n");
    free(page);
    page = metric_page("", true);
    assert_string_equal(page, "# EOF\n");
    free(page);
}

static void test_who_wants_it(void **state)
{
    static const struct {
        const char *accept;
        bool is_open;
    } wishes[] = {
        {NULL, false},
        {"", false},
        {"*/*", false},
        {"text/plain", false},
        {"application/openmetrics-text", true},
        {"Application/OpenMetrics-Text ; version=1.0.0", true},
        {"application/openmetrics-texts", false},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=no", false},
        {"application/openmetrics-text;version=1.0.0;Q=0.5,text/plain;q=0.6", false},
        {"text/plain;q=0.5, application/openmetrics-text;version=0.0.1; q=0.5", true},
        {"application/openmetrics-text;q=0.2,application/openmetrics-text;q=0.9,text/plain;q=0.5", true}};

    (void)state;
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        if (metric_page_wants_open(wishes[i].accept) != wishes[i].is_open)
            fail_msg("%s", wishes[i].accept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_in_order),
        cmocka_unit_test(test_families_stand_together),
        cmocka_unit_test(test_open_metrics),
        cmocka_unit_test(test_who_wants_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
