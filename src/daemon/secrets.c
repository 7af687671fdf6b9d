/* secrets.c - what must never be shown: every value that the settings refer to, known to the log and to
 * whatever is stored or told.
 * SPDX-License-Identifier: MIT */
#include "daemon/secrets.h"

#include "base/text.h"
#include "daemon/run_live.h"
#include "io/memory.h"
#include "io/redaction.h"
#include "io/secret_files.h"
#include "io/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the loop may ask without waiting. */
struct keeping {
    struct secret_files *files;
    struct secret_keeper keeper;
};

const struct secret_keeper *daemon_keeper(const struct daemon *daemon)
{
    if (daemon->keeping != NULL)
        return &daemon->keeping->keeper;
    return daemon->vault == NULL ? NULL : vault_keeper(daemon->vault);
}

static bool find_in_vault(void *data, const char *reference, struct secret *ret_secret, struct err *err)
{
    const struct daemon *daemon = data;
    const struct secret_keeper *keeper = vault_keeper(daemon->vault);

    return keeper->find(keeper->data, reference, ret_secret, err);
}

static bool find_file(void *data, const char *reference, struct secret *ret_secret, struct err *err)
{
    const struct daemon *daemon = data;

    return secret_files_find(daemon->keeping->files, reference, ret_secret, err);
}

/* Of a secret address the path alone tells whoever reads it as much. */
static void know(const struct daemon *daemon, const char *bytes, size_t length)
{
    redaction_add(daemon->log.redaction, bytes, length);
    if (!text_is_web_url(bytes))
        return;
    const char *path = strchr(strstr(bytes, "//") + 2, '/');
    if (path != NULL && strlen(path) >= REDACTION_LINE_MIN)
        redaction_add(daemon->log.redaction, path, strlen(path));
}

static void learn(struct daemon *daemon, const char *reference)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    enum reference_kind kind = reference_kind(reference);

    if (daemon->keeping != NULL && (kind == REFERENCE_FILE || kind == REFERENCE_CREDENTIAL))
        secret_files_read(daemon->keeping->files, reference);
    /* Whoever needs one that cannot be read says so. */
    if (secret_load(daemon_keeper(daemon), reference, &secret, NULL))
        know(daemon, secret.bytes, secret.length);
}

static void learn_rule(void *data, const char *reference, const char *file, unsigned line)
{
    (void)file;
    (void)line;
    learn(data, reference);
}

void daemon_name_secrets(struct daemon *daemon, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        learn(daemon, names[2 * i + 1]);
}

void daemon_name_run_secrets(struct daemon *daemon, const struct run_definition *definition)
{
    for (uint8_t i = 0; i < definition->plan.task_count; i++)
        daemon_name_secrets(daemon, definition->tasks[i].secrets, definition->tasks[i].secret_count);
}

static void learn_lives(struct daemon *daemon)
{
    for (const struct live *live = daemon->lives; live != NULL; live = live->next)
        live_name_secrets(live);
    for (const struct run_live *live = daemon->runs; live != NULL; live = live->next)
        run_live_name_secrets(live);
}

void daemon_learn_secrets(struct daemon *daemon)
{
    const struct references *references = &daemon->settings->references;

    if (daemon->log.redaction == NULL)
        daemon->log.redaction = redaction_new();
    if (daemon->vault != NULL)
        vault_round_begin(daemon->vault);
    if (daemon->keeping != NULL)
        secret_files_round_begin(daemon->keeping->files);
    for (size_t i = 0; i < references->count; i++)
        learn(daemon, references->uses[i].text);
    if (daemon->config != NULL)
        config_each_secret(daemon->config, learn_rule, daemon);
    learn_lives(daemon);
    if (daemon->vault != NULL)
        vault_round_end(daemon->vault);
    if (daemon->keeping != NULL)
        secret_files_round_end(daemon->keeping->files);
}

