/* run_conditions.c - reports of scanners judged, outputs of earlier tasks asked.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_conditions.h"

#include "collectors/scan_report.h"
#include "config/template.h"
#include "store/stack_facts.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNTS_TEXT_MAX = 160, WHY_BEFORE_MAX = 80 };

static_assert((int)RUNNER_REPORT_MAX <= (int)SCAN_REPORT_MAX, "what the runner hands over can be read");

/* What a command left behind: in the file, or else all that it printed. */
struct left {
    const char *bytes, *what;
    size_t length;
};

static bool find_left(const struct runner_outcome *outcome, struct left *ret_left, struct err *err)
{
    if (!outcome->has_report)
        return err_set(err, ERR_LIMIT, "$VERDICT_REPORT could not be read, or is longer than %d bytes",
                       RUNNER_REPORT_MAX);
    *ret_left = (struct left){.bytes = (const char *)outcome->report.data,
                              .what = "$VERDICT_REPORT",
                              .length = outcome->report.length};
    if (ret_left->length == 0)
        *ret_left = (struct left){.bytes = outcome->output,
                                  .what = "nothing is in $VERDICT_REPORT, and what it printed is no report",
                                  .length = strlen(outcome->output)};
    return true;
}

bool run_report_count(enum scan_format format, const struct runner_outcome *outcome,
                      struct scan_counts *ret_counts, struct err *err)
{
    struct left left = {0};

    return find_left(outcome, &left, err) &&
           (scan_report_count(format, left.bytes, left.length, ret_counts, err) ||
            err_wrap(err, "%s", left.what));
}

bool run_report_costs(const struct runner_outcome *outcome, struct cost_report *ret_costs, struct err *err)
{
    struct left left = {0};

    return find_left(outcome, &left, err) &&
           (cost_report_read(left.bytes, left.length, ret_costs, err) || err_wrap(err, "%s", left.what));
}

bool run_report_keeps_costs(struct run_live *live, const struct runner_outcome *outcome, char *why,
                            size_t size)
{
    struct cost_report costs = {0};
    char number[JSON_NUMBER_MAX];
    struct err err = {0};

    bool is_good = run_report_costs(outcome, &costs, &err);
    const struct {
        enum stack_fact fact;
        double amount;
    } told[] = {{FACT_COST, costs.monthly}, {FACT_COST_BEFORE, costs.before}};
    for (size_t i = 0; is_good && i < ARRAY_LENGTH(told); i++)
        is_good =
            !isfinite(told[i].amount) ||
            run_live_put(live, stack_fact_name(told[i].fact), json_format_number(told[i].amount, number)) ||
            err_set(&err, ERR_LIMIT, "no room among the run's outputs for its costs");
    if (!is_good)
        (void)snprintf(why, size, "%.240s", err.text);
    return is_good;
}

static bool keep_counts(struct run_live *live, const char *task, const struct scan_counts *counts,
                        struct err *err)
{
    char name[JOURNAL_OUTPUT_NAME_MAX + 1];
    char value[JSON_NUMBER_MAX];

    for (int i = 0; i < SCAN_COUNT_COUNT; i++) {
        if (!isfinite(counts->of[i]))
            continue;
        int length = snprintf(name, sizeof(name), "%s.%s", task, scan_count_name((enum scan_count)i));
        if (length >= (int)sizeof(name) ||
            !run_live_put(live, name, json_format_number(counts->of[i], value)))
            return err_set(err, ERR_LIMIT, "no room among the run's outputs for its counts");
    }
    return true;
}

/* "critical 2, high 0, findings 7" */
static const char *counts_text(const struct scan_counts *counts, char *to, size_t size)
{
    struct text text;
    char number[JSON_NUMBER_MAX];

    text_init(&text, to, size);
    for (int i = 0; i < SCAN_COUNT_COUNT; i++)
        if (isfinite(counts->of[i]))
            text_add(&text, "%s%s %s", to[0] == '\0' ? "" : ", ", scan_count_name((enum scan_count)i),
                     json_format_number(counts->of[i], number));
    return to;
}

static bool judge(const struct run_task_definition *task, const struct scan_counts *counts, const char *said,
                  struct err *err)
{
    enum verdict verdict = task->fail_when == NULL ? VERDICT_PASS : scan_judge(task->fail_when, counts);

    if (verdict == VERDICT_PASS)
        return true;
    if (verdict == VERDICT_FAIL)
        return err_set(err, ERR_CONFLICT, "its report has %.60s: %s", task->fail_text, said);
    return err_set(err, ERR_CONFLICT, "nobody can tell %.60s: not all findings have a severity (%s)",
                   task->fail_text, said);
}

bool run_report_passes(struct run_live *live, uint8_t index, const struct runner_outcome *outcome,
                       bool *ret_has_findings, char *why, size_t size)
{
    const struct run_task_definition *task = &live->definition->tasks[index];
    char said[COUNTS_TEXT_MAX] = "";
    char before[WHY_BEFORE_MAX];
    struct scan_counts counts = {{0}};
    struct err err = {0};

    bool is_good =
        run_report_count(task->parse, outcome, &counts, &err) && keep_counts(live, task->name, &counts, &err);
    *ret_has_findings = is_good && counts.of[SCAN_FINDINGS] > 0;
    is_good = is_good && judge(task, &counts, counts_text(&counts, said, sizeof(said)), &err);
    (void)snprintf(before, sizeof(before), "%.70s", why);
    if (before[0] != '\0')
        (void)snprintf(why, size, "%s; %s%.160s", before, is_good ? "its report has " : "",
                       is_good ? said : err.text);
    else if (!is_good)
        (void)snprintf(why, size, "%.240s", err.text);
    return is_good;
}

static double take(const struct run_live *live, const struct smoke_extract *extract)
{
    const char *pairs[] = {"version", live->version};
    const char *value = run_live_output(live, extract->path);
    char expected[JOURNAL_OUTPUT_VALUE_MAX + 1];
    double number = NAN;

    if (value == NULL)
        return NAN;
    if (extract->kind == EXTRACT_JSON_EQUALS)
        return !template_fill(extract->text, pairs, 1, TEMPLATE_PLAIN, expected, sizeof(expected), NULL) ? NAN
               : strcmp(value, expected) == 0                                                            ? 1
                                                                                                         : 0;
    const struct cJSON text = {.type = cJSON_String, .valuestring = (char *)(uintptr_t)value};
    return json_value_number(&text, &number) ? number : NAN;
}

enum verdict run_condition(const struct run_live *live, const struct task_skip *condition)
{
    double extracts[SMOKE_EXTRACTS_MAX];

    for (uint8_t i = 0; i < condition->extract_count; i++)
        extracts[i] = take(live, &condition->extracts[i]);
    return smoke_judge(&condition->when, extracts, condition->extract_count);
}

bool run_task_is_needless(const struct run_live *live, uint8_t task)
{
    const struct task_skip *skip = live->definition->tasks[task].skip;

    return skip != NULL && run_condition(live, skip) == VERDICT_PASS;
}
