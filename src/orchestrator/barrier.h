/* barrier.h - deployments that stand or fall together: where one of them waits for the others.
 * SPDX-License-Identifier: MIT
 *
 * A barrier is before whatever gives users or copies to the candidate (a route, hosts, copies), before the
 * first effect of all, and before the end. Who stands at one has all that its step asks for: the rehearsal
 * said yes, or the pass verdict is there, or the action is done. It opens once every deployment of the run
 * stands at one; whose steps are over then waits on, watching, while others still take theirs, and all of
 * them end at once. Nothing waits here on its way back (S19). */
#ifndef ORCHESTRATOR_BARRIER_H
#define ORCHESTRATOR_BARRIER_H

#include "orchestrator/deployment_state.h"

enum barrier {
    BARRIER_NONE,  /* it stands at none: it is on its way, held, or alone */
    BARRIER_BEGIN, /* before all of it: the rehearsal said yes */
    BARRIER_STEP,  /* before a step */
    BARRIER_END    /* its steps are over */
};

/* Nothing of its step is left to wait for. */
bool barrier_step_is_over(const struct plan *plan, const struct deployment_state *state);
enum barrier barrier_of(const struct plan *plan, const struct deployment_state *state);

#endif
