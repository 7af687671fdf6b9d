/* test_haproxy_text.c - shares as weights, and the dumps of a HAProxy 2.6.12 (data/haproxy).
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DUMP_SIZE = 32 * 1024 };

static const char *dump(const char *name)
{
    static char text[DUMP_SIZE];
    char path[128];

    (void)snprintf(path, sizeof(path), "tests/unit/data/haproxy/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void expect_weights(uint16_t share, size_t candidates, size_t stables, unsigned candidate,
                           unsigned stable)
{
    unsigned its_candidate = 999;
    unsigned its_stable = 999;

    haproxy_weights(share, candidates, stables, &its_candidate, &its_stable);
    assert_int_equal(its_candidate, candidate);
    assert_int_equal(its_stable, stable);
}

static void makes_weights_of_shares(void **state)
{
    (void)state;
    expect_weights(0, 1, 1, 0, 256);
    expect_weights(10000, 1, 1, 256, 0);
    expect_weights(0, 3, 2, 0, 256);
    expect_weights(10000, 3, 2, 256, 0);
    expect_weights(5000, 1, 1, 256, 256);
    expect_weights(500, 1, 1, 13, 247);
    expect_weights(100, 1, 1, 2, 198);
    expect_weights(2500, 1, 1, 85, 255);
    expect_weights(7500, 1, 1, 255, 85);
    expect_weights(500, 2, 3, 18, 228);
    expect_weights(1, 1, 1, 1, 256);
    expect_weights(9999, 1, 1, 256, 1);
}

static void whole_percents_are_exact(void **state)
{
    (void)state;
    for (uint16_t share = 100; share < HAPROXY_SHARE_MAX; share += 100) {
        unsigned candidate = 0;
        unsigned stable = 0;
        haproxy_weights(share, 1, 1, &candidate, &stable);
        assert_int_equal(candidate * (uint64_t)(HAPROXY_SHARE_MAX - share), stable * (uint64_t)share);
        assert_int_equal(haproxy_share(candidate, 1, stable, 1), share);
    }
}

static void reads_round_shares_back(void **state)
{
    (void)state;
    for (size_t candidates = 1; candidates <= 6; candidates++)
        for (size_t stables = 1; stables <= 6; stables++)
            for (uint16_t share = 0; share <= HAPROXY_SHARE_MAX; share += 500) {
                unsigned candidate = 0;
                unsigned stable = 0;
                haproxy_weights(share, candidates, stables, &candidate, &stable);
                assert_in_range(candidate, share > 0, HAPROXY_WEIGHT_MAX);
                assert_in_range(stable, share < HAPROXY_SHARE_MAX, HAPROXY_WEIGHT_MAX);
                assert_int_equal(haproxy_share(candidate, candidates, stable, stables), share);
            }
}

static void computes_other_shares(void **state)
{
    (void)state;
    assert_int_equal(haproxy_share(0, 1, 0, 1), 0);
    assert_int_equal(haproxy_share(0, 1, 100, 1), 0);
    assert_int_equal(haproxy_share(100, 1, 0, 1), 10000);
    assert_int_equal(haproxy_share(100, 1, 100, 3), 2500);
    assert_int_equal(haproxy_share(1, 1, 256, 1), 39); /* whole and tenths of a percent have other weights */
    assert_int_equal(haproxy_share(255, 1, 254, 1), 5010);
}

static void reads_maps(void **state)
{
    uint16_t value = 7;

    (void)state;
    assert_true(haproxy_map_value(dump("map.txt"), "shop", &value));
    assert_int_equal(value, 0);
    assert_true(haproxy_map_value(dump("map.txt"), "other", &value));
    assert_int_equal(value, 2500);
    assert_false(haproxy_map_value(dump("map.txt"), "sho", &value));
    assert_false(haproxy_map_value(dump("map.txt"), "2500", &value));
    assert_false(haproxy_map_value("", "shop", &value));
    assert_false(haproxy_map_value("0x1 shop", "shop", &value));
    assert_false(haproxy_map_value("0x1 shop 5 %\n0x2 shop x\n0x3 shop 1\n", "x", &value));
    assert_false(haproxy_map_value("0x1 shop x\n", "shop", &value));
    assert_false(haproxy_map_value("0x1 shop 111111111111111111111111111\n", "shop", &value));
    assert_int_equal(value, 2500);
    assert_true(haproxy_map_value("0x1 shop -3\n\n", "shop", &value));
    assert_int_equal(value, 0);
    assert_true(haproxy_map_value("0x1 shop 20000\n\n", "shop", &value));
    assert_int_equal(value, HAPROXY_SHARE_MAX);
}

