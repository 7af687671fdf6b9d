/* smtp_letter.c - a letter translated to curl's options, and curl's result translated back.
 * SPDX-License-Identifier: MIT */
#include "io/smtp_letter.h"

#include "io/http_transfer.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAID_SIZE = 256, SOCKETS_MAX = 8 };

/* A connection of its own: curl would take one from its pool that is not encrypted for a letter that must be,
 * and wait there, with everything else, until the server answers its good-bye. */
struct smtp_sending {
    int sockets[SOCKETS_MAX]; /* open ones; it may try several addresses at once */
    size_t socket_count;
    bool is_leaving; /* the good-bye is said */
    struct curl_slist *recipients;
    char *text;
    size_t length, sent;
    char said[SAID_SIZE]; /* the server's last line */
};

#define SET(transfer, option, value)                                                                         \
    do {                                                                                                     \
        if (curl_easy_setopt((transfer)->easy, (option), (value)) != CURLE_OK)                               \
            abort();                                                                                         \
    } while (0)

static size_t give_text(char *to, size_t size, size_t count, void *data)
{
    struct smtp_sending *sending = data;
    size_t left = sending->length - sending->sent;
    size_t given = size * count < left ? size * count : left;

    memcpy(to, sending->text + sending->sent, given);
    sending->sent += given;
    return given;
}

/* Each line that the server says comes as a header does. */
static size_t take_line(char *bytes, size_t size, size_t count, void *data)
{
    struct smtp_sending *sending = data;
    size_t length = size * count;
    size_t kept = length < SAID_SIZE ? length : SAID_SIZE - 1;

    if (sending->is_leaving)
        return length;
    while (kept > 0 && (bytes[kept - 1] == '\r' || bytes[kept - 1] == '\n'))
        kept--;
    memcpy(sending->said, bytes, kept);
    sending->said[kept] = '\0';
    return length;
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct smtp_sending *sending = data;

    (void)purpose;
    if (sending->socket_count == SOCKETS_MAX)
        return CURL_SOCKET_BAD;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    sending->sockets[sending->socket_count++] = fd;
    return fd;
}

static int close_socket(void *data, curl_socket_t fd)
{
    struct smtp_sending *sending = data;

    for (size_t i = 0; i < sending->socket_count; i++)
        if (sending->sockets[i] == fd) {
            sending->sockets[i] = sending->sockets[--sending->socket_count];
            break;
        }
    return close(fd);
}

/* Behind its "QUIT" curl reads until the server answers, and the loop would stand still: so there is nothing
 * to read any more. What else is seen here (logins) is not looked at. */
static int watch(CURL *easy, curl_infotype type, char *bytes, size_t length, void *data)
{
    struct smtp_sending *sending = data;

    (void)easy;
    if (type != CURLINFO_HEADER_OUT || length < 4 || memcmp(bytes, "QUIT", 4) != 0)
        return 0;
    sending->is_leaving = true;
    for (size_t i = 0; i < sending->socket_count; i++)
        (void)shutdown(sending->sockets[i], SHUT_RD);
    return 0;
}

