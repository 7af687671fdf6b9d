/* vault_login.c - login, renewal, and what follows when either fails.
 * SPDX-License-Identifier: MIT */
#include "io/vault_login.h"

#include "base/text.h"
#include "io/memory.h"
#include "io/vault_answer.h"

#include <stdlib.h>
#include <string.h>

enum {
    URL_SIZE = 2048,
    LEASE_NUMERATOR = 2, /* of a lease's length, after which it is renewed */
    LEASE_DENOMINATOR = 3,
    LOGIN_REST_MS = 1000, /* between two logins, whoever asks for them */
    HEADERS_MAX = 4
};

static const int64_t pauses_ms[] = {500, 1000, 2000, 5000, 10000, 30000};

struct vault_login {
    struct loop *loop;
    struct http_client *http;
    const struct vault_settings *settings;
    struct vault_login_ear ear;
    struct loop_timer *timer; /* the next login or renewal */
    struct http_call *call;
    struct secret token; /* none: not logged in */
    uint64_t number;
    int64_t first_lease_ms; /* of the token when it was new */
    int64_t begun_ms;       /* when the last login began */
    bool is_renewable;      /* and worth it: a renewal does not only use up the rest */
    unsigned failures;
    struct err err;
};

int64_t vault_pause_ms(unsigned failures)
{
    size_t last = ARRAY_LENGTH(pauses_ms) - 1;

    return pauses_ms[failures < last ? failures : last];
}

struct http_call *vault_ask(struct http_client *http, const struct vault_settings *settings,
                            const struct secret *token, const char *path, const char *body,
                            void (*done)(void *data, const struct http_answer *answer), void *data)
{
    size_t length = strlen(settings->url);
    struct http_header headers[HEADERS_MAX];
    char url[URL_SIZE];
    struct text text;

    while (length > 0 && settings->url[length - 1] == '/')
        length--;
    text_init(&text, url, sizeof(url));
    text_add(&text, "%.*s/v1/%s", (int)length, settings->url, path);
    struct http_request request = {.method = body == NULL ? "GET" : "POST",
                                   .url = url,
                                   .headers = headers,
                                   .body = body,
                                   .body_length = body == NULL ? 0 : strlen(body),
                                   .ca_file = settings->ca,
                                   .timeout_ms = settings->timeout_ms,
                                   .answer_max = VAULT_ANSWER_MAX};

    /* Vault's own agents want it too: a page that makes a browser ask cannot set it. */
    headers[request.header_count++] = (struct http_header){"X-Vault-Request", "true"};
    if (body != NULL)
        headers[request.header_count++] = (struct http_header){"Content-Type", "application/json"};
    if (token != NULL)
        headers[request.header_count++] = (struct http_header){"X-Vault-Token", token->bytes};
    if (settings->name_space != NULL)
        headers[request.header_count++] = (struct http_header){"X-Vault-Namespace", settings->name_space};
    return http_request_start(http, &request, done, data);
}

static void changed(struct vault_login *login)
{
    login->ear.changed(login->ear.data);
}

static void rest(struct vault_login *login, int64_t ms)
{
    loop_timer_move(login->timer, ms > 0 ? ms : 1);
}

/* The next try after a failure; a token that is still there stays in use. */
static void fail(struct vault_login *login, const struct err *err, const char *what)
{
    login->err = *err;
    (void)err_wrap(&login->err, "%s", what);
    rest(login, vault_pause_ms(login->failures));
    login->failures++;
    changed(login);
}

static void drop_token(struct vault_login *login)
{
    secret_drop(&login->token);
    login->is_renewable = false;
}

/* A lease that a renewal does not lengthen any more comes near its last end; one of no time at all does not
 * end, but where it did before it is over. */
static void plan(struct vault_login *login, int64_t lease_ms, bool is_renewable)
{
    login->is_renewable = is_renewable && 2 * lease_ms > login->first_lease_ms;
    if (lease_ms > 0 || login->first_lease_ms > 0)
        rest(login, lease_ms / LEASE_DENOMINATOR * LEASE_NUMERATOR);
    else
        loop_timer_pause(login->timer);
}

static void take_token(struct vault_login *login, struct secret *token)
{
    login->ear.learned(login->ear.data, token->bytes, token->length);
    secret_drop(&login->token);
    login->token = *token;
    *token = (struct secret){0};
    login->number++;
}

/* ---- renewal ---- */

static void begin(void *data);

