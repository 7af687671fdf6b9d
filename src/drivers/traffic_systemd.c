/* traffic_systemd.c - which of two units of systemd serves: all or nothing, by systemctl through
 * verdict-runner. SPDX-License-Identifier: MIT
 *
 * Who is to serve is started and seen to run before the other one is stopped; what counts is what `show` says
 * then. Last come the links that a boot goes by, which nothing waits for. See README.md. */
#include "base/text.h"
#include "drivers/lever.h"
#include "drivers/unit_states.h"
#include "io/log.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_SYSTEMCTL, OPTION_TIMEOUT, OPTION_INSTANCE_COUNT };
enum { USE_UNIT, USE_COUNT };
enum { UNIT_NAME_SIZE = 256, CHECK_MS = 2000, ARGUMENTS_MAX = 6 };

enum verb { VERB_START, VERB_STOP, VERB_ENABLE, VERB_DISABLE, VERB_SHOW, VERB_COUNT };

struct traffic {
    struct lever lever;
    char *systemctl;
    int64_t timeout_ms;
};

struct systemd_order {
    struct lever_order head;
    char units[UNIT_COUNT][UNIT_NAME_SIZE]; /* in the order of the slots */
    size_t candidate, stable;               /* of `units` */
    size_t part; /* of the way of a set; of a rehearsal: how many commands were asked about */
};

/* A set, one after the other. `is_winner`: of who is to serve. */
static const struct part {
    enum verb verb;
    bool is_winner;
} set_parts[] = {
    {VERB_START, true},  {VERB_SHOW, true},     {VERB_STOP, false}, {VERB_SHOW, false},
    {VERB_ENABLE, true}, {VERB_DISABLE, false}, {VERB_SHOW, false},
};

enum { PART_STARTED = 1, PART_COUNT = 7, PART_LAST = PART_COUNT - 1 };

static const char *const verbs[VERB_COUNT] = {[VERB_START] = "start",
                                              [VERB_STOP] = "stop",
                                              [VERB_ENABLE] = "enable",
                                              [VERB_DISABLE] = "disable",
                                              [VERB_SHOW] = "show"};

static const struct option instance_options[OPTION_INSTANCE_COUNT] = {
    [OPTION_SYSTEMCTL] = {.name = "systemctl",
                          .type = OPTION_TEXT,
                          .fallback = "/usr/bin/systemctl",
                          .help = "the program; the runner allows it to start, stop, enable, disable, show"},
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 600000,
                        .fallback = "90s",
                        .help = "for one call of it: as long as a unit may take to start or to stop"},
};

static const struct option use_options[USE_COUNT] = {
    [USE_UNIT] = {.name = "unit",
                  .type = OPTION_TEXT,
                  .is_required = true,
                  .help = "the template: slots are the units UNIT@SLOT.service"},
};

static void go_on(struct systemd_order *order);

static struct systemd_order *order_of(void *data)
{
    return data;
}

static size_t winner_of(const struct systemd_order *order)
{
    return order->head.share > 0 ? order->candidate : order->stable;
}

static void fill(const struct systemd_order *order, enum verb verb, size_t unit, const char *arguments[])
{
    size_t count = 0;

    arguments[count++] = lever_traffic(&order->head)->systemctl;
    arguments[count++] = verbs[verb];
    if (verb == VERB_SHOW) {
        arguments[count++] = UNIT_STATES_PROPERTIES;
        arguments[count++] = order->units[0];
        arguments[count++] = order->units[1];
    } else {
        arguments[count++] = order->units[unit];
    }
    arguments[count] = NULL;
}

static void call(struct systemd_order *order, enum verb verb, size_t unit, runner_done *done)
{
    const char *arguments[ARGUMENTS_MAX];

    fill(order, verb, unit, arguments);
    order->head.must_be_awaited = verb != VERB_SHOW;
    (void)!lever_run(&order->head, arguments, NULL, lever_traffic(&order->head)->timeout_ms, done);
}

