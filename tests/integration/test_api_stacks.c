/* test_api_stacks.c - states and locks of stacks over a real socket and journal, as terraform asks for them.
 * SPDX-License-Identifier: MIT */
#include "io/digest.h"
#include "store/stack.h"
#include "support/api_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACE "/v1/iac/network/prod"

static const char mine[] = "{\"ID\":\"one\", \"Operation\":\"OperationTypeApply\",\"Who\":\"ci@builder\"}";
static const char yours[] = "{\"ID\":\"two\",\"Who\":\"alice@desk\"}";
static const char first[] =
    "{\n  \"version\": 4, \"serial\": 1,\n  \"lineage\": \"a0c1\", \"secret\": \"hunter2\"\n}\n";
static const char second[] = "{\"version\":4,\"serial\":2,\"lineage\":\"a0c1\",\"secret\":\"hunter3\"}";

static void expect(const struct api_bench_call *call, int status, const char *words)
{
    if (call->status != status || strstr(call->body, words) == NULL)
        fail_msg("%d %s", call->status, call->body);
}

static void the_way_of_an_apply(void **state)
{
    struct api_bench *bench = *state;

    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 204, "");
    expect(api_bench_ask(bench, "GET", PLACE, NULL), 404, "nothing is known");
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", mine), 200, mine);
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", mine), 200, mine); /* its answer was lost */
    expect(api_bench_ask(bench, "POST", PLACE "/state?ID=one&run=run_7", first), 200, "\"serial\":1");
    expect(api_bench_ask(bench, "POST", PLACE "/state?ID=one&run=run_7", first), 200, "\"serial\":1");
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", mine), 200, "");
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", mine), 200, "");

    const struct api_bench_call *call = api_bench_ask(bench, "GET", PLACE "/state", NULL);
    assert_int_equal(call->status, 200);
    assert_string_equal(call->body, first);
    expect(api_bench_ask(bench, "POST", PLACE "/state", second), 200, "\"serial\":2");
    expect(api_bench_ask(bench, "GET", PLACE "/state?serial=1", NULL), 200, "hunter2");
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 200, "hunter3");
    expect(api_bench_ask(bench, "GET", PLACE "/state?serial=3", NULL), 404, "no state of this serial");
    call = api_bench_ask(bench, "GET", PLACE "?limit=1", NULL);
    assert_string_equal(api_bench_field(call, ".states[0].serial"), "2");
    assert_string_equal(api_bench_field(call, ".versions"), "2");
    char path[128];
    (void)snprintf(path, sizeof(path), PLACE "?limit=1&cursor=%s", api_bench_field(call, ".cursor"));
    call = api_bench_ask(bench, "GET", path, NULL);
    assert_string_equal(api_bench_field(call, ".states[0].serial"), "1");
    assert_string_equal(api_bench_field(call, ".states[0].run"), "run_7");
    assert_string_equal(api_bench_field(call, ".states[0].lock"), "one");
}

static void one_holds_the_lock(void **state)
{
    struct api_bench *bench = *state;

    expect(api_bench_ask(bench, "LOCK", PLACE "/state", mine), 200, mine);
    const struct api_bench_call *call = api_bench_ask(bench, "LOCK", PLACE "/state", yours);
    assert_int_equal(call->status, 423);
    assert_string_equal(call->body, mine); /* the holder's own words, byte for byte */
    assert_string_equal(call->type, "application/json");
    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 423, mine);
    expect(api_bench_ask(bench, "POST", PLACE "/state?ID=two", first), 423, mine);
    expect(api_bench_ask(bench, "DELETE", PLACE "/state", NULL), 423, mine);
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", yours), 409, mine);
    call = api_bench_ask(bench, "GET", "/v1/iac", NULL);
    assert_string_equal(api_bench_field(call, ".stacks[0].lock.who"), "ci@builder");
    assert_string_equal(api_bench_field(call, ".stacks[0].lock.id"), "one");
    assert_string_equal(api_bench_field(call, ".stacks[0].state"), "");

    expect(api_bench_ask(bench, "DELETE", PLACE "/lock", "{\"reason\":\"\"}"), 400, "#/reason");
    expect(api_bench_ask(bench, "DELETE", PLACE "/lock", "{\"reason\":\"r\",\"id\":\"two\"}"), 409,
           "lock one");
    expect(api_bench_ask(bench, "DELETE", PLACE "/lock", "{\"reason\":\"it is gone\",\"id\":\"one\"}"), 200,
           "");
    expect(api_bench_ask(bench, "DELETE", PLACE "/lock", "{\"reason\":\"r\"}"), 404, "nobody holds");
    expect(api_bench_ask(bench, "POST", PLACE "/state?ID=one", first), 409, "lock-lost");
    expect(api_bench_ask(bench, "DELETE", PLACE "/state?ID=one", NULL), 409, "lock-lost");
    expect(api_bench_ask(bench, "GET", "/v1/audit", NULL), 200,
           "network/prod: lock one of ci@builder: it is gone");
}

