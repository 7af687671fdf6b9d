/* test_journal_tables.c - idempotency keys, the outbox, names, and the views of the journal.
 * SPDX-License-Identifier: MIT */
#include "store/journal_key.h"
#include "store/journal_outbox.h"
#include "store/journal_view.h"
#include "store/sql.h"
#include "support/journal_fixture.h"

#include <math.h>
#include <stdalign.h>

/* keys */

static void test_the_same_key_is_the_same_deployment(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    unsigned char body[JOURNAL_HASH_SIZE] = {1};
    unsigned char other[JOURNAL_HASH_SIZE] = {2};
    uint64_t deployment = 0;

    (void)unused;
    bench_begin(&bench);
    assert_int_equal(journal_key_reserve(bench.journal, "ci", "k", body, &deployment), JOURNAL_KEY_NEW);
    assert_int_equal(journal_key_reserve(bench.journal, "ci", "k", body, &deployment), JOURNAL_KEY_PENDING);
    journal_key_drop(bench.journal, "ci", "k");
    assert_int_equal(journal_key_reserve(bench.journal, "ci", "k", body, &deployment), JOURNAL_KEY_NEW);
    assert_int_equal(journal_key_reserve(bench.journal, "c", "ik", body, &deployment), JOURNAL_KEY_NEW);
    bench.request.principal = "ci";
    bench.request.idempotency_key = "k";
    memcpy(bench.request.body_hash, body, sizeof(body));
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    for (int round = 0; round < 2; round++) {
        deployment = 0;
        assert_int_equal(journal_key_reserve(bench.journal, "ci", "k", body, &deployment), JOURNAL_KEY_KNOWN);
        assert_int_equal(deployment, 1);
        assert_int_equal(journal_key_reserve(bench.journal, "ci", "k", other, &deployment),
                         JOURNAL_KEY_OTHER);
        journal_key_drop(bench.journal, "ci", "k");
        bench_reopen(&bench);
    }
    /* The door forgot to ask: the journal itself refuses the second one (S1). */
    struct deployment_state second = new_state(2, PHASE_QUEUED);
    bench.request.principal = "ci";
    bench.request.idempotency_key = "k";
    add_new(&bench, &second);
    assert_int_equal(bench_commit(&bench), JOURNAL_CONSTRAINT);

    assert_int_equal(journal_key_reserve(bench.journal, "ci", "again", body, &deployment), JOURNAL_KEY_NEW);
    journal_key_attach(bench.journal, "ci", "again", 1);
    assert_int_equal(journal_key_reserve(bench.journal, "ci", "again", body, &deployment), JOURNAL_KEY_KNOWN);
    assert_int_equal(deployment, 1);
    bench_end(&bench);
}

static void test_a_key_is_free_again_after_a_day(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    unsigned char body[JOURNAL_HASH_SIZE] = {1};
    uint64_t deployment = 0;
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    for (uint64_t id = 1; id <= 2; id++) {
        state.id = id;
        assert_int_equal(journal_key_reserve(bench.journal, "ci", "k", body, &deployment), JOURNAL_KEY_NEW);
        bench.request.principal = "ci";
        bench.request.idempotency_key = "k";
        add_new(&bench, &state);
        assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
        assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
        assert_true(sql_execute(&sql, "UPDATE requests SET wall_ms = wall_ms - 86400001"));
        sql_close(&sql);
        bench_reopen(&bench);
    }
    bench_end(&bench);
}

/* outbox */

struct page {
    struct bench *bench;
    size_t count;
    char ids[OUTBOX_PAGE_MAX][JOURNAL_NOTICE_ID_SIZE];
    uint32_t attempts;
    char last[64];
    int64_t next_ms;
    uint64_t given_up;
};

