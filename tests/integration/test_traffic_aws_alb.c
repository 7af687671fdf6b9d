/* test_traffic_aws_alb.c - the lever of Amazon's load balancers, against a peer that keeps its rules.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "support/aws_bench.h"
#include "support/lever_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLACE "arn:aws:elasticloadbalancing:eu-test-1:123456789012:"
#define GROUP PLACE "targetgroup/"
#define APP   "/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
#define BLUE  GROUP "blue/73e2d6bc24d8a060"
#define GREEN GROUP "green/73e2d6bc24d8a061"

struct fixture {
    struct lever_bench *bench;
    struct aws_bench aws;
};

static const struct lever_bench_option rule[] = {
    {"rule", PLACE "listener-rule" APP "/9683b2d02a6cabee"}, {"target_groups", BLUE " " GREEN}, {NULL, NULL}};
static const struct lever_bench_option listener[] = {
    {"listener", PLACE "listener" APP}, {"target_groups", BLUE " " GREEN}, {NULL, NULL}};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(aws_bench_start(&fixture->aws));
    const struct lever_bench_option options[] = {{"region", "eu-test-1"},
                                                 {"endpoint", fixture->aws.url},
                                                 {"metadata_endpoint", fixture->aws.url},
                                                 {"timeout", "2s"},
                                                 {NULL, NULL}};
    fixture->bench = lever_bench_new(traffic_types);
    lever_bench_open(fixture->bench, "aws_alb", options);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    lever_bench_free(fixture->bench);
    aws_bench_stop(&fixture->aws);
    free(fixture);
    return 0;
}

static void expect_weights(const struct fixture *fixture, const char *place, int blue, int green)
{
    char path[32];

    (void)snprintf(path, sizeof(path), ".%s.blue", place);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, path), blue);
    (void)snprintf(path, sizeof(path), ".%s.green", place);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, path), green);
}

static void expect_text(const struct fixture *fixture, const char *path, const char *text)
{
    char seen[256];

    aws_bench_seen_text(&fixture->aws, path, seen, sizeof(seen));
    assert_string_equal(seen, text);
}

static void test_sets_and_reads(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, rule);
    static const struct {
        uint16_t share;
        int blue, green;
    } cases[] = {{500, 95, 5}, {5000, 50, 50}, {10000, 0, 100}, {10, 999, 1}, {1250, 875, 125}, {0, 100, 0}};
    uint64_t number = 0;

    struct lever_told told = lever_bench_rehearse(fixture->bench, &split);
    lever_bench_expect_done(&told, 0);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".changes"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        told = lever_bench_set_now(fixture->bench, &split, ++number, cases[i].share);
        lever_bench_expect_done(&told, cases[i].share);
        assert_true(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
        told = lever_bench_read(fixture->bench, &split);
        lever_bench_expect_done(&told, cases[i].share);
        expect_weights(fixture, "rule", cases[i].blue, cases[i].green);
    }
    told =
        lever_bench_set_now(fixture->bench, &split, ++number, 0); /* what stands there already is not sent */
    lever_bench_expect_done(&told, 0);
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".changes"), 6);
    told = lever_bench_set_now(fixture->bench, &split, ++number, 1);
    lever_bench_expect_failed(&told, true, "no weights of 0 to 999 are 0.01 %");
}

/* Everything but the weights goes back as it came: who must log in, how long users stay on their side. */
static void test_keeps_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, rule);

    struct lever_told told = lever_bench_set_now(fixture->bench, &split, 1, 2500);
    lever_bench_expect_done(&told, 2500);
    expect_text(fixture, ".actions[0].Type", "authenticate-oidc");
    expect_text(fixture, ".actions[0].Order", "1");
    expect_text(fixture, ".actions[0].AuthenticateOidcConfig.AuthorizationEndpoint",
                "https://login.example/a?x=1&y=2");
    expect_text(fixture, ".actions[1].Order", "2");
    expect_text(fixture, ".actions[1].ForwardConfig.TargetGroupStickinessConfig.DurationSeconds", "600");
    expect_weights(fixture, "listener", 100, 0);
}

static void test_listener_and_other_slot(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 0, listener); /* blue is the candidate */

    struct lever_told told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_done(&told, 10000);
    told = lever_bench_set_now(fixture->bench, &split, 1, 2000);
    lever_bench_expect_done(&told, 2000);
    expect_weights(fixture, "listener", 20, 80);
    expect_weights(fixture, "rule", 100, 0);
}

