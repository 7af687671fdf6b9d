/* vault.c - when each path is read, what is made of the answer, and who gets to know it.
 * SPDX-License-Identifier: MIT */
#include "io/vault.h"

#include "base/text.h"
#include "io/memory.h"
#include "io/vault_answer.h"
#include "io/vault_login.h"
#include "io/vault_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_ONCE = 4,         /* reads under way */
    AGAIN_MAX_MS = 60000 /* what is not there is asked for at least so often */
};

struct vault {
    struct loop *loop;
    struct http_client *http;
    struct vault_settings settings;
    struct vault_ear ear;
    struct secret_keeper keeper;
    struct vault_login *login;
    struct loop_timer *timer;
    struct vault_table table;
    size_t at_once; /* reads under way */
    uint64_t reads, failed;
};

/* ---- reading ---- */

static void turn(void *data);

static void tell_changed(struct vault *vault)
{
    if (vault->ear.changed != NULL)
        vault->ear.changed(vault->ear.data);
}

/* What Vault has not any more is not kept. */
static void take_key(struct vault *vault, struct vault_key *key, const struct vault_values *values)
{
    CLEANUP(secret_drop) struct secret value = {0};
    struct err err = {0};

    if (vault_values_find(values, key->name, &value, &err))
        vault->ear.learned(vault->ear.data, value.bytes, value.length);
    vault_key_take(key, &value, &err);
}

static void take_values(struct vault *vault, struct vault_path *path, const struct vault_values *values)
{
    for (struct vault_key *key = path->keys; key != NULL; key = key->next)
        take_key(vault, key, values);
    path->read_ms = loop_now_ms();
    path->due_ms = path->read_ms + vault->settings.cache_ms;
    path->failures = 0;
    path->is_second = false;
    path->err = (struct err){0};
    vault->reads++;
}

static int64_t again_ms(const struct vault *vault)
{
    return vault->settings.cache_ms < AGAIN_MAX_MS ? vault->settings.cache_ms : AGAIN_MAX_MS;
}

/* A secret that is gone was taken away on purpose; all else says nothing of the secret. */
static void take_failure(struct vault *vault, struct vault_path *path, const struct err *err)
{
    bool is_gone = err->code == ERR_NOT_FOUND;
    bool is_answer = is_gone || err->code == ERR_FORBIDDEN || err->code == ERR_INVALID;
    struct secret none = {0};

    for (struct vault_key *key = path->keys; key != NULL && is_gone; key = key->next)
        vault_key_take(key, &none, err);
    path->err = *err;
    path->is_second = false;
    path->due_ms = loop_now_ms() + (is_answer ? again_ms(vault) : vault_pause_ms(path->failures));
    path->failures++;
    vault->failed++;
}

/* 403 is also what a token gets that has ended: another one asks once more before it is believed. */
static bool asks_again(struct vault *vault, struct vault_path *path, const struct err *err)
{
    if (err->code != ERR_FORBIDDEN || path->is_second)
        return false;
    path->is_second = true;
    path->due_ms = 0;
    vault_login_refused(vault->login, path->token);
    return true;
}

static void wipe_answer(const struct http_answer *answer)
{
    if (answer->length > 0) /* the buffer is the call's own, which ends now */
        explicit_bzero((char *)(uintptr_t)answer->body, answer->length);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct vault_path *path = data;
    struct vault *vault = path->owner;
    struct vault_values *values = NULL;
    struct err err = {0};

    path->call = NULL;
    vault->at_once--;
    bool is_good = vault_answer_values(answer, &values, &err);
    wipe_answer(answer);
    if (is_good)
        take_values(vault, path, values);
    else if (!asks_again(vault, path, &err))
        take_failure(vault, path, &err);
    vault_values_free(values);
    turn(vault);
    tell_changed(vault);
}

