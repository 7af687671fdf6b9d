/* aws_client.h - signed requests to one of Amazon's services in one region.
 * SPDX-License-Identifier: MIT
 *
 * Keys come from the chain of aws_chain.h; requests are POSTs that libcurl signs (Signature Version 4). Keys
 * appear in no text and no log. */
#ifndef IO_AWS_CLIENT_H
#define IO_AWS_CLIENT_H

#include "base/option.h"
#include "io/aws_error.h"

struct aws_client;
struct aws_call;
struct loop;

/* Options of everything that talks to Amazon; the values of AWS_OPTIONS begin where the caller says. */
enum {
    AWS_REGION,
    AWS_ENDPOINT,
    AWS_PROFILE,
    AWS_SHARED_FILE,
    AWS_STS,
    AWS_CONTAINER,
    AWS_METADATA,
    AWS_CA,
    AWS_TIMEOUT,
    AWS_OPTION_COUNT
};

#define AWS_OPTIONS(from)                                                                                    \
    [(from) + AWS_REGION] = {.name = "region",                                                               \
                             .type = OPTION_TEXT,                                                            \
                             .is_required = true,                                                            \
                             .help = "Region of the service, like \"eu-west-1\""},                           \
              [(from) + AWS_ENDPOINT] = {.name = "endpoint",                                                 \
                                         .type = OPTION_TEXT,                                                \
                                         .help = "URL of the service; Amazon's own in that region"},         \
              [(from) + AWS_PROFILE] = {.name = "profile",                                                   \
                                        .type = OPTION_TEXT,                                                 \
                                        .help = "Profile of the shared file; AWS_PROFILE, or \"default\""},  \
              [(from) + AWS_SHARED_FILE] = {.name = "shared_file",                                           \
                                            .type = OPTION_TEXT,                                             \
                                            .help = "Credentials file as a reference, \"cred:NAME\" or "     \
                                                    "\"file:/PATH\"; ~/.aws/credentials"},                   \
              [(from) + AWS_STS] = {.name = "sts_endpoint",                                                  \
                                    .type = OPTION_TEXT,                                                     \
                                    .help = "URL of STS, for web identities; Amazon's own in that region"},  \
              [(from) + AWS_CONTAINER] = {.name = "container_endpoint",                                      \
                                          .type = OPTION_TEXT,                                               \
                                          .help = "URL in front of a container's relative URI; "             \
                                                  "\"http://169.254.170.2\""},                               \
              [(from) +                                                                                      \
                  AWS_METADATA] = {.name = "metadata_endpoint",                                              \
                                   .type = OPTION_TEXT,                                                      \
                                   .help = "URL of the instance's metadata; \"http://169.254.169.254\""},    \
              [(from) + AWS_CA] = {.name = "ca",                                                             \
                                   .type = OPTION_TEXT,                                                      \
                                   .help = "File of the authorities to trust instead of the system's"},      \
              [(from) + AWS_TIMEOUT] = {.name = "timeout",                                                   \
                                        .type = OPTION_DURATION,                                             \
                                        .min = 100,                                                          \
                                        .max = 120000,                                                       \
                                        .fallback = "10s",                                                   \
                                        .help = "Longest time for one answer"}

/* `service` as signatures and hosts name it ("monitoring"); `options` begin with AWS_REGION. ERR_INVALID. */
MUST_CHECK bool aws_client_new(struct loop *loop, struct http_client *http, const char *service,
                               const struct option_value *options, struct aws_client **ret_client,
                               struct err *err);
void aws_client_free(struct aws_client *client); /* after its last call; NULL is fine */

/* What came: `http` is a 200 where err.code is ERR_NONE. Else err says why, `error` what it means
 * (ERR_UNAVAILABLE: later, also where the keys are refused; ERR_FORBIDDEN: denied; ERR_NOT_FOUND,
 * ERR_INVALID: what was asked; others as of the HTTP client). */
struct aws_answer {
    const struct http_answer *http; /* NULL: there were no keys to ask with */
    struct err err;
    struct aws_error error;
    int64_t retry_after_ms; /* 0: it did not say */
};

/* POSTs `body` (copied). `target`: of AWS JSON 1.0; NULL: the body is a form. `done` is called once, from the
 * loop, never inside the call. Deadline: the timeout for the answer, beside the keys'. */
struct aws_call *aws_call_start(struct aws_client *client, const char *target, const char *body,
                                size_t answer_max, void (*done)(void *data, const struct aws_answer *answer),
                                void *data);
void aws_call_cancel(struct aws_call *call); /* `done` is not called; NULL is fine */

/* Are there keys? Asks nothing of the service. As aws_call_start. */
struct aws_call *aws_call_start_check(struct aws_client *client,
                                      void (*done)(void *data, const struct aws_answer *answer), void *data);

#endif
