/* test_http_json_rules.c - what the shipped rules ask of other services, and what they make of the documented
 * answers.
 * SPDX-License-Identifier: MIT */
#include "cli/schemas.h"
#include "collectors/http_json_query.h"
#include "config/config.h"
#include "config/side.h"
#include "io/json.h"
#include "io/memory.h"
#include "support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WALL_MS (INT64_C(1700000000) * 1000)

enum { METRICS_MAX = 2 };

/* A rule file, the triggers that use its metrics, and of each metric (as a deployment has them, by name) an
 * answer. */
static const struct shipped {
    const char *file, *triggers;
    struct {
        const char *metric, *url, *answer;
        double value, events, total;
    } metrics[METRICS_MAX];
} shipped[] = {
    {"rules/datadog.rules",
     "\"datadog-errors\"",
     {{"datadog_errors", "https://api.datadoghq.com/api/v2/query/scalar",
       "{\"data\":{\"attributes\":{\"columns\":[{\"meta\":{\"unit\":null},\"name\":\"errors\",\"type\":"
       "\"number\",\"values\":[3.0]},"
       "{\"meta\":{\"unit\":null},\"name\":\"hits\",\"type\":\"number\",\"values\":[120.0]}]},\"type\":"
       "\"scalar_response\"}}",
       .events = 3, .total = 120}}},
    {"rules/new-relic.rules",
     "\"new-relic-errors\", \"new-relic-slow\"",
     {{"new_relic_errors", "https://api.newrelic.com/graphql",
       "{\"data\":{\"actor\":{\"account\":{\"nrql\":{\"results\":[{\"errors\":3,\"total\":120}]}}}}}",
       .events = 3, .total = 120},
      {"new_relic_p95", "https://api.newrelic.com/graphql",
       "{\"data\":{\"actor\":{\"account\":{\"nrql\":{\"results\":[{\"p\":{\"95\":0.25}}]}}}}}",
       .value = 0.25}}},
    {"rules/graphite.rules",
     "\"graphite-errors\", \"graphite-slow\"",
     {{"graphite_errors",
       "http://graphite:80/render?format=json&noNullPoints=true&from=1699999700&until=1700000000&target="
       "asPercent(stats.counters.shop.blue.errors.count,stats.counters.shop.blue.requests.count)",
       "[{\"target\":\"x\",\"tags\":{\"name\":\"x\"},\"datapoints\":[[1.5,1699999970],[2.5,1699999980]]}]",
       .value = 2.5},
      {"graphite_p95",
       "http://graphite:80/render?format=json&noNullPoints=true&from=1699999700&until=1700000000&target="
       "stats.timers.shop.blue.answer.upper_95",
       "[{\"target\":\"x\",\"tags\":{},\"datapoints\":[[240,1699999990]]}]", .value = 240}}},
    {"rules/influxdb.rules",
     "\"influxdb-errors\"",
     {{"influxdb_errors",
       "http://influxdb:8086/"
       "query?db=metrics&epoch=ms&q=SELECT+sum(%22errors%22),sum(%22requests%22)+FROM+%22http%22+WHERE+"
       "%22service%22%3D%27shop%27+AND+%22version%22%3D%271.2%2B3%27+AND+time+%3E%3D+1699999990000ms+AND+"
       "time+%3C+"
       "1700000000000ms",
       "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"http\",\"columns\":[\"time\",\"sum\",\"sum_"
       "1\"],"
       "\"values\":[[1699999990000,3,120]]}]}]}",
       .events = 3, .total = 120}}},
    {"rules/elasticsearch.rules",
     "\"elastic-errors\"",
     {{"elastic_errors", "https://elastic:9200/logs-*/_search?size=0",
       "{\"took\":3,\"timed_out\":false,\"_shards\":{\"total\":2,\"successful\":2,\"skipped\":0,\"failed\":0}"
       ",\"hits\":{\"total\":"
       "{\"value\":120,\"relation\":\"eq\"},\"max_score\":null,\"hits\":[]},\"aggregations\":{\"errors\":{"
       "\"doc_count\":3}}}",
       .events = 3, .total = 120}}},
};

/* Errors as these services answer them, with status 200. */
static const struct {
    size_t shipped;
    const char *answer, *why;
} refused[] = {
    {1,
     "{\"data\":{\"actor\":{\"account\":{\"nrql\":null}}},\"errors\":[{\"message\":\"NRQL Syntax Error\"}]}",
     ".errors"},
    {3, "{\"results\":[{\"statement_id\":0,\"error\":\"database not found: metrics\"}]}",
     "database not found"},
    {4,
     "{\"timed_out\":false,\"_shards\":{\"total\":2,\"failed\":1},\"hits\":{\"total\":{\"value\":60}},"
     "\"aggregations\":{"
     "\"errors\":{\"doc_count\":0}}}",
     "._shards.failed"},
};

