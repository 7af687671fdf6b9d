/* test_probe.c - smoke tests against a service that behaves as its path says.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/probe.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "support/peer.h"
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, CHECKS_MAX = 64 };

struct world {
    struct peer peer;
    struct loop *loop;
    struct http_client *http;
    bool is_done;
    enum verdict verdict;
    char why[PROBE_WHY_MAX];
    char urls[CHECKS_MAX][96];
};

static int set_up_group(void **state)
{
    static struct world world;
    char *peer[] = {"/usr/bin/python3", "tests/support/source_peer.py", NULL};

    *state = &world;
    return peer_start(&world.peer, peer) ? 0 : -1;
}

static int tear_down_group(void **state)
{
    struct world *world = *state;

    peer_stop(&world->peer);
    return 0;
}

static int set_up(void **state)
{
    static const struct http_client_limits limits = {.in_flight_max = 64, .queue_max = 1000};
    struct world *world = *state;
    struct err err = {0};

    world->loop = loop_new();
    world->is_done = false;
    return http_client_new(world->loop, &limits, &world->http, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    http_client_free(world->http);
    loop_free(world->loop);
    return 0;
}

static void note_done(void *data, enum verdict verdict, const char *why)
{
    struct world *world = data;

    assert_false(world->is_done);
    world->is_done = true;
    world->verdict = verdict;
    (void)snprintf(world->why, sizeof(world->why), "%s", why);
}

/* extract 0 OPERATION number */
static struct expression compare(enum expression_op operation, double number)
{
    return (struct expression){.count = 3,
                               .nodes = {{.op = EXPRESSION_EXTRACT, .index = 0},
                                         {.op = EXPRESSION_NUMBER, .number = number},
                                         {.op = operation}}};
}

static const struct smoke_extract status_extract = {.kind = EXTRACT_STATUS};

static struct probe_check check_of(struct world *world, size_t index, const char *page,
                                   const struct smoke_extract *extract, const struct expression *expectation)
{
    (void)snprintf(world->urls[index], sizeof(world->urls[index]), "http://127.0.0.1:%s%s", world->peer.line,
                   page);
    return (struct probe_check){.name = page,
                                .method = "GET",
                                .url = world->urls[index],
                                .expectation = expectation,
                                .extract_count = 1,
                                .extracts = extract};
}

static struct probe_plan plan_of(const struct probe_check *checks, size_t count)
{
    return (struct probe_plan){.settle_ms = 1,
                               .timeout_ms = 2000,
                               .every_ms = 20,
                               .attempts = 3,
                               .check_count = count,
                               .checks = checks};
}

static void run(struct world *world, const struct probe_plan *plan)
{
    world->is_done = false;
    (void)probe_start(world->loop, world->http, plan, note_done, world);
    assert_false(world->is_done);
    assert_true(loop_run_until(world->loop, &world->is_done, DEADLINE_MS));
}

static enum verdict run_one(struct world *world, const char *page, struct smoke_extract extract,
                            struct expression expectation)
{
    struct probe_check check = check_of(world, 0, page, &extract, &expectation);
    struct probe_plan plan = plan_of(&check, 1);

    run(world, &plan);
    return world->verdict;
}

static void expect_why(const struct world *world, const char *part)
{
    if (strstr(world->why, part) == NULL)
        fail_msg("'%s' does not say '%s'", world->why, part);
}

