/* api_bench_samples.c - the values that the bench of the API takes.
 * SPDX-License-Identifier: MIT */
#include "support/api_bench.h"

#include <stdio.h>
#include <string.h>

/* "up" and "signal_high_errors" are gauges, "errors" is a counter; nothing else is watched. */
enum api_sample_answer api_bench_sample_find(void *data, struct api_sample *sample)
{
    bool is_counter = strcmp(sample->metric, "errors") == 0;

    if (!is_counter && strcmp(sample->metric, "up") != 0 && strcmp(sample->metric, "signal_high_errors") != 0)
        return API_SAMPLE_UNWATCHED;
    sample->watch = data;
    return is_counter == sample->is_count ? API_SAMPLE_TAKEN : API_SAMPLE_WRONG_KIND;
}

/* What is of the first second of 1970 is late, of after 2100 of the future. */
enum api_sample_answer api_bench_sample(void *data, const struct api_sample *sample)
{
    struct api_bench *bench = data;

    (void)snprintf(bench->last.text, sizeof(bench->last.text), "sample %s/%s %s %s %g/%g", sample->service,
                   sample->environment, sample->key, sample->metric, sample->value, sample->total);
    if (sample->wall_ms < 1000)
        return API_SAMPLE_LATE;
    return sample->wall_ms > INT64_C(4102444800000) ? API_SAMPLE_FUTURE : API_SAMPLE_TAKEN;
}
