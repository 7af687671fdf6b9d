/* status_recovery.c - recovery plans with their last rehearsals, as lines.
 * SPDX-License-Identifier: MIT */
#include "cli/status_recovery.h"

#include "base/duration.h"
#include "cli/field.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

enum { NAME_SIZE = 160 };

#define DAY_S 86400.0

static const char *age_text(double seconds, char to[DURATION_TEXT_MAX])
{
    double rounded = seconds < DAY_S ? seconds : floor(seconds / 3600.0) * 3600.0;

    return duration_format((int64_t)rounded * 1000, to, DURATION_TEXT_MAX);
}

static void print_rehearsal(const cJSON *plan)
{
    const cJSON *rehearsal = field_part(plan, "rehearsal");
    char age[DURATION_TEXT_MAX];

    if (rehearsal == NULL || cJSON_IsNull(rehearsal)) {
        (void)printf("never rehearsed%s\n",
                     field_text(plan, "stand_in")[0] == '\0' ? ", and it names no stand-in" : "");
        return;
    }
    (void)printf("rehearsed %s ago on %s: %s in %.1f s (%s)\n",
                 age_text(field_number(rehearsal, "age_s"), age), field_text(plan, "stand_in"),
                 field_flag(rehearsal, "passed") ? "passed" : "failed", field_number(rehearsal, "seconds"),
                 field_text(rehearsal, "run"));
}

void status_recovery_print(const struct cJSON *recovery)
{
    const cJSON *plans = field_part(recovery, "plans");
    const cJSON *plan = NULL;
    char name[NAME_SIZE];

    if (cJSON_GetArraySize(plans) == 0)
        return;
    (void)printf("\nrecovery plans");
    if (field_number(recovery, "count") > 0.0)
        (void)printf(": %g ran in earnest, %.1f s on average, %.1f s the last one",
                     field_number(recovery, "count"), field_number(recovery, "mean_s"),
                     field_number(recovery, "last_s"));
    (void)printf(" (target: below %g s)\n", field_number(recovery, "target_s"));
    cJSON_ArrayForEach(plan, plans)
    {
        (void)snprintf(name, sizeof(name), "%s/%s", field_text(plan, "service"),
                       field_text(plan, "environment"));
        (void)printf("%-24s ", name);
        print_rehearsal(plan);
    }
}
