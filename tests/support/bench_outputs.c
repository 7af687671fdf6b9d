/* bench_outputs.c - on the api's bench: actions in the journal, and what their commands printed.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <string.h>

static void committed(void *data, const struct journal_result *result)
{
    struct api_bench *bench = data;

    assert_int_equal(result->fault, JOURNAL_FINE);
    bench->batch->count = 0;
    bench->is_committed = true;
}

static void commit(struct api_bench *bench)
{
    bench->batch->now_ms = journal_clock_ms(bench->journal);
    bench->is_committed = false;
    journal_commit(bench->journal, bench->batch, &bench->texts, committed, bench);
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
}

static struct batch_row *add_row(struct api_bench *bench, enum row_kind kind, uint64_t deployment)
{
    struct batch_row *row = &bench->batch->rows[bench->batch->count++];

    *row =
        (struct batch_row){.kind = kind, .deployment = deployment, .state = &bench->states[deployment - 1]};
    return row;
}

void api_bench_action(struct api_bench *bench, uint64_t deployment, uint32_t sequence, enum action_kind kind)
{
    bench->texts = (struct journal_texts){0};
    add_row(bench, ROW_ACTION, deployment)->action =
        (struct action){.kind = kind, .sequence = sequence, .is_new = true, .limit_ms = 1000};
    commit(bench);
}

void api_bench_result(struct api_bench *bench, uint64_t deployment, uint32_t sequence, enum result result,
                      const char *why)
{
    const struct journal_why said = {.deployment = deployment, .text = why};

    bench->texts = (struct journal_texts){.why_count = 1, .whys = &said};
    struct batch_row *row = add_row(bench, ROW_RESULT, deployment);
    row->sequence = sequence;
    row->result = result;
    add_row(bench, ROW_TRACE, deployment)->trace =
        (struct trace){.kind = TRACE_RESULT, .a = sequence, .b = (uint32_t)result};
    commit(bench);
}

static void tell(void *data)
{
    struct api_bench *bench = data;
    const struct err *failure = bench->outputs_failure.code == ERR_NONE ? NULL : &bench->outputs_failure;

    bench->outputs_told(bench->outputs_data, bench->outputs, bench->output_count, bench->are_outputs_cut,
                        failure);
}

void api_bench_outputs(void *data, const struct api_outputs_wanted *wanted, api_outputs_told *done,
                       void *done_data)
{
    struct api_bench *bench = data;
    struct text text;

    text_init(&text, bench->last.text, sizeof(bench->last.text));
    text_add(&text, "outputs %c%llu after %s of", wanted->owner, (unsigned long long)wanted->id,
             wanted->after == NULL ? "none" : wanted->after);
    for (size_t i = 0; i < wanted->count; i++)
        text_add(&text, " %u", wanted->sequences[i]);
    bench->outputs_told = done;
    bench->outputs_data = done_data;
    if (!bench->is_slow)
        loop_defer(bench->loop, tell, bench);
}

size_t api_bench_recoveries(void *data, const struct api_recovery **ret_rows)
{
    (void)data;
    *ret_rows = NULL;
    return 0;
}

uint64_t api_bench_stack_run(void *data, const char *stack, const char *environment)
{
    const struct api_bench *bench = data;

    return strcmp(stack, "network") == 0 && strcmp(environment, "prod") == 0 ? bench->stack_run : 0;
}
