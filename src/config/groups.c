/* groups.c - groups read and checked; with versions, what a run of one does.
 * SPDX-License-Identifier: MIT */
#include "config/groups.h"

#include "base/text.h"
#include "config/hosts_from.h"
#include "config/notify.h"

#include <string.h>

enum { GROUP_SERVICES, GROUP_ENVIRONMENT, GROUP_OPTION_COUNT };
enum { FILLED_VERSIONS = GROUP_OPTION_COUNT, FILLED_DIGESTS, FILLED_OPTION_COUNT };

/* The first ones are what a rule file may say; the others come with a start. */
static const struct option options[FILLED_OPTION_COUNT] = {
    [GROUP_SERVICES] = {.name = "services",
                        .type = OPTION_LIST,
                        .is_required = true,
                        .min = 2,
                        .max = RUN_TOGETHER_MAX,
                        .help = "what is deployed together, in this order, and goes back in reverse"},
    [GROUP_ENVIRONMENT] = {.name = "environment",
                           .type = OPTION_TEXT,
                           .is_required = true,
                           .help = "where all of them are deployed"},
    [FILLED_VERSIONS] = {.name = "versions",
                         .type = OPTION_MAP,
                         .is_required = true,
                         .max = RUN_TOGETHER_MAX,
                         .help = "of each service"},
    [FILLED_DIGESTS] = {.name = "digests",
                        .type = OPTION_MAP,
                        .max = RUN_TOGETHER_MAX,
                        .help = "of those that have one"},
};

static const char *const parts[] = {"notify", NULL};

/* Each of a group must be able to wait for the others at every step, and to go back with them. */

static bool leads_back(const struct plan *plan)
{
    struct plan back;

    plan_expand_rollback(plan, plan->verify, &back);
    return back.has_traffic || back.host_count > 0 || (back.count > 0 && back.steps[0].kind == STEP_COMMAND);
}

static bool has_no_return(const struct plan *plan)
{
    for (uint8_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_COMMAND && plan->steps[i].on_rollback == ON_ROLLBACK_HOLD)
            return true;
    return false;
}

/* NULL: nothing speaks against it. */
static const char *why_not(const struct definition *definition)
{
    const struct plan *plan = definition->plan;

    if (hosts_from_is_open(definition))
        return "asks a command for its hosts (hosts_from), which a group cannot; name them in `hosts`";
    if (plan->strategy == STRATEGY_FOLLOW)
        return "is only followed: its own pipeline moves the traffic, and waits for nobody";
    if (has_no_return(plan))
        return "has a command with on_rollback = \"hold\": it could not go back with the others";
    if (!leads_back(plan))
        return "has no way back (traffic, hosts or an `undo`), so it could not go back with the others";
    return NULL;
}

static bool stands_before(const struct node *services, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(services->children[i].text, services->children[index].text) == 0)
            return true;
    return false;
}

/* Locks of the members before, in the order of the group. */
struct locks {
    size_t count;
    const char *names[RUN_TOGETHER_MAX]; /* NULL: it names none */
};

/* Those that share one would wait for each other for ever. */
static void check_lock(const struct build *build, const struct node *member,
                       const struct definition *definition, struct locks *locks)
{
    const char *name = definition->lock;

    for (size_t i = 0; i < locks->count && name != NULL; i++)
        if (locks->names[i] != NULL && strcmp(locks->names[i], name) == 0)
            (void)report_node(
                build->report, member,
                "%s/%s names the lock '%s' as another one of the group does: they would wait for "
                "each other",
                definition->service, definition->environment, name);
    locks->names[locks->count++] = name == NULL ? NULL : options_keep(build, member, name);
}

static void check_member(const struct config *config, const struct build *build, const struct node *member,
                         const char *environment, struct locks *locks)
{
    const struct node *service = config_find(config, "services", member->text);
    struct err err = {0};

    if (service == NULL) {
        (void)config_unknown(config, build->report, member, "services", "service", member->text);
        return;
    }
    if (tree_find(tree_find(service, "environments"), environment) == NULL) {
        (void)report_node(build->report, member, "'%s' has no environment '%s', where the group is deployed",
                          member->text, environment);
        return;
    }
    /* Its own findings are told with the service. */
    struct definition *definition = config_resolve(config, member->text, environment, NULL, false, &err);
    if (definition == NULL)
        return;
    const char *why = why_not(definition);
    if (why != NULL)
        (void)report_node(build->report, member, "%s/%s %s", member->text, environment, why);
    check_lock(build, member, definition, locks);
    definition_free(definition);
}

void groups_check(const struct config *config, const struct build *build, const struct node *group)
{
    static const struct shape shape = {.options = options, .count = GROUP_OPTION_COUNT, .parts = parts};
    struct option_value values[GROUP_OPTION_COUNT] = {{0}};
    struct locks locks = {.count = 0};
    struct receivers receivers = {0};

    if (!options_read(build, group, &shape, values, NULL) ||
        !notify_build(build, tree_find(group, "notify"), &receivers))
        return;
    const struct node *services = tree_find(group, "services");
    for (size_t i = 0; i < services->count; i++) {
        const struct node *member = &services->children[i];
        if (stands_before(services, i))
            (void)report_node(build->report, member, "'%s' stands in the group already", member->text);
        else
            check_member(config, build, member, values[GROUP_ENVIRONMENT].text, &locks);
    }
}

