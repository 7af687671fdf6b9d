/* test_traffic_command.c - a command as the lever, run by a real verdict-runner.
 * SPDX-License-Identifier: MIT */
#include "io/json.h"
#include "io/loop.h"
#include "support/lever_bench.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEASURED = 6 };

/* The share stands in a file; the file `mode` says how it misbehaves, `answer` what it answers instead. */
static const char LEVER[] = "#!/bin/sh\n"
                            "cd \"$FOLDER\" || exit 9\n"
                            "printf '%s\\n' \"$VERDICT_REQUEST\" >> asked\n"
                            "echo \"${TRACEPARENT-none} ${VERDICT_TRACEPARENT-none}\" > traced\n"
                            "case \"$(cat mode):$VERDICT_OPERATION\" in\n"
                            "busy:*) echo later; exit 75;;\n"
                            "refuse:*) echo first; echo 'no such pool' >&2; exit 3;;\n"
                            "hang:set) echo run >> runs; exec sleep 300;;\n"
                            "deaf:set) exit 0;;\n"
                            "answer:read) cat answer > \"$VERDICT_OUTPUT\"; exit 0;;\n"
                            "silent:*) exit 0;;\n"
                            "esac\n"
                            "if [ \"$VERDICT_OPERATION\" = set ]; then\n"
                            "    echo \"$VERDICT_SHARE\" > new && mv new share\n"
                            "fi\n"
                            "printf '{\"share\": %s}\\n' \"$(cat share)\" > \"$VERDICT_OUTPUT\"\n";

static const struct lever_bench_option use[] = {{"target", "pool-7"}, {NULL, NULL}};

static void open_lever(struct lever_bench *bench, const char *name, const char *timeout)
{
    char path[BENCH_PATH_MAX];
    const struct lever_bench_option options[] = {
        {"exec", bench_path(bench->runner, name, path)}, {"timeout", timeout}, {NULL, NULL}};

    lever_bench_close(bench);
    lever_bench_open(bench, "command", options);
}

static int set_up(void **state)
{
    static const char *const names[] = {"unused", NULL};
    struct lever_bench *bench = lever_bench_new(traffic_types);
    char path[BENCH_PATH_MAX];
    char allow[BENCH_PATH_MAX + 16];

    bench_write(bench->runner, "lever", LEVER, 0700);
    bench_write(bench->runner, "share", "0\n", 0600);
    bench_write(bench->runner, "mode", "good", 0600);
    (void)snprintf(allow, sizeof(allow), "[ \"%s\" ]", bench_path(bench->runner, "lever", path));
    lever_bench_start_runner(bench, allow, names);
    open_lever(bench, "lever", "10s");
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    lever_bench_free(*state);
    return 0;
}

static void set_mode(struct lever_bench *bench, const char *mode)
{
    bench_write(bench->runner, "mode", mode, 0600);
}

static void sets_and_reads_back(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_rehearse(bench, &split);

    lever_bench_expect_done(&told, 0);
    told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, 0);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    told = lever_bench_set_now(bench, &split, 1, 1234);
    lever_bench_expect_done(&told, 1234);
    assert_true(bench->type->has_persisted(bench->traffic, &split));
    told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, 1234);
    told = lever_bench_set_now(bench, &split, 2, 5);
    lever_bench_expect_done(&told, 5);
    told = lever_bench_set_now(bench, &split, 3, 10000);
    lever_bench_expect_done(&told, 10000);
    told = lever_bench_set_now(bench, &split, 4, 0);
    lever_bench_expect_done(&told, 0);
}

static void asks_in_json(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_set_now(bench, &split, 7, 2550);

    lever_bench_expect_done(&told, 2550);
    char *asked = bench_read(bench->runner, "asked");
    const char *set =
        "{\"operation\":\"set\",\"service\":\"shop\",\"environment\":\"prod\",\"target\":\"pool-7\","
        "\"number\":7,\"share\":25.5,\"candidate\":{\"slot\":\"green\",\"servers\":[\"g1\"]},"
        "\"stable\":{\"slot\":\"blue\",\"servers\":[\"b1\",\"b2\"]}}\n";
    assert_memory_equal(asked, set, strlen(set));
    assert_non_null(strstr(asked + strlen(set), "{\"operation\":\"read\",\"service\":\"shop\""));
    free(asked);
}

