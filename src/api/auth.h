/* auth.h - who asks: the uid behind the Unix socket, or a token; and what they may do.
 * SPDX-License-Identifier: MIT */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "io/http_server.h"
#include "store/journal_token.h"

struct principal {
    char name[NAME_MAX_LENGTH + 1]; /* "alice", "ci-shop", "uid:998" */
    bool is_person;
    bool has_token; /* false: the Unix socket, every right */
    struct journal_token token;
};

/* A token that is given counts, also on the Unix socket; without one a peer of the Unix socket is its user.
 * A person: root, or a user whose uid is not a system's (1000 and more). False: *ret_why says why. */
MUST_CHECK bool auth_find(const struct journal *journal, const struct http_server_request *request,
                          int64_t wall_ms, struct principal *ret_principal, const char **ret_why);

/* `service` and `environment` "": any. */
bool auth_allows(const struct principal *principal, unsigned right, const char *service,
                 const char *environment);

/* "deploy"; and back, 0 where there is none. */
const char *auth_right_name(unsigned right);
unsigned auth_right(const char *name);

/* Token in an Authorization header: "Bearer TOKEN", or "Basic ..." whose password it is. */
MUST_CHECK bool auth_token_of(const char *header, char *to, size_t size);

#endif
