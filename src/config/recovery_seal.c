/* recovery_seal.c - recovery plans filled, and written as the canonical text of a run: of a deployment that
 * cannot go back, or of the stand-in for a rehearsal.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/block.h"
#include "config/recovery.h"
#include "config/seal.h"
#include "config/stacks.h"
#include "config/vars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILLED_BYTES = 2 * 1024 * 1024, REFUSE_SIZE = 1024, RUN_NODES = 7 };

#define NOTHING_LOST "deletes > 0 or replaces > 0"

static struct node text_node(const struct node *like, const char *name, const char *text)
{
    return (struct node){
        .kind = NODE_TEXT, .name = name, .text = text, .source = like->source, .line = like->line};
}

static bool is_named(const struct node *nodes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(nodes[i].name, name) == 0)
            return true;
    return false;
}

/* ---- stacks ---- */

/* The group without one of its members. */
static bool leave_out(struct arena *arena, const char *name, struct node *group)
{
    struct node *children = arena_take_array(arena, group->count + 1, sizeof(*children));
    size_t count = 0;

    if (children == NULL)
        return false;
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(group->children[i].name, name) != 0)
            children[count++] = group->children[i];
    group->children = children;
    group->count = count;
    return true;
}

/* Nobody is asked, so nothing that is there may go. */
static bool leave_alone(struct arena *arena, struct node *stack)
{
    const struct node *refuse = tree_find(stack, "refuse_when");
    bool has_own = refuse != NULL && refuse->kind == NODE_TEXT;
    const struct node *here = tree_find(stack, "here");
    char text[REFUSE_SIZE];

    (void)snprintf(text, sizeof(text), "%s%s%s%s", NOTHING_LOST, has_own ? " or (" : "",
                   has_own ? refuse->text : "", has_own ? ")" : "");
    struct node own = *here;
    char *kept = arena_copy_text(arena, text);
    if (kept == NULL || !leave_out(arena, "approval", &own) || !leave_out(arena, "refuse_when", stack) ||
        !leave_out(arena, "here", stack))
        return false;
    struct node *children = arena_take_array(arena, stack->count + 2, sizeof(*children));
    if (children == NULL)
        return false;
    memcpy(children, stack->children, stack->count * sizeof(*children));
    children[stack->count++] = text_node(here, "refuse_when", kept);
    children[stack->count++] = own;
    stack->children = children;
    return true;
}

static bool is_unattended(const struct node *step)
{
    const struct node *said = tree_find(step, "unattended");

    return said != NULL && said->kind == NODE_BOOL && strcmp(said->text, "true") == 0;
}

static bool fill_stack(const struct config *config, const struct node *step, const char *environment,
                       struct arena *arena, struct config_report *report, struct node *ret_stack)
{
    const struct node *name = tree_find(step, "stack");
    const struct node *stack = config_find(config, "stacks", name->text);

    if (stack == NULL)
        return config_unknown(config, report, name, "stacks", "stack", name->text);
    if (tree_find(tree_find(stack, "environments"), environment) == NULL)
        return report_node(report, name, "the stack '%s' has no environment '%.64s'", name->text,
                           environment);
    return stacks_fill(stack, environment, "apply", arena, report, ret_stack) &&
           (!is_unattended(step) || leave_alone(arena, ret_stack) ||
            report_node(report, name, "the definitions are larger than their memory; make them smaller"));
}

bool recovery_fill(const struct config *config, const char *environment, struct arena *arena,
                   struct config_report *report, struct node *filled)
{
    const struct node *steps = tree_find(filled, "steps");
    bool has_steps = steps != NULL && steps->kind == NODE_LIST;
    size_t count = has_steps ? steps->count : 0;
    struct node *stacks = arena_take_array(arena, count + 1, sizeof(*stacks));
    struct node *children = arena_take_array(arena, filled->count + 1, sizeof(*children));
    struct node group = {
        .kind = NODE_GROUP, .name = "stacks", .source = filled->source, .line = filled->line};

    if (tree_find(filled, "stacks") != NULL)
        return report_node(report, tree_find(filled, "stacks"), "unknown key 'stacks'");
    if (stacks == NULL || children == NULL)
        return report_node(report, filled, "the definitions are larger than their memory; make them smaller");
    for (size_t i = 0; i < count; i++) {
        const struct node *name = tree_find(&steps->children[i], "stack");
        if (name == NULL || name->kind != NODE_TEXT)
            continue;
        if (is_named(stacks, group.count, name->text))
            return report_node(report, name, "the stack '%s' stands there twice", name->text);
        if (!fill_stack(config, &steps->children[i], environment, arena, report, &stacks[group.count]))
            return false;
        group.count++;
    }
    group.children = stacks;
    if (group.count == 0)
        return true;
    memcpy(children, filled->children, filled->count * sizeof(*children));
    children[filled->count++] = group;
    filled->children = children;
    return true;
}

