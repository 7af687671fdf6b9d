/* wiring.c - makes the parts from the settings, in the order of dependence, and takes them apart again.
 * SPDX-License-Identifier: MIT */
#include "config/sharing.h"
#include "daemon/acting.h"
#include "daemon/controller.h"
#include "daemon/descriptors.h"
#include "daemon/drawing.h"
#include "daemon/drifting.h"
#include "daemon/events_door.h"
#include "daemon/gating.h"
#include "daemon/hosts_asking.h"
#include "daemon/live.h"
#include "daemon/mishaps.h"
#include "daemon/notices.h"
#include "daemon/outputs.h"
#include "daemon/recalling.h"
#include "daemon/recoveries.h"
#include "daemon/rehearsal.h"
#include "daemon/request.h"
#include "daemon/run_incidents.h"
#include "daemon/secrets.h"
#include "daemon/tallies.h"
#include "daemon/window.h"
#include "io/clock.h"
#include "io/memory.h"
#include "io/vault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct http_client_limits http_limits = {
    .in_flight_max = 128, .queue_max = 1024, .per_host_max = 16};

static bool make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    return err_set(err, ERR_IO, "cannot make the folder %s: %s", path, strerror(errno));
}

static bool make_folders(struct daemon *daemon, struct err *err)
{
    const char *runtime = getenv("RUNTIME_DIRECTORY");

    (void)snprintf(daemon->journal_path, sizeof(daemon->journal_path), "%s/journal.db",
                   daemon->settings->data);
    if (runtime != NULL)
        (void)snprintf(daemon->runtime_folder, sizeof(daemon->runtime_folder), "%s", runtime);
    else
        (void)snprintf(daemon->runtime_folder, sizeof(daemon->runtime_folder), "%s/run",
                       daemon->settings->data);
    return make_folder(daemon->settings->data, err) && make_folder(daemon->runtime_folder, err);
}

static void marked(void *data, uint64_t deployment, uint8_t rule)
{
    struct daemon *daemon = data;

    engine_mark(daemon->engine, deployment, rule);
    daemon_wants_turn(daemon);
}

static void closed(void *data, struct series *series, int64_t step)
{
    struct daemon *daemon = data;

    if (daemon->archive != NULL)
        archive_add(daemon->archive, series, step, daemon->wall_offset_ms);
}

static bool open_series(struct daemon *daemon, struct err *err)
{
    struct series_events events = {.data = daemon, .marked = marked, .closed = closed};
    struct rrd_file_span spans[SETTINGS_ARCHIVES_MAX];
    const struct settings *settings = daemon->settings;
    char folder[DAEMON_PATH_MAX];

    for (size_t i = 0; i < settings->archive_count; i++)
        spans[i] = (struct rrd_file_span){settings->archives[i].row_s, settings->archives[i].span_s};
    daemon->definitions = definition_pool_new();
    daemon->book = series_book_new(&events);
    (void)snprintf(folder, sizeof(folder), "%s/series", settings->data);
    return archive_new(daemon->loop, &daemon->log, folder, spans, settings->archive_count, &daemon->archive,
                       err);
}

static void open_runs(struct daemon *daemon)
{
    const struct engine_run_env env = {
        .data = daemon, .deployment = run_wants_deployment, .act = run_act, .released = run_released};

    daemon->run_memory = memory_take(engine_runs_size(ENGINE_RUNS_MAX));
    engine_attach_runs(daemon->engine, daemon->run_memory, ENGINE_RUNS_MAX, &env);
}

