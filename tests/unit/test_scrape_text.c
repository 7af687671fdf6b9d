/* test_scrape_text.c - metrics of `scrape` in rule files, and which addresses are asked for a side.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_query.h"
#include "config/side.h"
#include "support/rules_said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { URL = QUERY_OPTION_COUNT };

static const char rules[] = "metrics: { failing: { source = \"scrape:app\";  kind = \"counter\";\n"
                            " url = [ \"http://{{address}}/metrics\", \"http://{{slot}}.sum/\" ];\n"
                            " total = \"r{v='{{version}}'}\";  events = \"r{c=~'5..'}\"; }; };\n"
                            "triggers: { bad: { when = \"failing > 5%\";  then = \"rollback\"; }; };\n"
                            "services: { shop: { rules: { triggers = [ \"bad\" ]; };  environments: { prod: "
                            "{ strategy = \"follow\";\n"
                            " commands: { rollback: { exec = [ \"/bin/true\" ]; }; };\n"
                            " slots: { blue: { address = [ \"10.0.0.1:80\", \"10.0.0.2:80\" ]; };\n"
                            "          green: { address = \"10.0.0.3:80\"; }; }; }; }; }; };\n";

static void expect_findings(const char *options, const char *findings)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), "metrics: { x: { source = \"scrape:app\";\n %s }; };\n", options);
    char *said = rules_said(text);
    if (strcmp(said, findings) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", options, said, findings);
    free(said);
}

static void test_findings(void **state)
{
    (void)state;
    expect_findings("url = \"http://{{address}}/metrics\";  query = \"up\";", "");
    expect_findings(
        "url = \"http://{{address}}/metrics\";  kind = \"histogram\";  buckets = \"b{x!='{{slot}}'}\";", "");
    expect_findings("query = \"up\";",
                    "1: url is missing (Where the exposition is, like "
                    "http://{{address}}/metrics; with {{address}}: at each address of the slot)\n");
    expect_findings("url = \"{{address}}:9100\";\n query = \"up\";", "");
    expect_findings("query = \"up\";\n url = \"localhost:9100\";",
                    "3: url: 'localhost:9100' does not begin with http:// or https://\n");
    expect_findings(
        "url = \"http://h/\";\n query = \"sum(up)\";",
        "3: query: 'sum(up)', character 4: a name is expected, then perhaps labels in {}; functions "
        "are Prometheus' own\n");
    expect_findings(
        "url = \"http://h/\";  kind = \"counter\";  total = \"r\";",
        "1: events is missing: kind = \"counter\" needs it (Raw counter of what is counted against the "
        "total, like http_requests_total{code=~'5..'}; templates allowed)\n");
}

/* A list names each address of a slot. */
static void test_sides(void **state)
{
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
    struct side side = {.definition = definition, .is_candidate = true, .version = "1.2", .previous = ""};
    assert_true(side_fill(&side, metric, schema, values, texts, &err));
    assert_int_equal(values[URL].list_length, 3);
    assert_string_equal(values[URL].list[0], "http://10.0.0.1:80/metrics");
    assert_string_equal(values[URL].list[1], "http://10.0.0.2:80/metrics");
    assert_string_equal(values[URL].list[2], "http://blue.sum/");
    assert_string_equal(values[QUERY_TOTAL].text, "r{v='1.2'}");
    side.slot = 1;
    assert_true(side_fill(&side, metric, schema, values, texts, &err));
    assert_int_equal(values[URL].list_length, 2);
    assert_string_equal(values[URL].list[0], "http://10.0.0.3:80/metrics");
    side.slot = 7; /* none, so no address */
    assert_false(side_fill(&side, metric, schema, values, texts, &err));
    assert_non_null(strstr(err.text, "address"));
    free(values);
    free(texts);
    definition_free(definition);
    config_free(config);
    free(schemas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
