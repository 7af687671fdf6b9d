/* commands.c - commands through verdict-runner: arguments and environment filled in, ends turned into
 * results.
 * SPDX-License-Identifier: MIT */
#include "config/hosts.h"
#include "config/placed_files.h"
#include "daemon/command_texts.h"
#include "daemon/once.h"
#include "daemon/recovering.h"
#include "daemon/secrets.h"
#include "daemon/settling.h"
#include "daemon/tracing.h"
#include "io/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_NOT_DONE = 1, EXIT_TRY_AGAIN = 75 };

/* A host's own key has its number in it. */
void acting_key(char key[COMMAND_KEY_MAX], uint64_t deployment, uint32_t sequence, uint16_t tries,
                uint16_t host)
{
    int length =
        snprintf(key, COMMAND_KEY_MAX, "d%llu-%u.%u", (unsigned long long)deployment, sequence, tries);

    if (host != ACTING_NO_HOST)
        (void)snprintf(key + length, COMMAND_KEY_MAX - (size_t)length, "-h%u", host);
}

void acting_defer(struct acting *acting, enum result result, const char *why);

static void deferred(void *data)
{
    struct acting *acting = data;
    char why[DAEMON_WHY_MAX];

    memcpy(why, acting->why, sizeof(why));
    acting_end(acting, acting->deferred, why);
}

void acting_defer(struct acting *acting, enum result result, const char *why)
{
    acting->deferred = result;
    (void)snprintf(acting->why, sizeof(acting->why), "%.250s", why);
    loop_defer(acting->daemon->loop, deferred, acting);
}

static enum result result_of_end(const struct runner_outcome *outcome, char *why, size_t size)
{
    const struct runner_result *end = &outcome->result;

    if (end->timed_out) {
        (void)snprintf(why, size, "command ran past its deadline and was stopped");
        return RESULT_FAILED;
    }
    if (end->signal != 0) {
        (void)snprintf(why, size, "command was ended by signal %d", end->signal);
        return RESULT_FAILED;
    }
    if (end->exit_status == 0)
        return RESULT_DONE;
    (void)snprintf(why, size, "command ended with status %d: %.200s", end->exit_status, outcome->output);
    return end->exit_status == EXIT_TRY_AGAIN ? RESULT_AGAIN : RESULT_FAILED;
}

enum result acting_result_of(const struct runner_outcome *outcome, char *why, size_t size)
{
    (void)snprintf(why, size, "%.200s", outcome->reason);
    switch (outcome->kind) {
    case RUNNER_ENDED:
        return result_of_end(outcome, why, size);
    case RUNNER_NOT_RUN:
        return outcome->code == ERR_LIMIT || outcome->code == ERR_UNAVAILABLE ? RESULT_AGAIN : RESULT_FAILED;
    case RUNNER_UNKNOWN:
    case RUNNER_STILL_RUNS:
    case RUNNER_NEVER_RAN:
        return RESULT_UNKNOWN;
    }
    return RESULT_UNKNOWN;
}

/* Only these two exit codes are an answer. */
static bool has_told(const struct runner_outcome *outcome)
{
    const struct runner_result *end = &outcome->result;

    return outcome->kind == RUNNER_ENDED && !end->timed_out && end->signal == 0 && !end->cancelled &&
           (end->exit_status == 0 || end->exit_status == EXIT_NOT_DONE);
}

static bool is_probe(const struct acting *acting)
{
    const struct live *live = live_find(acting->daemon, acting->deployment);

    return live != NULL && live->definition->commands[acting->action.reference].is_probe;
}

static void command_ended(void *data, const struct runner_outcome *outcome)
{
    char why[DAEMON_WHY_MAX] = "";
    enum result result = acting_result_of(outcome, why, sizeof(why));
    struct acting *acting = data;

    if (result == RESULT_FAILED && is_probe(acting) && !has_told(outcome))
        result = RESULT_UNKNOWN;
    /* It may have printed one that was exchanged since. */
    if (result != RESULT_DONE)
        daemon_learn_secrets(acting->daemon);
    acting_end(acting, result, result == RESULT_DONE ? "" : why);
}

