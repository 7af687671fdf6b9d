/* test_cloudwatch_text.c - metrics of CloudWatch's in rule files, filled in for a side, and pages of answers.
 * SPDX-License-Identifier: MIT */
#include "collectors/cloudwatch_answer.h"

#include "cli/schemas.h"
#include "collectors/cloudwatch_query.h"
#include "config/config.h"
#include "config/side.h"
#include "io/memory.h"
#include "support/rules_said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE                                                                                                 \
    "metrics: { failing: { source = \"cloudwatch:eu\";  kind = \"counter\";  every = \"60s\";\n"             \
    " events = \"AWS/ApplicationELB HTTPCode_Target_5XX_Count\";  total = \"AWS/ApplicationELB "             \
    "RequestCount\";\n"                                                                                      \
    " dimensions: { TargetGroup = \"{{target_group}}\";  LoadBalancer = \"app/shop/1\"; }; }; };\n"

static const char service[] =
    "triggers: { bad: { when = \"failing > 5%\";  then = \"rollback\"; }; };\n"
    "services: { shop: { rules: { triggers = [ \"bad\" ]; };  environments: { prod: { strategy = "
    "\"follow\";\n"
    " commands: { rollback: { exec = [ \"/bin/true\" ]; }; };\n"
    " slots: { blue: { vars: { target_group = \"targetgroup/blue/1\"; }; };\n"
    "          green: { vars: { target_group = \"targetgroup/green/2\"; }; }; }; }; }; }; };\n";

static void expect_findings(const char *options, const char *findings)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), "metrics: { x: { source = \"cloudwatch:eu\";\n %s }; };\n", options);
    char *said = rules_said(text);
    if (strcmp(said, findings) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", options, said, findings);
    free(said);
}

static void test_findings(void **state)
{
    (void)state;
    expect_findings("metric = \"AWS/X Y\"; every = \"60s\";", "");
    expect_findings("metric = \"{{m}}\"; stat = \"{{s}}\"; every = \"60s\";", "");
    expect_findings(
        "metric = \"My.App-1/x:y#z Queue depth (all)\"; stat = \"p99.9\"; every = \"5m\"; period = \"1m\";",
        "");
    expect_findings("metric = \"AWS/X Y\"; period = \"5s\";", "");
    expect_findings("metric = \"AWS/X Y\";", "1: every: 5s is shorter than the period of its values, 1m\n");
    expect_findings("metric = \"AWS/X Y\";\nevery = \"30s\";",
                    "3: every: 30s is shorter than the period of its values, 1m\n");
    expect_findings(
        "metric = \"AWS/X\";\nevery = \"60s\";",
        "2: metric: 'AWS/X' is not like \"AWS/ApplicationELB RequestCount\": a namespace, a blank, a name\n");
    expect_findings("metric = \"AWS/X Y\"; every = \"60s\";\n period = \"45s\";",
                    "3: period: 45s is neither 1s, 5s, 10s, 20s, 30s nor whole minutes\n");
    expect_findings(
        "metric = \"AWS/X Y\"; every = \"60s\";\n stat = \"Averge\";",
        "3: stat: 'Averge' is none of Average, Sum, Minimum, Maximum, SampleCount, IQM, or like p95; did "
        "you mean 'Average'?\n");
    expect_findings(
        "metric = \"AWS/X Y\"; every = \"60s\";\n stat = \"p-1\";",
        "3: stat: 'p-1' is none of Average, Sum, Minimum, Maximum, SampleCount, IQM, or like p95\n");
    expect_findings("metric = \"AWS/X Y\"; every = \"60s\";\n dimensions: { A = \"\"; };",
                    "3: dimensions: a name has 1 to 255 characters, a value 1 to 1024\n");
    expect_findings("metric = \"AWS/X Y\"; every = \"60s\";\n max_age = \"3m\";",
                    "3: max_age is no longer than delay: every value would be stale when it comes\n");
    expect_findings(
        "kind = \"counter\"; events = \"A B\"; total = \"A C\"; every = \"60s\";\n stat = \"p95\";",
        "3: stat: counters are sums; 'p95' belongs to kind = \"gauge\"\n");
    expect_findings("kind = \"histogram\"; every = \"60s\";",
                    "1: a source of kind 'cloudwatch' has no histograms\n");
    expect_findings("every = \"60s\";",
                    "1: metric is missing: kind = \"gauge\" needs it (\"NAMESPACE NAME\" of a gauge, "
                    "like \"AWS/ApplicationELB TargetResponseTime\"; templates allowed)\n");
}

