/* brakes.c - what the settings say of brakes, and why nothing begins.
 * SPDX-License-Identifier: MIT */
#include "daemon/brakes.h"

#include "base/duration.h"
#include "base/text.h"
#include "io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 2 * NAME_MAX_LENGTH + 2, UNTIL_SIZE = CLOCK_STAMP_SIZE + 8 };

static uint32_t fleet(const struct daemon *daemon)
{
    return journal_target(daemon->journal, JOURNAL_FLEET, JOURNAL_FLEET);
}

void brakes_set(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    const struct engine_brakes brakes = {.rollbacks = settings->service_brake.count,
                                         .rollbacks_ms = settings->service_brake.span_ms,
                                         .services = settings->fleet_brake.count,
                                         .services_ms = settings->fleet_brake.span_ms,
                                         .fleet = fleet(daemon)};

    engine_set_brakes(daemon->engine, &brakes);
}

static void name_of(const struct daemon *daemon, uint32_t target, char to[NAME_SIZE])
{
    const char *service = "";
    const char *environment = "";

    if (!journal_target_names(daemon->journal, target, &service, &environment))
        service = environment = "?";
    if (strcmp(service, JOURNAL_FLEET) == 0)
        (void)snprintf(to, NAME_SIZE, "the fleet");
    else
        (void)snprintf(to, NAME_SIZE, "%.63s/%.63s", service, environment);
}

static void until_of(int64_t wall_ms, char to[UNTIL_SIZE])
{
    char stamp[CLOCK_STAMP_SIZE];

    (void)clock_stamp(wall_ms, stamp);
    (void)snprintf(to, UNTIL_SIZE, "%s%s", stamp[0] == '\0' ? "" : " until ", stamp);
}

static void describe_freeze(const struct target_state *state, const char *name, struct err *ret_err)
{
    char until[UNTIL_SIZE];

    until_of(state->thaws_wall_ms, until);
    err_set(ret_err, ERR_CONFLICT, "%s is frozen%s: no deployment begins; `verdict unfreeze` ends it", name,
            until);
}

static void describe_brake(struct daemon *daemon, const struct target_state *state, const char *name,
                           struct err *ret_err)
{
    const struct settings *settings = daemon->settings;
    bool is_fleet = state->id == fleet(daemon);
    const struct settings_brake *brake = is_fleet ? &settings->fleet_brake : &settings->service_brake;
    char until[UNTIL_SIZE];
    char span[DURATION_TEXT_MAX];

    until_of(clock_wall_ms() + state->opens_ms - daemon_now_ms(daemon), until);
    err_set(
        ret_err, ERR_CONFLICT,
        "the brake of %s is closed%s, since %u %s failed within %s; look why, then `verdict unfreeze` opens "
        "it; `start --emergency` is not stopped",
        name, until, state->fall_count, is_fleet ? "services" : "of its deployments",
        duration_format(brake->span_ms, span, sizeof(span)));
}

/* Of itself first, then of the fleet. */
void brakes_describe(struct daemon *daemon, uint32_t target, struct err *ret_err)
{
    const uint32_t doors[] = {target, fleet(daemon)};
    char name[NAME_SIZE];

    err_set(ret_err, ERR_CONFLICT, "no deployment begins here now");
    for (size_t i = ARRAY_LENGTH(doors); i > 0; i--) {
        const struct target_state *state = engine_target(daemon->engine, doors[i - 1]);
        if (state == NULL)
            continue;
        name_of(daemon, doors[i - 1], name);
        if (state->is_braked)
            describe_brake(daemon, state, name, ret_err);
        if (state->is_frozen)
            describe_freeze(state, name, ret_err);
    }
}

/* Those of services only where they are closed: most never are. */
void brakes_add_metrics(struct daemon *daemon, FILE *to)
{
    const char *service = "";
    const char *environment = "";
    uint32_t all = fleet(daemon);

    for (uint32_t target = 1; target <= journal_target_last(daemon->journal); target++) {
        const struct target_state *state = engine_target(daemon->engine, target);
        bool is_braked = state != NULL && state->is_braked;
        if (target == all)
            (void)fprintf(to, "verdict_brake_closed{scope=\"fleet\"} %d\n", is_braked);
        else if (is_braked && journal_target_names(daemon->journal, target, &service, &environment))
            (void)fprintf(to, "verdict_brake_closed{scope=\"service\",service=\"%s\",environment=\"%s\"} 1\n",
                          service, environment);
    }
}

void brakes_log(struct daemon *daemon, const struct trace *trace)
{
    char name[NAME_SIZE];

    if (trace->kind != TRACE_ADOPTED || trace->b != TARGET_OPEN)
        return;
    name_of(daemon, trace->a, name);
    log_say(&daemon->log, LOG_LEVEL_INFO, "the brake of %s opens", name);
}
