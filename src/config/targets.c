/* targets.c - environments read: traffic, slots, approval, notices.
 * SPDX-License-Identifier: MIT */
#include "config/targets.h"

#include "base/text.h"
#include "config/hosts.h"
#include "config/hosts_from.h"
#include "config/placed_files.h"
#include "config/prepare.h"
#include "config/recovery.h"
#include "config/windows.h"

#include <string.h>

enum { TARGET_TRAFFIC, TARGET_CONCURRENCY, TARGET_LOCK, TARGET_OPTION_COUNT };
enum { SLOT_SERVERS, SLOT_ADDRESS, SLOT_VARS, SLOT_OPTION_COUNT };
enum {
    APPROVAL_FROM,
    APPROVAL_NEED,
    APPROVAL_NOT_AUTHOR,
    APPROVAL_TIMEOUT,
    APPROVAL_ON_TIMEOUT,
    APPROVAL_OPTION_COUNT
};
enum { MINUTE_MS = 60 * 1000, NAMES_MAX = 32, LIST_MAX = 32, VARS_MAX = 64 };

#define WEEK_MS (INT64_C(7) * 24 * 60 * MINUTE_MS)

const char *const target_outcomes[] = {"rollback", "hold", NULL};
static const char *const concurrencies[] = {"refuse", "queue", "replace", NULL}; /* as enum concurrency */

static const struct option options[TARGET_OPTION_COUNT] = {
    [TARGET_TRAFFIC] = {.name = "traffic",
                        .type = OPTION_TEXT,
                        .help = "what moves the traffic, like \"haproxy:edge\""},
    [TARGET_CONCURRENCY] = {.name = "concurrency",
                            .type = OPTION_CHOICE,
                            .choices = concurrencies,
                            .fallback = "refuse",
                            .help = "what a second deployment does"},
    [TARGET_LOCK] = {.name = "lock",
                     .type = OPTION_TEXT,
                     .help = "environments that name the same one are deployed one at a time"},
};

static const struct option slot_options[SLOT_OPTION_COUNT] = {
    [SLOT_SERVERS] = {.name = "servers",
                      .type = OPTION_LIST,
                      .min = 0,
                      .max = DEFINITION_ADDRESSES_MAX,
                      .help = "names that the traffic driver knows"},
    [SLOT_ADDRESS] = {.name = "address",
                      .type = OPTION_LIST,
                      .min = 0,
                      .max = DEFINITION_ADDRESSES_MAX,
                      .help = "where it answers, \"host:port\""},
    [SLOT_VARS] =
        {.name = "vars", .type = OPTION_MAP, .min = 0, .max = VARS_MAX, .help = "variables of this slot"},
};

static const struct option approval_options[APPROVAL_OPTION_COUNT] = {
    [APPROVAL_FROM] = {.name = "from",
                       .type = OPTION_LIST,
                       .is_required = true,
                       .min = 1,
                       .max = LIST_MAX,
                       .help = "people or groups of people"},
    [APPROVAL_NEED] = {.name = "need",
                       .type = OPTION_INTEGER,
                       .min = 1,
                       .max = LIST_MAX,
                       .fallback = "1",
                       .help = "how many of them"},
    [APPROVAL_NOT_AUTHOR] = {.name = "not_author",
                             .type = OPTION_BOOL,
                             .fallback = "false",
                             .help = "whoever started it cannot approve"},
    [APPROVAL_TIMEOUT] = {.name = "timeout",
                          .type = OPTION_DURATION,
                          .min = MINUTE_MS,
                          .max = WEEK_MS,
                          .fallback = "8h",
                          .help = "longest wait"},
    [APPROVAL_ON_TIMEOUT] = {.name = "on_timeout",
                             .type = OPTION_CHOICE,
                             .choices = target_outcomes,
                             .fallback = "rollback",
                             .help = "what silence means"},
};

size_t targets_find_schema(const struct build *build, const struct node *node, const char *what,
                           const char *name, const struct option_schema *schemas, size_t count)
{
    const char *names[NAMES_MAX];

    for (size_t i = 0; i < count; i++)
        if (strcmp(schemas[i].name, name) == 0)
            return i;
    size_t known = count < NAMES_MAX ? count : NAMES_MAX;
    for (size_t i = 0; i < known; i++)
        names[i] = schemas[i].name;
    (void)report_unknown(build->report, node, what, name, names, known);
    return count;
}

/* The traffic driver is looked for first: it says which further keys there are. */
static bool take_driver(const struct build *build, const struct node *target, struct definition *definition)
{
    const struct option_schemas *schemas = build->schemas;
    const struct node *traffic = tree_find(target, "traffic");
    char kind[NAME_MAX_LENGTH + 1];

    definition->driver = SIZE_MAX;
    if (traffic == NULL || traffic->kind != NODE_TEXT)
        return true;
    const char *instance = options_split(traffic->text, kind, sizeof(kind));
    if (instance == NULL)
        return report_node(build->report, traffic, "traffic: '%s' is not like \"haproxy:edge\"",
                           traffic->text);
    size_t driver =
        targets_find_schema(build, traffic, "traffic driver", kind, schemas->drivers, schemas->driver_count);
    if (driver == schemas->driver_count)
        return false;
    definition->driver = driver;
    definition->driver_instance = options_keep(build, traffic, instance);
    return definition->driver_instance != NULL;
}