/* Cut where it is longer than one may be. */
static void add(struct command_texts *texts, const char *name, const char *value)
{
    struct text pair;

    static_assert(COMMAND_ENVIRONMENT_BYTES >= (16 + 8) * COMMAND_PAIR_MAX + PLACED_FILES_BYTES_MAX,
                  "all that is no value has room");
    text_init(&pair, texts->environment + texts->environment_used, COMMAND_PAIR_MAX);
    text_add(&pair, "VERDICT_%s=%s", name, value);
    texts->envp[texts->environment_count++] = pair.data;
    texts->environment_used += pair.length + 1;
}

bool command_texts_add(const struct command_definition *command, const char *const *pairs, size_t pair_count,
                       struct command_texts *texts, struct err *err)
{
    char value[COMMAND_PAIR_MAX];

    for (size_t i = 0; i < command->value_count; i++) {
        const char *name = command->values[2 * i];
        size_t room = COMMAND_PAIR_MAX - strlen(name) - strlen("VERDICT_=");
        if (texts->environment_used + COMMAND_PAIR_MAX > COMMAND_ENVIRONMENT_BYTES)
            return err_set(err, ERR_LIMIT, "its values are longer than %d bytes", COMMAND_ENVIRONMENT_BYTES);
        if (!template_fill(command->values[2 * i + 1], pairs, pair_count, TEMPLATE_PLAIN, value, room, err))
            return err_wrap(err, "VERDICT_%s", name);
        add(texts, name, value);
    }
    return true;
}

/* Every command is about the candidate's slot, but what retires the old one after a promotion. */
static bool is_of_candidate(const struct acting *acting)
{
    return acting->state.phase != PHASE_PROMOTED;
}

/* The versions that a command is about. */
struct sides {
    const char *version, *previous, *digest;
};

/* What takes a promoted deployment back by commands runs that one's own: they read the versions as it did. */
static struct sides sides_of(const struct live *live)
{
    struct sides sides = {.version = live->version, .previous = live->previous, .digest = live->digest};
    const char *version = NULL;

    if (live->definition->plan->kind == PLAN_DEPLOY)
        return sides;
    sides.version = live->previous;
    sides.previous = live->version;
    if (!journal_version(live->daemon->journal, live->previous_key, &version, &sides.digest))
        sides.digest = "";
    return sides;
}

static void name_versions(const struct live *live, const char **pairs, size_t count)
{
    struct sides sides = sides_of(live);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[2 * i], "version") == 0 && live->definition->plan->kind == PLAN_ROLLBACK)
            pairs[2 * i + 1] = sides.version;
        if (strcmp(pairs[2 * i], "previous") == 0)
            pairs[2 * i + 1] = sides.previous;
    }
}

static const char *address_of(const struct slot_definition *slot)
{
    return slot == NULL || slot->address_count == 0 ? "" : slot->addresses[0];
}

void command_texts_tell(const struct live *live, const struct command_about *about,
                        struct command_texts *texts)
{
    const struct host_definition *host =
        about->host == ACTING_NO_HOST ? NULL : &live->definition->hosts[about->host];
    const char *address = host == NULL ? address_of(about->slot) : host->address;
    struct sides sides = sides_of(live);
    char traceparent[TRACEPARENT_SIZE];
    char id[32], taken_back[32];