static void see_page(void *data, const struct journal_outbox_page *page)
{
    struct page *seen = data;

    assert_true(page->is_good);
    seen->count = page->count;
    for (size_t i = 0; i < page->count; i++)
        memcpy(seen->ids[i], page->rows[i].id, JOURNAL_NOTICE_ID_SIZE);
    if (page->count > 0) {
        const struct journal_outbox_row *row = &page->rows[page->count - 1];
        (void)snprintf(seen->last, sizeof(seen->last), "%s %s %s %llu", row->receiver, row->kind, row->body,
                       (unsigned long long)row->deployment);
        seen->attempts = row->attempts;
    }
    seen->next_ms = page->next_ms;
    seen->given_up = page->given_up;
    seen->bench->is_done = true;
}

static void look(struct page *page, int64_t now_ms, size_t limit)
{
    struct err err = {0};

    assert_true(journal_outbox_due(page->bench->journal, now_ms, limit, see_page, page, &err));
    bench_wait(page->bench);
}

static void test_notices_wait_until_they_are_delivered(void **unused)
{
    struct bench bench = {0};
    struct page page = {.bench = &bench};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    struct journal_notice notices[] = {
        {"msg_1", "webhook:ops", "held", "{\"a\":1}", 1, 100},
        {"msg_2", "webhook:ops", "rolled_back", "{\"b\":2}", 1, 50},
        {"msg_2", "webhook:ops", "rolled_back", "{\"b\":2}", 1, 50}, /* not twice */
        {"msg_3", "slack:deploys", "held", "{}", 1, 900},
    };
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    bench.texts.notices = notices;
    bench.texts.notice_count = ARRAY_LENGTH(notices);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench.texts.notice_count = 0;
    look(&page, 49, 10);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.next_ms, 50);
    look(&page, 100, 10);
    assert_int_equal(page.count, 1); /* one of each receiver, the one that is due the longest */
    assert_string_equal(page.ids[0], "msg_2");
    assert_int_equal(page.next_ms, 900);
    look(&page, 900, 10);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.ids[0], "msg_2");
    assert_string_equal(page.ids[1], "msg_3");
    assert_true(page.next_ms == INT64_MAX);
    look(&page, 900, 1);
    assert_int_equal(page.count, 1);

    /* Changes are in the queue before the next look, and survive. */
    assert_true(journal_outbox_done(bench.journal, "msg_2", true, &err));
    look(&page, 100, 10);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.last, "webhook:ops held {\"a\":1} 1");
    assert_true(journal_outbox_retry(bench.journal, "msg_1", 200, &err));
    bench_reopen(&bench);
    look(&page, 200, 10);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.ids[0], "msg_1");
    assert_int_equal(page.attempts, 1);
    assert_true(journal_outbox_done(bench.journal, "msg_1", false, &err));
    assert_true(journal_outbox_done(bench.journal, "msg_3", true, &err));
    look(&page, 1000, 10);
    assert_int_equal(page.count, 0);
    assert_true(page.next_ms == INT64_MAX);
    bench_end(&bench);
}

/* One that was tried in vain holds up what came later of its deployment, and of no other; else an incident
 * could end before it began. */
static void test_a_notice_is_not_overtaken_by_later_ones(void **unused)
{
    struct bench bench = {0};
    struct page page = {.bench = &bench};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    struct journal_notice notices[] = {{"msg_1", "pagerduty:ops", "held", "{}", 1, 100},
                                       {"msg_2", "pagerduty:ops", "resumed", "{}", 1, 110},
                                       {"msg_3", "pagerduty:ops", "held", "{}", 2, 120},
                                       {"msg_4", "slack:ops", "resumed", "{}", 1, 130}};
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    bench.texts.notices = notices;
    bench.texts.notice_count = ARRAY_LENGTH(notices);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench.texts.notice_count = 0;
    assert_true(journal_outbox_retry(bench.journal, "msg_1", 500, &err));
    look(&page, 200, 10);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.ids[0], "msg_3"); /* another deployment's */
    assert_string_equal(page.ids[1], "msg_4"); /* another receiver's */
    assert_int_equal(page.next_ms, 500);
    assert_true(journal_outbox_done(bench.journal, "msg_3", true, &err));
    assert_true(journal_outbox_done(bench.journal, "msg_4", true, &err));
    look(&page, 499, 10);
    assert_int_equal(page.count, 0);
    assert_true(journal_outbox_wake(bench.journal, "slack:ops", 300, &err)); /* it is another's */
    look(&page, 499, 10);
    assert_int_equal(page.count, 0);
    assert_true(journal_outbox_wake(bench.journal, "pagerduty:ops", 300, &err)); /* it answers again */
    look(&page, 300, 10);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.ids[0], "msg_1");
    assert_int_equal(page.attempts, 1);
    assert_true(journal_outbox_done(bench.journal, "msg_1", true, &err));
    look(&page, 500, 10);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.ids[0], "msg_2");
    bench_end(&bench);
}

