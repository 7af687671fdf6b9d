/* bench_otlp.c - on the api's bench: who takes what OpenTelemetry's exporters post.
 * SPDX-License-Identifier: MIT */
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "stop" is refused, and a number is so many rejected points; notes for whom else it may be. */
bool api_bench_otlp(void *data, const struct api_otlp *posted, struct api_otlp_answer *ret_answer,
                    struct err *err)
{
    struct api_bench *bench = data;

    (void)snprintf(bench->last.text, sizeof(bench->last.text), "%zu bytes, shop %d, mailer %d",
                   posted->length, posted->allows(posted->data, "shop", "prod"),
                   posted->allows(posted->data, "mailer", "prod"));
    if (strncmp(posted->bytes, "stop", 4) == 0)
        return err_set(err, ERR_INVALID, "#/resourceMetrics: is no list");
    if (strncmp(posted->bytes, "many", 4) == 0)
        return err_set(err, ERR_LIMIT, "more points than that");
    ret_answer->rejected = strtoul(posted->bytes, NULL, 10);
    (void)snprintf(ret_answer->why, sizeof(ret_answer->why), "not finite");
    return true;
}
