/* access.h - how we show ourselves to a metrics server: basic or bearer, certificates, further headers.
 * SPDX-License-Identifier: MIT
 *
 * A collector's table of instance options holds these, in this order, so that all spell them alike. */
#ifndef COLLECTORS_ACCESS_H
#define COLLECTORS_ACCESS_H

#include "base/err.h"
#include "base/option.h"
#include "io/http_client.h"
#include "io/secret.h"

#include <stddef.h>

enum access_option {
    ACCESS_USER,
    ACCESS_PASSWORD,
    ACCESS_BEARER,
    ACCESS_CA,
    ACCESS_CERTIFICATE,
    ACCESS_KEY,
    ACCESS_HEADERS,
    ACCESS_OPTION_COUNT
};

enum {
    ACCESS_HEADERS_MAX = 16,       /* as the options name */
    ACCESS_SECRET_HEADERS_MAX = 8, /* beside them */
    ACCESS_OWN_HEADERS_MAX = 2     /* of the collector */
};

#define ACCESS_OPTIONS(from)                                                                                 \
    [(from) + ACCESS_USER] = {.name = "user",                                                                \
                              .type = OPTION_TEXT,                                                           \
                              .help = "Name for basic authentication, with password"},                       \
              [(from) + ACCESS_PASSWORD] = {.name = "password",                                              \
                                            .type = OPTION_SECRET,                                           \
                                            .help = "Password for basic authentication"},                    \
              [(from) + ACCESS_BEARER] = {.name = "bearer",                                                  \
                                          .type = OPTION_SECRET,                                             \
                                          .help = "Token for bearer authentication"},                        \
              [(from) + ACCESS_CA] = {.name = "ca",                                                          \
                                      .type = OPTION_TEXT,                                                   \
                                      .help = "File of the certificates to trust instead of the system's"},  \
              [(from) + ACCESS_CERTIFICATE] = {.name = "certificate",                                        \
                                               .type = OPTION_TEXT,                                          \
                                               .help = "File of our own certificate, with key"},             \
              [(from) + ACCESS_KEY] = {.name = "key",                                                        \
                                       .type = OPTION_TEXT,                                                  \
                                       .help = "File of our own certificate's key"},                         \
              [(from) + ACCESS_HEADERS] = {.name = "headers",                                                \
                                           .type = OPTION_MAP,                                               \
                                           .max = ACCESS_HEADERS_MAX,                                        \
                                           .help = "Further headers of each request, such as X-Scope-OrgID"}

struct access {
    const struct secret_keeper *secrets;
    char *user;
    /* References, read at each request, so that a rotated one counts; and what they were then. */
    char *password_reference, *bearer_reference;
    struct secret password;
    struct secret bearer;
    char *ca_file;
    char *certificate_file;
    char *key_file;
    struct http_header headers[ACCESS_HEADERS_MAX + ACCESS_SECRET_HEADERS_MAX + ACCESS_OWN_HEADERS_MAX];
    size_t header_count;
    char *header_references[ACCESS_SECRET_HEADERS_MAX]; /* of the headers from `secret_headers` on */
    size_t secret_headers, secret_header_count;
    struct err err; /* why a secret could not be read last */
};

/* Copies what the options say, and fails where a secret cannot be read that does not come from Vault: that
 * one may come later. `secrets` may be NULL. Ends with access_close, also after a failure. */
MUST_CHECK bool access_open(struct access *access, const struct secret_keeper *secrets,
                            const struct option_value *options, struct err *err);
void access_close(struct access *access);

/* Headers as name and reference (an OPTION_SECRET_MAP); once, after access_open. */
MUST_CHECK bool access_add_secrets(struct access *access, const struct option_value *headers,
                                   struct err *err);

/* A header that every request of this collector has; at most ACCESS_OWN_HEADERS_MAX. */
void access_add_header(struct access *access, const char *name, const char *value);

/* Lends it to a request, until the next one: its headers and all that says who we are. A request whose secret
 * cannot be read is answered with the reason. */
void access_apply(struct access *access, struct http_request *request);

/* A path that may be written as "file:/path", copied; NULL of NULL. */
char *access_copy_path(const char *path);

#endif
