/* tally.c - the figures, printed; and what is missing among them.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/tally.h"

#include "base/attributes.h"
#include "engine/engine.h"

#include <stddef.h>
#include <string.h>

static const char *const answer_names[] = {
    [ENGINE_DONE] = "done",
    [ENGINE_ALREADY] = "already",
    [ENGINE_CONFLICT] = "conflict",
    [ENGINE_NOT_FOUND] = "not_found",
    [ENGINE_QUARANTINED] = "quarantined",
    [ENGINE_NO_STABLE] = "no_stable",
    [ENGINE_FROZEN] = "frozen",
    [ENGINE_BRAKED] = "braked",
    [ENGINE_FULL] = "full",
    [ENGINE_NOT_DURABLE] = "not_durable",
};

/* Sums only: all members are counters. */
void tally_add(struct tally *tally, const struct tally *other)
{
    uint64_t *to = (uint64_t *)(void *)tally;
    const uint64_t *from = (const uint64_t *)(const void *)other;

    for (size_t i = 0; i < sizeof(*tally) / sizeof(*to); i++)
        to[i] += from[i];
}

typedef const char *naming(int index);

static const char *fault_name(int index)
{
    return fault_kinds[index].name;
}

static const char *name_of_phase(int index)
{
    return phase_name((enum deployment_phase)index);
}

static const char *name_of_ending(int index)
{
    return ending_name((enum ending)index);
}

static const char *name_of_step(int index)
{
    return step_state_name((enum step_state)index);
}

static const char *name_of_hold(int index)
{
    return hold_cause_name((enum hold_cause)index);
}

static const char *name_of_trace(int index)
{
    return trace_kind_name((enum trace_kind)index);
}

static const char *name_of_action(int index)
{
    return action_kind_name((enum action_kind)index);
}

static const char *name_of_verb(int index)
{
    return verb_name((enum verb)index);
}

static const char *name_of_run_phase(int index)
{
    return run_phase_name((enum run_phase)index);
}

static const char *name_of_task_phase(int index)
{
    return run_task_phase_name((enum run_task_phase)index);
}

static const char *name_of_cause(int index)
{
    return run_cause_text((enum run_cause)index);
}

static const char *name_of_run_action(int index)
{
    static const char *const names[] = {
        [RUN_ACTION_COMMAND] = "command",
        [RUN_ACTION_CANCEL] = "cancel",
        [RUN_ACTION_DEPLOY] = "deploy",
        [RUN_ACTION_ABORT] = "abort",
    };

    return names[index];
}

static const char *name_of_together(int index)
{
    static const char *const names[TALLY_TOGETHER] = {
        "queued", "admitting", "running", "one step", "more steps", "falls", "ends",
    };

    return names[index];
}

static const char *name_of_answer(int index)
{
    return answer_names[index];
}

/* A group of counters that belong together. */
struct group {
    const char *title;
    size_t offset;
    int count;
    naming *name;
    uint64_t unreachable; /* bits: cannot happen by design of this version */
};

#define GROUP(title, member, name, unreachable)                                                              \
    {                                                                                                        \
        title, offsetof(struct tally, member), (int)ARRAY_LENGTH(((struct tally *)NULL)->member), name,      \
            unreachable                                                                                      \
    }

/* Adopt keeps the ending that led there; the simulated engine and its quarantines are never full. */
static const struct group groups[] = {
    GROUP("phases", phases, name_of_phase, 0),
    GROUP("endings", endings, name_of_ending, 1u << ENDING_NONE | 1u << ENDING_ADOPTED),
    GROUP("step states", steps, name_of_step, 0),
    GROUP("holds", holds, name_of_hold, 1u << HOLD_NONE),
    GROUP("audit", traces, name_of_trace, 1u << TRACE_FORGOTTEN),
    GROUP("effects", actions, name_of_action, 1u << ACTION_NONE),
    GROUP("verbs", verbs, name_of_verb, 1u << VERB_ADOPT),
    GROUP("runs", run_phases, name_of_run_phase, 0),
    GROUP("tasks", run_tasks, name_of_task_phase, 1u << TASK_IDLE),
    GROUP("tasks failed", run_causes, name_of_cause, 1u << CAUSE_NONE),
    GROUP("of runs leave", run_actions, name_of_run_action, 1u << RUN_ACTION_DEPLOY | 1u << RUN_ACTION_ABORT),
    GROUP("together", together, name_of_together, 0),
};

static const uint64_t *counters(const struct tally *tally, const struct group *group)
{
    return (const uint64_t *)(const void *)((const char *)tally + group->offset);
}

static void print_group(const struct tally *tally, const struct group *group, FILE *to)
{
    const uint64_t *counts = counters(tally, group);

    (void)fprintf(to, "%s:", group->title);
    for (int i = 0; i < group->count; i++)
        if (counts[i] > 0)
            (void)fprintf(to, "  %s %llu", group->name(i), (unsigned long long)counts[i]);
    (void)fputc('\n', to);
}

