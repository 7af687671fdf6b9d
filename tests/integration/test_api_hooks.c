/* test_api_hooks.c - messages of other systems over a real socket and journal: signed ones start, once; what
 * is tampered with, too old or nobody's changes nothing.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/webhook_signature.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET   "It's a Secret to Everybody"
#define STANDARD "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static const struct hook_value values[] = {{.path = ".service"},         {.path = ".env"},
                                           {.path = ".version"},         {.path = ".who"},
                                           {.path = ".labels.service"},  {.path = ".labels.environment"},
                                           {.path = ".labels.alertname"}};

#define FIELD(which, place) [which] = {.values = &values[place], .count = 1}

#define FIELDS FIELD(HOOK_SERVICE, 0), FIELD(HOOK_ENVIRONMENT, 1), FIELD(HOOK_VERSION, 2)

static const char body[] = "{\"service\":\"shop\",\"env\":\"prod\",\"version\":\"2.0.0\",\"who\":\"alice\"}";

/* The hooks of the next requests; `references` keep the places of their secrets. */
struct hooks {
    char references[3][FOLDER_PATH_MAX + 8];
    struct settings_hook of[3];
};

static void write_secret(struct api_bench *bench, const char *name, const char *text, char *reference)
{
    char path[FOLDER_PATH_MAX];

    folder_write(&bench->folder, name, text);
    (void)snprintf(reference, FOLDER_PATH_MAX + 8, "file:%s", folder_path(&bench->folder, name, path));
}

static void begin(struct api_bench *bench, struct hooks *hooks)
{
    static const char *const services[] = {"mailer"};
    static const struct hook_condition running = {.path = ".state", .text = "running"};

    write_secret(bench, "plain", SECRET, hooks->references[0]);
    write_secret(bench, "standard", STANDARD, hooks->references[1]);
    (void)snprintf(hooks->references[2], sizeof(hooks->references[2]), "file:/nowhere/secret");
    hooks->of[0] = (struct settings_hook){.name = "ci",
                                          .kind = HOOK_JSON,
                                          .secret = hooks->references[0],
                                          .header = "X-Hub-Signature-256",
                                          .max_age_ms = 3600000,
                                          .fields = {FIELDS, FIELD(HOOK_ACTOR, 3)}};
    hooks->of[1] = (struct settings_hook){.name = "std",
                                          .kind = HOOK_JSON,
                                          .proof = HOOK_STANDARD,
                                          .secret = hooks->references[1],
                                          .header = "",
                                          .max_age_ms = 300000,
                                          .fields = {FIELDS}};
    hooks->of[2] = hooks->of[0];
    hooks->of[2].name = "mailers";
    hooks->of[2].services = (struct hook_texts){.texts = services, .count = 1};
    hooks->of[2].conditions = &running;
    hooks->of[2].condition_count = 1;
    bench->api->env.doors.hooks = hooks->of;
    bench->api->env.doors.hook_count = 3;
}

