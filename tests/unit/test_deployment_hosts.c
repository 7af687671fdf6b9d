/* test_deployment_hosts.c - hosts replaced batch by batch, and taken back: parts, batches, tries, holds, and
 * never more of them out of service than the plan allows (S6).
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include "base/attributes.h"
#include "orchestrator/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    HOSTS = 5,
    DRAIN = 10,
    DEPLOY = 11,
    RESTORE = 12,
    UNDEPLOY = 13,
    CONFIGURE = 14,
    UNCONFIGURE = 15,
    PARTS = 4,
    MIGRATE = 1,
    UNMIGRATE = 7
};

/* Migrate (undone by command 7), one host, observe, all hosts two at a time, watch. */
enum { AT_MIGRATE, AT_ONE, AT_OBSERVE, AT_ALL, AT_WATCH, STEPS };

static struct trial hosts_trial(void)
{
    struct trial trial;
    struct plan *plan = &trial.plan;

    trial_init(&trial);
    const struct plan_step migrate = plan->steps[TRIAL_DEPLOY];
    const struct plan_step observe = plan->steps[TRIAL_OBSERVE];
    const struct plan_step watch = plan->steps[TRIAL_WATCH];
    const struct plan_part command = {
        .undo = PLAN_NONE, .tries_max = 2, .repeat = REPEAT_IDEMPOTENT, .limit_ms = 3000};
    plan->has_traffic = false;
    plan->verify = plan->retire = PLAN_NONE;
    plan->host_count = HOSTS;
    plan->max_unavailable = 2;
    plan->beside_stable = 1U << TRIAL_RULE_HOLD;
    plan->count = STEPS;
    plan->steps[AT_MIGRATE] = migrate;
    plan->steps[AT_ONE] = (struct plan_step){.kind = STEP_REPLACE, .hosts = 1, .batch = 1};
    plan->steps[AT_OBSERVE] = observe;
    plan->steps[AT_ALL] = (struct plan_step){.kind = STEP_REPLACE, .hosts = HOSTS, .batch = 2};
    plan->steps[AT_WATCH] = watch;
    for (int i = 0; i < REPLACE_PART_COUNT; i++)
        plan->parts[i] = command;
    plan->parts[REPLACE_CONFIGURE].reference = PLAN_NONE;
    plan->parts[REPLACE_DRAIN].reference = DRAIN;
    plan->parts[REPLACE_DEPLOY].reference = DEPLOY;
    plan->parts[REPLACE_DEPLOY].repeat = REPEAT_UNSAFE;
    plan->parts[REPLACE_SMOKE].reference = 0;
    plan->parts[REPLACE_RESTORE].reference = RESTORE;
    return trial;
}

static uint16_t away(const struct trial *trial)
{
    uint16_t sum = 0;

    for (uint16_t i = 0; i < PLAN_HOSTS_MAX; i++)
        sum = (uint16_t)(sum + (trial->state.away[i / 64] >> (i % 64) & 1));
    return sum;
}

/* "deploy 1+2 new"; "-": nothing left. */
static const char *sent(const struct trial *trial)
{
    static char text[64];
    struct action action = trial_action(trial);
    const char *name = action.kind == ACTION_SMOKE       ? "smoke"
                       : action.kind != ACTION_COMMAND   ? action_kind_name(action.kind)
                       : action.reference == DRAIN       ? "drain"
                       : action.reference == DEPLOY      ? "deploy"
                       : action.reference == RESTORE     ? "restore"
                       : action.reference == UNDEPLOY    ? "undeploy"
                       : action.reference == CONFIGURE   ? "configure"
                       : action.reference == UNCONFIGURE ? "unconfigure"
                                                         : "other";

    assert_true(away(trial) <= trial->plan.max_unavailable);
    if (action.kind == ACTION_NONE)
        return "-";
    if (action.batch == 0)
        (void)snprintf(text, sizeof(text), "%s", name);
    else
        (void)snprintf(text, sizeof(text), "%s %u+%u %s", name, action.host, action.batch,
                       action.is_previous ? "old" : "new");
    return text;
}

#define assert_sent(trial, text) assert_string_equal(sent(trial), text)

static void done(struct trial *trial)
{
    trial_result(trial, RESULT_DONE);
}

/* Each part of a batch, in order. */
static void replace(struct trial *trial, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_sent(trial, texts[i]);
        done(trial);
    }
}

#define REPLACE(trial, ...)                                                                                  \
    do {                                                                                                     \
        static const char *const texts_[] = {__VA_ARGS__};                                                   \
        replace(trial, texts_, ARRAY_LENGTH(texts_));                                                        \
    } while (0)

