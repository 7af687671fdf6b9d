/* http_transfer.c - a request translated to curl's options, and curl's result translated back.
 * SPDX-License-Identifier: MIT */
#include "io/http_transfer.h"

#include "base/text.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { STALL_BYTES_PER_S = 1, METHOD_MAX = 16 };

/* curl's setopt is a macro that checks types; a refused option would be our mistake or a curl without the
 * feature. */
#define SET(transfer, option, value)                                                                         \
    do {                                                                                                     \
        if (curl_easy_setopt((transfer)->easy, (option), (value)) != CURLE_OK)                               \
            abort();                                                                                         \
    } while (0)

static const char on_unix[] = "unix:";

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
    struct http_transfer *transfer = data;
    size_t length = size * count;
    size_t taken = buffer_fill(&transfer->body, bytes, length);

    transfer->is_cut = taken < length;
    return taken;
}

/* Every response begins with its status line, also the "100 Continue" before the one that counts. */
static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
    struct http_transfer *transfer = data;
    size_t length = size * count;
    size_t kept = length;

    while (kept > 0 && (bytes[kept - 1] == '\r' || bytes[kept - 1] == '\n'))
        kept--;
    if (kept >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buffer_done(&transfer->headers);
    else if (kept > 0 &&
             (!buffer_add(&transfer->headers, bytes, kept) || !buffer_add(&transfer->headers, "\n", 1)))
        return 0;
    return length;
}

