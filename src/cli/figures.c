/* figures.c - the figures of a status as a table for people.
 * SPDX-License-Identifier: MIT */
#include "cli/figures.h"

#include "base/attributes.h"
#include "base/duration.h"
#include "cli/field.h"
#include "cli/terminal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    VALUE_SIZE = 48,
    COLUMNS = 5, /* of a table of strategies */
    TABLES = 2,
    RECENT = 2, /* of what is printed of pipelines */
    RECENT_MAX = 5
};

/* What the tables of strategies show: all that strategies have of their own. */
static const struct {
    const char *name, *title;
} columns[TABLES][COLUMNS] = {{{"deployment_success_rate", "SUCCEED"},
                               {"deployment_time", "WORKING"},
                               {"rollback_time", "ROLLBACK"},
                               {"zero_downtime", "NO DOWNTIME"},
                               {"rollback_rate", "TAKEN BACK"}},
                              {{"deployment_elapsed", "ALL OF IT"},
                               {"recovery_time", "RECOVERY"},
                               {"availability", "AVAILABLE"},
                               {"deployment_frequency", "PROMOTED"},
                               {NULL, NULL}}};

static const char *duration_text(double seconds, char to[VALUE_SIZE])
{
    char text[DURATION_TEXT_MAX];
    double ms = seconds < 10.0 ? round(seconds * 1000.0) : round(seconds) * 1000.0;

    (void)snprintf(to, VALUE_SIZE, "%s", duration_format((int64_t)ms, text, sizeof(text)));
    return to;
}

/* "99.4 %", "2m31s", "3.2 a day"; "-" where it is not known. */
static const char *value_text(double value, const char *unit, char to[VALUE_SIZE])
{
    if (!isfinite(value) || fabs(value) > 1e12)
        return "-";
    if (strcmp(unit, "s") == 0)
        return duration_text(value, to);
    if (strcmp(unit, "ratio") == 0)
        (void)snprintf(to, VALUE_SIZE, "%.5g %%", value * 100.0);
    else
        (void)snprintf(to, VALUE_SIZE, "%.3g a day", value);
    return to;
}

static const char *target_text(const cJSON *figure, char to[VALUE_SIZE])
{
    static const struct {
        const char *name, *sign;
    } kinds[] = {{"above", "> "}, {"below", "< "}, {"exactly", ""}};
    const cJSON *target = field_part(figure, "target");
    char value[VALUE_SIZE];

    to[0] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        double bound = field_number(target, kinds[i].name);
        if (isfinite(bound))
            (void)snprintf(to, VALUE_SIZE, "%s%s", kinds[i].sign,
                           value_text(bound, field_text(figure, "unit"), value));
    }
    return to;
}

/* Met, missed, or neither known nor wanted. */
static void print_mark(const struct terminal *terminal, const cJSON *figure)
{
    const cJSON *met = cJSON_GetObjectItemCaseSensitive(figure, "met");
    const char *mark = " ";
    enum terminal_color color = COLOR_NONE;

    if (cJSON_IsTrue(met)) {
        mark = terminal->has_utf8 ? "✔" : "+";
        color = COLOR_GOOD;
    } else if (cJSON_IsFalse(met)) {
        mark = terminal->has_utf8 ? "✖" : "!";
        color = COLOR_BAD;
    } else if (field_part(figure, "target") != NULL) {
        mark = "?";
    }
    (void)printf("  %s%s%s ", terminal_color(terminal, color), mark, terminal_color(terminal, COLOR_NONE));
}

static void print_figure(const struct terminal *terminal, const cJSON *figure)
{
    double value = field_number(figure, "value");
    char text[VALUE_SIZE];
    char target[VALUE_SIZE];

    print_mark(terminal, figure);
    (void)printf("%-33s ", field_text(figure, "label"));
    if (!isfinite(value)) {
        (void)printf("not known: %s\n", field_text(figure, "why"));
        return;
    }
    (void)printf("%12s  %-12s of %.0f\n", value_text(value, field_text(figure, "unit"), text),
                 target_text(figure, target), field_number(figure, "count"));
}

static void print_strategy(const cJSON *kpis, size_t table, const char *name)
{
    char text[VALUE_SIZE];

    (void)printf("  %-22s", name);
    for (size_t i = 0; i < COLUMNS && columns[table][i].name != NULL; i++) {
        const cJSON *figure = field_part(kpis, columns[table][i].name);
        const cJSON *one = field_part(field_part(figure, "strategies"), name);
        (void)printf(" %12s", value_text(field_number(one, "value"), field_text(one, "unit"), text));
    }
    (void)printf("\n");
}

static void print_strategies(const cJSON *kpis)
{
    const cJSON *strategies = field_part(field_part(kpis, columns[0][0].name), "strategies");
    const cJSON *strategy = NULL;

    for (size_t table = 0; table < TABLES && cJSON_GetArraySize(strategies) > 0; table++) {
        (void)printf("\n  %-22s", "STRATEGY");
        for (size_t i = 0; i < COLUMNS && columns[table][i].name != NULL; i++)
            (void)printf(" %12s", columns[table][i].title);
        (void)printf("\n");
        cJSON_ArrayForEach(strategy, strategies) print_strategy(kpis, table, strategy->string);
    }
}

static void print_environments(const cJSON *status)
{
    const cJSON *environments = field_part(status, "environments");
    const cJSON *row = NULL;
    char text[VALUE_SIZE];

    if (cJSON_GetArraySize(environments) == 0)
        return;
    (void)printf("\n%-24s %9s %12s %6s %10s\n", "ENVIRONMENT", "SERVICES", "IN PROGRESS", "ENDED",
                 "SUCCEEDED");
    cJSON_ArrayForEach(row, environments)(void)
        printf("%-24s %9.0f %12.0f %6.0f %10s\n", field_text(row, "environment"),
               field_number(row, "services"), field_number(row, "in_progress"), field_number(row, "ended"),
               value_text(field_number(row, "success_rate"), "ratio", text));
}

static void print_pipelines(const cJSON *status)
{
    static const char *const kinds[] = {"active", "queued", "recent"};
    const cJSON *pipelines = field_part(status, "pipelines");
    const cJSON *run = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        int count = 0;
        cJSON_ArrayForEach(run, field_part(pipelines, kinds[i]))
        {
            if (i < RECENT || count++ < RECENT_MAX)
                (void)printf("%-6s %-8s %s\n", kinds[i], field_text(run, "id"), field_text(run, "summary"));
        }
    }
}

void figures_print(const struct terminal *terminal, const cJSON *status)
{
    const cJSON *kpis = field_part(status, "kpis");
    const cJSON *span = field_part(status, "span");
    const cJSON *figure = NULL;
    char text[VALUE_SIZE];

    print_pipelines(status);
    print_environments(status);
    if (kpis == NULL)
        return;
    (void)printf("\nthe last %s", duration_text(field_number(span, "seconds"), text));
    (void)printf(", of which the journal has %s%s: %.0f deployments, %.0f runs\n",
                 duration_text(field_number(span, "covered_s"), text),
                 field_flag(span, "cut") ? " (more than is looked at)" : "",
                 field_number(span, "deployments"), field_number(span, "runs"));
    cJSON_ArrayForEach(figure, kpis) print_figure(terminal, figure);
    print_strategies(kpis);
}
