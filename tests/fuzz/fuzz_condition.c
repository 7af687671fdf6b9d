/* fuzz_condition.c - libFuzzer: any text as a condition of a rule or a task, an expectation and a template.
 * SPDX-License-Identifier: MIT */
#include "config/condition.h"
#include "config/config.h"
#include "config/expectation.h"
#include "config/task_condition.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct condition_metric metrics[] = {
    {.name = "errors", .kind = SERIES_COUNT, .unit = "", .names_side = true},
    {.name = "latency", .kind = SERIES_HISTOGRAM, .unit = "s", .names_side = true},
    {.name = "lag", .kind = SERIES_GAUGE, .unit = "ms", .names_side = false},
};

/* The evaluator trusts that the stack never runs empty and ends with one operand. */
static void check_stack(const struct expression *expression)
{
    int depth = 0;

    for (uint8_t i = 0; i < expression->count; i++) {
        enum expression_op op = expression->nodes[i].op;
        int takes = op <= EXPRESSION_EXTRACT ? 0 : op <= EXPRESSION_OR ? 2 : 1;
        if (depth < takes)
            abort();
        depth += 1 - takes;
        if (depth > EXPRESSION_DEPTH_MAX || expression->nodes[i].timer >= EXPRESSION_TIMERS_MAX)
            abort();
    }
    if (depth != 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const pairs[] = {"version", "1\"'\\\n", "slot", "blue"};
    alignas(max_align_t) static unsigned char memory[2 * TEXT_MAX];
    char text[TEXT_MAX + 1] = "";
    char filled[TEXT_MAX];
    struct arena arena;
    struct condition condition;
    struct smoke_check check = {.kind = (enum smoke_kind)(size % (SMOKE_EXEC + 1))};
    struct expression fail_when;
    struct task_skip skip;
    struct err err;

    memcpy(text, bytes, size > TEXT_MAX ? TEXT_MAX : size);
    if (condition_parse(text, metrics, ARRAY_LENGTH(metrics), NULL, 0, &condition, &err)) {
        check_stack(&condition.expression);
        for (uint8_t i = 0; i < condition.metric_count; i++)
            if (condition.metrics[i] >= ARRAY_LENGTH(metrics))
                abort();
    }
    arena_init(&arena, memory, sizeof(memory));
    if (expectation_parse(text, &arena, &check, &err))
        check_stack(&check.expectation);
    if (task_condition_fail(text, SCAN_SARIF, &fail_when, &err))
        check_stack(&fail_when);
    arena_init(&arena, memory, sizeof(memory));
    if (task_condition_skip(text, &arena, &skip, &err))
        check_stack(&skip.when);
    for (enum template_escape escape = TEMPLATE_PLAIN; escape <= TEMPLATE_JSON; escape++)
        (void)!template_fill(text, pairs, 2, escape, filled, sizeof(filled), &err);
    return 0;
}
