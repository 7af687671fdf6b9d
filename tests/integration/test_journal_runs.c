/* test_journal_runs.c - runs in the journal: what is committed comes back, what must not change does not, and
 * an older journal gets their tables.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/run.h"
#include "store/journal_run.h"
#include "store/sql.h"
#include "store/stack_look.h"
#include "support/journal_fixture.h"

#include <stdalign.h>

enum { RUN = 1, TASK_DIST = 0, TASK_DEPLOYS = 1, MEMORY_SIZE = 256 * 1024 };

static const struct journal_run_start run_start = {.pipeline = "shop",
                                                   .service = "shop",
                                                   .run_url = "https://ci/2",
                                                   .commit = "abc",
                                                   .traceparent = "00-t-p-01",
                                                   .baggage = "b=2",
                                                   .sealed = "pipeline = \"shop\";"};

static struct journal_run_start start_of(struct bench *bench)
{
    struct journal_run_start start = run_start;

    start.version_key = journal_version_key(bench->journal, "2.4.1", "");
    return start;
}

static struct batch_row *add_run_row(struct bench *bench, enum row_kind kind, const struct run_state *state)
{
    struct batch_row *row = &bench->batch->rows[bench->batch->count++];

    *row = (struct batch_row){.kind = kind, .run = state};
    return row;
}

/* Its request has the bench's token. */
static void add_new_run(struct bench *bench, const struct journal_run_start *start,
                        const struct run_state *state)
{
    struct batch_row *row = add_run_row(bench, ROW_RUN, state);

    row->is_new = true;
    row->token = bench->request.token;
    row = add_run_row(bench, ROW_RUN_TRACE, state);
    row->token = bench->request.token;
    row->run_trace = (struct run_trace){.kind = RUN_TRACE_PHASE, .a = RUN_QUEUED};
    bench->request.start = NULL;
    bench->request.run = start;
    bench->texts.request_count = 1;
    bench->texts.requests = &bench->request;
}

static struct run_state new_run(struct bench *bench)
{
    struct run_state state;

    run_init(RUN, 1000, 0, journal_version_key(bench->journal, "2.4.1", ""), false, &state);
    return state;
}

struct found {
    unsigned count;
    struct run_state state;
    char sealed[64], version[32], digest[32], output[32], traceparent[32], lists[32], approval[32];
};

static bool take(void *data, const struct journal_run *run, const char *sealed,
                 const struct journal_output *outputs, size_t output_count, struct err *err)
{
    struct found *found = data;

    (void)err;
    found->count++;
    found->state = run->state;
    (void)snprintf(found->sealed, sizeof(found->sealed), "%s", sealed);
    (void)snprintf(found->version, sizeof(found->version), "%s", run->version);
    (void)snprintf(found->digest, sizeof(found->digest), "%s", run->digest);
    (void)snprintf(found->traceparent, sizeof(found->traceparent), "%s", run->traceparent);
    (void)snprintf(found->lists, sizeof(found->lists), "%s;%s", run->tracestate, run->baggage);
    if (output_count > 0)
        (void)snprintf(found->output, sizeof(found->output), "%s=%s", outputs[0].name, outputs[0].value);
    return true;
}

static void take_approval(void *data, uint64_t run, uint8_t task, const char *person)
{
    struct found *found = data;

    (void)snprintf(found->approval, sizeof(found->approval), "%llu %u %s", (unsigned long long)run, task,
                   person);
}

static struct found recover(struct bench *bench, uint64_t *ret_next)
{
    struct found found = {0};
    struct err err = {0};
    const struct journal_run_recovery recovery = {.data = &found, .run = take, .approval = take_approval};

    if (!journal_recover_runs(bench->journal, &recovery, ret_next, &err))
        fail_msg("%s", err.text);
    return found;
}

static void commit_new(struct bench *bench, struct run_state *state)
{
    const struct journal_run_start start = start_of(bench);

    *state = new_run(bench);
    add_new_run(bench, &start, state);
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
}