/* What happened at once is told in the order in which it happened. */
static void test_notices_of_one_moment_keep_their_order(void **unused)
{
    struct bench bench = {0};
    struct page page = {.bench = &bench};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    struct journal_notice notices[] = {{"msg_z", "webhook:ops", "held", "{}", 1, 100},
                                       {"msg_m", "webhook:ops", "escalated", "{}", 1, 100},
                                       {"msg_a", "webhook:ops", "promoted", "{}", 1, 100}};
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    bench.texts.notices = notices;
    bench.texts.notice_count = ARRAY_LENGTH(notices);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    for (size_t i = 0; i < ARRAY_LENGTH(notices); i++) {
        look(&page, 100, 10);
        assert_int_equal(page.count, 1);
        assert_string_equal(page.ids[0], notices[i].id);
        assert_true(journal_outbox_done(bench.journal, notices[i].id, true, &err));
    }
    bench_end(&bench);
}

static void test_a_receiver_that_is_away_has_a_bounded_queue(void **unused)
{
    enum { MORE = OUTBOX_RECEIVER_MAX + 3 };
    static struct journal_notice notices[MORE + 1];
    struct bench bench = {0};
    struct page page = {.bench = &bench};

    (void)unused;
    bench_begin(&bench);
    for (int i = 0; i <= MORE; i++) {
        notices[i] = (struct journal_notice){
            .receiver = i == MORE ? "slack:b" : "slack:a", .kind = "held", .body = "{}", .due_ms = i};
        (void)snprintf(notices[i].id, sizeof(notices[i].id), "msg_%05d", i);
    }
    bench.texts.notices = notices;
    bench.texts.notice_count = ARRAY_LENGTH(notices);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    look(&page, MORE, 2);
    assert_int_equal(page.given_up, 3);
    assert_string_equal(page.ids[0], "msg_00003");
    bench_end(&bench);
}

/* names */

static void test_names_have_numbers(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    const char *first = NULL;
    const char *second = NULL;

    (void)unused;
    bench_begin(&bench);
    uint32_t forgotten = journal_target(bench.journal, "mailer", "prod");
    assert_int_equal(bench.target, 1);
    assert_int_equal(forgotten, 2);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_reopen(&bench);
    assert_int_equal(journal_target(bench.journal, "shop", "prod"), 1);
    assert_false(journal_target_names(bench.journal, forgotten, &first, &second)); /* no row named it */
    assert_true(journal_target_last(bench.journal) >= 1);
    assert_true(journal_target_names(bench.journal, 1, &first, &second));
    assert_string_equal(first, "shop");
    assert_string_equal(second, "prod");
    assert_true(journal_version(bench.journal, bench.start.version_key, &first, &second));
    assert_string_equal(first, "2.4.1");
    assert_string_equal(second, "sha256:aa");
    assert_false(journal_version(bench.journal, 12345, &first, &second));
    for (int i = 0; i < 1000; i++) {
        char version[16];
        (void)snprintf(version, sizeof(version), "1.%d", i);
        assert_true(journal_version_key(bench.journal, version, "") != 0);
        assert_int_not_equal(journal_target(bench.journal, version, "prod"), 0);
    }
    assert_true(
        journal_version(bench.journal, journal_version_key(bench.journal, "1.7", ""), &first, &second));
    assert_string_equal(first, "1.7");
    assert_int_equal(journal_target(bench.journal, "1.7", "prod"),
                     journal_target(bench.journal, "1.7", "prod"));
    bench_end(&bench);
}

