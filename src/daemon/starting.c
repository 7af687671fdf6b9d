/* starting.c - a start at the door: static checks, definition and sealed text, then the engine decides.
 * SPDX-License-Identifier: MIT */
#include "daemon/starting.h"

#include "config/hosts_from.h"
#include "daemon/hosts_asking.h"
#include "daemon/mishaps.h"
#include "daemon/request.h"
#include "daemon/tracing.h"
#include "engine/snapshot.h"
#include "io/memory.h"
#include "store/journal_key.h"

#include <stdlib.h>
#include <string.h>

uint64_t starting_plan_hash(const struct definition *definition)
{
    const struct plan *plan = definition->plan;
    const int64_t patience[] = {plan->count, plan->source_extend_ms, plan->on_source_error};
    const struct plan_part *disaster = &plan->disaster;
    const int64_t worst[] = {disaster->reference, disaster->repeat, disaster->tries_max, disaster->limit_ms};
    uint64_t hash = plan->source_extend_ms == 0 ? plan->count : snapshot_hash(patience, sizeof(patience));

    if (plan->has_disaster)
        hash ^= snapshot_hash(worst, sizeof(worst));

    for (uint8_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        int64_t fields[] = {(int64_t)hash,   step->kind,      step->share,       step->reference,
                            step->undo,      step->repeat,    step->on_rollback, step->on_limit,
                            step->tries_max, step->approvals, step->duration_ms, step->limit_ms,
                            step->probe,     step->hosts,     step->batch};
        hash = snapshot_hash(fields, sizeof(fields));
        if (step->kind == STEP_GATE)
            hash ^= (uint64_t)step->every_ms;
    }
    return hash;
}

void starting_make_rollback(struct definition *definition)
{
    struct plan promoted = *definition->plan;

    plan_expand_rollback(&promoted, promoted.verify, definition->plan);
}

struct engine_start starting_fill(const struct live *live, uint64_t version_key)
{
    const struct definition *definition = live->definition;

    return (struct engine_start){
        .target = live->target,
        .version_key = version_key,
        .plan = definition->plan,
        .rules = live->rules,
        .rule_states = live->rule_states,
        .slot_count = (uint8_t)definition->slot_count,
        .queues = definition->concurrency != CONCURRENCY_REFUSE,
        .replaces = definition->concurrency == CONCURRENCY_REPLACE && definition->plan->kind == PLAN_DEPLOY,
        .window = definition->window == NULL ? NULL : live,
        .lock = definition->lock == NULL ? 0 : snapshot_hash(definition->lock, strlen(definition->lock)),
        .needs_stable = definition->plan->has_traffic || definition->plan->host_count > 0,
        .service_key = snapshot_hash(definition->service, strlen(definition->service)),
    };
}

static void fail(api_done *done, void *done_data, enum err_code code, const char *text)
{
    struct err err = {0};

    err_set(&err, code, "%s", text);
    done(done_data, false, false, 0, &err);
}

static bool fill_texts(struct live *live, const struct api_start *start)
{
    return text_copy(live->version, sizeof(live->version), start->version) &&
           text_copy(live->digest, sizeof(live->digest), start->digest) &&
           text_copy(live->actor, sizeof(live->actor), start->actor) &&
           text_copy(live->commit, sizeof(live->commit), start->commit == NULL ? "" : start->commit) &&
           text_copy(live->reason, sizeof(live->reason), start->reason);
}

static void set_previous(struct live *live, uint64_t key)
{
    const char *version = "";
    const char *digest = "";

    live->previous_key = key;
    if (key == 0 || !journal_version(live->daemon->journal, key, &version, &digest) ||
        !text_copy(live->previous, sizeof(live->previous), version))
        live->previous[0] = '\0';
}

void starting_set_previous(struct live *live, const struct target_state *target)
{
    set_previous(live, target != NULL && target->has_stable ? target->stable_version_key : 0);
}

static struct live *resolve(struct daemon *daemon, const struct api_start *start, struct err *err)
{
    const char *strategy = start->strategy[0] == '\0' ? NULL : start->strategy;
    bool is_record = daemon->settings->is_record;
    struct definition *definition =
        config_resolve(daemon->config, start->service, start->environment, strategy, is_record, err);

