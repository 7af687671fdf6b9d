/* test_haproxy_split.c - what is said to HAProxy, and what its answers mean.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_split.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n"
#define ALGO "\n# pxname,svname,algo\nshop,FRONTEND,\nshop,BACKEND,roundrobin\n\n"

static const char *const blue[] = {"b1", "b2", "b3"};
static const char *const green[] = {"g1", "g2"};
static const char *const *const servers[] = {blue, green, green};
static const char *const names[] = {"blue", "green", "red"};

static struct traffic_split ask_for(size_t blues, size_t greens, uint8_t candidate)
{
    static size_t counts[3];

    counts[0] = blues;
    counts[1] = greens;
    return (struct traffic_split){.service = "shop",
                                  .environment = "prod",
                                  .slot_count = 2,
                                  .slot_names = names,
                                  .slot_servers = servers,
                                  .slot_server_counts = counts,
                                  .candidate = candidate,
                                  .stable = !candidate};
}

static struct haproxy_split split_of(const char *map, uint8_t candidate)
{
    struct traffic_split from = ask_for(3, 2, candidate);
    struct haproxy_split split;
    struct err err;

    if (!haproxy_split_init(&split, map, "shop", &from, &err))
        fail_msg("%s", err.text);
    return split;
}

static void knows_words(void **state)
{
    (void)state;
    assert_true(haproxy_is_word("/etc/haproxy/split.map"));
    assert_false(haproxy_is_word(""));
    assert_false(haproxy_is_word("a b"));
    assert_false(haproxy_is_word("a;b"));
    assert_false(haproxy_is_word("a\\b"));
    assert_false(haproxy_is_word("a\nb"));
    assert_false(haproxy_is_word("\xc3\xa9"));
    assert_false(haproxy_is_word("\x7f"));
}

static void expect_refused(const char *map, const char *backend, const struct traffic_split *from,
                           const char *part)
{
    struct haproxy_split split;
    struct err err = {0};

    assert_false(haproxy_split_init(&split, map, backend, from, &err));
    assert_int_equal(err.code, ERR_INVALID);
    if (strstr(err.text, part) == NULL)
        fail_msg("\"%s\" does not speak of \"%s\"", err.text, part);
}

static void refuses_splits(void **state)
{
    static const char long_name[] = "a123456789b123456789c123456789d123456789e123456789f123456789"
                                    "a123456789b123456789c123456789d123456789e123456789f12345678912345";
    struct traffic_split from = ask_for(3, 2, 1);
    char whole[2 * sizeof(long_name)];

    (void)state;
    (void)snprintf(whole, sizeof(whole), "%s%s", long_name, long_name);
    expect_refused("m", "sh op", &from, "no name");
    expect_refused("m", "", &from, "no name");
    expect_refused(NULL, whole, &from, "longer");
    expect_refused("m", long_name, &from, "longer"); /* with the slot's name behind it */
    from = ask_for(0, 2, 1);
    expect_refused(NULL, "shop", &from, "slot blue needs 1 to 32 servers");
    from = ask_for(3, 33, 1);
    expect_refused(NULL, "shop", &from, "slot green needs 1 to 32 servers");
    from = ask_for(3, 2, 1);
    from.slot_count = 3;
    expect_refused(NULL, "shop", &from, "two slots, here are 3");
    static const char *const bad[] = {"a;b"};
    static const char *const *const bad_servers[] = {blue, bad};
    from = ask_for(3, 1, 1);
    from.slot_servers = bad_servers;
    expect_refused(NULL, "shop", &from, "no name");
}

static void single_slots_need_nothing(void **state)
{
    struct traffic_split from = ask_for(0, 0, 1);
    struct haproxy_split split;
    struct err err;

    (void)state;
    from.slot_count = 1;
    assert_true(haproxy_split_init(&split, NULL, "shop", &from, &err));
    assert_true(split.is_single);
    from.slot_count = 2;
    from.candidate = from.stable;
    assert_true(haproxy_split_init(&split, "m", "shop", &from, &err));
    assert_true(split.is_single);
}

static void expect_order(const struct haproxy_split *split, uint16_t share, unsigned missing,
                         const char *wanted)
{
    char memory[1024];
    struct text command;

    text_init(&command, memory, sizeof(memory));
    haproxy_split_order(split, share, missing, &command);
    assert_string_equal(memory, wanted);
}

