/* command.c - whose turn it is to be asked, and what its end means.
 * SPDX-License-Identifier: MIT */
#include "collectors/command.h"

#include "base/text.h"
#include "collectors/command_end.h"
#include "collectors/command_series.h"
#include "collectors/pace.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/runner_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { WHY_MAX = 200, PAIR_SIZE = 256, PAIRS = 4, START_WITHIN_MS = 5000 };

/* A watch is asked again when its turn has come and its last command has ended. */
enum state { RESTING, QUEUED, RUNNING };

struct collector_watch {
    LIST_ENTRY(collector_watch) all;
    TAILQ_ENTRY(collector_watch) queue; /* of QUEUED */
    struct collector *collector;
    struct command_series *series;
    enum state state;
    int64_t every_ms, timeout_ms;
    struct loop_timer *due;
    char key[RUNNER_KEY_MAX + 1]; /* of RUNNING */
    char **argv;                  /* ends with NULL */
    char pairs[PAIRS][PAIR_SIZE];
};

struct collector {
    struct collector_env env;
    LIST_HEAD(, collector_watch) watches;
    TAILQ_HEAD(, collector_watch) queue;
    struct loop_timer *pace; /* NULL: a command may start now */
    unsigned running;
    uint64_t number, watch_number;
    int64_t opened_wall_ms; /* part of the keys, so that none comes twice */
    char why[WHY_MAX];      /* the runner could not be asked; "" it could */
};

static int64_t now_ms(const struct collector *collector)
{
    return collector->env.now_ms(collector->env.data);
}

/* ---- asking ---- */

static void start_next(struct collector *collector);

static void end_watch(struct collector_watch *watch)
{
    watch->state = RESTING;
    watch->collector->running--;
}

static void read_end(struct collector_watch *watch, const struct runner_outcome *outcome)
{
    struct collector *collector = watch->collector;
    char why[WHY_MAX] = "";

    if (outcome->kind != RUNNER_ENDED) {
        source_tally_ask(collector->env.tally, false);
        (void)snprintf(collector->why, sizeof(collector->why), "%.150s", outcome->reason);
        command_series_trouble(watch->series, collector->why);
        return;
    }
    collector->why[0] = '\0';
    bool is_own = command_end_is_own(&outcome->result, why, sizeof(why));
    bool is_good = is_own && outcome->result.exit_status == 0;
    source_tally_ask(collector->env.tally, is_good);
    if (is_good) {
        command_series_take(watch->series, outcome->output, strlen(outcome->output), now_ms(collector),
                            clock_wall_ms());
        return;
    }
    if (is_own && outcome->result.exit_status == COMMAND_CANNOT_SAY)
        (void)snprintf(why, sizeof(why), "the command cannot say now (exit %d)", COMMAND_CANNOT_SAY);
    else if (is_own)
        (void)snprintf(why, sizeof(why), "the command failed with exit status %d",
                       outcome->result.exit_status);
    command_series_trouble(watch->series, why);
}

static void ended(void *data, const struct runner_outcome *outcome)
{
    struct collector_watch *watch = data;

    end_watch(watch);
    read_end(watch, outcome);
    start_next(watch->collector);
}

static void start(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;
    const char *environment[PAIRS + 1] = {NULL};
    struct runner_command order = {.key = watch->key,
                                   .argv = (const char *const *)watch->argv,
                                   .environment = environment,
                                   .deadline_ms = watch->timeout_ms,
                                   .start_within_ms = START_WITHIN_MS};
    struct err err = {0};

    for (size_t i = 0; i < PAIRS; i++)
        environment[i] = watch->pairs[i];
    (void)snprintf(watch->key, sizeof(watch->key), "%sm%" PRIx64 "-%" PRIu64, RUNNER_PASSING_PREFIX,
                   (uint64_t)collector->opened_wall_ms, ++collector->number);
    watch->state = RUNNING;
    collector->running++;
    if (runner_run(collector->env.runner, &order, ended, watch, &err))
        return;
    end_watch(watch);
    command_series_trouble(watch->series, err.text);
}

static void pace_over(void *data)
{
    struct collector *collector = data;

    loop_timer_stop(collector->pace);
    collector->pace = NULL;
    start_next(collector);
}

static void start_next(struct collector *collector)
{
    struct collector_watch *watch = TAILQ_FIRST(&collector->queue);

    if (watch == NULL || collector->pace != NULL || collector->running >= COMMAND_RUNNING_MAX)
        return;
    TAILQ_REMOVE(&collector->queue, watch, queue);
    collector->pace = loop_timer_start(collector->env.loop, COMMAND_PACE_MS, 0, pace_over, collector);
    start(watch);
}

