/* test_run.c - a run from stage to stage: the table "Run" of the design, downwards.
 * SPDX-License-Identifier: MIT */
#include "support/run_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_good_way(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    assert_int_equal(run_exit_code(&trial.state), -1);
    run_trial_turn(&trial);
    assert_int_equal(trial.state.phase, RUN_RUNNING);
    assert_true(trial.decision.is_durable);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_COMMAND), 1);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_DONE);
    assert_int_equal(trial.state.stage, RUN_TRIAL_TEST);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_COMMAND), 2);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_AWAITING);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    assert_int_equal(trial.state.phase, RUN_RUNNING);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_SKIPPED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_SKIPPED);
    assert_int_equal(trial.state.phase, RUN_WAITING);
    assert_int_equal(run_exit_code(&trial.state), 5);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_DONE);
    assert_int_equal(trial.state.phase, RUN_RUNNING);
    assert_int_equal(trial.state.stage, RUN_TRIAL_ARTIFACT);
    run_trial_result(&trial, RUN_TRIAL_PUBLISH, RUN_RESULT_DONE);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_DEPLOY), 1);
    run_trial_started(&trial, RUN_TRIAL_TO_STAGING, 7);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_TO_STAGING].deployment, 7);
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, 0);
    assert_int_equal(trial.state.stage, RUN_TRIAL_PROD);
    run_trial_started(&trial, RUN_TRIAL_TO_PROD, 8);
    run_trial_deployed(&trial, RUN_TRIAL_TO_PROD, 0);
    run_trial_result(&trial, RUN_TRIAL_TAG, RUN_RESULT_DONE);
    assert_int_equal(trial.state.phase, RUN_RELEASED);
    assert_int_equal(run_exit_code(&trial.state), 0);
    assert_int_equal(run_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
}

/* A second turn, and what comes for tasks that are not under way, changes nothing. */
static void test_events_without_meaning(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_DONE);
    run_trial_tick(&trial, RUN_TRIAL_AWAIT_MS);
    assert_int_equal(trial.state.phase, RUN_QUEUED);
    run_trial_turn(&trial);
    struct run_state before = trial.state;
    run_trial_turn(&trial);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RESULT, .task = RUN_TASKS_MAX});
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RESULT, .tries = 9});
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_STILL);
    assert_memory_equal(&before, &trial.state, sizeof(before));
    assert_false(trial.decision.is_durable);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_DONE);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_FAILED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_UNIT), TASK_DONE);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RESULT, .task = RUN_TRIAL_LOAD});
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_AWAITING);
}

/* One place: the second command waits for the first, the awaited task for neither. */
static void test_places(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.stages[RUN_TRIAL_TEST].parallel = 1;
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_COMMAND), 1);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_IDLE);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_AWAITING);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_RUNNING);
    assert_int_equal(trial.decision.actions[0].task, RUN_TRIAL_INTEGRATION);
}

/* Tries have keys of their own and growing pauses between them. */
static void test_tries(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_FAILED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_RESTING);
    assert_int_equal(run_deadline(&trial.plan, &trial.state), trial.now_ms + RUN_BACKOFF_FIRST_MS);
    run_trial_tick(&trial, RUN_BACKOFF_FIRST_MS - 1);
    assert_int_equal(trial.decision.action_count, 0);
    run_trial_tick(&trial, 1);
    assert_int_equal(trial.decision.actions[0].tries, 2);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_AGAIN);
    run_trial_tick(&trial, 2 * RUN_BACKOFF_FIRST_MS);
    assert_int_equal(trial.decision.actions[0].tries, 3);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_FAILED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_FAILED);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_INTEGRATION].cause, CAUSE_COMMAND);
    assert_int_equal(trial.state.failed_task, RUN_TRIAL_INTEGRATION);
}

static void test_longest_pause(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_DIST].tries_max = 20;
    run_trial_turn(&trial);
    for (int i = 0; i < 10; i++) {
        run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
        assert_true(trial.state.tasks[RUN_TRIAL_DIST].at_ms <= trial.now_ms + RUN_BACKOFF_MAX_MS);
        run_trial_tick(&trial, RUN_BACKOFF_MAX_MS);
    }
    assert_int_equal(trial.state.tasks[RUN_TRIAL_DIST].tries, 11);
}