static void orders_by_map(void **state)
{
    struct haproxy_split second = split_of("/m", 1);
    struct haproxy_split first = split_of("/m", 0);

    (void)state;
    assert_string_equal(second.candidate.backend, "shop_green");
    assert_string_equal(second.stable.backend, "shop_blue");
    expect_order(&second, 500, 0, "set map /m shop 500;show map /m;show info\n");
    expect_order(&first, 500, 0, "set map /m shop 9500;show map /m;show info\n");
    expect_order(&first, 0, 1, "add map /m shop 10000;show map /m\n");
}

/* In the middle of the line somebody still has a weight. */
static void orders_by_weights(void **state)
{
    struct haproxy_split split = split_of(NULL, 1);

    (void)state;
    expect_order(&split, 0, 0,
                 "set weight shop/b1 256;set weight shop/b2 256;set weight shop/b3 256;"
                 "set weight shop/g1 0;set weight shop/g2 0;show servers state shop\n");
    expect_order(&split, 10000, 0,
                 "set weight shop/g1 256;set weight shop/g2 256;"
                 "set weight shop/b1 0;set weight shop/b2 0;set weight shop/b3 0;"
                 "show servers state shop;show info\n");
    expect_order(&split, 500, 0,
                 "set weight shop/b1 228;set weight shop/b2 228;set weight shop/b3 228;"
                 "set weight shop/g1 18;set weight shop/g2 18;show servers state shop;show info\n");
}

static void asks(void **state)
{
    struct haproxy_split map = split_of("/m", 1);
    struct haproxy_split weights = split_of(NULL, 1);
    char memory[1024];
    struct text command;

    (void)state;
    text_init(&command, memory, sizeof(memory));
    haproxy_split_ask_rehearsal(&map, &command);
    haproxy_split_ask_rehearsal(&weights, &command);
    haproxy_split_ask_forward(&map, &command);
    haproxy_split_ask_forward(&weights, &command);
    haproxy_split_ask_share(&map, &command);
    haproxy_split_ask_share(&weights, &command);
    haproxy_split_ask_reading(&map, &command);
    assert_string_equal(
        memory, "show cli level;show servers state shop_blue;show servers state shop_green;show map /m\n"
                "show cli level;show servers state shop;show stat -1 2 -1\n"
                "show servers state shop_green\nshow servers state shop;show stat -1 2 -1\n"
                "show map /m\nshow servers state shop\n"
                "show map /m;show info\n");
}

typedef bool checking(const struct haproxy_split *split, const char *answer, struct err *err);

static void expect_answer(checking *check, const struct haproxy_split *split, const char *answer,
                          enum err_code code, const char *part)
{
    struct err err = {0};
    bool is_good = check(split, answer, &err);

    if (is_good != (code == ERR_NONE) || err.code != code || strstr(err.text, part) == NULL)
        fail_msg("\"%s\": %s: %s", answer, err_code_name(err.code), err.text);
}

static void rehearses_by_map(void **state)
{
    struct haproxy_split split = split_of("/m", 1);
    checking *rehearsal = haproxy_split_check_rehearsal;

    (void)state;
    expect_answer(rehearsal, &split,
                  "admin\n\n" HEAD "4 shop_blue 1 b1 - 2 0 1\n\n" HEAD "5 shop_green 1 g1 - 0 0 1\n\n\n",
                  ERR_NONE, "");
    expect_answer(rehearsal, &split, "operator\n\n" HEAD "\n", ERR_FORBIDDEN,
                  "level operator and needs level admin");
    expect_answer(rehearsal, &split, "admin\n\n" HEAD "4 shop_blue 1", ERR_UNAVAILABLE, "no end");
    expect_answer(rehearsal, &split, "admin\n\nCan't find backend.\n\nCan't find backend.\n\n\n",
                  ERR_NOT_FOUND, "no backend shop_blue");
    expect_answer(rehearsal, &split, "admin\n\n" HEAD "4 shop_blue 1 b1 - 2 0 1\n\nCan't find backend.\n\n\n",
                  ERR_NOT_FOUND, "no backend shop_green");
    expect_answer(rehearsal, &split,
                  "admin\n\n" HEAD "4 shop_blue 1 b1 - 0 0 1\n\n" HEAD "5 shop_green 1 g1 - 2 0 1\n\n\n",
                  ERR_UNAVAILABLE, "no server of shop_blue is up");
    expect_answer(rehearsal, &split,
                  "admin\n\n" HEAD "4 shop_blue 1 b1 - 2 0 1\n\n" HEAD "5 shop_green 1 g1 - 2 0 1\n\n"
                  "Unknown map identifier. Please use #<id> or <file>.\n\n",
                  ERR_NOT_FOUND, "knows no map /m");
}

