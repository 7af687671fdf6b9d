/* fuzz_scan.c - libFuzzer: any bytes as a scanner's report.
 * SPDX-License-Identifier: MIT */
#include "collectors/scan_report.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Counts are whole numbers or unknown, and all findings together are no fewer than the severe ones. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    for (enum scan_format format = SCAN_SARIF; format < SCAN_FORMAT_COUNT; format++) {
        struct scan_counts counts;
        struct err err = {0};
        if (!scan_report_count(format, (const char *)bytes, size, &counts, &err)) {
            if (err.text[0] == '\0')
                abort();
            continue;
        }
        for (int i = 0; i < SCAN_COUNT_COUNT; i++)
            if (!isnan(counts.of[i]) && !(counts.of[i] >= 0 && counts.of[i] <= counts.of[SCAN_FINDINGS]))
                abort();
    }
    return 0;
}
