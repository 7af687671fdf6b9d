/* prepare.c - what a version needs of its environment.
 * SPDX-License-Identifier: MIT */
#include "config/prepare.h"

#include "base/size.h"
#include "base/text.h"
#include "config/targets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PREPARE_COMMAND, PREPARE_REPLICAS, PREPARE_OPTION_COUNT };
enum { RESOURCE_CPU, RESOURCE_MEMORY, RESOURCE_DISK, RESOURCE_OPTION_COUNT };
enum {
    HEALTH_PATH,
    HEALTH_PORT,
    HEALTH_EVERY,
    HEALTH_TIMEOUT,
    HEALTH_FAILURES,
    HEALTH_GRACE,
    HEALTH_OPTION_COUNT
};
enum { VALUES_MAX = 10, NUMBER_SIZE = 32, REPLICAS_MAX = 10000, PORT_MAX = 65535, FAILURES_MAX = 1000 };
enum { MILLI = 1000, MINUTE_MS = 60 * 1000, CORES_MAX = 4096 };

#define CORES_MIN 0.001

static const struct option options[PREPARE_OPTION_COUNT] = {
    [PREPARE_COMMAND] = {.name = "command",
                         .type = OPTION_TEXT,
                         .help = "what makes the environment so; the command `prepare`, where there is one"},
    [PREPARE_REPLICAS] = {.name = "replicas",
                          .type = OPTION_INTEGER,
                          .min = 1,
                          .max = REPLICAS_MAX,
                          .help = "how many of it: VERDICT_REPLICAS"},
};

static const struct option resource_options[RESOURCE_OPTION_COUNT] = {
    [RESOURCE_CPU] = {.name = "cpu",
                      .type = OPTION_NUMBER,
                      .min = CORES_MIN,
                      .max = CORES_MAX,
                      .help = "processors of each, like 0.5: VERDICT_CPU_MILLICORES"},
    [RESOURCE_MEMORY] = {.name = "memory",
                         .type = OPTION_TEXT,
                         .help = "of each, like \"512MiB\": VERDICT_MEMORY_BYTES"},
    [RESOURCE_DISK] = {.name = "disk",
                       .type = OPTION_TEXT,
                       .help = "of each, like \"2GiB\": VERDICT_DISK_BYTES"},
};

static const struct option health_options[HEALTH_OPTION_COUNT] = {
    [HEALTH_PATH] = {.name = "path",
                     .type = OPTION_TEXT,
                     .help = "what is asked for, like \"/healthz\": VERDICT_HEALTH_PATH"},
    [HEALTH_PORT] = {.name = "port",
                     .type = OPTION_INTEGER,
                     .min = 1,
                     .max = PORT_MAX,
                     .help = "and where: VERDICT_HEALTH_PORT"},
    [HEALTH_EVERY] = {.name = "every",
                      .type = OPTION_DURATION,
                      .min = 1,
                      .max = 60 * MINUTE_MS,
                      .help = "between two questions: VERDICT_HEALTH_EVERY_MS"},
    [HEALTH_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 1,
                        .max = 60 * MINUTE_MS,
                        .help = "for the answer: VERDICT_HEALTH_TIMEOUT_MS"},
    [HEALTH_FAILURES] = {.name = "failures",
                         .type = OPTION_INTEGER,
                         .min = 1,
                         .max = FAILURES_MAX,
                         .help = "in a row until it counts as ill: VERDICT_HEALTH_FAILURES"},
    [HEALTH_GRACE] = {.name = "grace",
                      .type = OPTION_DURATION,
                      .min = 0,
                      .max = 60 * MINUTE_MS,
                      .help = "after its start, before that counts: VERDICT_HEALTH_GRACE_MS"},
};

/* What is told to commands. */
struct telling {
    const struct build *build;
    const struct node *node;
    const char **pairs; /* [2 * VALUES_MAX] */
    size_t count;
};

static bool tell(struct telling *telling, const char *name, const char *text)
{
    const char *kept = options_keep(telling->build, telling->node, text);

    telling->pairs[2 * telling->count] = name;
    telling->pairs[2 * telling->count++ + 1] = kept;
    return kept != NULL;
}

