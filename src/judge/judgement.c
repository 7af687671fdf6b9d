/* judgement.c - the words for verdicts and reasons.
 * SPDX-License-Identifier: MIT */
#include "judge/judgement.h"

#include "base/attributes.h"

#include <assert.h>

static const char *const verdict_names[] = {
    [VERDICT_INCONCLUSIVE] = "inconclusive",
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
};

static const char *const reason_names[] = {
    [REASON_DECIDED] = "decided",
    [REASON_LOADING] = "loading",
    [REASON_NO_DATA] = "no-data",
    [REASON_STALE] = "stale",
    [REASON_NOT_FINITE] = "not-finite",
    [REASON_SOURCE_ERROR] = "source-error",
    [REASON_AMBIGUOUS] = "ambiguous",
    [REASON_TOO_FEW] = "too-few",
    [REASON_NO_TRAFFIC] = "no-traffic",
    [REASON_NO_BASELINE] = "no-baseline",
    [REASON_SAME_SERIES] = "same-series",
    [REASON_WARMUP] = "warmup",
    [REASON_PENDING] = "pending",
    [REASON_UNDECIDED] = "undecided",
    [REASON_SHARE] = "share",
    [REASON_LIMIT] = "limit",
    [REASON_MARGINAL] = "marginal",
    [REASON_NOT_WORSE] = "not-worse",
    [REASON_DROPPED] = "dropped",
};

const char *verdict_name(enum verdict verdict)
{
    assert(verdict < ARRAY_LENGTH(verdict_names));
    return verdict_names[verdict];
}

const char *reason_name(enum reason reason)
{
    assert(reason < ARRAY_LENGTH(reason_names));
    return reason_names[reason];
}