/* What could not begin is tried again for as long as it may wait, and counts for nothing. */
static void test_patience(void **state)
{
    const int64_t patience_ms = 10 * RUN_BACKOFF_MAX_MS;
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_DIST].tries_max = 1;
    trial.plan.tasks[RUN_TRIAL_DIST].patience_ms = patience_ms;
    run_trial_turn(&trial);
    while (trial.now_ms < trial.state.stage_entered_ms + patience_ms) {
        run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_AGAIN);
        assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_DIST), TASK_RESTING);
        assert_int_equal(trial.decision.traces[1].kind, RUN_TRACE_TRY);
        run_trial_tick(&trial, RUN_BACKOFF_MAX_MS);
        assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_DIST), TASK_RUNNING);
    }
    assert_int_equal(trial.state.tasks[RUN_TRIAL_DIST].tries, 11);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_AGAIN);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_DIST), TASK_FAILED);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_DIST].cause, CAUSE_COMMAND);
}

/* A failure is one however patient; nor are there more tries than can be counted. */
static void test_end_of_patience(void **state)
{
    struct run_trial trial;

    (void)state;
    for (int is_counted_out = 0; is_counted_out < 2; is_counted_out++) {
        run_trial_init(&trial);
        trial.plan.tasks[RUN_TRIAL_DIST].tries_max = 1;
        trial.plan.tasks[RUN_TRIAL_DIST].patience_ms = 10 * RUN_BACKOFF_MAX_MS;
        run_trial_turn(&trial);
        if (is_counted_out)
            trial.state.tasks[RUN_TRIAL_DIST].tries = UINT16_MAX;
        run_trial_result(&trial, RUN_TRIAL_DIST, is_counted_out ? RUN_RESULT_AGAIN : RUN_RESULT_FAILED);
        assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_DIST), TASK_FAILED);
    }
}

/* A fate that nobody knows is a failed try where the command bears being repeated, else the task's end. */
static void test_unknown_fate(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_UNKNOWN);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_RESTING);
    run_trial_tick(&trial, RUN_TRIAL_LIMIT_MS + RUN_COMMAND_SLACK_MS);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_UNIT), TASK_FAILED);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_UNIT].cause, CAUSE_UNKNOWN);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_STOPPING);
}

static void test_awaited(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE), ANSWER_CONFLICT);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_TAG, RUN_RESULT_DONE), ANSWER_CONFLICT);
    assert_int_equal(run_trial_answer(&trial, RUN_TASKS_MAX, RUN_RESULT_DONE), ANSWER_CONFLICT);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_DONE);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_ALREADY);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_FAILED), ANSWER_CONFLICT);
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_FAILED), ANSWER_DONE);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_FAILED), ANSWER_ALREADY);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_LOAD].cause, CAUSE_ANSWER);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
}

static void test_silence(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_DONE);
    struct run_trial silent = trial;
    assert_int_equal(run_deadline(&trial.plan, &trial.state), trial.now_ms + RUN_TRIAL_AWAIT_MS);
    run_trial_tick(&trial, RUN_TRIAL_AWAIT_MS);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_LOAD].cause, CAUSE_SILENCE);
    assert_int_equal(trial.state.phase, RUN_FAILED);
    silent.plan.tasks[RUN_TRIAL_LOAD].passes_silent = true;
    run_trial_tick(&silent, RUN_TRIAL_AWAIT_MS);
    assert_int_equal(silent.state.stage, RUN_TRIAL_ARTIFACT);
}

/* The declared outcome of a stage: as if the task had not been there. */
static void test_failure_goes_on(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.stages[RUN_TRIAL_BUILD].on_failure = RUN_OUTCOME_GO_ON;
    run_trial_turn(&trial);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_DIST), TASK_FAILED);
    assert_int_equal(trial.state.stage, RUN_TRIAL_TEST);
    assert_int_equal(trial.state.failed_task, UINT8_MAX);
}

static struct run_trial asking(void)
{
    struct run_trial trial;

    run_trial_init(&trial);
    trial.plan.stages[RUN_TRIAL_BUILD].on_failure = RUN_OUTCOME_ASK;
    run_trial_turn(&trial);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    return trial;
}