/* What is asked of each side, and how old a value may be. */
static void test_sides(void **state)
{
    struct config *config = NULL;
    struct option_schemas *schemas = schemas_new();
    char text[2048];
    struct err err = {0};
    static const char *const groups[] = {"targetgroup/blue/1", "targetgroup/green/2"};
    uint64_t hashes[2];

    (void)state;
    (void)snprintf(text, sizeof(text), RATE "%s", service);
    char *said = read_rules(text, schemas, &config);
    assert_string_equal(said, "");
    free(said);
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);
    if (definition == NULL)
        fail_msg("%s", err.text);
    const struct metric_definition *metric = &definition->metrics[0];
    assert_int_equal(metric->age_max_ms, (3 + 3) * 60000);
    const struct option_schema *schema = &schemas->collectors[metric->collector];
    for (uint8_t slot = 0; slot < 2; slot++) {
        struct side side = {
            .definition = definition, .is_candidate = true, .version = "1", .previous = "", .slot = slot};
        struct option_value *values = memory_take_array(schema->use_count, sizeof(*values));
        char *texts = memory_take_array(schema->use_count, SIDE_TEXT_MAX);
        assert_true(side_fill(&side, metric, schema, values, texts, &err));
        const struct option_value *dimensions = &values[CLOUDWATCH_DIMENSIONS];
        assert_int_equal(dimensions->list_length, 4);
        assert_string_equal(dimensions->list[0], "TargetGroup");
        assert_string_equal(dimensions->list[1], groups[slot]);
        assert_string_equal(dimensions->list[3], "app/shop/1");
        hashes[slot] = side_hash(values, schema->use_count);
        struct side other = side;
        other.slot = 7; /* no slot: the variable stays unfilled */
        assert_false(side_fill(&other, metric, schema, values, texts, &err));
        assert_non_null(strstr(err.text, "dimensions"));
        free(values);
        free(texts);
    }
    assert_true(hashes[0] != hashes[1]);
    definition_free(definition);
    config_free(config);
    free(schemas);
}

static void test_pages(void **state)
{
    static const char good[] = "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Label\":\"x\",\"Timestamps\":[1."
                               "7672256E9,1767225660],\"Values\":[1,2.5],"
                               "\"StatusCode\":\"Complete\",\"More\":{}},{\"Id\":\"m499\",\"Timestamps\":[],"
                               "\"Values\":[],\"StatusCode\":"
                               "\"PartialData\"}],\"NextToken\":\"t\",\"Messages\":[]}";
    static const char *const broken[] = {
        "",
        "{}",
        "[]",
        "{\"MetricDataResults\":{}}",
        "{\"MetricDataResults\":[5]}",
        "{\"MetricDataResults\":[{\"Id\":\"x\",\"Timestamps\":[],\"Values\":[],\"StatusCode\":\"Complete\"}]"
        "}",
        "{\"MetricDataResults\":[{\"Id\":\"m500\",\"Timestamps\":[],\"Values\":[],\"StatusCode\":"
        "\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[],\"Values\":[]}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1],\"Values\":[],\"StatusCode\":\"Complete\"}"
        "]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1.5],\"Values\":[1],\"StatusCode\":"
        "\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[-1],\"Values\":[1],\"StatusCode\":"
        "\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1],\"Values\":[\"1\"],\"StatusCode\":"
        "\"Complete\"}]}",
        "{\"MetricDataResults\":[],\"NextToken\":5}",
        "{\"MetricDataResults\":[],\"Messages\":[{\"Code\":\"MaxMetricsExceeded\"}]}",
        "{\"MetricDataResults\":[],\"Messages\":[5]}",
        "{\"MetricDataResults\":[],\"Messages\":[{\"Code\":5}]}",
        "{\"MetricDataResults\":[],\"Messages\":[{}]}",
        "{\"MetricDataResults\":[],\"Messages\":{}}",
        "{\"MetricDataResults\":[{\"Timestamps\":[],\"Values\":[],\"StatusCode\":\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m\",\"Timestamps\":[],\"Values\":[],\"StatusCode\":\"Complete\"}]"
        "}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Values\":[],\"StatusCode\":\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":5,\"Values\":[],\"StatusCode\":\"Complete\"}]"
        "}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[],\"StatusCode\":\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[\"1\"],\"Values\":[1],\"StatusCode\":"
        "\"Complete\"}]}",
        "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Timestamps\":[1e300],\"Values\":[1],\"StatusCode\":"
        "\"Complete\"}]}"};
    struct cloudwatch_page page = {0};
    struct err err = {0};

    (void)state;
    if (!cloudwatch_read(good, sizeof(good) - 1, &page, &err))
        fail_msg("%s", err.text);
    assert_int_equal(page.count, 2);
    assert_true(page.results[0].state == CLOUDWATCH_COMPLETE && page.results[0].count == 2);
    assert_true(page.results[0].points[0].at_s == 1767225600 && page.results[0].points[1].value == 2.5);
    assert_true(page.results[1].number == 499 && page.results[1].state == CLOUDWATCH_PARTIAL);
    assert_string_equal(page.next_token, "t");
    cloudwatch_page_done(&page);
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        if (cloudwatch_read(broken[i], strlen(broken[i]), &page, &err))
            fail_msg("taken: %s", broken[i]);
    assert_null(page.results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
