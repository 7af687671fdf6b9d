/* notify.c - lists of receivers read.
 * SPDX-License-Identifier: MIT */
#include "config/notify.h"

#include "base/text.h"
#include "config/targets.h"

#include <string.h>

enum { NOTIFY_ALL, NOTIFY_URGENT, NOTIFY_OPTION_COUNT };
enum { LIST_MAX = 32 };

static const struct option options[NOTIFY_OPTION_COUNT] = {
    [NOTIFY_ALL] =
        {.name = "all", .type = OPTION_LIST, .min = 0, .max = LIST_MAX, .help = "who hears of everything"},
    [NOTIFY_URGENT] = {.name = "urgent",
                       .type = OPTION_LIST,
                       .min = 0,
                       .max = LIST_MAX,
                       .help = "who hears of what needs people"},
};

static bool check_kind(const struct build *build, const struct node *node, const char *kind,
                       const char *receiver)
{
    const struct option_schemas *schemas = build->schemas;

    if (schemas == NULL)
        return true;
    size_t index = targets_find_schema(build, node, "kind of notifier", kind, schemas->notifiers,
                                       schemas->notifier_count);
    if (index == schemas->notifier_count)
        return false;
    return !schemas->notifiers[index].takes_traces ||
           report_node(build->report, node,
                       "'%s' gets the traces of all deployments and runs by itself, and no notices",
                       receiver);
}

static bool check_receivers(const struct build *build, const struct node *node,
                            const struct option_value *value)
{
    char kind[NAME_MAX_LENGTH + 1];
    bool is_good = true;

    for (size_t i = 0; i < value->list_length; i++)
        if (options_split(value->list[i], kind, sizeof(kind)) == NULL)
            is_good = report_node(build->report, node, "'%s' is not like \"slack:deploys\"", value->list[i]);
        else
            is_good = check_kind(build, node, kind, value->list[i]) && is_good;
    return is_good;
}

bool notify_build(const struct build *build, const struct node *node, struct receivers *ret)
{
    static const struct shape shape = {.options = options, .count = NOTIFY_OPTION_COUNT};
    struct option_value values[NOTIFY_OPTION_COUNT] = {{0}};

    if (node == NULL)
        return true;
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    bool is_good = check_receivers(build, tree_find(node, "all"), &values[NOTIFY_ALL]);
    is_good = check_receivers(build, tree_find(node, "urgent"), &values[NOTIFY_URGENT]) && is_good;
    *ret = (struct receivers){.all = values[NOTIFY_ALL].list,
                              .all_count = values[NOTIFY_ALL].list_length,
                              .urgent = values[NOTIFY_URGENT].list,
                              .urgent_count = values[NOTIFY_URGENT].list_length};
    return is_good;
}

/* The first one of both lists, and whether there is another one. */
static const char *first_of(const struct receivers *receivers, bool *ret_others)
{
    const char *first = NULL;

    *ret_others = false;
    for (size_t i = 0; i < receivers->all_count + receivers->urgent_count; i++) {
        const char *one =
            i < receivers->all_count ? receivers->all[i] : receivers->urgent[i - receivers->all_count];
        if (first == NULL)
            first = one;
        *ret_others = *ret_others || strcmp(first, one) != 0;
    }
    return first;
}

void notify_warn(struct config_report *report, const struct node *service, const struct receivers *receivers)
{
    const struct node *notify = tree_find(service, "notify");
    bool has_others = false;
    const char *first = first_of(receivers, &has_others);

    if (first == NULL)
        report_warn(report, service,
                    "nobody is called when '%s' escalates: name two receivers in "
                    "notify: { urgent = [ ... ]; }",
                    service->name);
    else if (!has_others)
        report_warn(report, notify,
                    "when '%s' escalates only %s is called: name another receiver in urgent, for when that "
                    "one is away",
                    service->name, first);
}