static bool take_lock(const struct build *build, const struct node *target, const struct option_value *value,
                      struct definition *definition)
{
    definition->lock = value->is_set ? value->text : NULL;
    return definition->lock == NULL || text_is_name(definition->lock) ||
           report_node(build->report, tree_find(target, "lock"),
                       "lock: '%s' is no name: small letters, digits, -", definition->lock);
}

static bool window_build(const struct build *build, const struct node *window, struct definition *definition)
{
    definition->window = window == NULL ? NULL : windows_build(build, window);
    return window == NULL || definition->window != NULL;
}

bool targets_build(const struct build *build, const struct node *target, struct definition *definition)
{
    static const char *const parts[] = {"slots", "hosts",   "hosts_from", "commands", "approval", "window",
                                        "gate",  "prepare", "files",      "recovery", NULL};
    static const char *const later[] = {"pipeline", NULL};
    struct shape shape = {.options = options, .count = TARGET_OPTION_COUNT, .parts = parts, .later = later};
    struct option_value values[TARGET_OPTION_COUNT] = {{0}};
    struct option_value *uses = NULL;

    if (!take_driver(build, target, definition))
        return false;
    if (definition->driver != SIZE_MAX) {
        const struct option_schema *schema = &build->schemas->drivers[definition->driver];
        uses = options_array(build, target, schema->use_count + 1, sizeof(*uses));
        shape.more = schema->use;
        shape.more_count = schema->use_count;
        if (uses == NULL)
            return false;
    }
    bool is_good = options_read(build, target, &shape, values, uses);
    definition->driver_options = uses;
    definition->concurrency = (enum concurrency)values[TARGET_CONCURRENCY].choice;
    is_good = take_lock(build, target, &values[TARGET_LOCK], definition) && is_good;
    is_good = slots_build(build, tree_find(target, "slots"), definition) && is_good;
    is_good = hosts_build(build, tree_find(target, "hosts"), definition) && is_good;
    is_good = hosts_from_build(build, tree_find(target, "hosts_from"), definition) && is_good;
    is_good = window_build(build, tree_find(target, "window"), definition) && is_good;
    is_good = commands_build(build, tree_find(target, "commands"), definition) && is_good;
    is_good = prepare_build(build, tree_find(target, "prepare"), definition) && is_good;
    is_good = placed_files_build(build, tree_find(target, "files"), definition) && is_good;
    return recovery_build(build, target, definition) && is_good;
}

static bool build_slot(const struct build *build, const struct node *node, struct slot_definition *slot)
{
    static const struct shape shape = {.options = slot_options, .count = SLOT_OPTION_COUNT};
    struct option_value values[SLOT_OPTION_COUNT] = {{0}};

    if (!text_is_name(node->name))
        return report_node(build->report, node, "slot '%s' is no name: small letters, digits, -", node->name);
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    slot->name = options_keep(build, node, node->name);
    slot->servers = values[SLOT_SERVERS].list;
    slot->server_count = values[SLOT_SERVERS].list_length;
    slot->addresses = values[SLOT_ADDRESS].list;
    slot->address_count = values[SLOT_ADDRESS].list_length;
    slot->variables = values[SLOT_VARS].list;
    slot->variable_count = values[SLOT_VARS].list_length / 2;
    for (size_t i = 0; i < slot->address_count; i++)
        if (strchr(slot->addresses[i], ':') == NULL)
            return report_node(build->report, tree_find(node, "address"),
                               "address: '%s' is not like \"host:port\"", slot->addresses[i]);
    return slot->name != NULL;
}

bool slots_build(const struct build *build, const struct node *slots, struct definition *definition)
{
    bool is_good = true;

    if (slots == NULL)
        return true;
    if (slots->kind != NODE_GROUP)
        return report_node(build->report, slots,
                           "slots: takes a group { NAME: { address = \"host:port\"; }; }");
    if (slots->count > DEFINITION_SLOTS_MAX)
        return report_node(build->report, slots, "more than %d slots", DEFINITION_SLOTS_MAX);
    struct slot_definition *array = options_array(build, slots, slots->count + 1, sizeof(*array));
    if (array == NULL)
        return false;
    for (size_t i = 0; i < slots->count; i++)
        is_good = build_slot(build, &slots->children[i], &array[i]) && is_good;
    definition->slots = array;
    definition->slot_count = slots->count;
    return is_good;
}

bool approval_build(const struct build *build, const struct node *node, struct definition *definition,
                    struct approval *ret_approval)
{
    static const struct shape shape = {.options = approval_options, .count = APPROVAL_OPTION_COUNT};
    struct option_value values[APPROVAL_OPTION_COUNT] = {{0}};

    if (node == NULL)
        return true;
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    *ret_approval = (struct approval){
        .is_set = true,
        .need = (uint16_t)values[APPROVAL_NEED].number,
        .timeout_ms = values[APPROVAL_TIMEOUT].duration_ms,
        .on_timeout = (enum step_outcome)values[APPROVAL_ON_TIMEOUT].choice,
    };
    definition->needs_approval = true;
    definition->not_author = values[APPROVAL_NOT_AUTHOR].flag;
    definition->approvers = values[APPROVAL_FROM].list;
    definition->approver_count = values[APPROVAL_FROM].list_length;
    return true;
}
