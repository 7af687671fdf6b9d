/* run_sentence.c - audit rows of runs in plain words.
 * SPDX-License-Identifier: MIT */
#include "api/run_sentence.h"

#include "api/route.h"
#include "orchestrator/run.h"

#include <stdio.h>
#include <string.h>

enum { ID_SIZE = 32 };

/* "run_7" stands in front of the reason. */
bool run_sentence_run(const struct journal_audit *row, uint64_t *ret_run)
{
    char id[ID_SIZE];

    (void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(row->reason, ":"), row->reason);
    return strncmp(row->what, "run_", 4) == 0 && route_parse_run(id, ret_run);
}

static void add_stage(const struct run_definition *definition, uint32_t stage, struct text *text)
{
    if (definition != NULL && stage < definition->plan.stage_count)
        text_add(text, "stage %s", definition->stages[stage]);
    else
        text_add(text, "stage %u", stage + 1);
}

static void add_task(const struct run_definition *definition, uint32_t task, struct text *text)
{
    if (definition != NULL && task < definition->plan.task_count)
        text_add(text, "task %s: ", definition->tasks[task].name);
    else
        text_add(text, "task %u: ", task + 1);
}

static void add_phase(const struct run_definition *definition, const struct journal_audit *row,
                      struct text *text)
{
    enum run_phase phase = row->a < RUN_PHASE_COUNT ? (enum run_phase)row->a : RUN_QUEUED;

    text_add(text, "the run is %s", run_phase_name(phase));
    if (!run_phase_is_active(phase))
        return;
    text_add(text, ", ");
    add_stage(definition, row->b, text);
}

static void add_words_of_task(enum run_trace_kind kind, const struct journal_audit *row, struct text *text)
{
    switch (kind) {
    case RUN_TRACE_PHASE:
    case RUN_TRACE_STAGE:
        return;
    case RUN_TRACE_TASK:
        text_add(text, "%s",
                 row->b < TASK_PHASE_COUNT ? run_task_phase_name((enum run_task_phase)row->b) : "?");
        return;
    case RUN_TRACE_TRY:
        text_add(text, "try %u ended, and another one comes", row->b);
        return;
    case RUN_TRACE_GIVEN_UP:
        text_add(text, "its command did not confirm its end");
        return;
    case RUN_TRACE_FALLS:
        text_add(text, "its deployment goes wrong, and the others of its stage with it");
        return;
    case RUN_TRACE_APPROVED:
        text_add(text, "approved, %u so far", row->b);
        return;
    case RUN_TRACE_REMINDED:
        text_add(text, "half of the time to approve it is over");
        return;
    }
}

void run_sentence_add(const struct run_definition *definition, const struct journal_audit *row,
                      struct text *text)
{
    for (int kind = RUN_TRACE_PHASE; kind <= RUN_TRACE_REMINDED; kind++) {
        if (strcmp(run_trace_kind_name((enum run_trace_kind)kind), row->what) != 0)
            continue;
        if (kind == RUN_TRACE_PHASE) {
            add_phase(definition, row, text);
        } else if (kind == RUN_TRACE_STAGE) {
            add_stage(definition, row->a, text);
            text_add(text, " begins");
        } else {
            add_task(definition, row->a, text);
            add_words_of_task((enum run_trace_kind)kind, row, text);
        }
    }
}
