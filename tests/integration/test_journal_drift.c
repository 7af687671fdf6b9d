/* test_journal_drift.c - what was found of drift, and which runs failed last, as a restart finds it.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/run.h"
#include "store/journal_drift.h"
#include "store/journal_run.h"
#include "store/journal_stack.h"
#include "support/journal_fixture.h"

#include <stdalign.h>

enum { MEMORY_SIZE = 1024 * 1024, TEXT_SIZE = 512 };

static void add_text(char *to, const char *text)
{
    size_t length = strlen(to);

    (void)snprintf(to + length, TEXT_SIZE - length, "%s", text);
}

static void see_drift(void *data, const struct journal_drift_row *row)
{
    char text[128];

    assert_true(row->wall_ms > 0 && row->since_ms > 0);
    (void)snprintf(text, sizeof(text), "%s/%s %s%s %u run_%llu at %lld; ", row->stack, row->environment,
                   drift_finding_name(row->state.finding), row->state.is_failing ? " failing" : "",
                   row->state.count, (unsigned long long)row->run, (long long)row->state.looked_ms);
    add_text(data, text);
}

/* A batch that brings a finding, and nothing else that matters. */
static void commit(struct bench *bench, const char *environment, struct drift_state state)
{
    const struct journal_drift drift = {
        .stack = "network", .environment = environment, .state = state, .run = 7};

    bench->texts.drift_count = 1;
    bench->texts.drifts = &drift;
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
    bench->texts.drift_count = 0;
}

static void the_last_finding_is_known(void **unused)
{
    static alignas(max_align_t) unsigned char memory[MEMORY_SIZE];
    const struct journal_stack *stacks = NULL;
    struct journal_view *view = NULL;
    struct bench bench = {0};
    char found[TEXT_SIZE] = "";
    struct err err = {0};
    struct arena arena;
    size_t count = 0;

    (void)unused;
    bench_begin(&bench);
    commit(&bench, "prod", (struct drift_state){.looked_ms = 10, .finding = DRIFT_NONE});
    commit(&bench, "prod", (struct drift_state){.looked_ms = 20, .finding = DRIFT_FOUND, .count = 3});
    commit(&bench, "prod",
           (struct drift_state){.looked_ms = 30, .finding = DRIFT_FOUND, .count = 3, .is_failing = true});
    commit(&bench, "dev", (struct drift_state){.looked_ms = 40, .finding = DRIFT_NONE});
    bench_reopen(&bench);
    if (!journal_recover_drifts(bench.journal, see_drift, found, &err))
        fail_msg("%s", err.text);
    assert_string_equal(found, "network/dev none 0 run_7 at 40; network/prod found failing 3 run_7 at 30; ");
    assert_true(journal_view_open(bench.path, &view, &err));
    arena_init(&arena, memory, sizeof(memory));
    assert_true(journal_view_stacks(view, NULL, NULL, &arena, &stacks, &count, &err));
    assert_int_equal(count, 2); /* nobody's state is kept here, and they are shown */
    assert_string_equal(stacks[1].environment, "prod");
    assert_int_equal(stacks[1].drift.state.count, 3);
    assert_int_equal(stacks[1].newest.version, 0);
    assert_true(journal_view_stacks(view, "network", "prod", &arena, &stacks, &count, &err) && count == 1);
    journal_view_close(view);
    bench_end(&bench);
}

/* ---- runs ---- */

static void see_failed(void *data, const char *pipeline, const char *version)
{
    add_text(data, pipeline);
    add_text(data, " ");
    add_text(data, version);
    add_text(data, "; ");
}

static void end_run(struct bench *bench, uint64_t id, const char *pipeline, const char *version,
                    enum run_phase phase)
{
    const struct journal_run_start start = {.pipeline = pipeline,
                                            .service = strchr(pipeline, '/') == NULL ? "shop" : "",
                                            .version_key = journal_version_key(bench->journal, version, ""),
                                            .sealed = "text"};
    struct run_state state;

    run_init(id, 1000, 0, start.version_key, true, &state);
    state.phase = phase;
    struct batch_row *row = &bench->batch->rows[bench->batch->count++];
    *row = (struct batch_row){.kind = ROW_RUN, .run = &state, .is_new = true, .token = bench->request.token};
    bench->request.start = NULL;
    bench->request.run = &start;
    bench->texts.request_count = 1;
    bench->texts.requests = &bench->request;
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
}

/* Those that nobody ended well since; an abort says nothing, a look for drift is none, verbs are apart. */
static void the_last_failures_are_known(void **unused)
{
    struct bench bench = {0};
    char found[TEXT_SIZE] = "";
    struct err err = {0};
    uint64_t id = 0;

    (void)unused;
    bench_begin(&bench);
    end_run(&bench, ++id, "shop", "1.0", RUN_FAILED);
    end_run(&bench, ++id, "shop", "1.1", RUN_RELEASED);
    end_run(&bench, ++id, "cart", "1.0", RUN_RELEASED);
    end_run(&bench, ++id, "cart", "1.1", RUN_FAILED);
    end_run(&bench, ++id, "cart", "1.2", RUN_ABORTED);
    end_run(&bench, ++id, "network/prod", "apply", RUN_FAILED);
    end_run(&bench, ++id, "network/prod", "plan", RUN_RELEASED);
    end_run(&bench, ++id, "network/prod", "drift", RUN_FAILED);
    end_run(&bench, ++id, "network/dev", "apply", RUN_FAILED);
    end_run(&bench, ++id, "network/dev", "apply", RUN_RELEASED);
    bench_reopen(&bench);
    if (!journal_recover_failed_runs(bench.journal, see_failed, found, &err))
        fail_msg("%s", err.text);
    assert_string_equal(found, "cart 1.1; network/prod apply; ");
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_finding_is_known),
        cmocka_unit_test(the_last_failures_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
