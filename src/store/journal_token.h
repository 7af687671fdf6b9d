/* journal_token.h - API tokens: `vd_<id>_<secret>`, 256 random bits, of which the journal keeps the SHA-256.
 * SPDX-License-Identifier: MIT
 *
 * All tokens are in memory on the loop, so that a request is answered without a disk. A new or revoked one
 * counts from its durable row on. */
#ifndef STORE_JOURNAL_TOKEN_H
#define STORE_JOURNAL_TOKEN_H

#include "base/text.h"
#include "store/journal.h"

enum {
    JOURNAL_TOKENS_MAX = 1024,  /* revoked and expired ones do not count */
    JOURNAL_TOKEN_ID_SIZE = 17, /* 16 hex digits and a NUL */
    JOURNAL_TOKEN_TEXT_SIZE = 96,
    JOURNAL_TOKEN_LIMITS_MAX = 16 /* services or environments that a token is bound to */
};

enum token_right {
    TOKEN_READ = 1,
    TOKEN_DEPLOY = 2,
    TOKEN_APPROVE = 4,
    TOKEN_ROLLBACK = 8,
    TOKEN_OVERRIDE = 16,
    TOKEN_ADMIN = 32,
    TOKEN_ALL = 63
};

struct journal_token {
    char id[JOURNAL_TOKEN_ID_SIZE];
    char principal[NAME_MAX_LENGTH + 1]; /* name of the person or pipeline */
    bool is_person;                      /* only persons approve */
    unsigned rights;                     /* set of enum token_right */
    size_t service_count;                /* 0: all */
    char services[JOURNAL_TOKEN_LIMITS_MAX][NAME_MAX_LENGTH + 1];
    size_t environment_count; /* 0: all */
    char environments[JOURNAL_TOKEN_LIMITS_MAX][NAME_MAX_LENGTH + 1];
    int64_t created_ms; /* wall clock */
    int64_t expires_ms; /* 0: never */
};

/* The one whose secret this is, or NULL: unknown, revoked or past `wall_ms`. Valid until the loop's next
 * turn. The time it takes does not tell how much of the secret was right. */
const struct journal_token *journal_token_find(const struct journal *journal, const char *text,
                                               int64_t wall_ms);

bool journal_token_allows(const struct journal_token *token, enum token_right right, const char *service,
                          const char *environment);

/* Makes a token of principal, is_person, rights, limits and expires_ms; id and created_ms are set in *token.
 * The text is shown once, here, and works when `done` said JOURNAL_FINE. ERR_INVALID: names or rights;
 * ERR_LIMIT. */
MUST_CHECK bool journal_token_create(struct journal *journal, struct journal_token *token, const char *actor,
                                     char ret_text[JOURNAL_TOKEN_TEXT_SIZE],
                                     void (*done)(void *data, const struct journal_result *result),
                                     void *data, struct err *err);

/* ERR_NOT_FOUND; ERR_LIMIT. */
MUST_CHECK bool journal_token_revoke(struct journal *journal, const char *id, const char *actor,
                                     void (*done)(void *data, const struct journal_result *result),
                                     void *data, struct err *err);

/* Tokens that are not revoked, by index in the order of their creation; NULL past the last. */
const struct journal_token *journal_token_at(const struct journal *journal, size_t index);

#endif
