/* traffic_command.c - any lever that a command can move: JSON in, JSON out, through verdict-runner.
 * SPDX-License-Identifier: MIT
 *
 * The command is asked to `set`, `read` or `rehearse`; a set is confirmed by the read behind it. What it is
 * asked stands in VERDICT_REQUEST (its standard input is empty), the answer in the file that VERDICT_OUTPUT
 * names. A newer set ends an older one's command and waits for its end. See README.md. */
#include "base/text.h"
#include "drivers/lever.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_EXEC, OPTION_TIMEOUT, OPTION_INSTANCE_COUNT };
enum { USE_TARGET, USE_COUNT };
enum { PAIRS_MAX = 8, PERCENT = 100 };

struct traffic {
    struct lever lever;
    char **exec;
    int64_t timeout_ms;
};

struct command_order {
    struct lever_order head;
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char candidate[NAME_MAX_LENGTH + 1], stable[NAME_MAX_LENGTH + 1]; /* slots */
    char *target;                                                     /* or NULL */
    cJSON *candidate_servers, *stable_servers;
};

struct request {
    char pairs[PAIRS_MAX][RUNNER_ARGUMENT_MAX];
    const char *environment[PAIRS_MAX + 1];
    size_t count;
};

static const struct option instance_options[OPTION_INSTANCE_COUNT] = {
    [OPTION_EXEC] = {.name = "exec",
                     .type = OPTION_LIST,
                     .is_required = true,
                     .min = 1,
                     .max = 16,
                     .help = "command that sets, reads and rehearses; the runner allows it"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 300000,
                        .fallback = "10s",
                        .help = "for one call of it"},
};

static const struct option use_options[USE_COUNT] = {
    [USE_TARGET] = {.name = "target", .type = OPTION_TEXT, .help = "what the command knows the split by"},
};

static struct command_order *command_of(void *data)
{
    return data;
}

static void end(struct command_order *order, const struct err *err)
{
    if (order->head.err.code == ERR_NONE)
        order->head.err = *err;
    lever_order_end(&order->head);
}

static void add_side(cJSON *object, const char *name, const char *slot, const cJSON *servers)
{
    cJSON *side = cJSON_AddObjectToObject(object, name);

    (void)cJSON_AddStringToObject(side, "slot", slot);
    (void)cJSON_AddItemToObject(side, "servers", cJSON_Duplicate(servers, true));
}

static char *document_of(const struct command_order *order, const char *operation)
{
    cJSON *object = cJSON_CreateObject();
    bool is_set = strcmp(operation, "set") == 0;

    (void)cJSON_AddStringToObject(object, "operation", operation);
    (void)cJSON_AddStringToObject(object, "service", order->service);
    (void)cJSON_AddStringToObject(object, "environment", order->environment);
    if (order->target != NULL)
        (void)cJSON_AddStringToObject(object, "target", order->target);
    if (is_set) {
        (void)cJSON_AddNumberToObject(object, "number", (double)order->head.number);
        (void)cJSON_AddNumberToObject(object, "share", order->head.share / (double)PERCENT);
    }
    add_side(object, "candidate", order->candidate, order->candidate_servers);
    add_side(object, "stable", order->stable, order->stable_servers);
    char *text = json_print(object);
    cJSON_Delete(object);
    return text;
}

static bool add_pair(struct request *request, const char *name, const char *value)
{
    char *pair = request->pairs[request->count];

    request->environment[request->count++] = pair;
    return snprintf(pair, RUNNER_ARGUMENT_MAX, "VERDICT_%s=%s", name, value) < RUNNER_ARGUMENT_MAX;
}

/* The same in single words, for scripts that read no JSON. */
static bool fill(struct request *request, const struct command_order *order, const char *operation)
{
    char share[16];
    char *document = document_of(order, operation);

    (void)snprintf(share, sizeof(share), "%u.%02u", order->head.share / PERCENT, order->head.share % PERCENT);
    bool fits = add_pair(request, "REQUEST", document) && add_pair(request, "OPERATION", operation) &&
                add_pair(request, "SERVICE", order->service) &&
                add_pair(request, "ENVIRONMENT", order->environment) &&
                add_pair(request, "TARGET", order->target == NULL ? "" : order->target) &&
                add_pair(request, "SLOT", order->candidate) && add_pair(request, "STABLE", order->stable) &&
                add_pair(request, "SHARE", strcmp(operation, "set") == 0 ? share : "");
    free(document);
    return fits;
}

static void call(struct command_order *order, const char *operation, runner_done *done)
{
    const struct traffic *traffic = lever_traffic(&order->head);
    struct request *request = memory_take(sizeof(*request));

    if (fill(request, order, operation)) {
        order->head.must_be_awaited = strcmp(operation, "set") == 0;
        (void)!lever_run(&order->head, (const char *const *)traffic->exec, request->environment,
                         traffic->timeout_ms, done);
    } else {
        lever_order_fail(&order->head, ERR_INVALID, "what the command is asked is longer than %d bytes",
                         RUNNER_ARGUMENT_MAX);
    }
    free(request);
}