/* views */

enum { ARENA_BYTES = 256 * 1024 };

struct reading {
    struct journal_view *view;
    struct arena arena;
    alignas(max_align_t) unsigned char memory[ARENA_BYTES];
    struct err err;
};

static void begin_reading(struct reading *reading, const struct bench *bench)
{
    arena_init(&reading->arena, reading->memory, ARENA_BYTES);
    if (!journal_view_open(bench->path, &reading->view, &reading->err))
        fail_msg("%s", reading->err.text);
}

static void add_deployments(struct bench *bench, uint64_t count)
{
    for (uint64_t id = 1; id <= count; id++) {
        struct deployment_state state = new_state(id, id == count ? PHASE_RUNNING : PHASE_PROMOTED);
        bench->start.target = journal_target(bench->journal, id % 2 == 0 ? "shop" : "mailer", "prod");
        add_new(bench, &state);
        assert_int_equal(bench_commit(bench), JOURNAL_FINE);
    }
}

static size_t list(struct reading *reading, const struct journal_filter *filter, uint64_t *ret_first)
{
    const struct journal_deployment *rows = NULL;
    size_t count = 0;

    arena_reset(&reading->arena);
    if (!journal_view_list(reading->view, filter, &reading->arena, &rows, &count, &reading->err))
        fail_msg("%s", reading->err.text);
    *ret_first = count == 0 ? 0 : rows[0].id;
    return count;
}

static void test_deployments_are_listed(void **unused)
{
    static struct reading reading;
    struct bench bench = {0};
    const struct journal_deployment *row = NULL;
    const char *sealed = NULL;
    uint64_t first = 0;

    (void)unused;
    bench_begin(&bench);
    add_deployments(&bench, 9);
    begin_reading(&reading, &bench);
    assert_int_equal(list(&reading, &(struct journal_filter){.limit = 100}, &first), 9);
    assert_int_equal(first, 9);
    assert_int_equal(list(&reading, &(struct journal_filter){.limit = 4, .before = 6}, &first), 4);
    assert_int_equal(first, 5);
    assert_int_equal(list(&reading, &(struct journal_filter){.service = "shop", .limit = 100}, &first), 4);
    assert_int_equal(first, 8);
    assert_int_equal(list(&reading, &(struct journal_filter){.environment = "staging", .limit = 1}, &first),
                     0);
    assert_int_equal(
        list(&reading, &(struct journal_filter){.phases = 1U << PHASE_RUNNING, .limit = 100}, &first), 1);

    assert_true(journal_view_deployment(reading.view, 4, &reading.arena, &row, &reading.err));
    assert_string_equal(row->service, "shop");
    assert_string_equal(row->version, "2.4.1");
    assert_string_equal(row->previous, "2.4.0");
    assert_true(row->ended_ms >= row->created_ms && row->created_ms > 0);
    assert_int_equal(row->state.phase, PHASE_PROMOTED);
    assert_false(journal_view_deployment(reading.view, 44, &reading.arena, &row, &reading.err));
    assert_int_equal(reading.err.code, ERR_NOT_FOUND);
    assert_true(journal_view_last(reading.view, "mailer", "prod", &reading.arena, &row, &reading.err));
    assert_int_equal(row->id, 9);
    assert_true(journal_view_sealed(reading.view, 4, &reading.arena, &sealed, &reading.err));
    assert_string_equal(sealed, "services: { };");
    reading.arena.size = 512;
    arena_reset(&reading.arena);
    assert_false(journal_view_last(reading.view, "mailer", "prod", &reading.arena, &row, &reading.err));
    assert_int_equal(reading.err.code, ERR_LIMIT);
    journal_view_close(reading.view);
    bench_end(&bench);
}

