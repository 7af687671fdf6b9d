/* aws_credentials.h - keys to Amazon's services that are good now: kept, and fetched again before they
 * expire.
 * SPDX-License-Identifier: MIT
 *
 * Where they come from: aws_chain.h. Temporary keys are fetched again five minutes before they expire; while
 * that fails, those that are there go on being used until their end. Fixed keys are looked up again every
 * five minutes, so that rotated ones count. */
#ifndef IO_AWS_CREDENTIALS_H
#define IO_AWS_CREDENTIALS_H

#include "io/aws_chain.h"

struct aws_credentials;
struct aws_wish; /* somebody who wants keys */

/* Everything is copied. */
struct aws_credentials *aws_credentials_new(struct loop *loop, struct http_client *http,
                                            const struct aws_chain_settings *settings);
void aws_credentials_free(struct aws_credentials *credentials); /* wishes are dropped; NULL is fine */

/* `done` is called once, from the loop, never inside the call: with keys that are good until it returns, or
 * NULL and why. */
struct aws_wish *aws_credentials_want(struct aws_credentials *credentials,
                                      void (*done)(void *data, const struct aws_keys *keys,
                                                   const struct err *err),
                                      void *data);
void aws_wish_cancel(struct aws_wish *wish); /* `done` is not called; NULL is fine */

/* A service refuses them: the next wish fetches others. */
void aws_credentials_forget(struct aws_credentials *credentials);

#endif
