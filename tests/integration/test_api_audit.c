/* test_api_audit.c - the audit over a real socket and journal: pages both ways, whole rows, who may read it.
 * SPDX-License-Identifier: MIT */
#include "io/digest.h"
#include "io/json.h"
#include "store/audit_walk.h"
#include "support/api_bench.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field_at(const struct api_bench_call *call, size_t row, const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), ".audit[%zu].%s", row, name);
    return api_bench_field(call, path);
}

static void three_rows(struct api_bench *bench)
{
    uint64_t id = api_bench_deployment(bench, PHASE_RUNNING); /* one row */

    api_bench_trace(bench, id, TRACE_PHASE, PHASE_RUNNING, 0, "alice");
    free(api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"read\"]}"));
}

static void rows_come_in_pages_both_ways(void **state)
{
    struct api_bench *bench = *state;
    struct api_bench_call *call = NULL;

    three_rows(bench);
    call = api_bench_ask(bench, "GET", "/v1/audit?limit=2", NULL);
    assert_int_equal(call->status, 200);
    assert_string_equal(field_at(call, 0, "what"), "token_created");
    assert_string_equal(field_at(call, 0, "deployment"), "");
    assert_string_equal(field_at(call, 1, "actor"), "alice");
    assert_string_equal(field_at(call, 1, "deployment"), "dep_1");
    assert_string_equal(api_bench_field(call, ".cursor"), "2");
    call = api_bench_ask(bench, "GET", "/v1/audit?limit=2&cursor=2", NULL);
    assert_string_equal(field_at(call, 0, "what"), "accepted");
    assert_string_equal(field_at(call, 1, "what"), "");
    assert_string_equal(api_bench_field(call, ".cursor"), "");
    call = api_bench_ask(bench, "GET", "/v1/audit?after=1&limit=100", NULL);
    assert_string_equal(field_at(call, 0, "event"), "2");
    assert_string_equal(field_at(call, 1, "event"), "3");
    assert_string_equal(field_at(call, 2, "event"), "");
    assert_string_equal(api_bench_field(api_bench_ask(bench, "GET", "/v1/audit?after=3", NULL), ".audit[0]"),
                        "");
}

/* What is shown is what was hashed. */
static void rows_are_whole(void **state)
{
    struct api_bench *bench = *state;
    struct audit_walk walk;
    struct err err = {0};

    three_rows(bench);
    struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/audit?after=0", NULL);
    assert_true(audit_walk_begin(&walk, NULL, &err));
    for (size_t i = 0; i < 3; i++) {
        unsigned char prev[JOURNAL_HASH_SIZE];
        unsigned char hash[JOURNAL_HASH_SIZE];
        char what[64], actor[64], reason[64];
        struct chain_row row = {.event = strtoull(field_at(call, i, "event"), NULL, 10),
                                .what = what,
                                .actor = actor,
                                .reason = reason};
        row.wall_ms = strtoll(field_at(call, i, "wall_ms"), NULL, 10);
        row.engine_ms = strtoll(field_at(call, i, "engine_ms"), NULL, 10);
        row.deployment = strlen(field_at(call, i, "deployment")) > 4
                             ? strtoull(field_at(call, i, "deployment") + 4, NULL, 10)
                             : 0;
        row.target = (uint32_t)strtoul(field_at(call, i, "target"), NULL, 10);
        row.a = (uint32_t)strtoul(field_at(call, i, "a"), NULL, 10);
        row.b = (uint32_t)strtoul(field_at(call, i, "b"), NULL, 10);
        row.step = (uint32_t)strtoul(field_at(call, i, "step"), NULL, 10);
        row.attempt = (uint32_t)strtoul(field_at(call, i, "attempt"), NULL, 10);
        (void)snprintf(what, sizeof(what), "%s", field_at(call, i, "what"));
        (void)snprintf(actor, sizeof(actor), "%s", field_at(call, i, "actor"));
        (void)snprintf(reason, sizeof(reason), "%s", field_at(call, i, "reason"));
        assert_true(digest_hex_decode(field_at(call, i, "prev"), prev, sizeof(prev)));
        assert_true(digest_hex_decode(field_at(call, i, "hash"), hash, sizeof(hash)));
        if (!audit_walk_row(&walk, &row, prev, hash, &err))
            fail_msg("%s", err.text);
    }
    assert_int_equal(walk.at.event, 3);
}

static void whoever_sees_all_may_read_it(void **state)
{
    struct api_bench *bench = *state;
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");
    char *bound =
        api_bench_token(bench, "{\"principal\":\"ci\",\"scopes\":[\"read\"],\"services\":[\"shop\"]}");

    bench->token = reader;
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/audit", NULL)->status, 200);
    bench->token = bound;
    struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/audit", NULL);
    assert_int_equal(call->status, 403);
    assert_non_null(strstr(call->body, "about all services"));
    free(reader);
    free(bound);
}

/* Whose tokens there are is for admins; the chain can be followed all the same. */
static void rows_of_tokens_are_for_admins(void **state)
{
    struct api_bench *bench = *state;
    struct err err = {0};
    struct audit_walk walk;

    three_rows(bench);
    char *reader = api_bench_token(bench, "{\"principal\":\"board\",\"scopes\":[\"read\"]}");
    char *admin = api_bench_token(bench, "{\"principal\":\"root\",\"scopes\":[\"read\",\"admin\"]}");
    bench->token = reader;
    struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/audit?after=0", NULL);
    assert_string_equal(field_at(call, 1, "actor"), "alice");
    assert_string_equal(field_at(call, 1, "withheld"), "");
    assert_true(audit_walk_begin(&walk, NULL, &err));
    for (size_t i = 0; i < 5; i++) {
        unsigned char prev[JOURNAL_HASH_SIZE];
        unsigned char hash[JOURNAL_HASH_SIZE];
        assert_true(digest_hex_decode(field_at(call, i, "prev"), prev, sizeof(prev)));
        assert_true(digest_hex_decode(field_at(call, i, "hash"), hash, sizeof(hash)));
        assert_true(audit_walk_withheld(&walk, i + 1, prev, hash, &err));
        if (i < 2)
            continue;
        assert_string_equal(field_at(call, i, "what"), "withheld");
        assert_string_equal(field_at(call, i, "actor"), "");
        assert_string_equal(field_at(call, i, "reason"), "");
        assert_string_equal(field_at(call, i, "text"), "withheld");
    }
    assert_int_equal(walk.withheld_count, 5);
    assert_null(strstr(call->body, "token"));
    bench->token = admin;
    assert_string_equal(field_at(api_bench_ask(bench, "GET", "/v1/audit?after=0", NULL), 2, "what"),
                        "token_created");
    free(reader);
    free(admin);
}

static void what_is_asked_in_vain(void **state)
{
    static const char *const bad[] = {"limit=0",  "limit=101",        "limit=x",
                                      "cursor=0", "cursor=dep_1",     "after=-1",
                                      "after=",   "after=1&cursor=2", "after=99999999999999999999"};
    struct api_bench *bench = *state;
    char path[64];

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        (void)snprintf(path, sizeof(path), "/v1/audit?%s", bad[i]);
        assert_int_equal(api_bench_ask(bench, "GET", path, NULL)->status, 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(rows_come_in_pages_both_ways),  WITH_API(rows_are_whole),
        WITH_API(rows_of_tokens_are_for_admins), WITH_API(whoever_sees_all_may_read_it),
        WITH_API(what_is_asked_in_vain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