/* By the name that other tools read, and by ours. */
static void tells_its_trace(void **state)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told = lever_bench_set_now(bench, &split, 1, 100);
    char expected[2 * sizeof(trace) + 2];

    lever_bench_expect_done(&told, 100);
    char *traced = bench_read(bench->runner, "traced");
    assert_string_equal(traced, "none none\n");
    free(traced);
    split.trace.traceparent = trace;
    told = lever_bench_set_now(bench, &split, 2, 200);
    lever_bench_expect_done(&told, 200);
    traced = bench_read(bench->runner, "traced");
    (void)snprintf(expected, sizeof(expected), "%s %s\n", trace, trace);
    assert_string_equal(traced, expected);
    free(traced);
}

static void expect_failed(struct lever_bench *bench, const char *mode, uint16_t share, bool is_final,
                          const char *part)
{
    static uint64_t number = 1;
    struct traffic_split split = lever_bench_split(bench, 1, use);

    set_mode(bench, mode);
    struct lever_told told = lever_bench_set_now(bench, &split, number++, share);
    lever_bench_expect_failed(&told, is_final, part);
}

static void every_failure_is_named(void **state)
{
    struct lever_bench *bench = *state;

    expect_failed(bench, "busy", 100, false, "status 75: later");
    expect_failed(bench, "refuse", 100, true, "status 3: no such pool");
    expect_failed(bench, "deaf", 100, false, "asked for 1.00 %, read back 0.00 %");
    expect_failed(bench, "silent", 100, false, "the command's answer");
    open_lever(bench, "lever", "300ms");
    expect_failed(bench, "hang", 100, false, "ran past its deadline");
    open_lever(bench, "act", "10s");
    expect_failed(bench, "good", 100, true, "did not run");
}

static void answers_are_read_strictly(void **state)
{
    struct lever_bench *bench = *state;
    static const char *const wrong[] = {"share=1",
                                        "{\"share\": \"1\"}",
                                        "{\"share\": 1} more",
                                        "{\"share\": 1, \"other\": 2}",
                                        "{}",
                                        "[1]",
                                        "{\"share\": -1}",
                                        "{\"share\": 100.01}",
                                        "{\"share\": 1.005}",
                                        "{\"share\": 1e999}",
                                        "{\"share\": 1, \"share\": 1}",
                                        "{\"share\": null}"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        bench_write(bench->runner, "answer", wrong[i], 0600);
        expect_failed(bench, "answer", 100, false, "the command's answer");
    }
    struct traffic_split split = lever_bench_split(bench, 1, use);
    bench_write(bench->runner, "answer", " {\"share\":12.34}\n", 0600);
    struct lever_told told = lever_bench_read(bench, &split);
    lever_bench_expect_done(&told, 1234);
}

/* The older one's command is ended first: it must not write after the newer one. */
static void newest_order_wins(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told first;
    struct lever_told second;

    set_mode(bench, "hang");
    lever_bench_set(bench, &split, 1, 10000, &first);
    int64_t until_ms = bench_now_ms() + LEVER_BENCH_WAIT_MS;
    while (bench_count_lines(bench->runner, "runs") == 0)
        lever_bench_turn(bench, until_ms);
    set_mode(bench, "good");
    lever_bench_set(bench, &split, 2, 0, &second);
    lever_bench_await(bench, &first);
    lever_bench_expect_failed(&first, false, "overtaken");
    assert_false(second.is_there);
    lever_bench_await(bench, &second);
    lever_bench_expect_done(&second, 0);
    for (uint64_t i = 0; i < MEASURED; i++) {
        lever_bench_set(bench, &split, 10 + 2 * i, 10000, &first);
        for (uint64_t turn = 0; turn < 2 * i; turn++)
            lever_bench_turn(bench, until_ms + LEVER_BENCH_WAIT_MS);
        lever_bench_set(bench, &split, 11 + 2 * i, 100, &second);
        lever_bench_await(bench, &second);
        lever_bench_expect_done(&second, 100);
        struct lever_told told = lever_bench_read(bench, &split);
        lever_bench_expect_done(&told, 100);
        assert_int_equal(first.count, 1);
    }
}

static void end_comes_with_the_close(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, use);
    struct lever_told told;

    for (int turns = 0; turns < MEASURED; turns++) {
        lever_bench_set(bench, &split, 1, 5000, &told);
        for (int i = 0; i < 2 * turns && !told.is_there; i++)
            lever_bench_turn(bench, bench_now_ms() + LEVER_BENCH_WAIT_MS);
        int before = told.count;
        lever_bench_close(bench);
        assert_int_equal(told.count, before);
        open_lever(bench, "lever", "10s");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_and_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asks_in_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_its_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_failure_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_read_strictly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newest_order_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(end_comes_with_the_close, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("traffic_command", tests, NULL, NULL);
}
