/* test_notify_webhook.c - webhooks against the demo's receiver, which checks signatures, and one that
 * misbehaves.
 * SPDX-License-Identifier: MIT */
#include "drivers/notifier.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "support/folder.h"
#include "support/peer.h"
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, TIMEOUT_MS = 300, OPTIONS = 5, URL_MAX = 128, LINES_MAX = 16384 };

#define SECRET  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ANOTHER "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
#define BODY                                                                                                 \
    "{\"specversion\":\"1.0\",\"id\":\"n1\",\"source\":\"/"                                                  \
    "verdict\",\"type\":\"verdict.deployment.started\","                                                     \
    "\"data\":{\"event\":\"held\",\"service\":\"shop\"}}"

struct fixture {
    struct folder folder;
    struct loop *loop;
    struct http_client *http;
    struct notifier *notifier;
    struct process receiver;
    uint16_t receiver_port;
    const char *text; /* the option; NULL: not set */
};

/* What `done` said. */
struct told {
    bool is_there;
    int count;
    enum notice_fate fate;
    int64_t retry_after_ms;
    char why[256];
};

static struct peer peer;

static int start_peer(void **state)
{
    char *argv[] = {"/usr/bin/python3", "tests/support/webhook_peer.py", NULL};

    (void)state;
    return peer_start(&peer, argv) ? 0 : -1;
}

static int stop_peer(void **state)
{
    (void)state;
    peer_stop(&peer);
    return 0;
}

static int set_up(void **state)
{
    static const struct http_client_limits limits = {.in_flight_max = 4, .queue_max = 16, .per_host_max = 4};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct err err;

    assert_non_null(fixture);
    fixture->folder = folder_make();
    folder_write(&fixture->folder, "secret", SECRET "\n");
    fixture->loop = loop_new();
    if (!http_client_new(fixture->loop, &limits, &fixture->http, &err))
        fail_msg("%s", err.text);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->notifier != NULL)
        notifier_types[0]->close(fixture->notifier);
    http_client_free(fixture->http);
    loop_free(fixture->loop);
    (void)process_stop(&fixture->receiver);
    folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

static bool open_with(struct fixture *fixture, const char *url, const char *secret, struct err *err)
{
    struct notifier_env env = {.loop = fixture->loop, .http = fixture->http};
    struct option_value values[OPTIONS] = {{.is_set = true, .text = url},
                                           {.is_set = true, .text = secret},
                                           {.is_set = true, .duration_ms = TIMEOUT_MS},
                                           {.is_set = false},
                                           {.is_set = fixture->text != NULL, .text = fixture->text}};

    assert_int_equal(notifier_types[0]->option_count, OPTIONS);
    return notifier_types[0]->open(notifier_types[0], &env, "desk", values, &fixture->notifier, err);
}

static void open_notifier(struct fixture *fixture, const char *url)
{
    char path[FOLDER_PATH_MAX];
    char secret[FOLDER_PATH_MAX + 8];
    struct err err;

    (void)snprintf(secret, sizeof(secret), "file:%s", folder_path(&fixture->folder, "secret", path));
    if (!open_with(fixture, url, secret, &err))
        fail_msg("%s", err.text);
}

/* At the peer, which answers as the path says. */
static void open_at_peer(struct fixture *fixture, const char *path)
{
    char url[URL_MAX];

    if (fixture->notifier != NULL)
        notifier_types[0]->close(fixture->notifier);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s%s", peer.line, path);
    open_notifier(fixture, url);
}

/* The demo's receiver, and the notifier to it; `option` may be NULL. */
static void start_receiver(struct fixture *fixture, const char *option, const char *value)
{
    char secret[FOLDER_PATH_MAX];
    char file[FOLDER_PATH_MAX];
    char log[FOLDER_PATH_MAX];
    char port[8];
    char url[URL_MAX];

    if (fixture->receiver_port == 0)
        fixture->receiver_port = process_free_port();
    (void)snprintf(port, sizeof(port), "%u", fixture->receiver_port);
    const char *const argv[] = {"contrib/demo/receiver",
                                "--port",
                                port,
                                "--secret",
                                folder_path(&fixture->folder, "secret", secret),
                                "--file",
                                folder_path(&fixture->folder, "notices", file),
                                option,
                                value,
                                NULL};
    fixture->receiver = process_start(argv, folder_path(&fixture->folder, "log", log));
    process_wait_port(&fixture->receiver, fixture->receiver_port, PATIENCE_MS);
    if (fixture->notifier != NULL)
        return;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/notices", port);
    open_notifier(fixture, url);
}

