/* metrics.c - metrics read.
 * SPDX-License-Identifier: MIT */
#include "config/metrics.h"

#include "config/template.h"

#include <string.h>

enum {
    METRIC_SOURCE,
    METRIC_KIND,
    METRIC_SCOPE,
    METRIC_UNIT,
    METRIC_EVERY,
    METRIC_RESOLUTION,
    METRIC_MAX_AGE,
    METRIC_HOLDS,
    METRIC_WINDOW,
    METRIC_BETTER,
    METRIC_NO_DATA,
    METRIC_OPTION_COUNT
};

enum {
    EVERY_MS = 5000,
    RESOLUTION_MS = 1000,
    WINDOW_MS = 600 * 1000,
    AGE_POLLS = 3,      /* a value may be as old as so many polls */
    AGE_MIN_MS = 15000, /* sources are asked for a moment that lies behind the present (lag) */
    HOUR_MS = 3600 * 1000,
    DAY_MS = 24 * HOUR_MS,
    KIND_MAX = 32
};

static const char *const kinds[] = {"gauge", "counter", "histogram", NULL}; /* as enum series_kind */
static const char *const scopes[] = {"side", "service", NULL};              /* as enum metric_scope */
static const char *const betters[] = {"lower", "higher", NULL};
static const char *const answers[] = {"inconclusive", "zero", "pass", "fail",
                                      NULL}; /* as enum no_data_answer */

static const struct option options[METRIC_OPTION_COUNT] = {
    [METRIC_SOURCE] = {.name = "source",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help = "where its values come from, like \"prometheus:main\""},
    [METRIC_KIND] = {.name = "kind",
                     .type = OPTION_CHOICE,
                     .choices = kinds,
                     .fallback = "gauge",
                     .help = "a value, events of a total, or buckets"},
    [METRIC_SCOPE] = {.name = "scope",
                      .type = OPTION_CHOICE,
                      .choices = scopes,
                      .fallback = "side",
                      .help = "one series per side, or one for the whole service"},
    [METRIC_UNIT] = {.name = "unit", .type = OPTION_TEXT, .fallback = "", .help = "\"s\", \"ms\", \"%\" ..."},
    [METRIC_EVERY] = {.name = "every",
                      .type = OPTION_DURATION,
                      .min = 100,
                      .max = HOUR_MS,
                      .help = "how often the source is asked"},
    [METRIC_RESOLUTION] = {.name = "resolution",
                           .type = OPTION_DURATION,
                           .min = 100,
                           .max = HOUR_MS,
                           .help = "one value is kept per so much time; `every` where that is set, else 1s"},
    [METRIC_MAX_AGE] = {.name = "max_age",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = DAY_MS,
                        .help = "an older value is stale; three times `every`, at least 15s"},
    [METRIC_HOLDS] = {.name = "holds",
                      .type = OPTION_DURATION,
                      .min = 100,
                      .max = DAY_MS,
                      .help = "a value stays true for so long"},
    [METRIC_WINDOW] = {.name = "window",
                       .type = OPTION_DURATION,
                       .min = 10 * 1000,
                       .max = DAY_MS,
                       .help =
                           "so much of it stays in memory, 10m; a rule's longest span where that is longer"},
    [METRIC_BETTER] = {.name = "better",
                       .type = OPTION_CHOICE,
                       .choices = betters,
                       .fallback = "lower",
                       .help = "which direction is good"},
    [METRIC_NO_DATA] = {.name = "no_data",
                        .type = OPTION_CHOICE,
                        .choices = answers,
                        .fallback = "inconclusive",
                        .help = "what no data means"},
};

/* Options of collectors that belong to one kind of metric; where a collector has them, that kind needs them.
 */
static const struct {
    const char *option;
    enum series_kind kind;
} kind_options[] = {
    {"query", SERIES_GAUGE}, {"metric", SERIES_GAUGE},      {"events", SERIES_COUNT},
    {"total", SERIES_COUNT}, {"buckets", SERIES_HISTOGRAM},
};

/* Index of the collector that `source` names, and its instance; collector_count: reported. */
static size_t find_collector(const struct build *build, const struct node *node, const char *source,
                             const char **ret_instance)
{
    const struct option_schemas *schemas = build->schemas;
    const char *names[KIND_MAX];
    char kind[KIND_MAX];
    const char *instance = options_split(source, kind, sizeof(kind));
    const char *wanted = instance == NULL ? source : kind;
    size_t count = 0;

    for (size_t i = 0; i < schemas->collector_count; i++) {
        const struct option_schema *schema = &schemas->collectors[i];
        if (count < KIND_MAX)
            names[count++] = schema->name;
        if (strcmp(schema->name, wanted) != 0)
            continue;
        if (instance == NULL && !schema->is_implicit) {
            (void)report_node(build->report, node, "source: '%s' needs the name of an instance: \"%s:NAME\"",
                              source, schema->name);
            return schemas->collector_count;
        }
        *ret_instance = instance == NULL ? "" : instance;
        return i;
    }
    (void)report_unknown(build->report, node, "kind of source", wanted, names, count);
    return schemas->collector_count;
}

