/* pushing.c - from the wall clock of who posts to the engine's.
 * SPDX-License-Identifier: MIT */
#include "daemon/pushing.h"

#include "collectors/push.h"
#include "io/clock.h"

static struct collector *find_push(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->source_count; i++)
        if (daemon->sources[i].type == &push_collector)
            return daemon->sources[i].collector;
    return NULL;
}

/* What is a moment ahead of our clock is of now. */
static int64_t engine_time(struct daemon *daemon, int64_t at_wall_ms)
{
    return daemon_now_ms(daemon) - (clock_wall_ms() - at_wall_ms);
}

enum api_sample_answer pushing_take(void *data, const struct api_sample *sample)
{
    static const enum api_sample_answer answers[] = {
        [PUSH_TAKEN] = API_SAMPLE_TAKEN,
        [PUSH_UNWATCHED] = API_SAMPLE_UNWATCHED,
        [PUSH_WRONG_KIND] = API_SAMPLE_WRONG_KIND,
        [PUSH_NOT_FINITE] = API_SAMPLE_WRONG_KIND, /* the API's reader lets none through */
    };
    struct daemon *daemon = data;
    struct collector *push = find_push(daemon);
    struct push_sample put = {.service = sample->service,
                              .environment = sample->environment,
                              .key = sample->key,
                              .metric = sample->metric,
                              .at_ms = engine_time(daemon, sample->wall_ms),
                              .is_count = sample->is_count,
                              .value = sample->value,
                              .events = sample->value,
                              .total = sample->total};

    return push == NULL ? API_SAMPLE_UNWATCHED : answers[push_put(push, &put)];
}
