/* report_html.c - the JSON of a report laid out as a page.
 * SPDX-License-Identifier: MIT */
#include "api/report_html.h"

#include "api/html.h"
#include "api/record.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_SIZE = 96, TITLE_SIZE = 512 };

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* A number as people read it; "" where there is none. */
static const char *value_of(const cJSON *object, const char *name, const char *unit, char to[VALUE_SIZE])
{
    double number = json_number_of(object, name);
    struct text text;

    text_init(&text, to, VALUE_SIZE);
    if (isfinite(number))
        record_value(number, unit, &text);
    return to;
}

/* Nothing where the text is empty. */
static void fact(FILE *to, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    html_element(to, "dt", NULL, name);
    html_element(to, "dd", NULL, text);
    (void)fputs("\n", to);
}

static void number_fact(FILE *to, const char *name, const cJSON *object, const char *key, const char *unit)
{
    char value[VALUE_SIZE];

    fact(to, name, value_of(object, key, unit, value));
}

static void begin_table(FILE *to, const char *const *columns)
{
    (void)fputs("<div class=\"wide\"><table>\n<thead><tr>", to);
    for (size_t i = 0; columns[i] != NULL; i++)
        html_element(to, "th", NULL, columns[i]);
    (void)fputs("</tr></thead>\n<tbody>\n", to);
}

static void end_table(FILE *to)
{
    (void)fputs("</tbody></table></div>\n", to);
}

static void cell(FILE *to, const char *text)
{
    html_element(to, "td", NULL, text);
}

/* The class is one of our own words, never a text of the report. */
static void verdict_cell(FILE *to, const char *name, const char *verdict)
{
    static const char *const words[] = {"pass", "fail", "inconclusive"};
    const char *class_name = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i], verdict) == 0)
            class_name = words[i];
    html_element(to, name, class_name, verdict);
}

static void print_head(FILE *to, const cJSON *report)
{
    const cJSON *deployment = member(report, "deployment");
    char exit_code[VALUE_SIZE];

    (void)fputs("<header>\n<h1>", to);
    html_text(to, json_text_of(deployment, "service"));
    (void)fputs("/", to);
    html_text(to, json_text_of(deployment, "environment"));
    (void)fputs(" ", to);
    html_text(to, json_text_of(deployment, "version"));
    (void)fputs("</h1>\n", to);
    html_element(to, "p", NULL, json_text_of(deployment, "summary"));
    (void)fputs("\n</header>\n<dl>\n", to);
    fact(to, "deployment", json_text_of(deployment, "id"));
    fact(to, "kind", json_text_of(deployment, "kind"));
    fact(to, "in place of", json_text_of(deployment, "previous"));
    fact(to, "artifact", json_text_of(deployment, "digest"));
    fact(to, "strategy", json_text_of(deployment, "strategy"));
    fact(to, "by", json_text_of(deployment, "actor"));
    fact(to, "because", json_text_of(deployment, "reason"));
    fact(to, "commit", json_text_of(deployment, "commit"));
    fact(to, "pipeline", json_text_of(deployment, "run_url"));
    fact(to, "trace", json_text_of(deployment, "trace_id"));
    fact(to, "started", json_text_of(deployment, "created"));
    fact(to, "ended", json_text_of(deployment, "ended"));
    (void)fputs("</dl>\n<h2>How it ended, and why</h2>\n<dl>\n", to);
    fact(to, "state", json_text_of(deployment, "state"));
    fact(to, "ending", json_text_of(deployment, "ending"));
    fact(to, "held", json_text_of(deployment, "hold"));
    fact(to, "why", json_text_of(deployment, "why"));
    fact(to, "escalated", cJSON_IsTrue(member(deployment, "escalated")) ? "yes: people were called" : "");
    fact(to, "unverified", cJSON_IsTrue(member(deployment, "unverified")) ? "yes" : "");
    fact(to, "recorded only",
         cJSON_IsTrue(member(deployment, "would_roll_back")) ? "it would have been taken back" : "");
    fact(to, "exit code", value_of(deployment, "exit_code", "", exit_code));
    (void)fputs("</dl>\n", to);
}

/* When it was first and last heard of. */
static void step_times(const cJSON *audit, double step, const char **ret_first, const char **ret_last)
{
    const cJSON *row = NULL;

    *ret_first = *ret_last = "";
    cJSON_ArrayForEach(row, audit)
    {
        if (json_number_of(row, "step") != step || json_text_of(row, "time")[0] == '\0')
            continue;
        if (strcmp(json_text_of(row, "what"), "step") == 0 && (*ret_first)[0] == '\0')
            *ret_first = json_text_of(row, "time");
        *ret_last = json_text_of(row, "time");
    }
    if ((*ret_first)[0] == '\0')
        *ret_last = "";
}

