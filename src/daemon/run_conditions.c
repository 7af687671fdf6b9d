/* run_conditions.c - reports of scanners judged, outputs of earlier tasks asked.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_conditions.h"

#include "collectors/scan_report.h"
#include "config/template.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNTS_TEXT_MAX = 160, WHY_BEFORE_MAX = 80 };

static_assert((int)RUNNER_REPORT_MAX <= (int)SCAN_REPORT_MAX, "what the runner hands over can be read");

bool run_report_count(enum scan_format format, const struct runner_outcome *outcome,
                      struct scan_counts *ret_counts, struct err *err)
{
    if (!outcome->has_report)
        return err_set(err, ERR_LIMIT, "$VERDICT_REPORT could not be read, or is longer than %d bytes",
                       RUNNER_REPORT_MAX);
    if (outcome->report.length > 0)
        return scan_report_count(format, (const char *)outcome->report.data, outcome->report.length,
                                 ret_counts, err) ||
               err_wrap(err, "$VERDICT_REPORT");
    return scan_report_count(format, outcome->output, strlen(outcome->output), ret_counts, err) ||
           err_wrap(err, "nothing is in $VERDICT_REPORT, and what it printed is no report");
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

bool run_report_passes(struct run_live *live, uint8_t index, const struct runner_outcome *outcome, char *why,
                       size_t size)
{
    const struct run_task_definition *task = &live->definition->tasks[index];
    char said[COUNTS_TEXT_MAX] = "";
    char before[WHY_BEFORE_MAX];
    struct scan_counts counts = {{0}};
    struct err err = {0};

    bool is_good =
        run_report_count(task->parse, outcome, &counts, &err) && keep_counts(live, task->name, &counts, &err);
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