static void set_connection(struct http_transfer *transfer)
{
    SET(transfer, CURLOPT_FRESH_CONNECT, 1L);
    SET(transfer, CURLOPT_FORBID_REUSE, 1L);
    SET(transfer, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(transfer, CURLOPT_OPENSOCKETDATA, transfer->letter);
    SET(transfer, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    SET(transfer, CURLOPT_CLOSESOCKETDATA, transfer->letter);
    SET(transfer, CURLOPT_VERBOSE, 1L); /* to `watch` alone */
    SET(transfer, CURLOPT_DEBUGFUNCTION, watch);
    SET(transfer, CURLOPT_DEBUGDATA, transfer->letter);
}

static bool check(const struct smtp_letter *letter, struct err *err)
{
    if (letter->timeout_ms <= 0 || letter->to_count == 0)
        return err_set(err, ERR_INVALID, "a letter needs a timeout and somebody to go to");
    if (letter->to_count > SMTP_RECIPIENTS_MAX || letter->length > SMTP_LETTER_MAX)
        return err_set(err, ERR_LIMIT, "a letter has at most %d recipients and %d bytes", SMTP_RECIPIENTS_MAX,
                       SMTP_LETTER_MAX);
    return true;
}

static void set_envelope(struct http_transfer *transfer, const struct smtp_letter *letter)
{
    struct smtp_sending *sending = transfer->letter;

    for (size_t i = 0; i < letter->to_count; i++) {
        struct curl_slist *list = curl_slist_append(sending->recipients, letter->to[i]);
        if (list == NULL)
            abort();
        sending->recipients = list;
    }
    SET(transfer, CURLOPT_MAIL_FROM, letter->from);
    SET(transfer, CURLOPT_MAIL_RCPT, sending->recipients);
    SET(transfer, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
}

static void set_login(struct http_transfer *transfer, const struct smtp_letter *letter)
{
    bool must_encrypt = letter->must_encrypt || letter->user != NULL;

    SET(transfer, CURLOPT_USE_SSL, (long)(must_encrypt ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (letter->user != NULL)
        SET(transfer, CURLOPT_USERNAME, letter->user);
    if (letter->password != NULL)
        SET(transfer, CURLOPT_PASSWORD, letter->password->bytes);
    if (letter->ca_file != NULL)
        SET(transfer, CURLOPT_CAINFO, letter->ca_file);
}

static bool make_letter(struct http_transfer *transfer, const void *from, struct err *err)
{
    const struct smtp_letter *letter = from;

    *transfer = (struct http_transfer){.is_cut_allowed = true};
    if (!http_transfer_aim(transfer, letter->url, "smtp", "smtps", err) || !check(letter, err))
        return false;
    struct smtp_sending *sending = memory_take(sizeof(*sending));
    transfer->letter = sending;
    sending->text = memory_copy_bytes(letter->text, letter->length);
    sending->length = letter->length;
    http_transfer_prepare(transfer);
    SET(transfer, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(transfer, CURLOPT_URL, letter->url);
    set_connection(transfer);
    set_envelope(transfer, letter);
    set_login(transfer, letter);
    SET(transfer, CURLOPT_HEADERFUNCTION, take_line);
    SET(transfer, CURLOPT_HEADERDATA, sending);
    SET(transfer, CURLOPT_UPLOAD, 1L);
    SET(transfer, CURLOPT_READFUNCTION, give_text);
    SET(transfer, CURLOPT_READDATA, sending);
    SET(transfer, CURLOPT_INFILESIZE_LARGE, (curl_off_t)letter->length);
    SET(transfer, CURLOPT_TIMEOUT_MS, (long)letter->timeout_ms);
    SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)letter->timeout_ms);
    return true;
}

struct http_answer smtp_letter_answer(const struct http_transfer *transfer, CURLcode result)
{
    const struct smtp_sending *sending = transfer->letter;
    struct http_answer answer = {.body = "", .headers = ""};
    long code = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
    if (result != CURLE_OK && code < 400) {
        http_transfer_explain(transfer, result, &answer.err);
        return answer;
    }
    answer.status = result == CURLE_OK ? 250 : (int)code;
    answer.body = sending->said;
    answer.length = strlen(sending->said);
    return answer;
}

void smtp_letter_done(struct http_transfer *transfer)
{
    struct smtp_sending *sending = transfer->letter;

    if (sending == NULL)
        return;
    curl_slist_free_all(sending->recipients);
    free(sending->text);
    free(sending);
    transfer->letter = NULL;
}

struct http_call *smtp_letter_start(struct http_client *client, const struct smtp_letter *letter,
                                    void (*done)(void *data, const struct http_answer *answer), void *data)
{
    return http_client_start(client, make_letter, letter, letter->timeout_ms, done, data);
}
