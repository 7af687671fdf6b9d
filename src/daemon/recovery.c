/* recovery.c - what the journal knows, back into the engine: sealed texts become definitions again, and what
 * was in flight is driven again under its key.
 * SPDX-License-Identifier: MIT */
#include "daemon/before.h"
#include "daemon/brakes.h"
#include "daemon/drifting.h"
#include "daemon/live_log.h"
#include "daemon/mishaps.h"
#include "daemon/notice_cause.h"
#include "daemon/recalling.h"
#include "daemon/run_incidents.h"
#include "daemon/run_live.h"
#include "daemon/standing.h"
#include "daemon/starting.h"
#include "daemon/tombstone.h"
#include "drivers/notice_kind.h"
#include "io/clock.h"
#include "io/memory.h"

#include <string.h>

static void take_target(void *data, const struct target_state *target)
{
    struct daemon *daemon = data;

    engine_recover_target(daemon->engine, target);
}

static bool copy_texts(struct live *live, const struct journal_deployment *from)
{
    if (!live_is_of_source(live, from->why))
        live_say(live, LIVE_ACTION, "%s", from->why);
    return text_copy(live->version, sizeof(live->version), from->version) &&
           text_copy(live->digest, sizeof(live->digest), from->digest) &&
           text_copy(live->previous, sizeof(live->previous), from->previous) &&
           text_copy(live->actor, sizeof(live->actor), from->actor) &&
           text_copy(live->reason, sizeof(live->reason), from->reason) &&
           text_copy(live->commit, sizeof(live->commit), from->commit) &&
           text_copy(live->traceparent, sizeof(live->traceparent), from->traceparent) &&
           strlen(from->why) < DAEMON_WHY_MAX;
}

static struct live *revive(struct daemon *daemon, const struct journal_recovered *recovered, struct err *err)
{
    struct definition *definition = config_unseal(recovered->sealed, &daemon->schemas, err);

    if (definition == NULL) {
        err_wrap(err, "the sealed text of deployment %llu", (unsigned long long)recovered->deployment.id);
        return NULL;
    }
    if (recovered->deployment.kind == PLAN_ROLLBACK)
        starting_make_rollback(definition);
    struct live *live = live_new(daemon, definition, memory_copy_text(recovered->sealed));
    live_set_id(live, recovered->deployment.id);
    live->target = recovered->deployment.target;
    live->previous_key = recovered->deployment.previous_key;
    live->taken_back = recovered->deployment.taken_back;
    live->run_url = memory_copy_text(recovered->deployment.run_url);
    live->back = notice_cause_keep(NULL, recovered->back_actor, recovered->back_reason);
    live->alerts = (1U << NOTICE_ALERT_COUNT) - 1;
    live->begun_ms = daemon_now_ms(daemon) - (clock_wall_ms() - recovered->deployment.created_ms);
    if (recovered->deployment.state.phase == PHASE_ROLLING_BACK)
        live->back_ms = recovered->deployment.state.phase_entered_ms;
    const struct trace_given lists = {.tracestate = recovered->tracestate, .baggage = recovered->baggage};
    trace_lists_take(&lists, true, &live->trace_lists);
    if (!copy_texts(live, &recovered->deployment))
        live_log(live, LOG_LEVEL_WARN, "deployment %llu: a text is longer than it may be",
                 (unsigned long long)live->id);
    for (size_t i = 0; i < live->definition->rule_count; i++)
        if ((recovered->rule_bits & (UINT32_C(1) << i)) != 0)
            live->rule_states[i] = recovered->rules[i];
    return live;
}

/* Why only its way back may run; NULL: it goes on. */
static const char *trouble_of(const struct live *live, uint64_t plan_hash)
{
    /* Its steps mean something else to this program than to the one that admitted it. */
    if (starting_plan_hash(live->definition) != plan_hash)
        return "another version of verdictd admitted it with another plan: only the way back may run";
    if (live->id == live->daemon->suspect)
        return "verdictd crashed on it again and again: it is taken back";
    return live->daemon->safe_why == NULL ? NULL : "verdictd is in safe mode: what is under way goes back";
}

static void take_back(struct live *live, const struct deployment_state *state, const char *why)
{
    struct daemon *daemon = live->daemon;

    if (phase_is_terminal(state->phase))
        return;
    live_log(live, LOG_LEVEL_ERROR, "deployment %llu: %s", (unsigned long long)live->id, why);
    live_say(live, LIVE_ACTION, "%s", why);
    if (!engine_verb(daemon->engine, 0, live->id, VERB_ABORT, 0))
        live_log(live, LOG_LEVEL_ERROR, "deployment %llu: the engine's queue is full",
                 (unsigned long long)live->id);
}

static bool take_deployment(void *data, const struct journal_recovered *recovered, struct err *err)
{
    struct daemon *daemon = data;
    const struct deployment_state *state = &recovered->deployment.state;

    mishaps_stepping(daemon, state->id);
    struct live *live = revive(daemon, recovered, err);
    if (live == NULL)
        return false;
    struct engine_start start = starting_fill(live, recovered->deployment.version_key);
    int64_t gap_ms = daemon_now_ms(daemon) - state->last_seen_ms;
    if (!engine_recover(daemon->engine, &start, state, gap_ms < 0 ? 0 : gap_ms,
                        tombstone_is_there(daemon, state->id)))
        return err_set(err, ERR_LIMIT, "more deployments in the journal than this daemon holds");
    const char *why = trouble_of(live, recovered->deployment.plan_hash);
    if (why != NULL)
        take_back(live, state, why);
    if (phase_is_active(state->phase)) {
        live_watch(live, state);
        live_restore_source(live, recovered->deployment.why);
        recalling_start(live);
    }
    before_take(live, state);
    live_log(live, LOG_LEVEL_INFO, "deployment %llu of %s/%s goes on: %s", (unsigned long long)live->id,
             live->definition->service, live->definition->environment, phase_name(state->phase));
    mishaps_stepping(daemon, 0);
    return true;
}

bool daemon_recover(struct daemon *daemon, struct err *err)
{
    struct journal_recovery recovery = {.data = daemon, .target = take_target, .deployment = take_deployment};
    uint64_t next = 1;

    if (!journal_recover(daemon->journal, &recovery, &next, err))
        return false;
    engine_recover_ids(daemon->engine, next);
    brakes_set(daemon);
    standing_update_all(daemon);
    return outbox_recover(daemon->outbox, err) && run_recover(daemon, err) &&
           run_incidents_recover(daemon, err) && drifting_open(daemon, err);
}
