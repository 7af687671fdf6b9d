/* main.c - verdict-runner: runs the commands that its allow list names, for clients of one socket.
 * SPDX-License-Identifier: MIT */
#include "base/program.h"
#include "io/standard.h"
#include "runner/guard.h"
#include "runner/renewal.h"
#include "runner/report.h"
#include "runner/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONFIG_DEFAULT "/etc/verdictd/runner.conf"

enum { EXIT_FINDINGS = 1 };

enum { OPTION_CONFIG, OPTION_SOCKET, OPTION_DATA, OPTION_CHECK, OPTIONS_COUNT };

static const struct option options[OPTIONS_COUNT] = {
    [OPTION_CONFIG] = {.name = "config",
                       .type = OPTION_TEXT,
                       .help =
                           "what may be run and written (default " CONFIG_DEFAULT "; without it: nothing)"},
    [OPTION_SOCKET] = {.name = "socket",
                       .type = OPTION_TEXT,
                       .fallback = "/run/verdict-runner/runner.sock",
                       .help = "where clients connect"},
    [OPTION_DATA] = {.name = "data",
                     .type = OPTION_TEXT,
                     .fallback = "/var/lib/verdict-runner",
                     .help = "results and outputs of commands"},
    [OPTION_CHECK] = {.name = "check",
                      .type = OPTION_BOOL,
                      .help = "reads the configuration, looks at the programs, and ends"},
};

static const char *const about[] = {"It starts nothing that its own list does not allow, without a shell, "
                                    "each command with a deadline and in a\n"
                                    "session of its own. It runs in the foreground and logs to stderr.",
                                    "SIGHUP reads the configuration again. SIGTERM stops the runner; "
                                    "commands go on, and the next runner with\n"
                                    "the same --data finds them.",
                                    "When its program was replaced (an upgrade), a SIGHUP also makes it "
                                    "start the new one in its place, in the\n"
                                    "same process, as soon as no command is under way.",
                                    NULL};

static const char *const files[] = {
    CONFIG_DEFAULT,
    "what may be run and written; belongs to root, and nobody else may write it",
    "/var/lib/verdict-runner",
    "results and outputs of commands, kept for 7 days",
    "/run/verdict-runner/runner.sock",
    "where verdictd(8) asks",
    NULL};

static const char *const exits[] = {"0", "it was told to stop; --check found nothing wrong",
                                    "1", "it could not start; --check found something",
                                    "2", "the arguments are wrong",
                                    NULL};

static const struct program program = {
    .name = "verdict-runner",
    .summary = "runs the commands that its allow list names, for verdictd",
    .options = options,
    .option_count = OPTIONS_COUNT,
    .about = about,
    .files = files,
    .exits = exits,
    .also = "verdictd(8), verdict(1)",
};

static int check(const char *path)
{
    struct permissions permissions;
    struct err err;
    if (!permissions_load(path, &permissions, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_FINDINGS;
    }
    int answer = EXIT_SUCCESS;
    for (size_t i = 0; i < permissions.allow.count; i++) {
        if (!guard_check_program(permissions.allow.patterns[i].arguments[0], &err)) {
            fprintf(stderr, "%s: %s\n", path, err.text);
            answer = EXIT_FINDINGS;
        }
    }
    permissions_done(&permissions);
    return answer;
}

/* Until it is told to stop; then true. False: it could not start. */
static bool serve_once(struct server *server, const char *const *values, const struct renewal *renewal)
{
    struct err err;
    if (!server_open(server, values[OPTION_CONFIG], values[OPTION_SOCKET], values[OPTION_DATA], &err)) {
        report("error", "%s", err.text);
        return false;
    }
    report("info", "listening on %s", values[OPTION_SOCKET]);
    server_run(server, renewal);
    if (server->is_to_renew)
        report("info", "another program stands at %s: it takes our place", renewal->path);
    else
        report("info", "stopping; %zu commands go on", jobs_count(&server->jobs));
    server_close(server);
    return true;
}

/* A program that took our place gets our arguments; where it cannot be started we serve on as we are. */
static int serve(const char *const *values, char **texts)
{
    struct renewal renewal;
    struct server *server = malloc(sizeof(*server));
    if (server == NULL)
        return EXIT_FAILURE;
    renewal_init(&renewal);
    bool is_good = serve_once(server, values, &renewal);
    while (is_good && server->is_to_renew) {
        renewal_start(&renewal, texts);
        is_good = serve_once(server, values, &renewal);
    }
    free(server);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What commands are given may be secret. */
static void harden(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

int main(int count, char **texts)
{
    const char *values[PROGRAM_OPTIONS_MAX];
    char memory[PROGRAM_TEXT_SIZE];
    struct text words;
    struct err err = {0};

    standard_open();
    harden();
    enum program_wish wish = program_read(&program, count, texts, values, &err);
    if (wish == PROGRAM_REFUSED) {
        fprintf(stderr, "verdict-runner: %s\n", err.text);
        return PROGRAM_EXIT_USAGE;
    }
    if (wish != PROGRAM_RUN) {
        text_init(&words, memory, sizeof(memory));
        program_tell(&program, wish, &words);
        return fputs(words.data, stdout) < 0;
    }
    bool is_check = values[OPTION_CHECK] != NULL;
    if (values[OPTION_CONFIG] == NULL && (is_check || access(CONFIG_DEFAULT, F_OK) == 0))
        values[OPTION_CONFIG] = CONFIG_DEFAULT;
    if (is_check)
        return check(values[OPTION_CONFIG]);
    if (values[OPTION_CONFIG] == NULL)
        report("warn", "no configuration: nothing may be run");
    return serve(values, texts);
}
