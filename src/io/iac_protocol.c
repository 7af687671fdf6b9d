/* iac_protocol.c - how verdict-iac ended, in words.
 * SPDX-License-Identifier: MIT */
#include "io/iac_protocol.h"

#include <stddef.h>

const char *iac_exit_text(int status)
{
    switch (status) {
    case IAC_EXIT_STALE:
        return "the plan is stale: the state changed since it was made, and nothing was applied; `verdict "
               "retry` "
               "plans and asks anew";
    case IAC_EXIT_OTHER_PLAN:
        return "the plan is not the one that was approved, or is gone; nothing was applied";
    case IAC_EXIT_NOT_EMPTY:
        return "a second plan is not empty: what was applied is not what the code says";
    case IAC_EXIT_DRIFTED:
        return "drift: what is there is not what was made";
    case IAC_EXIT_INTERRUPTED:
        return "it was interrupted, and the tool stopped in its own time; the next plan says what is left";
    case IAC_EXIT_REFUSED:
        return "the state is refused: the one that is kept has another lineage, or is newer; what was made "
               "is kept "
               "by verdict-iac until somebody decides";
    case IAC_EXIT_UNSAVED:
        return "the state could not be saved; it is kept by verdict-iac, and the next plan saves it first";
    case IAC_EXIT_NO_SECRET:
        return "a secret is missing, and nothing was begun: mend it in the `environment` of the runner";
    case IAC_EXIT_AGAIN:
        return "somebody else holds the stack or the lock of its state";
    default:
        return NULL;
    }
}