static void to_first_host(struct trial *trial)
{
    trial_turn(trial);
    done(trial);
    done(trial);
    assert_int_equal(trial->state.step, AT_ONE);
}

static void pass_observation(struct trial *trial)
{
    trial_judge_all(trial, VERDICT_PASS);
    trial_tick(trial, TRIAL_OBSERVE_MS);
}

static void to_all(struct trial *trial)
{
    to_first_host(trial);
    for (int i = 0; i < PARTS; i++)
        done(trial);
    pass_observation(trial);
    assert_int_equal(trial->state.step, AT_ALL);
}

static void test_batch_by_batch(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_first_host(&trial);
    assert_true(trial_traced(&trial, TRACE_HOSTS_TAKEN));
    assert_int_equal(trial.state.routed_ms, DEPLOYMENT_NEVER);
    REPLACE(&trial, "drain 0+1 new", "deploy 0+1 new", "smoke 0+1 new", "restore 0+1 new");
    assert_true(trial_traced(&trial, TRACE_HOSTS_READY));
    assert_int_equal(trial.state.step, AT_OBSERVE);
    assert_int_equal(trial.state.confirmed_share, 2000);
    assert_int_equal(trial.state.routed_ms, trial.now_ms);
    assert_int_equal(away(&trial), 0);
    pass_observation(&trial);
    REPLACE(&trial, "drain 1+2 new", "deploy 1+2 new", "smoke 1+2 new", "restore 1+2 new", "drain 3+2 new");
    assert_int_equal(trial.state.confirmed_share, 6000);
    assert_int_equal(away(&trial), 2);
    REPLACE(&trial, "deploy 3+2 new", "smoke 3+2 new", "restore 3+2 new");
    assert_int_equal(trial.state.step, AT_WATCH);
    assert_int_equal(trial.state.confirmed_share, SHARE_WHOLE);
    /* Nothing serves beside the candidate any more: what compares with stable cannot hold it up. */
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(trial.state.phase, PHASE_PROMOTED);
}

static void test_parts_that_are_not_declared(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    trial.plan.parts[REPLACE_DRAIN].reference = PLAN_NONE;
    trial.plan.parts[REPLACE_SMOKE].reference = PLAN_NONE;
    trial.plan.parts[REPLACE_RESTORE].reference = PLAN_NONE;
    trial.plan.steps[AT_ALL].batch = 3;
    trial.plan.max_unavailable = 3;
    to_first_host(&trial);
    REPLACE(&trial, "deploy 0+1 new");
    assert_int_equal(trial.state.step, AT_OBSERVE);
    pass_observation(&trial);
    REPLACE(&trial, "deploy 1+3 new", "deploy 4+1 new");
    assert_int_equal(trial.state.step, AT_WATCH);
}

static void test_tries_are_the_parts_own(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_first_host(&trial);
    trial_result(&trial, RESULT_AGAIN);
    assert_sent(&trial, "-");
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_sent(&trial, "drain 0+1 new");
    assert_int_equal(trial_action(&trial).tries, 1);
    assert_false(trial_action(&trial).is_new);
    trial_result(&trial, RESULT_UNKNOWN); /* of two tries the second */
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);

    trial = hosts_trial();
    to_first_host(&trial);
    done(&trial);
    assert_sent(&trial, "deploy 0+1 new");
    trial_result(&trial, RESULT_UNKNOWN); /* unsafe */
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
}

static void test_restart_in_mid_batch(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_all(&trial);
    done(&trial);
    assert_sent(&trial, "deploy 1+2 new");
    uint32_t sequence = trial_action(&trial).sequence;
    struct action again = deployment_redrive(&trial.plan, &trial.state);
    assert_int_equal(again.sequence, sequence);
    assert_int_equal(again.host, 1);
    assert_int_equal(again.batch, 2);
    assert_int_equal(again.reference, DEPLOY);
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED, .gap_ms = 0});
    done(&trial);
    assert_sent(&trial, "smoke 1+2 new");
}

static void test_failed_smoke_takes_all_back(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_all(&trial);
    done(&trial);
    done(&trial);
    assert_sent(&trial, "smoke 1+2 new");
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.ending, ENDING_FAILED);
    assert_true(trial.decision.quarantines);
    /* The batch in work first: it is out of service already. */
    REPLACE(&trial, "drain 1+2 old", "deploy 1+2 old", "smoke 1+2 old", "restore 1+2 old");
    assert_int_equal(trial.state.confirmed_share, 2000);
    REPLACE(&trial, "drain 0+1 old", "deploy 0+1 old", "smoke 0+1 old", "restore 0+1 old");
    assert_int_equal(trial.state.confirmed_share, 0);
    assert_sent(&trial, "other");
    assert_int_equal(trial_action(&trial).reference, UNMIGRATE);
    done(&trial);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

