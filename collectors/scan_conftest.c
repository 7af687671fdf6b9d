/* scan_conftest.c - conftest's JSON: what policies say of each file. SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/scan_report.h"

enum { FILES_MAX = 10000, FOUND_MAX = 100000 };

/* How many there are of this kind; a null is as good as none. */
static bool count_of(const struct json_node *file, const char *name, double *ret_count, struct err *err)
{
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(file, name, JSON_OPTIONAL, FOUND_MAX, &all, &count, err))
        return false;
    *ret_count = (double)count;
    return true;
}

static bool add_file(const struct json_node *file, double *tests, struct scan_counts *counts, struct err *err)
{
    double failures = 0;
    double warnings = 0;
    int64_t successes = 0;

    if (!json_as_object(file, err) ||
        !json_integer(file, "successes", JSON_REQUIRED, 0, JSON_INTEGER_MAX, &successes, err) ||
        !count_of(file, "failures", &failures, err) || !count_of(file, "warnings", &warnings, err))
        return false;
    counts->of[SCAN_ERRORS] += failures;
    counts->of[SCAN_WARNINGS] += warnings;
    counts->of[SCAN_FINDINGS] += failures + warnings;
    *tests += (double)successes + failures + warnings;
    return true;
}

/* Where no policy is there, each file has passed nothing. */
bool scan_conftest(const struct json_node *root, struct scan_counts *counts, struct err *err)
{
    double tests = 0;
    size_t files = 0;

    if (!json_is_array(root))
        return err_set(err, ERR_INVALID, "#: is no list of files, as conftest has it");
    for (struct json_node file = json_first(root); file.item != NULL; file = json_next(root, &file)) {
        if (++files > FILES_MAX)
            return err_set(err, ERR_LIMIT, "#: more than %d files", FILES_MAX);
        if (!add_file(&file, &tests, counts, err))
            return false;
    }
    return tests > 0 || err_set(err, ERR_INVALID, "#: nothing was tested: no policy, or no file");
}
