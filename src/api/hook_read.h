/* hook_read.h - what a message of a hook says: the deployment that it asks for. Pure.
 * SPDX-License-Identifier: MIT */
#ifndef API_HOOK_READ_H
#define API_HOOK_READ_H

#include "base/attributes.h"
#include "base/err.h"
#include "config/hook.h"

#include <stdbool.h>

struct cJSON;

enum { HOOK_AHEAD_MAX_MS = 5 * 60 * 1000 }; /* how far the sender's clock may be before ours */

/* Do the hook's conditions hold? */
bool hook_concerns(const struct settings_hook *hook, const struct cJSON *message);

/* Is it as young as the hook asks, where it says when it was written? ERR_FORBIDDEN; ERR_INVALID: no time. */
MUST_CHECK bool hook_is_young(const struct settings_hook *hook, const struct cJSON *message,
                              int64_t now_wall_ms, struct err *err);

/* The body of POST /v1/deployments that it stands for; json_free(). ERR_INVALID: it does not say what. What
 * else it says and is of no form of ours is left out. */
MUST_CHECK bool hook_read_start(const struct settings_hook *hook, const struct cJSON *message,
                                struct cJSON **ret_body, struct err *err);

#endif
