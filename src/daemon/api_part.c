/* api_part.c - what the API asks of the daemon: verbs, targets, views of live deployments, health, metrics.
 * SPDX-License-Identifier: MIT */
#include "config/sharing.h"
#include "daemon/brakes.h"
#include "daemon/controller.h"
#include "daemon/drawing.h"
#include "daemon/drifting.h"
#include "daemon/event_feed.h"
#include "daemon/events_door.h"
#include "daemon/mishaps.h"
#include "daemon/notices.h"
#include "daemon/outputs.h"
#include "daemon/pushing.h"
#include "daemon/recoveries.h"
#include "daemon/rehearsal.h"
#include "daemon/request.h"
#include "daemon/run_live.h"
#include "daemon/run_stacks.h"
#include "daemon/secrets.h"
#include "daemon/standing.h"
#include "daemon/starting.h"
#include "daemon/tallies.h"
#include "daemon/window.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/mqtt_client.h"
#include "io/redaction.h"
#include "io/vault.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void refuse(api_done *done, void *done_data, enum err_code code, const char *text)
{
    struct err err = {0};

    err_set(&err, code, "%s", text);
    done(done_data, false, false, 0, &err);
}

/* Index of a rule of a live deployment, or UINT8_MAX. */
static uint8_t find_rule(const struct live *live, const char *name)
{
    for (size_t i = 0; live != NULL && i < live->definition->rule_count; i++)
        if (strcmp(live->definition->rules[i].name, name) == 0)
            return (uint8_t)i;
    return UINT8_MAX;
}

/* Also one that has left the engine's memory. */
static bool is_promoted(const struct daemon *daemon, const struct api_verb *verb)
{
    const struct deployment_state *state = engine_state(daemon->engine, verb->deployment);

    return (state == NULL ? &verb->row->state : state)->phase == PHASE_PROMOTED;
}

/* What may lead on; the rest leads back, or changes no traffic. */
static bool is_forward(enum verb verb)
{
    return verb == VERB_PROMOTE || verb == VERB_PROMOTE_FULL || verb == VERB_RESUME || verb == VERB_APPROVE;
}

