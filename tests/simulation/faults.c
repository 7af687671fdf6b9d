/* faults.c - their names and rates.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/faults.h"

#include <assert.h>
#include <string.h>

const struct fault_kind fault_kinds[FAULT_COUNT] = {
    [FAULT_KILL] = {"kill", 250, FAULT_OF_BOTH},
    [FAULT_KILL_BEFORE_COMMIT] = {"kill_before_commit", 100, FAULT_OF_BOTH},
    [FAULT_KILL_AFTER_COMMIT] = {"kill_after_commit", 100, FAULT_OF_BOTH},
    [FAULT_KILL_AFTER_EFFECT] = {"kill_after_effect", 200, FAULT_OF_BOTH},
    [FAULT_KILL_IN_RECOVERY] = {"kill_in_recovery", 3000, FAULT_OF_BOTH},
    [FAULT_TORN_COMMIT] = {"torn_commit", 60, FAULT_OF_BOTH},
    [FAULT_REBOOT] = {"reboot", 60, FAULT_OF_BOTH},
    [FAULT_JOURNAL_FULL] = {"journal_full", 250, FAULT_OF_BOTH},
    [FAULT_JOURNAL_BROKEN] = {"journal_broken", 100, FAULT_OF_BOTH},
    [FAULT_JOURNAL_SLOW] = {"journal_slow", 300, FAULT_OF_BOTH},
    [FAULT_STOP] = {"stop", 200, FAULT_OF_BOTH},
    [FAULT_SUSPEND] = {"suspend", 100, FAULT_OF_BOTH},
    [FAULT_WALL_STEP] = {"wall_step", 100, FAULT_OF_BOTH},
    [FAULT_LEVER_FAILS] = {"lever_fails", 1500, FAULT_OF_BOTH},
    [FAULT_LEVER_PARTIAL] = {"lever_partial", 1200, FAULT_OF_BOTH},
    [FAULT_ANSWER_LOST] = {"answer_lost", 500, FAULT_OF_BOTH},
    [FAULT_ANSWER_LATE] = {"answer_late", 400, FAULT_OF_BOTH},
    [FAULT_ANSWER_TWICE] = {"answer_twice", 1500, FAULT_OF_BOTH},
    [FAULT_READ_BACK_LOST] = {"read_back_lost", 3000, FAULT_OF_BOTH},
    [FAULT_PROXY_RELOAD] = {"proxy_reload", 400, FAULT_OF_BOTH},
    [FAULT_HAND_MORE] = {"hand_more", 400, FAULT_OF_BOTH},
    [FAULT_HAND_LESS] = {"hand_less", 400, FAULT_OF_BOTH},
    [FAULT_REHEARSAL_REFUSED] = {"rehearsal_refused", 600, FAULT_OF_BOTH},
    [FAULT_SMOKE_UNKNOWN] = {"smoke_unknown", 600, FAULT_OF_BOTH},
    [FAULT_GATE_SHUT] = {"gate_shut", 3000, FAULT_OF_BOTH},
    [FAULT_STABLE_SICK] = {"stable_sick", 2500, FAULT_OF_BOTH},
    [FAULT_COMMAND_AGAIN] = {"command_again", 1500, FAULT_OF_BOTH},
    [FAULT_COMMAND_FAILED] = {"command_failed", 800, FAULT_OF_BOTH},
    [FAULT_COMMAND_HANGS] = {"command_hangs", 600, FAULT_OF_BOTH},
    [FAULT_COMMAND_LOST] = {"command_lost", 600, FAULT_OF_BOTH},
    [FAULT_START_TWICE] = {"start_twice", 3000, FAULT_OF_BOTH},
    [FAULT_START_AT_ONCE] = {"start_at_once", 2000, FAULT_OF_BOTH},
    [FAULT_APPROVAL_RACE] = {"approval_race", 2000, FAULT_OF_BOTH},
    [FAULT_ABORT_RACE] = {"abort_race", 150, FAULT_OF_BOTH},
    [FAULT_RULES_RELOADED] = {"rules_reloaded", 3000, FAULT_OF_BOTH},
    [FAULT_VERDICT_LATE] = {"verdict_late", 1500, FAULT_OF_VERDICTS},
    [FAULT_VERDICT_FLAPS] = {"verdict_flaps", 1500, FAULT_OF_VERDICTS},
    [FAULT_VERDICT_SILENT] = {"verdict_silent", 400, FAULT_OF_VERDICTS},
    [FAULT_SAMPLE_MISSING] = {"sample_missing", 1500, FAULT_OF_SAMPLES},
    [FAULT_SAMPLE_NOT_FINITE] = {"sample_not_finite", 100, FAULT_OF_SAMPLES},
    [FAULT_SAMPLE_STALE] = {"sample_stale", 60, FAULT_OF_SAMPLES},
    [FAULT_SAMPLE_FROZEN] = {"sample_frozen", 40, FAULT_OF_SAMPLES},
    [FAULT_SAMPLE_NEGATIVE] = {"sample_negative", 100, FAULT_OF_SAMPLES},
    [FAULT_NO_TRAFFIC] = {"no_traffic", 60, FAULT_OF_SAMPLES},
    [FAULT_SOURCE_ERROR] = {"source_error", 60, FAULT_OF_SAMPLES},
    [FAULT_SOURCE_EMPTY] = {"source_empty", 60, FAULT_OF_SAMPLES},
};

static_assert(FAULT_COUNT <= 64, "one bit each");

/* Swarm: of each mixture about half of the faults are left out, so that the others get far. */
void fault_rates_draw(struct fault_rates *rates, struct dice *dice, uint64_t allowed)
{
    bool is_calm = dice_chance(dice, 2000);

    for (int i = 0; i < FAULT_COUNT; i++) {
        bool is_there = dice_chance(dice, 5000) && (allowed & (UINT64_C(1) << i)) != 0 && !is_calm;
        uint32_t rate = 1 + dice_below(dice, fault_kinds[i].rate_max);
        rates->per_myriad[i] = is_there ? (uint16_t)rate : 0;
    }
}

static bool add_name(const char *name, size_t length, uint64_t *allowed)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strlen(fault_kinds[i].name) == length && memcmp(fault_kinds[i].name, name, length) == 0) {
            *allowed |= UINT64_C(1) << i;
            return true;
        }
    return false;
}

bool faults_parse(const char *list, uint64_t *ret_allowed)
{
    uint64_t allowed = 0;

    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        if (!add_name(list, length, &allowed))
            return false;
        list += length;
        list += *list == ',';
    }
    *ret_allowed = allowed;
    return true;
}