static bool read_share(const char *values, uint16_t *ret_share, struct err *err)
{
    static const char *const names[] = {"share"};
    CLEANUP(json_free_at) cJSON *root = NULL;
    double percent = 0;

    if (!json_parse(values, strlen(values), NULL, &root, err))
        return err_wrap(err, "the command's answer");
    struct json_node node = json_root(root);
    if (!json_as_object(&node, err) || !json_known_keys(&node, names, ARRAY_LENGTH(names), err) ||
        !json_number(&node, "share", JSON_REQUIRED, &percent, err))
        return err_wrap(err, "the command's answer");
    double share = percent * PERCENT;
    if (!(share >= 0) || !(share <= LEVER_SHARE_MAX) || fabs(share - nearbyint(share)) > 1e-6)
        return err_set(
            err, ERR_PROTOCOL,
            "the command's answer: share is no percentage from 0 to 100 with at most two decimals");
    *ret_share = (uint16_t)lround(share);
    return true;
}

static bool take_read(struct command_order *order, const struct runner_outcome *outcome, struct err *err)
{
    uint16_t share = 0;

    if (!lever_check_end(outcome, "the lever's command", err))
        return false;
    if (!read_share(outcome->values, &share, err)) {
        err->code = ERR_PROTOCOL;
        return false;
    }
    if (order->head.kind == LEVER_SET && share != order->head.share)
        return err_set(err, ERR_UNAVAILABLE, "asked for %.2f %%, read back %.2f %%",
                       order->head.share / 100.0, share / 100.0);
    order->head.share = share;
    return true;
}

static void read_ended(void *data, const struct runner_outcome *outcome)
{
    struct command_order *order = data;
    struct err err = {0};

    (void)!take_read(order, outcome, &err);
    end(order, &err);
}

static void set_ended(void *data, const struct runner_outcome *outcome)
{
    struct command_order *order = data;
    struct err err = {0};

    order->head.must_be_awaited = false;
    if (!lever_check_end(outcome, "the lever's command", &err) || order->head.err.code != ERR_NONE)
        end(order, &err);
    else
        call(order, "read", read_ended);
}

static void begin(struct lever_order *head)
{
    if (head->kind == LEVER_SET)
        call(command_of(head), "set", set_ended);
    else
        call(command_of(head), head->kind == LEVER_READ ? "read" : "rehearse", read_ended);
}

static void drop(struct lever_order *head)
{
    struct command_order *order = command_of(head);

    cJSON_Delete(order->candidate_servers);
    cJSON_Delete(order->stable_servers);
    free(order->target);
    order->candidate_servers = order->stable_servers = NULL;
    order->target = NULL;
}

static cJSON *servers_of(const struct traffic_split *split, uint8_t slot)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < split->slot_server_counts[slot]; i++)
        (void)cJSON_AddItemToArray(array, cJSON_CreateString(split->slot_servers[slot][i]));
    return array;
}

static void prepare(struct lever_order *head, const struct traffic_split *split)
{
    struct command_order *order = command_of(head);

    order->target = memory_copy_text(split->options[USE_TARGET].text);
    order->candidate_servers = servers_of(split, split->candidate);
    order->stable_servers = servers_of(split, split->stable);
    if (!text_copy(order->service, sizeof(order->service), split->service) ||
        !text_copy(order->environment, sizeof(order->environment), split->environment) ||
        !text_copy(order->candidate, sizeof(order->candidate), split->slot_names[split->candidate]) ||
        !text_copy(order->stable, sizeof(order->stable), split->slot_names[split->stable]))
        (void)err_set(&head->err, ERR_INVALID, "a name is longer than %d bytes", NAME_MAX_LENGTH);
}

static const struct lever_type orders = {
    .size = sizeof(struct command_order), .prepare = prepare, .begin = begin, .drop = drop};

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    if (options[OPTION_EXEC].list[0][0] != '/')
        return err_set(err, ERR_INVALID, "exec: the program is an absolute path");
    struct traffic *traffic = memory_take(sizeof(*traffic));
    lever_init(&traffic->lever, env, "command", name, &orders);
    traffic->exec = lever_copy_list(&options[OPTION_EXEC]);
    traffic->timeout_ms = options[OPTION_TIMEOUT].duration_ms;
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    lever_done(&traffic->lever);
    lever_free_list(traffic->exec);
    free(traffic);
}

const struct traffic_type traffic_command = {
    .name = "command",
    .instance_options = instance_options,
    .instance_option_count = OPTION_INSTANCE_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = lever_rehearse,
    .set = lever_set,
    .read = lever_read,
    .has_persisted = lever_has_persisted, /* The command says `done` only when what it set survives: that is
                                             its contract. */
};
