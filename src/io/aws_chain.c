/* aws_chain.c - one place after the other, the last three by HTTP.
 * SPDX-License-Identifier: MIT */
#include "io/aws_chain.h"

#include "base/text.h"
#include "io/aws_error.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    STS_TIMEOUT_MS = 5000,
    NEAR_TIMEOUT_MS = 2000, /* container and instance: on the same machine */
    NEAR_CONNECT_MS = 1000,
    ANSWER_MAX = 64 * 1024,
    URL_SIZE = 2048,
    ROLE_MAX = 256
};

struct aws_chain {
    struct loop *loop;
    struct http_client *http;
    struct aws_chain_settings settings;
    size_t next_link;
    struct http_call *call;
    struct secret token; /* of the instance's metadata, or the container's */
    char role[ROLE_MAX];
    void (*done)(void *data, struct aws_keys *keys, const struct err *err);
    void *data;
};

static void go_on(void *data);

static void free_chain(struct aws_chain *chain)
{
    secret_drop(&chain->token);
    free(chain);
}

static void end(struct aws_chain *chain, struct aws_keys *keys, const struct err *err)
{
    void (*done)(void *data, struct aws_keys *keys, const struct err *err) = chain->done;
    void *data = chain->data;

    free_chain(chain);
    done(data, keys, err);
}

static void end_with(struct aws_chain *chain, bool is_good, struct aws_keys *keys, struct err *err,
                     const char *where)
{
    if (!is_good)
        (void)err_wrap(err, "AWS credentials from %s", where);
    end(chain, is_good ? keys : NULL, err);
}

/* A variable that is set and not empty. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);

    return text != NULL && text[0] != '\0' ? text : NULL;
}

static void ask(struct aws_chain *chain, const struct http_request *what,
                void (*answered)(void *data, const struct http_answer *answer))
{
    struct http_request request = *what;

    request.answer_max = ANSWER_MAX;
    chain->call = http_request_start(chain->http, &request, answered, chain);
}

static bool is_good(const struct http_answer *answer, struct err *err)
{
    struct aws_error error;

    if (answer->status == 200)
        return true;
    if (answer->status == 0)
        return err_set(err, answer->err.code, "%s", answer->err.text);
    aws_error_read(answer, &error);
    return err_set(err, error.is_denied ? ERR_FORBIDDEN : ERR_UNAVAILABLE, "%s", error.text);
}

/* ---- the environment ---- */

static bool begin_environment(struct aws_chain *chain)
{
    const char *id = variable("AWS_ACCESS_KEY_ID");
    const char *secret = variable("AWS_SECRET_ACCESS_KEY");
    struct aws_keys keys = {0};
    struct err err = {0};

    if (id == NULL || secret == NULL)
        return false;
    bool is_set = aws_keys_set(id, secret, variable("AWS_SESSION_TOKEN"), 0, &keys, &err);
    end_with(chain, is_set, &keys, &err, "the environment");
    return true;
}

/* ---- a web identity ---- */

static void identity_answered(void *data, const struct http_answer *answer)
{
    struct aws_chain *chain = data;
    struct aws_keys keys = {0};
    struct err err = {0};

    chain->call = NULL;
    bool is_read = is_good(answer, &err) && aws_keys_from_sts(answer->body, answer->length, &keys, &err);
    end_with(chain, is_read, &keys, &err, "the web identity");
}

