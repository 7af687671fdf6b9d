/* server.c - the poll() loop and what it opens. SPDX-License-Identifier: MIT */
#include "runner/server.h"

#include "base/text.h"
#include "runner/answer.h"
#include "runner/guard.h"
#include "runner/identity.h"
#include "runner/ledger.h"
#include "runner/report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    LOCK_WAIT_MS = 2000,
    LOCK_TRY_MS = 50,
    LOCK_FD_LEAST = 256, /* above all others: see the sizes of the tables */
    LOOK_AGAIN_MS = 100,
    SWEEP_MS = 3600 * 1000,
    POLLED_LISTENER = 0,
    POLLED_SIGNALS,
    POLLED_WRITING,
    POLLED_CLIENTS,
    POLLED_JOBS = POLLED_CLIENTS + SERVER_CLIENTS_MAX,
    POLLED_COUNT = POLLED_JOBS + JOBS_MAX
};

static bool fail(struct err *err, const char *what)
{
    return err_set(err, ERR_IO, "%s: %s", what, strerror(errno));
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static bool lock_folder(struct server *server, struct err *err)
{
    int fd = openat(server->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* A child closes what it inherits in ascending order: the lock last, so that whoever then gets it finds
     * the socket dead. */
    server->lock = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, LOCK_FD_LEAST) : -1;
    close_fd(fd);
    if (server->lock < 0)
        return fail(err, server->data_path);
    /* A runner that was just killed may have a child that has not let go yet. */
    for (int waited_ms = 0; flock(server->lock, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_TRY_MS) {
        if (waited_ms >= LOCK_WAIT_MS)
            return err_set(err, ERR_CONFLICT, "another verdict-runner works in %s", server->data_path);
        poll(NULL, 0, LOCK_TRY_MS);
    }
    /* For people only: nothing depends on it. */
    if (ftruncate(server->lock, 0) != 0 || dprintf(server->lock, "%d\n", (int)getpid()) < 0)
        return fail(err, server->data_path);
    return true;
}

static bool open_data(struct server *server, const char *path, struct err *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(err, path);
    server->data_path = realpath(path, NULL);
    server->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    if (server->data_path == NULL || server->folder < 0 || fstat(server->folder, &status) != 0)
        return fail(err, path);
    return guard_check(path, &status, err) && lock_folder(server, err);
}

/* Removes the socket of a runner that is gone; refuses where one answers, or where it is something else. */
static bool clear_socket(const struct sockaddr_un *address, struct err *err)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT || fail(err, address->sun_path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, ERR_CONFLICT, "%s is there and no socket", address->sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    if (fd >= 0)
        close(fd);
    if (is_alive)
        return err_set(err, ERR_CONFLICT, "another verdict-runner listens on %s", address->sun_path);
    return unlink(address->sun_path) == 0 || fail(err, address->sun_path);
}

/* Others must reach the socket to be asked who they are. */
static bool open_access(const struct server *server)
{
    bool is_open = server->permissions.uids_count + server->permissions.users_count > 0;
    return chmod(server->socket_path, is_open ? 0666 : 0600) == 0;
}

static bool open_socket(struct server *server, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_copy(address.sun_path, sizeof(address.sun_path), server->socket_path))
        return err_set(err, ERR_INVALID, "%s is too long for a socket", server->socket_path);
    if (!clear_socket(&address, err))
        return false;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177);
    bool is_good = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    umask(before);
    if (!is_good) {
        fail(err, server->socket_path);
        close_fd(fd);
        return false;
    }
    server->listener = fd; /* from now on the path is ours to remove */
    return (listen(fd, SERVER_CLIENTS_MAX) == 0 && open_access(server)) || fail(err, server->socket_path);
}

static bool open_signals(struct server *server, struct err *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    signal(SIGPIPE, SIG_IGN); /* stderr may be a pipe whose reader is gone */
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    server->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return server->signals >= 0 || fail(err, "signalfd");
}

bool server_open(struct server *server, const char *config_path, const char *socket_path,
                 const char *data_path, struct err *err)
{
    memset(server, 0, sizeof(*server));
    server->config_path = config_path;
    server->socket_path = socket_path;
    server->folder = server->lock = server->listener = server->signals = server->writing.ended = -1;
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        server->clients[i].fd = -1;
    permissions_init(&server->permissions);
    if ((config_path != NULL && !permissions_load(config_path, &server->permissions, err)) ||
        !open_signals(server, err) || !open_data(server, data_path, err)) {
        server_close(server);
        return false;
    }
    jobs_init(&server->jobs, server->folder, server->data_path);
    if (!open_socket(server, err)) {
        server_close(server);
        return false;
    }
    return true;
}

void server_close(struct server *server)
{
    if (server->listener >= 0)
        unlink(server->socket_path);
    close_fd(server->listener);
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        close_fd(server->clients[i].fd);
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (server->jobs.items[i].key[0] != '\0')
            close_fd(server->jobs.items[i].ended);
    close_fd(server->writing.ended);
    close_fd(server->signals);
    close_fd(server->lock);
    close_fd(server->folder);
    permissions_done(&server->permissions);
    free(server->data_path);
}

static void drop_client(struct client *client)
{
    close(client->fd);
    client->fd = -1;
}