#define ALL_UP                                                                                               \
    HEAD                                                                                                     \
        "6 shop 1 b1 - 2 0 1\n6 shop 2 b2 - 2 0 1\n6 shop 3 b3 - 0 0 1\n6 shop 4 g1 - 2 0 0\n6 shop 5 g2 - " \
        "0 0 0\n"

static void rehearses_by_weights(void **state)
{
    struct haproxy_split split = split_of(NULL, 1);
    checking *rehearsal = haproxy_split_check_rehearsal;

    (void)state;
    expect_answer(rehearsal, &split, "admin\n\n" ALL_UP ALGO, ERR_NONE, "");
    expect_answer(rehearsal, &split, "admin\n\n" ALL_UP "\n# pxname,svname,algo\nshop,BACKEND,leastconn\n\n",
                  ERR_INVALID, "\"leastconn\"");
    expect_answer(rehearsal, &split, "admin\n\n" HEAD "6 shop 1 b1 - 2 0 1\n" ALGO, ERR_NOT_FOUND,
                  "no server shop/b2");
    expect_answer(rehearsal, &split,
                  "admin\n\n" HEAD "6 shop 1 b1 - 2 0 1\n6 shop 2 b2 - 2 0 1\n6 shop 3 b3 - 0 0 1\n" ALGO,
                  ERR_NOT_FOUND, "no server shop/g1");
}

static void goes_forward_where_the_candidate_is_up(void **state)
{
    struct haproxy_split map = split_of("/m", 1);
    struct haproxy_split weights = split_of(NULL, 1);
    checking *forward = haproxy_split_check_forward;

    (void)state;
    expect_answer(forward, &map, HEAD "5 shop_green 1 x - 0 0 1\n5 shop_green 2 y - 2 0 1\n\n", ERR_NONE, "");
    expect_answer(forward, &map, HEAD "5 shop_green 1 x - 0 0 1\n\n", ERR_UNAVAILABLE,
                  "no server of shop_green");
    expect_answer(forward, &map, HEAD "5 shop_gr", ERR_UNAVAILABLE, "no end");
    expect_answer(forward, &weights, ALL_UP ALGO, ERR_NONE, "");
    expect_answer(forward, &weights, HEAD "6 shop 4 g1 - 0 0 0\n6 shop 5 g2 - 2 8 0\n" ALGO, ERR_UNAVAILABLE,
                  "neither shop/g1 nor another");
    expect_answer(forward, &weights, ALL_UP "\n", ERR_INVALID, "\"\"");
}

static void expect_read(const struct haproxy_split *split, const char *answer, uint16_t expected,
                        uint16_t share)
{
    uint16_t read = 12345;
    struct err err = {0};

    if (!haproxy_split_read(split, answer, expected, &read, &err))
        fail_msg("\"%s\": %s", answer, err.text);
    assert_int_equal(read, share);
}

static bool read_any(const struct haproxy_split *split, const char *answer, struct err *err)
{
    uint16_t read = 0;

    return haproxy_split_read(split, answer, HAPROXY_SHARE_NONE, &read, err);
}

static void reads_maps(void **state)
{
    struct haproxy_split second = split_of("/m", 1);
    struct haproxy_split first = split_of("/m", 0);

    (void)state;
    expect_read(&second, "0x1 shop 500\n\n", HAPROXY_SHARE_NONE, 500);
    expect_read(&first, "0x1 shop 500\n\n", HAPROXY_SHARE_NONE, 9500);
    expect_read(&second, "0x1 other 500\n\n", 500, 0);
    expect_read(&first, "\n", HAPROXY_SHARE_NONE, 10000);
    expect_answer(read_any, &second, "", ERR_UNAVAILABLE, "no end");
    expect_answer(read_any, &second, "Unknown map identifier. Please use #<id> or <file>.\n\n", ERR_NOT_FOUND,
                  "Unknown map");
    expect_answer(read_any, &second, "Something new.\n\n", ERR_UNAVAILABLE, "HAProxy says: Something new.");
}

#define WEIGHTS(b1, b2, b3, g1, g2)                                                                          \
    HEAD "6 shop 1 b1 - 2 0 " #b1 "\n6 shop 2 b2 - 2 0 " #b2 "\n6 shop 3 b3 - 0 0 " #b3                      \
         "\n6 shop 4 g1 - 2 0 " #g1 "\n6 shop 5 g2 - 0 0 " #g2 "\n\n"