static void what_does_not_follow_is_refused(void **state)
{
    struct api_bench *bench = *state;

    expect(api_bench_ask(bench, "POST", PLACE "/state", second), 200, "");
    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 409, "stale-serial");
    expect(api_bench_ask(bench, "POST", PLACE "/state", "{\"serial\":2,\"lineage\":\"a0c1\"}"), 409,
           "other-state");
    expect(api_bench_ask(bench, "POST", PLACE "/state", "{\"serial\":3,\"lineage\":\"b\"}"), 409,
           "other-lineage");
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 200, "hunter3");
    expect(api_bench_ask(bench, "DELETE", PLACE "/state", NULL), 200, "");
    expect(api_bench_ask(bench, "DELETE", PLACE "/state", NULL), 200, "");
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 204, "");
    expect(api_bench_ask(bench, "GET", PLACE "/state?serial=2", NULL), 200,
           "hunter3"); /* kept all the same */
    expect(api_bench_ask(bench, "POST", PLACE "/state", "{\"serial\":0,\"lineage\":\"b\"}"), 200,
           "\"serial\":0");
}

static void what_is_broken_is_refused(void **state)
{
    static const char *const bodies[] = {"",
                                         "[]",
                                         "{",
                                         "{\"serial\":1}",
                                         "{\"serial\":-1,\"lineage\":\"a\"}",
                                         "{\"serial\":1.5,\"lineage\":\"a\"}",
                                         "{\"serial\":1,\"lineage\":\"\"}",
                                         "{\"serial\":1,\"lineage\":7}",
                                         "{\"serial\":1,\"lineage\":\"a\"}}"};
    static const char *const holders[] = {"[]", "{}", "{\"ID\":\"\"}", "{\"ID\":7}", "{\"ID\":\"a\\nb\"}",
                                          "{"};
    struct api_bench *bench = *state;
    unsigned char hash[DIGEST_MD5_SIZE];
    char md5[DIGEST_BASE64_SIZE(DIGEST_MD5_SIZE)];

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect(api_bench_ask(bench, "POST", PLACE "/state", bodies[i]), 400, "\"status\":400");
    for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++) {
        expect(api_bench_ask(bench, "LOCK", PLACE "/state", holders[i]), 400, "\"status\":400");
        expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", holders[i]), 400, "\"status\":400");
    }
    char *large = calloc(1, STACK_HOLDER_MAX_BYTES + 2);
    memset(large, ' ', STACK_HOLDER_MAX_BYTES + 1);
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", large), 400, "at most 8192");
    free(large);
    expect(api_bench_ask(bench, "POST", PLACE "/state?run=7", first), 400, "run_N");
    expect(api_bench_ask(bench, "POST", PLACE "/state?deployment=shop", first), 400, "dep_N");
    expect(api_bench_ask(bench, "POST", PLACE "/state?ID=a%0ab", first), 400, "ID: must be a line");
    digest_md5(second, strlen(second), hash);
    digest_base64_encode(hash, sizeof(hash), md5);
    expect(api_bench_ask_with(bench, "POST", PLACE "/state", first, "Content-MD5", md5), 400,
           "Content-MD5 says");
    expect(api_bench_ask_with(bench, "LOCK", PLACE "/state", mine, "Content-MD5", md5), 400,
           "Content-MD5 says");
    expect(api_bench_ask_with(bench, "POST", PLACE "/state", first, "Content-MD5", "x"), 400, "base64");
    expect(api_bench_ask(bench, "GET", "/v1/iac", NULL), 200, "\"stacks\":[]");
    expect(api_bench_ask_with(bench, "POST", PLACE "/state", second, "Content-MD5", md5), 200, "");
}

/* Restores what serial `serial` had. */
static const struct api_bench_call *restore(struct api_bench *bench, int serial)
{
    char body[64];

    (void)snprintf(body, sizeof(body), "{\"serial\":%d,\"reason\":\"a wrong build\"}", serial);
    return api_bench_ask(bench, "POST", PLACE "/restore", body);
}

