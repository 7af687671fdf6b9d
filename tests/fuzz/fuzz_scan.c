/* fuzz_scan.c - libFuzzer: any bytes as a scanner's report, and as one of costs.
 * SPDX-License-Identifier: MIT */
#include "collectors/cost_report.h"
#include "collectors/scan_report.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* An amount is a number or unknown. */
static void read_costs(const char *text, size_t size)
{
    struct cost_report report = {.monthly = -1};
    struct err err = {0};

    if (!cost_report_read(text, size, &report, &err) && err.text[0] == '\0')
        abort();
    if (isinf(report.monthly) || isinf(report.before))
        abort();
}

/* Counts are whole numbers or unknown, and all findings together are no fewer than the severe ones. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    for (enum scan_format format = SCAN_SARIF; format < SCAN_INFRACOST; format++) {
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
    read_costs((const char *)bytes, size);
    return 0;
}