void server_send(struct server *server, struct client *client, const struct runner_message *message)
{
    struct err err;
    size_t length;
    if (client->fd < 0)
        return;
    if (!runner_message_format(message, server->packet_out, sizeof(server->packet_out), &length, &err)) {
        report("error", "an answer cannot be formed: %s", err.text);
        drop_client(client);
        return;
    }
    if (send(client->fd, server->packet_out, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        report("warn", "a client was dropped: %s", strerror(errno));
        drop_client(client);
    }
}

static bool is_welcome(const struct server *server, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    bool is_known =
        peer.uid == 0 || peer.uid == geteuid() || permissions_names(&server->permissions, peer.uid);
    if (!is_known)
        report("warn", "user %u may not connect", peer.uid);
    return is_known;
}

static void accept_client(struct server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (size_t i = 0; i < SERVER_CLIENTS_MAX && is_welcome(server, fd); i++) {
        if (server->clients[i].fd < 0) {
            server->clients[i] = (struct client){fd, ++server->serial};
            return;
        }
    }
    close(fd);
}

static void read_client(struct server *server, struct client *client)
{
    ssize_t length = recv(client->fd, server->packet_in, sizeof(server->packet_in), MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        drop_client(client);
        return;
    }
    answer_packet(server, client, (size_t)length);
}

static void reload(struct server *server)
{
    struct permissions permissions;
    struct err err;
    if (server->config_path == NULL)
        return;
    if (!permissions_load(server->config_path, &permissions, &err)) {
        report("error", "the old configuration stays: %s", err.text);
        return;
    }
    permissions_done(&server->permissions);
    server->permissions = permissions;
    if (!open_access(server))
        report("error", "%s: %s", server->socket_path, strerror(errno));
    report("info", "configuration read again");
}

static bool is_idle(const struct server *server)
{
    return jobs_count(&server->jobs) == 0 && server->writing.pid == 0;
}

/* False: stop. */
static bool read_signal(struct server *server, const struct renewal *renewal)
{
    struct signalfd_siginfo info;
    if (read(server->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return true;
    if (info.ssi_signo != SIGHUP)
        return false;
    reload(server);
    server->wants_renewal = renewal_is_due(renewal);
    if (server->wants_renewal && !is_idle(server))
        report("info", "%s was replaced; it is started when no command is under way", renewal->path);
    return true;
}

static void finish_job(struct server *server, struct job *job)
{
    char key[RUNNER_KEY_MAX + 1];
    memcpy(key, job->key, sizeof(key));
    jobs_end(job);
    answer_finished(server, key);
}

static void read_jobs(struct server *server, const struct pollfd *polled)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job *job = &server->jobs.items[i];
        if (job->key[0] == '\0')
            continue;
        bool is_over = job->ended >= 0 ? polled[i].fd == job->ended && polled[i].revents != 0
                                       : jobs_look_again(&server->jobs, job);
        if (is_over)
            finish_job(server, job);
    }
}

static void read_clients(struct server *server, const struct pollfd *polled)
{
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        if (server->clients[i].fd >= 0 && polled[i].fd == server->clients[i].fd && polled[i].revents != 0)
            read_client(server, &server->clients[i]);
}

static void sweep(struct server *server)
{
    if (identity_now_ms() < server->sweep_at_ms)
        return;
    server->sweep_at_ms = identity_now_ms() + SWEEP_MS;
    server->keys_count = ledger_sweep(server->folder, (int64_t)time(NULL));
}

/* Returns how long poll() may wait. */
static int fill_polled(const struct server *server, struct pollfd *polled)
{
    int64_t wait_ms = server->sweep_at_ms - identity_now_ms();
    polled[POLLED_LISTENER] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    polled[POLLED_SIGNALS] = (struct pollfd){.fd = server->signals, .events = POLLIN};
    polled[POLLED_WRITING] = (struct pollfd){.fd = server->writing.ended, .events = POLLIN};
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        polled[POLLED_CLIENTS + i] = (struct pollfd){.fd = server->clients[i].fd, .events = POLLIN};
    for (size_t i = 0; i < JOBS_MAX; i++) {
        const struct job *job = &server->jobs.items[i];
        polled[POLLED_JOBS + i] = (struct pollfd){.fd = job->ended, .events = POLLIN};
        if (job->key[0] != '\0' && job->ended < 0 && wait_ms > LOOK_AGAIN_MS)
            wait_ms = LOOK_AGAIN_MS;
    }
    return wait_ms > 0 ? (int)wait_ms : 0;
}

void server_run(struct server *server, const struct renewal *renewal)
{
    struct pollfd polled[POLLED_COUNT];
    bool is_running = true;
    while (is_running && !server->is_to_renew) {
        sweep(server);
        int wait_ms = fill_polled(server, polled);
        if (poll(polled, POLLED_COUNT, wait_ms) < 0)
            continue;
        if (polled[POLLED_SIGNALS].revents != 0)
            is_running = read_signal(server, renewal);
        if (polled[POLLED_WRITING].revents != 0)
            answer_written(server);
        read_jobs(server, polled + POLLED_JOBS);
        read_clients(server, polled + POLLED_CLIENTS);
        if (polled[POLLED_LISTENER].revents != 0)
            accept_client(server);
        server->is_to_renew = is_running && server->wants_renewal && is_idle(server);
    }
}