static void end(struct systemd_order *order, const struct err *err)
{
    if (order->head.err.code == ERR_NONE)
        order->head.err = *err;
    lever_order_end(&order->head);
}

static void log_links(const struct systemd_order *order, const char *why)
{
    const struct lever *lever = order->head.lever;

    log_say(lever->env.log, LOG_LEVEL_WARN, "%s: a boot would not start %s: %s", lever->name,
            order->units[winner_of(order)], why);
}

/* Systemd goes on with what it was told, whether somebody waits or not; so a unit that does not come up is
 * asked for again, and only what may not be asked is for good. */
static void called(void *data, const struct runner_outcome *outcome)
{
    struct systemd_order *order = order_of(data);
    const struct part *part = &set_parts[order->part];
    bool is_link = part->verb == VERB_ENABLE || part->verb == VERB_DISABLE;
    char what[UNIT_NAME_SIZE + 32];
    struct err err = {0};

    order->head.must_be_awaited = false;
    (void)snprintf(what, sizeof(what), "systemctl %s %s", verbs[part->verb],
                   order->units[part->is_winner ? winner_of(order) : 1 - winner_of(order)]);
    if (!lever_check_end(outcome, what, &err) && outcome->kind == RUNNER_ENDED)
        err.code = ERR_UNAVAILABLE;
    if (order->head.err.code == ERR_NONE && err.code != ERR_NONE && is_link) {
        log_links(order, err.text);
        err.code = ERR_NONE;
    }
    if (order->head.err.code != ERR_NONE || err.code != ERR_NONE) {
        end(order, &err);
        return;
    }
    order->part++;
    go_on(order);
}

static bool check_serving(const struct systemd_order *order, const struct unit_state *units, struct err *err)
{
    size_t winner = winner_of(order);

    if (!unit_serves(&units[winner]))
        return err_set(err, ERR_UNAVAILABLE, "%s was started and is %s", order->units[winner],
                       units[winner].active);
    return order->part == PART_STARTED || unit_is_stopped(&units[1 - winner]) ||
           err_set(err, ERR_UNAVAILABLE, "%s was stopped and is %s", order->units[1 - winner],
                   units[1 - winner].active);
}

static void seen(struct systemd_order *order, const struct unit_state *units)
{
    size_t winner = winner_of(order);
    struct err err = {0};

    if (!check_serving(order, units, &err)) {
        end(order, &err);
    } else if (order->part == PART_LAST) {
        order->head.is_fleeting = !unit_is_enabled(&units[winner]) || unit_is_enabled(&units[1 - winner]);
        end(order, &err);
    } else {
        order->part++;
        go_on(order);
    }
}

static void read_share(struct systemd_order *order, const struct unit_state *units)
{
    struct err err = {0};

    (void)!unit_states_share(&units[order->candidate], &units[order->stable], &order->head.share, &err);
    end(order, &err);
}

static void rehearsed(struct systemd_order *order, const struct unit_state *units)
{
    struct err err = {0};

    if (unit_check(&units[0], order->units[0], &err) && unit_check(&units[1], order->units[1], &err) &&
        !unit_serves(&units[order->stable]))
        (void)err_set(&err, ERR_UNAVAILABLE, "there is no way back: %s is %s", order->units[order->stable],
                      units[order->stable].active);
    end(order, &err);
}

static void shown(void *data, const struct runner_outcome *outcome)
{
    struct systemd_order *order = order_of(data);
    struct unit_state units[UNIT_COUNT];
    struct err err = {0};

    if (!lever_check_end(outcome, "systemctl show", &err) ||
        !unit_states_parse(outcome->output, units, &err)) {
        err.code = err.code == ERR_INVALID ? ERR_UNAVAILABLE : err.code;
        end(order, &err);
    } else if (order->head.kind == LEVER_SET) {
        seen(order, units);
    } else if (order->head.kind == LEVER_READ) {
        read_share(order, units);
    } else {
        rehearsed(order, units);
    }
}