static bool open_engine(struct daemon *daemon, struct err *err)
{
    struct journal_settings settings = {.path = daemon->journal_path, .loop = daemon->loop};
    struct engine_env env = {
        .data = daemon,
        .now_ms = daemon_now_ms,
        .views = live_views,
        .opens_ms = window_opens_ms,
        .commit = commit_batch,
        .published = publish_batch,
        .start = action_start,
        .read_back = action_read_back,
        .answered = request_answered,
        .released = request_released,
        .stepping = mishaps_stepping,
    };

    if (!journal_open(&settings, &daemon->journal, err))
        return err_wrap(err, "opening %s", daemon->journal_path);
    daemon->engine = memory_take(engine_size(DAEMON_DEPLOYMENTS_MAX, DAEMON_TARGETS_MAX));
    engine_init(daemon->engine, DAEMON_DEPLOYMENTS_MAX, DAEMON_TARGETS_MAX, daemon->settings->reconcile_ms,
                &env);
    open_runs(daemon);
    daemon->commit = commit_new(daemon);
    return true;
}

/* A source that cannot be opened is told and left out: what reads it stays inconclusive. */
static void open_source(struct daemon *daemon, const struct collector_env *env,
                        const struct collector_type *type, const char *name,
                        const struct option_value *options, size_t series_max)
{
    struct err err = {0};

    if (daemon->source_count == DAEMON_SOURCES_MAX) {
        log_say(&daemon->log, LOG_LEVEL_ERROR, "source %s:%s: more than %d sources", type->name, name,
                DAEMON_SOURCES_MAX);
        return;
    }
    struct daemon_source *source = &daemon->sources[daemon->source_count++];
    *source = (struct daemon_source){.type = type, .name = name, .series_max = series_max};
    struct collector_env own = *env;
    own.tally = &source->tally;
    if (!type->open(&own, name, options, &source->collector, &err))
        log_say(&daemon->log, LOG_LEVEL_ERROR, "source %s:%s: %s", type->name, name, err.text);
}

static bool has_source(const struct daemon *daemon, const struct collector_type *type, const char *name)
{
    for (size_t i = 0; i < daemon->source_count; i++)
        if (daemon->sources[i].type == type && strcmp(daemon->sources[i].name, name) == 0)
            return true;
    return false;
}

/* Options of the driver serve the source of the same kind under the same names. */
static void open_counter(struct daemon *daemon, const struct collector_env *env,
                         const struct collector_type *type, const struct settings_instance *driver)
{
    const struct traffic_type *lever = traffic_types[driver->kind];
    struct option_value *options = memory_take_array(type->instance_option_count + 1, sizeof(*options));
    char memory[DAEMON_WHY_MAX]; /* of defaults */
    struct arena arena;
    struct err err = {0};

    arena_init(&arena, memory, sizeof(memory));
    for (size_t i = 0; i < type->instance_option_count; i++) {
        size_t at = option_find(lever->instance_options, lever->instance_option_count,
                                type->instance_options[i].name);
        if (at < lever->instance_option_count)
            options[i] = driver->options[at];
    }
    if (option_complete(type->instance_options, type->instance_option_count, &arena, options, &err))
        open_source(daemon, env, type, driver->name, options, SETTINGS_SERIES_MAX);
    else
        log_say(&daemon->log, LOG_LEVEL_ERROR, "source %s:%s: %s", type->name, driver->name, err.text);
    free(options);
}

/* A driver that counts is a source of its name, unless the settings have one. */
static void open_counters(struct daemon *daemon, const struct collector_env *env)
{
    for (size_t i = 0; i < daemon->settings->driver_count; i++) {
        const struct settings_instance *driver = &daemon->settings->drivers[i];
        for (size_t k = 0; collector_types[k] != NULL; k++)
            if (strcmp(collector_types[k]->name, traffic_types[driver->kind]->name) == 0 &&
                !has_source(daemon, collector_types[k], driver->name))
                open_counter(daemon, env, collector_types[k], driver);
    }
}

