/* probing.c - a command whose exit status proves nothing, and the probe that tells whether it was done.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/machine.h"

enum { PROBE_TRIES_MAX = 3 };

/* However it ended: only "try again" says by itself that nothing was done. */
bool probing_is_wanted(const struct machine *machine, enum result result)
{
    const struct deployment_state *state = machine->state;

    return result != RESULT_AGAIN && running_is_steps_own(state) && state->flight.kind == ACTION_COMMAND &&
           running_step(machine)->repeat == REPEAT_PROBE;
}

/* Under the key of a further try: its intent is durable, and no key runs twice. It changes nothing, so it is
 * asked while the step is held, too. */
void probing_start(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;

    state->is_probing = true;
    state->was_lost = result == RESULT_UNKNOWN;
    state->probe_tries = 0;
    state->flight.reference = running_step(machine)->probe;
    state->flight.tries++;
    machine_drive_again(machine);
}

/* A command that is known to have ended, well or badly, without having done it is not repeated. */
void probing_result(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;
    const struct plan_step *step = running_step(machine);
    bool is_told = result == RESULT_DONE || result == RESULT_FAILED;

    if (!is_told && ++state->probe_tries < PROBE_TRIES_MAX) {
        machine_back_off(machine);
        return;
    }
    state->is_probing = false;
    state->flight.reference = step->reference;
    if (result == RESULT_DONE)
        running_action_done(machine);
    else if (is_told && state->was_lost && state->rounds + 1 < step->tries_max)
        running_start_over(machine);
    else
        running_action_failed(machine, result);
}
