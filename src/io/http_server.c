/* http_server.c - libmicrohttpd's daemons, one per listener, driven by the loop.
 * SPDX-License-Identifier: MIT */
#include "io/http_server.h"

#include "io/http_listener.h"
#include "io/http_state.h"
#include "io/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TICK_MIN_MS = 20,
    TICK_MAX_MS = 1000,
    RUNS_PER_TURN = 8,
    LINE_MAX = 512,
    OPTIONS_MAX = 16,
    MEMORY_FOR_ANSWER_BYTES = 16 * 1024
};

static void note_line(void *data, const char *format, va_list arguments)
{
    const struct http_server *server = data;
    char line[LINE_MAX];

    if (server->callbacks.on_log == NULL)
        return;
    (void)vsnprintf(line, sizeof(line), format, arguments);
    line[strcspn(line, "\n")] = '\0';
    server->callbacks.on_log(server->data, line);
}

static void run_listener(void *data)
{
    struct http_listener *listener = data;
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool has_timeout = true;

    listener->is_due = false;
    for (int i = 0; i < RUNS_PER_TURN && has_timeout && wait_ms == 0; i++) {
        (void)MHD_run(listener->daemon);
        has_timeout = MHD_get_timeout(listener->daemon, &wait_ms) == MHD_YES;
    }
    if (has_timeout)
        loop_timer_move(listener->timer, wait_ms < TICK_MAX_MS ? (int64_t)wait_ms : TICK_MAX_MS);
}

void http_server_run_soon(struct http_listener *listener)
{
    if (!listener->is_due)
        loop_defer(listener->server->loop, run_listener, listener);
    listener->is_due = true;
}

static void run_when_ready(void *data, unsigned events)
{
    (void)events;
    run_listener(data);
}

/* Before hands are shaken. libmicrohttpd itself only asks for a certificate, and takes any, or none. */
static void require_certificate(struct MHD_Connection *mhd)
{
    static const gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                                  .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    assert(info != NULL && info->tls_session != NULL);
    gnutls_certificate_server_set_request(info->tls_session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_cert2(info->tls_session, (gnutls_typed_vdata_st *)(uintptr_t)&purpose, 1, 0);
}

static void note_connection(void *data, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = data;
    struct http_server *server = listener->server;
    struct http_connection *connection = *context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        LIST_REMOVE(connection, links);
        server->counts.connections--;
        free(connection);
        return;
    }
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (listener->wants_certificate)
        require_certificate(mhd);
    connection = memory_take(sizeof(*connection));
    connection->listener = listener;
    connection->mhd = mhd;
    connection->fd = fd->connect_fd;
    connection->is_busy = true;
    connection->deadline_ms = loop_now_ms() + server->settings.request_ms;
    connection->peer =
        http_listener_peer(connection->fd, address != NULL ? address->client_addr : NULL, listener->is_tls);
    LIST_INSERT_HEAD(&server->connections, connection, links);
    server->counts.connections++;
    *context = connection;
}

