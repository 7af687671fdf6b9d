/* answer_status.c - why an answer is none.
 * SPDX-License-Identifier: MIT */
#include "collectors/answer_status.h"

bool answer_status_check(const struct http_answer *answer, struct err *err)
{
    if (answer->status == 0)
        return err_set(err, answer->err.code, "%s", answer->err.text);
    if (answer->status >= 300 && answer->status < 400)
        return err_set(err, ERR_UNAVAILABLE, "answered with a redirect (%d): give the address itself",
                       answer->status);
    if (answer->status != 200)
        return err_set(err, ERR_UNAVAILABLE, "answered with status %d", answer->status);
    return true;
}
