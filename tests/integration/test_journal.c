/* test_journal.c - what is committed comes back; what must never be in a journal is refused by it.
 * SPDX-License-Identifier: MIT */
#include "engine/snapshot.h"
#include "store/journal_audit.h"
#include "store/journal_recovery.h"
#include "store/sql.h"
#include "support/journal_fixture.h"

#include <sys/stat.h>

enum { KEPT_MAX = 8 };

/* What a recovery saw, copied. */
struct seen {
    size_t target_count;
    struct target_state target;
    size_t count;
    struct journal_recovered kept[KEPT_MAX];
    char sealed[64];
    char names[256]; /* texts of the newest one, blanks between */
    uint64_t next;
};

static void see_target(void *data, const struct target_state *target)
{
    struct seen *seen = data;

    seen->target_count++;
    seen->target = *target;
}

static bool see_deployment(void *data, const struct journal_recovered *recovered, struct err *err)
{
    struct seen *seen = data;
    const struct journal_deployment *deployment = &recovered->deployment;

    (void)err;
    assert_true(seen->count < KEPT_MAX);
    seen->kept[seen->count++] = *recovered;
    (void)snprintf(seen->sealed, sizeof(seen->sealed), "%s", recovered->sealed);
    (void)snprintf(seen->names, sizeof(seen->names), "%s %s %s %s %s %s %s %s %s %s %s %s %s",
                   deployment->service, deployment->environment, deployment->version, deployment->digest,
                   deployment->previous, deployment->strategy, deployment->actor, deployment->reason,
                   deployment->run_url, deployment->commit, deployment->traceparent, recovered->tracestate,
                   recovered->baggage);
    return true;
}

static void recover(struct bench *bench, struct seen *seen)
{
    struct journal_recovery recovery = {.data = seen, .target = see_target, .deployment = see_deployment};
    struct err err = {0};

    memset(seen, 0, sizeof(*seen));
    if (!journal_recover(bench->journal, &recovery, &seen->next, &err))
        fail_msg("%s", err.text);
}

static bool same_state(const struct deployment_state *a, const struct deployment_state *b)
{
    unsigned char bytes[SNAPSHOT_DEPLOYMENT_MAX];
    unsigned char others[SNAPSHOT_DEPLOYMENT_MAX];
    size_t length = snapshot_write_deployment(a, bytes);

    return snapshot_write_deployment(b, others) == length && memcmp(bytes, others, length) == 0;
}