static void makes_the_maps_file(void **state)
{
    char memory[256];
    struct text text;

    (void)state;
    text_init(&text, memory, sizeof(memory));
    assert_true(haproxy_map_file(dump("map.txt"), &text));
    assert_string_equal(memory, "shop 0\nother 2500\n");
    text_init(&text, memory, sizeof(memory));
    assert_true(haproxy_map_file("\n", &text));
    assert_string_equal(memory, "");
    text_init(&text, memory, sizeof(memory));
    assert_true(haproxy_map_file("0x1 key with words", &text));
    assert_string_equal(memory, "key with words\n");
    assert_false(haproxy_map_file("Unknown map identifier. Please use #<id> or <file>.\n\n", &text));
    assert_false(haproxy_map_file("0x1\n\n", &text));
}

static void makes_the_state_file(void **state)
{
    static char memory[DUMP_SIZE];
    struct text text;
    const char *servers = dump("servers.txt");

    (void)state;
    text_init(&text, memory, sizeof(memory));
    assert_true(haproxy_state_file(servers, &text));
    assert_int_equal(strlen(memory) + 1, strlen(servers)); /* all but the empty line at the end */
    assert_memory_equal(memory, servers, strlen(memory));
    assert_false(haproxy_state_file("", &text));
    assert_false(haproxy_state_file("Can't find backend.\n\n", &text));
}

static void expect_server(const char *backend, const char *server, unsigned weight, bool is_up)
{
    struct haproxy_server found = {.weight = 999};

    assert_true(haproxy_server(dump("servers.txt"), backend, server, &found));
    assert_int_equal(found.weight, weight);
    assert_int_equal(found.is_up, is_up);
}

static void reads_servers(void **state)
{
    struct haproxy_server server;

    (void)state;
    expect_server("wshop", "w1", 100, true);
    expect_server("wshop", "w2", 0, true); /* no traffic, but healthy */
    expect_server("wshop", "w3", 0, false);
    expect_server("wshop", "w4", 0, true);   /* not checked */
    expect_server("wshop", "w5", 10, false); /* drained */
    expect_server("wshop", "w6", 1, false);  /* in maintenance */
    expect_server("lshop", "w2", 0, true);
    assert_false(haproxy_server(dump("servers.txt"), "wshop", "w7", &server));
    assert_false(haproxy_server(dump("servers.txt"), "nope", "w1", &server));
    assert_false(haproxy_server("", "wshop", "w1", &server));
    assert_false(haproxy_server("# be_id be_name srv_name\n6 a b\n", "a", "c", &server));
    assert_false(haproxy_server("# be_id be_name\n6 wshop\n\n", "wshop", "", &server));
    assert_false(haproxy_server("# be_id be_name srv_name srv_uweight\n6 a b 300\n", "a", "b", &server));
    assert_true(haproxy_server("# be_id be_name srv_name srv_uweight\n6 a b 3\n", "a", "b", &server));
    assert_false(server.is_up);
    assert_true(
        haproxy_server("# be_id be_name srv_name srv_uweight srv_op_state srv_admin_state\n6 a b 3 1 0\n",
                       "a", "b", &server));
    assert_true(server.is_up);
    assert_true(
        haproxy_server("# be_id be_name srv_name srv_uweight srv_op_state srv_admin_state\n6 a b 3 3 0\n",
                       "a", "b", &server));
    assert_false(server.is_up);
    assert_true(
        haproxy_server("# be_id be_name srv_name srv_uweight srv_op_state\n6 a b 3 1\n", "a", "b", &server));
    assert_false(server.is_up);
}