static void read_path(struct vault *vault, struct vault_path *path, const struct secret *token,
                      uint64_t number)
{
    char where[REFERENCE_MOUNT_MAX + REFERENCE_PATH_MAX + 8];
    struct text text;

    text_init(&text, where, sizeof(where));
    text_add(&text, "%s/data/%s", path->mount, path->path);
    path->token = number;
    vault->at_once++;
    path->call = vault_ask(vault->http, &vault->settings, token, where, NULL, answered, path);
}

/* Asks for what is due, and sleeps until something else is. */
static void turn(void *data)
{
    struct vault *vault = data;
    uint64_t number = 0;
    const struct secret *token = vault_login_token(vault->login, &number);
    int64_t now_ms = loop_now_ms();
    int64_t next_ms = INT64_MAX;

    if (token == NULL)
        return;
    for (struct vault_path *path = vault->table.paths; path != NULL; path = path->next) {
        if (path->call != NULL)
            continue;
        if (path->due_ms <= now_ms && vault->at_once < AT_ONCE)
            read_path(vault, path, token, number);
        else if (path->due_ms > now_ms && path->due_ms < next_ms)
            next_ms = path->due_ms;
    }
    if (next_ms != INT64_MAX)
        loop_timer_move(vault->timer, next_ms - now_ms);
}

static void login_changed(void *data)
{
    turn(data);
    tell_changed(data);
}

/* ---- looking up ---- */

/* Without a token nothing is asked for: what keeps us from one is newer than what a path was answered. */
static const struct err *trouble_of(const struct vault *vault, const struct vault_path *path)
{
    const struct err *trouble = vault_login_trouble(vault->login);
    uint64_t number = 0;

    if (path->err.code == ERR_NONE || (trouble != NULL && vault_login_token(vault->login, &number) == NULL))
        return trouble;
    return &path->err;
}

static const char *why_not(const struct vault *vault, const struct vault_path *path)
{
    const struct err *trouble = trouble_of(vault, path);

    return trouble == NULL ? "it was not asked yet" : trouble->text;
}

static enum err_code code_of(const struct vault *vault, const struct vault_path *path)
{
    const struct err *trouble = trouble_of(vault, path);

    if (trouble == NULL)
        return ERR_CONFLICT;
    return trouble == &path->err && trouble->code == ERR_FORBIDDEN ? ERR_FORBIDDEN : ERR_UNAVAILABLE;
}

static bool copy_value(const struct vault *vault, const struct vault_path *path, const struct vault_key *key,
                       struct secret *ret_secret, struct err *err)
{
    int64_t max_ms = vault->settings.max_age_ms;

    if (key->err.code != ERR_NONE)
        return err_set(err, key->err.code, "vault: %s/%s#%s: %s", path->mount, path->path, key->name,
                       key->err.text);
    if (key->value.bytes == NULL) {
        enum err_code code = code_of(vault, path);
        return err_set(err, code, "vault: %s/%s: not yet read (%s)", path->mount, path->path,
                       why_not(vault, path));
    }
    if (max_ms > 0 && loop_now_ms() - path->read_ms > max_ms)
        return err_set(err, ERR_TIMEOUT, "vault: %s/%s: what is known is older than max_age (%s)",
                       path->mount, path->path, why_not(vault, path));
    secret_from_bytes(ret_secret, key->value.bytes, key->value.length);
    return true;
}

static bool look_up(struct vault *vault, const struct reference_vault *wanted, struct secret *ret_secret,
                    struct err *err)
{
    struct vault_path *path = NULL;
    struct vault_key *key = NULL;
    bool is_new = false;

    if (!vault_table_name(&vault->table, wanted, &path, &key, &is_new, err))
        return false;
    path->owner = vault;
    if (is_new)
        loop_timer_move(vault->timer, 0);
    return copy_value(vault, path, key, ret_secret, err);
}

static bool find(void *data, const char *reference, struct secret *ret_secret, struct err *err)
{
    struct vault *vault = data;
    struct reference_vault wanted;

    if (!reference_parse_vault(reference, &wanted, err))
        return false;
    bool is_found = look_up(vault, &wanted, ret_secret, err);
    return is_found;
}