static bool tell_number(struct telling *telling, const char *name, bool is_set, int64_t number)
{
    char text[NUMBER_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    return !is_set || tell(telling, name, text);
}

static bool tell_size(struct telling *telling, const struct node *node, const char *name,
                      const struct option *option, const struct option_value *value)
{
    int64_t bytes = 0;

    if (!value->is_set)
        return true;
    if (!size_parse(value->text, &bytes))
        return report_node(telling->build->report, tree_find(node, option->name),
                           "%s: '%s' is no size like \"512MiB\" or \"2GB\"", option->name, value->text);
    return tell_number(telling, name, true, bytes);
}

static bool tell_resources(struct telling *telling, const struct node *node)
{
    static const struct shape shape = {.options = resource_options, .count = RESOURCE_OPTION_COUNT};
    struct option_value values[RESOURCE_OPTION_COUNT] = {{0}};

    if (node == NULL)
        return true;
    if (!options_read(telling->build, node, &shape, values, NULL))
        return false;
    /* Rounded: 0.29 cores are 290 thousandths. */
    int64_t millicores = (int64_t)(values[RESOURCE_CPU].number * MILLI + 0.5);
    bool is_good = tell_number(telling, "CPU_MILLICORES", values[RESOURCE_CPU].is_set, millicores);
    is_good = tell_size(telling, node, "MEMORY_BYTES", &resource_options[RESOURCE_MEMORY],
                        &values[RESOURCE_MEMORY]) &&
              is_good;
    return tell_size(telling, node, "DISK_BYTES", &resource_options[RESOURCE_DISK], &values[RESOURCE_DISK]) &&
           is_good;
}

static bool tell_path(struct telling *telling, const struct node *node, const struct option_value *value)
{
    if (!value->is_set)
        return true;
    if (value->text[0] != '/' || strpbrk(value->text, " \t\r\n{") != NULL)
        return report_node(telling->build->report, tree_find(node, "path"),
                           "path: '%s' is not like \"/healthz\"", value->text);
    return tell(telling, "HEALTH_PATH", value->text);
}

static bool tell_health(struct telling *telling, const struct node *node)
{
    static const struct shape shape = {.options = health_options, .count = HEALTH_OPTION_COUNT};
    struct option_value values[HEALTH_OPTION_COUNT] = {{0}};

    if (node == NULL)
        return true;
    if (!options_read(telling->build, node, &shape, values, NULL))
        return false;
    const struct {
        const char *name;
        bool is_set;
        int64_t number;
    } numbers[] = {
        {"HEALTH_PORT", values[HEALTH_PORT].is_set, (int64_t)values[HEALTH_PORT].number},
        {"HEALTH_EVERY_MS", values[HEALTH_EVERY].is_set, values[HEALTH_EVERY].duration_ms},
        {"HEALTH_TIMEOUT_MS", values[HEALTH_TIMEOUT].is_set, values[HEALTH_TIMEOUT].duration_ms},
        {"HEALTH_FAILURES", values[HEALTH_FAILURES].is_set, (int64_t)values[HEALTH_FAILURES].number},
        {"HEALTH_GRACE_MS", values[HEALTH_GRACE].is_set, values[HEALTH_GRACE].duration_ms},
    };
    bool is_good = tell_path(telling, node, &values[HEALTH_PATH]);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        is_good = tell_number(telling, numbers[i].name, numbers[i].is_set, numbers[i].number) && is_good;
    return is_good;
}

/* Those that have a part of their own are run then, and nothing is run twice. */
static bool take_command(const struct build *build, const struct node *node, const struct option_value *value,
                         struct definition *definition)
{
    static const char *const others[] = {"deploy",  "retire",  "rollback", "disaster",
                                         "warm-up", "restore", "drain"};
    const struct node *at = tree_find(node, "command");

    definition->prepare = commands_find(definition, value->is_set ? value->text : "prepare");
    if (!value->is_set)
        return true;
    if (definition->prepare == PLAN_NONE || strchr(value->text, '/') != NULL)
        return report_node(build->report, at, "command: the environment has no command '%s'", value->text);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (strcmp(value->text, others[i]) == 0)
            return report_node(build->report, at, "command: `%s` has its own time", value->text);
    return true;
}

bool prepare_build(const struct build *build, const struct node *node, struct definition *definition)
{
    static const char *const parts[] = {"resources", "health", NULL};
    static const struct shape shape = {.options = options, .count = PREPARE_OPTION_COUNT, .parts = parts};
    struct option_value values[PREPARE_OPTION_COUNT] = {{0}};
    struct telling telling = {.build = build, .node = node};

    definition->prepare = PLAN_NONE;
    if (node == NULL)
        return true;
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    telling.pairs = options_array(build, node, (size_t)2 * VALUES_MAX, sizeof(*telling.pairs));
    if (telling.pairs == NULL)
        return false;
    bool is_good = take_command(build, node, &values[PREPARE_COMMAND], definition);
    is_good = tell_number(&telling, "REPLICAS", values[PREPARE_REPLICAS].is_set,
                          (int64_t)values[PREPARE_REPLICAS].number) &&
              is_good;
    is_good = tell_resources(&telling, tree_find(node, "resources")) && is_good;
    is_good = tell_health(&telling, tree_find(node, "health")) && is_good;
    definition->has_prepare = true;
    definition->values = telling.pairs;
    definition->value_count = telling.count;
    return is_good;
}
