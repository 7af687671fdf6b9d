/* test_run_text.c - runs as the API and the CLI show them.
 * SPDX-License-Identifier: MIT */
#include "api/run_shape.h"
#include "cli/run_tree.h"
#include "io/json.h"
#include "support/run_trial.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct run_definition definition;
static struct journal_run row;

/* The usual plan, its stages and tasks named by their numbers. */
static struct run_record record_of(const struct run_trial *trial)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};

    definition = (struct run_definition){.pipeline = "shop", .service = "shop", .plan = trial->plan};
    for (uint8_t i = 0; i < trial->plan.stage_count; i++)
        definition.stages[i] = names[i];
    for (uint8_t i = 0; i < trial->plan.task_count; i++)
        definition.tasks[i].name = names[i];
    row = (struct journal_run){.id = 3,
                               .pipeline = "shop",
                               .service = "shop",
                               .version = "2.0.0",
                               .digest = "",
                               .actor = "alice",
                               .reason = "",
                               .run_url = "",
                               .commit = "",
                               .state = trial->state};
    return (struct run_record){.row = &row, .definition = &definition};
}

static void check_summary(const struct run_trial *trial, const char *expected)
{
    char text[RUN_SUMMARY_SIZE];
    const struct run_record record = record_of(trial);

    run_record_summary(&record, text);
    assert_string_equal(text, expected);
}

static void test_summaries(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    check_summary(&trial, "shop 2.0.0: waits: another run of this pipeline is under way");
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    check_summary(&trial, "shop 2.0.0: stage b");
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_DONE);
    check_summary(&trial, "shop 2.0.0: stage b waits for an answer: d");
    struct run_trial failed = trial;
    (void)run_trial_answer(&failed, RUN_TRIAL_LOAD, RUN_RESULT_FAILED);
    check_summary(&failed, "shop 2.0.0: failed in stage b: d: the answer was no");
    struct run_trial aborted = trial;
    (void)run_trial_abort(&aborted);
    check_summary(&aborted, "shop 2.0.0: aborted in stage b");
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_STAGING);
    run_trial_started(&trial, RUN_TRIAL_TO_STAGING, 7);
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, 3);
    check_summary(&trial, "shop 2.0.0: failed in stage d: f: the deployment did not end as promoted (dep_7)");
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_RELEASE);
    run_trial_result(&trial, RUN_TRIAL_TAG, RUN_RESULT_DONE);
    check_summary(&trial, "shop 2.0.0: released");
}

/* What its command said stands before what we call it; a stop says what for. */
static void test_words_of_a_command(void **state)
{
    const struct journal_task tasks[] = {
        {.task = RUN_TRIAL_UNIT, .why = "its command ended with status 2", .output = ""}};
    char text[RUN_SUMMARY_SIZE];
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_FAILED);
    struct run_record record = record_of(&trial);
    record.tasks = tasks;
    record.task_count = 1;
    run_record_summary(&record, text);
    assert_string_equal(text, "shop 2.0.0: stage b is being stopped: b: its command ended with status 2");
    record.definition = NULL;
    run_record_summary(&record, text);
    assert_string_equal(text, "shop 2.0.0: stage ? is being stopped: ?: its command ended with status 2");
}

static void test_etags_differ_by_state(void **state)
{
    static const struct api_waits waits[RUN_TASKS_MAX] = {[1] = {.count = 1, .names = {"a"}}};
    char first[RUN_ETAG_SIZE];
    char second[RUN_ETAG_SIZE];
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    struct run_record record = record_of(&trial);
    run_record_etag(&record, first);
    assert_false(run_record_is_done(&row));
    run_trial_turn(&trial);
    record = record_of(&trial);
    run_record_etag(&record, second);
    assert_string_not_equal(first, second);
    record.waits = waits;
    run_record_etag(&record, first);
    assert_string_not_equal(first, second);
    row.state.is_escalated = true;
    assert_true(run_record_is_done(&row));
}

static void test_tree(void **state)
{
    static const char expected[] = "shop 2.0.0  run_3\n"
                                   "running: shop 2.0.0: stage b\n"
                                   " + a\n"
                                   "     + a                done\n"
                                   " > b\n"
                                   "     > b                running\n"
                                   "     > c                resting\n"
                                   "     ? d                awaiting\n"
                                   " . c\n"
                                   "     . e                idle\n"
                                   " . d\n"
                                   "     . f                idle\n"
                                   " . e\n"
                                   "     . g                idle\n"
                                   " . f\n"
                                   "     . h                idle\n";
    static const struct terminal plain = {0};
    static struct page page;
    char memory[4096];
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_FAILED);
    const struct run_record record = record_of(&trial);
    cJSON *json = run_shape(&record, true);
    page_init(&page, memory, sizeof(memory));
    run_tree_draw(json, &plain, &page);
    assert_int_equal(page.count, 16);
    assert_string_equal(memory, expected);
    cJSON_Delete(json);
}

/* A group: what goes where, and who waits for whom. */
static void test_group(void **state)
{
    static const char expected[] = "checkout cart=2.0 pay=2.1  run_3\n"
                                   "running: checkout cart=2.0 pay=2.1: stage prod; the others wait for pay\n"
                                   " > prod\n"
                                   "     > cart             running  2.0  dep_7, waits for pay\n"
                                   "     > pay              running  2.1  dep_8\n";
    static const struct api_waits waits[RUN_TASKS_MAX] = {{.count = 1, .names = {"pay"}}};
    static const struct terminal plain = {0};
    static struct page page;
    char memory[4096];
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan = (struct run_plan){.stage_count = 1, .task_count = 2, .stages = {{.count = 2}}};
    for (uint8_t i = 0; i < 2; i++)
        trial.plan.tasks[i].kind = RUN_TASK_DEPLOY;
    struct run_record record = record_of(&trial);
    row.pipeline = "checkout";
    row.service = "";
    row.version = "cart=2.0 pay=2.1";
    row.digest = "sha256:ab";
    row.state.phase = RUN_QUEUED;
    definition.is_group = true;
    definition.stages[0] = "prod";
    run_record_summary(&record, memory);
    assert_string_equal(memory, "checkout cart=2.0 pay=2.1: waits: another run of this group is under way");
    row.state.phase = RUN_RUNNING;
    record.waits = waits;
    for (uint8_t i = 0; i < 2; i++) {
        row.state.tasks[i].phase = TASK_RUNNING;
        row.state.tasks[i].deployment = 7U + i;
        definition.tasks[i] = (struct run_task_definition){.name = i == 0 ? "cart" : "pay",
                                                           .service = i == 0 ? "cart" : "pay",
                                                           .environment = "prod",
                                                           .version = i == 0 ? "2.0" : "2.1",
                                                           .digest = ""};
    }
    cJSON *json = run_shape(&record, true);
    page_init(&page, memory, sizeof(memory));
    run_tree_draw(json, &plain, &page);
    assert_int_equal(page.count, 5);
    assert_string_equal(memory, expected);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "pipeline")));
    assert_string_equal(json_text_of(json, "group"), "checkout");
    assert_string_equal(json_text_of(json, "digest"), "");
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summaries),
        cmocka_unit_test(test_words_of_a_command),
        cmocka_unit_test(test_etags_differ_by_state),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