static void reads_weights(void **state)
{
    struct haproxy_split split = split_of(NULL, 1);

    (void)state;
    expect_read(&split, WEIGHTS(228, 228, 228, 18, 18), HAPROXY_SHARE_NONE, 500);
    expect_read(&split, WEIGHTS(100, 100, 100, 0, 0), HAPROXY_SHARE_NONE, 0);
    expect_read(&split, WEIGHTS(0, 0, 0, 1, 1), HAPROXY_SHARE_NONE, 10000);
    expect_read(&split, WEIGHTS(100, 100, 0, 100, 100), HAPROXY_SHARE_NONE, 5000);
    expect_read(&split, WEIGHTS(50, 50, 50, 100, 50), 5000, 5000);
    /* 99.42 % and 99.5 % have the same weights: what was ordered wins. */
    expect_read(&split, WEIGHTS(1, 1, 1, 256, 256), HAPROXY_SHARE_NONE, 9942);
    expect_read(&split, WEIGHTS(1, 1, 1, 256, 256), 9950, 9950);
    expect_read(&split, WEIGHTS(1, 1, 1, 256, 256), 5000, 9942);
    expect_answer(read_any, &split, WEIGHTS(0, 0, 0, 0, 0), ERR_UNAVAILABLE, "weight 0");
    expect_answer(read_any, &split, "Can't find backend.\n\n", ERR_NOT_FOUND, "Can't find backend.");
    expect_answer(read_any, &split, "\n", ERR_NOT_FOUND, "no server shop/g1");
    expect_answer(read_any, &split, HEAD "6 shop 1 b1 - 2 0 1\n", ERR_UNAVAILABLE, "no end");
    expect_answer(read_any, &split, HEAD "6 shop 4 g1 - 2 0 1\n6 shop 5 g2 - 2 0 1\n\n", ERR_NOT_FOUND,
                  "no server shop/b1");
}

static bool check_10(const struct haproxy_split *split, const char *answer, struct err *err)
{
    return haproxy_split_check_order(split, 1000, answer, err);
}

static bool check_0(const struct haproxy_split *split, const char *answer, struct err *err)
{
    return haproxy_split_check_order(split, 0, answer, err);
}

static void checks_orders_by_map(void **state)
{
    struct haproxy_split split = split_of("/m", 1);

    (void)state;
    expect_answer(check_10, &split, "\n0x1 shop 1000\n\n", ERR_NONE, "");
    expect_answer(check_10, &split, "\n0x1 shop 0\n\n", ERR_UNAVAILABLE,
                  "asked for 10.00 %, read back 0.00 %");
    expect_answer(check_10, &split, "Permission denied\n\n0x1 shop 0\n\n", ERR_FORBIDDEN,
                  "Permission denied");
    expect_answer(check_0, &split, "\n0x1 shop 0\n\n", ERR_NONE, "");
    expect_answer(check_0, &split, "\n\n", ERR_UNAVAILABLE, "asked for 0.00 %"); /* the key is not there */
    expect_answer(check_0, &split, "\n", ERR_UNAVAILABLE, "asked for 0.00 %");
    expect_answer(check_0, &split, "", ERR_UNAVAILABLE, "no end");
    assert_int_equal(haproxy_split_missing(&split, "entry not found.\n\n0x1 other 5\n\n"), 1);
    assert_int_equal(haproxy_split_missing(&split, "\n0x1 shop 5\n\n"), 0);
}