static void add_evidence(struct bench *bench, const struct deployment_state *state)
{
    struct batch_row *row = add_row(bench, ROW_VERDICT, state);

    row->rule = 3;
    row->judgement =
        (struct judgement){.verdict = VERDICT_FAIL, .value = 0.25, .bound = INFINITY, .estimate = NAN};
    add_trace(bench, state, TRACE_FAIL, 3, 0);
    bench->batch->rows[bench->batch->count - 1].token = bench->request.token;
    add_row(bench, ROW_ACTION, state)->action =
        (struct action){.kind = ACTION_COMMAND, .sequence = 1, .reference = 2, .is_rollback = true};
    row = add_row(bench, ROW_RESULT, state);
    row->sequence = 1;
    row->result = RESULT_AGAIN;
}

static void test_the_evidence_of_one_deployment(void **unused)
{
    static struct reading reading;
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_RUNNING);
    struct rule_state rules[PLAN_RULES_MAX];
    struct rule_state rule = {.next_block = 5};
    const struct journal_verdict *verdicts = NULL;
    const struct journal_audit *audits = NULL;
    const struct journal_action *actions = NULL;
    uint32_t bits = 0;
    size_t count = 0;

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &state);
    add_evidence(&bench, &state);
    struct batch_row *row = add_row(&bench, ROW_RULE, &state);
    row->rule = 3;
    row->rule_state = &rule;
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    begin_reading(&reading, &bench);
    assert_true(
        journal_view_verdicts(reading.view, 1, 0, 10, &reading.arena, &verdicts, &count, &reading.err));
    assert_int_equal(count, 1);
    assert_int_equal(verdicts[0].rule, 3);
    assert_int_equal(verdicts[0].judgement.verdict, VERDICT_FAIL);
    assert_true(verdicts[0].judgement.value == 0.25 && isinf(verdicts[0].judgement.bound));
    assert_true(isnan(verdicts[0].judgement.estimate));
    assert_true(journal_view_audit(reading.view, 1, 0, 10, &reading.arena, &audits, &count, &reading.err));
    assert_int_equal(count, 2);
    assert_string_equal(audits[0].what, "accepted");
    assert_string_equal(audits[1].what, trace_kind_name(TRACE_FAIL));
    assert_string_equal(audits[1].actor, "alice");
    assert_int_equal(audits[1].a, 3);
    assert_true(journal_view_audit(reading.view, 0, 1, 10, &reading.arena, &audits, &count, &reading.err));
    assert_int_equal(count, 1);
    assert_int_equal(audits[0].event, 2);
    assert_true(journal_view_actions(reading.view, 1, 0, 10, &reading.arena, &actions, &count, &reading.err));
    assert_int_equal(count, 1);
    assert_true(actions[0].has_result && actions[0].is_rollback);
    assert_int_equal(actions[0].result, RESULT_AGAIN);
    assert_int_equal(actions[0].tries, 1);
    assert_int_equal(actions[0].reference, 2);
    assert_true(journal_view_rules(reading.view, 1, rules, &bits, &reading.err));
    assert_int_equal(bits, 1 << 3);
    assert_int_equal(rules[3].next_block, 5);
    journal_view_close(reading.view);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_key_is_the_same_deployment),
        cmocka_unit_test(test_a_key_is_free_again_after_a_day),
        cmocka_unit_test(test_notices_wait_until_they_are_delivered),
        cmocka_unit_test(test_notices_of_one_moment_keep_their_order),
        cmocka_unit_test(test_a_notice_is_not_overtaken_by_later_ones),
        cmocka_unit_test(test_a_receiver_that_is_away_has_a_bounded_queue),
        cmocka_unit_test(test_names_have_numbers),
        cmocka_unit_test(test_deployments_are_listed),
        cmocka_unit_test(test_the_evidence_of_one_deployment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
