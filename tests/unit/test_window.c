/* test_window.c - zones of the tz database, and windows laid onto their calendars.
 * SPDX-License-Identifier: MIT */
#include "base/calendar.h"
#include "drivers/gate_window.h"
#include "io/zone.h"
#include "io/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 24 * HOUR_S,
    WORKDAYS = 0x1f,
    MON_TO_THU = 0x0f,
    EVERY_DAY = 0x7f
};

static struct zone *zone_of(const char *name)
{
    struct err err = {0};
    struct zone *zone = zone_open(ZONE_FOLDER, name, &err);

    if (zone == NULL)
        fail_msg("%s", err.text);
    return zone;
}

/* Seconds since 1970 as if the clock were UTC. */
static int64_t at(int64_t year, int32_t month, int32_t day, int32_t hour, int32_t minute)
{
    return calendar_days(year, month, day) * DAY_S + (int64_t)hour * HOUR_S + (int64_t)minute * MINUTE_S;
}

static void test_days_are_counted_from_1970(void **state)
{
    (void)state;
    assert_int_equal(calendar_days(1970, 1, 1), 0);
    assert_int_equal(calendar_days(2000, 3, 1), 11017);
    assert_int_equal(calendar_days(1969, 12, 31), -1);
    assert_int_equal(calendar_days(1600, 1, 1), -135140);
    assert_true(calendar_is_leap(2000) && calendar_is_leap(2028));
    assert_false(calendar_is_leap(2100) || calendar_is_leap(2027));
    assert_int_equal(calendar_weekday(calendar_days(2026, 11, 26)), 3);
    assert_int_equal(calendar_weekday(-4), 6);
    for (int64_t days = -800000; days < 800000; days += 97) {
        int64_t year = calendar_year(days);
        assert_true(calendar_days(year, 1, 1) <= days && days < calendar_days(year + 1, 1, 1));
    }
}

static void test_offsets_are_those_of_the_database(void **state)
{
    struct zone *berlin = zone_of("Europe/Berlin");

    (void)state;
    assert_int_equal(zone_offset_s(berlin, at(2026, 1, 15, 12, 0)), HOUR_S);
    assert_int_equal(zone_offset_s(berlin, at(2026, 7, 15, 12, 0)), 2 * HOUR_S);
    assert_int_equal(zone_offset_s(berlin, at(2026, 3, 29, 0, 59)), HOUR_S);
    assert_int_equal(zone_offset_s(berlin, at(2026, 3, 29, 1, 0)), 2 * HOUR_S);
    assert_int_equal(zone_offset_s(berlin, at(2026, 10, 25, 0, 59)), 2 * HOUR_S);
    assert_int_equal(zone_offset_s(berlin, at(2026, 10, 25, 1, 0)), HOUR_S);
    /* After the last transition of the file, by its rule. */
    assert_int_equal(zone_offset_s(berlin, at(2096, 7, 15, 12, 0)), 2 * HOUR_S);
    assert_int_equal(zone_offset_s(berlin, at(2096, 12, 15, 12, 0)), HOUR_S);
    /* Before the first: what clocks of the place showed by the sun. */
    assert_int_equal(zone_offset_s(berlin, at(1850, 1, 1, 0, 0)), 53 * MINUTE_S + 28);
    zone_close(berlin);
    struct zone *utc = zone_of("UTC");
    assert_int_equal(zone_offset_s(utc, at(2026, 7, 15, 12, 0)), 0);
    zone_close(utc);
}

static void test_local_times_become_instants(void **state)
{
    struct zone *berlin = zone_of("Europe/Berlin");

    (void)state;
    assert_int_equal(zone_instant_s(berlin, at(2026, 7, 15, 12, 0)), at(2026, 7, 15, 10, 0));
    /* Shown twice: the first time. Skipped: as long after the change. */
    assert_int_equal(zone_instant_s(berlin, at(2026, 10, 25, 2, 30)), at(2026, 10, 25, 0, 30));
    assert_int_equal(zone_instant_s(berlin, at(2026, 3, 29, 2, 30)), at(2026, 3, 29, 1, 30));
    assert_int_equal(zone_instant_s(berlin, at(2026, 10, 25, 4, 0)), at(2026, 10, 25, 3, 0));
    zone_close(berlin);
}

static void test_rules_are_read(void **state)
{
    static const char *const wrong[] = {"",
                                        "A1",
                                        "CET",
                                        "CET-1CEST,M13.1.0,M10.5.0",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M3.5.0,M10.5.0x",
                                        "<+03",
                                        "CET-1CEST,J0,J1",
                                        "CET-1X",
                                        "CET-1CEST,M3.6.0,M10.5.0",
                                        "CET-200"};
    struct zone_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(zone_rule_parse(wrong[i], &rule));
    assert_true(zone_rule_parse("<+0330>-3:30", &rule));
    assert_int_equal(zone_rule_offset_s(&rule, 0), 3 * HOUR_S + 30 * MINUTE_S);
    /* South: summer lasts over the turn of the year. */
    assert_true(zone_rule_parse("AEST-10AEDT,M10.1.0,M4.1.0/3", &rule));
    assert_int_equal(zone_rule_offset_s(&rule, at(2026, 1, 15, 0, 0)), 11 * HOUR_S);
    assert_int_equal(zone_rule_offset_s(&rule, at(2026, 7, 15, 0, 0)), 10 * HOUR_S);
    assert_true(zone_rule_parse("EST5EDT4,J60,J300/-1:00:30", &rule)); /* 1 March, 27 October */
    assert_int_equal(zone_rule_offset_s(&rule, at(2028, 2, 29, 12, 0)), -5 * HOUR_S);
    assert_int_equal(zone_rule_offset_s(&rule, at(2028, 3, 1, 12, 0)), -4 * HOUR_S);
    assert_true(zone_rule_parse("EST5EDT,0/0,365/25", &rule));
    assert_int_equal(zone_rule_offset_s(&rule, at(2026, 12, 31, 12, 0)), -4 * HOUR_S);
}

