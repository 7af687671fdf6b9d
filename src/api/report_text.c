/* report_text.c - the evidence of a deployment as text for people.
 * SPDX-License-Identifier: MIT */
#include "api/report_text.h"

#include "api/shape.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/traceparent.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_SIZE = 64 };

static const char *value_text(double value, const char *unit, char to[VALUE_SIZE])
{
    struct text text;

    text_init(&text, to, VALUE_SIZE);
    record_value(value, unit, &text);
    return to;
}

/* "12.5 % against 5 %", and what a comparison has besides, with what a pass leaves possible; nothing where
 * nothing was measured. */
static void print_numbers(FILE *to, const struct judgement *judgement, const char *unit, double worst,
                          const char *against)
{
    char value[VALUE_SIZE];
    char bound[VALUE_SIZE];

    if (isfinite(judgement->value))
        (void)fprintf(to, "  %s against %s", value_text(judgement->value, unit, value),
                      value_text(judgement->bound, unit, bound));
    if (isfinite(judgement->value) && against[0] != '\0')
        (void)fprintf(to, " (%s)", against);
    if (isfinite(judgement->estimate))
        (void)fprintf(to, ", ratio %.3g (%.3g to %.3g)", judgement->estimate, judgement->lower,
                      judgement->upper);
    if (isfinite(judgement->statistic))
        (void)fprintf(to, ", evidence %.3g of %.3g", judgement->statistic, judgement->limit);
    if (isfinite(judgement->count))
        (void)fprintf(to, ", n=%.0f", judgement->count);
    if (judgement->dropped > 0)
        (void)fprintf(to, ", %" PRIu32 " dropped (%.3g %%)", judgement->dropped,
                      judgement->dropped_share / 100.0);
    if (isfinite(worst))
        (void)fprintf(to, "; it may still be %.3g times %s", worst, against[0] == '\0' ? "stable" : against);
}

/* On lines of their own: which form it is, and what of it looks broken. */
static void print_basis(FILE *to, const struct definition *definition, size_t rule,
                        const struct rule_state *state)
{
    const struct record_basis basis = record_basis(definition, rule, state);
    char memory[RECORD_DOUBTS_SIZE];
    struct text doubts;

    if (basis.form == NULL)
        return;
    text_init(&doubts, memory, sizeof(memory));
    record_doubts(definition, rule, state, &doubts);
    (void)fprintf(to, "               form %s", basis.form);
    if (isfinite(basis.dispersion))
        (void)fprintf(to, ", dispersion %.3g (1: independent events)", basis.dispersion);
    (void)fprintf(to, "\n");
    if (doubts.length > 0)
        (void)fprintf(to, "               in doubt: %s\n", memory);
}

static void print_rules(FILE *to, const struct record *record)
{
    const struct definition *definition = record->definition;

    if (definition == NULL || record->rules == NULL || definition->rule_count == 0)
        return;
    (void)fprintf(to, "\nRules, as they were judged last\n");
    for (size_t i = 0; i < definition->rule_count; i++) {
        const struct judgement *last = &record->rules[i].last;
        char against[AGAINST_TEXT_MAX];
        (void)fprintf(to, "  %-12s %s: %s", verdict_name(last->verdict), definition->rules[i].name,
                      definition->rules[i].text);
        print_numbers(to, last, record_unit(definition, i), record_worst_ratio(definition, i, last),
                      record_against(definition, i, last, against));
        if (last->verdict == VERDICT_INCONCLUSIVE)
            (void)fprintf(to, "  (%s)", reason_name(last->reason));
        (void)fprintf(to, "\n");
        print_basis(to, definition, i, &record->rules[i]);
    }
}

