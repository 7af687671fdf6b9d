/* test_haproxy_testers.c - testers in HAProxy's map: their key, what it is told, and what it says.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "drivers/haproxy_split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct traffic_split from_slots(uint8_t candidate, bool lets_testers)
{
    static const char *const blue[] = {"b1"};
    static const char *const green[] = {"g1"};
    static const char *const *const servers[] = {blue, green};
    static const char *const names[] = {"blue", "green"};
    static const size_t counts[] = {1, 1};

    return (struct traffic_split){.service = "shop",
                                  .environment = "prod",
                                  .slot_count = 2,
                                  .slot_names = names,
                                  .slot_servers = servers,
                                  .slot_server_counts = counts,
                                  .candidate = candidate,
                                  .stable = !candidate,
                                  .lets_testers = lets_testers};
}

static struct haproxy_split split_of(const char *map, const struct traffic_split *from, bool has_testers)
{
    struct haproxy_split split;
    struct err err;

    if (!haproxy_split_init(&split, map, "shop", from, &err))
        fail_msg("%s", err.text);
    haproxy_split_testers(&split, from, has_testers);
    return split;
}

static struct haproxy_split with_testers(uint8_t candidate, bool lets_testers)
{
    struct traffic_split from = from_slots(candidate, lets_testers);

    return split_of("/m", &from, true);
}

static void expect_order(const struct haproxy_split *split, uint16_t share, unsigned missing,
                         const char *wanted)
{
    char memory[256];
    struct text command;

    text_init(&command, memory, sizeof(memory));
    haproxy_split_order(split, share, missing, &command);
    assert_string_equal(memory, wanted);
}

/* Testers have a key of their own, of the same meaning: the second slot's share of them. */
static void orders_testers(void **state)
{
    struct haproxy_split in = with_testers(1, true);
    struct haproxy_split out = with_testers(1, false);
    struct haproxy_split first = with_testers(0, true);
    struct traffic_split from = from_slots(1, true);
    struct haproxy_split weights = split_of(NULL, &from, true);

    (void)state;
    expect_order(&in, 0, 0, "set map /m shop 0;set map /m shop.testers 10000;show map /m\n");
    expect_order(&in, 500, 2, "set map /m shop 500;add map /m shop.testers 10000;show map /m;show info\n");
    expect_order(&out, 0, 0, "set map /m shop 0;set map /m shop.testers 0;show map /m\n");
    expect_order(&first, 0, 3, "add map /m shop 10000;add map /m shop.testers 0;show map /m\n");
    assert_false(weights.has_testers || weights.lets_testers);
    in = split_of("/m", &from, false);
    assert_false(in.has_testers || in.lets_testers);
}

/* `part`: of the complaint; "": it is as it was ordered. */
static void expect_answer(const struct haproxy_split *split, uint16_t share, const char *answer,
                          const char *part)
{
    struct err err = {0};
    bool is_good = haproxy_split_check_order(split, share, answer, &err);

    if (is_good != (part[0] == '\0') || strstr(err.text, part) == NULL)
        fail_msg("\"%s\": %s: %s", answer, err_code_name(err.code), err.text);
}

static void checks_testers(void **state)
{
    struct haproxy_split in = with_testers(1, true);
    struct haproxy_split out = with_testers(1, false);

    (void)state;
    expect_answer(&in, 0, "\n\n0x1 shop 0\n0x2 shop.testers 10000\n\n", "");
    expect_answer(&in, 0, "\n\n0x1 shop 0\n0x2 shop.testers 0\n\n",
                  "shop.testers in the map is not as it was asked for");
    expect_answer(&out, 0, "\n\n0x1 shop 0\n0x2 shop.testers 0\n\n", "");
    expect_answer(&out, 0, "\n\n0x1 shop 0\n0x2 shop.testers 10000\n\n", "shop.testers");
    expect_answer(&in, 1000, "\n\n0x1 shop 0\n0x2 shop.testers 10000\n\n",
                  "asked for 10.00 %, read back 0.00 %");
    assert_int_equal(haproxy_split_missing(&in, "\nentry not found.\n\n0x1 shop 5\n\n"), 2);
    assert_int_equal(haproxy_split_missing(&in, "entry not found.\n\n0x1 shop.testers 5\n\n"), 1);
    assert_int_equal(haproxy_split_missing(&in, "entry not found.\n\n"), 3);
    assert_true(haproxy_split_testers_fit(&in, "0x1 shop.testers 10000\n\n"));
    assert_false(haproxy_split_testers_fit(&in, "0x1 shop 10000\n\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_testers),
        cmocka_unit_test(checks_testers),
    };

    return cmocka_run_group_tests_name("haproxy_testers", tests, NULL, NULL);
}
