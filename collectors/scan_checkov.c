/* scan_checkov.c - checkov's JSON: one report, or a list of one for each framework. SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/scan_report.h"

#include <math.h>

enum { REPORTS_MAX = 100, CHECKS_MAX = 100000, WORD_MAX = 32 };

/* Without an account of its maker's no check has a severity: then the severe ones cannot be counted. */
static bool add_check(const struct json_node *check, struct scan_counts *counts, struct err *err)
{
    static const struct scan_word severities[] = {{"CRITICAL", SCAN_CRITICAL},
                                                  {"HIGH", SCAN_HIGH},
                                                  {"MEDIUM", SCAN_MEDIUM},
                                                  {"LOW", SCAN_LOW},
                                                  {"INFO", SCAN_NOTES}};
    const char *word = NULL;

    if (!json_as_object(check, err) || !json_text(check, "severity", JSON_OPTIONAL, WORD_MAX, &word, err))
        return false;
    counts->of[SCAN_FINDINGS]++;
    if (word != NULL && scan_count_word(severities, ARRAY_LENGTH(severities), word, counts))
        return true;
    if (word != NULL)
        return err_set(err, ERR_INVALID, "%s/severity: '%s' is no severity of checkov's", JSON_POINTER(check),
                       word);
    for (int i = SCAN_CRITICAL; i <= SCAN_LOW; i++)
        counts->of[i] = NAN;
    return true;
}

static bool add_failed(const struct json_node *results, struct scan_counts *counts, struct err *err)
{
    struct json_node failed = {0};
    size_t count = 0;

    if (!json_array(results, "failed_checks", JSON_REQUIRED, CHECKS_MAX, &failed, &count, err))
        return false;
    for (struct json_node check = json_first(&failed); check.item != NULL; check = json_next(&failed, &check))
        if (!add_check(&check, counts, err))
            return false;
    return true;
}

/* A file that could not be read was not looked at, and its report is none of it. */
static bool add_report(const struct json_node *report, size_t *looked_at, struct scan_counts *counts,
                       struct err *err)
{
    struct json_node results = {0};
    struct json_node summary = {0};
    int64_t resources = 0;
    int64_t broken = 0;

    if (!json_as_object(report, err) || !json_object(report, "results", JSON_OPTIONAL, &results, err))
        return false;
    if (results.item == NULL) /* nothing of its kind is there: {"passed": 0, "failed": 0, ...} */
        return json_integer(report, "resource_count", JSON_REQUIRED, 0, JSON_INTEGER_MAX, &resources, err);
    if (!json_object(report, "summary", JSON_REQUIRED, &summary, err) ||
        !json_integer(&summary, "parsing_errors", JSON_REQUIRED, 0, JSON_INTEGER_MAX, &broken, err))
        return false;
    if (broken > 0)
        return err_set(err, ERR_INVALID, "%s/parsing_errors: %lld files could not be read",
                       JSON_POINTER(&summary), (long long)broken);
    (*looked_at)++;
    return add_failed(&results, counts, err);
}

bool scan_checkov(const struct json_node *root, struct scan_counts *counts, struct err *err)
{
    bool is_list = json_is_array(root);
    struct json_node report = is_list ? json_first(root) : *root;
    size_t reports = 0;
    size_t looked_at = 0;

    for (; report.item != NULL; report = json_next(root, &report)) {
        if (++reports > REPORTS_MAX)
            return err_set(err, ERR_LIMIT, "#: more than %d reports", REPORTS_MAX);
        if (!add_report(&report, &looked_at, counts, err))
            return false;
        if (!is_list)
            break;
    }
    return looked_at > 0 || err_set(err, ERR_INVALID, "#: nothing was scanned");
}
