/* windows.c - spans of the week and frozen days.
 * SPDX-License-Identifier: MIT */
#include "config/windows.h"

#include "base/calendar.h"
#include "base/duration.h"
#include "config/files.h"

#include <assert.h>
#include <string.h>

enum { WINDOW_ALLOW, WINDOW_FREEZE, WINDOW_OPTION_COUNT };
enum { DAYS_OF_WEEK = 7, DAY_LETTERS = 3, MINUTE_MS = 60 * 1000 };

static const struct option options[WINDOW_OPTION_COUNT] = {
    [WINDOW_ALLOW] = {.name = "allow",
                      .type = OPTION_LIST,
                      .is_required = true,
                      .min = 1,
                      .max = WINDOW_SPANS_MAX,
                      .help = "when deployments begin, like \"mon-thu 09:00-16:00 Europe/Berlin\""},
    [WINDOW_FREEZE] = {.name = "freeze",
                       .type = OPTION_LIST,
                       .min = 0,
                       .max = WINDOW_FREEZES_MAX,
                       .help = "days on which none begins, like \"2026-12-18/2027-01-04\""},
};

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

/* Exactly so many digits. */
static bool take_digits(const char **at, int count, int32_t max, int32_t *ret_number)
{
    int32_t number = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        number = number * 10 + (**at - '0');
    }
    *ret_number = number;
    return number <= max;
}

static bool take_day(const char **at, int *ret_day)
{
    static const char names[DAYS_OF_WEEK][DAY_LETTERS + 1] = {"mon", "tue", "wed", "thu",
                                                              "fri", "sat", "sun"};

    for (int day = 0; day < DAYS_OF_WEEK; day++) {
        if (strncmp(*at, names[day], DAY_LETTERS) != 0)
            continue;
        *at += DAY_LETTERS;
        *ret_day = day;
        return true;
    }
    return false;
}

/* "mon-thu,sat "; over the end of the week too. */
static bool take_days(const char **at, uint8_t *ret_days)
{
    unsigned days = 0;

    do {
        int first = 0;
        if (!take_day(at, &first))
            return false;
        int last = first;
        if (take_char(at, '-') && !take_day(at, &last))
            return false;
        for (int day = first;; day = (day + 1) % DAYS_OF_WEEK) {
            days |= 1U << day;
            if (day == last)
                break;
        }
    } while (take_char(at, ','));
    *ret_days = (uint8_t)days;
    return take_char(at, ' ');
}

/* "09:00"; 24:00 is the end of the day. */
static bool take_time(const char **at, uint16_t *ret_minute)
{
    int32_t hour = 0;
    int32_t minute = 0;

    if (!take_digits(at, 2, 24, &hour) || !take_char(at, ':') || !take_digits(at, 2, 59, &minute) ||
        hour * 60 + minute > WINDOW_DAY_MINUTES)
        return false;
    *ret_minute = (uint16_t)(hour * 60 + minute);
    return true;
}

/* What follows the span is the zone; NULL: it is not written like one. */
static const char *parse_span(const char *text, struct window_span *span)
{
    const char *at = text;

    span->days = (1U << DAYS_OF_WEEK) - 1;
    if ((*at < '0' || *at > '9') && !take_days(&at, &span->days))
        return NULL;
    if (!take_time(&at, &span->from_minute) || !take_char(&at, '-') || !take_time(&at, &span->to_minute) ||
        !take_char(&at, ' ') || *at == '\0' || strchr(at, ' ') != NULL)
        return NULL;
    return at;
}

static bool take_date(const char **at, int32_t *ret_day)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t day = 0;

    if (!take_digits(at, 4, 9999, &year) || !take_char(at, '-') || !take_digits(at, 2, 12, &month) ||
        !take_char(at, '-') || !take_digits(at, 2, 31, &day) || month == 0 || day == 0 ||
        day > calendar_month_days(year, month))
        return false;
    *ret_day = (int32_t)calendar_days(year, month, day);
    return true;
}

/* "2026-12-18/2027-01-04", or one day. */
static bool parse_freeze(const char *text, struct window_freeze *freeze)
{
    const char *at = text;

    if (!take_date(&at, &freeze->first_day))
        return false;
    freeze->last_day = freeze->first_day;
    return (!take_char(&at, '/') || take_date(&at, &freeze->last_day)) && *at == '\0' &&
           freeze->last_day >= freeze->first_day;
}

static bool build_span(const struct build *build, const struct node *at, const char *text,
                       struct window *window, struct window_span *span)
{
    const char *zone = parse_span(text, span);

    if (zone == NULL)
        return report_node(build->report, at, "allow: '%s' is not like \"mon-thu 09:00-16:00 Europe/Berlin\"",
                           text);
    if (span->from_minute == span->to_minute)
        return report_node(build->report, at, "allow: '%s' never opens: it ends when it begins", text);
    if (span->to_minute < span->from_minute)
        span->to_minute = (uint16_t)(span->to_minute + WINDOW_DAY_MINUTES);
    if (window->zone == NULL)
        window->zone = options_keep(build, at, zone);
    if (window->zone != NULL && strcmp(window->zone, zone) != 0)
        return report_node(build->report, at, "allow: a window has one time zone, and this one has %s and %s",
                           window->zone, zone);
    return window->zone != NULL;
}