static void test_failure_asks(void **state)
{
    struct run_trial yes = asking();
    struct run_trial no = asking();
    struct run_trial silent = asking();

    (void)state;
    assert_int_equal(run_trial_phase(&yes, RUN_TRIAL_DIST), TASK_ASKING);
    assert_int_equal(yes.state.phase, RUN_WAITING);
    assert_int_equal(run_trial_answer(&yes, RUN_TRIAL_DIST, RUN_RESULT_DONE), ANSWER_DONE);
    assert_int_equal(yes.state.stage, RUN_TRIAL_TEST);
    assert_int_equal(run_trial_answer(&no, RUN_TRIAL_DIST, RUN_RESULT_FAILED), ANSWER_DONE);
    assert_int_equal(no.state.phase, RUN_FAILED);
    run_trial_tick(&silent, RUN_TRIAL_ASK_MS - 1);
    assert_int_equal(silent.state.phase, RUN_WAITING);
    run_trial_tick(&silent, 1);
    assert_int_equal(silent.state.phase, RUN_FAILED);
    assert_int_equal(run_exit_code(&silent.state), 5);
}

/* The digest that is reported first is the artifact's; what passed one environment enters the next. */
static void test_digest(void **state)
{
    struct run_trial trial;
    struct run_event event = {
        .kind = RUN_EVENT_RESULT, .task = RUN_TRIAL_DIST, .tries = 1, .version_key = RUN_TRIAL_ARTIFACT_KEY};

    (void)state;
    run_trial_init(&trial);
    run_trial_turn(&trial);
    run_trial_event(&trial, event);
    assert_int_equal(trial.state.version_key, RUN_TRIAL_ARTIFACT_KEY);
    assert_true(trial.state.is_fixed);
    event.task = RUN_TRIAL_UNIT;
    run_trial_event(&trial, event);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_UNIT), TASK_DONE);
    event.version_key = RUN_TRIAL_OTHER_KEY;
    event.task = RUN_TRIAL_INTEGRATION;
    run_trial_event(&trial, event);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_FAILED);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_INTEGRATION].cause, CAUSE_DIGEST);
    assert_int_equal(trial.state.version_key, RUN_TRIAL_ARTIFACT_KEY);
}

/* A deployment fixes it too: none that is reported later was the one that staging saw. */
static void test_digest_after_deployment(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_RELEASE);
    assert_true(trial.state.is_fixed);
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RESULT,
                                               .task = RUN_TRIAL_TAG,
                                               .tries = 1,
                                               .version_key = RUN_TRIAL_ARTIFACT_KEY});
    assert_int_equal(trial.state.phase, RUN_FAILED);
    assert_int_equal(trial.state.version_key, RUN_TRIAL_VERSION);
}

/* A retry is a new run that begins where the other one failed. */
static void test_begins_at_a_stage(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_init(2, trial.now_ms, RUN_TRIAL_PROD, RUN_TRIAL_ARTIFACT_KEY, true, &trial.state);
    run_trial_turn(&trial);
    assert_int_equal(trial.state.stage, RUN_TRIAL_PROD);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_DEPLOY), 1);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_TO_STAGING), TASK_IDLE);
}

static void test_names(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    assert_string_equal(run_phase_name(RUN_WAITING), "waiting");
    assert_string_equal(run_task_phase_name(TASK_AWAITING), "awaiting");
    assert_string_equal(run_trace_kind_name(RUN_TRACE_GIVEN_UP), "run_given_up");
    assert_string_equal(run_cause_text(CAUSE_NONE), "");
    assert_true(run_phase_is_active(RUN_STOPPING));
    assert_false(run_phase_is_active(RUN_QUEUED));
    assert_int_equal(run_stage_of(&trial.plan, RUN_TRIAL_DIST), RUN_TRIAL_BUILD);
    assert_int_equal(run_stage_of(&trial.plan, RUN_TRIAL_LOAD), RUN_TRIAL_TEST);
    assert_int_equal(run_stage_of(&trial.plan, RUN_TRIAL_TAG), RUN_TRIAL_RELEASE);
}

