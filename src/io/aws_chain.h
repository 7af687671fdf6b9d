/* aws_chain.h - where Amazon's tools look for keys, in this order: the environment, a web identity, the
 * shared file, the container's endpoint, the instance's metadata.
 * SPDX-License-Identifier: MIT
 *
 * The first place that is set up counts: when it fails, the chain fails, so that nobody works with other
 * rights than were meant. Variables are the known ones: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN; AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME; AWS_PROFILE,
 * AWS_SHARED_CREDENTIALS_FILE; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI,
 * AWS_CONTAINER_AUTHORIZATION_TOKEN or _TOKEN_FILE; AWS_EC2_METADATA_DISABLED. They and the files are read
 * each time. */
#ifndef IO_AWS_CHAIN_H
#define IO_AWS_CHAIN_H

#include "io/aws_keys.h"

struct http_client;
struct loop;

/* NULL takes what the variables say, or Amazon's own. */
struct aws_chain_settings {
    const char *region;
    const char *profile;
    const char *shared_file; /* a reference, as of secret.h */
    const char *sts_url;
    const char *container_url; /* in front of a relative URI */
    const char *metadata_url;
    const char *ca_file; /* of STS */
};

struct aws_chain;

/* `done` is called once, from the loop, never inside the start: with keys, which it takes over, or NULL and
 * why. Every request on the way has a deadline of a few seconds. `settings` and what it points to must live
 * as long.
 */
struct aws_chain *aws_chain_start(struct loop *loop, struct http_client *http,
                                  const struct aws_chain_settings *settings,
                                  void (*done)(void *data, struct aws_keys *keys, const struct err *err),
                                  void *data);
void aws_chain_cancel(struct aws_chain *chain); /* `done` is not called; NULL is fine */

#endif