const struct secret_keeper *vault_keeper(const struct vault *vault)
{
    return &vault->keeper;
}

void vault_round_begin(struct vault *vault)
{
    vault->table.round++;
}

void vault_round_end(struct vault *vault)
{
    vault->at_once -= vault_table_sweep(&vault->table);
}

/* ---- what is told ---- */

/* A login that failed once settles nothing for a path that was never asked for; it is said all the same. */
static bool is_answered(const struct vault *vault, const struct vault_path *path)
{
    bool is_asked = path->read_ms != 0 || path->err.code != ERR_NONE;

    return (is_asked && path->due_ms != 0) || vault_login_trouble(vault->login) != NULL;
}

bool vault_is_settled(const struct vault *vault)
{
    bool is_settled = true;

    for (const struct vault_path *path = vault->table.paths; path != NULL; path = path->next)
        is_settled = is_settled && is_answered(vault, path);
    return is_settled;
}

static bool is_troubled(const struct vault *vault, const struct vault_path *path, struct text *text)
{
    const struct vault_key *missing = vault_path_missing(path);

    if (missing != NULL)
        text_add(text, "%s/%s#%s: %s", path->mount, path->path, missing->name, missing->err.text);
    else if (!vault_path_is_known(path))
        text_add(text, "%s/%s: not yet read (%s)", path->mount, path->path, why_not(vault, path));
    else if (path->err.code != ERR_NONE)
        text_add(text, "%s/%s: degraded, values of %" PRId64 " s ago are used (%s)", path->mount, path->path,
                 (loop_now_ms() - path->read_ms) / 1000, why_not(vault, path));
    return text->length > 0;
}

bool vault_trouble(const struct vault *vault, char *to, size_t size)
{
    const struct err *trouble = vault_login_trouble(vault->login);
    struct text text;

    text_init(&text, to, size);
    for (const struct vault_path *path = vault->table.paths; path != NULL && text.length == 0;
         path = path->next)
        (void)is_troubled(vault, path, &text);
    if (text.length == 0 && trouble != NULL)
        text_add(&text, "degraded: %s", trouble->text);
    return text.length > 0;
}

void vault_add_metrics(const struct vault *vault, FILE *to)
{
    char why[ERR_TEXT_MAX];

    (void)fprintf(to,
                  "verdict_vault_up %d\n"
                  "verdict_vault_reads_total{outcome=\"read\"} %" PRIu64 "\n"
                  "verdict_vault_reads_total{outcome=\"failed\"} %" PRIu64 "\n"
                  "verdict_vault_tokens_total %" PRIu64 "\n",
                  !vault_trouble(vault, why, sizeof(why)), vault->reads, vault->failed,
                  vault_login_count(vault->login));
}

/* ---- its life ---- */

static void learned(void *data, const char *bytes, size_t length)
{
    const struct vault *vault = data;

    vault->ear.learned(vault->ear.data, bytes, length);
}

struct vault *vault_new(struct loop *loop, struct http_client *http, const struct vault_settings *settings,
                        const struct vault_ear *ear)
{
    struct vault *vault = memory_take(sizeof(*vault));
    const struct vault_login_ear login_ear = {.data = vault, .changed = login_changed, .learned = learned};

    vault->loop = loop;
    vault->http = http;
    vault->settings = *settings;
    vault->ear = *ear;
    vault->keeper = (struct secret_keeper){.data = vault, .find = find};
    vault->timer = loop_timer_start(loop, 1, 0, turn, vault);
    vault->login = vault_login_new(loop, http, &vault->settings, &login_ear);
    return vault;
}

void vault_free(struct vault *vault)
{
    if (vault == NULL)
        return;
    vault_login_free(vault->login);
    loop_timer_stop(vault->timer);
    vault_table_done(&vault->table);
    free(vault);
}
