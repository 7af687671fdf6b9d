/* aws_credentials.c - one fetch at a time for all who wait.
 * SPDX-License-Identifier: MIT */
#include "io/aws_credentials.h"

#include "io/loop.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MARGIN_S = 300, FIXED_S = 300, TEXTS = 7 };

struct aws_wish {
    struct aws_wish *next;
    struct aws_credentials *credentials;
    void (*done)(void *data, const struct aws_keys *keys, const struct err *err);
    void *data;
};

struct aws_credentials {
    struct loop *loop;
    struct http_client *http;
    struct aws_chain_settings settings; /* its texts are copies */
    struct aws_keys keys;
    int64_t renew_s; /* from then on others are fetched */
    struct err err;  /* of the latest fetch */
    struct aws_chain *chain;
    struct aws_wish *wishes; /* older first */
};

static int64_t now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void list_texts(struct aws_chain_settings *settings, const char **places[TEXTS])
{
    places[0] = &settings->region;
    places[1] = &settings->profile;
    places[2] = &settings->shared_file;
    places[3] = &settings->sts_url;
    places[4] = &settings->container_url;
    places[5] = &settings->metadata_url;
    places[6] = &settings->ca_file;
}

struct aws_credentials *aws_credentials_new(struct loop *loop, struct http_client *http,
                                            const struct aws_chain_settings *settings)
{
    struct aws_credentials *credentials = memory_take(sizeof(*credentials));
    const char **places[TEXTS];

    credentials->loop = loop;
    credentials->http = http;
    credentials->settings = *settings;
    list_texts(&credentials->settings, places);
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        *places[i] = memory_copy_text(*places[i]);
    return credentials;
}

static bool are_good(const struct aws_credentials *credentials)
{
    const struct aws_keys *keys = &credentials->keys;

    return keys->id != NULL && (keys->expires_s == 0 || now_s() < keys->expires_s);
}

/* One a turn, and last of all: what is told may end the credentials. */
static void tell_next(void *data)
{
    struct aws_credentials *credentials = data;
    struct aws_wish *wish = credentials->wishes;

    if (wish == NULL || credentials->chain != NULL)
        return;
    void (*done)(void *data, const struct aws_keys *keys, const struct err *err) = wish->done;
    void *whose = wish->data;
    bool is_good = are_good(credentials);
    credentials->wishes = wish->next;
    free(wish);
    if (credentials->wishes != NULL)
        loop_defer(credentials->loop, tell_next, credentials);
    done(whose, is_good ? &credentials->keys : NULL, is_good ? NULL : &credentials->err);
}

static void fetched(void *data, struct aws_keys *keys, const struct err *err)
{
    struct aws_credentials *credentials = data;

    credentials->chain = NULL;
    if (keys != NULL) {
        aws_keys_drop(&credentials->keys);
        credentials->keys = *keys;
        credentials->renew_s = keys->expires_s == 0 ? now_s() + FIXED_S : keys->expires_s - MARGIN_S;
    } else
        credentials->err = *err;
    if (keys != NULL && !are_good(credentials))
        (void)err_set(&credentials->err, ERR_UNAVAILABLE,
                      "AWS credentials that have expired came; is the clock right?");
    loop_defer(credentials->loop, tell_next, credentials);
}

struct aws_wish *
aws_credentials_want(struct aws_credentials *credentials,
                     void (*done)(void *data, const struct aws_keys *keys, const struct err *err), void *data)
{
    struct aws_wish *wish = memory_take(sizeof(*wish));
    struct aws_wish **end = &credentials->wishes;

    *wish = (struct aws_wish){.credentials = credentials, .done = done, .data = data};
    while (*end != NULL)
        end = &(*end)->next;
    *end = wish;
    if (credentials->chain != NULL)
        return wish;
    if (are_good(credentials) && now_s() < credentials->renew_s)
        loop_defer(credentials->loop, tell_next, credentials);
    else
        credentials->chain = aws_chain_start(credentials->loop, credentials->http, &credentials->settings,
                                             fetched, credentials);
    return wish;
}

void aws_wish_cancel(struct aws_wish *wish)
{
    if (wish == NULL)
        return;
    struct aws_wish **at = &wish->credentials->wishes;
    while (*at != wish)
        at = &(*at)->next;
    *at = wish->next;
    free(wish);
}

void aws_credentials_forget(struct aws_credentials *credentials)
{
    aws_keys_drop(&credentials->keys);
}

void aws_credentials_free(struct aws_credentials *credentials)
{
    const char **places[TEXTS];

    if (credentials == NULL)
        return;
    loop_defer_cancel(credentials->loop, tell_next, credentials);
    aws_chain_cancel(credentials->chain);
    while (credentials->wishes != NULL) {
        struct aws_wish *wish = credentials->wishes;
        credentials->wishes = wish->next;
        free(wish);
    }
    list_texts(&credentials->settings, places);
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        free((char *)(uintptr_t)*places[i]);
    aws_keys_drop(&credentials->keys);
    free(credentials);
}
