/* main.c - verdictd: arguments, settings, signals, the loop.
 * SPDX-License-Identifier: MIT */
#include "base/program.h"
#include "daemon/drawing.h"
#include "daemon/events_door.h"
#include "daemon/mishaps.h"
#include "daemon/notices.h"
#include "daemon/secrets.h"
#include "daemon/standing.h"
#include "io/memory.h"
#include "io/standard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

enum {
    FINDING_SIZE = 1536,
    EXIT_FINDINGS = 1,
    STOP_DEADLINE_MS = 3000,
    GOOD_BYE_MS = 500,
    GOOD_BYE_STEP_MS = 10
};

enum { OPTION_CONFIG, OPTION_CHECK, OPTION_LOG_LEVEL, OPTIONS_COUNT };

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

static const struct option options[OPTIONS_COUNT] = {
    [OPTION_CONFIG] = {.name = "config",
                       .type = OPTION_TEXT,
                       .fallback = "/etc/verdictd/verdictd.conf",
                       .help = "settings"},
    [OPTION_CHECK] = {.name = "check",
                      .type = OPTION_BOOL,
                      .help = "reads settings and rule files, asks Vault for what they name there, says "
                              "what is wrong, and ends"},
    [OPTION_LOG_LEVEL] = {.name = "log-level",
                          .type = OPTION_CHOICE,
                          .choices = levels,
                          .fallback = "info",
                          .help = "what is less is not logged"},
};

static const char *const about[] = {
    "A pipeline says that a version goes somewhere; verdictd moves the traffic on in steps, judges the "
    "version\n"
    "by its metrics, and takes the traffic back when a rule fails. It runs in the foreground and logs to "
    "stderr.",
    "SIGHUP reads the rule files again; a broken one keeps its last good version. SIGTERM stops it and "
    "leaves\n"
    "commands running, which belong to verdict-runner(8). What it was doing goes on from the journal at the\n"
    "next start: a restart or an upgrade neither kills nor repeats a command.",
    NULL};

static const char *const files[] = {"/etc/verdictd/verdictd.conf",
                                    "settings",
                                    "/etc/verdictd/rules.d/*.rules",
                                    "what is judged, and how traffic moves",
                                    "/usr/share/verdictd/rules",
                                    "rule files to copy and edit",
                                    "/var/lib/verdictd",
                                    "the journal, and the series as RRD files",
                                    "/run/verdictd/verdictd.sock",
                                    "where verdict(1) asks",
                                    NULL};

static const char *const exits[] = {"0", "it was told to stop; --check found nothing wrong",
                                    "1", "it could not go on; --check found something",
                                    "2", "the settings cannot be read, or the arguments are wrong",
                                    NULL};

static const struct program program = {
    .name = "verdictd",
    .summary = "decides whether a deployment lives, and takes it back when it must not",
    .options = options,
    .option_count = OPTIONS_COUNT,
    .about = about,
    .files = files,
    .exits = exits,
    .also = "verdictd.conf(5), verdict(1), verdict-runner(8)",
};

struct arguments {
    const char *config;
    bool is_check;
    enum log_level level;
};

/* Returns an exit code, or -1 to go on. */
static int read_arguments(int count, char **texts, struct arguments *ret_arguments)
{
    const char *values[PROGRAM_OPTIONS_MAX];
    char memory[PROGRAM_TEXT_SIZE];
    struct text words;
    struct err err = {0};
    enum program_wish wish = program_read(&program, count, texts, values, &err);

    if (wish == PROGRAM_REFUSED) {
        (void)fprintf(stderr, "verdictd: %s\n", err.text);
        return PROGRAM_EXIT_USAGE;
    }
    if (wish != PROGRAM_RUN) {
        text_init(&words, memory, sizeof(memory));
        program_tell(&program, wish, &words);
        return fputs(words.data, stdout) < 0;
    }
    *ret_arguments =
        (struct arguments){.config = values[OPTION_CONFIG], .is_check = values[OPTION_CHECK] != NULL};
    return log_level_parse(values[OPTION_LOG_LEVEL], &ret_arguments->level) ? -1 : PROGRAM_EXIT_USAGE;
}

static void print_findings(const struct config_report *report)
{
    for (size_t i = 0; i < report->count && i < CONFIG_FINDINGS_MAX; i++) {
        char line[FINDING_SIZE];
        (void)fprintf(stderr, "%s\n", config_finding_format(&report->findings[i], line, sizeof(line)));
    }
}

static bool read_settings(struct daemon *daemon)
{
    daemon->schemas = *daemon_schemas();
    daemon->settings = settings_read(daemon->settings_path, &daemon->schemas, daemon->report);
    print_findings(daemon->report);
    return daemon->settings != NULL;
}

