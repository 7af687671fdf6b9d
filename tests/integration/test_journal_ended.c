/* test_journal_ended.c - what is measured of deployments that ended, in a journal whose times are known.
 * SPDX-License-Identifier: MIT */
#include "store/journal_ended.h"

#include "support/journal_fixture.h"

enum { SECOND = 1000, ENDED_MAX = 8 };

/* Engine time of the story's begin: later than what opening the journal wrote. */
static int64_t begin_ms;

struct found {
    size_t count;
    struct journal_ended rows[ENDED_MAX];
    char strategies[ENDED_MAX][16];
};

static void take(void *data, const struct journal_ended *row)
{
    struct found *found = data;

    assert_true(found->count < ENDED_MAX);
    found->rows[found->count] = *row;
    (void)snprintf(found->strategies[found->count++], 16, "%s", row->strategy);
}

/* Commits what was added as at `second` of the story. */
static void commit_at(struct bench *bench, int64_t second)
{
    bench->batch->now_ms = begin_ms + second * SECOND;
    journal_commit(bench->journal, bench->batch, &bench->texts, bench_done, bench);
    bench_wait(bench);
    if (bench->result.fault != JOURNAL_FINE)
        fail_msg("%s", bench->result.text);
    bench->batch->count = 0;
}

static void start_at(struct bench *bench, struct deployment_state *state, uint64_t id, int64_t second)
{
    *state = new_state(id, PHASE_QUEUED);
    add_new(bench, state);
    commit_at(bench, second);
}

static void enter(struct bench *bench, struct deployment_state *state, enum deployment_phase phase,
                  int64_t second)
{
    state->phase = phase;
    add_row(bench, ROW_DEPLOYMENT, state);
    add_trace(bench, state, TRACE_PHASE, (uint32_t)phase, (uint32_t)state->ending);
    commit_at(bench, second);
}

static void act(struct bench *bench, struct deployment_state *state, enum action_kind kind, int64_t from,
                int64_t to)
{
    state->last_sequence++;
    add_row(bench, ROW_ACTION, state)->action =
        (struct action){.kind = kind,
                        .sequence = state->last_sequence,
                        .share = kind == ACTION_ROUTE ? SHARE_WHOLE : 0,
                        .is_new = true};
    commit_at(bench, from);
    struct batch_row *row = add_row(bench, ROW_RESULT, state);
    row->sequence = state->last_sequence;
    row->result = RESULT_DONE;
    commit_at(bench, to);
}

static void read_all(struct bench *bench, int64_t since_ms, struct found *found)
{
    const struct journal_ended_span span = {.from = 1, .before = 100, .since_ms = since_ms};
    struct journal_view *view = NULL;
    struct err err = {0};
    uint64_t newest = 0;

    *found = (struct found){0};
    if (!journal_view_open(bench->path, &view, &err) || !journal_view_ended(view, &span, take, found, &err) ||
        !journal_view_newest(view, &newest, &err))
        fail_msg("%s", err.text);
    assert_int_equal(newest, 3);
    journal_view_close(view);
}

/* dep_1: 0 accepted, 10-40 a command, 40-100 a gate, 100-105 the route, 700 promoted, 800-810 its old slot
 *        is retired.
 * dep_2: 1000 accepted, 1010-1020 a command that takes the place, 1030 a failure, 1040 on its way back, 1048
 *        disaster recovery, 1070 rolled back; it was down for 25 s.
 * dep_3: 2000 accepted, 2001 running: not over. */
static void times_are_those_of_the_story(void **state)
{
    struct bench bench = {0};
    struct deployment_state one;
    struct found found;

    (void)state;
    bench_begin(&bench);
    begin_ms = journal_clock_ms(bench.journal) + SECOND;
    start_at(&bench, &one, 1, 0);
    enter(&bench, &one, PHASE_RUNNING, 5);
    act(&bench, &one, ACTION_COMMAND, 10, 40);
    act(&bench, &one, ACTION_GATE, 40, 100);
    act(&bench, &one, ACTION_ROUTE, 100, 105);
    one.ending = ENDING_PASSED;
    enter(&bench, &one, PHASE_PROMOTED, 700);
    act(&bench, &one, ACTION_COMMAND, 800, 810);
    bench.start.strategy = "recreate";
    start_at(&bench, &one, 2, 1000);
    enter(&bench, &one, PHASE_RUNNING, 1005);
    act(&bench, &one, ACTION_COMMAND, 1010, 1020);
    add_trace(&bench, &one, TRACE_FAIL, 0, 1);
    commit_at(&bench, 1030);
    one.ending = ENDING_FAILED;
    enter(&bench, &one, PHASE_ROLLING_BACK, 1040);
    add_trace(&bench, &one, TRACE_DISASTER, 9, 0);
    commit_at(&bench, 1048);
    one.down_ms = 25 * SECOND;
    enter(&bench, &one, PHASE_ROLLED_BACK, 1070);
    start_at(&bench, &one, 3, 2000);
    enter(&bench, &one, PHASE_RUNNING, 2001);

    read_all(&bench, 0, &found);
    assert_int_equal(found.count, 2);
    const struct journal_ended *back = &found.rows[0];
    assert_int_equal(back->id, 2);
    assert_string_equal(found.strategies[0], "recreate");
    assert_int_equal(back->elapsed_ms, 70 * SECOND);
    assert_int_equal(back->back_ms, 30 * SECOND);
    assert_int_equal(back->recovery_ms, 40 * SECOND);
    assert_int_equal(back->disaster_ms, 22 * SECOND);
    assert_int_equal(back->downtime_ms, 25 * SECOND);
    const struct journal_ended *good = &found.rows[1];
    assert_int_equal(good->id, 1);
    assert_int_equal(good->phase, PHASE_PROMOTED);
    assert_int_equal(good->elapsed_ms, 700 * SECOND);
    assert_int_equal(good->working_ms, 35 * SECOND); /* the command and the route */
    assert_int_equal(good->back_ms, JOURNAL_UNKNOWN);
    assert_int_equal(good->recovery_ms, JOURNAL_UNKNOWN);
    assert_int_equal(good->disaster_ms, JOURNAL_UNKNOWN);
    assert_int_equal(good->downtime_ms, 0);
    assert_true(good->ended_ms >= good->created_ms && good->created_ms > 0);

    read_all(&bench, INT64_MAX, &found); /* all ended before */
    assert_int_equal(found.count, 0);
    one.phase = PHASE_ROLLING_BACK; /* and this one hangs, since whenever */
    one.is_escalated = true;
    enter(&bench, &one, PHASE_ROLLING_BACK, 2100);
    read_all(&bench, INT64_MAX, &found);
    assert_int_equal(found.count, 1);
    assert_true(found.rows[0].is_escalated);
    assert_int_equal(found.rows[0].elapsed_ms, JOURNAL_UNKNOWN);
    assert_int_equal(found.rows[0].downtime_ms, JOURNAL_UNKNOWN);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_those_of_the_story),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
