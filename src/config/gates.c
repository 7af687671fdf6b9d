/* gates.c - other systems that steps wait for, read.
 * SPDX-License-Identifier: MIT */
#include "config/gates.h"

#include "base/text.h"
#include "config/targets.h"

#include <string.h>

enum { GATE_ASK, GATE_EVERY, GATE_TIMEOUT, GATE_ON_TIMEOUT, GATE_OPTION_COUNT };
enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, NAMES_MAX = 32 };

#define WEEK_MS (INT64_C(7) * 24 * HOUR_MS)

static const struct option options[GATE_OPTION_COUNT] = {
    [GATE_ASK] = {.name = "ask",
                  .type = OPTION_TEXT,
                  .is_required = true,
                  .help = "who is asked, like \"web:change\""},
    [GATE_EVERY] = {.name = "every",
                    .type = OPTION_DURATION,
                    .min = SECOND_MS,
                    .max = HOUR_MS,
                    .fallback = "30s",
                    .help = "pause between two asks"},
    [GATE_TIMEOUT] = {.name = "timeout",
                      .type = OPTION_DURATION,
                      .min = SECOND_MS,
                      .max = WEEK_MS,
                      .fallback = "1h",
                      .help = "longest wait"},
    [GATE_ON_TIMEOUT] = {.name = "on_timeout",
                         .type = OPTION_CHOICE,
                         .choices = target_outcomes,
                         .fallback = "rollback",
                         .help = "what no yes means"},
};

bool gates_take(const struct build *build, const struct node *at, const char *name,
                struct gate_definition *ret_gate)
{
    const struct option_schemas *schemas = build->schemas;
    char kind[NAME_MAX_LENGTH + 1];
    const char *instance = options_split(name, kind, sizeof(kind));
    const char *names[NAMES_MAX];
    size_t count = 0;

    if (instance == NULL)
        return report_node(build->report, at, "gate: '%s' is not like \"web:change\"", name);
    for (size_t i = 0; i < schemas->gate_count; i++) {
        if (strcmp(schemas->gates[i].name, kind) == 0) {
            *ret_gate = (struct gate_definition){.name = name, .kind = i, .instance = instance};
            return true;
        }
        if (count < NAMES_MAX)
            names[count++] = schemas->gates[i].name;
    }
    return report_unknown(build->report, at, "kind of gate", kind, names, count);
}

bool gates_build(const struct build *build, const struct node *node, struct recipe_step *ret_step,
                 struct gate_definition *ret_gate)
{
    static const struct shape shape = {.options = options, .count = GATE_OPTION_COUNT};
    struct option_value values[GATE_OPTION_COUNT] = {{0}};

    if (node == NULL)
        return true;
    if (node->kind != NODE_GROUP)
        return report_node(build->report, node, "gate: takes a group { ask = \"web:change\"; }");
    if (!options_read(build, node, &shape, values, NULL) ||
        !gates_take(build, tree_find(node, "ask"), values[GATE_ASK].text, ret_gate))
        return false;
    *ret_step = (struct recipe_step){
        .command = PLAN_NONE,
        .smoke = PLAN_NONE,
        .has_gate = true,
        .every_ms = values[GATE_EVERY].duration_ms,
        .limit_ms = values[GATE_TIMEOUT].duration_ms,
        .on_limit = (enum step_outcome)values[GATE_ON_TIMEOUT].choice,
    };
    return true;
}