static void take_verb(void *data, const struct api_verb *verb, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    struct live *live = live_find(daemon, verb->deployment);
    uint8_t rule = verb->verb == VERB_MUTE ? find_rule(live, verb->rule) : 0;

    struct err err = {0};

    if (is_forward(verb->verb) && mishaps_refuse(daemon, &err)) {
        done(done_data, false, false, 0, &err);
        return;
    }
    if (rule == UINT8_MAX) {
        refuse(done, done_data, ERR_NOT_FOUND, "this deployment has no rule of that name");
        return;
    }
    if (verb->verb == VERB_ROLLBACK && is_promoted(daemon, verb)) {
        starting_rollback(daemon, verb, done, done_data);
        return;
    }
    struct request *request = request_new(daemon, verb->principal.name, verb->reason, done, done_data);
    if (request == NULL) {
        refuse(done, done_data, ERR_LIMIT, "too many requests wait");
        return;
    }
    if (!engine_verb(daemon->engine, request->token, verb->deployment, verb->verb, rule))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

/* The slot that a person names: "" is the only one. */
static bool find_slot(const struct definition *definition, const char *name, uint8_t *ret_slot)
{
    if (name[0] == '\0' && definition->slot_count <= 1) {
        *ret_slot = 0;
        return true;
    }
    for (size_t i = 0; i < definition->slot_count; i++)
        if (strcmp(definition->slots[i].name, name) == 0) {
            *ret_slot = (uint8_t)i;
            return true;
        }
    return false;
}

static bool check_target(struct daemon *daemon, const struct api_target_verb *verb, uint8_t *ret_slot,
                         struct err *err)
{
    if (strcmp(verb->service, JOURNAL_FLEET) == 0)
        return true;
    struct definition *definition = config_resolve(daemon->config, verb->service, verb->environment, NULL,
                                                   daemon->settings->is_record, err);

    if (definition == NULL)
        return false;
    bool is_good = verb->kind != TARGET_ADOPT || find_slot(definition, verb->slot, ret_slot);
    definition_free(definition);
    return is_good || err_set(err, ERR_INVALID, "slot: '%s' is not a slot of %s/%s", verb->slot,
                              verb->service, verb->environment);
}

static void take_target_verb(void *data, const struct api_target_verb *verb, api_done *done, void *done_data)
{
    struct daemon *daemon = data;
    struct target_verb order = {.kind = verb->kind, .thaws_wall_ms = verb->until_wall_ms};
    struct err err = {0};

    if (!check_target(daemon, verb, &order.slot, &err)) {
        done(done_data, false, false, 0, &err);
        return;
    }
    /* From here on our own clock counts: nobody who sets the wall clock ends it, or makes it longer (S11). */
    if (verb->until_wall_ms != 0)
        order.thaws_ms = daemon_now_ms(daemon) + verb->until_wall_ms - clock_wall_ms();
    order.target = journal_target(daemon->journal, verb->service, verb->environment);
    if (verb->version[0] != '\0')
        order.version_key = journal_version_key(daemon->journal, verb->version, verb->digest);
    struct request *request = request_new(daemon, verb->principal.name, verb->reason, done, done_data);
    if (request == NULL || order.target == 0) {
        refuse(done, done_data, ERR_LIMIT, "a limit of this daemon is reached");
        if (request != NULL)
            request_free(daemon, request);
        return;
    }
    if (!engine_target_verb(daemon->engine, request->token, &order))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

static void take_mark(void *data, uint64_t deployment, double weight_percent)
{
    struct live *live = live_find(data, deployment);

    if (live != NULL)
        live_say(live, LIVE_ACTION, "the pipeline routes %g %%", weight_percent);
}

/* Where it waits for one. */
static struct api_lock lock_of(struct daemon *daemon, const struct live *live, uint64_t deployment)
{
    uint64_t id = engine_lock_holder(daemon->engine, deployment);
    const struct live *holder = id == 0 ? NULL : live_find(daemon, id);

    if (holder == NULL)
        return (struct api_lock){.name = NULL};
    return (struct api_lock){.name = live->definition->lock,
                             .holder = id,
                             .service = holder->definition->service,
                             .environment = holder->definition->environment};
}

static bool show_live(void *data, uint64_t deployment, struct api_live *ret_live)
{
    struct daemon *daemon = data;
    const struct live *live = live_find(daemon, deployment);
    const struct deployment_state *state = engine_state(daemon->engine, deployment);

    if (live == NULL || state == NULL)
        return false;
    *ret_live = (struct api_live){.state = state,
                                  .lock = lock_of(daemon, live, deployment),
                                  .definition = live->definition,
                                  .rules = live->rule_states,
                                  .why = live_why(live),
                                  .now_ms = daemon_now_ms(daemon),
                                  .opens_wall_ms = state->phase == PHASE_QUEUED &&
                                                           live->definition->plan->kind == PLAN_DEPLOY
                                                       ? window_opens_wall_ms(live)
                                                       : 0};
    run_waits(daemon, state, &ret_live->waits);
    return true;
}

static const struct target_state *show_target(void *data, uint32_t target)
{
    const struct daemon *daemon = data;

    return engine_target(daemon->engine, target);
}

static bool is_member(void *data, const char *name, const char *person)
{
    const struct daemon *daemon = data;

    return settings_is_member(daemon->settings, name, person);
}

/* `why` may quote what a source answered. */
static void add_check(const struct daemon *daemon, cJSON *array, const char *name, const char *why)
{
    cJSON *check = cJSON_CreateObject();
    char said[DAEMON_WHY_MAX];

    (void)snprintf(said, sizeof(said), "%.255s", why == NULL ? "" : why);
    redaction_apply(daemon->log.redaction, said);

    cJSON_AddStringToObject(check, "name", name);
    cJSON_AddBoolToObject(check, "ok", why == NULL);
    cJSON_AddStringToObject(check, "why", said);
    cJSON_AddItemToArray(array, check);
}

/* Journal and rule files decide; a source that is away makes degraded, not unready. */
static char *show_ready(void *data, bool *ret_ready)
{
    const struct daemon *daemon = data;
    struct journal_health health = journal_health(daemon->journal);
    cJSON *array = cJSON_CreateArray();
    char trouble[DAEMON_WHY_MAX];
    char name[128];

    *ret_ready = !health.is_broken && !health.is_low && daemon->safe_why == NULL;
    add_check(daemon, array, "safe_mode", daemon->safe_why);
    add_check(daemon, array, "journal",
              health.is_broken ? "it cannot be written"
              : health.is_low  ? "the disk is full"
                               : NULL);
    add_check(daemon, array, "rules",
              daemon->is_config_good ? NULL : "a rule file has an error; its last good version stays");
    if (daemon->vault != NULL)
        add_check(daemon, array, "vault",
                  vault_trouble(daemon->vault, trouble, sizeof(trouble)) ? trouble : NULL);
    add_check(daemon, array, "runner",
              runner_client_is_connected(daemon->runner) ? NULL : "verdict-runner does not answer");
    for (size_t i = 0; i < daemon->source_count; i++) {
        const struct daemon_source *source = &daemon->sources[i];
        (void)snprintf(name, sizeof(name), "%s:%s", source->type->name, source->name);
        add_check(daemon, array, name,
                  source->collector == NULL ? "could not be opened"
                                            : source->type->trouble(source->collector));
    }
    if (daemon->events != NULL) {
        (void)snprintf(name, sizeof(name), "events:mqtt:%s", daemon->settings->events.broker);
        add_check(daemon, array, name, events_door_trouble(daemon->events));
    }
    char *text = json_print(array);
    cJSON_Delete(array);
    return text;
}

static void add_series_metrics(const struct daemon *daemon, FILE *to)
{
    struct series_counts counts = series_book_counts(daemon->book);

    (void)fprintf(
        to,
        "verdict_series %zu\nverdict_values_total %llu\nverdict_values_refused_total{why=\"late\"} %llu\n",
        counts.series, (unsigned long long)counts.put, (unsigned long long)counts.late);
    (void)fprintf(to, "verdict_values_refused_total{why=\"future\"} %llu\n",
                  (unsigned long long)counts.future);
    (void)fprintf(to, "verdict_values_refused_total{why=\"not_finite\"} %llu\n",
                  (unsigned long long)counts.not_finite);
}

static void add_archive_metrics(const struct daemon *daemon, FILE *to)
{
    struct archive_counts counts = archive_counts(daemon->archive);
    const struct {
        const char *why;
        uint64_t lost;
    } losses[] = {{"late", counts.files.late},
                  {"future", counts.files.future},
                  {"queue", counts.files.dropped},
                  {"failed", counts.files.failed},
                  {"step", counts.skipped}};

    (void)fprintf(to, "verdict_archive_values_total %llu\nverdict_archive_values_waiting %zu\n",
                  (unsigned long long)counts.files.written, counts.files.waiting);
    for (size_t i = 0; i < ARRAY_LENGTH(losses); i++)
        (void)fprintf(to, "verdict_archive_values_lost_total{why=\"%s\"} %llu\n", losses[i].why,
                      (unsigned long long)losses[i].lost);
    (void)fprintf(to, "verdict_archive_files_set_aside_total %llu\n",
                  (unsigned long long)counts.files.set_aside);
}

/* Definitions under way, with the sealed texts that they come from. */
static size_t definition_bytes(const struct daemon *daemon)
{
    size_t bytes = definition_pool_bytes(daemon->definitions);

    for (const struct live *live = daemon->lives; live != NULL; live = live->next)
        bytes += live->definition->bytes + strlen(live->sealed);
    return bytes;
}

/* By the name that rule files have for it. What nobody asks has no requests. */
static void add_source_metrics(const struct daemon_source *source, FILE *to)
{
    const struct source_tally *tally = &source->tally;
    const struct {
        const char *outcome;
        uint64_t count;
    } outcomes[] = {{"answered", tally->answered}, {"failed", tally->failed}};
    char name[NAME_MAX_LENGTH + DAEMON_WHY_MAX];

    (void)snprintf(name, sizeof(name), "%s%s%s", source->type->name, source->name[0] == '\0' ? "" : ":",
                   source->name);
    for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
        (void)fprintf(to, "verdict_source_requests_total{source=\"%s\",outcome=\"%s\"} %llu\n", name,
                      outcomes[i].outcome, (unsigned long long)outcomes[i].count);
    (void)fprintf(to, "verdict_source_last_success_timestamp_seconds{source=\"%s\"} %lld\n", name,
                  (long long)tally->heard_s);
    if (tally->has_skew)
        (void)fprintf(to, "verdict_source_skew_seconds{source=\"%s\"} %.1f\n", name,
                      (double)tally->skew_ms / 1000.0);
    (void)fprintf(to, "verdict_source_series{source=\"%s\"} %zu\n", name, source->watch_count);
    (void)fprintf(to, "verdict_source_series_refused_total{source=\"%s\"} %zu\n", name,
                  source->refused_count);
}

static char *show_metrics(void *data)
{
    struct daemon *daemon = data;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return memory_copy_text("");
    tallies_add_metrics(daemon, to);
    (void)fprintf(to, "verdict_config_last_reload_successful %d\n", daemon->is_config_good);
    (void)fprintf(to, "verdict_config_last_reload_success_timestamp_seconds %lld\n",
                  (long long)daemon->config_wall_s);
    (void)fprintf(to, "verdict_definition_bytes %zu\n", definition_bytes(daemon));
    brakes_add_metrics(daemon, to);
    controller_add_metrics(daemon->controller, to);
    events_door_add_metrics(daemon->events, to);
    outbox_add_metrics(daemon->outbox, to);
    event_feed_add_metrics(status_feed(daemon->status), to);
    drifting_add_metrics(daemon->drifting, to);
    recoveries_add_metrics(daemon->recoveries, to);
    if (daemon->vault != NULL)
        vault_add_metrics(daemon->vault, to);
    add_series_metrics(daemon, to);
    add_archive_metrics(daemon, to);
    for (size_t i = 0; i < daemon->source_count; i++) {
        const struct daemon_source *source = &daemon->sources[i];
        add_source_metrics(source, to);
        if (source->collector != NULL && source->type->add_metrics != NULL)
            source->type->add_metrics(source->collector, source->name, to);
    }
    (void)fclose(to);
    return text;
}

static cJSON *add_finding(cJSON *array, unsigned line, const char *text, const char *source)
{
    cJSON *finding = cJSON_CreateObject();

    cJSON_AddNumberToObject(finding, "line", line);
    cJSON_AddStringToObject(finding, "text", text);
    cJSON_AddStringToObject(finding, "source", source);
    cJSON_AddItemToArray(array, finding);
    return finding;
}

/* With their files, where the one who asks did not bring the text. */
static void add_findings(cJSON *array, const struct config_report *report, bool has_files)
{
    for (size_t i = 0; i < report->count && i < CONFIG_FINDINGS_MAX; i++) {
        const struct config_finding *from = &report->findings[i];
        cJSON *finding = add_finding(array, from->line, from->text, from->source);
        if (has_files)
            cJSON_AddStringToObject(finding, "file", from->file);
    }
}

/* The reader reads files: the text becomes one in memory. */
static char *check_rules(void *data, const char *text)
{
    const struct daemon *daemon = data;
    struct config_report *report = memory_take(sizeof(*report));
    char path[DAEMON_PATH_MAX + 32];
    const char *files[] = {path};
    cJSON *array = cJSON_CreateArray();

    (void)snprintf(path, sizeof(path), "%s/check.rules", daemon->runtime_folder);
    FILE *file = fopen(path, "we");
    bool is_written = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0)
        is_written = false;
    if (is_written)
        config_free(config_read_files(files, 1, &daemon->schemas, report));
    else
        (void)add_finding(array, 0, "verdictd could not write it down to read it: nothing was checked", "");
    (void)unlink(path);
    add_findings(array, report, false);
    char *answer = json_print(array);
    cJSON_Delete(array);
    free(report);
    return answer;
}

static char *reload(void *data, const char *who)
{
    struct daemon *daemon = data;
    cJSON *array = cJSON_CreateArray();

    log_say(&daemon->log, LOG_LEVEL_INFO, "%s: reload", who);
    daemon_reload(daemon);
    standing_update_all(daemon);
    add_findings(array, daemon->report, true);
    char *answer = json_print(array);
    cJSON_Delete(array);
    return answer;
}

static struct api_doors doors_of(const struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;

    return (struct api_doors){
        .hooks = settings->hooks,
        .hook_count = settings->hook_count,
        .secrets = daemon_keeper(daemon),
        .token_rate = {.count = settings->token_rate.count, .span_ms = settings->token_rate.span_ms},
        .address_rate = {.count = settings->address_rate.count, .span_ms = settings->address_rate.span_ms}};
}

void daemon_fill_api_env(struct daemon *daemon, struct api_env *ret_env)
{
    *ret_env = (struct api_env){
        .data = daemon,
        .loop = daemon->loop,
        .log = &daemon->log,
        .journal = daemon->journal,
        .journal_path = daemon->journal_path,
        .data_folder = daemon->settings->data,
        .schemas = &daemon->schemas,
        .instance = daemon->settings->instance,
        .hides_console = !daemon->settings->has_console,
        .doors = doors_of(daemon),
        .start = starting_deployment,
        .verb = take_verb,
        .target_verb = take_target_verb,
        .rehearse = rehearsing_start,
        .draw = drawing_start,
        .outputs = outputs_start,
        .test_notifier = notice_test_start,
        .mark = take_mark,
        .sample_find = pushing_find,
        .samples = pushing_take,
        .otlp = pushing_take_otlp,
        .live = show_live,
        .target = show_target,
        .now_ms = daemon_now_ms,
        .is_member = is_member,
        .metrics = show_metrics,
        .ready = show_ready,
        .check_rules = check_rules,
        .reload = reload,
        .event = daemon->settings->status_broker == NULL ? NULL : event_feed_take,
        .recoveries = recoveries_list,
        .run_definition = run_define,
        .run_start = run_start,
        .run_retry = run_retry,
        .run_abort = run_abort,
        .run_answer = run_answer,
        .stack_run = run_stack_at_work,
    };
}
