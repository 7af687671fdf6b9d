/* infrastructure.c - the stacks of a status for people.
 * SPDX-License-Identifier: MIT */
#include "cli/infrastructure.h"

#include "base/attributes.h"
#include "base/text.h"
#include "cli/field.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

enum { SAID_SIZE = 256, NAME_SIZE = 160, COUNTS_MAX = 9 };

/* Numbers of a look, in the order in which they are said. */
struct count {
    const char *member, *word;
};

static const struct count plan_counts[] = {
    {"creates", "to create"}, {"updates", "to update"}, {"deletes", "to delete"}, {"replaces", "to replace"}};
static const struct count finding_counts[] = {
    {"critical", "critical"}, {"high", "high"},     {"medium", "medium"},     {"low", "low"},
    {"unknown", "unrated"},   {"errors", "errors"}, {"warnings", "warnings"}, {"notes", "notes"}};

/* "2 to create, 1 to delete"; `none` where all that is known is 0, "not known" where nothing is. */
static void say_counts(const cJSON *look, const struct count *counts, size_t count, const char *none,
                       char to[SAID_SIZE])
{
    struct text text;
    bool is_known = false;

    text_init(&text, to, SAID_SIZE);
    for (size_t i = 0; i < count; i++) {
        double number = field_number(look, counts[i].member);
        is_known = is_known || isfinite(number);
        if (number > 0.0)
            text_add(&text, "%s%.0f %s", to[0] == '\0' ? "" : ", ", number, counts[i].word);
    }
    if (to[0] == '\0')
        text_add(&text, "%s", is_known ? none : "not known");
}

static void say_plan(const cJSON *look, char to[SAID_SIZE])
{
    say_counts(look, plan_counts, ARRAY_LENGTH(plan_counts),
               field_number(look, "changes") > 0.0 ? "outputs alone change" : "nothing to change", to);
}

static void say_cost(const cJSON *look, char to[SAID_SIZE])
{
    double change = field_number(look, "change");
    double cost = field_number(look, "monthly_cost");
    struct text text;

    text_init(&text, to, SAID_SIZE);
    if (!isfinite(cost))
        text_add(&text, "not known");
    else
        text_add(&text, "%.2f a month", cost);
    if (isfinite(change))
        text_add(&text, ", %+.1f %%", change * 100.0);
}

static void say_findings(const cJSON *look, char to[SAID_SIZE])
{
    say_counts(look, finding_counts, ARRAY_LENGTH(finding_counts), "no findings", to);
}

static void say_drift(const cJSON *look, char to[SAID_SIZE])
{
    double drifts = field_number(look, "drifts");

    if (!isfinite(drifts))
        (void)snprintf(to, SAID_SIZE, "not known");
    else if (drifts > 0.0)
        (void)snprintf(to, SAID_SIZE, "%.0f resources are not as they were made", drifts);
    else
        (void)snprintf(to, SAID_SIZE, "none");
}

static void say_end(const cJSON *look, char to[SAID_SIZE])
{
    (void)snprintf(to, SAID_SIZE, "%s", field_flag(look, "ok") ? "done" : "it failed");
}

static const struct {
    const char *member, *never; /* said where nobody looked; NULL: nothing */
    void (*say)(const cJSON *look, char to[SAID_SIZE]);
} looks[] = {{"plan", "never made", say_plan},     {"cost", NULL, say_cost},
             {"compliance", NULL, say_findings},   {"apply", NULL, say_end},
             {"drift", "never looked", say_drift}, {"destroy", NULL, say_end}};

static void print_stack(const cJSON *stack)
{
    double resources = field_number(stack, "resources");
    char text[SAID_SIZE];
    char name[NAME_SIZE];

    (void)snprintf(name, sizeof(name), "%s/%s", field_text(stack, "stack"), field_text(stack, "environment"));
    (void)printf("%-24s ", name);
    if (isfinite(resources))
        (void)printf("%.0f resources", resources);
    else
        (void)printf("nobody counted its resources");
    if (field_text(stack, "locked_since")[0] != '\0')
        (void)printf(", locked since %s", field_text(stack, "locked_since"));
    (void)printf("\n");
    for (size_t i = 0; i < ARRAY_LENGTH(looks); i++) {
        const cJSON *look = field_part(stack, looks[i].member);
        if (look == NULL && looks[i].never != NULL)
            (void)printf("  %-10s %s\n", looks[i].member, looks[i].never);
        if (look == NULL)
            continue;
        looks[i].say(look, text);
        (void)printf("  %-10s %s%s  (%s, %s)\n", looks[i].member, text,
                     field_flag(look, "ok") || looks[i].say == say_end ? "" : ", and it did not pass",
                     field_text(look, "run"), field_text(look, "time"));
    }
}

/* "12 resources of 3 stacks"; nothing where nobody knows. */
static void print_total(const cJSON *totals, const char *member, const char *words)
{
    const cJSON *total = field_part(totals, member);

    if (field_number(total, "count") > 0.0)
        (void)printf(", %.*f %s of %.0f",
                     field_number(total, "value") == floor(field_number(total, "value")) ? 0 : 2,
                     field_number(total, "value"), words, field_number(total, "count"));
}

void infrastructure_print(const cJSON *status)
{
    const cJSON *infrastructure = field_part(status, "infrastructure");
    const cJSON *stacks = field_part(infrastructure, "stacks");
    const cJSON *totals = field_part(infrastructure, "totals");
    const cJSON *stack = NULL;

    if (cJSON_GetArraySize(stacks) == 0)
        return;
    (void)printf("\ninfrastructure: %.0f stacks", field_number(totals, "stacks"));
    print_total(totals, "resources", "resources");
    print_total(totals, "monthly_cost", "a month");
    print_total(totals, "findings", "findings");
    print_total(totals, "drifts", "drifted");
    (void)printf("%s\n", field_flag(infrastructure, "cut") ? " (not all are shown)" : "");
    cJSON_ArrayForEach(stack, stacks) print_stack(stack);
}