static void expect_up(const char *name, const char *backend, size_t count, size_t up)
{
    size_t its_count = 99;
    size_t its_up = 99;

    haproxy_servers_up(dump(name), backend, &its_count, &its_up);
    assert_int_equal(its_count, count);
    assert_int_equal(its_up, up);
}

static void counts_servers(void **state)
{
    (void)state;
    expect_up("servers.txt", "shop_blue", 1, 1);
    expect_up("servers.txt", "shop_green", 2, 1);
    expect_up("servers.txt", "wshop", 6, 3);
    expect_up("servers.txt", "shop", 0, 0);
    expect_up("stat.txt", "wshop", 0, 0);
    expect_up("rehearsal_map.txt", "shop_blue", 1, 1);
    expect_up("rehearsal_map.txt", "shop_green", 2, 1); /* in the second dump of the answer */
}

static void expect_algorithm(const char *text, const char *backend, const char *algorithm)
{
    char found[16] = "untouched";

    haproxy_algorithm(text, backend, found, sizeof(found));
    assert_string_equal(found, algorithm);
}

static void reads_algorithms(void **state)
{
    (void)state;
    expect_algorithm(dump("stat.txt"), "wshop", "roundrobin");
    expect_algorithm(dump("stat.txt"), "lshop", "leastconn");
    expect_algorithm(dump("rehearsal_weights.txt"), "wshop", "roundrobin");
    expect_algorithm(dump("stat.txt"), "nope", "");
    expect_algorithm(dump("servers.txt"), "wshop", "");
    expect_algorithm("", "wshop", "");
    expect_algorithm("# pxname,svname\nwshop,w1\nwshop,BACKEND\n", "wshop", "");
    expect_algorithm("# pxname,svname,algo\nwshop,BACKEND\n", "wshop", "");
}

static void expect_complaint(const char *answer, const char *complaint)
{
    char found[64] = "untouched";

    haproxy_complaint(answer, found, sizeof(found));
    assert_string_equal(found, complaint);
}

static void knows_the_process(void **state)
{
    (void)state;
    assert_int_equal(haproxy_process("0x5 shop 10\n\nName: HAProxy\nPid: 4711\nUptime: 0d\n\n"), 4711);
    assert_int_equal(haproxy_process("0x5 Pid: 10\n\nName: HAProxy\nPid: many\n\n"), 0);
}

static void hears_complaints(void **state)
{
    (void)state;
    expect_complaint(dump("map.txt"), "");
    expect_complaint(dump("servers.txt"), "");
    expect_complaint(dump("stat.txt"), "");
    expect_complaint(dump("rehearsal_map.txt"), "admin");
    expect_complaint("\n0x5 shop 10\n\n", "");
    expect_complaint("\nName: HAProxy\nPid: 7\n\n", "");
    expect_complaint("entry not found.\n\n0x5 shop 10\n\n", "entry not found.");
    expect_complaint("\nNo such server.\n\n\n1\n# be_id\n\n", "No such server.");
    expect_complaint("", "");
}

static void sees_the_end_of_answers(void **state)
{
    (void)state;
    assert_true(haproxy_is_complete(dump("map.txt")));
    assert_true(haproxy_is_complete(dump("rehearsal_weights.txt")));
    assert_true(haproxy_is_complete("\n")); /* an empty map */
    assert_false(haproxy_is_complete(""));
    assert_false(haproxy_is_complete("x"));
    assert_false(haproxy_is_complete("0x5 shop 10\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_weights_of_shares),
        cmocka_unit_test(whole_percents_are_exact),
        cmocka_unit_test(reads_round_shares_back),
        cmocka_unit_test(computes_other_shares),
        cmocka_unit_test(reads_maps),
        cmocka_unit_test(makes_the_maps_file),
        cmocka_unit_test(makes_the_state_file),
        cmocka_unit_test(reads_servers),
        cmocka_unit_test(counts_servers),
        cmocka_unit_test(reads_algorithms),
        cmocka_unit_test(knows_the_process),
        cmocka_unit_test(hears_complaints),
        cmocka_unit_test(sees_the_end_of_answers),
    };
    return cmocka_run_group_tests_name("haproxy_text", tests, NULL, NULL);
}
