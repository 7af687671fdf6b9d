/* scan_trivy.c - trivy's JSON, schema 2. SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/scan_report.h"

#include <string.h>

enum { RESULTS_MAX = 10000, FOUND_MAX = 100000, WORD_MAX = 32 };

static bool add_severity(const struct json_node *found, struct scan_counts *counts, struct err *err)
{
    static const struct scan_word severities[] = {{"CRITICAL", SCAN_CRITICAL},
                                                  {"HIGH", SCAN_HIGH},
                                                  {"MEDIUM", SCAN_MEDIUM},
                                                  {"LOW", SCAN_LOW},
                                                  {"UNKNOWN", SCAN_UNKNOWN}};
    const char *word = NULL;

    if (!json_text(found, "Severity", JSON_REQUIRED, WORD_MAX, &word, err))
        return false;
    counts->of[SCAN_FINDINGS]++;
    if (scan_count_word(severities, ARRAY_LENGTH(severities), word, counts))
        return true;
    return err_set(err, ERR_INVALID, "%s/Severity: '%s' is no severity of trivy's", JSON_POINTER(found),
                   word);
}

/* Trivy also lists checks that passed, where it is asked to. */
static bool has_passed(const struct json_node *found, bool *ret_passed, struct err *err)
{
    const char *status = "FAIL";

    if (!json_text(found, "Status", JSON_OPTIONAL, WORD_MAX, &status, err))
        return false;
    *ret_passed = strcmp(status, "PASS") == 0 || strcmp(status, "EXCEPTION") == 0;
    return true;
}

static bool add_class(const struct json_node *result, const char *name, struct scan_counts *counts,
                      struct err *err)
{
    bool is_check = strcmp(name, "Misconfigurations") == 0;
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(result, name, JSON_OPTIONAL, FOUND_MAX, &all, &count, err))
        return false;
    for (struct json_node found = json_first(&all); found.item != NULL; found = json_next(&all, &found)) {
        bool is_passed = false;
        if (!json_as_object(&found, err) || (is_check && !has_passed(&found, &is_passed, err)) ||
            (!is_passed && !add_severity(&found, counts, err)))
            return false;
    }
    return true;
}

bool scan_trivy(const struct json_node *root, struct scan_counts *counts, struct err *err)
{
    static const char *const classes[] = {"Vulnerabilities", "Misconfigurations", "Secrets", "Licenses"};
    struct json_node results = {0};
    size_t count = 0;
    int64_t schema = 0;

    if (!json_as_object(root, err) ||
        !json_integer(root, "SchemaVersion", JSON_REQUIRED, 2, 2, &schema, err) ||
        !json_array(root, "Results", JSON_REQUIRED, RESULTS_MAX, &results, &count, err))
        return false;
    if (count == 0)
        return err_set(err, ERR_INVALID, "%s: is empty: nothing was scanned", JSON_POINTER(&results));
    for (struct json_node result = json_first(&results); result.item != NULL;
         result = json_next(&results, &result)) {
        if (!json_as_object(&result, err))
            return false;
        for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
            if (!add_class(&result, classes[i], counts, err))
                return false;
    }
    return true;
}
