/* test_source_clock.c - whose clock it is: from dates of answers to a correction, a tally and lines of the
 * log.
 * SPDX-License-Identifier: MIT */
#include "collectors/source_clock.h"
#include "io/clock.h"
#include "io/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOG_MAX = 2048, HOUR_S = 3600 };

struct world {
    struct log log;
    struct source_tally tally;
    struct collector_env env;
    struct source_clocks clocks;
    struct source_clock one, other;
    char text[LOG_MAX];
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->log = (struct log){.level = LOG_LEVEL_INFO, .fd = memfd_create("log", MFD_CLOEXEC)};
    assert_true(world->log.fd >= 0);
    world->env = (struct collector_env){.log = &world->log, .tally = &world->tally};
    source_clocks_open(&world->clocks, &world->env, "http_json", "jobs");
    world->one.all = world->other.all = &world->clocks;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    (void)close(world->log.fd);
    free(world);
    return 0;
}

/* How often the log has these words. */
static int count_said(struct world *world, const char *words)
{
    ssize_t length = pread(world->log.fd, world->text, sizeof(world->text) - 1, 0);
    int count = 0;

    assert_true(length >= 0);
    world->text[length] = '\0';
    for (const char *at = strstr(world->text, words); at != NULL; at = strstr(at + 1, words))
        count++;
    return count;
}

/* An answer of a clock that is `skew_s` ahead, after so long. */
static void hear(struct source_clock *clock, int64_t skew_s, const char *more, double took_ms)
{
    time_t now = (time_t)(clock_wall_ms() / 1000 + skew_s);
    struct tm parts;
    char date[64], headers[128];

    assert_non_null(gmtime_r(&now, &parts));
    assert_true(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
    (void)snprintf(headers, sizeof(headers), "Date: %s\n%s", date, more);
    const struct http_answer answer = {.status = 200, .headers = headers, .time_total_ms = took_ms};
    source_clock_note(clock, &answer);
}

static bool is_about(int64_t ms, int64_t wanted_ms)
{
    return llabs(ms - wanted_ms) <= 1500;
}

static void test_a_correction_begins_and_ends(void **state)
{
    struct world *world = *state;

    assert_false(world->tally.has_skew);
    hear(&world->one, 0, "", 1);
    assert_true(world->tally.has_skew && is_about(world->tally.skew_ms, 0));
    assert_int_equal(world->one.correction_ms, 0);
    for (int i = 0; i < 3; i++)
        hear(&world->one, HOUR_S, "", 1);
    assert_true(is_about(world->tally.skew_ms, HOUR_S * 1000));
    assert_true(is_about(source_clock_wall_ms(&world->one) - clock_wall_ms(), HOUR_S * 1000));
    assert_int_equal(count_said(world, "http_json jobs: its clock is 3"), 1);
    assert_int_equal(count_said(world, "s ahead of ours: it is asked by its own"), 1);
    hear(&world->one, 0, "", 1);
    assert_int_equal(world->one.correction_ms, 0);
    assert_int_equal(count_said(world, "http_json jobs: its clock is not corrected any more"), 1);
    hear(&world->one, -HOUR_S, "", 1);
    assert_true(is_about(world->one.correction_ms, -HOUR_S * 1000));
    assert_int_equal(count_said(world, "s behind ours"), 1);
}

/* One line for all that a source asks. */
static void test_several_clocks_of_one_source(void **state)
{
    struct world *world = *state;

    hear(&world->one, HOUR_S, "", 1);
    hear(&world->other, HOUR_S, "", 1);
    assert_int_equal(count_said(world, "ahead of ours"), 1);
    source_clock_end(&world->one);
    assert_int_equal(count_said(world, "not corrected"), 0);
    assert_true(is_about(world->other.correction_ms, HOUR_S * 1000));
    source_clock_end(&world->other);
    source_clock_end(&world->other);
    assert_int_equal(count_said(world, "not corrected"), 1);
}

/* What lay in a cache, or took long, says nothing of a clock; no date, or one that is none, neither. */
static void test_what_looks_like_another_clock(void **state)
{
    struct world *world = *state;
    static const char *const headers[] = {"", "Server: x\n", "Date: yesterday\n", "Date: \n"};

    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        source_clock_note(&world->one, &(struct http_answer){.headers = headers[i]});
    assert_false(world->tally.has_skew);
    hear(&world->one, -HOUR_S, "Age: 3600\n", 1);
    hear(&world->one, -8, "", 8000);
    hear(&world->one, -1, "Age: -5\n", 1);
    hear(&world->one, -1, "Age: 99999999999\n", 1);
    assert_int_equal(world->one.correction_ms, 0);
    hear(&world->one, -HOUR_S, "Age: 60\n", 8000);
    assert_true(is_about(world->one.correction_ms, (-HOUR_S + 60 + 4) * 1000));
    world->env.tally = NULL;
    hear(&world->one, 0, "", 1);
    assert_int_equal(world->one.correction_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_correction_begins_and_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_clocks_of_one_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_looks_like_another_clock, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
