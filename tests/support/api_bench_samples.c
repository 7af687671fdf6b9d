/* api_bench_samples.c - the values that the bench of the API takes.
 * SPDX-License-Identifier: MIT */
#include "support/api_bench.h"

#include "base/attributes.h"

#include <stdio.h>
#include <string.h>

/* "up" and "signal_high_errors" are gauges, "errors" is a counter; nothing else is watched. */
static const char *const watched[] = {"errors", "up", "signal_high_errors"};

enum api_sample_answer api_bench_sample_find(void *data, struct api_sample *sample)
{
    (void)data;
    for (size_t i = 0; i < ARRAY_LENGTH(watched); i++)
        if (strcmp(sample->metric, watched[i]) == 0)
            sample->watch = watched[i];
    if (sample->watch == NULL)
        return API_SAMPLE_UNWATCHED;
    return (sample->watch == watched[0]) == sample->is_count ? API_SAMPLE_TAKEN : API_SAMPLE_WRONG_KIND;
}

/* What is of the first second of 1970 is late, of after 2100 of the future. */
static enum api_sample_answer put(struct api_bench *bench, const struct api_sample *sample)
{
    if (sample->watch == NULL)
        return API_SAMPLE_UNWATCHED;
    (void)snprintf(bench->last.text, sizeof(bench->last.text), "sample %s/%s %s %s %g/%g", sample->service,
                   sample->environment, sample->key, (const char *)sample->watch, sample->value,
                   sample->total);
    if (sample->wall_ms < 1000)
        return API_SAMPLE_LATE;
    return sample->wall_ms > INT64_C(4102444800000) ? API_SAMPLE_FUTURE : API_SAMPLE_TAKEN;
}

void api_bench_samples(void *data, struct api_sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        samples[i].answer = put(data, &samples[i]);
}