static void test_what_is_no_zone_is_told(void **state)
{
    static const char *const names[] = {"Europe/Nowhere", "",         "../../etc/passwd",
                                        "/etc/passwd",    "zone.tab", "Europe"};
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_null(zone_open(ZONE_FOLDER, names[i], &err));
    assert_null(zone_open("src/io", "zone", &err));
    assert_false(zone_is_known("Europe/Nowhere"));
    assert_true(zone_is_known("Europe/Berlin"));
}

static int64_t opens(const struct window *window, int64_t now_s, int64_t least_s)
{
    struct zone *zone = zone_of(window->zone);
    int64_t opens_s = gate_window_opens_s(window, zone, now_s, least_s * 1000);

    zone_close(zone);
    return opens_s;
}

static void test_a_window_opens_in_the_clock_of_its_place(void **state)
{
    static const struct window_span span = {MON_TO_THU, 9 * 60, 16 * 60};
    static const struct window office = {.zone = "Europe/Berlin", .span_count = 1, .spans = &span};

    (void)state;
    /* A Thursday. */
    assert_int_equal(opens(&office, at(2026, 11, 26, 7, 0), 0), at(2026, 11, 26, 8, 0));
    assert_int_equal(opens(&office, at(2026, 11, 26, 8, 0), HOUR_S), at(2026, 11, 26, 8, 0));
    assert_int_equal(opens(&office, at(2026, 11, 26, 14, 0), HOUR_S), at(2026, 11, 26, 14, 0));
    /* Does not fit into what is left; it closed; a summer later. */
    assert_int_equal(opens(&office, at(2026, 11, 26, 14, 1), HOUR_S), at(2026, 11, 30, 8, 0));
    assert_int_equal(opens(&office, at(2026, 11, 26, 15, 0), 0), at(2026, 11, 30, 8, 0));
    assert_int_equal(opens(&office, at(2026, 7, 16, 14, 0), 0), at(2026, 7, 20, 7, 0));
    assert_true(opens(&office, at(2026, 11, 26, 8, 0), 8 * HOUR_S) == GATE_WINDOW_NEVER);
}

static void test_spans_that_touch_are_one(void **state)
{
    static const struct window_span spans[] = {{WORKDAYS, 22 * 60, 26 * 60}, {WORKDAYS, 20 * 60, 22 * 60}};
    static const struct window night = {.zone = "UTC", .span_count = 2, .spans = spans};

    (void)state;
    assert_int_equal(opens(&night, at(2026, 11, 26, 12, 0), 6 * HOUR_S), at(2026, 11, 26, 20, 0));
    assert_int_equal(opens(&night, at(2026, 11, 26, 23, 0), 3 * HOUR_S), at(2026, 11, 26, 23, 0));
    /* After midnight it is still Friday's. */
    assert_int_equal(opens(&night, at(2026, 11, 28, 1, 0), HOUR_S), at(2026, 11, 28, 1, 0));
    assert_int_equal(opens(&night, at(2026, 11, 28, 2, 0), 0), at(2026, 11, 30, 20, 0));
}

static void test_a_window_that_never_closes_is_open(void **state)
{
    static const struct window_span span = {EVERY_DAY, 0, 24 * 60};
    static const struct window always = {.zone = "Europe/Berlin", .span_count = 1, .spans = &span};

    (void)state;
    assert_int_equal(opens(&always, at(2026, 11, 26, 8, 0), 40 * DAY_S), at(2026, 11, 26, 8, 0));
}

static void test_frozen_days_are_closed(void **state)
{
    const struct window_freeze freezes[] = {
        {(int32_t)calendar_days(2026, 12, 18), (int32_t)calendar_days(2027, 1, 4)},
        {(int32_t)calendar_days(2027, 1, 6), (int32_t)calendar_days(2040, 1, 6)}};
    static const struct window_span span = {EVERY_DAY, 0, 24 * 60};
    struct window window = {
        .zone = "Europe/Berlin", .span_count = 1, .spans = &span, .freeze_count = 1, .freezes = freezes};

    (void)state;
    assert_int_equal(opens(&window, at(2026, 12, 17, 12, 0), 0), at(2026, 12, 17, 12, 0));
    assert_int_equal(opens(&window, at(2026, 12, 17, 23, 0), 0), at(2027, 1, 4, 23, 0));
    /* Nothing begins that would last into them. */
    assert_int_equal(opens(&window, at(2026, 12, 17, 22, 30), HOUR_S), at(2027, 1, 4, 23, 0));
    window.freeze_count = 2;
    assert_true(opens(&window, at(2026, 12, 20, 0, 0), 2 * DAY_S) == GATE_WINDOW_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_are_counted_from_1970),
        cmocka_unit_test(test_offsets_are_those_of_the_database),
        cmocka_unit_test(test_local_times_become_instants),
        cmocka_unit_test(test_rules_are_read),
        cmocka_unit_test(test_what_is_no_zone_is_told),
        cmocka_unit_test(test_a_window_opens_in_the_clock_of_its_place),
        cmocka_unit_test(test_spans_that_touch_are_one),
        cmocka_unit_test(test_a_window_that_never_closes_is_open),
        cmocka_unit_test(test_frozen_days_are_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