static void test_extracts(void **state)
{
    struct world *world = *state;
    struct expression is_true = compare(EXPRESSION_EQUAL, 1);
    const struct {
        const char *page;
        struct smoke_extract extract;
        struct expression expectation;
        enum verdict verdict;
        const char *why;
    } cases[] = {
        {"/version", {EXTRACT_STATUS, NULL, NULL}, compare(EXPRESSION_EQUAL, 200), VERDICT_PASS, ""},
        {"/broken", {EXTRACT_STATUS, NULL, NULL}, compare(EXPRESSION_EQUAL, 200), VERDICT_FAIL, "status 500"},
        {"/elsewhere", {EXTRACT_STATUS, NULL, NULL}, compare(EXPRESSION_EQUAL, 302), VERDICT_PASS, ""},
        {"/slow", {EXTRACT_TIME_MS, NULL, NULL}, compare(EXPRESSION_LESS, 100), VERDICT_FAIL, "time 2"},
        {"/slow", {EXTRACT_TIME_MS, NULL, NULL}, compare(EXPRESSION_LESS, 2000), VERDICT_PASS, ""},
        {"/version",
         {EXTRACT_JSON_NUMBER, ".build.number", NULL},
         compare(EXPRESSION_EQUAL, 17),
         VERDICT_PASS,
         ""},
        {"/version",
         {EXTRACT_JSON_NUMBER, ".none", NULL},
         compare(EXPRESSION_EQUAL, 17),
         VERDICT_FAIL,
         ".none"},
        {"/version", {EXTRACT_JSON_EQUALS, ".version", "2.4.1"}, is_true, VERDICT_PASS, ""},
        {"/version", {EXTRACT_JSON_EQUALS, ".version", "2.4.2"}, is_true, VERDICT_FAIL, "'2.4.1'"},
        {"/broken", {EXTRACT_JSON_EQUALS, ".version", "2.4.2"}, is_true, VERDICT_FAIL, "missing"},
        {"/version", {EXTRACT_HEADER_EQUALS, "x-slot", "blue"}, is_true, VERDICT_PASS, ""},
        {"/version", {EXTRACT_HEADER_EQUALS, "X-Slot", "green"}, is_true, VERDICT_FAIL, "'blue'"},
        {"/version", {EXTRACT_HEADER_EQUALS, "X-None", "green"}, is_true, VERDICT_FAIL, "no header"},
        {"/version",
         {EXTRACT_BODY_MATCHES, "\"version\": *\"2\\.4\\.[0-9]+\"", NULL},
         is_true,
         VERDICT_PASS,
         ""},
        {"/version", {EXTRACT_BODY_MATCHES, "^nothing", NULL}, is_true, VERDICT_FAIL, "does not match"},
        {"/version", {EXTRACT_BODY_MATCHES, "(", NULL}, is_true, VERDICT_FAIL, "pattern"},
        {"/big",
         {EXTRACT_BODY_MATCHES, "^x+$", NULL},
         is_true,
         VERDICT_PASS,
         ""}, /* of what was read of it */
        {"/silent", {EXTRACT_STATUS, NULL, NULL}, compare(EXPRESSION_EQUAL, 200), VERDICT_FAIL, "/silent"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (run_one(world, cases[i].page, cases[i].extract, cases[i].expectation) != cases[i].verdict)
            fail_msg("case %zu, %s: %s", i, cases[i].page, world->why);
        expect_why(world, cases[i].why);
    }
}

static void test_one_success_of_its_attempts_is_enough(void **state)
{
    struct world *world = *state;
    struct smoke_extract status = {.kind = EXTRACT_STATUS};

    /* Three in a row are bad, and a second run begins where the first ended. */
    assert_int_equal(run_one(world, "/recovering", status, compare(EXPRESSION_EQUAL, 200)), VERDICT_FAIL);
    expect_why(world, "status 503");
    expect_why(world, "attempt 3 of 3");
    assert_int_equal(run_one(world, "/recovering", status, compare(EXPRESSION_EQUAL, 200)), VERDICT_PASS);
}

static void test_all_checks_must_pass(void **state)
{
    struct world *world = *state;
    struct expression good = compare(EXPRESSION_EQUAL, 200);
    struct probe_check checks[CHECKS_MAX];
    struct probe_plan plan = plan_of(checks, CHECKS_MAX);

    for (size_t i = 0; i < CHECKS_MAX; i++)
        checks[i] = check_of(world, i, "/version", &status_extract, &good);
    run(world, &plan);
    assert_int_equal(world->verdict, VERDICT_PASS);
    expect_why(world, "64 checks");
    checks[40] = check_of(world, 40, "/broken", &status_extract, &good);
    run(world, &plan);
    assert_int_equal(world->verdict, VERDICT_FAIL);
    expect_why(world, "/broken: status 500");
}

static void test_no_answer_and_no_check_are_failures(void **state)
{
    struct world *world = *state;
    struct expression good = compare(EXPRESSION_EQUAL, 200);
    struct probe_check check = check_of(world, 0, "/version", &status_extract, &good);
    struct probe_plan plan = plan_of(&check, 1);

    (void)snprintf(world->urls[0], sizeof(world->urls[0]), "http://127.0.0.1:%u/", process_free_port());
    run(world, &plan);
    assert_int_equal(world->verdict, VERDICT_FAIL);
    expect_why(world, "/version: ");
    plan.check_count = 0;
    run(world, &plan);
    assert_int_equal(world->verdict, VERDICT_FAIL);
}

static void test_cancels_while_settling_and_while_asking(void **state)
{
    struct world *world = *state;
    struct expression good = compare(EXPRESSION_EQUAL, 200);
    struct probe_check checks[] = {check_of(world, 0, "/silent", &status_extract, &good),
                                   check_of(world, 1, "/broken", &status_extract, &good)};
    struct probe_plan plan = plan_of(checks, 2);

    plan.settle_ms = 3600000;
    struct probe *settling = probe_start(world->loop, world->http, &plan, note_done, world);
    plan.settle_ms = 1;
    plan.every_ms = 3600000;
    struct probe *asking = probe_start(world->loop, world->http, &plan, note_done, world);
    /* Another one runs meanwhile, so that these are well on their way. */
    struct world other = *world;
    struct probe_check check = check_of(world, 2, "/version", &status_extract, &good);
    struct probe_plan short_plan = plan_of(&check, 1);
    run(&other, &short_plan);
    probe_cancel(settling);
    probe_cancel(asking);
    probe_cancel(NULL);
    run(&other, &short_plan);
    assert_false(world->is_done);
}

/* The peer answers with what it was sent. */
static void test_headers_and_body_are_sent(void **state)
{
    struct world *world = *state;
    const struct http_header headers[] = {{"X-Tenant", "north"}, {"Content-Type", "application/json"}};
    const struct smoke_extract extracts[] = {
        {.kind = EXTRACT_BODY_MATCHES, .path = "POST"},
        {.kind = EXTRACT_BODY_MATCHES, .path = "x-tenant\\W+north"},
        {.kind = EXTRACT_BODY_MATCHES, .path = "ping"},
    };
    struct expression all = {.count = 5,
                             .nodes = {{.op = EXPRESSION_EXTRACT, .index = 0},
                                       {.op = EXPRESSION_EXTRACT, .index = 1},
                                       {.op = EXPRESSION_AND},
                                       {.op = EXPRESSION_EXTRACT, .index = 2},
                                       {.op = EXPRESSION_AND}}};
    struct probe_check check = check_of(world, 0, "/echo", extracts, &all);
    struct probe_plan plan = plan_of(&check, 1);

    check.method = "POST";
    check.headers = headers;
    check.header_count = 2;
    check.body = "{\"ping\":1}";
    check.extract_count = 3;
    run(world, &plan);
    if (world->verdict != VERDICT_PASS)
        fail_msg("%s", world->why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_extracts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_success_of_its_attempts_is_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_checks_must_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_headers_and_body_are_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_answer_and_no_check_are_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancels_while_settling_and_while_asking, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
