/* test_controller_answer.c - what a controller may say, and what of it nothing is done of.
 * SPDX-License-Identifier: MIT */
#include "drivers/controller_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMAND(members) "{\"commands\":[{\"id\":\"c-1\"," members "}]}"

static struct controller_orders read_good(const char *text)
{
    struct controller_orders orders = {0};
    struct err err = {0};

    if (!controller_answer_read(text, strlen(text), &orders, &err))
        fail_msg("%s: %s", text, err.text);
    return orders;
}

static void expect(const char *text, const char *path, const char *body)
{
    struct controller_orders orders = read_good(text);

    assert_int_equal(orders.count, 1);
    assert_string_equal(orders.of[0].id, "c-1");
    assert_string_equal(orders.of[0].path, path);
    assert_string_equal(orders.of[0].body, body);
    controller_orders_free(&orders);
}

static void verbs_are_requests_of_our_own(void **state)
{
    (void)state;
    expect(COMMAND("\"verb\":\"abort\",\"deployment\":\"dep_7\",\"reason\":\"no\""),
           "/v1/deployments/dep_7/abort", "{\"reason\":\"no\"}");
    expect(COMMAND("\"verb\":\"abort\",\"deployment\":\"run_3\""), "/v1/runs/run_3/abort", "{}");
    expect(COMMAND("\"verb\":\"rollback\",\"deployment\":\"shop/prod\",\"past_no_return\":true"),
           "/v1/deployments/shop/prod/rollback", "{\"past_no_return\":true}");
    expect(COMMAND("\"verb\":\"start\",\"deployment\":\"shop/prod\",\"version\":\"2.0.0\""),
           "/v1/deployments", "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\"}");
    expect(COMMAND("\"verb\":\"run\",\"pipeline\":\"shop\",\"version\":\"2.0.0\""), "/v1/runs",
           "{\"pipeline\":\"shop\",\"version\":\"2.0.0\"}");
    expect(COMMAND("\"verb\":\"reject\",\"deployment\":\"dep_7\",\"comment\":\"late\""),
           "/v1/deployments/dep_7/approvals", "{\"comment\":\"late\",\"decision\":\"reject\"}");
    expect(COMMAND("\"verb\":\"freeze\",\"deployment\":\"shop/prod\",\"until\":\"2h\",\"reason\":\"x\""),
           "/v1/services/shop/prod/freeze", "{\"until\":\"2h\",\"reason\":\"x\"}");
}

#define PLAN "sha256:ab"

static void all_verbs_of_the_cli_are_there(void **state)
{
    (void)state;
    expect(
        COMMAND("\"verb\":\"approve\",\"deployment\":\"run_3\",\"plan\":\"" PLAN "\",\"comment\":\"read\""),
        "/v1/runs/run_3/tasks/approve/approve",
        "{\"result\":\"pass\",\"outputs\":{\"plan\":\"" PLAN "\"},\"reason\":\"read\"}");
    expect(COMMAND("\"verb\":\"approve\",\"deployment\":\"dep_3\""), "/v1/deployments/dep_3/approvals",
           "{\"decision\":\"approve\"}");
    expect(
        COMMAND("\"verb\":\"reject\",\"deployment\":\"run_3\",\"stage\":\"net-approve\",\"task\":\"people\""),
        "/v1/runs/run_3/tasks/net-approve/people", "{\"result\":\"fail\"}");
    expect(COMMAND("\"verb\":\"iac apply\",\"stack\":\"network/prod\",\"reason\":\"x\""), "/v1/runs",
           "{\"stack\":\"network\",\"environment\":\"prod\",\"verb\":\"apply\",\"reason\":\"x\"}");
    expect(
        COMMAND("\"verb\":\"iac destroy\",\"stack\":\"network/dev\",\"confirm\":\"network/dev\""), "/v1/runs",
        "{\"stack\":\"network\",\"environment\":\"dev\",\"verb\":\"destroy\",\"confirm\":\"network/dev\"}");
    expect(COMMAND("\"verb\":\"start\",\"group\":\"pair\",\"versions\":{\"a\":\"1\",\"b\":\"2\"}"),
           "/v1/runs", "{\"group\":\"pair\",\"versions\":{\"a\":\"1\",\"b\":\"2\"}}");
    expect(COMMAND("\"verb\":\"adopt\",\"deployment\":\"shop/prod\",\"version\":\"1\",\"reason\":\"x\""),
           "/v1/services/shop/prod/adopt", "{\"version\":\"1\",\"reason\":\"x\"}");
    expect(COMMAND("\"verb\":\"rehearse\",\"deployment\":\"shop/prod\",\"version\":\"2\""),
           "/v1/services/shop/prod/rehearse", "{\"version\":\"2\"}");
    expect(COMMAND("\"verb\":\"rehearse recovery\",\"deployment\":\"shop/prod\""),
           "/v1/services/shop/prod/rehearse/recovery", "{}");
    expect(COMMAND("\"verb\":\"mark\",\"deployment\":\"dep_2\",\"weight\":12.5"),
           "/v1/deployments/dep_2/marks", "{\"weight\":12.5}");
    expect(COMMAND(
               "\"verb\":\"quarantine add\",\"deployment\":\"shop/prod\",\"version\":\"2\",\"reason\":\"x\""),
           "/v1/quarantine",
           "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2\",\"reason\":\"x\"}");
    expect(COMMAND("\"verb\":\"quarantine clear\",\"entry\":\"q3-00000000deadbeef\",\"reason\":\"x\""),
           "/v1/quarantine/q3-00000000deadbeef", "{\"reason\":\"x\"}");
}