static void renewed(void *data, const struct http_answer *answer)
{
    CLEANUP(vault_lease_drop) struct vault_lease lease = {0};
    struct vault_login *login = data;
    struct err err = {0};

    login->call = NULL;
    if (vault_answer_lease(answer, &lease, &err)) {
        login->failures = 0;
        login->err = (struct err){0};
        if (login->first_lease_ms == 0)
            login->first_lease_ms = lease.lease_ms;
        plan(login, lease.lease_ms, lease.is_renewable);
        changed(login);
        return;
    }
    bool is_refused = err.code == ERR_FORBIDDEN || err.code == ERR_INVALID || err.code == ERR_NOT_FOUND;
    login->is_renewable = login->is_renewable && !is_refused;
    if (!is_refused)
        fail(login, &err, "renewing the token");
    else if (login->settings->token == NULL)
        begin(login);
    else /* it may well read, until that is refused too */
        loop_timer_pause(login->timer);
}

static void renew(struct vault_login *login)
{
    login->call =
        vault_ask(login->http, login->settings, &login->token, "auth/token/renew-self", "{}", renewed, login);
}

/* ---- login ---- */

static void logged_in(void *data, const struct http_answer *answer)
{
    CLEANUP(vault_lease_drop) struct vault_lease lease = {0};
    struct vault_login *login = data;
    struct err err = {0};

    login->call = NULL;
    if (!vault_answer_lease(answer, &lease, &err)) {
        fail(login, &err, "logging in");
        return;
    }
    login->failures = 0;
    login->err = (struct err){0};
    login->first_lease_ms = lease.lease_ms;
    take_token(login, &lease.token);
    plan(login, lease.lease_ms, lease.is_renewable);
    changed(login);
}

static void log_in(struct vault_login *login)
{
    CLEANUP(secret_drop) struct secret secret_id = {0};
    char path[URL_SIZE / 2];
    struct text text;
    struct err err = {0};

    if (!secret_load(NULL, login->settings->secret_id, &secret_id, &err)) {
        fail(login, &err, "secret_id");
        return;
    }
    login->ear.learned(login->ear.data, secret_id.bytes, secret_id.length);
    text_init(&text, path, sizeof(path));
    text_add(&text, "auth/%s/login", login->settings->login);
    char *body = vault_login_body(login->settings->role_id, &secret_id);
    login->call = vault_ask(login->http, login->settings, NULL, path, body, logged_in, login);
    vault_text_free(body);
}

/* How long it lasts is only told when it is renewed. */
static void read_token(struct vault_login *login)
{
    CLEANUP(secret_drop) struct secret token = {0};
    struct err err = {0};

    if (!secret_load(NULL, login->settings->token, &token, &err)) {
        fail(login, &err, "token");
        return;
    }
    login->err = (struct err){0};
    login->first_lease_ms = 0;
    take_token(login, &token);
    login->is_renewable = true;
    renew(login);
    changed(login);
}

static void begin(void *data)
{
    struct vault_login *login = data;

    if (login->call != NULL)
        return;
    if (login->token.bytes != NULL && login->is_renewable) {
        renew(login);
        return;
    }
    login->begun_ms = loop_now_ms();
    if (login->settings->token != NULL)
        read_token(login);
    else
        log_in(login);
}

void vault_login_refused(struct vault_login *login, uint64_t number)
{
    if (number != login->number || login->token.bytes == NULL)
        return;
    http_request_cancel(login->call); /* a renewal of it */
    login->call = NULL;
    drop_token(login);
    int64_t since_ms = loop_now_ms() - login->begun_ms;
    rest(login, LOGIN_REST_MS - since_ms);
}

/* ---- its life ---- */

struct vault_login *vault_login_new(struct loop *loop, struct http_client *http,
                                    const struct vault_settings *settings, const struct vault_login_ear *ear)
{
    struct vault_login *login = memory_take(sizeof(*login));

    login->loop = loop;
    login->http = http;
    login->settings = settings;
    login->ear = *ear;
    login->timer = loop_timer_start(loop, 1, 0, begin, login);
    return login;
}

void vault_login_free(struct vault_login *login)
{
    if (login == NULL)
        return;
    loop_timer_stop(login->timer);
    http_request_cancel(login->call);
    drop_token(login);
    free(login);
}

const struct secret *vault_login_token(const struct vault_login *login, uint64_t *ret_number)
{
    *ret_number = login->number;
    return login->token.bytes == NULL ? NULL : &login->token;
}

const struct err *vault_login_trouble(const struct vault_login *login)
{
    return login->err.code == ERR_NONE ? NULL : &login->err;
}

uint64_t vault_login_count(const struct vault_login *login)
{
    return login->number;
}
