/* hook_proof.h - does who sent this know the secret? Pure; in time that does not tell how much was right.
 * SPDX-License-Identifier: MIT */
#ifndef API_HOOK_PROOF_H
#define API_HOOK_PROOF_H

#include "base/attributes.h"
#include "base/err.h"
#include "config/hook.h"

#include <stdbool.h>

/* Headers as they came, NULL where missing. */
struct hook_message {
    const char *body; /* `length` bytes and a NUL */
    size_t length;
    const char *proof;                       /* of the hook's own header */
    const char *id, *timestamp, *signatures; /* of Standard Webhooks */
};

/* ERR_FORBIDDEN: no; the text says no more than whoever sent it may know. ERR_INVALID: the secret is none. */
MUST_CHECK bool hook_proof_check(const struct settings_hook *hook, const char *secret,
                                 const struct hook_message *message, int64_t now_wall_ms, struct err *err);

#endif