static void an_older_one_comes_back(void **state)
{
    static const char third[] =
        "{\n  \"version\": 4, \"serial\": 3,\n  \"lineage\": \"a0c1\", \"secret\": \"hunter2\"\n}\n";
    struct api_bench *bench = *state;

    expect(restore(bench, 1), 404, "no state of serial 1");
    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 200, "");
    expect(restore(bench, 1), 409, "already");
    expect(api_bench_ask(bench, "POST", PLACE "/state", second), 200, "");
    const struct api_bench_call *call = restore(bench, 1);
    expect(call, 200, "\"lineage\":\"a0c1\"");
    assert_string_equal(api_bench_field(call, ".serial"), "3");
    assert_string_equal(api_bench_field(call, ".restored"), "1");
    assert_string_equal(api_bench_ask(bench, "GET", PLACE "/state", NULL)->body, third);
    expect(restore(bench, 1), 409, "is that of serial 1 already"); /* its answer was lost */
    expect(restore(bench, 3), 409, "already");
    expect(api_bench_ask(bench, "POST", PLACE "/state", second), 409, "stale-serial");
    expect(api_bench_ask(bench, "GET", "/v1/audit", NULL), 200,
           "network/prod: serial 3 with what serial 1 had, 74 bytes");
    expect(api_bench_ask(bench, "GET", "/v1/audit", NULL), 200, ": a wrong build\"");

    /* What was deleted is kept, and comes back too; a state of something else does not. */
    expect(api_bench_ask(bench, "DELETE", PLACE "/state", NULL), 200, "");
    expect(restore(bench, 2), 200, "\"serial\":4");
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 200, "hunter3");
    expect(api_bench_ask(bench, "DELETE", PLACE "/state", NULL), 200, "");
    expect(api_bench_ask(bench, "POST", PLACE "/state", "{\"serial\":7,\"lineage\":\"b\"}"), 200, "");
    expect(restore(bench, 2), 404, "with the lineage of its newest one");
}

static void an_older_one_stays_away(void **state)
{
    static const char *const bodies[] = {"",
                                         "{\"serial\":1}",
                                         "{\"serial\":1,\"reason\":\"\"}",
                                         "{\"reason\":\"r\"}",
                                         "{\"serial\":-1,\"reason\":\"r\"}",
                                         "{\"serial\":1.5,\"reason\":\"r\"}",
                                         "{\"serial\":1,\"reason\":\"r\",\"lineage\":\"b\"}"};
    struct api_bench *bench = *state;

    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 200, "");
    expect(api_bench_ask(bench, "POST", PLACE "/state", second), 200, "");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect(api_bench_ask(bench, "POST", PLACE "/restore", bodies[i]), 400, "\"status\":400");
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", yours), 200, "");
    expect(restore(bench, 1), 409, "alice@desk holds its lock (two)");
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", yours), 200, "");
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", "{\"ID\":\"three\"}"), 200, "");
    expect(restore(bench, 1), 409, "somebody holds its lock (three)");
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", "{\"ID\":\"three\"}"), 200, "");
    bench->stack_run = 7;
    expect(restore(bench, 1), 409, "run_7 is at work on network/prod");
    bench->stack_run = 0;
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");
    bench->token = reader;
    expect(restore(bench, 1), 403, "deploy");
    expect(api_bench_ask(bench, "GET", PLACE, NULL), 200, "\"versions\":2");
    bench->token = NULL;
    free(reader);
    expect(restore(bench, 1), 200, "\"serial\":3");
}

static const char *basic(const char *token, char *to, size_t size)
{
    char plain[256];
    char encoded[DIGEST_BASE64_SIZE(sizeof(plain))];

    (void)snprintf(plain, sizeof(plain), "terraform:%s", token);
    digest_base64_encode(plain, strlen(plain), encoded);
    (void)snprintf(to, size, "Basic %s", encoded);
    return to;
}

static void a_token_is_for_its_stacks_only(void **state)
{
    struct api_bench *bench = *state;
    char header[512];
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");
    char *ci = api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"read\",\"deploy\"],"
                                      "\"services\":[\"network\"],\"environments\":[\"prod\"]}");

    expect(api_bench_ask(bench, "POST", "/v1/iac/data/prod/state", first), 200, "");
    expect(api_bench_ask_with(bench, "POST", PLACE "/state", first, "Authorization",
                              basic(ci, header, sizeof(header))),
           200, "");
    bench->token = ci;
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 200, "hunter2");
    expect(api_bench_ask(bench, "GET", "/v1/iac/data/prod/state", NULL), 403, "not for data/prod");
    expect(api_bench_ask(bench, "GET", "/v1/iac/network/staging/state", NULL), 403,
           "not for network/staging");
    expect(api_bench_ask(bench, "LOCK", "/v1/iac/network/staging/state", mine), 403, "not for");
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", mine), 200, "");
    expect(api_bench_ask(bench, "DELETE", PLACE "/lock", "{\"reason\":\"r\"}"), 403, "override");
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", NULL), 403,
           "override"); /* terraform force-unlock */
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/iac", NULL);
    assert_string_equal(api_bench_field(call, ".stacks[0].stack"), "network");
    assert_string_equal(api_bench_field(call, ".stacks[1].stack"), "");
    bench->token = reader;
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 403, "deploy"); /* it holds secrets */
    expect(api_bench_ask(bench, "GET", PLACE, NULL), 200, "\"serial\":1");
    bench->token = NULL;
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", NULL), 200, "");
    expect(api_bench_ask(bench, "UNLOCK", PLACE "/state", NULL), 200, "");
    expect(api_bench_ask(bench, "GET", "/v1/audit", NULL), 200, "stack_lock_broken");
    assert_null(strstr(api_bench_ask(bench, "GET", "/v1/audit", NULL)->body, "hunter2"));
    free(reader);
    free(ci);
}