static void open_sources(struct daemon *daemon)
{
    char topic[DAEMON_PATH_MAX];
    char offline[STATUS_WORD_SIZE];
    struct collector_env env = {.loop = daemon->loop,
                                .log = &daemon->log,
                                .http = daemon->http,
                                .runner = daemon->runner,
                                .secrets = daemon_keeper(daemon),
                                .instance = daemon->settings->instance,
                                .status_source = daemon->settings->status_broker,
                                .will_topic = topic,
                                .will_payload = offline,
                                .data = daemon,
                                .now_ms = daemon_now_ms};

    status_offline(daemon, offline);
    (void)snprintf(topic, sizeof(topic), "verdict/%s/status", daemon->settings->instance);
    for (size_t i = 0; i < daemon->settings->source_count; i++) {
        const struct settings_instance *instance = &daemon->settings->sources[i];
        open_source(daemon, &env, collector_types[instance->kind], instance->name, instance->options,
                    instance->series_max);
    }
    for (size_t i = 0; collector_types[i] != NULL; i++)
        if (collector_types[i]->is_implicit)
            open_source(daemon, &env, collector_types[i], "", NULL, SETTINGS_SERIES_MAX);
    open_counters(daemon, &env);
}

static bool open_levers(struct daemon *daemon, struct err *err)
{
    struct traffic_env env = {.loop = daemon->loop,
                              .log = &daemon->log,
                              .runner = daemon->runner,
                              .http = daemon->http,
                              .secrets = daemon_keeper(daemon)};

    for (size_t i = 0; i < daemon->settings->driver_count; i++) {
        const struct settings_instance *instance = &daemon->settings->drivers[i];
        struct daemon_lever *lever = &daemon->levers[daemon->lever_count++];
        lever->type = traffic_types[instance->kind];
        lever->name = instance->name;
        if (!lever->type->open(&env, instance->name, instance->options, &lever->traffic, err))
            return err_wrap(err, "traffic %s:%s", lever->type->name, lever->name);
    }
    return true;
}

static bool open_receivers(struct daemon *daemon, struct err *err)
{
    struct notifier_env env = {
        .loop = daemon->loop, .log = &daemon->log, .http = daemon->http, .secrets = daemon_keeper(daemon)};

    for (size_t i = 0; i < daemon->settings->notifier_count; i++) {
        const struct settings_instance *instance = &daemon->settings->notifiers[i];
        struct daemon_receiver *receiver = &daemon->receivers[daemon->receiver_count++];
        receiver->type = notifier_types[instance->kind];
        receiver->name = instance->name;
        if (!receiver->type->open(receiver->type, &env, instance->name, instance->options,
                                  &receiver->notifier, err))
            return err_wrap(err, "notifier %s:%s", receiver->type->name, receiver->name);
    }
    return true;
}

static bool open_runner(struct daemon *daemon, struct err *err)
{
    const struct settings *settings = daemon->settings;
    char folder[DAEMON_PATH_MAX];

    if (!runner_client_new(daemon->loop, settings->runner_socket, &daemon->runner, err))
        return false;
    if (settings->runner_program == NULL)
        return true;
    (void)snprintf(folder, sizeof(folder), "%s/runner", settings->data);
    return make_folder(folder, err) && runner_client_spawn(daemon->runner, settings->runner_program,
                                                           settings->runner_config, folder, err);
}

static const char default_address[] = "127.0.0.1:8321";
static const char default_socket[] = "/run/verdictd/verdictd.sock";

static size_t fill_listeners(const struct settings *settings, struct http_server_listener *listeners)
{
    if (settings->listener_count == 0) {
        listeners[0] = (struct http_server_listener){.unix_path = default_socket};
        listeners[1] = (struct http_server_listener){.address = default_address};
        return 2;
    }
    for (size_t i = 0; i < settings->listener_count; i++) {
        const struct settings_listener *from = &settings->listeners[i];
        listeners[i] = (struct http_server_listener){.unix_path = from->unix_path,
                                                     .address = from->tls == NULL ? from->tcp : from->tls};
    }
    return settings->listener_count;
}