static void print_steps(FILE *to, const cJSON *report)
{
    static const char *const columns[] = {"#", "step", "state", "entered", "last heard of", NULL};
    const cJSON *step = NULL;
    char number[VALUE_SIZE];

    (void)fputs("<h2>Steps</h2>\n", to);
    begin_table(to, columns);
    cJSON_ArrayForEach(step, member(member(report, "deployment"), "steps"))
    {
        double index = json_number_of(step, "index");
        const char *first = "";
        const char *last = "";
        step_times(member(report, "audit"), index, &first, &last);
        (void)snprintf(number, sizeof(number), "%.0f", index + 1);
        (void)fputs("<tr>", to);
        cell(to, number);
        cell(to, json_text_of(step, "text"));
        cell(to, json_text_of(step, "state"));
        cell(to, first);
        cell(to, last);
        (void)fputs("</tr>\n", to);
    }
    end_table(to);
}

/* The span of the values, where it is known. */
static const char *span_of(const cJSON *judged, char to[VALUE_SIZE])
{
    double seconds = json_number_of(judged, "span_s");

    to[0] = '\0';
    if (isfinite(seconds) && seconds > 0)
        (void)snprintf(to, VALUE_SIZE, "%.0f s%s%.20s%s%.20s", seconds,
                       json_text_of(judged, "from")[0] == '\0' ? "" : ": ", json_text_of(judged, "from"),
                       json_text_of(judged, "to")[0] == '\0' ? "" : " to ", json_text_of(judged, "to"));
    return to;
}

static const char *interval_of(const cJSON *judged, char to[VALUE_SIZE])
{
    double lower = json_number_of(judged, "lower");
    double upper = json_number_of(judged, "upper");

    to[0] = '\0';
    if (isfinite(lower) && isfinite(upper))
        (void)snprintf(to, VALUE_SIZE, "%.3g to %.3g", lower, upper);
    return to;
}

/* "0.4 of 2" */
static const char *statistic_of(const cJSON *judged, char to[VALUE_SIZE])
{
    double statistic = json_number_of(judged, "statistic");

    to[0] = '\0';
    if (isfinite(statistic))
        (void)snprintf(to, VALUE_SIZE, "%.3g of %.3g", statistic, json_number_of(judged, "limit"));
    return to;
}

/* What a pass leaves possible, in words. */
static const char *worst_of(const cJSON *judged, char to[VALUE_SIZE])
{
    double worst = json_number_of(judged, "worst_ratio");

    to[0] = '\0';
    if (isfinite(worst))
        (void)snprintf(to, VALUE_SIZE, "%.3g times stable", worst);
    return to;
}

static const char *dropped_of(const cJSON *judged, char to[VALUE_SIZE])
{
    double dropped = json_number_of(judged, "dropped");

    to[0] = '\0';
    if (dropped > 0)
        (void)snprintf(to, VALUE_SIZE, "%.0f (%.3g %%)", dropped, json_number_of(judged, "dropped_percent"));
    return to;
}

static void print_rule(FILE *to, const cJSON *rule)
{
    const char *unit = json_text_of(rule, "unit");
    char value[VALUE_SIZE];

    (void)fputs("<article>\n", to);
    html_element(to, "h3", NULL, json_text_of(rule, "name"));
    (void)fputs("\n<p>", to);
    verdict_cell(to, "span", json_text_of(rule, "verdict"));
    (void)fputs(" ", to);
    html_element(to, "code", NULL, json_text_of(rule, "condition"));
    (void)fputs("</p>\n<dl>\n", to);
    fact(to, "kind", json_text_of(rule, "kind"));
    fact(to, "mode", json_text_of(rule, "mode"));
    fact(to, "then", json_text_of(rule, "then"));
    fact(to, "muted", cJSON_IsTrue(member(rule, "muted")) ? "yes: it only recorded" : "");
    fact(to, "decided", cJSON_IsTrue(member(rule, "decided")) ? "yes: by this rule it was taken back" : "");
    fact(to, "reason", json_text_of(rule, "reason"));
    number_fact(to, "value", rule, "value", unit);
    number_fact(to, "bound", rule, "bound", unit);
    number_fact(to, "estimate (ratio)", rule, "estimate", "");
    fact(to, "interval", interval_of(rule, value));
    fact(to, "evidence", statistic_of(rule, value));
    number_fact(to, "counted", rule, "count", "");
    number_fact(to, "counted of stable", rule, "stable_count", "");
    fact(to, "dropped", dropped_of(rule, value));
    fact(to, "data span", span_of(rule, value));
    fact(to, "may still be", worst_of(rule, value));
    fact(to, "form", json_text_of(rule, "form"));
    number_fact(to, "dispersion (1: independent events)", rule, "dispersion", "");
    fact(to, "in doubt", json_text_of(rule, "doubts"));
    fact(to, "sha256 of the text", json_text_of(rule, "sha256"));
    (void)fputs("</dl>\n</article>\n", to);
}