static void assume(struct aws_chain *chain, const char *role, const struct secret *token)
{
    static const struct http_header headers[] = {{"Content-Type", "application/x-www-form-urlencoded"}};
    const char *session = variable("AWS_ROLE_SESSION_NAME");
    size_t size = 3 * (token->length + strlen(role) + (session != NULL ? strlen(session) : 0)) + URL_SIZE;
    char *body = memory_take(size);
    char url[URL_SIZE];
    struct text form;

    text_init(&form, body, size);
    text_add(&form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=");
    aws_form_add(&form, role);
    text_add(&form, "&RoleSessionName=");
    aws_form_add(&form, session != NULL ? session : "verdictd");
    text_add(&form, "&WebIdentityToken=");
    aws_form_add(&form, token->bytes);
    (void)snprintf(url, sizeof(url), "https://sts.%.100s.amazonaws.com/", chain->settings.region);
    ask(chain,
        &(struct http_request){.method = "POST",
                               .url = chain->settings.sts_url != NULL ? chain->settings.sts_url : url,
                               .headers = headers,
                               .header_count = ARRAY_LENGTH(headers),
                               .body = body,
                               .body_length = form.length,
                               .ca_file = chain->settings.ca_file,
                               .timeout_ms = STS_TIMEOUT_MS},
        identity_answered);
    explicit_bzero(body, size);
    free(body);
}

static bool begin_identity(struct aws_chain *chain)
{
    const char *file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role = variable("AWS_ROLE_ARN");
    CLEANUP(secret_drop) struct secret token = {0};
    char reference[SECRET_REFERENCE_MAX];
    struct err err = {0};

    if (file == NULL || role == NULL)
        return false;
    (void)snprintf(reference, sizeof(reference), "file:%s", file);
    if (!secret_load_public(reference, &token, &err)) /* whoever projects it says who may read it */
        end_with(chain, false, NULL, &err, "the web identity");
    else
        assume(chain, role, &token);
    return true;
}

/* ---- the shared file ---- */

static bool begin_file(struct aws_chain *chain)
{
    const char *wanted = chain->settings.profile != NULL ? chain->settings.profile : variable("AWS_PROFILE");
    const char *file = variable("AWS_SHARED_CREDENTIALS_FILE");
    const char *home = variable("HOME");
    CLEANUP(secret_drop) struct secret text = {0};
    struct aws_keys keys = {0};
    char reference[SECRET_REFERENCE_MAX] = "";
    struct err err = {0};

    if (chain->settings.shared_file != NULL)
        (void)snprintf(reference, sizeof(reference), "%s", chain->settings.shared_file);
    else if (file != NULL || home != NULL)
        (void)snprintf(reference, sizeof(reference), "file:%s%s", file != NULL ? file : home,
                       file != NULL ? "" : "/.aws/credentials");
    bool is_asked_for = wanted != NULL || chain->settings.shared_file != NULL || file != NULL;
    bool is_read = reference[0] != '\0' && secret_load(NULL, reference, &text, &err) &&
                   aws_keys_from_profile(text.bytes, wanted != NULL ? wanted : "default", &keys, &err);
    if (!is_read && !is_asked_for && (reference[0] == '\0' || err.code == ERR_NOT_FOUND))
        return false;
    end_with(chain, is_read, &keys, &err, "the shared file");
    return true;
}

/* ---- the container ---- */

static void container_answered(void *data, const struct http_answer *answer)
{
    struct aws_chain *chain = data;
    struct aws_keys keys = {0};
    struct err err = {0};

    chain->call = NULL;
    bool is_read = is_good(answer, &err) && aws_keys_from_json(answer->body, answer->length, &keys, &err);
    end_with(chain, is_read, &keys, &err, "the container");
}

/* Keys travel in clear only where nobody else can listen. */
static bool is_near(const char *url)
{
    static const char *const hosts[] = {"127.0.0.1",     "localhost",      "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

    if (strncasecmp(url, "https://", 8) == 0)
        return true;
    if (strncasecmp(url, "http://", 7) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
        size_t length = strlen(hosts[i]);
        if (strncasecmp(url + 7, hosts[i], length) == 0 && strchr("/:", url[7 + length]) != NULL)
            return true;
    }
    return false;
}

static bool load_container_token(struct aws_chain *chain, struct err *err)
{
    const char *file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char reference[SECRET_REFERENCE_MAX];

    (void)snprintf(reference, sizeof(reference), "file:%s", file != NULL ? file : "");
    if (file != NULL)
        return secret_load_public(reference, &chain->token, err);
    if (token != NULL)
        secret_from_bytes(&chain->token, token, strlen(token));
    return true;
}

static bool begin_container(struct aws_chain *chain)
{
    const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *base = chain->settings.container_url;
    char url[URL_SIZE];
    struct err err = {0};

    if (relative == NULL && full == NULL)
        return false;
    int length = relative == NULL ? snprintf(url, sizeof(url), "%s", full)
                                  : snprintf(url, sizeof(url), "%s%s",
                                             base != NULL ? base : "http://169.254.170.2", relative);
    bool is_fitting = length > 0 && (size_t)length < sizeof(url);
    if (!is_fitting || (relative == NULL && !is_near(url)))
        (void)err_set(&err, ERR_INVALID, "its URI is neither https nor of this machine");
    if (err.code != ERR_NONE || !load_container_token(chain, &err)) {
        end_with(chain, false, NULL, &err, "the container");
        return true;
    }
    const struct http_header header = {"Authorization", chain->token.bytes};
    ask(chain,
        &(struct http_request){.url = url,
                               .headers = &header,
                               .header_count = chain->token.bytes != NULL,
                               .timeout_ms = NEAR_TIMEOUT_MS,
                               .connect_timeout_ms = NEAR_CONNECT_MS},
        container_answered);
    return true;
}

/* ---- the instance ---- */

static void ask_metadata(struct aws_chain *chain, const char *method, const char *path,
                         const struct http_header *header,
                         void (*answered)(void *data, const struct http_answer *answer))
{
    const char *base = chain->settings.metadata_url;
    char url[URL_SIZE];

    (void)snprintf(url, sizeof(url), "%s/latest/%s", base != NULL ? base : "http://169.254.169.254", path);
    ask(chain,
        &(struct http_request){.method = method,
                               .url = url,
                               .headers = header,
                               .header_count = 1,
                               .timeout_ms = NEAR_TIMEOUT_MS,
                               .connect_timeout_ms = NEAR_CONNECT_MS},
        answered);
}

static void ask_role(struct aws_chain *chain, void (*answered)(void *data, const struct http_answer *answer))
{
    const struct http_header header = {"X-aws-ec2-metadata-token", chain->token.bytes};
    char path[ROLE_MAX + 64];

    (void)snprintf(path, sizeof(path), "meta-data/iam/security-credentials/%s", chain->role);
    ask_metadata(chain, "GET", path, &header, answered);
}

static void instance_answered(void *data, const struct http_answer *answer)
{
    struct aws_chain *chain = data;
    struct aws_keys keys = {0};
    struct err err = {0};

    chain->call = NULL;
    bool is_read = is_good(answer, &err) && aws_keys_from_json(answer->body, answer->length, &keys, &err);
    end_with(chain, is_read, &keys, &err, "the instance");
}

/* The first line is the role's name. */
static void role_answered(void *data, const struct http_answer *answer)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
    struct aws_chain *chain = data;
    struct err err = {0};
    size_t length = answer->status == 200 ? strspn(answer->body, letters) : 0;

    chain->call = NULL;
    bool is_name = length > 0 && length < sizeof(chain->role) && strchr("\r\n", answer->body[length]) != NULL;
    if (!is_name) {
        if (answer->status == 404)
            (void)err_set(&err, ERR_NOT_FOUND, "it has no role");
        else if (is_good(answer, &err))
            (void)err_set(&err, ERR_PROTOCOL, "the name of its role is none");
        end_with(chain, false, NULL, &err, "the instance");
        return;
    }
    (void)snprintf(chain->role, sizeof(chain->role), "%.*s", (int)length, answer->body);
    ask_role(chain, instance_answered);
}

/* The last place: what is not reached is not there. */
static void token_answered(void *data, const struct http_answer *answer)
{
    struct aws_chain *chain = data;
    struct err err = {0};

    chain->call = NULL;
    if (answer->status == 200 && answer->length > 0) {
        secret_from_bytes(&chain->token, answer->body, answer->length);
        ask_role(chain, role_answered);
        return;
    }
    if (answer->status == 0) {
        go_on(chain);
        return;
    }
    (void)err_set(&err, ERR_UNAVAILABLE, "its metadata gives no token (%d)", answer->status);
    end_with(chain, false, NULL, &err, "the instance");
}

static bool begin_instance(struct aws_chain *chain)
{
    static const struct http_header header = {"X-aws-ec2-metadata-token-ttl-seconds", "21600"};
    const char *disabled = variable("AWS_EC2_METADATA_DISABLED");

    if (disabled != NULL && strcasecmp(disabled, "true") == 0)
        return false;
    ask_metadata(chain, "PUT", "api/token", &header, token_answered);
    return true;
}

/* ---- the chain ---- */

static void go_on(void *data)
{
    static bool (*const links[])(struct aws_chain * chain) = {begin_environment, begin_identity, begin_file,
                                                              begin_container, begin_instance};
    struct aws_chain *chain = data;
    struct err err = {0};

    while (chain->next_link < ARRAY_LENGTH(links))
        if (links[chain->next_link++](chain))
            return;
    (void)err_set(
        &err, ERR_NOT_FOUND,
        "no AWS credentials: not in the environment, no web identity, no shared file, no container, "
        "no instance");
    end(chain, NULL, &err);
}

struct aws_chain *aws_chain_start(struct loop *loop, struct http_client *http,
                                  const struct aws_chain_settings *settings,
                                  void (*done)(void *data, struct aws_keys *keys, const struct err *err),
                                  void *data)
{
    struct aws_chain *chain = memory_take(sizeof(*chain));

    *chain =
        (struct aws_chain){.loop = loop, .http = http, .settings = *settings, .done = done, .data = data};
    loop_defer(loop, go_on, chain);
    return chain;
}

void aws_chain_cancel(struct aws_chain *chain)
{
    if (chain == NULL)
        return;
    loop_defer_cancel(chain->loop, go_on, chain);
    http_request_cancel(chain->call);
    free_chain(chain);
}