static void one_verb_takes_away(void **state)
{
    struct controller_orders orders = read_good(
        "{\"commands\":[{\"id\":\"c-1\",\"verb\":\"quarantine clear\",\"entry\":\"q1-00000000deadbeef\"},"
        "{\"id\":\"c-2\",\"verb\":\"hold\",\"deployment\":\"dep_1\"}]}");

    (void)state;
    assert_string_equal(orders.of[0].method, "DELETE");
    assert_string_equal(orders.of[1].method, "POST");
    controller_orders_free(&orders);
}

static void nothing_is_no_command(void **state)
{
    static const char *const texts[] = {"", "{}", "{\"commands\":[]}", "{\"commands\":null}"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct controller_orders orders = read_good(texts[i]);
        assert_int_equal(orders.count, 0);
    }
}

static void refuse(const char *text, const char *said)
{
    struct controller_orders orders = {.count = 99};
    struct err err = {0};

    if (controller_answer_read(text, strlen(text), &orders, &err))
        fail_msg("this was taken: %s", text);
    assert_int_equal(orders.count, 99); /* untouched */
    if (strstr(err.text, said) == NULL)
        fail_msg("%s: not '%s' but: %s", text, said, err.text);
}

static void what_is_not_known_ends_all_of_it(void **state)
{
    (void)state;
    refuse("<html>", "offset");
    refuse("[]", "object");
    refuse("{\"commands\":{}}", "commands");
    refuse("{\"orders\":[]}", "orders");
    refuse("{\"commands\":[1]}", "#/commands/0");
    refuse(COMMAND("\"verb\":\"shutdown\",\"deployment\":\"dep_1\""), "no verb");
    refuse(COMMAND("\"verb\":\"abort\""), "deployment");
    refuse(COMMAND("\"verb\":\"abort\",\"deployment\":\"dep_0\""), "neither dep_N");
    refuse(COMMAND("\"verb\":\"hold\",\"deployment\":\"run_1\""), "neither dep_N");
    refuse(COMMAND("\"verb\":\"abort\",\"deployment\":\"../../tokens\""), "neither dep_N");
    refuse(COMMAND("\"verb\":\"abort\",\"deployment\":\"shop/prod/hold?x=\""), "neither dep_N");
    refuse(COMMAND("\"verb\":\"freeze\",\"deployment\":\"dep_1\""), "is not SERVICE/ENV");
    refuse(COMMAND("\"verb\":\"run\",\"pipeline\":\"a/b\""), "is no name");
    refuse(COMMAND("\"verb\":\"abort\",\"deployment\":\"dep_1\",\"full\":true"), "full");
    refuse(COMMAND("\"verb\":\"abort\",\"deployment\":\"dep_1\",\"reason\":7"), "reason");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"run_1\",\"stage\":\"../x\""), "stage: is no name");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"run_1\",\"task\":\"x/y\""), "task: is no name");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"dep_1\",\"plan\":\"" PLAN "\""), "plan");
    refuse(COMMAND("\"verb\":\"reject\",\"deployment\":\"run_1\",\"plan\":\"" PLAN "\""), "plan");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"run_1\",\"plan\":7"), "plan");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"run_1\",\"comment\":7"), "comment");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"run_1\",\"stage\":7"), "stage");
    refuse(COMMAND("\"verb\":\"approve\",\"deployment\":\"run_1\",\"task\":7"), "task");
    /* What is no number is told to the API as it stands, and refused there. */
    struct controller_orders orders =
        read_good(COMMAND("\"verb\":\"mark\",\"deployment\":\"dep_1\",\"weight\":\"half\""));
    assert_string_equal(orders.of[0].body, "{\"weight\":\"half\"}");
    controller_orders_free(&orders);
    refuse(COMMAND("\"verb\":7,\"deployment\":\"dep_1\""), "verb");
    refuse(COMMAND("\"verb\":\"iac apply\",\"stack\":\"network\""), "is not STACK/ENV");
    refuse(COMMAND("\"verb\":\"iac apply\",\"stack\":\"network/prod\",\"confirm\":\"network/prod\""),
           "confirm");
    refuse(COMMAND("\"verb\":\"iac restore\",\"stack\":\"network/prod\""), "no verb");
    refuse(COMMAND("\"verb\":\"quarantine clear\",\"entry\":\"../tokens/x\""), "is no id");
    refuse(COMMAND("\"verb\":\"quarantine clear\",\"entry\":\"..\""), "is no id");
    refuse(COMMAND("\"verb\":\"quarantine add\",\"deployment\":\"dep_1\""), "is not SERVICE/ENV");
    refuse(COMMAND("\"verb\":\"start\",\"group\":\"a/b\",\"versions\":{}"), "is no name");
    refuse(COMMAND("\"verb\":\"start\",\"group\":\"pair\",\"versions\":{\"a\":1}"), "versions/a");
    refuse(COMMAND("\"verb\":\"start\",\"group\":\"pair\",\"deployment\":\"shop/prod\""), "deployment");
    refuse(COMMAND("\"verb\":\"hold\",\"deployment\":\"dep_1\",\"reason\":{\"a\":\"b\"}"), "reason");
    refuse("{\"commands\":[{\"id\":\"a b\",\"verb\":\"abort\",\"deployment\":\"dep_1\"}]}",
           "letters, digits");
    refuse("{\"commands\":[{\"verb\":\"abort\",\"deployment\":\"dep_1\"}]}", "id");
    refuse(COMMAND("\"verb\":\"abort\",\"verb\":\"hold\",\"deployment\":\"dep_1\""), "verb");
    refuse("{\"commands\":[[[[[[1]]]]]]}", "deep");
    refuse("{\"commands\":[{\"id\":\"c-1\",\"verb\":\"hold\",\"deployment\":\"dep_1\"},"
           "{\"id\":\"c-2\",\"verb\":\"explode\",\"deployment\":\"dep_1\"}]}",
           "#/commands/1");
}

