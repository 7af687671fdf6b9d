/* main.c - verdict: reads the arguments, runs the verb.
 * SPDX-License-Identifier: MIT */
#include "cli/arguments.h"
#include "io/memory.h"
#include "io/standard.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char default_url[] = "unix:/run/verdictd/verdictd.sock";

static const char *environment_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? otherwise : value;
}

/* Only one of those that work without the daemon may be asked to ask it. */
static bool needs_client(const struct cli *cli)
{
    return !cli->entry->is_offline || (cli->entry->run == check_run && verb_flag(cli, "online"));
}

static int run_verb(struct cli *cli)
{
    const struct client_settings settings = {.url = environment_or("VERDICT_URL", default_url),
                                             .token = environment_or("VERDICT_TOKEN", NULL),
                                             .ca_file = environment_or("VERDICT_CA", NULL),
                                             .cert_file = environment_or("VERDICT_CERT", NULL),
                                             .key_file = environment_or("VERDICT_KEY", NULL),
                                             .trace = {environment_or("TRACEPARENT", NULL),
                                                       environment_or("TRACESTATE", NULL),
                                                       environment_or("BAGGAGE", NULL)}};
    struct err err = {0};

    if (needs_client(cli) && !client_new(&settings, &cli->client, &err)) {
        verb_complain(cli, "%s", err.text);
        return VERB_REFUSED;
    }
    return cli->entry->run(cli);
}

static int run(int count, char **values, struct cli *cli)
{
    struct err err = {0};

    if (!arguments_read(count, values, cli, &err)) {
        verb_complain(cli, "%s", err.text);
        return VERB_REFUSED;
    }
    if (cli->is_version) {
        (void)puts("verdict " VERDICT_VERSION);
        return VERB_DONE;
    }
    if (cli->is_help || cli->entry == NULL) {
        arguments_print_help(cli->entry);
        return cli->is_help ? VERB_DONE : VERB_REFUSED;
    }
    terminal_init(&cli->terminal, cli->is_plain || cli->is_json, cli->is_colorless);
    return run_verb(cli);
}

/* What was printed was lost now or before. Whoever stopped reading (head) need not be told. */
static int end_output(const struct cli *cli, int code)
{
    struct pollfd place = {.fd = STDOUT_FILENO, .events = POLLOUT};

    if (verb_is_printed())
        return code;
    if (poll(&place, 1, 0) < 1 || (place.revents & POLLERR) == 0)
        verb_complain(cli, "the output could not be written: what it says is lost, or not whole");
    return code == VERB_DONE ? VERB_UNKNOWN : code;
}

int main(int count, char **values)
{
    struct cli cli = {0};

    standard_open();
    void *memory = memory_take(VERB_MEMORY);

    (void)signal(SIGPIPE, SIG_IGN);
    arena_init(&cli.arena, memory, VERB_MEMORY);
    int code = run(count, values, &cli);
    client_free(cli.client);
    free(memory);
    return end_output(&cli, code);
}