void http_transfer_prepare(struct http_transfer *transfer)
{
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        abort();
    SET(transfer, CURLOPT_NOSIGNAL, 1L);
    /* Giving up during a look-up must not wait for the thread that does it. */
    SET(transfer, CURLOPT_QUICK_EXIT, 1L);
    SET(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    SET(transfer, CURLOPT_PROXY, "");
    SET(transfer, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(transfer, CURLOPT_ACCEPT_ENCODING, "gzip");
    SET(transfer, CURLOPT_USERAGENT, "verdictd/" VERDICT_VERSION);
    SET(transfer, CURLOPT_ERRORBUFFER, transfer->error);
    SET(transfer, CURLOPT_WRITEFUNCTION, take_body);
    SET(transfer, CURLOPT_WRITEDATA, transfer);
    SET(transfer, CURLOPT_HEADERFUNCTION, take_header);
    SET(transfer, CURLOPT_HEADERDATA, transfer);
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

static void add_part(struct text *target, CURLU *url, CURLUPart part, const char *before)
{
    char *value = NULL;

    if (curl_url_get(url, part, &value, 0) == CURLUE_OK)
        text_add(target, "%s%s", before, value);
    curl_free(value);
}

/* "https" of "https://host:port". */
static bool has_scheme(const struct http_transfer *transfer, const char *scheme)
{
    size_t length = strlen(scheme);

    return strncasecmp(transfer->target, scheme, length) == 0 &&
           strncmp(transfer->target + length, "://", 3) == 0;
}

bool http_transfer_aim(struct http_transfer *transfer, const char *where, const char *scheme,
                       const char *other, struct err *err)
{
    CURLU *url = curl_url();
    struct text target;
    bool is_good = url != NULL && curl_url_set(url, CURLUPART_URL, where, 0) == CURLUE_OK;

    text_init(&target, transfer->target, sizeof(transfer->target));
    if (is_good) {
        add_part(&target, url, CURLUPART_SCHEME, "");
        add_part(&target, url, CURLUPART_HOST, "://");
        add_part(&target, url, CURLUPART_PORT, ":");
    }
    curl_url_cleanup(url);
    if (!is_good || has_control(where))
        return err_set(err, ERR_INVALID, "the URL is not valid");
    if (!has_scheme(transfer, scheme) && !has_scheme(transfer, other))
        return err_set(err, ERR_INVALID, "%s: only %s and %s are spoken", transfer->target, scheme, other);
    return true;
}

static bool check_method(const char *method, struct err *err)
{
    size_t length = method == NULL ? 0 : strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (method != NULL && (length == 0 || length > METHOD_MAX || method[length] != '\0'))
        return err_set(err, ERR_INVALID, "the method is not upper-case letters");
    return true;
}

static bool check_limits(const struct http_request *request, struct err *err)
{
    if (request->timeout_ms <= 0 || request->answer_max == 0)
        return err_set(err, ERR_INVALID, "a request needs a timeout and a maximum for its answer");
    if (request->header_count > HTTP_REQUEST_HEADERS_MAX)
        return err_set(err, ERR_LIMIT, "a request has at most %d headers", HTTP_REQUEST_HEADERS_MAX);
    return true;
}

/* One line of the request; the copy that is made on the way is wiped. */
static bool add_header(struct http_transfer *transfer, const char *name, const char *separator,
                       const char *value, struct err *err)
{
    if (has_control(name) || has_control(value))
        return err_set(err, ERR_INVALID, "%s: a header's value holds a control character", transfer->target);
    size_t size = strlen(name) + strlen(separator) + strlen(value) + 1;
    char *memory = memory_take(size);
    struct text line;

    text_init(&line, memory, size);
    text_add(&line, "%s%s%s", name, separator, value);
    struct curl_slist *list = curl_slist_append(transfer->request_headers, memory);
    explicit_bzero(memory, size);
    free(memory);
    if (list == NULL)
        abort();
    transfer->request_headers = list;
    return true;
}

static bool has_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

/* Takes back two headers of curl's own: "Expect" costs a round trip, its "Content-Type" is wrong for us. A
 * signed request keeps them, because curl would sign what it does not send. */
static bool remove_headers(struct http_transfer *transfer, const struct http_request *request,
                           struct err *err)
{
    if (request->body == NULL || request->aws_sigv4 != NULL)
        return true;
    if (!has_header(request, "Content-Type") && !add_header(transfer, "Content-Type", ":", "", err))
        return false;
    return add_header(transfer, "Expect", ":", "", err);
}

static bool add_headers(struct http_transfer *transfer, const struct http_request *request, struct err *err)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        /* curl takes "Name:" as "leave it out" and "Name;" as "with an empty value". */
        if (!add_header(transfer, header->name, header->value[0] == '\0' ? ";" : ": ", header->value, err))
            return false;
    }
    if (request->bearer != NULL &&
        !add_header(transfer, "Authorization", ": Bearer ", request->bearer->bytes, err))
        return false;
    if (!remove_headers(transfer, request, err))
        return false;
    SET(transfer, CURLOPT_HTTPHEADER, transfer->request_headers);
    return true;
}

static void set_body(struct http_transfer *transfer, const void *body, size_t length)
{
    SET(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    SET(transfer, CURLOPT_COPYPOSTFIELDS, length > 0 ? body : "");
}

static void set_method(struct http_transfer *transfer, const struct http_request *request)
{
    const char *method = request->method;

    if (request->body != NULL)
        set_body(transfer, request->body, request->body_length);
    if (method == NULL)
        return;
    if (strcmp(method, "HEAD") == 0)
        SET(transfer, CURLOPT_NOBODY, 1L);
    else if (request->body == NULL && (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0))
        set_body(transfer, "", 0); /* servers want a Content-Length there, if only of 0 */
    SET(transfer, CURLOPT_CUSTOMREQUEST, method);
}

static void set_authentication(struct http_transfer *transfer, const struct http_request *request)
{
    if (request->aws_sigv4 != NULL)
        SET(transfer, CURLOPT_AWS_SIGV4, request->aws_sigv4);
    else if (request->user != NULL)
        SET(transfer, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    if (request->user != NULL)
        SET(transfer, CURLOPT_USERNAME, request->user);
    if (request->password != NULL)
        SET(transfer, CURLOPT_PASSWORD, request->password->bytes);
}

/* A connection of its own, so that the certificate is today's. */
static void set_handshake(struct http_transfer *transfer)
{
    SET(transfer, CURLOPT_CONNECT_ONLY, 1L);
    SET(transfer, CURLOPT_CERTINFO, 1L);
    SET(transfer, CURLOPT_FRESH_CONNECT, 1L);
    SET(transfer, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

/* Name and port of the URL stay what the certificate and the server are told. */
static void set_place(struct http_transfer *transfer, const struct http_request *request)
{
    struct text line;
    char memory[HTTP_TARGET_SIZE];

    if (request->unix_path != NULL) {
        (void)snprintf(transfer->target, sizeof(transfer->target), "%s%.290s", on_unix, request->unix_path);
        SET(transfer, CURLOPT_UNIX_SOCKET_PATH, request->unix_path);
    }
    if (request->connect_to == NULL)
        return;
    text_init(&line, memory, sizeof(memory));
    text_add(&line, "::%s", request->connect_to);
    transfer->places = curl_slist_append(NULL, memory);
    if (transfer->places == NULL)
        abort();
    SET(transfer, CURLOPT_CONNECT_TO, transfer->places);
}

static void set_tls(struct http_transfer *transfer, const struct http_request *request)
{
    if (request->ca_file != NULL)
        SET(transfer, CURLOPT_CAINFO, request->ca_file);
    if (request->client_cert_file != NULL)
        SET(transfer, CURLOPT_SSLCERT, request->client_cert_file);
    if (request->client_key_file != NULL)
        SET(transfer, CURLOPT_SSLKEY, request->client_key_file);
}

static void set_deadlines(struct http_transfer *transfer, const struct http_request *request)
{
    int64_t connect_ms = request->connect_timeout_ms > 0 ? request->connect_timeout_ms : request->timeout_ms;

    SET(transfer, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    if (request->stall_timeout_ms <= 0)
        return;
    SET(transfer, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    SET(transfer, CURLOPT_LOW_SPEED_TIME, (long)((request->stall_timeout_ms + 999) / 1000));
}

bool http_transfer_init(struct http_transfer *transfer, const struct http_request *request, struct err *err)
{
    *transfer = (struct http_transfer){.is_cut_allowed = request->is_cut_allowed};
    buffer_init(&transfer->body, request->answer_max);
    buffer_init(&transfer->headers, HTTP_HEADERS_SIZE_MAX);
    if (request->refused != NULL)
        return err_set(err, request->refused->code, "%s", request->refused->text);
    if (!http_transfer_aim(transfer, request->url, "http", "https", err) ||
        !check_method(request->method, err) || !check_limits(request, err))
        return false;
    http_transfer_prepare(transfer);
    SET(transfer, CURLOPT_URL, request->url);
    transfer->is_handshake = request->is_handshake;
    if (request->is_handshake)
        set_handshake(transfer);
    set_place(transfer, request);
    set_method(transfer, request);
    set_authentication(transfer, request);
    set_tls(transfer, request);
    set_deadlines(transfer, request);
    return add_headers(transfer, request, err);
}

static enum err_code code_of(CURLcode result)
{
    static const struct {
        CURLcode result;
        enum err_code code;
    } codes[] = {
        {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},
        {CURLE_WRITE_ERROR, ERR_LIMIT},
        {CURLE_URL_MALFORMAT, ERR_INVALID},
        {CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL},
        {CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL},
        {CURLE_BAD_CONTENT_ENCODING, ERR_PROTOCOL},
        {CURLE_SSL_CONNECT_ERROR, ERR_PROTOCOL},
        {CURLE_PEER_FAILED_VERIFICATION, ERR_PROTOCOL},
        {CURLE_SSL_CERTPROBLEM, ERR_INVALID},
        {CURLE_SSL_CACERT_BADFILE, ERR_INVALID},
        {CURLE_HTTP2, ERR_PROTOCOL},
        {CURLE_HTTP2_STREAM, ERR_PROTOCOL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        if (codes[i].result == result)
            return codes[i].code;
    return ERR_UNAVAILABLE;
}

/* Of a Unix socket curl tells the port that the URL would have. */
static bool explain_socket(const struct http_transfer *transfer, CURLcode result, struct err *err)
{
    long cause = 0;

    if (result != CURLE_COULDNT_CONNECT || strncmp(transfer->target, on_unix, strlen(on_unix)) != 0)
        return false;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &cause);
    (void)err_set(err, ERR_UNAVAILABLE, "%s: nobody answers there: %s", transfer->target,
                  cause != 0 ? strerror((int)cause) : "it cannot be connected to");
    return true;
}

void http_transfer_explain(const struct http_transfer *transfer, CURLcode result, struct err *err)
{
    if (explain_socket(transfer, result, err))
        return;
    if (result == CURLE_WRITE_ERROR)
        (void)err_set(err, ERR_LIMIT, "%s: %s of the answer are longer than %zu bytes", transfer->target,
                      transfer->is_cut ? "the contents" : "the headers",
                      transfer->is_cut ? transfer->body.length_max : transfer->headers.length_max);
    else
        (void)err_set(err, code_of(result), "%s: %s", transfer->target,
                      transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result));
}

/* OpenSSL's curl writes the end of the peer's own certificate as "Expire date:Nov 26 09:16:06 2026 GMT". */
static int64_t certificate_end_s(const struct http_transfer *transfer)
{
    static const char word[] = "Expire date:";
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(transfer->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next) {
        if (strncasecmp(line->data, word, sizeof(word) - 1) != 0)
            continue;
        time_t end_s = curl_getdate(line->data + sizeof(word) - 1, NULL);
        return end_s > 0 ? end_s : 0;
    }
    return 0;
}

struct http_answer http_transfer_answer(const struct http_transfer *transfer, CURLcode result)
{
    struct http_answer answer = {.body = "", .headers = ""};
    curl_off_t total_us = 0;
    long status = 0;

    if (transfer->letter != NULL)
        return smtp_letter_answer(transfer, result);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    answer.time_total_ms = (double)total_us / 1000;
    if (result == CURLE_WRITE_ERROR && transfer->is_cut && transfer->is_cut_allowed)
        result = CURLE_OK;
    if (result == CURLE_OK && transfer->is_handshake) {
        answer.has_shaken_hands = true;
        answer.certificate_end_s = certificate_end_s(transfer);
        return answer;
    }
    if (result != CURLE_OK || status == 0) {
        http_transfer_explain(transfer, result != CURLE_OK ? result : CURLE_WEIRD_SERVER_REPLY, &answer.err);
        return answer;
    }
    answer.status = (int)status;
    answer.body = buffer_text(&transfer->body);
    answer.length = transfer->body.length;
    answer.is_cut = transfer->is_cut;
    answer.headers = buffer_text(&transfer->headers);
    return answer;
}

void http_transfer_done(struct http_transfer *transfer)
{
    for (struct curl_slist *line = transfer->request_headers; line != NULL; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_easy_cleanup(transfer->easy);
    smtp_letter_done(transfer);
    curl_slist_free_all(transfer->request_headers);
    curl_slist_free_all(transfer->places);
    buffer_done(&transfer->body);
    buffer_done(&transfer->headers);
    transfer->easy = NULL;
    transfer->request_headers = NULL;
    transfer->places = NULL;
}
