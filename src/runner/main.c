/* main.c - verdict-runner: runs the commands that its allow list names, for clients of one socket.
 * SPDX-License-Identifier: MIT */
#include "runner/guard.h"
#include "runner/report.h"
#include "runner/server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_DEFAULT "/etc/verdictd/runner.conf"
#define SOCKET_DEFAULT "/run/verdict-runner/runner.sock"
#define DATA_DEFAULT   "/var/lib/verdict-runner"

enum { EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

struct arguments {
    const char *config, *socket, *data;
    bool is_check, is_help, is_version;
};

static const char HELP[] =
    "Usage: verdict-runner [--config FILE] [--socket PATH] [--data DIR] [--check]\n"
    "Runs the commands that its allow list names, for verdictd. Foreground; logs to stderr.\n"
    "\n"
    "  --config FILE   what may be run and written (" CONFIG_DEFAULT "; without it: nothing)\n"
    "  --socket PATH   where clients connect (" SOCKET_DEFAULT ")\n"
    "  --data DIR      results and outputs of commands (" DATA_DEFAULT ")\n"
    "  --check         reads the configuration, looks at the programs, and ends: 0 good, 1 findings\n"
    "  --help, --version\n"
    "\n"
    "SIGHUP reads the configuration again. SIGTERM stops the runner; commands go on, and the next runner\n"
    "with the same --data finds them.\n";

static bool is_option(const char *name, const char *argument)
{
    return strcmp(name, argument) == 0;
}

static bool parse_flag(struct arguments *arguments, const char *argument)
{
    arguments->is_check = arguments->is_check || is_option("--check", argument);
    arguments->is_help = arguments->is_help || is_option("--help", argument);
    arguments->is_version = arguments->is_version || is_option("--version", argument);
    return is_option("--check", argument) || is_option("--help", argument) ||
           is_option("--version", argument);
}

static const char **find_value(struct arguments *arguments, const char *name)
{
    if (is_option("--config", name))
        return &arguments->config;
    if (is_option("--socket", name))
        return &arguments->socket;
    return is_option("--data", name) ? &arguments->data : NULL;
}

static bool refuse(const char *option, const char *what)
{
    fprintf(stderr, "verdict-runner: %s: %s; see --help\n", option, what);
    return false;
}

static bool parse_arguments(int count, char **texts, struct arguments *arguments)
{
    for (int i = 1; i < count; i++) {
        const char **value = find_value(arguments, texts[i]);
        if (value == NULL && !parse_flag(arguments, texts[i]))
            return refuse(texts[i], "no such option");
        if (value == NULL)
            continue;
        if (i + 1 == count)
            return refuse(texts[i], "needs a value");
        *value = texts[++i];
    }
    return true;
}

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

/* Descriptors 0 to 2 must not become something else. */
static void open_standard(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

static int serve(const struct arguments *arguments)
{
    struct server *server = malloc(sizeof(*server));
    struct err err;
    if (server == NULL)
        return EXIT_FAILURE;
    bool is_good = server_open(server, arguments->config, arguments->socket, arguments->data, &err);
    if (is_good) {
        report("info", "listening on %s", arguments->socket);
        server_run(server);
        report("info", "stopping; %zu commands go on", jobs_count(&server->jobs));
        server_close(server);
    } else {
        report("error", "%s", err.text);
    }
    free(server);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **texts)
{
    struct arguments arguments = {.socket = SOCKET_DEFAULT, .data = DATA_DEFAULT};
    open_standard();
    if (!parse_arguments(count, texts, &arguments))
        return EXIT_USAGE;
    if (arguments.is_help || arguments.is_version) {
        fputs(arguments.is_help ? HELP : "verdict-runner " VERDICT_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    if (arguments.config == NULL && (arguments.is_check || access(CONFIG_DEFAULT, F_OK) == 0))
        arguments.config = CONFIG_DEFAULT;
    if (arguments.is_check)
        return check(arguments.config);
    if (arguments.config == NULL)
        report("warn", "no configuration: nothing may be run");
    return serve(&arguments);
}