static void assert_answer(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

static const struct api_bench_call *post(struct api_bench *bench, const char *path, const char *text,
                                         const char *const *headers)
{
    static struct api_bench_call call;

    api_bench_send(bench, &call, "POST", path, text, headers);
    api_bench_wait(bench, &call);
    return &call;
}

static const struct api_bench_call *post_signed(struct api_bench *bench, const char *path, const char *text)
{
    char signature[8 + DIGEST_SHA256_HEX_SIZE] = "sha256=";
    const char *const headers[] = {"Content-Type", "application/json", "X-Hub-Signature-256", signature,
                                   NULL};

    digest_hmac_sha256_hex(SECRET, strlen(SECRET), text, strlen(text), signature + strlen(signature));
    return post(bench, path, text, headers);
}

static void a_signed_message_starts_once(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;

    begin(bench, &hooks);
    assert_answer(post_signed(bench, "/v1/hooks/ci", body), 202, "\"status\":201,\"deployment\":\"dep_1\"");
    assert_string_equal(bench->last.text, "shop/prod 2.0.0   by hook-ci for alice: ");
    /* Sent once more, by the sender or by whoever overheard it. */
    assert_answer(post_signed(bench, "/v1/hooks/ci", body), 202, "\"deployment\":\"dep_1\"");
    assert_int_equal(bench->start_count, 1);
    assert_answer(
        post_signed(bench, "/v1/hooks/ci", "{\"service\":\"shop\",\"env\":\"prod\",\"version\":\"2.0.1\"}"),
        202, "dep_2");
    /* What cannot be now is not accepted, and may come again. */
    bench->refusal = (struct err){.code = ERR_LIMIT, .text = "too much at once"};
    assert_answer(
        post_signed(bench, "/v1/hooks/ci", "{\"service\":\"shop\",\"env\":\"prod\",\"version\":\"2.0.2\"}"),
        503, "too much at once");
    assert_answer(
        post_signed(bench, "/v1/hooks/ci", "{\"service\":\"shop\",\"env\":\"prod\",\"version\":\"2.0.2\"}"),
        202, "dep_3");
}

static void without_the_secret_nothing_happens(void **state)
{
    struct api_bench *bench = *state;
    const char *const unsigned_[] = {"Content-Type", "application/json", NULL};
    const char *const tampered[] = {"Content-Type", "application/json", "X-Hub-Signature-256",
                                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                                    NULL};
    char *token = api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"deploy\",\"admin\"]}");
    struct hooks hooks;

    begin(bench, &hooks);
    assert_answer(post(bench, "/v1/hooks/ci", body, unsigned_), 401, "it is not signed");
    assert_answer(post(bench, "/v1/hooks/ci", body, tampered), 401, "not that of this message");
    bench->token = token; /* a token of ours is no signature */
    assert_answer(post(bench, "/v1/hooks/ci", body, unsigned_), 401, "it is not signed");
    bench->token = NULL;
    assert_answer(post_signed(bench, "/v1/hooks/other", body), 404, "no hook of this name");
    hooks.of[0].secret = hooks.references[2];
    assert_answer(post_signed(bench, "/v1/hooks/ci", body), 503, "cannot be read");
    assert_null(strstr(post_signed(bench, "/v1/hooks/ci", body)->body, "nowhere"));
    assert_int_equal(bench->start_count, 0);
    free(token);
}

static void messages_that_say_too_little(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;

    begin(bench, &hooks);
    assert_answer(post_signed(bench, "/v1/hooks/ci", "{"), 400, "offset");
    assert_answer(post_signed(bench, "/v1/hooks/ci", "[]"), 400, "must be an object");
    assert_answer(post_signed(bench, "/v1/hooks/ci", "{\"service\":\"shop\"}"), 422,
                  "environment: the message");
    assert_answer(post_signed(bench, "/v1/hooks/mailers", body), 202, "concerns nothing here");
    assert_answer(
        post_signed(bench, "/v1/hooks/mailers",
                    "{\"state\":\"running\",\"service\":\"shop\",\"env\":\"prod\",\"version\":\"1\"}"),
        403, "not for shop/prod");
    assert_int_equal(bench->start_count, 0);
    assert_answer(
        post_signed(bench, "/v1/hooks/mailers",
                    "{\"state\":\"running\",\"service\":\"mailer\",\"env\":\"prod\",\"version\":\"1\"}"),
        202, "dep_1");
}

static void old_ones_are_refused(void **state)
{
    static const struct hook_value time = {.path = ".at", .text = ".at"};
    struct api_bench *bench = *state;
    struct hooks hooks;
    char text[256];

    begin(bench, &hooks);
    hooks.of[0].fields[HOOK_TIME] = (struct hook_values){.values = &time, .count = 1};
    for (unsigned is_old = 0; is_old <= 1; is_old++) {
        (void)snprintf(text, sizeof(text),
                       "{\"service\":\"shop\",\"env\":\"prod\",\"version\":\"1.%u\",\"at\":%lld}", is_old,
                       (long long)(clock_wall_ms() / 1000 - (is_old ? 3700 : 3500)));
        assert_answer(post_signed(bench, "/v1/hooks/ci", text), is_old ? 403 : 202,
                      is_old ? "too old" : "dep_1");
    }
    assert_answer(post_signed(bench, "/v1/hooks/ci", body), 422, "time: ");
    assert_int_equal(bench->start_count, 1);
}