    memset(&texts->envp, 0, sizeof(texts->envp));
    texts->environment_used = texts->environment_count = 0;
    (void)snprintf(id, sizeof(id), "dep_%llu", (unsigned long long)live->id);
    (void)snprintf(taken_back, sizeof(taken_back), "dep_%llu", (unsigned long long)live->taken_back);
    add(texts, "SERVICE", live->definition->service);
    add(texts, "ENVIRONMENT", live->definition->environment);
    add(texts, "VERSION", about->version != NULL ? about->version : sides.version);
    add(texts, "PREVIOUS", sides.previous);
    add(texts, "DIGEST", sides.digest);
    add(texts, "SLOT", about->slot == NULL ? "" : about->slot->name);
    add(texts, "HOST", host == NULL ? "" : host->name);
    add(texts, "ADDRESS", about->address == NULL ? address : about->address);
    add(texts, "DEPLOYMENT", id);
    add(texts, "KEY", texts->key);
    add(texts, "COMMAND", about->name);
    add(texts, "REASON", live->reason);
    tracing_of_action(live, about->acting, traceparent);
    if (live->taken_back != 0)
        add(texts, "TAKES_BACK", taken_back);
    if (traceparent[0] != '\0')
        add(texts, "TRACEPARENT", traceparent);
    if (traceparent[0] != '\0' && live->trace_lists.tracestate != NULL)
        add(texts, "TRACESTATE", live->trace_lists.tracestate);
    if (trace_list_fit("VERDICT_BAGGAGE=", live->trace_lists.baggage, texts->baggage,
                       sizeof(texts->baggage))[0] != '\0')
        texts->envp[texts->environment_count++] = texts->baggage;
    for (size_t i = 0; i < live->definition->value_count; i++)
        add(texts, live->definition->values[2 * i], live->definition->values[2 * i + 1]);
}

/* Names and texts of a side, or of a host. */
static size_t pairs_of(const struct live *live, const struct acting *acting, uint16_t host,
                       const char *pairs[2 * LIVE_PAIRS_MAX])
{
    if (host != ACTING_NO_HOST)
        return live_host_pairs(live, !acting->action.is_previous, host, pairs);
    size_t count = live_pairs(live, &acting->state, is_of_candidate(acting), SIZE_MAX, pairs);
    name_versions(live, pairs, count);
    return count;
}

bool command_texts_fill(const char *const *arguments, size_t count, const char *const *pairs,
                        size_t pair_count, struct command_texts *texts, struct err *err)
{
    memset(&texts->argv, 0, sizeof(texts->argv));
    for (size_t i = 0; i < count; i++) {
        if (!template_fill(arguments[i], pairs, pair_count, TEMPLATE_PLAIN, texts->arguments[i],
                           COMMAND_PAIR_MAX, err))
            return false;
        texts->argv[i] = texts->arguments[i];
    }
    return true;
}

bool acting_run(struct live *live, struct acting *acting, uint16_t tries, uint16_t host, runner_done *done,
                void *data, struct err *err)
{
    const struct command_definition *definition = &live->definition->commands[acting->action.reference];
    static_assert(sizeof(struct command_texts) < 131072, "fits the stack");
    const char *pairs[2 * LIVE_PAIRS_MAX];
    CLEANUP(command_secrets_drop) struct command_secrets secrets = {0};
    struct command_texts texts;

    const struct command_about about = {.name = definition->name,
                                        .slot = live_slot(live, &acting->state, is_of_candidate(acting)),
                                        .host = host,
                                        .acting = acting,
                                        .version =
                                            acting->action.is_previous ? sides_of(live).previous : NULL};

    size_t pair_count = pairs_of(live, acting, host, pairs);

    acting_key(texts.key, acting->deployment, acting->action.sequence, tries, host);
    command_texts_tell(live, &about, &texts);
    if (!command_texts_fill(definition->arguments, definition->argument_count, pairs, pair_count, &texts,
                            err) ||
        !command_texts_add(definition, pairs, pair_count, &texts, err) ||
        !daemon_take_secrets(live->daemon, definition->secrets, definition->secret_count, &secrets, err))
        return false;
    struct runner_command command = {.key = texts.key,
                                     .argv = texts.argv,
                                     .environment = texts.envp,
                                     .secrets = secrets.texts,
                                     .deadline_ms = definition->timeout_ms};
    return runner_run(acting->daemon->runner, &command, done, data, err);
}

void acting_command(struct live *live, struct acting *acting)
{
    if (acting->action.batch > 0)
        acting_batch(live, acting);
    else if (recovering_is_about(live, &acting->action))
        recovering_act(acting);
    else if (!once_asks(live, acting))
        acting_command_now(live, acting);
}