static void test_what_is_committed_comes_back(void **unused)
{
    struct bench bench = {0};
    struct run_state state;
    uint64_t next = 0;

    (void)unused;
    bench_begin(&bench);
    commit_new(&bench, &state);
    state.phase = RUN_RUNNING;
    state.version_key = journal_version_key(bench.journal, "2.4.1", "sha256:aa");
    state.tasks[TASK_DIST].phase = TASK_DONE;
    state.tasks[TASK_DIST].tries = 2;
    add_run_row(&bench, ROW_RUN, &state);
    add_run_row(&bench, ROW_TASK, &state)->task = TASK_DIST;
    const struct journal_task_text text = {
        .run = RUN, .task = TASK_DIST, .tries = 2, .output = "made it", .why = "at last"};
    const struct journal_output_text output = {.run = RUN, .name = "flavour", .value = "plain"};
    bench.texts.task_count = bench.texts.output_count = 1;
    bench.texts.tasks = &text;
    bench.texts.outputs = &output;
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_reopen(&bench);
    struct found found = recover(&bench, &next);
    assert_int_equal(next, RUN + 1);
    assert_int_equal(found.count, 1);
    assert_memory_equal(&found.state, &state, sizeof(state));
    assert_string_equal(found.sealed, run_start.sealed);
    assert_string_equal(found.version, "2.4.1");
    assert_string_equal(found.digest, "sha256:aa");
    assert_string_equal(found.output, "flavour=plain");
    assert_string_equal(found.traceparent, run_start.traceparent);
    assert_string_equal(found.lists, ";b=2");
    bench_end(&bench);
}

struct looks {
    unsigned count;
    char text[256];
};

static bool take_look(void *data, const struct stack_look *look)
{
    struct looks *looks = data;
    size_t length = strlen(looks->text);

    looks->count++;
    assert_true(look->wall_ms > 0);
    (void)snprintf(looks->text + length, sizeof(looks->text) - length, "%s/%s %s run_%u %s creates=%g; ",
                   look->stack, look->environment, stack_look_kind_name(look->kind), (unsigned)look->run,
                   look->is_good ? "good" : "bad", look->facts.of[FACT_CREATES]);
    return looks->count < 3;
}

static void save_look(struct bench *bench, const struct run_state *state,
                      const struct journal_stack_look *look)
{
    const struct journal_task_text text = {.run = state->id, .tries = 1, .look = look};

    add_run_row(bench, ROW_RUN, state);
    add_run_row(bench, ROW_TASK, state)->task = TASK_DIST;
    bench->texts.task_count = 1;
    bench->texts.tasks = &text;
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
}

/* The newest of each kind is kept; a kind that is not known is not shown, and who has enough ends it. */
static void test_looks_at_stacks(void **unused)
{
    const struct journal_stack_look looks[] = {
        {"network", "prod", "plan", true, "creates=2\n"}, {"network", "prod", "plan", false, ""},
        {"network", "prod", "dance", true, ""},           {"network", "dev", "plan", true, "creates=1\n"},
        {"mail", "prod", "drift", true, "drifts=0\n"},    {"network", "prod", "apply", true, ""},
    };
    struct journal_view *view = NULL;
    struct looks found = {0};
    struct bench bench = {0};
    struct run_state state;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    commit_new(&bench, &state);
    state.phase = RUN_RUNNING;
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
        save_look(&bench, &state, &looks[i]);
    assert_true(journal_view_open(bench.path, &view, &err));
    assert_true(journal_view_looks(view, take_look, &found, &err));
    journal_view_close(view);
    assert_string_equal(found.text,
                        "mail/prod drift run_1 good creates=nan; network/dev plan run_1 good creates=1; "
                        "network/prod apply run_1 good creates=nan; ");
    bench_end(&bench);
}

/* Of those that need several: the person is known after a restart, and named once. */
static void test_approvals(void **unused)
{
    static alignas(max_align_t) unsigned char memory[MEMORY_SIZE];
    const struct journal_approval *rows = NULL;
    struct journal_view *view = NULL;
    struct bench bench = {0};
    struct run_state state;
    struct err err = {0};
    struct arena arena;
    uint64_t next = 0;
    size_t count = 0;

    (void)unused;
    bench_begin(&bench);
    commit_new(&bench, &state);
    for (uint32_t i = 1; i <= 2; i++) {
        state.approvals[TASK_DIST] = (uint8_t)i;
        add_run_row(&bench, ROW_RUN, &state);
        struct batch_row *row = add_run_row(&bench, ROW_RUN_TRACE, &state);
        row->run_trace = (struct run_trace){.kind = RUN_TRACE_APPROVED, .a = TASK_DIST, .b = i};
        row->token = bench.request.token;
        bench.texts.request_count = 1;
        assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    }
    bench_reopen(&bench);
    struct found found = recover(&bench, &next);
    assert_string_equal(found.approval, "1 0 alice");
    assert_int_equal(found.state.approvals[TASK_DIST], 2);
    assert_true(journal_view_open(bench.path, &view, &err));
    arena_init(&arena, memory, sizeof(memory));
    assert_true(journal_view_approvals(view, RUN, &arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].person, "alice");
    journal_view_close(view);
    bench_end(&bench);
}