static void due(void *data);

static void wait_until_due(struct collector_watch *watch)
{
    watch->due =
        loop_timer_start(watch->collector->env.loop,
                         pace_until_next_ms(now_ms(watch->collector), 0, 0, watch->every_ms), 0, due, watch);
}

/* One that still runs says so itself when its time is over. */
static void due(void *data)
{
    struct collector_watch *watch = data;

    loop_timer_stop(watch->due);
    wait_until_due(watch);
    if (watch->state == QUEUED)
        command_series_trouble(watch->series,
                               "it did not get its turn: too many metrics are commands, of which "
                               "one starts every two seconds");
    if (watch->state != RESTING)
        return;
    watch->state = QUEUED;
    TAILQ_INSERT_TAIL(&watch->collector->queue, watch, queue);
    start_next(watch->collector);
}

/* ---- the interface ---- */

static bool check_metric(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                         const char **ret_option, struct err *err)
{
    *ret_option = "every";
    if (every_ms < COMMAND_EVERY_MIN_MS)
        return err_set(err, ERR_INVALID, "every: a command is asked every %ds or less often",
                       COMMAND_EVERY_MIN_MS / 1000);
    return command_series_check(kind, options, ret_option, err);
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    struct collector *collector = memory_take(sizeof(*collector));

    (void)name;
    (void)options;
    (void)err;
    collector->env = *env;
    collector->opened_wall_ms = clock_wall_ms();
    LIST_INIT(&collector->watches);
    TAILQ_INIT(&collector->queue);
    *ret_collector = collector;
    return true;
}

static void close_collector(struct collector *collector)
{
    loop_timer_stop(collector->pace);
    free(collector);
}

static char **copy_list(const struct option_value *list)
{
    char **copy = memory_take_array(list->list_length + 1, sizeof(*copy));

    for (size_t i = 0; i < list->list_length; i++)
        copy[i] = memory_copy_text(list->list[i]);
    return copy;
}

static void free_list(char **list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        free(list[i]);
    free((void *)list);
}

static void set_pairs(struct collector_watch *watch, const struct collector_series *series)
{
    const struct {
        const char *name, *value;
    } pairs[PAIRS] = {{"SERVICE", series->service},
                      {"ENVIRONMENT", series->environment},
                      {"SERIES", series->key},
                      {"METRIC", series->metric}};

    for (size_t i = 0; i < PAIRS; i++)
        (void)snprintf(watch->pairs[i], PAIR_SIZE, "VERDICT_%s=%.200s", pairs[i].name,
                       pairs[i].value == NULL ? "" : pairs[i].value);
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    const struct option_value *exec = &series->options[COMMAND_EXEC];
    struct command_series *its = NULL;

    if (collector->env.runner == NULL)
        return err_set(err, ERR_UNAVAILABLE, "metric %s: no verdict-runner is here to start commands",
                       series->metric);
    if (exec->list_length > RUNNER_ARGUMENTS_MAX)
        return err_set(err, ERR_INVALID, "metric %s: exec has %zu arguments; at most %d", series->metric,
                       exec->list_length, RUNNER_ARGUMENTS_MAX);
    if (!command_series_new(series, &its, err))
        return err_wrap(err, "metric %s", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->collector = collector;
    watch->series = its;
    watch->every_ms = series->every_ms;
    watch->timeout_ms = series->options[COMMAND_TIMEOUT].duration_ms;
    watch->argv = copy_list(exec);
    set_pairs(watch, series);
    LIST_INSERT_HEAD(&collector->watches, watch, all);
    wait_until_due(watch);
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector *collector = watch->collector;

    loop_timer_stop(watch->due);
    if (watch->state == QUEUED)
        TAILQ_REMOVE(&collector->queue, watch, queue);
    if (watch->state == RUNNING) {
        runner_forget(collector->env.runner, watch);
        /* Where that has no room, its deadline ends it. */
        (void)!runner_cancel(collector->env.runner, watch->key, NULL, NULL, NULL);
        end_watch(watch);
    }
    LIST_REMOVE(watch, all);
    command_series_free(watch->series);
    free_list(watch->argv);
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    return collector->why[0] == '\0' ? NULL : collector->why;
}

const struct collector_type command_collector = {
    .name = "command",
    .is_implicit = true,
    .metric_options = command_options,
    .metric_option_count = COMMAND_OPTION_COUNT,
    .check_metric = check_metric,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};