/* A secret that is not there yet may come. */
enum result acting_result_of_err(const struct err *err)
{
    bool is_passing = err->code == ERR_LIMIT || err->code == ERR_UNAVAILABLE || err->code == ERR_TIMEOUT ||
                      err->code == ERR_CONFLICT;

    return is_passing ? RESULT_AGAIN : RESULT_FAILED;
}

static void settled(void *data)
{
    struct acting *acting = data;
    struct live *live = live_find(acting->daemon, acting->deployment);

    acting->settling = NULL;
    if (live == NULL || !acting_is_wanted(acting))
        acting_end(acting, RESULT_UNKNOWN, "it was not wanted any more");
    else
        acting_command_now(live, acting);
}

/* After a restart Vault may not have answered yet: that is no try. */
void acting_command_now(struct live *live, struct acting *acting)
{
    struct err err = {0};

    if (acting_run(live, acting, acting->action.tries, ACTING_NO_HOST, command_ended, acting, &err))
        return;
    if (err.code != ERR_CONFLICT || acting->has_settled) {
        acting_defer(acting, acting_result_of_err(&err), err.text);
        return;
    }
    acting->has_settled = true;
    acting->settling = settling_start(acting->daemon, settled, acting);
}

/* What Vault was not asked for yet comes with the next answers; a way back does not wait for any (S19). */
static bool has_secrets(const struct live *live, const struct command_question *question, struct err *err)
{
    CLEANUP(command_secrets_drop) struct command_secrets secrets = {0};
    struct err trouble = {0};

    if (live->definition->plan->kind == PLAN_ROLLBACK ||
        daemon_take_secrets(live->daemon, question->secrets, question->secret_count, &secrets, &trouble) ||
        trouble.code == ERR_CONFLICT)
        return true;
    return err_set(err, ERR_NOT_FOUND, "%s", trouble.text);
}

bool acting_check_command(const struct live *live, const struct deployment_state *state,
                          const struct command_question *question, runner_checked *checked, void *data,
                          struct err *err)
{
    bool has_hosts = live->definition->host_count > 0;
    uint16_t host = question->place == SIZE_MAX ? 0 : (uint16_t)question->place;
    const char *pairs[2 * LIVE_PAIRS_MAX];
    struct command_secret_names secrets;
    struct command_texts texts;
    size_t count = has_hosts ? live_host_pairs(live, question->is_candidate, host, pairs)
                             : live_pairs(live, state, question->is_candidate, question->place, pairs);

    name_versions(live, pairs, count);
    command_secrets_name(question->secrets, question->secret_count, &secrets);
    return command_texts_fill(question->arguments, question->count, pairs, count, &texts, err) &&
           has_secrets(live, question, err) &&
           runner_check(live->daemon->runner, texts.argv, secrets.texts, NULL, question->within_ms, checked,
                        data, err);
}

bool acting_is_over(const struct runner_outcome *outcome)
{
    bool is_lost = outcome->kind == RUNNER_UNKNOWN && outcome->code == ERR_NOT_FOUND;

    return is_lost || outcome->kind == RUNNER_ENDED || outcome->kind == RUNNER_NEVER_RAN;
}

static void cancel_ended(void *data, const struct runner_outcome *outcome)
{
    bool is_over = acting_is_over(outcome);

    acting_end(data, is_over ? RESULT_DONE : RESULT_AGAIN, is_over ? "" : "a command does not end yet");
}

void acting_cancel(struct acting *acting)
{
    char key[COMMAND_KEY_MAX];
    struct err err = {0};

    if (acting->action.batch > 0) {
        acting_cancel_batch(acting);
        return;
    }
    acting_key(key, acting->deployment, acting->action.cancels, acting->action.cancels_tries, ACTING_NO_HOST);
    if (!runner_cancel(acting->daemon->runner, key, cancel_ended, acting, &err))
        acting_defer(acting, RESULT_AGAIN, err.text);
}