void daemon_plain_door(const struct daemon *daemon, const char **ret_unix_path, const char **ret_address)
{
    const struct settings *settings = daemon->settings;

    *ret_unix_path = settings->listener_count == 0 ? default_socket : NULL;
    *ret_address = NULL;
    for (size_t i = 0; i < settings->listener_count && *ret_unix_path == NULL; i++) {
        *ret_unix_path = settings->listeners[i].unix_path;
        if (settings->listeners[i].tcp != NULL)
            *ret_address = settings->listeners[i].tcp;
    }
    if (*ret_unix_path != NULL)
        *ret_address = NULL;
}

enum { TLS_TEXTS = 3 }; /* of a listener: certificate, key, authorities of clients */

static bool load_tls(const struct settings *settings, size_t count, struct http_server_listener *listeners,
                     struct secret *secrets, struct err *err)
{
    for (size_t i = 0; i < count && i < settings->listener_count; i++) {
        const struct settings_listener *from = &settings->listeners[i];
        if (from->tls == NULL)
            continue;
        struct secret *own = &secrets[TLS_TEXTS * i];
        if (!secret_load_public(from->certificate, &own[0], err) ||
            !secret_load(NULL, from->key, &own[1], err) ||
            (from->client_ca != NULL && !secret_load_public(from->client_ca, &own[2], err)))
            return err_wrap(err, "listening on %s", from->tls);
        listeners[i].certificate = own[0].bytes;
        listeners[i].key = own[1].bytes;
        listeners[i].client_ca = own[2].bytes;
    }
    return true;
}

static void log_line(void *data, const char *line)
{
    struct daemon *daemon = data;

    log_say(&daemon->log, LOG_LEVEL_DEBUG, "http: %s", line);
}

static void handle(void *data, struct http_server_request *request)
{
    struct daemon *daemon = data;

    api_handle(daemon->api, request);
}

static size_t body_max(void *data, const struct http_server_request *request)
{
    struct daemon *daemon = data;

    return api_body_max(daemon->api, request);
}

static void on_gone(void *data, struct http_server_request *request)
{
    struct daemon *daemon = data;

    api_on_gone(daemon->api, request);
}

static unsigned share_out(struct daemon *daemon, size_t listener_count)
{
    unsigned long limit = 0;
    unsigned connections = descriptors_share_out(listener_count, &limit);

    if (connections < HTTP_SERVER_CONNECTIONS_MAX)
        log_say(&daemon->log, LOG_LEVEL_WARN,
                "only %lu files may be open at once: each listener takes %u connections, not %d", limit,
                connections, HTTP_SERVER_CONNECTIONS_MAX);
    return connections;
}

static bool open_server(struct daemon *daemon, struct err *err)
{
    struct http_server_listener listeners[SETTINGS_LISTENERS_MAX] = {{0}};
    struct secret secrets[TLS_TEXTS * SETTINGS_LISTENERS_MAX] = {{0}};
    struct http_server_settings settings = {.listeners = listeners,
                                            .connections_per_ip_max = daemon->settings->address_connections};
    struct http_server_callbacks callbacks = {
        .body_max = body_max, .handle = handle, .on_gone = on_gone, .on_log = log_line};
    struct api_env env;

    daemon_fill_api_env(daemon, &env);
    daemon->api = api_new(&env);
    settings.listener_count = fill_listeners(daemon->settings, listeners);
    settings.connections_max = share_out(daemon, settings.listener_count);
    bool is_open = load_tls(daemon->settings, settings.listener_count, listeners, secrets, err) &&
                   http_server_start(daemon->loop, &settings, &callbacks, daemon, &daemon->server, err);
    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++)
        secret_drop(&secrets[i]);
    return is_open;
}