static void print_verdicts(FILE *to, const cJSON *verdicts)
{
    const cJSON *row = NULL;

    if (cJSON_GetArraySize(verdicts) == 0)
        return;
    (void)fprintf(to, "\nVerdicts\n");
    cJSON_ArrayForEach(row, verdicts)
    {
        struct judgement judgement = {
            .value = json_number_of(row, "value"),
            .bound = json_number_of(row, "bound"),
            .estimate = json_number_of(row, "estimate"),
            .lower = json_number_of(row, "lower"),
            .upper = json_number_of(row, "upper"),
            .statistic = json_number_of(row, "statistic"),
            .limit = json_number_of(row, "limit"),
            .count = json_number_of(row, "count"),
            .dropped = (uint32_t)json_number_of(row, "dropped"),
            .dropped_share = (uint16_t)lround(100 * json_number_of(row, "dropped_percent")),
        };
        (void)fprintf(to, "  %s  step %.0f  %s  %s", json_text_of(row, "time"),
                      json_number_of(row, "step") + 1.0, json_text_of(row, "verdict"),
                      json_text_of(row, "rule"));
        print_numbers(to, &judgement, json_text_of(row, "unit"), json_number_of(row, "worst_ratio"),
                      json_text_of(row, "against"));
        if (strcmp(json_text_of(row, "verdict"), verdict_name(VERDICT_INCONCLUSIVE)) == 0)
            (void)fprintf(to, "  (%s)", json_text_of(row, "reason"));
        (void)fprintf(to, "\n");
    }
}

static void print_audit(FILE *to, const cJSON *audit)
{
    const cJSON *row = NULL;

    (void)fprintf(to, "\nWhat happened\n");
    cJSON_ArrayForEach(row, audit)(void)
        fprintf(to, "  %s  %s\n", json_text_of(row, "time"), json_text_of(row, "text"));
}

static void print_downtime(FILE *to, const struct record *record)
{
    double down_s = record_downtime_s(record);
    char text[VALUE_SIZE];

    if (isfinite(down_s))
        (void)fprintf(to, "  downtime    %s\n", value_text(down_s, "s", text));
}

/* While people are asked: whom, and the command that answers. */
static void print_approval(FILE *to, const struct record *record)
{
    const struct plan_step *step = record_step(record);
    char memory[RECORD_SUMMARY_SIZE];
    struct text who;

    if (record->state->step_state != STEP_WAITING || step == NULL || step->kind != STEP_APPROVE)
        return;
    text_init(&who, memory, sizeof(memory));
    record_approvers(record->definition, record->row->actor, &who);
    (void)fprintf(to, "  asked       %s (%u of %u so far)\n", memory, record->state->approvals,
                  step->approvals);
    (void)fprintf(to, "  answer      verdict approve dep_%" PRIu64 ", or verdict reject dep_%" PRIu64 "\n",
                  record->row->id, record->row->id);
}

static void print_head(FILE *to, const struct record *record)
{
    const struct journal_deployment *row = record->row;
    char created[CLOCK_STAMP_SIZE];
    char ended[CLOCK_STAMP_SIZE];
    char summary[RECORD_SUMMARY_SIZE];
    struct traceparent trace;
    int exit_code = deployment_exit_code(record->state);

    record_summary(record, summary);
    (void)clock_stamp(row->created_ms, created);
    (void)clock_stamp(row->ended_ms, ended);
    (void)fprintf(to, "%s.\n\n", summary);
    (void)fprintf(to, "  deployment  dep_%" PRIu64 ", %s, strategy %s\n", row->id,
                  record_state_text(record->state), row->strategy);
    (void)fprintf(to, "  version     %s%s%s\n", row->version,
                  row->previous[0] == '\0' ? "" : ", in place of ", row->previous);
    (void)fprintf(to, "  by          %s%s%s\n", row->actor, row->reason[0] == '\0' ? "" : ": ", row->reason);
    if (traceparent_read(row->traceparent, &trace))
        (void)fprintf(to, "  trace       %s\n", trace.trace);
    (void)fprintf(to, "  started     %s\n", created);
    if (ended[0] != '\0')
        (void)fprintf(to, "  ended       %s\n", ended);
    print_downtime(to, record);
    print_approval(to, record);
    if (exit_code >= 0)
        (void)fprintf(to, "  exit code   %d\n", exit_code);
}

char *report_text(const struct record *record, const struct reading *reading)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return memory_copy_text("");
    print_head(to, record);
    print_rules(to, record);
    print_verdicts(to, reading->verdicts);
    print_audit(to, reading->audit);
    if (reading->is_cut)
        (void)fprintf(to, "\n(cut: more than %d rows of a kind)\n", READING_REPORT_ROWS_MAX);
    (void)fclose(to);
    return text;
}