static void note(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct told *told = data;

    told->is_there = true;
    told->count++;
    told->fate = fate;
    told->retry_after_ms = retry_after_ms;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

static struct told send_notice(struct fixture *fixture, const char *id)
{
    const struct notice notice = {.id = id, .body = BODY};
    struct told told = {0};

    notifier_types[0]->send(fixture->notifier, &notice, note, &told);
    assert_int_equal(told.count, 0); /* never inside the call */
    assert_true(loop_run_until(fixture->loop, &told.is_there, PATIENCE_MS));
    assert_int_equal(told.count, 1);
    return told;
}

static void expect(struct fixture *fixture, enum notice_fate fate, int64_t retry_after_ms, const char *part)
{
    struct told told = send_notice(fixture, "msg_1");

    if (told.fate != fate || told.retry_after_ms != retry_after_ms || strstr(told.why, part) == NULL)
        fail_msg("%d, after %d ms: %s", (int)told.fate, (int)told.retry_after_ms, told.why);
}

/* What the receiver kept, a line for each notice. */
static void expect_kept(const struct fixture *fixture, const char *part)
{
    char lines[LINES_MAX];

    (void)folder_read(&fixture->folder, "notices", lines, sizeof(lines));
    if (strstr(lines, part) == NULL)
        fail_msg("no %s in %s", part, lines);
}

static void is_signed(void **state)
{
    struct fixture *fixture = *state;

    start_receiver(fixture, NULL, NULL);
    expect(fixture, NOTICE_DELIVERED, 0, "204");
    expect_kept(fixture, "\"id\": \"msg_1\", \"code\": 204, \"verified\": true, \"problem\": null");
    expect_kept(fixture, "\"Content-Type\": \"application/cloudevents+json\"");
    expect_kept(fixture, "\"body\": {\"specversion\": \"1.0\", \"id\": \"n1\", \"source\": \"/verdict\"");
    expect(fixture, NOTICE_DELIVERED, 0, "204");
    expect_kept(fixture, "\"duplicate\": true"); /* the same id on every try */
}

/* A sentence in the operator's words: signed with the rest. */
static void has_a_sentence_of_the_operator(void **state)
{
    struct fixture *fixture = *state;

    fixture->text = "{{event}} of {{service}}, by {{actor}}";
    start_receiver(fixture, NULL, NULL);
    expect(fixture, NOTICE_DELIVERED, 0, "204");
    expect_kept(fixture, "\"verified\": true");
    expect_kept(fixture, "\"text\": \"held of shop, by \"");
}

static void is_told_to_try_again(void **state)
{
    struct fixture *fixture = *state;

    start_receiver(fixture, "--fail-first", "2");
    expect(fixture, NOTICE_RETRY, 0, "the receiver answered 500");
    expect(fixture, NOTICE_RETRY, 0, "the receiver answered 500");
    expect(fixture, NOTICE_DELIVERED, 0, "204");
}

/* The secret's file is read for every try. */
static void takes_a_rotated_secret(void **state)
{
    struct fixture *fixture = *state;

    start_receiver(fixture, NULL, NULL);
    expect(fixture, NOTICE_DELIVERED, 0, "204");
    folder_write(&fixture->folder, "secret", ANOTHER);
    expect(fixture, NOTICE_RETRY, 0, "the receiver answered 401"); /* it still has the old one */
    (void)process_stop(&fixture->receiver);
    expect(fixture, NOTICE_RETRY, 0, "connect");
    start_receiver(fixture, NULL, NULL);
    expect(fixture, NOTICE_DELIVERED, 0, "204");
}

static void a_missing_secret_may_come_back(void **state)
{
    struct fixture *fixture = *state;
    char path[FOLDER_PATH_MAX];

    start_receiver(fixture, NULL, NULL);
    assert_int_equal(unlink(folder_path(&fixture->folder, "secret", path)), 0);
    expect(fixture, NOTICE_RETRY, 0, "secret");
    folder_write(&fixture->folder, "secret", "whsec_c2hvcnQ=");
    expect(fixture, NOTICE_RETRY, 0, "not base64 of 24 to 64 bytes");
    folder_write(&fixture->folder, "secret", SECRET);
    expect(fixture, NOTICE_DELIVERED, 0, "204");
}

static void reads_answers(void **state)
{
    struct fixture *fixture = *state;

    open_at_peer(fixture, "/status/200");
    expect(fixture, NOTICE_DELIVERED, 0, "200");
    open_at_peer(fixture, "/status/200/9");
    expect(fixture, NOTICE_DELIVERED, 0, "200");
    open_at_peer(fixture, "/status/410");
    expect(fixture, NOTICE_REFUSED, 0, "the receiver answered 410");
    open_at_peer(fixture, "/status/404");
    expect(fixture, NOTICE_RETRY, 0, "404");
    open_at_peer(fixture, "/status/503/120");
    expect(fixture, NOTICE_RETRY, 120000, "503");
    open_at_peer(fixture, "/status/429/7");
    expect(fixture, NOTICE_RETRY, 7000, "429");
    open_at_peer(fixture, "/status/429/soon");
    expect(fixture, NOTICE_RETRY, 0, "429");
    open_at_peer(fixture, "/status/429/Mon,+26+Jan+2015+00:00:00+GMT");
    expect(fixture, NOTICE_RETRY, 0, "429");
    open_at_peer(fixture, "/status/503/99999999");
    expect(fixture, NOTICE_RETRY, INT64_C(86400000), "503"); /* a day at most */
    open_at_peer(fixture, "/moved");
    expect(fixture, NOTICE_RETRY, 0, "the receiver answered 307");
    open_at_peer(fixture, "/long"); /* what a good receiver says more is not of interest */
    expect(fixture, NOTICE_DELIVERED, 0, "200");
}

static void gives_up_in_time(void **state)
{
    struct fixture *fixture = *state;

    open_at_peer(fixture, "/slow?token=hidden");
    int64_t start_ms = process_now_ms();
    struct told told = send_notice(fixture, "msg_1");
    assert_int_equal(told.fate, NOTICE_RETRY);
    assert_null(strstr(told.why, "hidden"));
    assert_in_range(process_now_ms() - start_ms, TIMEOUT_MS - 50, PATIENCE_MS / 2);
}

static void nobody_listens(void **state)
{
    struct fixture *fixture = *state;
    char url[URL_MAX];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", process_free_port());
    open_notifier(fixture, url);
    expect(fixture, NOTICE_RETRY, 0, "connect");
}

static void refuses_options(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};

    assert_false(open_with(fixture, "ftp://host/", "file:/s", &err));
    assert_non_null(strstr(err.text, "url"));
    assert_false(open_with(fixture, "http://host/", SECRET, &err));
    assert_non_null(strstr(err.text, "reference"));
    assert_null(strstr(err.text, SECRET));
    assert_null(fixture->notifier);
}

