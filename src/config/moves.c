/* moves.c - shares, copies and testers that a plan asks for, beside what the driver says that it can.
 * SPDX-License-Identifier: MIT */
#include "config/moves.h"

static bool check_mirror(const struct build *build, const struct node *at,
                         const struct definition *definition, const struct option_schema *driver)
{
    if (!definition->plan->has_mirror || driver->can_mirror)
        return true;
    return report_node(build->report, at,
                       "strategy '%s' copies requests (mirror), and traffic '%s' cannot; nginx can",
                       definition->strategy, driver->name);
}

/* A driver that lets testers in has an option of that name, which the environment sets. */
static bool has_testers(const struct definition *definition, const struct option_schema *driver)
{
    size_t option = option_find(driver->use, driver->use_count, "testers");

    return option < driver->use_count && definition->driver_options[option].flag;
}

static bool check_share(const struct build *build, const struct node *at, const struct definition *definition,
                        const struct option_schema *driver, uint16_t share)
{
    if (driver->is_all_or_nothing && share < SHARE_WHOLE)
        return report_node(build->report, at,
                           "strategy '%s' routes %g %%, and traffic '%s' moves all users or none",
                           definition->strategy, share / 100.0, driver->name);
    return share > 0 || has_testers(definition, driver) ||
           report_node(build->report, at,
                       "strategy '%s' lets testers in (route = \"0%%\"), and the environment has none for "
                       "traffic '%s'; HAProxy's map knows `testers = true`",
                       definition->strategy, driver->name);
}

bool moves_check(const struct build *build, const struct node *at, const struct definition *definition)
{
    const struct plan *plan = definition->plan;

    if (!plan->has_traffic)
        return true;
    const struct option_schema *driver = &build->schemas->drivers[definition->driver];
    for (uint8_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_ROUTE &&
            !check_share(build, at, definition, driver, plan->steps[i].share))
            return false;
    return check_mirror(build, at, definition, driver);
}