/* ---- the text of a run ---- */

struct run_text {
    const char *service, *environment, *of;
    const char *health;          /* NULL: no rehearsal */
    const struct node *recovery; /* filled */
    const struct node *commands; /* filled; only those that the steps name; or NULL */
};

/* { recovery = ENVIRONMENT;  recoveries: { ENVIRONMENT: { ... }; }; } */
static char *write(const struct run_text *from)
{
    const struct node *at = from->recovery;
    const struct node *const parts[] = {tree_find(at, "steps"), tree_find(at, "stacks"), from->commands};
    struct node inner[RUN_NODES] = {text_node(at, "service", from->service),
                                    text_node(at, "environment", from->environment),
                                    text_node(at, "of", from->of)};
    size_t count = 3;

    if (from->health != NULL)
        inner[count++] = text_node(at, "health", from->health);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        if (parts[i] != NULL)
            inner[count++] = *parts[i];
    const struct node run = {.kind = NODE_GROUP,
                             .name = from->environment,
                             .source = at->source,
                             .count = count,
                             .children = inner};
    const struct node children[] = {
        text_node(at, "recovery", from->environment),
        {.kind = NODE_GROUP, .name = "recoveries", .source = at->source, .count = 1, .children = &run},
    };
    const struct node root = {
        .kind = NODE_GROUP, .source = at->source, .count = ARRAY_LENGTH(children), .children = children};
    return seal_write(&root);
}

/* Those of the environment that the steps name, in `to` (of RECOVERY_STEPS_MAX); as they stand. */
static struct node named_commands(const struct node *recovery, const struct node *commands, struct node *to)
{
    size_t count = 0;

    for (size_t i = 0; i < recovery_step_count(recovery) && count < RECOVERY_STEPS_MAX; i++) {
        const char *wanted = recovery_step_command(recovery, i);
        const struct node *command = wanted == NULL ? NULL : tree_find(commands, wanted);
        if (command != NULL && !is_named(to, count, wanted))
            to[count++] = *command;
    }
    return (struct node){.kind = NODE_GROUP,
                         .name = "commands",
                         .source = recovery->source,
                         .line = recovery->line,
                         .count = count,
                         .children = to};
}

static bool err_finding(struct err *err, const struct config_report *report)
{
    const struct config_finding *finding = &report->findings[0];

    if (report->count == 0)
        return err_set(err, ERR_INTERNAL, "it could not be resolved");
    return err_set(err, ERR_INVALID, "%s:%u: %s", finding->file, finding->line, finding->text);
}

char *config_seal_recovery(const char *sealed, struct err *err)
{
    struct source source = {.path = "sealed", .text = sealed};
    struct config_report *report = block_new(sizeof(*report));
    struct node named[RECOVERY_STEPS_MAX];
    struct tree tree = {0};
    char *text = NULL;

    if (!reader_read(&source, &tree, report)) {
        (void)err_finding(err, report);
        free(report);
        return NULL;
    }
    const struct node *seal = tree_find(tree.root, "seal");
    const struct node *target = tree_find(tree.root, "target");
    const struct node *recovery = tree_find(target, "recovery");
    const struct node *service = tree_find(seal, "service");
    const struct node *environment = tree_find(seal, "environment");
    if (recovery == NULL || service == NULL || environment == NULL) {
        (void)err_set(err, ERR_NOT_FOUND, "the text has no recovery plan");
    } else {
        const struct node commands = named_commands(recovery, tree_find(target, "commands"), named);
        text = write(&(struct run_text){.service = service->text,
                                        .environment = environment->text,
                                        .of = environment->text,
                                        .recovery = recovery,
                                        .commands = &commands});
    }
    free(tree.memory);
    free(report);
    return text;
}

/* ---- rehearsals ---- */

/* Where it is rehearsed, and what is. */
struct stand_in {
    const struct config *config;
    const struct node *service, *environment; /* whose plan it is */
    const struct node *recovery;
    const struct node *place; /* the environment that stands in */
};

/* The plan, where there is one with a stand-in; NULL: *err. */
static const struct node *find_rehearse(const struct stand_in *to, const char *service,
                                        const char *environment, struct err *err)
{
    const struct node *name = tree_find(to->recovery, "rehearse");

    if (to->environment == NULL)
        (void)err_set(err, ERR_NOT_FOUND, "unknown service or environment: %.64s/%.64s", service,
                      environment);
    else if (to->recovery == NULL)
        (void)err_set(err, ERR_CONFLICT,
                      "%s/%s declares no recovery plan: say `recovery: { steps = ( ... ); rehearse = ... }`",
                      service, environment);
    else if (name == NULL || name->kind != NODE_TEXT)
        (void)err_set(err, ERR_CONFLICT,
                      "%s/%s names no stand-in to rehearse its recovery plan on: say `rehearse = \"...\"`, "
                      "another environment of the service",
                      service, environment);
    else
        return name;
    return NULL;
}

