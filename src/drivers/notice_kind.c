/* notice_kind.c - the table of kinds.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_kind.h"

#include "base/attributes.h"

#include <stddef.h>
#include <string.h>

static const struct notice_kind kinds[] = {
    {"started", NOTICE_INFO, NOTICE_TELLS, 0, true, "its steps begin"},
    {"step_entered", NOTICE_INFO, NOTICE_ENDS, 0, false, "goes on"},
    {"resumed", NOTICE_INFO, NOTICE_ENDS, 0, false, "goes on where it was held"},
    {"held", NOTICE_WARNING, NOTICE_OPENS, NOTICE_HELD, false,
     "the traffic stays as it is until somebody resumes it or takes it back"},
    {"approval_wanted", NOTICE_WARNING, NOTICE_OPENS, NOTICE_HELD, false, "waits for people to approve it"},
    {"verdict_failed", NOTICE_ERROR, NOTICE_OPENS, NOTICE_FAILED, false, "no step forward any more"},
    {"brake_closed", NOTICE_ERROR, NOTICE_OPENS, NOTICE_FAILED, false,
     "nothing more begins until somebody releases the brake"},
    {"would_have_rolled_back", NOTICE_WARNING, NOTICE_TELLS, 0, false, "nothing: the rule only records"},
    {"rollback_started", NOTICE_ERROR, NOTICE_OPENS, NOTICE_FAILED, false,
     "all traffic goes back to the version before"},
    {"rolled_back", NOTICE_WARNING, NOTICE_ENDS, 0, true, "the version before serves again"},
    {"escalated", NOTICE_CRITICAL, NOTICE_OPENS, NOTICE_ESCALATED, false,
     "a person is needed; what can be done without one is tried on"},
    {"promoted", NOTICE_INFO, NOTICE_ENDS, 0, true, "it serves all traffic"},
    {"rejected", NOTICE_WARNING, NOTICE_ENDS, 0, false, "nothing was changed"},
    {"cancelled", NOTICE_INFO, NOTICE_ENDS, 0, false, "nothing was changed"},
    {"tried", NOTICE_INFO, NOTICE_ENDS, 0, false, "it is taken away, as it was to be"},
    {"quarantined", NOTICE_WARNING, NOTICE_TELLS, 0, false, "it is not let in again until it is cleared"},
    {"emergency", NOTICE_WARNING, NOTICE_TELLS, 0, false, "queue, window, freeze and approvals are skipped"},
    {"disaster_recovery_started", NOTICE_CRITICAL, NOTICE_OPENS, NOTICE_ESCALATED, false,
     "the command for the worst runs"},
    {"disaster_recovery_ended", NOTICE_CRITICAL, NOTICE_OPENS, NOTICE_ESCALATED, false,
     "the way back is tried on"},
    {"quarantine_forgotten", NOTICE_WARNING, NOTICE_TELLS, 0, false,
     "a version that was in quarantine could come back"},
    {"run_started", NOTICE_INFO, NOTICE_TELLS, 0, false, "its stages begin"},
    {"run_stage_entered", NOTICE_INFO, NOTICE_TELLS, 0, false, "goes on"},
    {"run_approval_wanted", NOTICE_WARNING, NOTICE_OPENS, NOTICE_HELD, false,
     "waits for people to approve it"},
    {"run_asks", NOTICE_WARNING, NOTICE_OPENS, NOTICE_HELD, false, "waits for a person to say what it means"},
    {"run_waits", NOTICE_INFO, NOTICE_TELLS, 0, false, "waits for an answer from outside"},
    {"run_resumed", NOTICE_INFO, NOTICE_ENDS, 0, false, "goes on"},
    {"run_released", NOTICE_INFO, NOTICE_ENDS, 0, true, "all of it is done"},
    {"run_failed", NOTICE_ERROR, NOTICE_OPENS, NOTICE_FAILED, false, "nothing more of it begins"},
    {"run_aborted", NOTICE_WARNING, NOTICE_ENDS, 0, false, "nothing more of it begins"},
    {"plan_refused", NOTICE_ERROR, NOTICE_OPENS, NOTICE_FAILED, false, "nothing was applied"},
    {"apply_failed", NOTICE_CRITICAL, NOTICE_OPENS, NOTICE_FAILED, false, "the next plan says what is left"},
    {"drift_found", NOTICE_WARNING, NOTICE_OPENS, NOTICE_DRIFTED, false,
     "nothing: it stays until somebody applies, or takes it over"},
    {"drift_gone", NOTICE_INFO, NOTICE_ENDS, 0, false, "nothing more is to be done"},
    {"drift_unknown", NOTICE_WARNING, NOTICE_TELLS, 0, false, "it is looked for again in its time"},
    {"test", NOTICE_INFO, NOTICE_TELLS, 0, true, "nothing: somebody tries whether this arrives"},
};

static const struct notice_kind unknown = {"", NOTICE_WARNING, NOTICE_TELLS, 0, false, ""};

const struct notice_kind *notice_kind_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return &unknown;
}

const char *notice_severity_name(enum notice_severity severity)
{
    static const char *const names[NOTICE_SEVERITY_COUNT] = {
        [NOTICE_INFO] = "info",
        [NOTICE_WARNING] = "warning",
        [NOTICE_ERROR] = "error",
        [NOTICE_CRITICAL] = "critical",
    };

    return names[severity];
}

const char *notice_alert_name(enum notice_alert alert)
{
    static const char *const names[NOTICE_ALERT_COUNT] = {
        [NOTICE_FAILED] = "failed",
        [NOTICE_HELD] = "held",
        [NOTICE_ESCALATED] = "escalated",
        [NOTICE_DRIFTED] = "drifted",
    };

    return names[alert];
}

unsigned notice_colour(const struct notice_kind *kind)
{
    static const unsigned colours[NOTICE_SEVERITY_COUNT] = {
        [NOTICE_INFO] = 0x4a7ebb,
        [NOTICE_WARNING] = 0xe0a100,
        [NOTICE_ERROR] = 0xd13438,
        [NOTICE_CRITICAL] = 0x8b0000,
    };

    if (kind->severity == NOTICE_INFO && kind->is_change && kind->incident == NOTICE_ENDS)
        return 0x2e8b57;
    return colours[kind->severity];
}
