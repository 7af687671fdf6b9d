/* settings.c - verdictd.conf read.
 * SPDX-License-Identifier: MIT */
#include "config/settings.h"

#include "base/reference.h"
#include "base/text.h"
#include "config/archives.h"
#include "config/block.h"
#include "config/brakes.h"
#include "config/broker.h"
#include "config/controller.h"
#include "config/events.h"
#include "config/hooks.h"
#include "config/options.h"
#include "config/rates.h"
#include "config/reader.h"
#include "config/vault.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SETTING_DATA,
    SETTING_RULES,
    SETTING_MODE,
    SETTING_INSTANCE,
    SETTING_PUBLIC_URL,
    SETTING_STATUS,
    SETTING_RECONCILE,
    SETTING_CONSOLE,
    SETTING_OPTION_COUNT
};
enum { LISTEN_UNIX, LISTEN_TCP, LISTEN_TLS, LISTEN_CERT, LISTEN_KEY, LISTEN_CLIENT_CA, LISTEN_OPTION_COUNT };
enum { RUNNER_SOCKET, RUNNER_PROGRAM, RUNNER_CONFIG, RUNNER_OPTION_COUNT };
enum { SOURCE_SERIES_MAX, SOURCE_OPTION_COUNT };
enum { SETTINGS_BYTES_MAX = 512 * 1024, GROUP_PEOPLE_MAX = 256, KINDS_MAX = 32, HOST_MAX = 256 };

static const char *const modes[] = {"act", "record", NULL};

static const struct option options[SETTING_OPTION_COUNT] = {
    [SETTING_DATA] = {.name = "data",
                      .type = OPTION_TEXT,
                      .fallback = "/var/lib/verdictd",
                      .help = "folder of the journal and the series"},
    [SETTING_RULES] = {.name = "rules",
                       .type = OPTION_TEXT,
                       .fallback = "/etc/verdictd/rules.d",
                       .help = "folder of the *.rules files"},
    [SETTING_MODE] = {.name = "mode",
                      .type = OPTION_CHOICE,
                      .choices = modes,
                      .fallback = "act",
                      .help = "record: judge everything, do nothing"},
    [SETTING_INSTANCE] = {.name = "instance",
                          .type = OPTION_TEXT,
                          .help = "our name in topics; the host's name"},
    [SETTING_PUBLIC_URL] = {.name = "public_url",
                            .type = OPTION_TEXT,
                            .fallback = "",
                            .help = "where links in notices lead"},
    [SETTING_STATUS] = {.name = "status",
                        .type = OPTION_TEXT,
                        .help = "broker that gets our state and events, like \"mqtt:plant\""},
    [SETTING_RECONCILE] = {.name = "reconcile",
                           .type = OPTION_DURATION,
                           .min = 500,
                           .max = 60000,
                           .fallback = "5s",
                           .help = "how often the traffic is read back"},
    [SETTING_CONSOLE] = {.name = "console",
                         .type = OPTION_BOOL,
                         .fallback = "true",
                         .help = "whether browsers get the console"},
};

static const struct option listen_options[LISTEN_OPTION_COUNT] = {
    [LISTEN_UNIX] = {.name = "unix", .type = OPTION_TEXT, .help = "path of a Unix socket"},
    [LISTEN_TCP] = {.name = "tcp",
                    .type = OPTION_TEXT,
                    .help = "address of this machine, like \"127.0.0.1:8321\""},
    [LISTEN_TLS] = {.name = "tls", .type = OPTION_TEXT, .help = "address with TLS, like \"0.0.0.0:8443\""},
    [LISTEN_CERT] = {.name = "cert", .type = OPTION_SECRET, .help = "its certificate"},
    [LISTEN_KEY] = {.name = "key", .type = OPTION_SECRET, .help = "its private key"},
    [LISTEN_CLIENT_CA] = {.name = "client_ca",
                          .type = OPTION_SECRET,
                          .help =
                              "of tls: certificates of the authorities of clients, who must then show one "
                              "of theirs, beside their token"},
};

static const struct option runner_options[RUNNER_OPTION_COUNT] = {
    [RUNNER_SOCKET] = {.name = "socket",
                       .type = OPTION_TEXT,
                       .fallback = "/run/verdict-runner/runner.sock",
                       .help = "where the runner listens"},
    [RUNNER_PROGRAM] = {.name = "program",
                        .type = OPTION_TEXT,
                        .help = "the runner to start when nobody listens there"},
    [RUNNER_CONFIG] = {.name = "config", .type = OPTION_TEXT, .help = "its configuration file"},
};