static void test_pages(void **unused)
{
    static alignas(max_align_t) unsigned char memory[MEMORY_SIZE];
    struct bench bench = {0};
    struct run_state state;
    struct journal_view *view = NULL;
    struct err err = {0};
    struct arena arena;
    const struct journal_run *rows = NULL;
    const struct journal_task *tasks = NULL;
    const char *sealed = NULL;
    size_t count = 0;

    (void)unused;
    bench_begin(&bench);
    commit_new(&bench, &state);
    state.tasks[TASK_DIST].phase = TASK_RUNNING;
    for (uint16_t tries = 1; tries <= 2; tries++) {
        state.tasks[TASK_DIST].tries = tries;
        add_run_row(&bench, ROW_TASK, &state)->task = TASK_DIST;
        assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    }
    assert_true(journal_view_open(bench.path, &view, &err));
    arena_init(&arena, memory, sizeof(memory));
    assert_true(journal_view_runs(view, "shop", 0, 10, &arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].pipeline, "shop");
    assert_string_equal(rows[0].actor, "alice");
    assert_true(journal_view_runs(view, "other", 0, 10, &arena, &rows, &count, &err));
    assert_int_equal(count, 0);
    assert_true(journal_view_run(view, RUN, &arena, &rows, &err));
    assert_true(journal_view_run_sealed(view, RUN, &arena, &sealed, &err));
    assert_string_equal(sealed, run_start.sealed);
    assert_true(journal_view_tasks(view, RUN, true, &arena, &tasks, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(tasks[1].tries, 2);
    assert_false(journal_view_run(view, RUN + 1, &arena, &rows, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    journal_view_close(view);
    bench_end(&bench);
}

/* S7, and that what passed one environment is what enters the next. */
static void test_guards(void **unused)
{
    struct bench bench = {0};
    struct run_state state;
    struct run_state other;
    struct deployment_state deployment;

    (void)unused;
    bench_begin(&bench);
    deployment_init(1, 1000, &deployment);
    add_new(&bench, &deployment);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    commit_new(&bench, &state);
    state.tasks[TASK_DEPLOYS].deployment = 1;
    add_run_row(&bench, ROW_TASK, &state)->task = TASK_DEPLOYS;
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    other = state;
    other.version_key = journal_version_key(bench.journal, "2.4.1", "sha256:bb");
    add_run_row(&bench, ROW_RUN, &other);
    assert_int_equal(bench_commit(&bench), JOURNAL_CONSTRAINT);
    state.phase = RUN_FAILED;
    add_run_row(&bench, ROW_RUN, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    state.phase = RUN_RELEASED;
    add_run_row(&bench, ROW_RUN, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_CONSTRAINT);
    bench_end(&bench);
}

/* A journal from before there were runs goes on with them, and loses nothing. */
static void test_older_schema(void **unused)
{
    static const char *const undone[] = {"DROP TRIGGER a_run_ends_once",
                                         "DROP TRIGGER an_artifact_is_fixed",
                                         "DROP TABLE stack_looks",
                                         "DROP TABLE approvals",
                                         "DROP TABLE drifts",
                                         "DROP TABLE outputs",
                                         "DROP TABLE tasks",
                                         "DROP TABLE runs",
                                         "DROP TABLE once",
                                         "DROP TABLE states",
                                         "DROP TABLE stacks",
                                         "ALTER TABLE verdicts DROP COLUMN against",
                                         "ALTER TABLE deployments DROP COLUMN traceparent",
                                         "UPDATE meta SET schema = 1, min_reader = 1"};
    struct bench bench = {0};
    struct run_state state;
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    journal_close(bench.journal);
    assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(undone); i++)
        assert_true(sql_execute(&sql, undone[i]));
    bench_open(&bench);
    assert_int_equal(sql_number(&sql, "SELECT schema FROM meta", 0), JOURNAL_SCHEMA);
    assert_int_equal(sql_number(&sql, "SELECT min_reader FROM meta", 0), JOURNAL_MIN_READER);
    sql_close(&sql);
    commit_new(&bench, &state);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_committed_comes_back),
        cmocka_unit_test(test_looks_at_stacks),
        cmocka_unit_test(test_approvals),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_older_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