/* Versions put beside the names. */

static bool is_full(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the group is larger than its memory");
}

static const struct run_member *find_member(const struct run_member *members, size_t count,
                                            const char *service)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].service, service) == 0)
            return &members[i];
    return NULL;
}

static bool check_foreign(const struct node *group, const struct node *services,
                          const struct run_member *members, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < services->count; k++)
            is_known = is_known || strcmp(services->children[k].text, members[i].service) == 0;
        if (!is_known)
            return err_set(err, ERR_INVALID, "the group '%s' has no service '%s'", group->name,
                           members[i].service);
        if (find_member(members, i, members[i].service) != NULL)
            return err_set(err, ERR_INVALID, "two versions of '%s' are given", members[i].service);
    }
    return true;
}

static struct node text_node(const struct node *like, const char *name, const char *text)
{
    return (struct node){
        .kind = NODE_TEXT, .name = name, .text = text, .source = like->source, .line = like->line};
}

static struct node group_node(const struct node *like, const char *name, const struct node *children,
                              size_t count)
{
    return (struct node){.kind = NODE_GROUP,
                         .name = name,
                         .source = like->source,
                         .line = like->line,
                         .count = count,
                         .children = children};
}

bool groups_fill(const struct node *group, const struct run_member *members, size_t count,
                 struct arena *arena, struct node *ret_filled, struct err *err)
{
    const struct node *services = tree_find(group, "services");
    struct node *versions = arena_take_array(arena, services->count, sizeof(*versions));
    struct node *digests = arena_take_array(arena, services->count, sizeof(*digests));
    struct node *children = arena_take_array(arena, FILLED_OPTION_COUNT + 1, sizeof(*children));
    size_t digest_count = 0;

    if (versions == NULL || digests == NULL || children == NULL)
        return is_full(err);
    if (!check_foreign(group, services, members, count, err))
        return false;
    for (size_t i = 0; i < services->count; i++) {
        const struct node *service = &services->children[i];
        const struct run_member *member = find_member(members, count, service->text);
        if (member == NULL)
            return err_set(err, ERR_INVALID, "no version of '%s' is given; a group is deployed as a whole",
                           service->text);
        versions[i] = text_node(service, service->text, member->version);
        if (member->digest[0] != '\0')
            digests[digest_count++] = text_node(service, service->text, member->digest);
    }
    children[GROUP_SERVICES] = *services;
    children[GROUP_ENVIRONMENT] = *tree_find(group, "environment");
    children[FILLED_VERSIONS] = group_node(group, "versions", versions, services->count);
    children[FILLED_DIGESTS] = group_node(group, "digests", digests, digest_count);
    const struct node *notify = tree_find(group, "notify");
    if (notify != NULL)
        children[FILLED_OPTION_COUNT] = *notify;
    *ret_filled = group_node(group, group->name, children, FILLED_OPTION_COUNT + (notify == NULL ? 0 : 1));
    return true;
}

/* The text that belongs to a name of a map, or NULL. */
static const char *text_of(const struct option_value *map, const char *name)
{
    for (size_t i = 0; i < map->list_length; i += 2)
        if (strcmp(map->list[i], name) == 0)
            return map->list[i + 1];
    return NULL;
}

bool groups_build(const struct build *build, const struct node *group, struct run_definition *definition)
{
    static const struct shape shape = {.options = options, .count = FILLED_OPTION_COUNT, .parts = parts};
    struct option_value values[FILLED_OPTION_COUNT] = {{0}};
    struct run_plan *plan = &definition->plan;

    if (!options_read(build, group, &shape, values, NULL) ||
        !notify_build(build, tree_find(group, "notify"), &definition->notify))
        return false;
    uint8_t count = (uint8_t)values[GROUP_SERVICES].list_length;
    definition->pipeline = options_keep(build, group, group->name);
    definition->is_group = true;
    definition->service = "";
    definition->stages[0] = values[GROUP_ENVIRONMENT].text; /* begins[0] is 0 */
    plan->stage_count = 1;
    plan->task_count = count;
    plan->stages[0] = (struct run_plan_stage){.count = count, .parallel = count, .is_together = true};
    for (uint8_t i = 0; i < count; i++) {
        const char *service = values[GROUP_SERVICES].list[i];
        const char *digest = text_of(&values[FILLED_DIGESTS], service);
        plan->tasks[i] = (struct run_plan_task){.kind = RUN_TASK_DEPLOY, .reference = i, .tries_max = 1};
        definition->tasks[i] =
            (struct run_task_definition){.name = service,
                                         .service = service,
                                         .environment = values[GROUP_ENVIRONMENT].text,
                                         .version = text_of(&values[FILLED_VERSIONS], service),
                                         .digest = digest == NULL ? "" : digest};
        if (definition->tasks[i].version == NULL)
            return report_node(build->report, group, "no version of '%s'", service);
    }
    return definition->pipeline != NULL;
}