static bool is_possible(const struct fault_kind *kind, bool is_samples)
{
    return kind->world == FAULT_OF_BOTH || (kind->world == FAULT_OF_SAMPLES) == is_samples;
}

static void print_faults(const struct tally *tally, FILE *to, bool is_samples)
{
    uint64_t sum = 0;

    (void)fputs("faults:", to);
    for (int i = 0; i < FAULT_COUNT; i++) {
        sum += tally->faults[i];
        if (is_possible(&fault_kinds[i], is_samples))
            (void)fprintf(to, "  %s %llu", fault_name(i), (unsigned long long)tally->faults[i]);
    }
    (void)fprintf(to, "\nfaults per deployment: %.2f\n", (double)sum / (double)(tally->deployments + 1));
}

static double per(uint64_t count, uint64_t of)
{
    return of == 0 ? 0 : 100.0 * (double)count / (double)of;
}

static void print_outcomes(const struct tally *tally, FILE *to)
{
    uint64_t ended = 0;

    for (int i = PHASE_PROMOTED; i < PHASE_COUNT; i++)
        ended += tally->phases[i];
    (void)fputs("outcomes:", to);
    for (int i = PHASE_PROMOTED; i < PHASE_COUNT; i++)
        (void)fprintf(to, "  %s %.1f%%", name_of_phase(i), per(tally->phases[i], ended));
    (void)fputs("\nbecause:", to);
    for (int i = ENDING_PASSED; i < TALLY_ENDINGS; i++)
        (void)fprintf(to, "  %s %.1f%%", name_of_ending(i), per(tally->endings[i], ended));
    (void)fprintf(
        to,
        "\nescalated at their end: %llu, unverified: %llu; bad ones promoted by verdicts: %llu of %llu, "
        "good ones failed: %llu of %llu\n",
        (unsigned long long)tally->escalated, (unsigned long long)tally->unverified,
        (unsigned long long)tally->false_promotions, (unsigned long long)tally->bad,
        (unsigned long long)tally->false_rollbacks, (unsigned long long)tally->good);
}

void tally_print(const struct tally *tally, FILE *to, bool is_samples, double seconds)
{
    const struct group answers = GROUP("answers", answers, name_of_answer, 0);

    (void)fprintf(to, "world of %s: %llu seeds, %llu deployments, %.0f deployments/s per core\n",
                  is_samples ? "samples" : "verdicts", (unsigned long long)tally->seeds,
                  (unsigned long long)tally->deployments, (double)tally->deployments / seconds);
    (void)fprintf(
        to,
        "per deployment: %.1f events, %.1f evaluations, %.1f commits, %.1f effects; %llu states compared "
        "after reading back, %llu routes ahead of the journal\n",
        (double)tally->events / (double)tally->deployments,
        (double)tally->evaluations / (double)tally->deployments,
        (double)tally->commits / (double)tally->deployments,
        (double)tally->effects / (double)tally->deployments, (unsigned long long)tally->rehashed,
        (unsigned long long)tally->ahead);
    print_outcomes(tally, to);
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        print_group(tally, &groups[i], to);
    print_group(tally, &answers, to);
    print_faults(tally, to, is_samples);
    cells_print(&tally->cells, to);
}

static bool is_group_full(const struct tally *tally, const struct group *group, FILE *to)
{
    const uint64_t *counts = counters(tally, group);
    bool is_full = true;

    for (int i = 0; i < group->count; i++)
        if (counts[i] == 0 && (group->unreachable & (UINT64_C(1) << i)) == 0) {
            (void)fprintf(to, "never happened: %s %s\n", group->title, group->name(i));
            is_full = false;
        }
    return is_full;
}

bool tally_is_full(const struct tally *tally, FILE *to, bool is_samples, uint64_t allowed)
{
    static const enum engine_answer answers[] = {ENGINE_DONE,        ENGINE_ALREADY,     ENGINE_CONFLICT,
                                                 ENGINE_NOT_FOUND,   ENGINE_NO_STABLE,   ENGINE_FROZEN,
                                                 ENGINE_QUARANTINED, ENGINE_NOT_DURABLE, ENGINE_BRAKED};
    bool is_full = true;

    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        is_full = is_group_full(tally, &groups[i], to) && is_full;
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++)
        if (tally->answers[answers[i]] == 0) {
            (void)fprintf(to, "never happened: answer %s\n", answer_names[answers[i]]);
            is_full = false;
        }
    for (int i = 0; i < FAULT_COUNT; i++)
        if (tally->faults[i] == 0 && is_possible(&fault_kinds[i], is_samples) &&
            (allowed & (UINT64_C(1) << i)) != 0) {
            (void)fprintf(to, "never happened: fault %s\n", fault_name(i));
            is_full = false;
        }
    return is_full;
}
