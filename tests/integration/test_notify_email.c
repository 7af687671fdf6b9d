/* test_notify_email.c - letters to a mail server that offers encryption, insists on it, or has none; and what
 * it answers.
 * SPDX-License-Identifier: MIT */
#include "support/certificate.h"
#include "support/notifier_bench.h"
#include "support/peer.h"
#include "support/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const struct notifier_type notifier_email;

enum { OUTPUT_MAX = 8192, KEPT_MAX = 64 * 1024, TIMEOUT_MS = 400 };
enum port { PORT_STARTTLS, PORT_PLAIN, PORT_TLS, PORT_COUNT };

static struct peer server;
static struct folder folder;
static unsigned ports[PORT_COUNT];
static size_t seen_length; /* of what it kept */

static int start_server(void **state)
{
    char key[FOLDER_PATH_MAX];
    char certificate[FOLDER_PATH_MAX];
    char kept[FOLDER_PATH_MAX];

    (void)state;
    folder = folder_make();
    folder_write(&folder, "kept", "");
    certificate_make("localhost", "DNS:localhost", "2", folder_path(&folder, "key", key),
                     folder_path(&folder, "certificate", certificate));
    char *argv[] = {"/usr/bin/python3",
                    "tests/support/mail_peer.py",
                    folder_path(&folder, "kept", kept),
                    certificate,
                    key,
                    NULL};
    return notifier_bench_start_peer(state) == 0 && peer_start(&server, argv) &&
                   sscanf(server.line, "%u %u %u", &ports[0], &ports[1], &ports[2]) == PORT_COUNT
               ? 0
               : -1;
}

static int stop_server(void **state)
{
    peer_stop(&server);
    folder_remove(&folder);
    return notifier_bench_stop_peer(state);
}

/* `more`: name, text or NULL. */
static void open_at(struct notifier_bench *bench, enum port port, const char *to, const char *more,
                    const char *text)
{
    char url[NOTIFIER_BENCH_URL_MAX];
    char certificate[FOLDER_PATH_MAX];

    (void)snprintf(url, sizeof(url), "%s://localhost:%u", port == PORT_TLS ? "smtps" : "smtp", ports[port]);
    const char *const options[] = {"url", url,  "from", "verdictd@example.org",
                                   "to",  to,   "ca",   folder_path(&folder, "certificate", certificate),
                                   more,  text, NULL};
    notifier_bench_open(bench, &notifier_email, options);
}

static void open_with_login(struct notifier_bench *bench, enum port port, bool trusts)
{
    char url[NOTIFIER_BENCH_URL_MAX];
    char certificate[FOLDER_PATH_MAX];

    (void)snprintf(url, sizeof(url), "%s://localhost:%u", port == PORT_TLS ? "smtps" : "smtp", ports[port]);
    const char *const options[] = {"url",
                                   url,
                                   "from",
                                   "verdictd@example.org",
                                   "to",
                                   "sre@example.org",
                                   "user",
                                   "verdictd",
                                   "password",
                                   notifier_bench_reference(bench, "key"),
                                   trusts ? "ca" : NULL,
                                   folder_path(&folder, "certificate", certificate),
                                   NULL};
    notifier_bench_open(bench, &notifier_email, options);
}

/* What it took since the last call. */
static const char *taken(void)
{
    static char kept[KEPT_MAX];
    size_t seen = seen_length;

    seen_length = folder_read(&folder, "kept", kept, sizeof(kept));
    return kept + seen;
}

static void send_well(struct notifier_bench *bench, const char *event, const char *more)
{
    notifier_bench_expect(bench, notifier_bench_body(event, more), NOTICE_DELIVERED, 0,
                          "the mail server answered 250: 250 2.0.0 taken");
}

static void writes_a_letter(void **state)
{
    struct notifier_bench *bench = *state;
    const char *const parts[] = {
        "\"from\": \"verdictd@example.org\"",
        "\"to\": [\"sre@example.org\", \"dev@example.org\"]",
        "\"From\": \"verdictd <verdictd@example.org>\"",
        "\"To\": \"sre@example.org, dev@example.org\"",
        "\"Subject\": \"shop/prod 3.0.0: verdict_failed\"",
        "\"Message-ID\": \"<msg_1@test.verdict>\"",
        "\"In-Reply-To\": \"<dep_7@test.verdict>\"",
        "\"Auto-Submitted\": \"auto-generated\"",
        "\"Date\": \"Thu, 26 Nov 2026 16:00:00 +0000\"",
        "Version: 3.0.0 in place of 2.0.0\\n",
        "Measured: error_rate 0.1364, bound 0.05\\n",
        "Why: .\xC3\xA4 = 1\\n",
        "Evidence: verdict get dep_7\\n\\nhttps://verdict.example/v1/deployments/dep_7\\n",
        "\"tls\": true",
        NULL};

    open_at(bench, PORT_STARTTLS, "sre@example.org,dev@example.org", NULL, NULL);
    send_well(bench, "verdict_failed",
              "\"rule\":\"errors\",\"metric\":\"error_rate\",\"value\":0.1364,\"bound\":0.05,\"why\":\"."
              "\xC3\xA4 = 1\",");
    notifier_bench_has(taken(), parts);
}