/* The id is signed: it is what a message is known by, and its time is what makes it die. */
static void standard_webhooks(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;
    char stamp[24], signature[WEBHOOK_SIGNATURE_SIZE];
    const char *const headers[] = {
        "Content-Type", "application/json",  "webhook-id", "msg_1", "webhook-timestamp",
        stamp,          "webhook-signature", signature,    NULL};
    struct err err;

    begin(bench, &hooks);
    for (unsigned i = 0; i < 2; i++) {
        int64_t now_s = clock_wall_ms() / 1000 - i; /* each try has a time of its own */
        (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)now_s);
        assert_true(webhook_sign(STANDARD, "msg_1", now_s, body, signature, &err));
        assert_answer(post(bench, "/v1/hooks/std", body, headers), 202, "dep_1");
    }
    assert_int_equal(bench->start_count, 1);
    int64_t old_s = clock_wall_ms() / 1000 - 400;
    (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)old_s);
    assert_true(webhook_sign(STANDARD, "msg_1", old_s, body, signature, &err));
    assert_answer(post(bench, "/v1/hooks/std", body, headers), 401, "too old");
}

static const struct api_bench_call *post_own(struct api_bench *bench, const char *id, const char *text)
{
    char stamp[24], signature[WEBHOOK_SIGNATURE_SIZE];
    const char *const headers[] = {"webhook-id", id,  "webhook-timestamp", stamp, "webhook-signature",
                                   signature,    NULL};
    int64_t now_s = clock_wall_ms() / 1000;
    struct err err;

    (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)now_s);
    assert_true(webhook_sign(STANDARD, id, now_s, text, signature, &err));
    return post(bench, "/v1/hooks/own", text, headers);
}

#define START(version) "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"" version "\"}"
#define EVENT(id, version)                                                                                   \
    "{\"specversion\":\"1.0\",\"id\":\"" id                                                                  \
    "\",\"source\":\"/ci\",\"type\":\"verdict.deployment.start\",\"data\":" START(version) "}"

/* The native request, known by the id that is signed with it. */
static void messages_of_our_own(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;

    begin(bench, &hooks);
    hooks.of[0] = hooks.of[1];
    hooks.of[0].name = "own";
    hooks.of[0].kind = HOOK_VERDICT;
    for (unsigned i = 0; i < 2; i++)
        assert_answer(post_own(bench, "msg_1", START("2.0.0")), 201, "\"id\":\"dep_1\"");
    assert_int_equal(bench->start_count, 1);
    assert_string_equal(bench->last.text, "shop/prod 2.0.0   by hook-own for hook-own: ");
    assert_answer(post_own(bench, "msg_1", START("2.0.1")), 422, "idempotency-key-reused");
    assert_answer(post_own(bench, "msg_2", "{\"service\":\"shop\"}"), 400, "#/environment");
    assert_answer(post_own(bench, "msg_2", "{"), 400, "offset");
    assert_answer(post_own(bench, "msg_2",
                           "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"3\","
                           "\"emergency\":true,\"reason\":\"now\"}"),
                  403, "override");
    hooks.of[0].services = hooks.of[2].services;
    assert_answer(post_own(bench, "msg_2", START("2.0.2")), 403, "not for shop/prod");
    assert_answer(post_own(bench, "msg_1", START("2.0.0")), 403, "not for shop/prod");
    assert_int_equal(bench->start_count, 1);
}

