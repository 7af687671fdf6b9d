/* test_possible.c - what may be asked of a deployment in each state, as the console's buttons have it.
 * SPDX-License-Identifier: MIT */
#include "api/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct row {
    enum deployment_phase phase;
    enum step_state step_state;
    const char *words;
};

static const struct row rows[] = {
    {PHASE_QUEUED, STEP_IDLE, "abort "},
    {PHASE_ADMITTING, STEP_IDLE, "abort "},
    {PHASE_RUNNING, STEP_ACTING, "rollback abort hold promote_full mute "},
    {PHASE_RUNNING, STEP_OBSERVING, "rollback abort hold promote promote_full mute "},
    {PHASE_RUNNING, STEP_WAITING, "rollback abort approve reject hold promote_full mute "},
    {PHASE_RUNNING, STEP_HELD, "rollback abort resume promote promote_full mute "},
    {PHASE_WATCHING, STEP_OBSERVING, "rollback abort hold promote promote_full mute "},
    {PHASE_ROLLING_BACK, STEP_IDLE, ""},
    {PHASE_PROMOTED, STEP_IDLE, ""},
    {PHASE_ROLLED_BACK, STEP_IDLE, "retry "},
    {PHASE_REJECTED, STEP_IDLE, "retry "},
    {PHASE_CANCELLED, STEP_IDLE, "retry "},
    {PHASE_SUPERSEDED, STEP_IDLE, "retry "},
};

static void assert_possible(const struct record *record, const char *wanted)
{
    const char *verbs[RECORD_POSSIBLE_MAX];
    char words[256] = "";
    struct text text;
    size_t count = record_possible(record, verbs);

    text_init(&text, words, sizeof(words));
    for (size_t i = 0; i < count; i++)
        text_add(&text, "%s ", verbs[i]);
    assert_string_equal(words, wanted);
}

static void every_state_has_its_verbs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct deployment_state deployment = {.phase = rows[i].phase, .step_state = rows[i].step_state};
        struct journal_deployment row = {.kind = PLAN_DEPLOY};
        struct record record = {.row = &row, .state = &deployment};
        assert_possible(&record, rows[i].words);
    }
}

static void nobody_approves_what_a_gate_decides(void **state)
{
    struct deployment_state deployment = {
        .phase = PHASE_RUNNING, .step_state = STEP_WAITING, .flight = {.kind = ACTION_GATE}};
    struct journal_deployment row = {.kind = PLAN_DEPLOY};
    struct record record = {.row = &row, .state = &deployment};

    (void)state;
    assert_possible(&record, "rollback abort hold promote_full mute ");
}

static void the_way_back_of_what_serves_is_one_while_its_slot_stands(void **state)
{
    struct deployment_state deployment = {.phase = PHASE_PROMOTED};
    struct journal_deployment row = {.kind = PLAN_DEPLOY};
    struct record record = {.row = &row, .state = &deployment, .is_way_back = true};

    (void)state;
    assert_possible(&record, "rollback ");
}

static void no_rollback_is_wanted_once_more(void **state)
{
    struct deployment_state deployment = {.phase = PHASE_ROLLED_BACK};
    struct journal_deployment row = {.kind = PLAN_ROLLBACK};
    struct record record = {.row = &row, .state = &deployment};

    (void)state;
    assert_possible(&record, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_its_verbs),
        cmocka_unit_test(nobody_approves_what_a_gate_decides),
        cmocka_unit_test(the_way_back_of_what_serves_is_one_while_its_slot_stands),
        cmocka_unit_test(no_rollback_is_wanted_once_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