static void encrypts_where_it_can(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, PORT_PLAIN, "sre@example.org", NULL, NULL);
    send_well(bench, "held", "");
    assert_non_null(strstr(taken(), "\"tls\": false"));
    open_at(bench, PORT_TLS, "sre@example.org", NULL, NULL);
    send_well(bench, "held", "");
    assert_non_null(strstr(taken(), "\"tls\": true"));
    open_at(bench, PORT_PLAIN, "sre@example.org", "tls", "required");
    struct notifier_told told = notifier_bench_send(bench, notifier_bench_body("held", ""));
    assert_int_equal(told.fate, NOTICE_RETRY);
    assert_string_equal(taken(), "");
}

/* Not without encryption, and not to somebody else. */
static void keeps_its_password(void **state)
{
    struct notifier_bench *bench = *state;

    open_with_login(bench, PORT_STARTTLS, true);
    send_well(bench, "held", "");
    assert_non_null(strstr(taken(), "\"login\": true"));
    open_with_login(bench, PORT_TLS, true);
    send_well(bench, "held", "");
    assert_non_null(strstr(taken(), "\"login\": true"));
    open_with_login(bench, PORT_PLAIN, true);
    assert_int_equal(notifier_bench_send(bench, notifier_bench_body("held", "")).fate, NOTICE_RETRY);
    open_with_login(bench, PORT_STARTTLS, false);
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 0, "certificate");
    assert_string_equal(taken(), "");
    folder_write(&bench->folder, "key", "wrong-password");
    open_with_login(bench, PORT_TLS, true);
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 0, "535");
    folder_write(&bench->folder, "key", "");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 0, "password");
}

static void reads_answers(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, PORT_STARTTLS, "nobody@example.org", NULL, NULL);
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_REFUSED, 0,
                          "550 5.1.1 no such person");
    open_at(bench, PORT_STARTTLS, "nobody@example.org,sre@example.org", NULL, NULL);
    send_well(bench, "held", ""); /* the others get it */
    assert_non_null(strstr(taken(), "\"to\": [\"sre@example.org\"]"));
    open_at(bench, PORT_STARTTLS, "busy@example.org", NULL, NULL);
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 0, "451 4.3.0 come again");
    open_at(bench, PORT_STARTTLS, "full@example.org", NULL, NULL);
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_REFUSED, 0, "552");
    open_at(bench, PORT_STARTTLS, "slow@example.org", "timeout", "400ms");
    notifier_bench_expect(bench, notifier_bench_body("held", ""), NOTICE_RETRY, 0, "smtp://localhost");
    notifier_bench_expect(bench, "{", NOTICE_REFUSED, 0, "the notice");
    assert_string_equal(taken(), "");
}

/* A server that does not say good-bye must not hold up everything else on the loop. */
static void does_not_wait_for_a_good_bye(void **state)
{
    struct notifier_bench *bench = *state;

    open_at(bench, PORT_PLAIN, "mute@example.org", NULL, NULL);
    send_well(bench, "held", "");
    open_at(bench, PORT_STARTTLS, "mute@example.org", NULL, NULL);
    int64_t start_ms = process_now_ms();
    send_well(bench, "held", "");
    assert_true(process_now_ms() - start_ms < NOTIFIER_BENCH_PATIENCE_MS / 4);
    assert_non_null(strstr(taken(), "mute"));
}

static void refuse(struct notifier_bench *bench, const char *name, const char *text, const char *part)
{
    const char *const options[] = {
        "url", "smtp://localhost:25", "from", "v@example.org", "to", "a@example.org", name, text, NULL};
    struct err err = {0};

    if (notifier_bench_try_open(bench, &notifier_email, options, &err) || strstr(err.text, part) == NULL)
        fail_msg("%s = %s: %s", name, text, err.text);
}

static void refuses_options(void **state)
{
    struct notifier_bench *bench = *state;

    refuse(bench, "url", "http://localhost", "smtp://");
    refuse(bench, "url", "smtp://u:p@localhost", "user and password");
    refuse(bench, "from", "a b", "no address");
    refuse(bench, "to", "a@b,c d@e", "'c d@e' is no address");
    refuse(bench, "password", "secret-itself", "reference");
    refuse(bench, "password", "file:/x", "belong together");
}

static void closes_at_work(void **state)
{
    struct notifier_bench *bench = *state;
    const struct notice notice = {.id = "msg_1", .body = notifier_bench_body("held", "")};
    bool never = false;

    open_at(bench, PORT_STARTTLS, "slow@example.org", "timeout", "400ms");
    bench->type->send(bench->notifier, &notice, NULL, NULL);
    assert_false(loop_run_until(bench->loop, &never, TIMEOUT_MS / 4));
    bench->type->close(bench->notifier);
    bench->notifier = NULL;
    assert_false(loop_run_until(bench->loop, &never, 2 * TIMEOUT_MS));
}

#define WITH_BENCH(test)                                                                                     \
    cmocka_unit_test_setup_teardown(test, notifier_bench_set_up, notifier_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(writes_a_letter), WITH_BENCH(encrypts_where_it_can),        WITH_BENCH(keeps_its_password),
        WITH_BENCH(reads_answers),   WITH_BENCH(does_not_wait_for_a_good_bye), WITH_BENCH(refuses_options),
        WITH_BENCH(closes_at_work),
    };
    return cmocka_run_group_tests_name("notify_email", tests, start_server, stop_server);
}