static void test_what_is_committed_comes_back(void **unused)
{
    struct bench bench = {0};
    static struct seen seen;
    struct deployment_state state = new_state(1, PHASE_RUNNING);
    struct rule_state rule = {.next_block = 77, .last = {.verdict = VERDICT_FAIL, .value = 0.5}};
    struct target_state target = {.has_stable = true};

    (void)unused;
    bench_begin(&bench);
    bench.start.traceparent = "00-t-p-01";
    bench.start.tracestate = "a=1";
    bench.start.baggage = "b=2";
    state.step = 3;
    state.attempt = 4;
    state.last_sequence = 2;
    target.id = bench.target;
    target.stable_version_key = bench.start.previous_key;
    add_row(&bench, ROW_TARGET, NULL)->target = &target;
    add_new(&bench, &state);
    struct batch_row *row = add_row(&bench, ROW_RULE, &state);
    row->rule = 5;
    row->rule_state = &rule;
    add_route(&bench, &state, 500);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);

    bench_reopen(&bench);
    recover(&bench, &seen);
    assert_int_equal(seen.target_count, 1);
    assert_true(seen.target.stable_version_key == target.stable_version_key && seen.target.has_stable);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.next, 2);
    const struct journal_recovered *kept = &seen.kept[0];
    assert_true(same_state(&kept->deployment.state, &state));
    assert_string_equal(
        seen.names,
        "shop prod 2.4.1 sha256:aa 2.4.0 canary alice release https://ci/1 abc123 00-t-p-01 a=1 b=2");
    assert_string_equal(seen.sealed, "services: { };");
    assert_int_equal(kept->deployment.plan_hash, 99);
    assert_int_equal(kept->deployment.target, bench.target);
    assert_int_equal(kept->rule_bits, 1 << 5);
    assert_int_equal(kept->rules[5].next_block, 77);
    assert_int_equal(kept->intent_count, 1);
    assert_int_equal(kept->intents[0].sequence, 2);
    assert_int_equal(kept->intents[0].share, 500);

    /* A known end is no intent any more; what is over is not recovered, what is to be cared for is. */
    row = add_row(&bench, ROW_RESULT, &state);
    row->sequence = 2;
    row->result = RESULT_DONE;
    state.phase = PHASE_PROMOTED;
    state.care = CARE_DUE;
    add_row(&bench, ROW_DEPLOYMENT, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    recover(&bench, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.kept[0].intent_count, 0);
    assert_true(seen.kept[0].deployment.ended_ms > 0);
    state.care = CARE_DONE;
    add_row(&bench, ROW_DEPLOYMENT, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    recover(&bench, &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(seen.next, 2);
    bench_end(&bench);
}

static void test_only_we_may_read_it(void **unused)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", ".ballast"};
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    struct stat status;
    char path[128];

    (void)unused;
    mode_t before = umask(0);
    bench_begin(&bench);
    journal_close(bench.journal);
    bench.settings.ballast_bytes = 4096;
    bench_open(&bench);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", bench.path, suffixes[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    (void)umask(before);
    bench_end(&bench);
}

static void refused(struct bench *bench, const char *why)
{
    struct journal_health before = journal_health(bench->journal);

    assert_int_equal(bench_commit(bench), JOURNAL_CONSTRAINT);
    if (strstr(bench->result.text, why) == NULL)
        fail_msg("refused for another reason: %s", bench->result.text);
    assert_int_equal(journal_health(bench->journal).last_event, before.last_event);
}

static void test_a_terminal_phase_never_changes(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_ROLLED_BACK);

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    state.phase = PHASE_RUNNING;
    add_row(&bench, ROW_DEPLOYMENT, &state);
    refused(&bench, "S7");
    state.phase = PHASE_PROMOTED;
    add_row(&bench, ROW_DEPLOYMENT, &state);
    refused(&bench, "S7");
    state.phase = PHASE_ROLLED_BACK;
    add_row(&bench, ROW_DEPLOYMENT, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_end(&bench);
}

static void test_one_active_deployment_per_target(void **unused)
{
    struct bench bench = {0};
    struct deployment_state first = new_state(1, PHASE_WATCHING);
    struct deployment_state second = new_state(2, PHASE_QUEUED);
    struct deployment_state elsewhere = new_state(3, PHASE_RUNNING);

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &first);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    add_new(&bench, &second);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    second.phase = PHASE_ADMITTING;
    add_row(&bench, ROW_DEPLOYMENT, &second);
    refused(&bench, "deployments.target");
    /* The turn goes over within one batch, whatever stands first in it. */
    first.phase = PHASE_PROMOTED;
    add_row(&bench, ROW_DEPLOYMENT, &second);
    add_row(&bench, ROW_DEPLOYMENT, &first);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench.start.target = journal_target(bench.journal, "shop", "staging");
    add_new(&bench, &elsewhere);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_end(&bench);
}

/* The next route of a deployment, one step on. */
static enum journal_fault route(struct bench *bench, struct deployment_state *state, uint16_t share)
{
    state->step++;
    state->attempt++;
    state->last_sequence++;
    add_row(bench, ROW_DEPLOYMENT, state);
    add_route(bench, state, share);
    enum journal_fault fault = bench_commit(bench);
    if (fault == JOURNAL_FINE)
        return fault;
    assert_non_null(strstr(bench->result.text, "S2"));
    state->step--;
    state->attempt--;
    state->last_sequence--;
    return fault;
}

