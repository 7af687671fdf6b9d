/* plan_fault.c - faults of recipes in words.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/plan_fault.h"

static const char *const fault_texts[] = {
    [PLAN_FINE] = "the plan is fine",
    [PLAN_TOO_LONG] = "the plan has too many steps; 48 are the most",
    [PLAN_NO_TRAFFIC] = "a step routes traffic, but the environment names no traffic driver; set `traffic`",
    [PLAN_NO_OBSERVE] =
        "the share is raised before the share before it was observed; give that step `observe`",
    [PLAN_NOT_RISING] = "shares of traffic must rise from step to step",
    [PLAN_NOT_WHOLE] = "a plan ends with all of the traffic and a `watch`, which is its last step",
    [PLAN_AT_MOST_SHORT] = "`at_most` is shorter than the observation",
    [PLAN_NO_HOSTS] = "hosts are replaced, but the environment names none; set `hosts`",
    [PLAN_NO_DEPLOY] = "hosts are replaced by the environment's command `deploy`; it has none",
    [PLAN_FEW_HOSTS] = "more hosts are replaced than the environment has",
    [PLAN_NOT_MORE] = "each `replace` counts the hosts of those before it, so it must be larger",
    [PLAN_NOT_ALL] = "some hosts are never replaced; the last step is `replace = \"100%\"`",
    [PLAN_UNAVAILABLE] = "the batch takes more hosts out of service than `max_unavailable` allows",
    [PLAN_ROUTE_HOSTS] = "hosts have no traffic that could be routed; `replace` them",
    [PLAN_MIRROR_LATE] =
        "requests are copied before the first of them is routed; put `mirror` before `route`",
    [PLAN_MIRROR_HELD] =
        "while requests are copied, and before, no command may have on_rollback = \"hold\": copies must end",
    [PLAN_NO_MIRROR] = "a shadow copies requests; give it a step `mirror`, observed",
    [PLAN_TESTERS_LATE] =
        "`route = \"0%\"` lets testers in before anybody else: it stands once, before all shares and copies",
    [PLAN_KEPT] = "hosts go back by `deploy` with the version before, or by its undo: do not keep it",
};

const char *plan_fault_text(enum plan_fault fault)
{
    return fault_texts[fault];
}