    if (definition == NULL)
        return NULL;
    char *sealed = config_seal(daemon->config, start->service, start->environment, strategy, is_record, err);
    if (sealed == NULL) {
        definition_free(definition);
        return NULL;
    }
    return live_new(daemon, definition, sealed);
}

static void fill_request(struct request *request, const struct api_start *start, struct live *live)
{
    struct daemon *daemon = live->daemon;

    request->is_start = true;
    request->is_emergency = start->is_emergency;
    request->is_stable_bad = start->is_stable_bad;
    request->principal = memory_copy_text(start->principal.name);
    request->key = memory_copy_text(start->idempotency_key);
    request->strategy = memory_copy_text(live->definition->strategy);
    request->run_url = memory_copy_text(start->run_url);
    live->run_url = memory_copy_text(start->run_url);
    request->commit = memory_copy_text(start->commit);
    request->start = (struct journal_start){
        .target = live->target,
        .kind = live->definition->plan->kind,
        .version_key = journal_version_key(daemon->journal, live->version, live->digest),
        .previous_key = live->previous_key,
        .plan_hash = starting_plan_hash(live->definition),
        .strategy = request->strategy,
        .run_url = request->run_url,
        .commit = request->commit,
        .traceparent = live->traceparent,
        .tracestate = live->trace_lists.tracestate,
        .baggage = live->trace_lists.baggage,
        .sealed = live->sealed,
    };
    request->row.start = &request->start;
    request->row.principal = request->principal;
    request->row.idempotency_key = request->key;
    request->retries = start->retries;
    request->takes_out = start->takes_out;
    memcpy(request->row.body_hash, start->body_hash, JOURNAL_HASH_SIZE);
}

/* Definition and sealed text of a start, and the request whose token it gets. NULL: refused. */
static struct request *prepare(struct daemon *daemon, const struct api_start *start, api_done *done,
                               void *done_data, struct err *err)
{
    struct live *live = mishaps_refuse(daemon, err) ? NULL : resolve(daemon, start, err);
    uint32_t target = live == NULL ? 0
                                   : journal_target(daemon->journal, live->definition->service,
                                                    live->definition->environment);
    struct request *request =
        target == 0 ? NULL : request_new(daemon, start->actor, start->reason, done, done_data);

    if (live == NULL)
        return NULL;
    if (request == NULL || !fill_texts(live, start)) {
        live_free(live);
        if (request != NULL)
            request_free(daemon, request);
        (void)err_set(err, ERR_LIMIT, "too many requests wait, or a text of this one is too long");
        return NULL;
    }
    live->target = target;
    tracing_take(&start->trace, live->traceparent, &live->trace_lists);
    starting_set_previous(live, engine_target(daemon->engine, target));
    fill_request(request, start, live);
    request->live = live;
    return request;
}

/* A stage begins inside the engine's turn, where nobody can be waited for; `check` finds most of these. */
static bool refuse_open_hosts(struct daemon *daemon, struct request *request, struct err *err)
{
    if (!hosts_from_is_open(request->live->definition))
        return false;
    (void)err_set(err, ERR_INVALID,
                  "its hosts come from a command (hosts_from), which a run cannot ask: name them in `hosts`");
    request_refused(daemon, request, err);
    return true;
}

bool starting_for_run(struct daemon *daemon, const struct api_start *start, struct engine_start *ret_start,
                      struct err *err)
{
    struct request *request = prepare(daemon, start, NULL, NULL, err);

    if (request == NULL || refuse_open_hosts(daemon, request, err))
        return false;
    *ret_start = starting_fill(request->live, request->start.version_key);
    ret_start->token = request->token;
    return true;
}

