/* test_vault.c - values of Vault on the loop, against a strict stand-in: when it is asked, what is kept, what
 * is said.
 * SPDX-License-Identifier: MIT */
#include "io/http_client.h"
#include "io/loop.h"
#include "io/vault.h"
#include "support/folder.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, LOOK_MS = 10, URL_MAX = 128 };

#define PASSWORD "vault:kv/shop#password"
#define USER     "vault:kv/shop#user"

struct fixture {
    struct peer peer;
    struct folder folder;
    struct loop *loop;
    struct http_client *http;
    struct vault *vault;
    char url[URL_MAX], secret_id[FOLDER_PATH_MAX + 8];
    char learned[512]; /* what was told to be kept out of sight */
    char said[16384];  /* the peer's answer to the last order */
};

static void learned(void *data, const char *bytes, size_t length)
{
    struct fixture *fixture = data;
    size_t at = strlen(fixture->learned);

    (void)snprintf(fixture->learned + at, sizeof(fixture->learned) - at, "%.*s\n", (int)length, bytes);
}

static struct fixture *begin(const char *lease_s)
{
    static const struct http_client_limits limits = {.in_flight_max = 4, .queue_max = 16, .per_host_max = 4};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char lease[16];
    char path[FOLDER_PATH_MAX];
    char *argv[] = {"/usr/bin/python3", "tests/support/vault_peer.py", lease, "team/shop", NULL};
    struct err err;

    assert_non_null(fixture);
    (void)snprintf(lease, sizeof(lease), "%s", lease_s);
    assert_true(peer_start(&fixture->peer, argv));
    (void)snprintf(fixture->url, sizeof(fixture->url), "http://127.0.0.1:%s/", fixture->peer.line);
    fixture->folder = folder_make();
    folder_write(&fixture->folder, "secret-id", "canary-secret-id-8d2f\n");
    (void)snprintf(fixture->secret_id, sizeof(fixture->secret_id), "file:%s",
                   folder_path(&fixture->folder, "secret-id", path));
    fixture->loop = loop_new();
    if (!http_client_new(fixture->loop, &limits, &fixture->http, &err))
        fail_msg("%s", err.text);
    return fixture;
}

static void open_vault(struct fixture *fixture, int64_t cache_ms, int64_t max_age_ms)
{
    const struct vault_settings settings = {.url = fixture->url,
                                            .role_id = "role-shop-5a1c",
                                            .secret_id = fixture->secret_id,
                                            .login = "approle",
                                            .name_space = "team/shop",
                                            .cache_ms = cache_ms,
                                            .max_age_ms = max_age_ms,
                                            .timeout_ms = 1000};
    const struct vault_ear ear = {.data = fixture, .learned = learned};

    fixture->vault = vault_new(fixture->loop, fixture->http, &settings, &ear);
}

static void end(struct fixture *fixture)
{
    vault_free(fixture->vault);
    http_client_free(fixture->http);
    loop_free(fixture->loop);
    peer_stop(&fixture->peer);
    folder_remove(&fixture->folder);
    free(fixture);
}

/* Tells the peer what to become; what it was asked until then is in fixture->said. */
static void order(struct fixture *fixture, const char *what)
{
    char url[2 * URL_MAX];
    struct http_answer answer;
    struct err err;

    (void)snprintf(url, sizeof(url), "%scontrol/%s", fixture->url, what);
    const struct http_request request = {
        .url = url, .timeout_ms = 5000, .answer_max = sizeof(fixture->said) - 1};
    if (!http_perform(&request, &answer, &err))
        fail_msg("%s: %s", what, err.text);
    (void)snprintf(fixture->said, sizeof(fixture->said), "%s", answer.body);
    http_answer_done(&answer);
}

