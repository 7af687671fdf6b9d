/* fuzz_haproxy_stat.c - libFuzzer: any bytes as the table of HAProxy's `show stat`.
 * SPDX-License-Identifier: MIT */
#include "collectors/haproxy_stat.h"
#include "io/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool is_count(double value)
{
    return isfinite(value) && value >= 0;
}

static void check(const struct haproxy_stat *stat)
{
    if (stat->count > HAPROXY_ROWS_MAX)
        abort();
    for (size_t i = 0; i < stat->count; i++) {
        const struct haproxy_row *row = &stat->rows[i];

        if (strlen(row->backend) > HAPROXY_STAT_MAX || strlen(row->server) > HAPROXY_STAT_MAX ||
            !is_count(row->requests) || !is_count(row->errors) || !is_count(row->time_ms))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    struct haproxy_stat stat;
    struct err err = {0};

    if (haproxy_stat_read(text, size, &stat, &err)) {
        check(&stat);
        haproxy_stat_done(&stat);
    } else if (err.text[0] == '\0')
        abort();
    free(text);
    return 0;
}