/* The collector, before everything else is read: it says which options there are. */
static size_t read_source(const struct build *build, const struct node *node,
                          struct metric_definition *metric)
{
    const struct node *source = tree_find(node, "source");
    const char *instance = "";

    if (source == NULL || source->kind != NODE_TEXT) {
        (void)report_node(build->report, source == NULL ? node : source, "%s is missing (%s)",
                          options[METRIC_SOURCE].name, options[METRIC_SOURCE].help);
        return build->schemas->collector_count;
    }
    size_t collector = find_collector(build, source, source->text, &instance);
    metric->source = options_keep(build, source, instance);
    return metric->source == NULL ? build->schemas->collector_count : collector;
}

static const char *const rate_words[] = {"rate(", "increase("};

static void check_raw(const struct build *build, const struct node *node, const struct option *option,
                      const char *text)
{
    const struct node *at = tree_find(node, option->name);

    for (size_t i = 0; i < ARRAY_LENGTH(rate_words); i++)
        if (at != NULL && strstr(text, rate_words[i]) != NULL)
            (void)report_node(build->report, at,
                              "%s: counters are read raw, without %s...); the increases are taken here",
                              option->name, rate_words[i]);
}

/* Buckets come from the outside as they are (push), or by an option that says where they are. */
static bool has_histograms(const struct option_schema *schema)
{
    return schema->is_implicit || option_find(schema->use, schema->use_count, "buckets") < schema->use_count;
}

/* What nothing is said of (push) is told apart by its key. */
static bool is_told_apart(const struct option_schema *schema)
{
    return schema->is_implicit && schema->use_count == 0;
}

/* The options that go with the kind, and only these. */
static void check_kind(const struct build *build, const struct node *node, const struct option_schema *schema,
                       const struct metric_definition *metric)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kind_options); i++) {
        size_t at = option_find(schema->use, schema->use_count, kind_options[i].option);
        if (at == schema->use_count)
            continue;
        const struct option *option = &schema->use[at];
        bool is_set = metric->options[at].is_set;
        if (kind_options[i].kind == metric->kind && !is_set)
            (void)report_node(build->report, node, "%s is missing: kind = \"%s\" needs it (%s)", option->name,
                              kinds[metric->kind], option->help);
        if (kind_options[i].kind != metric->kind && is_set)
            (void)report_node(build->report, tree_find(node, option->name),
                              "%s belongs to kind = \"%s\", this metric's kind is \"%s\"", option->name,
                              kinds[kind_options[i].kind], kinds[metric->kind]);
        if (metric->kind != SERIES_GAUGE && is_set && metric->options[at].text != NULL)
            check_raw(build, node, option, metric->options[at].text);
    }
}

/* Which of a source's series a reporter is, only some kinds of sources know: those have the option. */
static const char *const combine_parts[] = {"combine", NULL};

static bool is_share(const struct option_schema *schema, const struct metric_definition *metric, size_t at)
{
    const struct option_value *value = &metric->options[at];

    return value->is_set && strcmp(schema->use[at].choices[value->choice], "share") == 0;
}

static void check_combine(const struct build *build, const struct node *node,
                          const struct option_schema *schema, const struct metric_definition *metric)
{
    size_t at = option_find(schema->use, schema->use_count, combine_parts[0]);
    const struct node *combine = tree_find(node, combine_parts[0]);

    if (combine == NULL)
        return;
    if (at == schema->use_count)
        (void)report_node(build->report, combine,
                          "combine: a source of kind '%s' does not tell one reporter from another",
                          schema->name);
    else if (metric->kind != SERIES_GAUGE)
        (void)report_node(build->report, combine,
                          "combine belongs to kind = \"%s\", this metric's kind is \"%s\"",
                          kinds[SERIES_GAUGE], kinds[metric->kind]);
    else if (is_share(schema, metric, at) && metric->unit[0] != '\0')
        (void)report_node(build->report, tree_find(node, options[METRIC_UNIT].name),
                          "unit: a share is from 0 to 1 and has none; conditions say it like 80%%");
}

static bool text_names_side(const char *text)
{
    struct placeholder found = placeholder_find(text);

    while (found.kind == PLACEHOLDER_NAME) {
        if (strcmp(found.name, "resolution") != 0 && strcmp(found.name, "previous") != 0)
            return true;
        found = placeholder_find(found.after);
    }
    return false;
}

static bool value_names_side(const struct option_value *value)
{
    if (value->text != NULL && text_names_side(value->text))
        return true;
    for (size_t i = 0; i < value->list_length; i++)
        if (text_names_side(value->list[i]))
            return true;
    return false;
}

static bool names_side(const struct option_schema *schema, const struct metric_definition *metric)
{
    for (size_t i = 0; i < schema->use_count; i++)
        if (value_names_side(&metric->options[i]))
            return true;
    return false;
}

