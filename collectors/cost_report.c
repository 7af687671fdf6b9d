/* cost_report.c - two amounts out of a report that tells of every resource. SPDX-License-Identifier: MIT */
#include "collectors/cost_report.h"

#include "base/text.h"
#include "collectors/scan_report.h"

#include <math.h>

enum { PROJECTS_MAX = 1000, AMOUNT_MAX = 64 };

static bool read_amount(const struct json_node *root, const char *name, double *ret_amount, struct err *err)
{
    const char *text = NULL;

    *ret_amount = NAN;
    if (!json_text(root, name, JSON_OPTIONAL, AMOUNT_MAX, &text, err))
        return false;
    if (text == NULL || text_to_number(text, ret_amount))
        return true;
    return err_set(err, ERR_INVALID, "#/%s: '%s' is no amount", name, text);
}

/* What could not be read costs nothing in the sum. */
static bool check_project(const struct json_node *project, struct err *err)
{
    struct json_node about = {0};
    struct json_node errors = {0};
    size_t count = 0;

    if (!json_as_object(project, err) || !json_object(project, "metadata", JSON_OPTIONAL, &about, err) ||
        (about.item != NULL &&
         !json_array(&about, "errors", JSON_OPTIONAL, PROJECTS_MAX, &errors, &count, err)))
        return false;
    if (count == 0)
        return true;
    return err_set(err, ERR_INVALID, "%s: the project could not be read, so its costs are missing",
                   JSON_POINTER(&errors));
}

static bool check_projects(const struct json_node *root, struct err *err)
{
    struct json_node projects = {0};
    size_t count = 0;

    if (!json_array(root, "projects", JSON_REQUIRED, PROJECTS_MAX, &projects, &count, err))
        return false;
    if (count == 0)
        return err_set(err, ERR_INVALID, "#/projects: is empty: nothing was looked at");
    for (struct json_node one = json_first(&projects); one.item != NULL; one = json_next(&projects, &one))
        if (!check_project(&one, err))
            return false;
    return true;
}

bool cost_report_read(const char *bytes, size_t length, struct cost_report *ret_report, struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *json = NULL;

    if (!json_parse(bytes, length, &scan_report_limits, &json, err))
        return false;
    struct json_node root = json_root(json);
    return json_as_object(&root, err) && check_projects(&root, err) &&
           read_amount(&root, "totalMonthlyCost", &ret_report->monthly, err) &&
           read_amount(&root, "pastTotalMonthlyCost", &ret_report->before, err);
}
