/* surroundings.c - what is passed on, what is added, and where programs are.
 * SPDX-License-Identifier: MIT */
#include "iac/surroundings.h"

#include "io/memory.h"
#include "io/redaction.h"
#include "io/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAIRS_MAX = 256, OWN_MAX = 32, NAME_SIZE = 128 };

#define SECRET "IAC_SECRET_"

extern char **environ;

struct surroundings {
    char *own[OWN_MAX];
    size_t own_count;
    const char *pairs[PAIRS_MAX + 1];
    size_t count;
    struct redaction *hidden;
    bool lacks_secret;
};

static bool begins(const char *pair, const char *with)
{
    return strncmp(pair, with, strlen(with)) == 0;
}

static bool is_passed_on(const char *pair, const char *const *without)
{
    bool is_ours = begins(pair, "VERDICT_") || begins(pair, "IAC_");

    for (size_t i = 0; !is_ours && without[i] != NULL; i++)
        is_ours = begins(pair, without[i]);
    return !is_ours;
}

struct surroundings *surroundings_new(const char *const *without, struct redaction *hidden)
{
    struct surroundings *surroundings = memory_take(sizeof(*surroundings));

    surroundings->hidden = hidden;
    for (char **pair = environ; *pair != NULL && surroundings->count < PAIRS_MAX - OWN_MAX; pair++)
        if (is_passed_on(*pair, without))
            surroundings->pairs[surroundings->count++] = *pair;
    return surroundings;
}

void surroundings_free(struct surroundings *surroundings)
{
    if (surroundings == NULL)
        return;
    for (size_t i = 0; i < surroundings->own_count; i++) {
        explicit_bzero(surroundings->own[i], strlen(surroundings->own[i]));
        free(surroundings->own[i]);
    }
    free(surroundings);
}

void surroundings_free_at(struct surroundings **surroundings)
{
    surroundings_free(*surroundings);
}

bool surroundings_add(struct surroundings *surroundings, const char *name, const char *value, struct err *err)
{
    size_t size = strlen(name) + strlen(value) + 2;

    if (surroundings->own_count == OWN_MAX || strlen(value) > SURROUNDINGS_VALUE_MAX)
        return err_set(err, ERR_LIMIT, "%s: more than the environment of a program takes", name);
    char *pair = memory_take(size);
    (void)snprintf(pair, size, "%s=%s", name, value);
    surroundings->own[surroundings->own_count++] = pair;
    surroundings->pairs[surroundings->count++] = pair;
    return true;
}

bool surroundings_add_secret(struct surroundings *surroundings, const char *name, const char *reference,
                             struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};

    surroundings->lacks_secret = !secret_load(NULL, reference, &secret, err);
    if (surroundings->lacks_secret)
        return false;
    redaction_add(surroundings->hidden, secret.bytes, secret.length);
    return surroundings_add(surroundings, name, secret.bytes, err);
}

bool surroundings_lack_secret(const struct surroundings *surroundings)
{
    return surroundings->lacks_secret;
}

/* "IAC_SECRET_NAME=reference" */
static bool add_secret(struct surroundings *surroundings, const char *pair, struct err *err)
{
    const char *name = pair + strlen(SECRET);
    size_t length = strcspn(name, "=");
    char copy[NAME_SIZE];

    if (length == 0 || snprintf(copy, sizeof(copy), "%.*s", (int)length, name) >= NAME_SIZE)
        return err_set(err, ERR_INVALID, SECRET "NAME: must name a variable");
    return surroundings_add_secret(surroundings, copy, name + length + 1, err) ||
           err_wrap(err, SECRET "%s", copy);
}

bool surroundings_add_secrets(struct surroundings *surroundings, struct err *err)
{
    for (char **pair = environ; *pair != NULL; pair++)
        if (begins(*pair, SECRET) && !add_secret(surroundings, *pair, err))
            return false;
    return true;
}

const char *const *surroundings_pairs(const struct surroundings *surroundings)
{
    return surroundings->pairs;
}

bool surroundings_program(const char *name, char to[WORK_PATH_MAX], struct err *err)
{
    const char *path = getenv("PATH");

    for (const char *at = path == NULL ? "/usr/bin:/bin" : path; at != NULL && *at != '\0';) {
        int length = (int)strcspn(at, ":");
        if (length > 0 && at[0] == '/' &&
            snprintf(to, WORK_PATH_MAX, "%.*s/%s", length, at, name) < WORK_PATH_MAX && access(to, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return err_set(err, ERR_NOT_FOUND, "%s is not in PATH (`environment` of the runner's configuration)",
                   name);
}