/* Whatever is under way says nothing more, and leaves nothing behind. */
static void closes_at_work(void **state)
{
    struct fixture *fixture = *state;
    const struct notice notice = {.id = "msg_1", .body = BODY};
    struct told told[3] = {{0}};
    bool never = false;
    char path[FOLDER_PATH_MAX];

    open_at_peer(fixture, "/slow");
    notifier_types[0]->send(fixture->notifier, &notice, note, &told[0]);
    assert_false(loop_run_until(fixture->loop, &never, TIMEOUT_MS / 6));
    notifier_types[0]->send(fixture->notifier, &notice, note, &told[1]);
    assert_int_equal(unlink(folder_path(&fixture->folder, "secret", path)), 0);
    notifier_types[0]->send(fixture->notifier, &notice, note, &told[2]);
    notifier_types[0]->close(fixture->notifier);
    fixture->notifier = NULL;
    assert_false(loop_run_until(fixture->loop, &never, 2 * TIMEOUT_MS));
    assert_int_equal(told[0].count + told[1].count + told[2].count, 0);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(is_signed),
        WITH_LOOP(has_a_sentence_of_the_operator),
        WITH_LOOP(is_told_to_try_again),
        WITH_LOOP(takes_a_rotated_secret),
        WITH_LOOP(a_missing_secret_may_come_back),
        WITH_LOOP(reads_answers),
        WITH_LOOP(gives_up_in_time),
        WITH_LOOP(nobody_listens),
        WITH_LOOP(refuses_options),
        WITH_LOOP(closes_at_work),
    };
    return cmocka_run_group_tests_name("notify_webhook", tests, start_peer, stop_peer);
}
