/* scan_report.c - text of a scanner's report to counts. SPDX-License-Identifier: MIT */
#include "collectors/scan_report.h"

#include "base/attributes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { DEPTH_MAX = 48, VALUES_MAX = 128 * 1024 };

const struct json_limits scan_report_limits = {.size_max = SCAN_REPORT_MAX,
                                               .depth_max = DEPTH_MAX,
                                               .keys_max = VALUES_MAX,
                                               .values_max = VALUES_MAX,
                                               .allows_rounding = true};

bool scan_count_word(const struct scan_word *words, size_t count, const char *word,
                     struct scan_counts *counts)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].word, word) == 0) {
            counts->of[words[i].count]++;
            return true;
        }
    return false;
}

bool scan_report_count(enum scan_format format, const char *bytes, size_t length,
                       struct scan_counts *ret_counts, struct err *err)
{
    static bool (*const readers[SCAN_FORMAT_COUNT])(const struct json_node *root, struct scan_counts *counts,
                                                    struct err *err) = {
        [SCAN_SARIF] = scan_sarif,
        [SCAN_TRIVY] = scan_trivy,
        [SCAN_CHECKOV] = scan_checkov,
        [SCAN_CONFTEST] = scan_conftest,
    };
    CLEANUP(json_free_at) struct cJSON *json = NULL;
    struct scan_counts counts;

    if (!json_parse(bytes, length, &scan_report_limits, &json, err))
        return false;
    struct json_node root = json_root(json);
    for (int i = 0; i < SCAN_COUNT_COUNT; i++)
        counts.of[i] = scan_has(format, (enum scan_count)i) ? 0 : NAN;
    assert(readers[format] != NULL);
    if (!readers[format](&root, &counts, err))
        return false;
    *ret_counts = counts;
    return true;
}
