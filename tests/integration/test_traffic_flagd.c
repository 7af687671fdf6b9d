/* test_traffic_flagd.c - the lever of flag files, with a real runner that replaces them.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "io/runner_client.h"
#include "support/lever_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEASURED = 12 };

static const char FILE_TEXT[] = "{\n"
                                "  \"$schema\": \"https://flagd.dev/schema/v0/flags.json\",\n"
                                "  \"flags\": {\n"
                                "    \"zebra\": {\n"
                                "      \"state\": \"ENABLED\",\n"
                                "      \"variants\": {\n"
                                "        \"a\": 0.1,\n"
                                "        \"b\": \"text\"\n"
                                "      },\n"
                                "      \"defaultVariant\": \"a\"\n"
                                "    },\n"
                                "    \"cart\": {\n"
                                "      \"state\": \"ENABLED\",\n"
                                "      \"variants\": {\n"
                                "        \"on\": true,\n"
                                "        \"off\": false\n"
                                "      },\n"
                                "      \"defaultVariant\": \"off\"\n"
                                "    },\n"
                                "    \"theme\": {\n"
                                "      \"state\": \"ENABLED\",\n"
                                "      \"variants\": {\n"
                                "        \"dark\": 1,\n"
                                "        \"light\": 2\n"
                                "      },\n"
                                "      \"defaultVariant\": \"light\"\n"
                                "    }\n"
                                "  }\n"
                                "}\n";

static const struct lever_bench_option cart[] = {{"flag", "cart"}, {NULL, NULL}};
static const struct lever_bench_option theme[] = {
    {"flag", "theme"}, {"on", "dark"}, {"off", "light"}, {NULL, NULL}};

static void open_lever(struct lever_bench *bench, const char *name)
{
    char path[BENCH_PATH_MAX];
    const struct lever_bench_option options[] = {{"file", bench_path(bench->runner, name, path)},
                                                 {NULL, NULL}};

    lever_bench_close(bench);
    lever_bench_open(bench, "flagd", options);
}

static int set_up(void **state)
{
    static const char *const names[] = {"flags.json", NULL};
    struct lever_bench *bench = lever_bench_new(traffic_types);

    bench_write(bench->runner, "flags.json", FILE_TEXT, 0640);
    lever_bench_start_runner(bench, "[ \"/bin/true\" ]", names);
    open_lever(bench, "flags.json");
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    lever_bench_free(*state);
    return 0;
}

static void expect_set(struct lever_bench *bench, const struct traffic_split *split, uint64_t number,
                       uint16_t share)
{
    struct lever_told told = lever_bench_set_now(bench, split, number, share);

    lever_bench_expect_done(&told, share);
}

static void expect_read(struct lever_bench *bench, const struct traffic_split *split, uint16_t share)
{
    struct lever_told told = lever_bench_read(bench, split);

    lever_bench_expect_done(&told, share);
}

static void expect_file(const struct lever_bench *bench, const char *part)
{
    char *file = bench_read(bench->runner, "flags.json");

    if (strstr(file, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, file);
    free(file);
}

static void sets_and_reads_back(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, cart);
    struct lever_told told = lever_bench_rehearse(bench, &split);

    lever_bench_expect_done(&told, 0);
    expect_file(bench, FILE_TEXT); /* nothing has changed */
    expect_read(bench, &split, 0);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    expect_set(bench, &split, 1, 2500);
    assert_true(bench->type->has_persisted(bench->traffic, &split));
    expect_read(bench, &split, 2500);
    expect_set(bench, &split, 2, 10000);
    expect_file(bench, "\"defaultVariant\": \"on\"");
    expect_set(bench, &split, 3, 0);
    expect_set(bench, &split, 3, 0);
    expect_read(bench, &split, 0);
}