static int64_t duration_or(const struct option_value *value, int64_t fallback_ms)
{
    return value->is_set ? value->duration_ms : fallback_ms;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How late a source is that has such an option for its metrics. */
static int64_t delay_of(const struct option_schema *schema, const struct option_value *uses)
{
    size_t at = option_find(schema->use, schema->use_count, "delay");

    return at < schema->use_count ? uses[at].duration_ms : 0;
}

static void set_times(const struct option_value *values, int64_t delay_ms, struct metric_definition *metric)
{
    const struct option_value *every = &values[METRIC_EVERY];

    metric->every_ms = duration_or(every, EVERY_MS);
    metric->step_ms =
        duration_or(&values[METRIC_RESOLUTION], every->is_set ? every->duration_ms : RESOLUTION_MS);
    metric->holds_ms = duration_or(&values[METRIC_HOLDS], 0);
    metric->window_ms = duration_or(&values[METRIC_WINDOW], WINDOW_MS);
    metric->age_max_ms = duration_or(
        &values[METRIC_MAX_AGE],
        delay_ms + larger(larger(AGE_POLLS * larger(metric->every_ms, metric->step_ms), AGE_MIN_MS),
                          metric->holds_ms));
}

/* What only the kind of source knows, and what no value could live up to. */
static void check_source(const struct build *build, const struct node *node,
                         const struct option_schema *schema, const struct option_value *values,
                         const struct metric_definition *metric)
{
    int64_t delay_ms = delay_of(schema, metric->options);
    const char *option = "";
    struct err err = {0};

    if (schema->check != NULL &&
        !schema->check(metric->kind, metric->every_ms, metric->options, &option, &err)) {
        const struct node *at = tree_find(node, option);
        (void)report_node(build->report, at == NULL ? node : at, "%s", err.text);
    }
    if (delay_ms > 0 && values[METRIC_MAX_AGE].is_set && metric->age_max_ms <= delay_ms)
        (void)report_node(build->report, tree_find(node, options[METRIC_MAX_AGE].name),
                          "max_age is no longer than delay: every value would be stale when it comes");
}

bool metrics_build(const struct build *build, const struct node *node, struct metric_definition *ret_metric)
{
    struct option_value values[METRIC_OPTION_COUNT] = {{0}};
    struct shape shape = {.options = options, .count = METRIC_OPTION_COUNT};
    struct metric_definition metric = {0};

    metric.collector = read_source(build, node, &metric);
    if (metric.collector == build->schemas->collector_count)
        return false;
    const struct option_schema *schema = &build->schemas->collectors[metric.collector];
    struct option_value *uses = options_array(build, node, schema->use_count + 1, sizeof(*uses));
    shape.more = schema->use;
    shape.more_count = schema->use_count;
    shape.parts = combine_parts; /* of a source that has no such option there is more to say than "unknown" */
    if (uses == NULL || !options_read(build, node, &shape, values, uses))
        return false;
    metric.name = options_keep(build, node, node->name);
    metric.unit = values[METRIC_UNIT].text;
    metric.kind = (enum series_kind)values[METRIC_KIND].choice;
    metric.scope = (enum metric_scope)values[METRIC_SCOPE].choice;
    metric.no_data = (enum no_data_answer)values[METRIC_NO_DATA].choice;
    metric.is_lower_better = values[METRIC_BETTER].choice == 0;
    metric.options = uses;
    set_times(values, delay_of(schema, uses), &metric);
    size_t before = build->report->said;
    check_kind(build, node, schema, &metric);
    check_combine(build, node, schema, &metric);
    check_source(build, node, schema, values, &metric);
    if (metric.kind == SERIES_HISTOGRAM && !has_histograms(schema))
        (void)report_node(build->report, node, "a source of kind '%s' has no histograms", schema->name);
    if (metric.scope == SCOPE_SERVICE && !build->is_loose && names_side(schema, &metric))
        (void)report_node(build->report, node,
                          "scope = \"service\" is one series for all sides, but its texts name a side");
    if (metric.name == NULL || build->report->said != before)
        return false;
    *ret_metric = metric;
    return true;
}

struct condition_metric metrics_outline(const struct build *build, const struct metric_definition *metric)
{
    const struct option_schema *schema = &build->schemas->collectors[metric->collector];

    return (struct condition_metric){
        .name = metric->name,
        .kind = metric->kind,
        .unit = metric->unit,
        .names_side = metric->scope == SCOPE_SIDE && (is_told_apart(schema) || names_side(schema, metric)),
    };
}

static const char *child_text(const struct node *node, const char *name, const char *fallback)
{
    const struct node *child = tree_find(node, name);

    return child != NULL && child->text != NULL ? child->text : fallback;
}

struct condition_metric metrics_raw_outline(const struct node *node)
{
    const char *kind = child_text(node, "kind", kinds[0]);
    struct condition_metric outline = {
        .name = node->name,
        .kind = SERIES_GAUGE,
        .unit = child_text(node, "unit", ""),
        .names_side = strcmp(child_text(node, "scope", scopes[0]), scopes[0]) == 0,
    };

    for (size_t i = 0; kinds[i] != NULL; i++)
        if (strcmp(kinds[i], kind) == 0)
            outline.kind = (enum series_kind)i;
    return outline;
}