static void test_health(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, rule);

    aws_bench_tell(&fixture->aws,
                   "{'health': {'green': ['unhealthy', 'initial'], 'blue': ['draining', 'healthy']}}");
    struct lever_told told = lever_bench_rehearse(fixture->bench, &split); /* the candidate may not run yet */
    lever_bench_expect_done(&told, 0);
    told = lever_bench_set_now(fixture->bench, &split, 1, 500);
    lever_bench_expect_failed(&told, false, "no healthy target in the candidate's group (initial)");
    expect_weights(fixture, "rule", 100, 0);
    aws_bench_tell(&fixture->aws, "{'health': {'blue': 'unhealthy'}}");
    told = lever_bench_rehearse(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "no healthy target to go back to (unhealthy)");
    told = lever_bench_set_now(fixture->bench, &split, 2, 5000);
    lever_bench_expect_done(&told, 5000);
    aws_bench_tell(&fixture->aws, "{'health': {'green': 'unhealthy', 'blue': 'unhealthy'}}");
    told = lever_bench_set_now(fixture->bench, &split, 3, 0); /* the way back asks nothing */
    lever_bench_expect_done(&told, 0);
    aws_bench_tell(&fixture->aws, "{'health': {'green': []}}");
    told = lever_bench_set_now(fixture->bench, &split, 4, 500);
    lever_bench_expect_failed(&told, false, "(it has none)");
}

/* Where the rule forwards elsewhere it is not moved forward, but always back. */
static void test_other_hands(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, rule);

    aws_bench_tell(&fixture->aws, "{'weights': {'blue': 3, 'green': 1}}");
    struct lever_told told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_done(&told, 2500);
    aws_bench_tell(&fixture->aws, "{'third': true}");
    told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, true, "rule: it forwards to another target group as well: " GROUP "red");
    told = lever_bench_set_now(fixture->bench, &split, 1, 500);
    lever_bench_expect_failed(&told, true, "another target group");
    told = lever_bench_set_now(fixture->bench, &split, 2, 0);
    lever_bench_expect_done(&told, 0);
    expect_weights(fixture, "rule", 100, 0);
    aws_bench_tell(&fixture->aws, "{'plain': true}");
    told = lever_bench_rehearse(fixture->bench, &split);
    lever_bench_expect_failed(&told, true, "it does not forward to " GREEN "; give it the weight 0 there");
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    static const struct lever_bench_option other[] = {
        {"rule", PLACE "listener-rule" APP "/0000"}, {"target_groups", BLUE " " GREEN}, {NULL, NULL}};
    static const struct lever_bench_option wrong[][4] = {
        {{"target_groups", BLUE " " GREEN}, {NULL, NULL}},
        {{"rule", "my-rule"}, {"target_groups", BLUE " " GREEN}, {NULL, NULL}},
        {{"listener", PLACE "listener-rule" APP}, {"target_groups", BLUE " " GREEN}, {NULL, NULL}},
        {{"listener", PLACE "listener" APP}, {"target_groups", BLUE " green"}, {NULL, NULL}},
        {{"listener", PLACE "listener" APP},
         {"rule", PLACE "listener-rule" APP},
         {"target_groups", BLUE " " GREEN},
         {NULL, NULL}}};
    static const char *const why[] = {"a rule or a listener", "'my-rule' is no ARN",
                                      "is no ARN with \":listener/\"", "'green' is no ARN",
                                      "a rule or a listener"};

    struct traffic_split split = lever_bench_split(fixture->bench, 1, other);
    struct lever_told told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, true, "the load balancer: RuleNotFound");
    for (size_t i = 0; i < sizeof(why) / sizeof(*why); i++) {
        split = lever_bench_split(fixture->bench, 1, wrong[i]);
        told = lever_bench_read(fixture->bench, &split);
        lever_bench_expect_failed(&told, true, why[i]);
    }
    split = lever_bench_split(fixture->bench, 1, rule);
    aws_bench_tell(&fixture->aws,
                   "{'fail': [[400, 'Throttling'], [403, 'AccessDenied'], [403, 'ExpiredToken']]}");
    told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "Throttling");
    told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, true, "AccessDenied");
    told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "it refuses the credentials (ExpiredToken)");
    aws_bench_tell(&fixture->aws, "{'deaf': true}");
    told = lever_bench_set_now(fixture->bench, &split, 1, 500);
    lever_bench_expect_failed(&told, false, "asked for 5.00 %, read back 0.00 %");
    aws_bench_tell(&fixture->aws, "{'raw': '<html><body>maintenance</html>'}");
    told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "not XML");
    aws_bench_tell(&fixture->aws, "{'raw': '<R><DescribeRulesResult><Rules/></DescribeRulesResult></R>'}");
    told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "something else than was asked for");
    aws_bench_stop(&fixture->aws);
    told = lever_bench_set_now(fixture->bench, &split, 2, 0);
    lever_bench_expect_failed(&told, false, "127.0.0.1");
}

/* Whenever the way back comes, it comes last. */
static void test_the_newest_wins(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, rule);
    const bool never = false;
    uint64_t number = 0;

    aws_bench_tell(&fixture->aws, "{'slow': 0.03}");
    for (int wait_ms = 1; wait_ms < 200; wait_ms += 14) {
        struct lever_told forward;
        struct lever_told back;
        lever_bench_set(fixture->bench, &split, ++number, 5000, &forward);
        assert_false(loop_run_until(fixture->bench->loop, &never, wait_ms));
        lever_bench_set(fixture->bench, &split, ++number, 0, &back);
        lever_bench_await(fixture->bench, &back);
        lever_bench_expect_done(&back, 0);
        lever_bench_await(fixture->bench, &forward);
        expect_weights(fixture, "rule", 100, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sets_and_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keeps_what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listener_and_other_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_hands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_newest_wins, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
