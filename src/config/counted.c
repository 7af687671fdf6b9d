/* counted.c - metrics that exist because a traffic driver counts.
 * SPDX-License-Identifier: MIT */
#include "config/counted.h"

#include "base/text.h"
#include "config/condition.h"
#include "config/options.h"

#include <string.h>

enum { KEYS_MAX = 8 };

#define KEY(key, value)                                                                                      \
    {                                                                                                        \
        .kind = NODE_TEXT, .name = (key), .text = (value)                                                    \
    }

static const struct node errors_keys[] = {KEY("kind", "counter"), KEY("every", "1s"), KEY("better", "lower"),
                                          KEY("slot", "{{slot}}")};
static const struct node time_keys[] = {KEY("kind", "gauge"), KEY("every", "1s"), KEY("unit", "ms"),
                                        KEY("better", "lower"), KEY("slot", "{{slot}}")};

static const struct node up_keys[] = {KEY("kind", "gauge"),    KEY("every", "1s"),      KEY("unit", "%"),
                                      KEY("better", "higher"), KEY("slot", "{{slot}}"), KEY("measure", "up")};
static const struct node signal_keys[] = {KEY("source", "push"), KEY("kind", "gauge"),
                                          KEY("scope", "service"), KEY("max_age", "15m"),
                                          KEY("better", "lower")};

const struct node counted_metrics[COUNTED_MAX] = {
    {.kind = NODE_GROUP, .name = "lb_errors", .count = ARRAY_LENGTH(errors_keys), .children = errors_keys},
    {.kind = NODE_GROUP, .name = "lb_time", .count = ARRAY_LENGTH(time_keys), .children = time_keys},
    {.kind = NODE_GROUP, .name = "lb_up", .count = ARRAY_LENGTH(up_keys), .children = up_keys},
    {.kind = NODE_GROUP,
     .name = CONDITION_ANY_SIGNAL,
     .count = ARRAY_LENGTH(signal_keys),
     .children = signal_keys},
};

static bool is_signal(const char *name)
{
    return strncmp(name, CONDITION_SIGNAL, strlen(CONDITION_SIGNAL)) == 0;
}

const struct node *counted_find(const char *name)
{
    for (size_t i = 0; i < COUNTED_MAX; i++)
        if (strcmp(counted_metrics[i].name, name) == 0)
            return &counted_metrics[i];
    return is_signal(name) ? &counted_metrics[COUNTED_MAX - 1] : NULL;
}

static bool is_counting(const struct option_schemas *schemas, const char *kind)
{
    for (size_t i = 0; i < schemas->collector_count; i++) {
        const struct option_schema *schema = &schemas->collectors[i];
        if (strcmp(schema->name, kind) == 0)
            return option_find(schema->use, schema->use_count, "slot") < schema->use_count;
    }
    return false;
}

/* "haproxy:edge", or NULL where the environment has no driver that counts. */
static const char *find_driver(struct vars *vars, const struct option_schemas *schemas,
                               const struct node *environment)
{
    const struct node *traffic = tree_find(environment, "traffic");
    char kind[NAME_MAX_LENGTH + 1];

    if (traffic == NULL || traffic->kind != NODE_TEXT)
        return NULL;
    const char *driver = vars_fill(vars, traffic, false);
    if (driver == NULL || options_split(driver, kind, sizeof(kind)) == NULL || !is_counting(schemas, kind))
        return NULL;
    return driver;
}

bool counted_is_there(struct vars *vars, const struct option_schemas *schemas, const struct node *environment)
{
    return find_driver(vars, schemas, environment) != NULL;
}

/* Source and backend of what a driver counts; their count, 0 where it was reported. */
static size_t add_driver(struct vars *vars, const struct option_schemas *schemas,
                         const struct node *environment, const struct node *at, const char *name,
                         struct node *keys)
{
    const char *driver = find_driver(vars, schemas, environment);
    const struct node *backend = tree_find(environment, "backend");
    size_t count = 0;

    if (driver == NULL) {
        (void)report_node(vars->report, at,
                          "'%s' is counted by the traffic driver, and %s/%s has none that counts; set "
                          "`traffic = \"haproxy:NAME\"`, or define the metric",
                          name, vars->service, vars->environment);
        return 0;
    }
    keys[count++] = (struct node)KEY("source", driver);
    if (backend != NULL && backend->kind == NODE_TEXT)
        keys[count++] = (struct node)KEY("backend", vars_fill(vars, backend, true));
    return count == 1 || keys[1].text != NULL ? count : 0;
}

bool counted_build(struct vars *vars, const struct option_schemas *schemas, const struct node *environment,
                   const struct node *at, const struct node *counted, const char *name,
                   struct node *ret_metric)
{
    struct node *keys = arena_take_array(vars->arena, KEYS_MAX, sizeof(*keys));
    const char *copy = arena_copy_text(vars->arena, name);
    size_t count = 0;

    if (keys == NULL || copy == NULL)
        return report_node(vars->report, at,
                           "the definitions are larger than their memory; make them smaller");
    if (!is_signal(name)) {
        count = add_driver(vars, schemas, environment, at, name, keys);
        if (count == 0)
            return false;
    }
    for (size_t i = 0; i < counted->count; i++)
        keys[count++] = counted->children[i];
    for (size_t i = 0; i < count; i++) {
        keys[i].source = at->source;
        keys[i].line = at->line;
    }
    *ret_metric = *counted;
    ret_metric->name = copy;
    ret_metric->source = at->source;
    ret_metric->line = at->line;
    ret_metric->children = keys;
    ret_metric->count = count;
    return true;
}