static size_t count_asked(struct fixture *fixture, const char *what)
{
    size_t count = 0;

    order(fixture, "look");
    for (const char *at = strstr(fixture->said, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

/* The value, or what is said in its place. */
static const char *find(struct fixture *fixture, const char *reference, char to[ERR_TEXT_MAX])
{
    struct secret secret = {0};
    struct err err = {0};

    if (secret_load(vault_keeper(fixture->vault), reference, &secret, &err))
        (void)snprintf(to, ERR_TEXT_MAX, "%s", secret.bytes);
    else
        (void)snprintf(to, ERR_TEXT_MAX, "%s", err.text);
    secret_drop(&secret);
    return to;
}

struct waiting {
    struct fixture *fixture;
    const char *reference, *words;
    bool is_there;
};

static void look(void *data)
{
    struct waiting *waiting = data;
    char text[ERR_TEXT_MAX];

    waiting->is_there = strstr(find(waiting->fixture, waiting->reference, text), waiting->words) != NULL;
}

static void wait_for(struct fixture *fixture, const char *reference, const char *words)
{
    struct waiting waiting = {.fixture = fixture, .reference = reference, .words = words};
    struct loop_timer *timer = loop_timer_start(fixture->loop, LOOK_MS, LOOK_MS, look, &waiting);
    char text[ERR_TEXT_MAX];

    if (!loop_run_until(fixture->loop, &waiting.is_there, PATIENCE_MS))
        fail_msg("%s is '%s', not '%s'", reference, find(fixture, reference, text), words);
    loop_timer_stop(timer);
}

static void assert_well(struct fixture *fixture)
{
    char why[ERR_TEXT_MAX];

    if (vault_trouble(fixture->vault, why, sizeof(why)))
        fail_msg("%s", why);
    order(fixture, "look");
    assert_non_null(strstr(fixture->said, "\"violations\": []"));
}

static void reads_a_path_once_for_all_its_keys(void **state)
{
    struct fixture *fixture = begin("60");
    char text[ERR_TEXT_MAX];

    (void)state;
    open_vault(fixture, 60000, 0);
    assert_string_equal(find(fixture, PASSWORD, text), "vault: kv/shop: not yet read (it was not asked yet)");
    assert_false(vault_is_settled(fixture->vault));
    (void)find(fixture, USER, text);
    wait_for(fixture, PASSWORD, "hunter2-first");
    assert_string_equal(find(fixture, USER, text), "shop");
    assert_true(vault_is_settled(fixture->vault));
    assert_int_equal(count_asked(fixture, "GET /v1/kv/data/shop 200"), 1);
    assert_non_null(strstr(fixture->learned, "hunter2-first\n"));
    assert_non_null(strstr(fixture->learned, "hvs.canary-token-1"));
    assert_non_null(strstr(fixture->learned, "canary-secret-id-8d2f\n"));
    /* A key that comes later is one more reading. */
    wait_for(fixture, "vault:kv/shop#later", "vault: kv/shop#later: it has no such key");
    assert_int_equal(count_asked(fixture, "GET /v1/kv/data/shop 200"), 2);
    assert_string_equal(find(fixture, PASSWORD, text), "hunter2-first");
    end(fixture);
}

static void forgets_what_a_round_does_not_name(void **state)
{
    struct fixture *fixture = begin("60");
    char text[ERR_TEXT_MAX];

    (void)state;
    open_vault(fixture, 60000, 0);
    wait_for(fixture, PASSWORD, "hunter2-first");
    wait_for(fixture, "vault:kv/none#x", "vault: kv/none#x: Vault has nothing there (404)");
    vault_round_begin(fixture->vault);
    (void)find(fixture, PASSWORD, text);
    vault_round_end(fixture->vault);
    assert_well(fixture);
    assert_string_equal(find(fixture, PASSWORD, text), "hunter2-first");
    assert_string_equal(find(fixture, "vault:kv/none#x", text),
                        "vault: kv/none: not yet read (it was not asked yet)");
    /* Also while it is asked for. */
    order(fixture, "slow/0.5");
    vault_round_begin(fixture->vault);
    wait_for(fixture, "vault:kv/other#x", "not yet read");
    vault_round_end(fixture->vault);
    vault_round_begin(fixture->vault);
    vault_round_end(fixture->vault);
    order(fixture, "slow/0");
    wait_for(fixture, PASSWORD, "hunter2-first");
    end(fixture);
}

static void takes_what_was_exchanged_and_keeps_the_last(void **state)
{
    struct fixture *fixture = begin("60");
    char why[ERR_TEXT_MAX];

    (void)state;
    open_vault(fixture, 200, 0);
    wait_for(fixture, PASSWORD, "hunter2-first");
    order(fixture, "set/password/hunter2-second");
    wait_for(fixture, PASSWORD, "hunter2-second");
    order(fixture, "seal/yes");
    wait_for(fixture, "vault:kv/fresh#x", "vault: kv/fresh: not yet read (Vault is sealed (503))");
    wait_for(fixture, PASSWORD, "hunter2-second");
    assert_true(vault_trouble(fixture->vault, why, sizeof(why)));
    order(fixture, "seal/no");
    wait_for(fixture, "vault:kv/fresh#x", "nothing there (404)");
    order(fixture, "deny/yes");
    wait_for(fixture, "vault:kv/shop#new", "not yet read (Vault does not let us (403))");
    wait_for(fixture, PASSWORD, "hunter2-second");
    assert_true(count_asked(fixture, "POST /v1/auth/approle/login 200") >= 2);
    order(fixture, "deny/no");
    wait_for(fixture, "vault:kv/shop#new", "it has no such key");
    order(fixture, "forget");
    wait_for(fixture, PASSWORD, "vault: kv/shop#password: Vault has nothing there (404)");
    end(fixture);
}

static void gives_up_what_is_too_old(void **state)
{
    struct fixture *fixture = begin("60");

    (void)state;
    open_vault(fixture, 200, 1000);
    wait_for(fixture, PASSWORD, "hunter2-first");
    order(fixture, "seal/yes");
    wait_for(fixture, PASSWORD,
             "vault: kv/shop: what is known is older than max_age (Vault is sealed (503))");
    order(fixture, "seal/no");
    wait_for(fixture, PASSWORD, "hunter2-first");
    end(fixture);
}

static bool is_renewed(struct fixture *fixture)
{
    return count_asked(fixture, "POST /v1/auth/token/renew-self 200") >= 2;
}

static void renews_and_logs_in_again(void **state)
{
    struct fixture *fixture = begin("2");
    int64_t until_ms = loop_now_ms() + PATIENCE_MS;
    bool never = false;

    (void)state;
    open_vault(fixture, 300, 0);
    wait_for(fixture, PASSWORD, "hunter2-first");
    while (!is_renewed(fixture) && loop_now_ms() < until_ms)
        (void)!loop_run_until(fixture->loop, &never, 100);
    assert_int_equal(count_asked(fixture, "POST /v1/auth/approle/login 200"), 1);
    assert_well(fixture);
    order(fixture, "end-tokens");
    order(fixture, "set/password/hunter2-third");
    wait_for(fixture, PASSWORD, "hunter2-third");
    assert_int_equal(count_asked(fixture, "POST /v1/auth/approle/login 200"), 2);
    end(fixture);
}

static void says_who_does_not_let_it_in(void **state)
{
    struct fixture *fixture = begin("60");
    char text[ERR_TEXT_MAX];

    (void)state;
    folder_write(&fixture->folder, "secret-id", "wrong\n");
    open_vault(fixture, 200, 0);
    wait_for(fixture, PASSWORD, "vault: kv/shop: not yet read (logging in: Vault refuses the request (400))");
    assert_true(vault_is_settled(fixture->vault));
    folder_write(&fixture->folder, "secret-id", "canary-secret-id-8d2f\n");
    wait_for(fixture, PASSWORD, "hunter2-first");
    /* And when nobody is there at all. */
    peer_stop(&fixture->peer);
    wait_for(fixture, "vault:kv/never#x", "not yet read (http://127.0.0.1:");
    assert_string_equal(find(fixture, PASSWORD, text), "hunter2-first");
    end(fixture);
}

static void ends_whatever_is_under_way(void **state)
{
    struct fixture *fixture = begin("60");
    char text[ERR_TEXT_MAX];
    bool never = false;

    (void)state;
    order(fixture, "slow/0.3");
    open_vault(fixture, 200, 0);
    (void)find(fixture, PASSWORD, text);
    (void)!loop_run_until(fixture->loop, &never, 50);
    end(fixture);
    fixture = begin("60");
    open_vault(fixture, 60000, 0);
    wait_for(fixture, PASSWORD, "hunter2-first");
    order(fixture, "slow/0.3");
    (void)find(fixture, "vault:kv/other#x", text);
    (void)!loop_run_until(fixture->loop, &never, 50);
    end(fixture);
    vault_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_path_once_for_all_its_keys),
        cmocka_unit_test(forgets_what_a_round_does_not_name),
        cmocka_unit_test(takes_what_was_exchanged_and_keeps_the_last),
        cmocka_unit_test(gives_up_what_is_too_old),
        cmocka_unit_test(renews_and_logs_in_again),
        cmocka_unit_test(says_who_does_not_let_it_in),
        cmocka_unit_test(ends_whatever_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
