/* settings.h - verdictd.conf: the daemon's own settings.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "config/config.h"
#include "config/hook.h"
#include "config/references.h"

enum {
    SETTINGS_INSTANCES_MAX = 64,
    SETTINGS_LISTENERS_MAX = 8,
    SETTINGS_PEOPLE_MAX = 64,
    SETTINGS_HOOKS_MAX = 16,
    SETTINGS_HOOK_BOUNDS_MAX = 16, /* services or environments that one is for */
    SETTINGS_ARCHIVES_MAX = 4,
    SETTINGS_SERIES_MAX = 20000 /* of a source whose entry says nothing, or that needs none */
};

struct settings_listener {
    const char *unix_path;   /* or */
    const char *tcp;         /* "127.0.0.1:8080"; NULL with tls */
    const char *tls;         /* "0.0.0.0:8443" */
    const char *certificate; /* secret references */
    const char *key;
    const char
        *client_ca; /* the authorities of the certificates that clients must show; NULL: they need none */
};

/* An instance of a collector, driver or notifier: `prometheus: { main: { ... } }`. */
struct settings_instance {
    size_t kind, series_max;            /* index in the schemas' table; of a source: so many it may watch */
    const char *name;                   /* "main" */
    const struct option_value *options; /* [the schema's instance_count] */
};

/* So many within so long. */
struct settings_brake {
    uint8_t count; /* 0: there is none */
    int64_t span_ms;
};

/* So many requests at once, and again within so long. */
struct settings_rate {
    uint32_t count; /* 0: no limit */
    int64_t span_ms;
};

/* What a series file keeps: so long back in rows of that length. */
struct settings_archive {
    int64_t row_s; /* 0: single steps, which the first is of; then longer and longer */
    int64_t span_s;
};

/* Who hears of the fleet. */
struct settings_controller {
    const char *url;    /* NULL: nobody by HTTP */
    const char *secret; /* reference; with a url */
    const char *token;  /* reference; NULL: it may not tell us anything */
    const char *ca;     /* NULL: the system's */
    bool has_mqtt;      /* the broker of `status` keeps the report */
    int64_t every_ms;   /* 0: there is none */
    int64_t timeout_ms;
};

/* Where signed messages come in beside HTTP. */
struct settings_events {
    const char *broker;      /* name of the MQTT source whose broker it is; NULL: nowhere */
    const char *client_id;   /* at the broker, or NULL */
    bool is_v5;              /* MQTT 5, whose messages have properties */
    struct hook_texts hooks; /* who may sign them; each is of STANDARD */
};

/* Where vault: references are read. */
struct settings_vault {
    const char *url;               /* NULL: there is none */
    const char *role_id;           /* with secret_id, or */
    const char *secret_id, *token; /* references, of the other kinds */
    const char *login;             /* mount of the AppRole method */
    const char *name_space;        /* NULL: none */
    const char *ca;                /* NULL: the system's */
    int64_t cache_ms;              /* so long a value is not asked for again */
    int64_t max_age_ms;            /* an older one is not used; 0: as long as Vault is away */
    int64_t timeout_ms;
};

struct settings_group {
    const char *name; /* "sre" */
    const char *const *people;
    size_t count;
};

struct settings {
    const char *data;           /* folder; default /var/lib/verdictd */
    const char *rules;          /* folder; default /etc/verdictd/rules.d */
    const char *instance;       /* name in MQTT topics and notices; default the host name */
    const char *public_url;     /* for links in notices, or "" */
    bool is_record;             /* mode = "record" */
    const char *runner_socket;  /* default /run/verdict-runner/runner.sock */
    const char *runner_program; /* start the runner ourselves when nobody listens: program, or NULL */
    const char *runner_config;  /* its configuration file */
    const char *status_broker;  /* source name of the MQTT broker that gets our state ("plant"), or NULL */
    int64_t reconcile_ms;       /* read-back of traffic; default 5s */
    bool has_console;           /* its pages are served at "/"; default true */
    struct settings_brake service_brake, fleet_brake;
    struct settings_rate token_rate, address_rate; /* of each */
    unsigned address_connections;                  /* TCP, of each */
    struct settings_controller controller;
    struct settings_events events;
    struct settings_vault vault;
    struct references references; /* all that stand in the file */
    size_t archive_count;         /* at least 1; default "exact for 2d", "1m for 30d", "1h for 2y" */
    struct settings_archive archives[SETTINGS_ARCHIVES_MAX];
    size_t listener_count; /* 0 in the file: the Unix socket and 127.0.0.1:8321 */
    struct settings_listener listeners[SETTINGS_LISTENERS_MAX];
    size_t source_count;
    struct settings_instance sources[SETTINGS_INSTANCES_MAX];
    size_t driver_count;
    struct settings_instance drivers[SETTINGS_INSTANCES_MAX];
    size_t notifier_count;
    struct settings_instance notifiers[SETTINGS_INSTANCES_MAX];
    size_t gate_count;
    struct settings_instance gates[SETTINGS_INSTANCES_MAX];
    size_t hook_count, group_count;
    struct settings_hook hooks[SETTINGS_HOOKS_MAX];
    struct settings_group groups[SETTINGS_PEOPLE_MAX];
};

/* One group of the file and what may stand in it, for its manual. */
struct settings_table {
    const char *group; /* "brakes"; "": outside of all groups */
    const char *shape; /* "brakes: { ... }" */
    const struct option *options;
    size_t count;
};

enum { SETTINGS_TABLES_MAX = 12 };

/* Those that do not depend on the kinds of this build; how many there are. */
size_t settings_tables(struct settings_table tables[SETTINGS_TABLES_MAX]);

/* Reads the file; NULL where anything is wrong (the report says what). One allocation. */
struct settings *settings_read(const char *file, const struct option_schemas *schemas,
                               struct config_report *report);
void settings_free(struct settings *settings);

/* Is `person` who is meant by `name`: the same person, or one of the group of that name? */
bool settings_is_member(const struct settings *settings, const char *name, const char *person);

#endif