/* Several have to say yes, and one no is enough; a restart forgets nobody. */
static void test_several_approve(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_LOAD].need = 2;
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    struct run_trial no = trial;
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_DONE);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_AWAITING);
    assert_true(trial.decision.is_durable);
    assert_int_equal(trial.decision.traces[0].kind, RUN_TRACE_APPROVED);
    assert_int_equal(trial.decision.traces[0].b, 1);
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RECOVERED});
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_DONE);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_DONE);
    assert_int_equal(trial.state.approvals[RUN_TRIAL_LOAD], 2);
    (void)run_trial_answer(&no, RUN_TRIAL_LOAD, RUN_RESULT_DONE);
    assert_int_equal(run_trial_answer(&no, RUN_TRIAL_LOAD, RUN_RESULT_FAILED), ANSWER_DONE);
    assert_int_equal(run_trial_phase(&no, RUN_TRIAL_LOAD), TASK_FAILED);
}

/* Nobody answered, and that is asked about: then it is one person's word. */
static void test_one_decides_what_failed(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_LOAD].need = 2;
    trial.plan.stages[RUN_TRIAL_TEST].on_failure = RUN_OUTCOME_ASK;
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_tick(&trial, RUN_TRIAL_AWAIT_MS);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_ASKING);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_DONE);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_DONE);
}

/* People are asked once more at half of their time, over restarts too; whatever else answers is not. */
static void test_people_are_reminded_once(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    run_trial_tick(&trial, RUN_TRIAL_AWAIT_MS / 2);
    assert_int_equal(trial.decision.trace_count, 0);
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_LOAD].need = 2;
    trial.plan.tasks[RUN_TRIAL_LOAD].passes_silent = true;
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    struct run_trial silent = trial;
    run_trial_tick(&trial, RUN_TRIAL_AWAIT_MS / 2);
    assert_int_equal(trial.decision.traces[0].kind, RUN_TRACE_REMINDED);
    assert_int_equal(trial.decision.traces[0].a, RUN_TRIAL_LOAD);
    assert_int_equal(trial.decision.traces[0].b, 2);
    assert_string_equal(run_trace_kind_name(RUN_TRACE_REMINDED), "run_reminded");
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RECOVERED});
    run_trial_tick(&trial, 1);
    assert_int_equal(trial.decision.trace_count, 0);
    (void)run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE);
    (void)run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_LOAD].cause, CAUSE_NONE);
    run_trial_tick(&silent, RUN_TRIAL_AWAIT_MS);
    assert_int_equal(run_trial_phase(&silent, RUN_TRIAL_LOAD), TASK_DONE);
    assert_int_not_equal(silent.decision.traces[0].kind, RUN_TRACE_REMINDED);
}

/* It is a deadline of the machine, before that of the silence. */
static void test_the_deadline_of_a_reminder(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_LOAD].need = 1;
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    trial.state.tasks[RUN_TRIAL_UNIT].at_ms = DEPLOYMENT_NEVER;
    trial.state.tasks[RUN_TRIAL_INTEGRATION].at_ms = DEPLOYMENT_NEVER;
    int64_t at_ms = trial.state.tasks[RUN_TRIAL_LOAD].at_ms;
    assert_int_equal(run_deadline(&trial.plan, &trial.state), at_ms - RUN_TRIAL_AWAIT_MS / 2);
    run_trial_tick(&trial, RUN_TRIAL_AWAIT_MS / 2);
    assert_int_equal(run_deadline(&trial.plan, &trial.state), at_ms);
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_ABORT});
    assert_int_equal(trial.state.tasks[RUN_TRIAL_LOAD].cause, CAUSE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_are_reminded_once),
        cmocka_unit_test(test_the_deadline_of_a_reminder),
        cmocka_unit_test(test_several_approve),
        cmocka_unit_test(test_one_decides_what_failed),
        cmocka_unit_test(test_good_way),
        cmocka_unit_test(test_events_without_meaning),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_tries),
        cmocka_unit_test(test_longest_pause),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_end_of_patience),
        cmocka_unit_test(test_unknown_fate),
        cmocka_unit_test(test_awaited),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_failure_goes_on),
        cmocka_unit_test(test_failure_asks),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_digest_after_deployment),
        cmocka_unit_test(test_begins_at_a_stage),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
