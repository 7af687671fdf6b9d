/* pushing.c - from the wall clock of who posts to the engine's.
 * SPDX-License-Identifier: MIT */
#include "daemon/pushing.h"

#include "collectors/otlp.h"
#include "collectors/otlp_request.h"
#include "collectors/push.h"
#include "io/clock.h"

#include <assert.h>
#include <stdio.h>

static_assert((int)API_OTLP_BODY_MAX == (int)OTLP_BODY_MAX, "what comes through the door can be read");

static struct collector *find_collector(const struct daemon *daemon, const struct collector_type *type)
{
    for (size_t i = 0; i < daemon->source_count; i++)
        if (daemon->sources[i].type == type)
            return daemon->sources[i].collector;
    return NULL;
}

static struct push_sample value_of(const struct api_sample *sample)
{
    return (struct push_sample){.service = sample->service,
                                .environment = sample->environment,
                                .key = sample->key,
                                .metric = sample->metric,
                                .is_count = sample->is_count,
                                .value = sample->value,
                                .events = sample->value,
                                .total = sample->total};
}

static const enum api_sample_answer answers[] = {
    [PUSH_TAKEN] = API_SAMPLE_TAKEN,
    [PUSH_LATE] = API_SAMPLE_LATE,
    [PUSH_FUTURE] = API_SAMPLE_FUTURE,
    [PUSH_UNWATCHED] = API_SAMPLE_UNWATCHED,
    [PUSH_WRONG_KIND] = API_SAMPLE_WRONG_KIND,
    [PUSH_NOT_FINITE] = API_SAMPLE_WRONG_KIND, /* the API's reader lets none through */
};

enum api_sample_answer pushing_find(void *data, struct api_sample *sample)
{
    struct collector *push = find_collector(data, &push_collector);
    const struct push_sample value = value_of(sample);
    const struct collector_watch *watch = NULL;

    if (push == NULL)
        return API_SAMPLE_UNWATCHED;
    enum push_answer answer = push_find(push, &value, &watch);
    sample->watch = watch;
    return answers[answer];
}

void pushing_take(void *data, struct api_sample *samples, size_t count)
{
    int64_t offset_ms = daemon_now_ms(data) - clock_wall_ms();

    for (size_t i = 0; i < count; i++) {
        struct push_sample value = value_of(&samples[i]);
        value.at_ms = samples[i].wall_ms + offset_ms;
        samples[i].answer =
            samples[i].watch == NULL ? API_SAMPLE_UNWATCHED : answers[push_put(samples[i].watch, &value)];
    }
}

bool pushing_take_otlp(void *data, const struct api_otlp *posted, struct api_otlp_answer *ret_answer,
                       struct err *err)
{
    struct collector *otlp = find_collector(data, &otlp_collector);
    const struct otlp_sender sender = {.data = posted->data, .allows = posted->allows};
    struct otlp_answer told = {0};

    if (otlp != NULL && !otlp_post(otlp, posted->bytes, posted->length, &sender, &told, err))
        return false;
    ret_answer->rejected = told.rejected;
    (void)snprintf(ret_answer->why, sizeof(ret_answer->why), "%s", told.why);
    return true;
}