/* Of every source, whatever its kind. */
static const struct option source_options[SOURCE_OPTION_COUNT] = {
    [SOURCE_SERIES_MAX] = {.name = "series_max",
                           .type = OPTION_INTEGER,
                           .min = 1,
                           .max = 50000,
                           .fallback = "20000",
                           .help = "how many series it may watch at once; a further one is refused and "
                                   "counted, so that no source takes the room of all"},
};

/* Instances of one family: of collectors, drivers, notifiers or gates. */
struct family {
    const char *what;
    const struct option_schema *schemas;
    size_t schema_count;
    struct settings_instance *instances; /* [SETTINGS_INSTANCES_MAX] */
    size_t *count;
    bool is_of_sources;
};

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0 ||
           strncmp(address, "localhost:", 10) == 0;
}

/* HOST:PORT; port 0 is any free one. */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;

    return colon != NULL && colon != text && text_to_integer(colon + 1, 0, 65535, &port);
}

static bool check_tls(const struct build *build, const struct node *node,
                      const struct settings_listener *listener)
{
    bool has_some = listener->certificate != NULL || listener->key != NULL || listener->client_ca != NULL;

    if (listener->tls == NULL)
        return !has_some || report_node(build->report, node, "cert, key and client_ca belong to tls");
    if (listener->certificate == NULL || listener->key == NULL)
        return report_node(build->report, node, "tls needs cert and key");
    if (reference_kind(listener->certificate) == REFERENCE_VAULT ||
        reference_kind(listener->key) == REFERENCE_VAULT ||
        (listener->client_ca != NULL && reference_kind(listener->client_ca) == REFERENCE_VAULT))
        return report_node(
            build->report, node,
            "cert, key and client_ca are needed before Vault has answered: take cred: or file:");
    return true;
}

static bool check_listener(const struct build *build, const struct node *node,
                           const struct settings_listener *listener)
{
    int doors = (listener->unix_path != NULL) + (listener->tcp != NULL) + (listener->tls != NULL);
    const char *address = listener->tcp != NULL ? listener->tcp : listener->tls;

    if (doors != 1)
        return report_node(build->report, node, "a listener has one of unix, tcp and tls");
    if (listener->unix_path != NULL && listener->unix_path[0] != '/')
        return report_node(build->report, node, "unix: '%s' is no absolute path", listener->unix_path);
    if (address != NULL && !is_address(address))
        return report_node(build->report, node, "'%s' is not like \"127.0.0.1:8321\"", address);
    if (listener->tcp != NULL && !is_loopback(listener->tcp))
        return report_node(build->report, node, "tcp: '%s' can be reached from outside; use tls there",
                           listener->tcp);
    return check_tls(build, node, listener);
}

static bool read_listener(const struct build *build, const struct node *node,
                          struct settings_listener *listener)
{
    static const struct shape shape = {.options = listen_options, .count = LISTEN_OPTION_COUNT};
    struct option_value values[LISTEN_OPTION_COUNT] = {{0}};

    if (!options_read(build, node, &shape, values, NULL))
        return false;
    listener->unix_path = values[LISTEN_UNIX].text;
    listener->tcp = values[LISTEN_TCP].text;
    listener->tls = values[LISTEN_TLS].text;
    listener->certificate = values[LISTEN_CERT].text;
    listener->key = values[LISTEN_KEY].text;
    listener->client_ca = values[LISTEN_CLIENT_CA].text;
    return check_listener(build, node, listener);
}

static bool read_listeners(const struct build *build, const struct node *node, struct settings *settings)
{
    bool is_good = true;

    if (node == NULL)
        return true;
    if (node->kind != NODE_LIST)
        return report_node(build->report, node, "listen: takes a list ( { unix = \"/path\"; }, ... )");
    if (node->count > SETTINGS_LISTENERS_MAX)
        return report_node(build->report, node, "more than %d listeners", SETTINGS_LISTENERS_MAX);
    for (size_t i = 0; i < node->count; i++)
        is_good = read_listener(build, &node->children[i], &settings->listeners[i]) && is_good;
    settings->listener_count = node->count;
    return is_good;
}