/* The body says what it is; events are known by their own ids. */
static void events_that_are_signed(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;

    begin(bench, &hooks);
    hooks.of[0] = hooks.of[1];
    hooks.of[0].name = "own";
    hooks.of[0].kind = HOOK_VERDICT;
    assert_answer(post_own(bench, "msg_1", EVENT("e1", "2.0.0")), 202,
                  "\"status\":201,\"deployment\":\"dep_1\"");
    assert_answer(post_own(bench, "msg_2", EVENT("e1", "2.0.0")), 202, "\"deployment\":\"dep_1\"");
    assert_answer(post_own(bench, "msg_3", EVENT("e1", "2.0.1")), 422, "idempotency-key-reused");
    assert_answer(post_own(bench, "msg_4", "[" EVENT("e2", "2.0.1") "," EVENT("e1", "2.0.0") "]"), 202,
                  "dep_2");
    assert_answer(post_own(bench, "msg_5", "{\"specversion\":\"1.0\",\"id\":\"e3\"}"), 400, "#/source");
    assert_int_equal(bench->start_count, 2);
}

struct told {
    bool is_told;
    unsigned status;
    char body[4096];
};

static void note_told(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                      const void *text, size_t length)
{
    struct told *told = data;

    (void)headers;
    (void)count;
    assert_false(told->is_told);
    told->is_told = true;
    told->status = status;
    (void)snprintf(told->body, sizeof(told->body), "%.*s", (int)length, (const char *)text);
}

/* It has its headers with it, asks as nobody, and may be taken back. */
static void a_request_that_came_another_way(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;
    struct told told = {.is_told = false};
    char stamp[24], signature[WEBHOOK_SIGNATURE_SIZE];
    const struct http_server_header headers[] = {
        {"webhook-id", "msg_1"}, {"Webhook-Timestamp", stamp}, {"webhook-signature", signature}};
    const struct http_server_given given = {
        .headers = headers, .header_count = ARRAY_LENGTH(headers), .answer = note_told, .data = &told};
    static const char text[] = START("2.0.0");
    struct http_server_request request = {.method = "POST",
                                          .path = "/v1/hooks/own",
                                          .body = text,
                                          .body_length = strlen(text),
                                          .given = &given};
    struct err err;

    begin(bench, &hooks);
    hooks.of[0] = hooks.of[1];
    hooks.of[0].name = "own";
    hooks.of[0].kind = HOOK_VERDICT;
    bench->api->env.doors.address_rate = (struct rate_limit){.count = 1, .span_ms = 3600000};
    int64_t now_s = clock_wall_ms() / 1000;
    (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)now_s);
    assert_true(webhook_sign(STANDARD, "msg_1", now_s, text, signature, &err));
    bench->is_slow = true;
    api_handle(bench->api, &request);
    api_on_gone(bench->api, &request);
    assert_true(loop_run_until(bench->loop, &bench->is_committed, API_BENCH_DEADLINE_MS));
    bench->is_slow = false;
    api_bench_answer(bench); /* nobody hears it, and it has happened */
    for (unsigned i = 0; i < 2; i++) {
        told.is_told = false;
        api_handle(bench->api, &request);
        assert_true(loop_run_until(bench->loop, &told.is_told, API_BENCH_DEADLINE_MS));
        assert_int_equal(told.status, 201);
        assert_non_null(strstr(told.body, "\"id\":\"dep_1\""));
    }
    assert_int_equal(bench->start_count, 1);
    told.is_told = false;
    request.path = "/v1/deployments";
    api_handle(bench->api, &request);
    assert_true(told.is_told);
    assert_int_equal(told.status, 401);
    assert_null(http_server_query(&request, "wait"));
    assert_null(http_server_header(&request, "Authorization"));
    assert_false(http_server_begin_long_poll(&request));
}

/* The one who has a token of ours is not shadowed. */
static void alertmanager_has_its_own(void **state)
{
    struct api_bench *bench = *state;
    struct hooks hooks;

    begin(bench, &hooks);
    hooks.of[0].name = "alertmanager";
    assert_answer(post_signed(bench, "/v1/hooks/alertmanager", "{\"alerts\":[]}"), 202, "\"taken\":0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(a_signed_message_starts_once),
        WITH_API(without_the_secret_nothing_happens),
        WITH_API(messages_that_say_too_little),
        WITH_API(old_ones_are_refused),
        WITH_API(standard_webhooks),
        WITH_API(messages_of_our_own),
        WITH_API(events_that_are_signed),
        WITH_API(a_request_that_came_another_way),
        WITH_API(alertmanager_has_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
