/* window.c - how long a plan takes at least.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/window.h"

int64_t plan_least_ms(const struct plan *plan)
{
    int64_t least_ms = 0;

    for (uint8_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_OBSERVE)
            least_ms += plan->steps[i].duration_ms;
    return least_ms;
}