static void go_on(struct systemd_order *order)
{
    const struct part *part = &set_parts[order->part];
    size_t winner = winner_of(order);

    call(order, part->verb, part->is_winner ? winner : 1 - winner, part->verb == VERB_SHOW ? shown : called);
}

static void check_next(struct systemd_order *order);

static void checked(void *data, const struct err *failure)
{
    struct systemd_order *order = order_of(data);

    if (failure != NULL) {
        struct err err = *failure;
        (void)err_wrap(&err, "%s %s", verbs[order->part / UNIT_COUNT],
                       order->units[order->part % UNIT_COUNT]);
        end(order, &err);
        return;
    }
    order->part++;
    check_next(order);
}

/* Everything that a set may need, for both units. */
static void check_next(struct systemd_order *order)
{
    const char *arguments[ARGUMENTS_MAX];
    struct runner_client *runner = order->head.lever->env.runner;
    struct err err = {0};

    if (order->part == (size_t)VERB_SHOW * UNIT_COUNT) {
        call(order, VERB_SHOW, 0, shown);
        return;
    }
    fill(order, (enum verb)(order->part / UNIT_COUNT), order->part % UNIT_COUNT, arguments);
    if (runner == NULL)
        lever_order_fail(&order->head, ERR_UNAVAILABLE, "there is no verdict-runner");
    else if (!runner_check(runner, arguments, NULL, NULL, CHECK_MS, checked, order, &err))
        end(order, &err);
}

static void begin(struct lever_order *head)
{
    struct systemd_order *order = order_of(head);

    if (head->kind == LEVER_SET && head->share != 0 && head->share != LEVER_SHARE_MAX)
        lever_order_fail(head, ERR_INVALID, "a unit serves all users or none: %.2f %% cannot be",
                         head->share / 100.0);
    else if (head->kind == LEVER_SET)
        go_on(order);
    else if (head->kind == LEVER_READ)
        call(order, VERB_SHOW, 0, shown);
    else
        check_next(order);
}

static bool name_unit(char unit[UNIT_NAME_SIZE], const char *template, const char *slot, struct err *err)
{
    int length = snprintf(unit, UNIT_NAME_SIZE, "%s@%s.service", template, slot);

    return (length > 0 && length < UNIT_NAME_SIZE) ||
           err_set(err, ERR_INVALID, "unit: \"%s\" is too long", template);
}

static void prepare(struct lever_order *head, const struct traffic_split *split)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.-";
    struct systemd_order *order = order_of(head);
    const char *template = split->options[USE_UNIT].text;

    if (template[strspn(template, letters)] != '\0' || template[0] == '-' || template[0] == '\0') {
        (void)err_set(&head->err, ERR_INVALID,
                      "unit: \"%s\" is no template's name (\"shop\" of shop@.service)", template);
        return;
    }
    order->candidate = split->candidate > split->stable;
    order->stable = 1 - order->candidate;
    (void)!(name_unit(order->units[order->candidate], template, split->slot_names[split->candidate],
                      &head->err) &&
            name_unit(order->units[order->stable], template, split->slot_names[split->stable], &head->err));
}

static const struct lever_type orders = {
    .size = sizeof(struct systemd_order), .prepare = prepare, .begin = begin};

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    if (options[OPTION_SYSTEMCTL].text[0] != '/')
        return err_set(err, ERR_INVALID, "systemctl: the program is an absolute path");
    struct traffic *traffic = memory_take(sizeof(*traffic));
    lever_init(&traffic->lever, env, "systemd", name, &orders);
    traffic->systemctl = memory_copy_text(options[OPTION_SYSTEMCTL].text);
    traffic->timeout_ms = options[OPTION_TIMEOUT].duration_ms;
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    lever_done(&traffic->lever);
    free(traffic->systemctl);
    free(traffic);
}

const struct traffic_type traffic_systemd = {
    .name = "systemd",
    .instance_options = instance_options,
    .instance_option_count = OPTION_INSTANCE_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .is_all_or_nothing = true,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = lever_rehearse,
    .set = lever_set,
    .read = lever_read,
    .has_persisted = lever_has_persisted,
};
