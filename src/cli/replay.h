/* replay.h - a recording judged as the daemon would have: its samples into windows, step by step, and the
 * rule
 * after each. SPDX-License-Identifier: MIT */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "cli/recording.h"

struct replayed {
    struct judgement judgement; /* the first fail, or what it was at the end */
    int64_t at_ms;              /* on the recording's clock */
};

/* A score is judged on its members' last judgements. False: a series does not fit the metric that it is
 * recorded of. */
MUST_CHECK bool replay_rule(const struct recording *recording, const struct definition *definition,
                            size_t rule, struct replayed *ret_replayed, struct err *err);

#endif