static void test_a_rule_stops_the_batch_in_flight(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    trial.plan.parts[REPLACE_DEPLOY].undo = UNDEPLOY;
    trial.plan.parts[REPLACE_DRAIN].undo = UNMIGRATE; /* means nothing: the way back is drained as well */
    to_all(&trial);
    done(&trial);
    uint32_t deploy = trial.state.flight.sequence;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_sent(&trial, "cancel 1+2 new");
    assert_int_equal(trial_action(&trial).cancels, deploy);
    done(&trial);
    REPLACE(&trial, "drain 1+2 old", "undeploy 1+2 new", "smoke 1+2 old", "restore 1+2 old", "drain 0+1 old",
            "undeploy 0+1 new", "smoke 0+1 old", "restore 0+1 old");
    done(&trial);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(trial.state.ending, ENDING_FAILED);
}

static void test_files_are_there_before_the_version(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    trial.plan.parts[REPLACE_CONFIGURE].reference = CONFIGURE;
    trial.plan.parts[REPLACE_CONFIGURE].undo = UNCONFIGURE;
    to_first_host(&trial);
    REPLACE(&trial, "drain 0+1 new", "configure 0+1 new", "deploy 0+1 new");
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    REPLACE(&trial, "drain 0+1 old", "unconfigure 0+1 new", "deploy 0+1 old", "smoke 0+1 old",
            "restore 0+1 old");
    done(&trial);
}

static void test_nothing_touched_nothing_to_take_back(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    trial_turn(&trial);
    done(&trial);
    (void)trial_verb(&trial, VERB_ABORT);
    assert_sent(&trial, "cancel");
    done(&trial);
    assert_int_equal(trial_action(&trial).reference, UNMIGRATE);
    done(&trial);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

/* All five hosts have it, the watch fails. */
static struct trial watching(void)
{
    struct trial trial = hosts_trial();

    trial.plan.parts[REPLACE_DRAIN].reference = PLAN_NONE;
    trial.plan.parts[REPLACE_SMOKE].reference = PLAN_NONE;
    trial.plan.parts[REPLACE_RESTORE].reference = PLAN_NONE;
    to_first_host(&trial);
    done(&trial);
    pass_observation(&trial);
    done(&trial);
    done(&trial);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    return trial;
}

static void test_back_as_many_as_may_be_away(void **state)
{
    struct trial trial = watching();

    (void)state;
    REPLACE(&trial, "deploy 3+2 old", "deploy 1+2 old", "deploy 0+1 old");
    assert_int_equal(trial_action(&trial).reference, UNMIGRATE);
}

static void test_a_dead_host_does_not_keep_the_others(void **state)
{
    struct trial trial = watching();

    (void)state;
    assert_sent(&trial, "deploy 3+2 old");
    trial_result(&trial, RESULT_FAILED); /* host 4 is dead: from now on one by one */
    assert_sent(&trial, "deploy 4+1 old");
    trial_result(&trial, RESULT_AGAIN);
    REPLACE(&trial, "deploy 3+1 old", "deploy 2+1 old", "deploy 1+1 old", "deploy 0+1 old");
    assert_int_equal(away(&trial), 1);
    for (int round = 0; round < 3; round++) {
        assert_sent(&trial, round == 0 ? "deploy 4+1 old" : "-");
        if (round > 0) {
            trial_tick(&trial, BACKOFF_FIRST_MS << (round - 1));
            assert_sent(&trial, "deploy 4+1 old");
        }
        trial_result(&trial, RESULT_UNKNOWN);
    }
    trial_tick(&trial, BACKOFF_MAX_MS);
    done(&trial);
    assert_int_equal(trial_action(&trial).reference, UNMIGRATE);
}

static void test_no_room_beside_the_dead(void **state)
{
    struct trial trial = watching();

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_sent(&trial, "deploy 4+1 old");
    trial_result(&trial, RESULT_FAILED);
    assert_sent(&trial, "deploy 3+1 old");
    trial_result(&trial, RESULT_FAILED); /* two dead ones are all that may be away */
    assert_sent(&trial, "-");
    assert_int_equal(trial.state.flight.retry_ms, trial.now_ms + BACKOFF_FIRST_MS);
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_sent(&trial, "deploy 3+1 old");
    trial_result(&trial, RESULT_FAILED);
    assert_sent(&trial, "deploy 4+1 old");
    trial_result(&trial, RESULT_FAILED); /* the pause grows although it is this host's first one */
    assert_sent(&trial, "-");
    assert_int_equal(trial.state.flight.retry_ms, trial.now_ms + 2 * BACKOFF_FIRST_MS);
    trial_tick(&trial, 2 * BACKOFF_FIRST_MS);
    REPLACE(&trial, "deploy 4+1 old", "deploy 3+1 old", "deploy 2+1 old", "deploy 1+1 old", "deploy 0+1 old");
    assert_int_equal(trial_action(&trial).reference, UNMIGRATE);
}

static void test_rounds_have_an_end(void **state)
{
    struct trial trial = watching();

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    trial_result(&trial, RESULT_FAILED);
    trial.state.back_rounds = UINT16_MAX;
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.back_rounds, UINT16_MAX);
    assert_true(trial.state.flight.is_waiting);
}