/* Sets `to`; its place, or NULL: *err. */
static const struct node *find_stand_in(const struct config *config, const char *service,
                                        const char *environment, struct stand_in *to, struct err *err)
{
    *to = (struct stand_in){.config = config, .service = config_find(config, "services", service)};
    const struct node *environments = tree_find(to->service, "environments");

    to->environment = tree_find(environments, environment);
    to->recovery = tree_find(to->environment, "recovery");
    const struct node *name = find_rehearse(to, service, environment, err);
    if (name == NULL)
        return NULL;
    to->place = tree_find(environments, name->text);
    if (to->place == NULL)
        (void)err_set(err, ERR_INVALID, "rehearse: '%.64s' is no environment of %s", name->text, service);
    if (to->place != to->environment)
        return to->place;
    (void)err_set(err, ERR_INVALID, "rehearse: %s cannot stand in for itself; name another environment",
                  name->text);
    return NULL;
}

/* Something has to tell whether it is well, and where to ask. */
static bool check_health(const struct stand_in *stand_in, struct err *err)
{
    const char *name = stand_in->place->name;
    struct definition *definition =
        config_resolve(stand_in->config, stand_in->service->name, name, NULL, false, err);
    bool has_place = false;

    if (definition == NULL)
        return err_wrap(err, "rehearse: %s", name);
    for (size_t i = 0; i < definition->slot_count; i++)
        has_place = has_place || definition->slots[i].address_count > 0;
    bool is_good = definition->smoke_count > 0 && (has_place || definition->host_count > 0);
    definition_free(definition);
    return is_good || err_set(err, ERR_INVALID,
                              "rehearse: nothing tells whether %s is well: it needs a smoke test, and an "
                              "address that this asks",
                              name);
}

static bool fill_all(const struct stand_in *stand_in, struct arena *arena, struct config_report *report,
                     struct node *ret_recovery, struct node *ret_commands)
{
    struct vars vars = {
        .arena = arena,
        .report = report,
        .service = stand_in->service->name,
        .environment = stand_in->place->name,
        .scopes = {tree_find(stand_in->place, "vars"), tree_find(stand_in->service, "vars"),
                   stand_in->service->source->vars},
        .slots = tree_find(stand_in->place, "slots"),
    };
    struct node named[RECOVERY_STEPS_MAX];

    if (!vars_copy(&vars, stand_in->recovery, false, ret_recovery) ||
        !recovery_fill(stand_in->config, stand_in->place->name, arena, report, ret_recovery))
        return false;
    const struct node commands =
        named_commands(ret_recovery, tree_find(stand_in->environment, "commands"), named);
    return vars_copy(&vars, &commands, true, ret_commands);
}

char *config_seal_rehearsal(const struct config *config, const char *service, const char *environment,
                            struct err *err)
{
    struct stand_in stand_in;
    struct config_report *report = NULL;
    struct node recovery;
    struct node commands;
    struct arena arena;
    char *text = NULL;

    if (find_stand_in(config, service, environment, &stand_in, err) == NULL || !check_health(&stand_in, err))
        return NULL;
    char *health = config_seal(config, service, stand_in.place->name, NULL, false, err);
    if (health == NULL)
        return NULL;
    report = block_new(sizeof(*report));
    block_arena(&arena, FILLED_BYTES);
    if (fill_all(&stand_in, &arena, report, &recovery, &commands))
        text = write(&(struct run_text){.service = service,
                                        .environment = stand_in.place->name,
                                        .of = environment,
                                        .health = health,
                                        .recovery = &recovery,
                                        .commands = &commands});
    else
        (void)err_finding(err, report);
    free(arena.memory);
    free(report);
    free(health);
    return text;
}

/* ---- which there are ---- */

struct listing {
    const struct config *config;
    void (*each)(void *data, const char *service, const char *environment, const char *stand_in);
    void *data;
};

static void list_one(void *data, const char *service, const char *environment)
{
    const struct listing *listing = data;
    const struct node *found = config_find(listing->config, "services", service);
    const struct node *place = tree_find(tree_find(found, "environments"), environment);
    const struct node *recovery = tree_find(place, "recovery");
    const struct node *stand_in = tree_find(recovery, "rehearse");

    if (recovery != NULL || tree_find(tree_find(place, "commands"), "disaster") != NULL)
        listing->each(listing->data, service, environment,
                      stand_in == NULL || stand_in->text == NULL ? "" : stand_in->text);
}

void config_each_recovery(const struct config *config,
                          void (*each)(void *data, const char *service, const char *environment,
                                       const char *stand_in),
                          void *data)
{
    struct listing listing = {config, each, data};

    config_each_service(config, list_one, &listing);
}
