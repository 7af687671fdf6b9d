/* test_run_spans.c - a run and the tries of its tasks as spans, in the words of the conventions for CI/CD.
 * SPDX-License-Identifier: MIT */
#include "api/run_spans.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/golden.h"

#define KEPT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

enum { BEGIN_S = 1764000000 };

static int64_t at(int64_t ms)
{
    return INT64_C(1000) * BEGIN_S + ms;
}

static const struct spans_origin origin = {.instance = "desk", .link = "https://verdict.example.org/#/"};
static const struct run_definition definition = {
    .pipeline = "shop",
    .service = "shop",
    .plan = {.stage_count = 3,
             .task_count = 4,
             .stages = {{.first = 0, .count = 1}, {.first = 1, .count = 2}, {.first = 3, .count = 1}},
             .tasks = {{.kind = RUN_TASK_COMMAND},
                       {.kind = RUN_TASK_COMMAND},
                       {.kind = RUN_TASK_AWAIT},
                       {.kind = RUN_TASK_DEPLOY}}},
    .stages = {"build", "test", "prod"},
    .tasks = {{.name = "dist"},
              {.name = "unit"},
              {.name = "load"},
              {.name = "deploy", .service = "shop", .environment = "prod"}}};

static struct journal_run row_of(enum run_phase phase, uint8_t failed_task, enum run_cause cause)
{
    struct journal_run row = {.id = 3,
                              .pipeline = "shop",
                              .service = "shop",
                              .version = "2.0.0",
                              .digest = "sha256:ab",
                              .actor = "alice",
                              .reason = "",
                              .run_url = "https://ci.example.org/7",
                              .commit = "9f2c1ab",
                              .created_ms = at(0),
                              .ended_ms = at(60000),
                              .traceparent = KEPT,
                              .state = {.id = 3, .phase = phase, .failed_task = failed_task}};

    if (failed_task < RUN_TASKS_MAX)
        row.state.tasks[failed_task].cause = (uint8_t)cause;
    return row;
}

static void a_run_that_failed(void **state)
{
    struct journal_run row = row_of(RUN_FAILED, 3, CAUSE_DEPLOYMENT);
    const struct journal_task tasks[] = {
        {0, 1, TASK_DONE, 0, at(10), at(2000), "", ""},
        {1, 1, TASK_RESTING, 0, at(2000), at(3000), "its command ended with status 2", ""},
        {1, 2, TASK_DONE, 0, at(4000), at(9000), "", ""},
        {2, 0, TASK_SKIPPED, 0, at(2000), at(2001), "skip_when holds", ""},
        {3, 0, TASK_FAILED, 12, at(9000), at(60000), "dep_12 was rolled back", ""},
    };
    const struct run_spans run = {
        .row = &row, .definition = &definition, .tasks = tasks, .task_count = ARRAY_LENGTH(tasks)};

    (void)state;
    row.state.tasks[0].tries = 1;
    row.state.tasks[1].tries = 2;
    golden_check(run_spans_write(&origin, &run), "run.json");
}

/* The value of the attribute `name` of span `index`; "" none. */
static const char *attribute(const struct run_spans *run, int index, const char *name)
{
    static char value[128];
    char path[64];
    cJSON *root = NULL;
    const struct cJSON *one = NULL;
    char *text = run_spans_write(&origin, run);

    assert_non_null(text);
    assert_true(json_parse(text, strlen(text), NULL, &root, NULL));
    (void)snprintf(path, sizeof(path), ".resourceSpans[0].scopeSpans[0].spans[%d].attributes", index);
    value[0] = '\0';
    cJSON_ArrayForEach(one, json_path(root, path))
    {
        if (strcmp(json_text_of(one, "key"), name) == 0)
            (void)snprintf(value, sizeof(value), "%s", json_text_of(json_path(one, ".value"), "stringValue"));
    }
    json_free(root);
    free(text);
    return value;
}

static void expect_result(enum run_phase phase, uint8_t failed_task, enum run_cause cause, const char *result)
{
    struct journal_run row = row_of(phase, failed_task, cause);
    const struct run_spans run = {.row = &row, .definition = NULL};

    assert_string_equal(attribute(&run, 0, "cicd.pipeline.result"), result);
}

static void the_results_of_runs(void **state)
{
    (void)state;
    expect_result(RUN_RELEASED, UINT8_MAX, CAUSE_NONE, "success");
    expect_result(RUN_ABORTED, UINT8_MAX, CAUSE_NONE, "cancellation");
    expect_result(RUN_FAILED, UINT8_MAX, CAUSE_NONE, "failure");
    expect_result(RUN_FAILED, 1, CAUSE_COMMAND, "failure");
    expect_result(RUN_FAILED, 1, CAUSE_SILENCE, "timeout");
    expect_result(RUN_FAILED, 1, CAUSE_UNKNOWN, "error");
    expect_result(RUN_FAILED, 1, CAUSE_REFUSED, "error");
}

static void expect_try(enum run_task_phase phase, enum run_cause cause, const char *result)
{
    struct journal_run row = row_of(RUN_FAILED, 1, cause);
    const struct journal_task task = {1, 0, phase, 0, at(10), at(2000), "", ""};
    const struct run_spans run = {.row = &row, .definition = &definition, .tasks = &task, .task_count = 1};

    assert_string_equal(attribute(&run, 1, "cicd.pipeline.task.run.result"), result);
}

static void the_results_of_tasks(void **state)
{
    (void)state;
    expect_try(TASK_DONE, CAUSE_NONE, "success");
    expect_try(TASK_SKIPPED, CAUSE_NONE, "skip");
    expect_try(TASK_FAILED, CAUSE_SILENCE, "timeout");
    expect_try(TASK_FAILED, CAUSE_ANSWER, "failure");
    expect_try(TASK_STOPPED, CAUSE_NONE, "cancellation");
    expect_try(TASK_STOPPING, CAUSE_NONE, "cancellation");
    expect_try(TASK_RUNNING, CAUSE_NONE, "error");
}

static void what_nobody_records_is_left_alone(void **state)
{
    struct journal_run row = row_of(RUN_RELEASED, UINT8_MAX, CAUSE_NONE);
    const struct run_spans run = {.row = &row, .definition = &definition};

    (void)state;
    row.traceparent = "";
    assert_null(run_spans_write(&origin, &run));
    row.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    assert_null(run_spans_write(&origin, &run));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_failed),
        cmocka_unit_test(the_results_of_runs),
        cmocka_unit_test(the_results_of_tasks),
        cmocka_unit_test(what_nobody_records_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