static void test_hold_between_the_parts(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_all(&trial);
    assert_int_equal(trial_verb(&trial, VERB_HOLD), ANSWER_DONE);
    done(&trial);
    assert_sent(&trial, "-");
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_sent(&trial, "deploy 1+2 new");
    assert_int_equal(trial.state.step_state, STEP_ACTING);
}

static void test_full_leaves_no_host_out(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_first_host(&trial);
    (void)trial_verb(&trial, VERB_PROMOTE_FULL);
    for (int i = 0; i < PARTS; i++)
        done(&trial);
    assert_sent(&trial, "drain 1+2 new");
    assert_int_equal(trial.state.step, AT_ALL);
}

static void test_past_no_return(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    trial.plan.steps[AT_ONE].on_rollback = ON_ROLLBACK_HOLD;
    to_first_host(&trial);
    done(&trial);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial_verb(&trial, VERB_ROLLBACK_PAST), ANSWER_DONE);
    assert_sent(&trial, "drain 0+1 old");
    trial.plan.steps[AT_ONE].on_rollback = ON_ROLLBACK_UNDO;

    trial = hosts_trial();
    trial.plan.steps[AT_ONE].on_rollback = ON_ROLLBACK_HOLD;
    to_first_host(&trial);
    done(&trial);
    trial_result(&trial, RESULT_FAILED);
    (void)trial_verb(&trial, VERB_PROMOTE_FULL); /* the part that failed is tried again */
    assert_sent(&trial, "deploy 0+1 new");
}

static void test_as_many_hosts_as_there_may_be(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    trial.plan.host_count = PLAN_HOSTS_MAX;
    trial.plan.max_unavailable = PLAN_HOSTS_MAX;
    trial.plan.steps[AT_ALL].hosts = PLAN_HOSTS_MAX;
    trial.plan.steps[AT_ALL].batch = PLAN_HOSTS_MAX;
    to_all(&trial);
    REPLACE(&trial, "drain 1+511 new", "deploy 1+511 new", "smoke 1+511 new", "restore 1+511 new");
    assert_int_equal(trial.state.confirmed_share, SHARE_WHOLE);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_sent(&trial, "drain 0+512 old");
}

/* A freeze in mid-batch: the batch ends, the next one does not begin, and to promote is no way around it. */
static void test_a_freeze_in_mid_batch(void **state)
{
    struct trial trial = hosts_trial();

    (void)state;
    to_all(&trial);
    assert_sent(&trial, "drain 1+2 new");
    trial_event(&trial, (struct event){.kind = EVENT_VERB, .verb = VERB_PROMOTE, .is_stopped = true});
    assert_int_equal(trial.decision.answer, ANSWER_CONFLICT);
    assert_true(trial.state.is_stopped);
    assert_true(trial.state.batch > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_by_batch),
        cmocka_unit_test(test_parts_that_are_not_declared),
        cmocka_unit_test(test_tries_are_the_parts_own),
        cmocka_unit_test(test_restart_in_mid_batch),
        cmocka_unit_test(test_failed_smoke_takes_all_back),
        cmocka_unit_test(test_a_rule_stops_the_batch_in_flight),
        cmocka_unit_test(test_files_are_there_before_the_version),
        cmocka_unit_test(test_nothing_touched_nothing_to_take_back),
        cmocka_unit_test(test_back_as_many_as_may_be_away),
        cmocka_unit_test(test_a_dead_host_does_not_keep_the_others),
        cmocka_unit_test(test_no_room_beside_the_dead),
        cmocka_unit_test(test_rounds_have_an_end),
        cmocka_unit_test(test_hold_between_the_parts),
        cmocka_unit_test(test_full_leaves_no_host_out),
        cmocka_unit_test(test_past_no_return),
        cmocka_unit_test(test_as_many_hosts_as_there_may_be),
        cmocka_unit_test(test_a_freeze_in_mid_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