static void say_good_bye(void *data)
{
    struct daemon *daemon = data;

    if (!status_is_quiet(daemon->status) && loop_now_ms() < daemon->stop_at_ms)
        return;
    loop_timer_pause(daemon->good_bye);
    loop_stop(daemon->loop);
}

static void stopped(void *data)
{
    struct daemon *daemon = data;

    daemon->stop_at_ms = loop_now_ms() + GOOD_BYE_MS;
    status_tell_offline(daemon->status);
    daemon->good_bye = loop_timer_start(daemon->loop, 0, GOOD_BYE_STEP_MS, say_good_bye, daemon);
}

/* A message that was heard is one that the broker has forgotten: the engine runs until it is answered. */
static void stop_when_quiet(void *data)
{
    struct daemon *daemon = data;

    if (!events_door_is_quiet(daemon->events) && loop_now_ms() < daemon->stop_at_ms)
        return;
    loop_timer_stop(daemon->good_bye);
    daemon->is_stopping = true;
    http_server_stop(daemon->server, STOP_DEADLINE_MS, stopped, daemon);
}

static void stop_signal(void *data, int number)
{
    struct daemon *daemon = data;

    if (daemon->stop_at_ms != 0)
        return;
    log_say(&daemon->log, LOG_LEVEL_INFO, "signal %d: stopping", number);
    events_door_stop(daemon->events);
    daemon->stop_at_ms = loop_now_ms() + GOOD_BYE_MS;
    daemon->good_bye =
        loop_timer_start(daemon->loop, GOOD_BYE_STEP_MS, GOOD_BYE_STEP_MS, stop_when_quiet, daemon);
    stop_when_quiet(daemon);
}

static void reload_signal(void *data, int number)
{
    (void)number;
    daemon_reload(data);
    standing_update_all(data);
}

#ifdef HAVE_SYSTEMD
static void watchdog(void *data)
{
    (void)data;
    (void)sd_notify(0, "WATCHDOG=1");
}
#endif

static void say_ready(struct daemon *daemon)
{
    log_say(&daemon->log, LOG_LEVEL_INFO, "ready: version %s, data in %s", VERDICT_VERSION,
            daemon->settings->data);
#ifdef HAVE_SYSTEMD
    uint64_t interval_us = 0;
    (void)sd_notify(0, "READY=1");
    if (sd_watchdog_enabled(0, &interval_us) > 0)
        (void)loop_timer_start(daemon->loop, 0, (int64_t)(interval_us / 3000), watchdog, daemon);
#endif
}

/* Secrets stay out of cores; files are ours alone; a peer that goes away is an error to return, not a signal.
 */
static void harden(void)
{
    struct rlimit none = {0, 0};

    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
}

static int run(struct daemon *daemon)
{
    struct err err = {0};

    if (!daemon_open(daemon, &err)) {
        log_say(&daemon->log, LOG_LEVEL_ERROR, "%s", err.text);
        mishaps_end(daemon);
        return EXIT_FAILURE;
    }
    (void)loop_signal_start(daemon->loop, SIGTERM, stop_signal, daemon);
    (void)loop_signal_start(daemon->loop, SIGINT, stop_signal, daemon);
    (void)loop_signal_start(daemon->loop, SIGHUP, reload_signal, daemon);
    say_ready(daemon);
    daemon_wants_turn(daemon);
    loop_run(daemon->loop);
    bool is_asked = daemon->is_stopping;
    daemon->is_stopping = true;
    daemon_close(daemon);
    return is_asked ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Reads what an operator wrote; for --check that is all. */
static int check_or_run(struct daemon *daemon, bool is_check)
{
    if (!read_settings(daemon)) {
        free(daemon->report);
        return PROGRAM_EXIT_USAGE;
    }
    daemon_reload(daemon);
    if (!is_check)
        return run(daemon);
    daemon_check_secrets(daemon);
    print_findings(daemon->report);
    int code = daemon->report->count == 0 ? EXIT_SUCCESS : EXIT_FINDINGS;
    daemon_forget_secrets(daemon);
    config_free(daemon->config);
    settings_free(daemon->settings);
    free(daemon->report);
    return code;
}

int main(int count, char **values)
{
    struct arguments arguments;

    standard_open();
    if (count == 2 && strcmp(values[1], "--draw") == 0)
        return drawing_main();
    int code = read_arguments(count, values, &arguments);

    if (code >= 0)
        return code;
    memory_begin();
    harden();
    struct daemon *daemon = memory_take(sizeof(*daemon));
    daemon->report = memory_take(sizeof(*daemon->report));
    daemon->settings_path = arguments.config;
    log_init(&daemon->log, arguments.level, STDERR_FILENO);
    code = check_or_run(daemon, arguments.is_check);
    free(daemon);
    return code;
}