static void a_large_state_goes_both_ways(void **state)
{
    static const char head[] = "{\"serial\":1,\"lineage\":\"a\",\"x\":\"";
    struct api_bench *bench = *state;
    size_t length = API_BENCH_BODY_MAX - 64;
    char *body = calloc(1, length + 1);

    memset(body, 'x', length);
    memcpy(body, head, sizeof(head) - 1);
    memcpy(body + length - 2, "\"}", 2);
    expect(api_bench_ask(bench, "POST", PLACE "/state", body), 200, "");
    assert_string_equal(api_bench_ask(bench, "GET", PLACE "/state", NULL)->body, body);
    body[2] = 'S';
    expect(api_bench_ask(bench, "POST", "/v1/iac/data/prod/state", body), 400, "serial");
    expect(api_bench_ask(bench, "LOCK", PLACE "/state", body), 413, ""); /* only a state may be so long */
    free(body);
}

/* What did not reach the disk was not answered, nor journaled; what is not there is not given. */
static void the_disk_has_the_last_word(void **state)
{
    struct api_bench *bench = *state;

    folder_write(&bench->folder, "iac", "no folder");
    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 507, "");
    expect(api_bench_ask(bench, "GET", "/v1/iac", NULL), 200, "\"stacks\":[]");
    char path[FOLDER_PATH_MAX];
    char aside[FOLDER_PATH_MAX];
    assert_int_equal(unlink(folder_path(&bench->folder, "iac", path)), 0);
    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 200, "");
    assert_int_equal(rename(path, folder_path(&bench->folder, "aside", aside)), 0);
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 500, "log says why");
    assert_int_equal(rename(aside, path), 0);
    expect(api_bench_ask(bench, "GET", PLACE "/state", NULL), 200, "hunter2");
}

struct watch {
    struct api_bench *bench;
    uint64_t before;
    bool has_come;
};

static void look(void *data)
{
    struct watch *watch = data;

    if (watch->bench != NULL)
        watch->has_come = http_server_counts(watch->bench->server).requests > watch->before;
}

/* Sends a state, and returns while it is with a worker. */
static struct http_call *hand_over(struct api_bench *bench)
{
    static struct api_bench_call call;
    static struct watch watch;

    watch = (struct watch){.bench = bench, .before = http_server_counts(bench->server).requests};
    loop_on_turn(bench->loop, look, &watch);
    api_bench_send(bench, &call, "POST", PLACE "/state", first, NULL);
    assert_true(loop_run_until(bench->loop, &watch.has_come, API_BENCH_DEADLINE_MS));
    assert_false(call.is_over);
    watch.bench = NULL; /* it may be torn down from here */
    return call.http;
}

/* Nothing of it is used after it was freed. */
static void the_end_comes_while_it_is_written(void **state)
{
    assert_non_null(hand_over(*state));
}

/* The answer is lost, not the state. */
static void who_sent_it_goes_away(void **state)
{
    struct api_bench *bench = *state;
    int64_t deadline_ms = loop_now_ms() + API_BENCH_DEADLINE_MS;

    http_request_cancel(hand_over(bench));
    while (api_bench_ask(bench, "GET", PLACE "/state", NULL)->status != 200)
        assert_true(loop_now_ms() < deadline_ms);
    expect(api_bench_ask(bench, "POST", PLACE "/state", first), 200, "");
    const struct api_bench_call *call = api_bench_ask(bench, "GET", PLACE, NULL);
    assert_string_equal(api_bench_field(call, ".versions"), "1");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, api_bench_set_up, api_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_way_of_an_apply),
        TEST(one_holds_the_lock),
        TEST(what_does_not_follow_is_refused),
        TEST(what_is_broken_is_refused),
        TEST(an_older_one_comes_back),
        TEST(an_older_one_stays_away),
        TEST(a_token_is_for_its_stacks_only),
        TEST(a_large_state_goes_both_ways),
        TEST(the_disk_has_the_last_word),
        TEST(the_end_comes_while_it_is_written),
        TEST(who_sent_it_goes_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
