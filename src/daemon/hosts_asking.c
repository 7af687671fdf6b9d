/* hosts_asking.c - which hosts are there now?
 * SPDX-License-Identifier: MIT */
#include "daemon/hosts_asking.h"

#include "config/hosts_from.h"
#include "daemon/secrets.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASKINGS_MAX = 8, KEY_SIZE = 64, PAIR_SIZE = 512, ENVIRONMENT_MAX = 8 };

struct hosts_asking {
    struct hosts_asking *next;
    struct daemon *daemon;
    char *sealed;
    hosts_asked *asked;
    void *data;
};

struct question_texts {
    char key[KEY_SIZE];
    char arguments[DEFINITION_ARGUMENTS_MAX][PAIR_SIZE];
    char environment[ENVIRONMENT_MAX][PAIR_SIZE];
    const char *argv[DEFINITION_ARGUMENTS_MAX + 1];
    const char *envp[ENVIRONMENT_MAX + 1];
};

static void free_one(struct hosts_asking *asking)
{
    struct hosts_asking **at = &asking->daemon->hosts_askings;

    while (*at != asking)
        at = &(*at)->next;
    *at = asking->next;
    free(asking->sealed);
    free(asking);
}

void hosts_asking_drop(struct daemon *daemon)
{
    while (daemon->hosts_askings != NULL)
        free_one(daemon->hosts_askings);
}

static void say_why(const struct runner_outcome *outcome, struct err *err)
{
    const struct runner_result *end = &outcome->result;

    if (outcome->kind != RUNNER_ENDED)
        (void)err_set(err, outcome->code == ERR_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_INVALID,
                      "hosts_from: the command did not run: %.150s", outcome->reason);
    else if (end->timed_out)
        (void)err_set(err, ERR_INVALID, "hosts_from: the command ran past its deadline and was stopped");
    else if (end->signal != 0)
        (void)err_set(err, ERR_INVALID, "hosts_from: the command was ended by signal %d", end->signal);
    else
        (void)err_set(err, ERR_INVALID, "hosts_from: the command ended with status %d: %.120s",
                      end->exit_status, outcome->output);
}

static void answered(void *data, const struct runner_outcome *outcome)
{
    struct hosts_asking *asking = data;
    const struct runner_result *end = &outcome->result;
    bool is_good = outcome->kind == RUNNER_ENDED && !end->timed_out && end->signal == 0 && !end->cancelled &&
                   end->exit_status == 0;
    struct err err = {0};
    char *sealed = NULL;

    if (is_good)
        sealed = hosts_from_seal(asking->sealed, outcome->output, &err);
    else
        say_why(outcome, &err);
    if (sealed == NULL) {
        daemon_learn_secrets(asking->daemon);
        redaction_apply(asking->daemon->log.redaction, err.text);
    }
    asking->asked(asking->data, sealed, &err);
    free_one(asking);
}

/* A key runs at most once, also after a restart: it has the time in it. */
static void make_key(struct daemon *daemon, char key[KEY_SIZE])
{
    struct timespec wall;

    (void)clock_gettime(CLOCK_REALTIME, &wall);
    (void)snprintf(key, KEY_SIZE, "hosts-%lld.%09ld-%llu", (long long)wall.tv_sec, wall.tv_nsec,
                   (unsigned long long)daemon->next_token++);
}

static bool fill(const struct live *live, struct question_texts *texts, struct err *err)
{
    const struct hosts_source *source = live->definition->hosts_from;
    const char *const pairs[] = {"service",     live->definition->service,
                                 "environment", live->definition->environment,
                                 "version",     live->version,
                                 "previous",    live->previous};
    const char *const environment[][2] = {{"SERVICE", live->definition->service},
                                          {"ENVIRONMENT", live->definition->environment},
                                          {"VERSION", live->version},
                                          {"PREVIOUS", live->previous},
                                          {"DIGEST", live->digest},
                                          {"COMMAND", "hosts_from"},
                                          {"KEY", texts->key}};

    for (size_t i = 0; i < source->argument_count; i++) {
        if (!template_fill(source->arguments[i], pairs, ARRAY_LENGTH(pairs) / 2, TEMPLATE_PLAIN,
                           texts->arguments[i], PAIR_SIZE, err))
            return false;
        texts->argv[i] = texts->arguments[i];
    }
    for (size_t i = 0; i < ARRAY_LENGTH(environment); i++) {
        (void)snprintf(texts->environment[i], PAIR_SIZE, "VERDICT_%s=%s", environment[i][0],
                       environment[i][1]);
        texts->envp[i] = texts->environment[i];
    }
    return true;
}

static bool has_room(const struct daemon *daemon, struct err *err)
{
    size_t count = 0;

    for (const struct hosts_asking *one = daemon->hosts_askings; one != NULL; one = one->next)
        count++;
    return count < ASKINGS_MAX ||
           err_set(err, ERR_LIMIT, "%zu deployments ask for their hosts already", count);
}

bool hosts_ask(struct live *live, const char *sealed, hosts_asked *asked, void *data, struct err *err)
{
    struct daemon *daemon = live->daemon;
    struct question_texts *texts = memory_take_array(1, sizeof(*texts));
    int64_t timeout_ms = live->definition->hosts_from->timeout_ms;

    make_key(daemon, texts->key);
    struct runner_command command = {.key = texts->key,
                                     .argv = texts->argv,
                                     .environment = texts->envp,
                                     .deadline_ms = timeout_ms,
                                     .start_within_ms = timeout_ms};
    struct hosts_asking *asking = memory_take_array(1, sizeof(*asking));
    *asking = (struct hosts_asking){.next = daemon->hosts_askings,
                                    .daemon = daemon,
                                    .sealed = memory_copy_text(sealed),
                                    .asked = asked,
                                    .data = data};
    bool is_asked = has_room(daemon, err) && fill(live, texts, err);
    daemon->hosts_askings = asking;
    is_asked = is_asked && runner_run(daemon->runner, &command, answered, asking, err);
    free(texts);
    if (!is_asked)
        free_one(asking);
    return is_asked;
}

struct live *hosts_take(struct live *live, char *sealed, struct err *err)
{
    struct definition *definition = config_unseal(sealed, &live->daemon->schemas, err);

    if (definition == NULL) {
        free(sealed);
        return NULL;
    }
    struct live *with = live_new(live->daemon, definition, sealed);
    with->target = live->target;
    with->previous_key = live->previous_key;
    memcpy(with->version, live->version, sizeof(with->version));
    memcpy(with->digest, live->digest, sizeof(with->digest));
    memcpy(with->previous, live->previous, sizeof(with->previous));
    memcpy(with->reason, live->reason, sizeof(with->reason));
    memcpy(with->actor, live->actor, sizeof(with->actor));
    memcpy(with->commit, live->commit, sizeof(with->commit));
    memcpy(with->traceparent, live->traceparent, sizeof(with->traceparent));
    with->trace_lists = live->trace_lists;
    live->trace_lists = (struct trace_lists){0};
    live_free(live);
    return with;
}
