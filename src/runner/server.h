/* server.h - the runner's loop: one socket, few clients, running commands; nothing in it waits for anything
 * but poll(). SPDX-License-Identifier: MIT */
#ifndef RUNNER_SERVER_H
#define RUNNER_SERVER_H

#include "base/attributes.h"
#include "base/err.h"
#include "runner/jobs.h"
#include "runner/output.h"
#include "runner/renewal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVER_CLIENTS_MAX = 8 };

struct client {
    int fd; /* -1: a free place */
    uint64_t serial;
};

struct server {
    const char *config_path; /* NULL: nothing is allowed */
    const char *socket_path;
    char *data_path;
    int folder, lock, listener, signals;
    struct permissions permissions;
    struct client clients[SERVER_CLIENTS_MAX];
    uint64_t serial;
    struct jobs jobs;
    struct writing writing;
    bool wants_renewal; /* when no command is under way */
    bool is_to_renew;   /* why it ended */
    size_t keys_count;  /* results that are kept */
    int64_t sweep_at_ms;
    unsigned char packet_in[RUNNER_MESSAGE_MAX + 1];
    unsigned char packet_out[RUNNER_MESSAGE_MAX];
    unsigned char chunk[RUNNER_OUTPUT_CHUNK_MAX];
    char found[RUNNER_LIST_MAX][RUNNER_KEY_MAX + 1];
    struct output cleaning;
};

/* Paths are the caller's and must live on; `config_path` may be NULL. Takes the data folder for itself:
 * waits up to 2 s for another runner to let it go, then ERR_CONFLICT. On failure nothing is left open. */
MUST_CHECK bool server_open(struct server *server, const char *config_path, const char *socket_path,
                            const char *data_path, struct err *err);

/* Until SIGTERM or SIGINT: commands go on afterwards. SIGHUP reads the configuration again; where `renewal`
 * is due then, it ends as soon as nothing is under way, with `is_to_renew`. */
void server_run(struct server *server, const struct renewal *renewal);

void server_close(struct server *server);

/* One of the answers of the protocol; a client that does not read is dropped. */
void server_send(struct server *server, struct client *client, const struct runner_message *message);

#endif