/* Gives request and live to the engine; what it cannot take is refused here. */
static void hand_over(struct daemon *daemon, struct request *request, struct live *live)
{
    struct engine_start start = starting_fill(live, request->start.version_key);

    request->live = live;
    start.token = request->token;
    start.is_emergency = request->is_emergency;
    start.is_stable_bad = request->is_stable_bad;
    start.takes_back = request->start.taken_back;
    start.retries = request->retries;
    start.takes_out = request->takes_out;
    if (!engine_start(daemon->engine, &start))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

/* What they are now is sealed; the answer of a command that took its time may find the daemon in safe mode.
 */
static void hosts_known(void *data, char *sealed, const struct err *err)
{
    struct request *request = data;
    struct daemon *daemon = request->live->daemon;
    struct err failure = *err;

    if (sealed != NULL && mishaps_refuse(daemon, &failure)) {
        free(sealed);
        sealed = NULL;
    }
    struct live *live = sealed == NULL ? NULL : hosts_take(request->live, sealed, &failure);
    if (live == NULL) {
        request_refused(daemon, request, &failure);
        return;
    }
    request->start.plan_hash = starting_plan_hash(live->definition);
    request->start.sealed = live->sealed;
    request->start.traceparent = live->traceparent; /* its lists moved along */
    hand_over(daemon, request, live);
}

void starting_deployment(void *data, const struct api_start *start, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    struct err err = {0};
    struct request *request = prepare(daemon, start, done, done_data, &err);

    if (request == NULL)
        done(done_data, false, false, 0, &err);
    else if (!hosts_from_is_open(request->live->definition))
        hand_over(daemon, request, request->live);
    else if (!hosts_ask(request->live, request->live->sealed, hosts_known, request, &err))
        request_refused(daemon, request, &err);
}

/* With a traffic driver a route; else commands, where some are declared. */
static bool leads_back(const struct plan *plan)
{
    return plan->has_traffic || (plan->count > 0 && plan->steps[0].kind == STEP_COMMAND);
}

/* The version that a promoted deployment replaced, as what is deployed now. The promoted one may have left
 * our memory long ago: its row and its sealed text are enough. */
static struct live *make_way_back(struct daemon *daemon, const struct api_verb *verb, struct api_start *start,
                                  struct err *err)
{
    const struct journal_deployment *promoted = verb->row;

    if (promoted->previous_key == 0 || verb->sealed == NULL ||
        !journal_version(daemon->journal, promoted->previous_key, &start->version, &start->digest)) {
        err_set(err, ERR_CONFLICT, "the version before is not known any more: deploy it again");
        return NULL;
    }
    struct definition *definition = config_unseal(verb->sealed, &daemon->schemas, err);
    if (definition == NULL)
        return NULL;
    starting_make_rollback(definition);
    if (!leads_back(definition->plan)) {
        definition_free(definition);
        err_set(err, ERR_CONFLICT,
                "nothing is declared here that takes a version back: deploy the one before again");
        return NULL;
    }
    struct live *live = live_new(daemon, definition, memory_copy_text(verb->sealed));
    live->target = promoted->target;
    tracing_take(&start->trace, live->traceparent, &live->trace_lists);
    live->taken_back = verb->deployment;
    if (!fill_texts(live, start))
        live->reason[0] = '\0';
    set_previous(live, journal_version_key(daemon->journal, promoted->version, promoted->digest));
    return live;
}

/* Taking a promoted deployment back is a new deployment: to the version that it replaced, where that still
 * stands. */
void starting_rollback(struct daemon *daemon, const struct api_verb *verb, api_done *done, void *done_data)
{
    struct api_start start = {.principal = verb->principal,
                              .actor = verb->principal.name,
                              .reason = verb->reason,
                              .trace = verb->trace,
                              .run_url = "",
                              .commit = ""};
    struct err err = {0};
    struct live *live = make_way_back(daemon, verb, &start, &err);
    struct request *request =
        live == NULL ? NULL : request_new(daemon, verb->principal.name, verb->reason, done, done_data);

    if (request == NULL) {
        if (live != NULL)
            live_free(live);
        fail(done, done_data, live == NULL ? err.code : ERR_LIMIT,
             live == NULL ? err.text : "too many requests wait");
        return;
    }
    fill_request(request, &start, live);
    request->start.taken_back = verb->deployment;
    hand_over(daemon, request, live);
}