static void test_a_raise_needs_a_pass_of_its_own(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_RUNNING);

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &state);
    add_trace(&bench, &state, TRACE_STEP_PASS, 0, 0); /* of a smoke test before any traffic */
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_int_equal(route(&bench, &state, 500), JOURNAL_FINE); /* the first one is free */
    assert_int_equal(route(&bench, &state, 2500), JOURNAL_CONSTRAINT);
    assert_int_equal(route(&bench, &state, 500), JOURNAL_FINE); /* the same share once more is no raise */
    assert_int_equal(route(&bench, &state, 0), JOURNAL_FINE);   /* less is never refused (S19) */

    add_trace(&bench, &state, TRACE_STEP_PASS, state.step, state.attempt);
    assert_int_equal(route(&bench, &state, 2500), JOURNAL_FINE);
    assert_int_equal(route(&bench, &state, 10000), JOURNAL_CONSTRAINT); /* the pass is used up */
    add_trace(&bench, &state, TRACE_OVERRIDE, state.step, state.attempt);
    assert_int_equal(route(&bench, &state, 10000), JOURNAL_FINE);

    /* Neither a pass of the same step, nor another deployment's. */
    struct deployment_state other = new_state(2, PHASE_RUNNING);
    bench.start.target = journal_target(bench.journal, "shop", "staging");
    add_new(&bench, &other);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_int_equal(route(&bench, &other, 0), JOURNAL_FINE);
    assert_int_equal(route(&bench, &other, 500), JOURNAL_FINE);
    add_trace(&bench, &state, TRACE_STEP_PASS, state.step, state.attempt);
    add_trace(&bench, &other, TRACE_STEP_PASS, other.step + 1U, other.attempt + 1);
    assert_int_equal(route(&bench, &other, 10000), JOURNAL_CONSTRAINT);

    /* What was refused left no hole in the audit. */
    uint64_t count = 0;
    struct err err = {0};
    add_trace(&bench, &state, TRACE_RESUMED, 0, 0);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_true(journal_audit_verify(bench.path, &count, &err));
    assert_int_equal(count, bench.result.first_event);
    bench_end(&bench);
}

static void test_taking_back_a_promoted_one_needs_no_pass(void **unused)
{
    struct bench bench = {0};
    struct deployment_state promoted = new_state(1, PHASE_PROMOTED);
    struct deployment_state state = new_state(2, PHASE_RUNNING);

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &promoted);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench.start.kind = PLAN_ROLLBACK;
    bench.start.taken_back = 1;
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_int_equal(route(&bench, &state, 5000), JOURNAL_FINE);
    assert_int_equal(route(&bench, &state, 10000), JOURNAL_FINE);
    bench_end(&bench);
}

static void test_old_states_and_other_actions_are_refused(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_RUNNING);

    (void)unused;
    bench_begin(&bench);
    state.attempt = 3;
    state.last_sequence = 1;
    add_new(&bench, &state);
    add_route(&bench, &state, 500);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    struct deployment_state stale = state;
    stale.attempt = 2;
    add_row(&bench, ROW_DEPLOYMENT, &stale);
    refused(&bench, "lost update");
    stale = state;
    stale.last_seen_ms -= 1;
    add_row(&bench, ROW_DEPLOYMENT, &stale);
    refused(&bench, "lost update");
    stale = state;
    stale.last_sequence = 0;
    add_row(&bench, ROW_DEPLOYMENT, &stale);
    refused(&bench, "lost update");
    add_route(&bench, &state, 400);
    refused(&bench, "S5");
    struct deployment_state unknown = new_state(9, PHASE_RUNNING);
    add_row(&bench, ROW_DEPLOYMENT, &unknown);
    refused(&bench, "not in the journal");
    bench.texts.request_count = 0;
    add_new(&bench, &unknown);
    refused(&bench, "without its start");
    bench_end(&bench);
}