struct put {
    unsigned count;
    double value, events, total;
    char why[ERR_TEXT_MAX];
};

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    struct put *put = data;

    (void)at_ms;
    put->count++;
    put->value = value;
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    struct put *put = data;

    (void)at_ms;
    put->count++;
    put->events = events;
    put->total = total;
    return SERIES_TAKEN;
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct put *put = data;

    (void)trouble;
    (void)snprintf(put->why, sizeof(put->why), "%s", why);
}

struct world {
    struct option_schemas *schemas;
    struct config *config;
    struct definition *definition;
};

static struct world read_shipped(const struct shipped *one)
{
    struct world world = {.schemas = schemas_new()};
    struct config_report *report = memory_take(sizeof(*report));
    struct folder folder = folder_make();
    char text[1024];
    char path[FOLDER_PATH_MAX];
    struct err err = {0};

    (void)snprintf(
        text, sizeof(text),
        "services: { shop: { rules: { triggers = [ %s ]; };  environments: { prod: { strategy = \"follow\";\n"
        " commands: { rollback: { exec = [ \"/bin/true\" ]; }; };\n"
        " slots: { blue: { address = \"10.0.0.1:80\"; };  green: { address = \"10.0.0.2:80\"; }; }; }; }; }; "
        "};\n",
        one->triggers);
    folder_write(&folder, "services.rules", text);
    const char *files[] = {one->file, folder_path(&folder, "services.rules", path)};
    world.config = config_read_files(files, 2, world.schemas, report);
    if (report->count > 0)
        fail_msg("%s: %s", one->file, report->findings[0].text);
    world.definition = config_resolve(world.config, "shop", "prod", NULL, false, &err);
    if (world.definition == NULL)
        fail_msg("%s: %s", one->file, err.text);
    folder_remove(&folder);
    free(report);
    return world;
}

static void done(struct world *world)
{
    definition_free(world->definition);
    config_free(world->config);
    free(world->schemas);
}

static const struct metric_definition *find_metric(const struct world *world, const char *name)
{
    for (size_t i = 0; i < world->definition->metric_count; i++)
        if (strcmp(world->definition->metrics[i].name, name) == 0)
            return &world->definition->metrics[i];
    fail_msg("no metric %s", name);
    return NULL;
}

static struct http_json_query *query_of(const struct world *world, const struct metric_definition *metric)
{
    const struct option_schema *schema = &world->schemas->collectors[metric->collector];
    struct side side = {
        .definition = world->definition, .is_candidate = true, .version = "1.2+3", .previous = ""};
    struct option_value *values = memory_take_array(schema->use_count, sizeof(*values));
    char *texts = memory_take_array(schema->use_count, SIDE_TEXT_MAX);
    struct http_json_query *query = NULL;
    struct err err = {0};

    if (!side_fill(&side, metric, schema, values, texts, &err) ||
        !http_json_query_new(metric->kind, metric->every_ms, values, &query, &err))
        fail_msg("%s: %s", metric->name, err.text);
    free(values);
    free(texts);
    return query;
}

static struct put answer_with(struct http_json_query *query, const char *url, const char *body)
{
    struct put put = {0};
    const struct collector_sink sink = {&put, put_gauge, NULL, put_count, NULL, put_trouble};
    struct http_answer answer = {.status = 200, .body = body, .length = strlen(body), .headers = ""};
    struct http_request request = {0};
    struct cJSON *root = NULL;
    struct err err = {0};

    if (!http_json_query_ask(query, WALL_MS, 0, &request, &err))
        fail_msg("%s", err.text);
    if (strcmp(request.url, url) != 0)
        fail_msg("%s", request.url);
    if (request.body != NULL && !json_parse(request.body, request.body_length, NULL, &root, &err))
        fail_msg("%s: %s", err.text, (const char *)request.body);
    assert_true(request.body == NULL || strstr(request.body, "1.2+3") != NULL);
    json_free(root);
    (void)!http_json_query_take(query, &answer, &sink, &err);
    return put;
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(shipped); i++) {
        struct world world = read_shipped(&shipped[i]);
        for (size_t m = 0; m < METRICS_MAX && shipped[i].metrics[m].metric != NULL; m++) {
            struct http_json_query *query =
                query_of(&world, find_metric(&world, shipped[i].metrics[m].metric));
            struct put put = answer_with(query, shipped[i].metrics[m].url, shipped[i].metrics[m].answer);
            if (put.count != 1)
                fail_msg("%s: %s", shipped[i].metrics[m].metric, put.why);
            assert_true(put.value == shipped[i].metrics[m].value &&
                        put.events == shipped[i].metrics[m].events);
            assert_true(put.total == shipped[i].metrics[m].total);
            http_json_query_free(query);
        }
        done(&world);
    }
}

static void test_errors_with_status_200(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        const struct shipped *one = &shipped[refused[i].shipped];
        struct world world = read_shipped(one);
        struct http_json_query *query = query_of(&world, find_metric(&world, one->metrics[0].metric));
        struct put put = answer_with(query, one->metrics[0].url, refused[i].answer);
        assert_int_equal(put.count, 0);
        if (strstr(put.why, refused[i].why) == NULL)
            fail_msg("%s: %s", one->file, put.why);
        http_json_query_free(query);
        done(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_errors_with_status_200),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