/* libmicrohttpd has no call for it: it sees the end of the stream and closes. */
static void close_connection(struct http_connection *connection)
{
    connection->deadline_ms = HTTP_NEVER_MS;
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static void close_overdue(struct http_server *server)
{
    struct http_connection *connection;
    int64_t now_ms = loop_now_ms();

    LIST_FOREACH(connection, &server->connections, links)
    {
        if (connection->deadline_ms > now_ms)
            continue;
        server->counts.timed_out += connection->is_busy ? 1 : 0;
        if (connection->stream != NULL)
            connection->stream->stream.why = HTTP_STREAM_SLOW;
        close_connection(connection);
    }
}

static void close_socket(const struct http_listener *listener, int fd)
{
    (void)close(fd);
    if (listener->unix_path != NULL)
        (void)unlink(listener->unix_path);
}

static void stop_listening(const struct http_listener *listener)
{
    close_socket(listener, MHD_quiesce_daemon(listener->daemon));
}

static void destroy_listener(struct http_listener *listener)
{
    loop_defer_cancel(listener->server->loop, run_listener, listener);
    loop_poll_stop(listener->poll);
    loop_timer_stop(listener->timer);
    if (listener->daemon != NULL)
        MHD_stop_daemon(listener->daemon);
    free(listener->unix_path);
}

static void destroy(struct http_server *server)
{
    for (size_t i = 0; i < server->settings.listener_count; i++)
        destroy_listener(&server->listeners[i]);
    loop_timer_stop(server->tick);
    loop_poll_stop(server->gone_poll);
    if (server->gone_fd >= 0)
        (void)close(server->gone_fd);
    free(server);
}

static void finish_stop(struct http_server *server)
{
    void (*stopped)(void *data) = server->stopped;
    void *stopped_data = server->stopped_data;

    /* What was resumed must have left its suspension before libmicrohttpd stops. */
    for (size_t i = 0; i < server->settings.listener_count; i++)
        (void)MHD_run(server->listeners[i].daemon);
    destroy(server);
    if (stopped != NULL)
        stopped(stopped_data);
}

static void look_around(void *data)
{
    struct http_server *server = data;

    close_overdue(server);
    if (server->is_stopping && (server->counts.connections == 0 || loop_now_ms() >= server->stop_at_ms))
        finish_stop(server);
}

void http_server_stop(struct http_server *server, int64_t deadline_ms, void (*done)(void *data), void *data)
{
    struct http_connection *connection;

    assert(!server->is_stopping);
    server->is_stopping = true;
    server->stop_at_ms = loop_now_ms() + deadline_ms;
    server->stopped = done;
    server->stopped_data = data;
    for (size_t i = 0; i < server->settings.listener_count; i++)
        stop_listening(&server->listeners[i]);
    http_request_give_up_waiting(server);
    http_stream_stop_all(server);
    LIST_FOREACH(connection, &server->connections, links)
    {
        if (!connection->is_busy)
            close_connection(connection);
    }
    loop_timer_stop(server->tick);
    server->tick = loop_timer_start(server->loop, TICK_MIN_MS, TICK_MIN_MS, look_around, server);
}

static size_t add_option(struct MHD_OptionItem *options, size_t count, enum MHD_OPTION option, size_t value,
                         const void *pointer)
{
    options[count] = (struct MHD_OptionItem){option, (intptr_t)value, (void *)(uintptr_t)pointer};
    return count + 1;
}

static bool start_daemon(struct http_listener *listener, const struct http_server_listener *wanted, int fd,
                         struct err *err)
{
    struct http_server *server = listener->server;
    const struct http_server_settings *settings = &server->settings;
    struct MHD_OptionItem options[OPTIONS_MAX];
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    size_t memory = settings->header_max_bytes + MEMORY_FOR_ANSWER_BYTES;
    size_t count = 0;

    count = add_option(options, count, MHD_OPTION_LISTEN_SOCKET, (size_t)fd, NULL);
    count = add_option(options, count, MHD_OPTION_CONNECTION_LIMIT, settings->connections_max, NULL);
    count = add_option(options, count, MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connections_per_ip_max,
                       NULL);
    count = add_option(options, count, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, NULL);
    count = add_option(options, count, MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
    if (listener->is_tls) {
        flags |= MHD_USE_TLS;
        count = add_option(options, count, MHD_OPTION_HTTPS_MEM_CERT, 0, wanted->certificate);
        count = add_option(options, count, MHD_OPTION_HTTPS_MEM_KEY, 0, wanted->key);
        if (listener->wants_certificate)
            count = add_option(options, count, MHD_OPTION_HTTPS_MEM_TRUST, 0, wanted->client_ca);
        count = add_option(options, count, MHD_OPTION_HTTPS_PRIORITIES, 0,
                           "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
    }
    (void)add_option(options, count, MHD_OPTION_END, 0, NULL);
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, http_request_serve, NULL, MHD_OPTION_EXTERNAL_LOGGER, note_line, server,
        MHD_OPTION_NOTIFY_CONNECTION, note_connection, listener, MHD_OPTION_NOTIFY_COMPLETED,
        http_request_end, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (listener->daemon == NULL)
        return err_set(err, ERR_INVALID, "%s: %s",
                       wanted->unix_path != NULL ? wanted->unix_path : wanted->address,
                       listener->wants_certificate ? "the certificate, its key or client_ca is not usable"
                       : listener->is_tls          ? "the certificate or its key is not usable"
                                                   : "the HTTP server does not start");
    return true;
}

static bool start_listener(struct http_listener *listener, const struct http_server_listener *wanted,
                           struct err *err)
{
    struct http_server *server = listener->server;
    int fd = -1;

    listener->is_tls = wanted->certificate != NULL;
    listener->wants_certificate = listener->is_tls && wanted->client_ca != NULL;
    if (!http_listener_open(wanted, &fd, &listener->port, err))
        return false;
    listener->unix_path = memory_copy_text(wanted->unix_path);
    if (!start_daemon(listener, wanted, fd, err)) {
        close_socket(listener, fd);
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    listener->timer = loop_timer_start(server->loop, TICK_MAX_MS, 0, run_listener, listener);
    return loop_poll_start(server->loop, info->epoll_fd, LOOP_READABLE, run_when_ready, listener,
                           &listener->poll, err);
}

static bool start_listeners(struct http_server *server, const struct http_server_settings *settings,
                            struct err *err)
{
    for (size_t i = 0; i < settings->listener_count; i++) {
        server->listeners[i].server = server;
        server->settings.listener_count = i + 1;
        if (!start_listener(&server->listeners[i], &settings->listeners[i], err))
            return err_wrap(err, "listener %zu", i + 1);
    }
    return true;
}

static size_t size_or(size_t given, size_t fallback)
{
    return given != 0 ? given : fallback;
}

static void take_settings(struct http_server_settings *to, const struct http_server_settings *from)
{
    to->body_max_bytes = size_or(from->body_max_bytes, HTTP_SERVER_BODY_MAX_BYTES);
    to->header_max_bytes = size_or(from->header_max_bytes, HTTP_SERVER_HEADER_MAX_BYTES);
    to->connections_max = (unsigned)size_or(from->connections_max, HTTP_SERVER_CONNECTIONS_MAX);
    to->connections_per_ip_max =
        (unsigned)size_or(from->connections_per_ip_max, HTTP_SERVER_CONNECTIONS_PER_IP_MAX);
    to->long_polls_max = (unsigned)size_or(from->long_polls_max, HTTP_SERVER_LONG_POLLS_MAX);
    to->streams_max = (unsigned)size_or(from->streams_max, (size_t)to->connections_max / 5 * 4);
    to->request_ms = from->request_ms != 0 ? from->request_ms : HTTP_SERVER_REQUEST_MS;
    to->answer_ms = from->answer_ms != 0 ? from->answer_ms : HTTP_SERVER_ANSWER_MS;
}

static int64_t tick_ms(const struct http_server_settings *settings)
{
    int64_t wanted_ms = settings->request_ms / 8;

    return wanted_ms < TICK_MIN_MS ? TICK_MIN_MS : wanted_ms > TICK_MAX_MS ? TICK_MAX_MS : wanted_ms;
}

bool http_server_start(struct loop *loop, const struct http_server_settings *settings,
                       const struct http_server_callbacks *callbacks, void *data,
                       struct http_server **ret_server, struct err *err)
{
    struct http_server *server = memory_take(sizeof(*server));

    assert(settings->listener_count <= HTTP_SERVER_LISTENERS_MAX && callbacks->handle != NULL);
    take_settings(&server->settings, settings);
    server->loop = loop;
    server->callbacks = *callbacks;
    server->data = data;
    LIST_INIT(&server->connections);
    LIST_INIT(&server->waiting);
    LIST_INIT(&server->streams);
    server->tick =
        loop_timer_start(loop, tick_ms(&server->settings), tick_ms(&server->settings), look_around, server);
    server->gone_fd = epoll_create1(EPOLL_CLOEXEC);
    bool is_started = server->gone_fd >= 0 || err_set(err, ERR_IO, "epoll: %s", strerror(errno));
    is_started = is_started &&
                 loop_poll_start(loop, server->gone_fd, LOOP_READABLE, http_request_take_gone, server,
                                 &server->gone_poll, err) &&
                 start_listeners(server, settings, err);
    if (is_started) {
        *ret_server = server;
        return true;
    }
    for (size_t i = 0; i < server->settings.listener_count; i++) {
        if (server->listeners[i].daemon != NULL)
            stop_listening(&server->listeners[i]);
    }
    destroy(server);
    return false;
}

uint16_t http_server_port(const struct http_server *server, size_t index)
{
    assert(index < server->settings.listener_count);
    return server->listeners[index].port;
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return server->counts;
}