static bool read_instance(const struct build *build, const struct node *node, const struct family *family,
                          size_t kind)
{
    const struct option_schema *schema = &family->schemas[kind];
    const struct shape shape = {.options = schema->instance,
                                .count = schema->instance_count,
                                .more = source_options,
                                .more_count = family->is_of_sources ? SOURCE_OPTION_COUNT : 0};
    struct option_value *values = options_array(build, node, schema->instance_count + 1, sizeof(*values));
    struct option_value more[SOURCE_OPTION_COUNT] = {{0}};

    if (values == NULL || !options_read(build, node, &shape, values, more))
        return false;
    if (!text_is_name(node->name) && !text_is_metric(node->name))
        return report_node(build->report, node, "'%s' is no name: small letters, digits, - and _",
                           node->name);
    if (*family->count == SETTINGS_INSTANCES_MAX)
        return report_node(build->report, node, "more than %d %ss", SETTINGS_INSTANCES_MAX, family->what);
    struct settings_instance *instance = &family->instances[(*family->count)++];
    instance->kind = kind;
    instance->name = options_keep(build, node, node->name);
    instance->options = values;
    instance->series_max = (size_t)more[SOURCE_SERIES_MAX].number;
    return instance->name != NULL;
}

static bool read_kind(const struct build *build, const struct node *node, const struct family *family)
{
    const char *names[KINDS_MAX];
    size_t count = family->schema_count < KINDS_MAX ? family->schema_count : KINDS_MAX;
    size_t kind = 0;
    bool is_good = true;

    while (kind < count && strcmp(family->schemas[kind].name, node->name) != 0) {
        names[kind] = family->schemas[kind].name;
        kind++;
    }
    if (kind == count)
        return report_unknown(build->report, node, family->what, node->name, names, count);
    if (node->kind != NODE_GROUP)
        return report_node(build->report, node, "%s: takes a group { NAME: { ... }; }", node->name);
    for (size_t i = 0; i < node->count; i++)
        is_good = read_instance(build, &node->children[i], family, kind) && is_good;
    return is_good;
}

static bool read_family(const struct build *build, const struct node *node, const struct family *family)
{
    bool is_good = true;

    if (node == NULL)
        return true;
    if (node->kind != NODE_GROUP)
        return report_node(build->report, node, "%s: takes a group { KIND: { NAME: { ... }; }; }",
                           node->name);
    for (size_t i = 0; i < node->count; i++)
        is_good = read_kind(build, &node->children[i], family) && is_good;
    return is_good;
}

static bool read_people(const struct build *build, const struct node *node, struct settings *settings)
{
    static const struct option group = {.name = "people",
                                        .type = OPTION_LIST,
                                        .min = 1,
                                        .max = GROUP_PEOPLE_MAX,
                                        .help = "who belongs to it"};
    bool is_good = true;

    if (node == NULL)
        return true;
    if (node->kind != NODE_GROUP)
        return report_node(build->report, node, "people: takes a group { NAME = [ \"alice\", \"bob\" ]; }");
    if (node->count > SETTINGS_PEOPLE_MAX)
        return report_node(build->report, node, "more than %d groups of people", SETTINGS_PEOPLE_MAX);
    for (size_t i = 0; i < node->count; i++) {
        const struct node *child = &node->children[i];
        struct option_value value = {0};
        is_good = options_value(build, child, &group, &value) && is_good;
        settings->groups[i].name = options_keep(build, child, child->name);
        settings->groups[i].people = value.list;
        settings->groups[i].count = value.list_length;
    }
    settings->group_count = node->count;
    return is_good;
}

static bool read_runner(const struct build *build, const struct node *root, struct settings *settings)
{
    static const struct shape shape = {.options = runner_options, .count = RUNNER_OPTION_COUNT};
    const struct node empty = {.kind = NODE_GROUP, .source = root->source};
    const struct node *runner = tree_find(root, "runner");
    struct option_value values[RUNNER_OPTION_COUNT] = {{0}};

    if (!options_read(build, runner == NULL ? &empty : runner, &shape, values, NULL))
        return false;
    settings->runner_socket = values[RUNNER_SOCKET].text;
    settings->runner_program = values[RUNNER_PROGRAM].text;
    settings->runner_config = values[RUNNER_CONFIG].text;
    return true;
}

static bool take_status(const struct build *build, const struct node *root, const struct option_value *value,
                        struct settings *settings)
{
    return !value->is_set || broker_find(build, tree_find(root, "status"), "status", value->text, settings,
                                         &settings->status_broker);
}

static bool take_instance(const struct build *build, const struct node *root,
                          const struct option_value *value, struct settings *settings)
{
    char host[HOST_MAX] = "";

    if (!value->is_set) {
        if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
            (void)!text_copy(host, sizeof(host), "verdictd");
        host[strcspn(host, ".")] = '\0';
        settings->instance = options_keep(build, root, host);
        return settings->instance != NULL;
    }
    settings->instance = value->text;
    if (value->text[0] == '\0' || strpbrk(value->text, "/+#") != NULL)
        return report_node(build->report, tree_find(root, "instance"),
                           "instance: '%s' cannot stand in MQTT topics (no /, + or #)", value->text);
    return true;
}

