/* http_listener.c - binds the sockets of the HTTP server and tells who connects.
 * SPDX-License-Identifier: MIT */
#include "io/http_listener.h"

#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, PORT_TEXT_MAX = 8, SOCKET_MODE = 0660 };

static bool system_failed(struct err *err, const char *where, const char *doing)
{
    enum err_code code = errno == EADDRINUSE ? ERR_EXISTS : ERR_IO;

    return err_set(err, code, "%s %s: %s", doing, where, strerror(errno));
}

static bool listen_on(int fd, const struct sockaddr *address, socklen_t length, const char *where,
                      struct err *err)
{
    if (bind(fd, address, length) != 0)
        return system_failed(err, where, "binding");
    if (listen(fd, BACKLOG) != 0)
        return system_failed(err, where, "listening on");
    return true;
}

/* A socket file on which nobody listens is left over from a killed daemon. */
static bool remove_stale(const struct sockaddr_un *address, struct err *err)
{
    struct stat status;

    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? true : system_failed(err, address->sun_path, "looking at");
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, ERR_EXISTS, "%s is there and is no socket", address->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_failed(err, address->sun_path, "connecting to");
    bool is_stale =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    if (!is_stale)
        return err_set(err, ERR_EXISTS, "somebody listens on %s already", address->sun_path);
    if (unlink(address->sun_path) != 0)
        return system_failed(err, address->sun_path, "removing");
    return true;
}

static bool open_unix(const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
        return err_set(err, ERR_INVALID, "%s is too long for a socket", path);
    if (!remove_stale(&address, err))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_failed(err, path, "making");
    /* Nobody else may connect before the mode is set. */
    (void)fchmod(fd, S_IRUSR | S_IWUSR);
    bool is_open = listen_on(fd, (const struct sockaddr *)&address, sizeof(address), path, err);
    if (is_open && chmod(path, SOCKET_MODE) != 0)
        is_open = system_failed(err, path, "setting the mode of");
    if (is_open)
        *ret_fd = fd;
    else
        (void)close(fd);
    return is_open;
}

/* "127.0.0.1:80" or "[::1]:80" as host and port. */
static bool split_address(const char *address, char *host, size_t size, char *port, struct err *err)
{
    const char *colon = strrchr(address, ':');
    bool has_brackets = address[0] == '[' && colon > address + 1 && colon[-1] == ']';
    const char *start = has_brackets ? address + 1 : address;
    int64_t number = 0;

    if (colon == NULL || !text_to_integer(colon + 1, 0, UINT16_MAX, &number))
        return err_set(err, ERR_INVALID, "%s is not ADDRESS:PORT", address);
    size_t length = (size_t)(colon - start) - (has_brackets ? 1 : 0);
    if (length == 0 || length >= size)
        return err_set(err, ERR_INVALID, "%s is not ADDRESS:PORT", address);
    memcpy(host, start, length);
    host[length] = '\0';
    (void)snprintf(port, PORT_TEXT_MAX, "%u", (unsigned)number);
    return true;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {.six = {0}};
    socklen_t length = sizeof(address);

    if (getsockname(fd, &address.any, &length) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port : address.four.sin_port);
}

static bool open_found(const struct addrinfo *found, const char *where, int *ret_fd, struct err *err)
{
    const int on = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return system_failed(err, where, "making");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (found->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (!listen_on(fd, found->ai_addr, found->ai_addrlen, where, err)) {
        (void)close(fd);
        return false;
    }
    *ret_fd = fd;
    return true;
}

static bool open_tcp(const char *where, int *ret_fd, uint16_t *ret_port, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    char host[HTTP_SERVER_ADDRESS_MAX];
    char port[PORT_TEXT_MAX];
    struct addrinfo *found = NULL;

    if (!split_address(where, host, sizeof(host), port, err))
        return false;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return err_set(err, ERR_INVALID, "%s is not a numeric address", host);
    bool is_open = open_found(found, where, ret_fd, err);
    freeaddrinfo(found);
    if (is_open)
        *ret_port = port_of(*ret_fd);
    return is_open;
}

bool http_listener_open(const struct http_server_listener *listener, int *ret_fd, uint16_t *ret_port,
                        struct err *err)
{
    if ((listener->unix_path == NULL) == (listener->address == NULL))
        return err_set(err, ERR_INVALID, "a listener is a Unix socket or an address");
    if ((listener->certificate == NULL) != (listener->key == NULL))
        return err_set(err, ERR_INVALID, "a certificate needs its key, and a key its certificate");
    if (listener->address != NULL)
        return open_tcp(listener->address, ret_fd, ret_port, err);
    *ret_port = 0;
    return open_unix(listener->unix_path, ret_fd, err);
}

static socklen_t address_length(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

struct http_server_peer http_listener_peer(int fd, const struct sockaddr *address, bool is_tls)
{
    struct http_server_peer peer = {.is_tls = is_tls, .uid = (uid_t)-1};
    struct ucred credentials = {.uid = (uid_t)-1};
    socklen_t length = sizeof(credentials);
    int domain = 0;
    socklen_t domain_length = sizeof(domain);

    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_length);
    peer.is_unix = domain == AF_UNIX;
    if (peer.is_unix && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
        peer.uid = credentials.uid;
    if (!peer.is_unix && address != NULL)
        (void)getnameinfo(address, address_length(address), peer.address, sizeof(peer.address), NULL, 0,
                          NI_NUMERICHOST);
    return peer;
}