const struct window *windows_build(const struct build *build, const struct node *node)
{
    static const struct shape shape = {.options = options, .count = WINDOW_OPTION_COUNT};
    struct option_value values[WINDOW_OPTION_COUNT] = {{0}};
    bool is_good = true;

    if (!options_read(build, node, &shape, values, NULL))
        return NULL;
    size_t span_count = values[WINDOW_ALLOW].list_length;
    size_t freeze_count = values[WINDOW_FREEZE].list_length;
    struct window *window = options_array(build, node, 1, sizeof(*window));
    struct window_span *spans = options_array(build, node, span_count + 1, sizeof(*spans));
    struct window_freeze *freezes = options_array(build, node, freeze_count + 1, sizeof(*freezes));
    if (window == NULL || spans == NULL || freezes == NULL)
        return NULL;
    const struct node *at = tree_find(node, "allow");
    for (size_t i = 0; i < span_count; i++)
        is_good = build_span(build, at, values[WINDOW_ALLOW].list[i], window, &spans[i]) && is_good;
    at = tree_find(node, "freeze");
    for (size_t i = 0; i < freeze_count; i++)
        if (!parse_freeze(values[WINDOW_FREEZE].list[i], &freezes[i]))
            is_good = report_node(build->report, at, "freeze: '%s' is not like \"2026-12-18/2027-01-04\"",
                                  values[WINDOW_FREEZE].list[i]);
    window->spans = spans;
    window->span_count = span_count;
    window->freezes = freezes;
    window->freeze_count = freeze_count;
    return is_good ? window : NULL;
}

/* Here and not where sealed texts are read: these must be read even where the database is gone. */
bool windows_check_zones(const struct option_schemas *schemas, struct config_report *report,
                         const struct node *node)
{
    const struct node *allow = tree_find(node, "allow");
    size_t count = allow == NULL ? 0 : allow->kind == NODE_LIST ? allow->count : 1;
    bool is_good = true;

    for (size_t i = 0; i < count && schemas->knows_zone != NULL; i++) {
        const struct node *element = allow->kind == NODE_LIST ? &allow->children[i] : allow;
        struct window_span span;
        const char *zone = element->kind == NODE_TEXT ? parse_span(element->text, &span) : NULL;
        if (zone != NULL && !schemas->knows_zone(zone))
            is_good =
                report_node(report, element,
                            "no time zone '%s' in the system's tz database, like \"Europe/Berlin\"", zone);
    }
    return is_good;
}

static bool select_window(const struct config *config, struct vars *vars, struct node *window)
{
    struct node named = *window;

    if (window->kind == NODE_TEXT) {
        const struct node *node = config_find(config, "windows", window->text);
        if (node == NULL)
            return config_unknown(config, vars->report, window, "windows", "window", window->text);
        if (!vars_copy(vars, node, false, &named))
            return false;
        named.name = window->name;
        named.source = window->source; /* what does not fit here is told here */
        named.line = window->line;
    }
    *window = named;
    return windows_check_zones(config->schemas, vars->report, window);
}

bool windows_select(const struct config *config, struct vars *vars, struct node *children, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(children[i].name, "window") == 0)
            return select_window(config, vars, &children[i]);
    return true;
}

static void mark_open(uint8_t *open, const struct window_span *span, unsigned day)
{
    for (unsigned minute = span->from_minute; minute < span->to_minute; minute++) {
        unsigned at = (day * WINDOW_DAY_MINUTES + minute) % WINDOW_WEEK_MINUTES;
        open[at / 8] = (uint8_t)(open[at / 8] | 1U << at % 8);
    }
}

/* Minutes of the longest time that the window is open at a stretch, in a week without frozen days. */
static unsigned longest_minutes(const struct window *window)
{
    static_assert(WINDOW_WEEK_MINUTES % 8 == 0, "the week is a set of bits");
    uint8_t open[WINDOW_WEEK_MINUTES / 8] = {0};
    unsigned longest = 0;
    unsigned run = 0;

    for (size_t i = 0; i < window->span_count; i++)
        for (unsigned day = 0; day < DAYS_OF_WEEK; day++)
            if ((window->spans[i].days & 1U << day) != 0)
                mark_open(open, &window->spans[i], day);
    /* Twice around: the week has no end. */
    for (unsigned m = 0; m < 2 * WINDOW_WEEK_MINUTES; m++) {
        unsigned of_week = m % WINDOW_WEEK_MINUTES;
        run = (open[of_week / 8] & 1U << of_week % 8) != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

bool windows_check(const struct build *build, const struct node *target, const struct definition *definition)
{
    char least[DURATION_TEXT_MAX];
    char longest[DURATION_TEXT_MAX];

    if (definition->window == NULL)
        return true;
    unsigned minutes = longest_minutes(definition->window);
    int64_t least_ms = plan_least_ms(definition->plan);
    if (minutes >= WINDOW_WEEK_MINUTES || least_ms <= (int64_t)minutes * MINUTE_MS)
        return true;
    return report_node(build->report, tree_find(target, "window"),
                       "strategy '%s' observes for %s, and this window is never open for longer than %s",
                       definition->strategy, duration_format(least_ms, least, sizeof(least)),
                       duration_format((int64_t)minutes * MINUTE_MS, longest, sizeof(longest)));
}