bool daemon_open(struct daemon *daemon, struct err *err)
{
    daemon->next_token = 1;
    daemon->tallies = tallies_new();
    daemon->loop = loop_new();
    if (!make_folders(daemon, err) || !http_client_new(daemon->loop, &http_limits, &daemon->http, err))
        return false;
    daemon_keep_files(daemon);
    daemon_open_vault(daemon);
    daemon_learn_secrets(daemon);
    if (!open_engine(daemon, err) || !open_series(daemon, err) || !open_runner(daemon, err) ||
        !open_levers(daemon, err) || !open_receivers(daemon, err) || !gating_open(daemon, err))
        return false;
    open_sources(daemon);
    daemon->status = status_new(daemon);
    daemon->outbox = outbox_new(daemon);
    mishaps_begin(daemon);
    if (!daemon_recover(daemon, err))
        return err_wrap(err, "recovering from %s", daemon->journal_path);
    daemon->recoveries = recoveries_new(daemon);
    if (!open_server(daemon, err))
        return false;
    daemon->events = events_door_new(daemon);
    daemon->controller = controller_new(daemon);
    daemon_turns_start(daemon);
    return true;
}

/* What is watched from now on has no source. */
static void close_sources(struct daemon *daemon)
{
    for (struct live *live = daemon->lives; live != NULL; live = live->next)
        live_unwatch(live);
    for (size_t i = 0; i < daemon->source_count; i++) {
        if (daemon->sources[i].collector != NULL)
            daemon->sources[i].type->close(daemon->sources[i].collector);
        daemon->sources[i].collector = NULL;
    }
}

/* Who may still call the status and the outbox goes before them. */
static void close_instances(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->lever_count; i++)
        if (daemon->levers[i].traffic != NULL)
            daemon->levers[i].type->close(daemon->levers[i].traffic);
    for (size_t i = 0; i < daemon->receiver_count; i++)
        if (daemon->receivers[i].notifier != NULL)
            daemon->receivers[i].type->close(daemon->receivers[i].notifier);
    gating_close(daemon);
    runner_client_free(daemon->runner);
}

static void close_parts(struct daemon *daemon)
{
    while (daemon->lives != NULL)
        live_free(daemon->lives);
    while (daemon->runs != NULL)
        run_live_free(daemon->runs);
    while (daemon->requests != NULL)
        request_free(daemon, daemon->requests);
    actions_drop_probes(daemon);
    close_instances(daemon);
    actions_drop(daemon);
    rehearsing_drop(daemon);
    outputs_drop(daemon);
    recalling_drop(daemon);
    notice_tests_drop(daemon);
    hosts_asking_drop(daemon);
    run_actings_drop(daemon);
    drifting_free(daemon->drifting);
    run_incidents_free(daemon->incidents);
    recoveries_free(daemon->recoveries);
    outbox_free(daemon->outbox);
    tallies_free(daemon->tallies);
    status_free(daemon->status);
    if (daemon->book != NULL)
        series_book_free(daemon->book);
}

/* While the archive writes the rest of its values the loop turns, which the sources need for their end, with
 * everything else in its place. Then the journal: what it still writes and answers lives in the other parts.
 */
void daemon_close(struct daemon *daemon)
{
    events_door_free(daemon->events);
    daemon->events = NULL;
    controller_free(daemon->controller);
    daemon->controller = NULL;
    drawing_drop(daemon);
    rehearsing_leave_sources(daemon);
    close_sources(daemon);
    if (daemon->archive != NULL)
        archive_free(daemon->archive);
    daemon->archive = NULL;
    journal_close(daemon->journal);
    daemon->journal = NULL;
    close_parts(daemon);
    if (daemon->api != NULL)
        api_free(daemon->api);
    commit_free(daemon->commit);
    vault_free(daemon->vault);
    daemon_drop_files(daemon);
    http_client_free(daemon->http);
    free(daemon->engine);
    free(daemon->run_memory);
    mishaps_end(daemon);
    loop_free(daemon->loop);
    config_free(daemon->config);
    definition_pool_free(daemon->definitions);
    settings_free(daemon->settings);
    free(daemon->report);
    daemon_forget_secrets(daemon);
}