static int64_t stored_clock(const struct bench *bench, const char *column)
{
    struct sql sql;
    struct err err = {0};
    char text[64];

    (void)snprintf(text, sizeof(text), "SELECT %s FROM meta", column);
    assert_true(sql_open(&sql, bench->path, SQL_READS, &err));
    int64_t value = sql_number(&sql, text, -1);
    sql_close(&sql);
    return value;
}

static void test_starts_are_numbered(void **unused)
{
    struct bench bench = {0};
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    assert_int_equal(journal_starts(bench.journal), 1);
    bench_reopen(&bench);
    bench_reopen(&bench);
    assert_int_equal(journal_starts(bench.journal), 3);
    journal_close(bench.journal);
    assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
    assert_true(sql_execute(&sql, "PRAGMA user_version = 2147483647"));
    sql_close(&sql);
    bench_open(&bench);
    assert_int_equal(journal_starts(bench.journal), 1);
    bench_end(&bench);
}

static void test_the_clock_goes_on(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);

    (void)unused;
    bench_begin(&bench);
    int64_t offset_ms = stored_clock(&bench, "offset_ms");
    int64_t before_ms = journal_clock_ms(bench.journal);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_true(stored_clock(&bench, "engine_ms") >= before_ms);
    bench_reopen(&bench); /* the same boot: as if nothing had happened */
    assert_true(stored_clock(&bench, "offset_ms") == offset_ms);
    assert_true(journal_clock_ms(bench.journal) >= before_ms);

    journal_close(bench.journal); /* another boot whose monotonic clock is an hour behind */
    struct sql sql;
    struct err err = {0};
    assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
    assert_true(sql_execute(&sql, "UPDATE meta SET engine_ms = engine_ms + 3600000"));
    sql_close(&sql);
    int64_t kept_ms = stored_clock(&bench, "engine_ms");
    bench.settings.boot_id = "two";
    bench_open(&bench);
    assert_in_range(journal_clock_ms(bench.journal) - kept_ms, 0, PATIENCE_MS);
    bench_end(&bench);
}

static void not_opened(struct bench *bench, enum err_code code, const char *why)
{
    struct journal *journal = NULL;
    struct err err = {0};

    assert_false(journal_open(&bench->settings, &journal, &err));
    assert_null(journal);
    if (err.code != code || strstr(err.text, why) == NULL)
        fail_msg("not opened for another reason: %s", err.text);
}

static void test_only_what_is_ours_is_opened(void **unused)
{
    struct bench bench = {0};
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    not_opened(&bench, ERR_CONFLICT, "in use");
    journal_close(bench.journal);
    bench.journal = NULL;
    assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
    assert_true(sql_execute(&sql, "UPDATE meta SET schema = 99, min_reader = 98"));
    not_opened(&bench, ERR_INVALID, "newer verdictd");
    assert_true(sql_execute(&sql, "UPDATE meta SET min_reader = 1")); /* newer, but made for us as well */
    bench_open(&bench);
    journal_close(bench.journal);
    bench.journal = NULL;
    assert_int_equal(sql_number(&sql, "SELECT schema FROM meta", 0), 99);
    assert_true(sql_execute(&sql, "PRAGMA application_id = 5"));
    not_opened(&bench, ERR_INVALID, "another program");
    sql_close(&sql);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_committed_comes_back),
        cmocka_unit_test(test_only_we_may_read_it),
        cmocka_unit_test(test_a_terminal_phase_never_changes),
        cmocka_unit_test(test_one_active_deployment_per_target),
        cmocka_unit_test(test_a_raise_needs_a_pass_of_its_own),
        cmocka_unit_test(test_taking_back_a_promoted_one_needs_no_pass),
        cmocka_unit_test(test_old_states_and_other_actions_are_refused),
        cmocka_unit_test(test_starts_are_numbered),
        cmocka_unit_test(test_the_clock_goes_on),
        cmocka_unit_test(test_only_what_is_ours_is_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