static bool read_root(const struct build *build, const struct node *root, struct settings *settings)
{
    static const char *const parts[] = {"listen", "sources",    "traffic", "notifiers", "gates",
                                        "people", "runner",     "brakes",  "archives",  "rates",
                                        "hooks",  "controller", "events",  "vault",     NULL};
    static const char *const later[] = {"iac", "cluster", NULL};
    static const struct shape shape = {
        .options = options, .count = SETTING_OPTION_COUNT, .parts = parts, .later = later};
    const struct option_schemas *schemas = build->schemas;
    const struct family families[] = {
        {"source", schemas->collectors, schemas->collector_count, settings->sources, &settings->source_count,
         true},
        {"traffic driver", schemas->drivers, schemas->driver_count, settings->drivers,
         &settings->driver_count, false},
        {"notifier", schemas->notifiers, schemas->notifier_count, settings->notifiers,
         &settings->notifier_count, false},
        {"gate", schemas->gates, schemas->gate_count, settings->gates, &settings->gate_count, false},
    };
    static const char *const family_keys[] = {"sources", "traffic", "notifiers", "gates"};
    struct option_value values[SETTING_OPTION_COUNT] = {{0}};
    bool is_good = options_read(build, root, &shape, values, NULL);

    for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
        is_good = read_family(build, tree_find(root, family_keys[i]), &families[i]) && is_good;
    is_good = read_listeners(build, tree_find(root, "listen"), settings) && is_good;
    is_good = read_people(build, tree_find(root, "people"), settings) && is_good;
    is_good = read_runner(build, root, settings) && is_good;
    is_good = brakes_read(build, root, settings) && is_good;
    is_good = archives_read(build, root, settings) && is_good;
    is_good = rates_read(build, root, settings) && is_good;
    is_good = hooks_read(build, root, settings) && is_good;
    is_good = take_status(build, root, &values[SETTING_STATUS], settings) && is_good;
    is_good = controller_read(build, root, settings) && is_good;
    is_good = events_read(build, root, settings) && is_good;
    is_good = vault_read(build, root, settings) && is_good;
    is_good = take_instance(build, root, &values[SETTING_INSTANCE], settings) && is_good;
    settings->data = values[SETTING_DATA].text;
    settings->rules = values[SETTING_RULES].text;
    settings->public_url = values[SETTING_PUBLIC_URL].text;
    settings->is_record = values[SETTING_MODE].choice == 1;
    settings->reconcile_ms = values[SETTING_RECONCILE].duration_ms;
    settings->has_console = values[SETTING_CONSOLE].flag;
    return is_good;
}

struct settings *settings_read(const char *file, const struct option_schemas *schemas,
                               struct config_report *report)
{
    char *text = reader_load(file, report);
    struct source source = {.path = file, .text = text};
    struct tree tree = {0};
    struct arena arena;
    struct build build = {.schemas = schemas, .arena = &arena, .report = report};
    struct settings *settings = NULL;

    if (text != NULL && reader_read(&source, &tree, report)) {
        block_arena(&arena, SETTINGS_BYTES_MAX);
        settings = arena_take(&arena, sizeof(*settings));
        build.references = &settings->references;
        if (!read_root(&build, tree.root, settings)) {
            free(arena.memory);
            settings = NULL;
        }
    }
    free(tree.memory);
    free(text);
    report_sort(report);
    return settings;
}

void settings_free(struct settings *settings)
{
    free(settings);
}

bool settings_is_member(const struct settings *settings, const char *name, const char *person)
{
    if (strcmp(name, person) == 0)
        return true;
    for (size_t i = 0; i < settings->group_count; i++) {
        if (strcmp(settings->groups[i].name, name) != 0)
            continue;
        for (size_t j = 0; j < settings->groups[i].count; j++)
            if (strcmp(settings->groups[i].people[j], person) == 0)
                return true;
    }
    return false;
}

size_t settings_tables(struct settings_table tables[SETTINGS_TABLES_MAX])
{
    const struct settings_table all[] = {
        {"", "", options, SETTING_OPTION_COUNT},
        {"listen", "listen = ( { ... }, { ... } );", listen_options, LISTEN_OPTION_COUNT},
        {"runner", "runner: { ... };", runner_options, RUNNER_OPTION_COUNT},
        {"sources", "sources: { KIND: { NAME: { ... }; }; };  of any kind, beside what stands under SOURCES",
         source_options, SOURCE_OPTION_COUNT},
        hooks_table(),
        events_table(),
        brakes_table(),
        rates_table(),
        controller_table(),
        vault_table(),
    };

    memcpy(tables, all, sizeof(all));
    return ARRAY_LENGTH(all);
}
