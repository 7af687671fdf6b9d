/* api_logs.h - what commands printed, asked of the daemon, who asks the runner: it alone keeps that.
 * SPDX-License-Identifier: MIT */
#ifndef API_API_LOGS_H
#define API_API_LOGS_H

#include "base/attributes.h"
#include "io/runner_client.h"

struct run_definition;

enum { API_NO_HOST = UINT16_MAX, API_NO_TRY = UINT16_MAX, API_PLACE_SIZE = 32 };

/* One output among those of a deployment: of which action, of which try (the first is 0), on which host. As
 * text "7.0", "7.0-h3": what the command's key at the runner has behind "d12-"; "7" is before all tries.
 * Of a run it is the task (the first is 0) and its try (the first is 1): "2.1" of "r7-2.1".
 * Texts are in the order of runner_key_order(). */
struct api_place {
    uint32_t sequence;
    uint16_t tries; /* or API_NO_TRY */
    uint16_t host;  /* or API_NO_HOST */
};

/* logs_place.c: exactly this form; else false. */
MUST_CHECK bool api_place_parse(const char *text, struct api_place *ret_place);
void api_place_format(const struct api_place *place, char to[API_PLACE_SIZE]);

struct api_outputs_wanted {
    char owner;                /* 'd': a deployment, 'r': a run */
    uint64_t id;               /* its number */
    const char *after;         /* place; NULL: from the first one on */
    const uint32_t *sequences; /* [count]: only of these, ascending; until the return */
    size_t count;
    const struct run_definition *run; /* whose secrets must be known before; NULL: of no run */
};

struct api_output {
    struct api_place place;
    enum runner_outcome_kind kind; /* STILL_RUNS, ENDED, UNKNOWN: lost */
    struct runner_result result;   /* of ENDED */
    char *text; /* with every secret that is known struck out; of STILL_RUNS whole lines only */
};

/* In the order of their places, until the return. `is_cut`: more wait behind the last one. `failure`: NULL,
 * or why there are no more (the runner is away). Never from inside the call that asked. */
typedef void api_outputs_told(void *data, const struct api_output *outputs, size_t count, bool is_cut,
                              const struct err *failure);

#endif