static void checks_orders_by_weights(void **state)
{
    struct haproxy_split split = split_of(NULL, 1);
    struct err err = {0};

    (void)state;
    expect_answer(check_0, &split, "\n\n\n\n\n" WEIGHTS(256, 256, 256, 0, 0), ERR_NONE, "");
    expect_answer(check_0, &split, "\n\n\n\n\n" WEIGHTS(256, 256, 0, 0, 0), ERR_UNAVAILABLE,
                  "read back 0.00 %");
    expect_answer(check_0, &split, "\n\n\n\n\n" WEIGHTS(100, 100, 100, 0, 0), ERR_UNAVAILABLE, "read back");
    expect_answer(check_0, &split, "\n\n\n\n\n" WEIGHTS(0, 0, 0, 0, 0), ERR_UNAVAILABLE, "weight 0");
    expect_answer(check_0, &split, "Permission denied\n\n\n\n\n" WEIGHTS(1, 1, 1, 1, 1), ERR_FORBIDDEN,
                  "Permission denied");
    expect_answer(check_0, &split,
                  "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.\n\n"
                  "\n\n\n" WEIGHTS(1, 1, 1, 1, 1),
                  ERR_INVALID, "static LB");
    expect_answer(check_0, &split, "No such server.\n\n\n\n\n" HEAD "6 shop 4 g1 - 2 0 0\n\n", ERR_NOT_FOUND,
                  "no server shop/g2");
    assert_int_equal(haproxy_split_missing(&split, "entry not found.\n\n"), 0);
    assert_true(haproxy_split_check_share(&split, 100, &err));
    assert_true(haproxy_split_check_share(&split, 0, &err));
    assert_true(haproxy_split_check_share(&split, 10000, &err));
    assert_false(haproxy_split_check_share(&split, 1, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(haproxy_split_check_share(&split, 9999, &err));
    struct haproxy_split map = split_of("/m", 1);
    assert_true(haproxy_split_check_share(&map, 1, &err));
}

#define STAT                                                                                                 \
    "# pxname,svname,stot\nshop,g1,3\nshop,g2,4\nshop_green,g1,9\nshop_green,BACKEND,11\nodd,BACKEND,x\n\n"

static void counts_the_candidates_requests(void **state)
{
    (void)state;
    struct haproxy_split weights = split_of(NULL, 1);
    struct haproxy_split map = split_of("m", 1);
    uint64_t count = 0;
    struct err err;

    assert_true(haproxy_split_requests(&weights, STAT, &count, NULL));
    assert_int_equal(count, 7);
    assert_true(haproxy_split_requests(&map, STAT, &count, NULL));
    assert_int_equal(count, 11);
    assert_false(haproxy_split_requests(&map, "# pxname,svname,stot\n", &count, &err)); /* no end */
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_false(haproxy_split_requests(&map, "# pxname,svname,stot\n\n", &count, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    map = split_of("m", 0);
    assert_false(haproxy_split_requests(&map, STAT, &count, NULL));
    weights = split_of(NULL, 0);
    assert_false(haproxy_split_requests(&weights, STAT, &count, NULL));
    assert_int_equal(count, 11); /* untouched */
}

static void shuts_and_lets_in(void **state)
{
    (void)state;
    struct traffic_split from = ask_for(3, 2, 1);
    struct haproxy_split split = split_of("m", 1);
    char memory[HAPROXY_COMMAND_MAX];
    struct text command;

    assert_true(haproxy_split_drain(&split, &from, 0, NULL));
    text_init(&command, memory, sizeof(memory));
    haproxy_split_ask_forward(&split, &command);
    assert_string_equal(memory, "show servers state shop_green\n");
    assert_true(haproxy_split_drain(&split, &from, 1000, NULL));
    text_init(&command, memory, sizeof(memory));
    haproxy_split_ask_forward(&split, &command);
    assert_string_equal(memory, "set server shop_green/g1 state ready;set server shop_green/g2 state ready;"
                                "show servers state shop_green\n");
    text_init(&command, memory, sizeof(memory));
    haproxy_split_shut(&split, &command);
    assert_string_equal(memory,
                        "set server shop_green/g1 state maint;set server shop_green/g2 state maint;"
                        "shutdown sessions server shop_green/g1;shutdown sessions server shop_green/g2\n");
    split = split_of("m", 1);
    from = ask_for(3, 0, 1);
    assert_false(haproxy_split_drain(&split, &from, 1000, NULL));
    assert_int_equal(split.drain_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_candidates_requests),
        cmocka_unit_test(shuts_and_lets_in),
        cmocka_unit_test(knows_words),
        cmocka_unit_test(refuses_splits),
        cmocka_unit_test(single_slots_need_nothing),
        cmocka_unit_test(orders_by_map),
        cmocka_unit_test(orders_by_weights),
        cmocka_unit_test(asks),
        cmocka_unit_test(rehearses_by_map),
        cmocka_unit_test(rehearses_by_weights),
        cmocka_unit_test(goes_forward_where_the_candidate_is_up),
        cmocka_unit_test(reads_maps),
        cmocka_unit_test(reads_weights),
        cmocka_unit_test(checks_orders_by_map),
        cmocka_unit_test(checks_orders_by_weights),
    };
    return cmocka_run_group_tests_name("haproxy_split", tests, NULL, NULL);
}