/* Whatever stands before and behind our flag stands there afterwards. */
static void leaves_the_rest(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, cart);
    const char *middle = strstr(FILE_TEXT, "      \"defaultVariant\": \"off\"");
    struct stat status;
    char path[BENCH_PATH_MAX];

    expect_set(bench, &split, 1, 1234);
    char *file = bench_read(bench->runner, "flags.json");
    assert_memory_equal(file, FILE_TEXT, (size_t)(middle - FILE_TEXT));
    const char *rest = strstr(FILE_TEXT, "    },\n    \"theme\"");
    assert_true(strlen(file) > strlen(rest));
    assert_string_equal(file + strlen(file) - strlen(rest), rest);
    assert_non_null(strstr(file, "1234"));
    free(file);
    assert_int_equal(stat(bench_path(bench->runner, "flags.json", path), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void slots_are_variants(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 0, cart);

    expect_read(bench, &split, 10000); /* `off` has everybody */
    expect_set(bench, &split, 1, 4000);
    split = lever_bench_split(bench, 1, cart);
    expect_read(bench, &split, 6000);
    split.slot_count = 1; /* the same servers with both: a share is one of `on` */
    split.candidate = split.stable = 0;
    expect_read(bench, &split, 6000);
    expect_set(bench, &split, 2, 100);
    split = lever_bench_split(bench, 1, cart);
    expect_read(bench, &split, 100);
}

static void expect_failed(struct lever_bench *bench, const struct traffic_split *split, uint16_t share,
                          bool is_final, const char *part)
{
    struct lever_told told = lever_bench_set_now(bench, split, 1, share);

    lever_bench_expect_failed(&told, is_final, part);
}

static void says_what_is_wrong(void **state)
{
    struct lever_bench *bench = *state;
    static const struct lever_bench_option unknown[] = {{"flag", "basket"}, {NULL, NULL}};
    static const struct lever_bench_option same[] = {{"flag", "cart"}, {"off", "on"}, {NULL, NULL}};
    struct traffic_split split = lever_bench_split(bench, 1, unknown);

    expect_failed(bench, &split, 100, true, "there is no flag \"basket\"");
    expect_failed(bench, &split, 0, true, "there is no flag \"basket\"");
    split = lever_bench_split(bench, 1, same);
    expect_failed(bench, &split, 100, true, "two variants");
    split = lever_bench_split(bench, 1, cart);
    bench_write(bench->runner, "flags.json", "{ \"flags\": { }", 0644);
    expect_failed(bench, &split, 0, true, "offset");
    bench_write(bench->runner, "flags.json",
                "{\"flags\":{\"cart\":{\"state\":\"ENABLED\",\"variants\":{\"on\":1,\"off\":0},"
                "\"defaultVariant\":\"off\",\"targeting\":{\"var\":\"mine\"}}}}",
                0644);
    struct lever_told told = lever_bench_rehearse(bench, &split);
    lever_bench_expect_failed(&told, true, "targeted otherwise");
    expect_failed(bench, &split, 100, true, "targeted otherwise");
    expect_file(bench, "mine");
    expect_set(bench, &split, 2, 0); /* nothing keeps from going back */
    open_lever(bench, "nobody.json");
    split = lever_bench_split(bench, 1, cart);
    expect_failed(bench, &split, 0, true, "No such file");
    bench_write(bench->runner, "nobody.json", FILE_TEXT, 0644);
    expect_failed(bench, &split, 100, true, "not among the files");
    told = lever_bench_rehearse(bench, &split);
    lever_bench_expect_failed(&told, true, "not among the files");
}

/* Two flags of one file at the same time: neither loses what the other wrote. */
static void flags_of_one_file_go_one_after_the_other(void **state)
{
    struct lever_bench *bench = *state;
    struct option_value options[LEVER_BENCH_OPTIONS_MAX];
    struct traffic_split one = lever_bench_split(bench, 1, cart);

    memcpy(options, bench->use, sizeof(options));
    one.options = options;
    struct traffic_split other = lever_bench_split(bench, 1, theme);
    one.service = "cart";
    other.service = "theme";
    for (uint64_t i = 1; i <= MEASURED; i++) {
        struct lever_told first;
        struct lever_told second;
        lever_bench_set(bench, &one, i, (uint16_t)(i * 10), &first);
        lever_bench_set(bench, &other, i, (uint16_t)(i * 11), &second);
        lever_bench_await(bench, &first);
        lever_bench_await(bench, &second);
        lever_bench_expect_done(&first, (uint16_t)(i * 10));
        lever_bench_expect_done(&second, (uint16_t)(i * 11));
        expect_read(bench, &one, (uint16_t)(i * 10));
        expect_read(bench, &other, (uint16_t)(i * 11));
    }
}

static void newest_order_wins(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, cart);

    for (uint64_t i = 0; i < MEASURED; i++) {
        struct lever_told first;
        struct lever_told second;
        int64_t start_ms = bench_now_ms();
        lever_bench_set(bench, &split, 10 + 2 * i, 10000, &first);
        while (bench_now_ms() < start_ms + (int64_t)i && !first.is_there)
            (void)!loop_run_until(bench->loop, &first.is_there, 1);
        lever_bench_set(bench, &split, 11 + 2 * i, 0, &second);
        lever_bench_await(bench, &second);
        lever_bench_expect_done(&second, 0);
        assert_int_equal(first.count, 1);
        if (!first.is_done)
            lever_bench_expect_failed(&first, false, "overtaken");
        expect_read(bench, &split, 0);
    }
    struct lever_told late = lever_bench_set_now(bench, &split, 1, 10000);
    lever_bench_expect_failed(&late, false, "overtaken");
}

static void no_runner_is_tried_again(void **state)
{
    struct lever_bench *bench = *state;
    struct traffic_split split = lever_bench_split(bench, 1, cart);
    struct lever_told told;

    (void)bench_stop(bench->runner, SIGKILL);
    lever_bench_set(bench, &split, 1, 5000, &told);
    for (int i = 0; i < 20 && !told.is_there; i++)
        lever_bench_turn(bench, bench_now_ms() + LEVER_BENCH_WAIT_MS);
    runner_bench_start(bench->runner);
    lever_bench_await(bench, &told);
    if (!told.is_done)
        assert_false(told.is_final);
    expect_set(bench, &split, 2, 5000);
}

static void end_comes_with_the_close(void **state)
{
    struct lever_bench *bench = *state;

    for (int turns = 0; turns < MEASURED; turns++) {
        struct traffic_split split = lever_bench_split(bench, 1, cart);
        struct lever_told first;
        struct lever_told second;
        lever_bench_set(bench, &split, 1, 5000, &first);
        for (int i = 0; i < turns / 2 && !first.is_there; i++)
            (void)!loop_run_until(bench->loop, &first.is_there, 1);
        int before = first.count;
        lever_bench_set(bench, &split, 2, 100, &second);
        lever_bench_close(bench);
        assert_int_equal(first.count, before);
        assert_int_equal(second.count, 0);
        open_lever(bench, "flags.json");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_and_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slots_are_variants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_of_one_file_go_one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newest_order_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_runner_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(end_comes_with_the_close, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("traffic_flagd", tests, NULL, NULL);
}