static void print_rules(FILE *to, const cJSON *report)
{
    const cJSON *rule = NULL;

    (void)fputs("<h2>Rules, as they were judged last</h2>\n", to);
    cJSON_ArrayForEach(rule, member(member(report, "deployment"), "rules"))
    {
        print_rule(to, rule);
    }
}

static void print_verdicts(FILE *to, const cJSON *report)
{
    static const char *const columns[] = {"time",  "step",    "rule",  "verdict",      "reason",
                                          "value", "bound",   "ratio", "interval",     "evidence",
                                          "n",     "dropped", "span",  "may still be", NULL};
    const cJSON *row = NULL;
    char value[VALUE_SIZE];

    (void)fputs("<h2>Verdicts</h2>\n", to);
    begin_table(to, columns);
    cJSON_ArrayForEach(row, member(report, "verdicts"))
    {
        (void)fputs("<tr>", to);
        cell(to, json_text_of(row, "time"));
        (void)snprintf(value, sizeof(value), "%.0f", json_number_of(row, "step") + 1);
        cell(to, value);
        cell(to, json_text_of(row, "rule"));
        verdict_cell(to, "td", json_text_of(row, "verdict"));
        cell(to, json_text_of(row, "reason"));
        cell(to, value_of(row, "value", json_text_of(row, "unit"), value));
        cell(to, value_of(row, "bound", json_text_of(row, "unit"), value));
        cell(to, value_of(row, "estimate", "", value));
        cell(to, interval_of(row, value));
        cell(to, statistic_of(row, value));
        cell(to, value_of(row, "count", "", value));
        cell(to, dropped_of(row, value));
        cell(to, span_of(row, value));
        cell(to, worst_of(row, value));
        (void)fputs("</tr>\n", to);
    }
    end_table(to);
}

static void print_actions(FILE *to, const cJSON *report)
{
    static const char *const columns[] = {"time", "step", "what", "share", "try", "result", "took", NULL};
    const cJSON *row = NULL;
    char value[VALUE_SIZE];

    (void)fputs("<h2>What was done</h2>\n", to);
    begin_table(to, columns);
    cJSON_ArrayForEach(row, member(report, "actions"))
    {
        (void)fputs("<tr>", to);
        cell(to, json_text_of(row, "time"));
        (void)snprintf(value, sizeof(value), "%.0f", json_number_of(row, "step") + 1);
        cell(to, value);
        (void)fputs("<td>", to);
        html_text(to, json_text_of(row, "kind"));
        (void)fputs(json_text_of(row, "name")[0] == '\0' ? "" : " ", to);
        html_text(to, json_text_of(row, "name"));
        (void)fputs(cJSON_IsTrue(member(row, "rollback")) ? " (way back)</td>" : "</td>", to);
        cell(to, value_of(row, "share", "%", value));
        (void)snprintf(value, sizeof(value), "%.0f", json_number_of(row, "tries") + 1);
        cell(to, value);
        cell(to, json_text_of(row, "result"));
        cell(to, value_of(row, "took_ms", "ms", value));
        (void)fputs("</tr>\n", to);
    }
    end_table(to);
}

static void print_audit(FILE *to, const cJSON *report)
{
    static const char *const columns[] = {"time", "by", "what", NULL};
    const cJSON *row = NULL;

    (void)fputs("<h2>What happened</h2>\n", to);
    begin_table(to, columns);
    cJSON_ArrayForEach(row, member(report, "audit"))
    {
        (void)fputs("<tr>", to);
        cell(to, json_text_of(row, "time"));
        cell(to, json_text_of(row, "actor"));
        cell(to, json_text_of(row, "text"));
        (void)fputs("</tr>\n", to);
    }
    end_table(to);
}

char *report_html(const cJSON *report)
{
    const cJSON *deployment = member(report, "deployment");
    char title[TITLE_SIZE];
    char *page = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&page, &size);

    if (to == NULL)
        return memory_copy_text("");
    (void)snprintf(title, sizeof(title), "%.30s: %.70s/%.70s %.130s", json_text_of(deployment, "id"),
                   json_text_of(deployment, "service"), json_text_of(deployment, "environment"),
                   json_text_of(deployment, "version"));
    html_begin(to, title);
    print_head(to, report);
    print_steps(to, report);
    print_rules(to, report);
    print_verdicts(to, report);
    print_actions(to, report);
    print_audit(to, report);
    (void)fputs("<footer>\n", to);
    if (cJSON_IsTrue(member(report, "cut")))
        html_element(to, "p", "inconclusive", "Cut: there are more rows of a kind than a report holds.");
    (void)fputs("<dl>\n", to);
    fact(to, "sha256 of the sealed plan and rules", json_text_of(report, "sealed_sha256"));
    (void)fputs("</dl>\n</footer>\n", to);
    html_end(to);
    (void)fclose(to);
    return page;
}