void daemon_forget_secrets(struct daemon *daemon)
{
    redaction_free(daemon->log.redaction);
    daemon->log.redaction = NULL;
}

static void learned(void *data, const char *bytes, size_t length)
{
    know(data, bytes, length);
}

void daemon_keep_files(struct daemon *daemon)
{
    const struct secret_files_ear ear = {.data = daemon, .learned = learned};

    daemon->keeping = memory_take(sizeof(*daemon->keeping));
    daemon->keeping->files = secret_files_new(daemon->loop, &ear);
    daemon->keeping->keeper = (struct secret_keeper){.data = daemon, .find_file = find_file};
}

void daemon_drop_files(struct daemon *daemon)
{
    if (daemon->keeping != NULL)
        secret_files_free(daemon->keeping->files);
    free(daemon->keeping);
    daemon->keeping = NULL;
}

void daemon_open_vault(struct daemon *daemon)
{
    const struct settings_vault *from = &daemon->settings->vault;
    const struct vault_settings settings = {.url = from->url,
                                            .role_id = from->role_id,
                                            .secret_id = from->secret_id,
                                            .login = from->login,
                                            .token = from->token,
                                            .name_space = from->name_space,
                                            .ca = from->ca,
                                            .cache_ms = from->cache_ms,
                                            .max_age_ms = from->max_age_ms,
                                            .timeout_ms = from->timeout_ms};
    const struct vault_ear ear = {.data = daemon, .learned = learned};

    if (from->url == NULL)
        return;
    daemon->vault = vault_new(daemon->loop, daemon->http, &settings, &ear);
    if (daemon->keeping != NULL)
        daemon->keeping->keeper.find = find_in_vault;
}

/* ---- of commands ---- */

void command_secrets_drop(struct command_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++)
        secret_drop(&secrets->pairs[i]);
    *secrets = (struct command_secrets){0};
}

static bool take_pair(struct daemon *daemon, const char *name, const char *reference, struct secret *ret_pair,
                      struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    size_t length = strlen(name);

    if (!secret_load(daemon_keeper(daemon), reference, &secret, err))
        return err_wrap(err, "secret %s", name);
    if (length + 1 + secret.length >= RUNNER_ARGUMENT_MAX)
        return err_set(err, ERR_INVALID, "secret %s: a variable holds at most %zu bytes", name,
                       RUNNER_ARGUMENT_MAX - length - 2);
    know(daemon, secret.bytes, secret.length);
    ret_pair->length = length + 1 + secret.length;
    ret_pair->bytes = memory_take(ret_pair->length + 1);
    memcpy(ret_pair->bytes, name, length);
    ret_pair->bytes[length] = '=';
    memcpy(ret_pair->bytes + length + 1, secret.bytes, secret.length);
    return true;
}

bool daemon_take_secrets(struct daemon *daemon, const char *const *names, size_t count,
                         struct command_secrets *ret_secrets, struct err *err)
{
    struct command_secrets secrets = {0};

    for (size_t i = 0; i < count; i++) {
        if (!take_pair(daemon, names[2 * i], names[2 * i + 1], &secrets.pairs[i], err)) {
            command_secrets_drop(&secrets);
            return false;
        }
        secrets.count = i + 1;
    }
    *ret_secrets = secrets;
    for (size_t i = 0; i < count; i++)
        ret_secrets->texts[i] = ret_secrets->pairs[i].bytes;
    return true;
}

void command_secrets_name(const char *const *names, size_t count, struct command_secret_names *ret_names)
{
    memset(ret_names->texts, 0, sizeof(ret_names->texts));
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ret_names->names[i], COMMAND_SECRET_NAME_SIZE, "%s=", names[2 * i]);
        ret_names->texts[i] = ret_names->names[i];
    }
}

bool daemon_take_ahead(const struct daemon *daemon, const char *reference, struct secret *to, struct err *err)
{
    return reference_kind(reference) != REFERENCE_VAULT ||
           secret_load(daemon_keeper(daemon), reference, to, err);
}