static void more_than_the_bounds_is_refused(void **state)
{
    char *text = malloc(CONTROLLER_ANSWER_MAX + 2);
    size_t length = 0;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', CONTROLLER_ANSWER_MAX + 1);
    memcpy(text, "{}", 2);
    text[CONTROLLER_ANSWER_MAX + 1] = '\0';
    refuse(text, "");
    length = (size_t)snprintf(text, CONTROLLER_ANSWER_MAX, "{\"commands\":[");
    for (int i = 0; i <= CONTROLLER_ORDERS_MAX; i++)
        length += (size_t)snprintf(text + length, CONTROLLER_ANSWER_MAX - length,
                                   "%s{\"id\":\"c-%d\",\"verb\":\"hold\",\"deployment\":\"dep_1\"}",
                                   i == 0 ? "" : ",", i);
    (void)snprintf(text + length, CONTROLLER_ANSWER_MAX - length, "]}");
    refuse(text, "commands");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_are_requests_of_our_own),
        cmocka_unit_test(all_verbs_of_the_cli_are_there),
        cmocka_unit_test(one_verb_takes_away),
        cmocka_unit_test(nothing_is_no_command),
        cmocka_unit_test(what_is_not_known_ends_all_of_it),
        cmocka_unit_test(more_than_the_bounds_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
