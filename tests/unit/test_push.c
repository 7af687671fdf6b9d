/* test_push.c - posted values find the watches of their name, and no others.
 * SPDX-License-Identifier: MIT */
#include "collectors/push.h"

#include "support/pushed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct told {
    int gauges, counts;
    double value, events, total;
    int64_t at_ms;
    enum series_answer answer;
};

static struct collector *push;

static int set_up(void **state)
{
    const struct collector_env env = {0};
    struct err err = {0};

    (void)state;
    return push_collector.open(&env, "", NULL, &push, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    assert_null(push_collector.trouble(push));
    push_collector.close(push);
    return 0;
}

static enum series_answer take_gauge(void *data, int64_t at_ms, double value)
{
    struct told *told = data;

    told->gauges++;
    told->value = value;
    told->at_ms = at_ms;
    return told->answer;
}

static enum series_answer take_count(void *data, int64_t at_ms, double events, double total)
{
    struct told *told = data;

    told->counts++;
    told->events = events;
    told->total = total;
    told->at_ms = at_ms;
    return SERIES_TAKEN;
}

static bool watch(const struct collector_series *name, struct told *told, struct collector_watch **ret_watch,
                  struct err *err)
{
    struct collector_series series = *name;

    series.sink = (struct collector_sink){.data = told, .gauge = take_gauge, .count = take_count};
    return push_collector.watch(push, &series, ret_watch, err);
}

static const struct collector_series depth = {
    .service = "shop", .environment = "prod", .key = "slot.blue", .metric = "depth", .kind = SERIES_GAUGE};
static const struct collector_series errors = {
    .service = "shop", .environment = "prod", .key = "slot.blue", .metric = "errors", .kind = SERIES_COUNT};

static struct push_sample sample_of(const struct collector_series *series)
{
    return (struct push_sample){.service = series->service,
                                .environment = series->environment,
                                .key = series->key,
                                .metric = series->metric,
                                .at_ms = 77,
                                .is_count = series->kind == SERIES_COUNT,
                                .value = 3,
                                .events = 1,
                                .total = 9};
}

static void test_every_watch_of_the_name(void **state)
{
    struct collector_watch *watches[3] = {NULL};
    struct told told[3] = {0};
    struct err err = {0};
    struct push_sample value = sample_of(&depth);
    struct push_sample count = sample_of(&errors);

    (void)state;
    assert_int_equal(put_to(push, &value), PUSH_UNWATCHED);
    assert_true(watch(&depth, &told[0], &watches[0], &err) && watch(&depth, &told[1], &watches[1], &err) &&
                watch(&errors, &told[2], &watches[2], &err));
    assert_int_equal(put_to(push, &value), PUSH_TAKEN);
    assert_int_equal(put_to(push, &count), PUSH_TAKEN);
    assert_true(told[0].gauges == 1 && told[1].gauges == 1 && told[0].value == 3 && told[1].at_ms == 77);
    assert_true(told[2].counts == 1 && told[2].events == 1 && told[2].total == 9);
    push_collector.unwatch(watches[0]); /* the older of two in one chain */
    assert_int_equal(put_to(push, &value), PUSH_TAKEN);
    assert_true(told[0].gauges == 1 && told[1].gauges == 2);
    told[1].answer = SERIES_LATE; /* what the series says is heard */
    assert_int_equal(put_to(push, &value), PUSH_LATE);
    told[1].answer = SERIES_FUTURE;
    assert_int_equal(put_to(push, &value), PUSH_FUTURE);
    push_collector.unwatch(watches[1]);
    push_collector.unwatch(watches[2]);
    assert_int_equal(put_to(push, &value), PUSH_UNWATCHED);
}

/* Of as many names some share a chain: each is found, and none is taken for another. */
static void test_many_names(void **state)
{
    enum { NAMES = 3000 };
    static struct collector_watch *watches[NAMES];
    static struct told told[NAMES];
    static char names[NAMES][24];
    struct collector_series series = depth;
    struct err err = {0};

    (void)state;
    for (int i = 0; i < NAMES; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "depth%d", i);
        series.metric = names[i];
        assert_true(watch(&series, &told[i], &watches[i], &err));
    }
    for (int i = 0; i < NAMES; i++) {
        struct push_sample sample = sample_of(&depth);
        sample.metric = names[i];
        assert_int_equal(put_to(push, &sample), PUSH_TAKEN);
    }
    for (int i = 0; i < NAMES; i++) {
        assert_int_equal(told[i].gauges, 1);
        push_collector.unwatch(watches[i]);
    }
}

static void test_what_is_no_value(void **state)
{
    static const double bad[][2] = {{NAN, 1}, {INFINITY, 1}, {-1, 1}, {1, NAN}, {1, -1}};
    static char long_name[600];
    struct collector_watch *watches[2] = {NULL};
    struct told told = {0};
    struct err err = {0};
    struct push_sample value = sample_of(&depth);
    struct push_sample count = sample_of(&errors);

    (void)state;
    assert_true(watch(&depth, &told, &watches[0], &err) && watch(&errors, &told, &watches[1], &err));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        count.events = bad[i][0];
        count.total = bad[i][1];
        assert_int_equal(put_to(push, &count), PUSH_NOT_FINITE);
    }
    value.value = NAN;
    assert_int_equal(put_to(push, &value), PUSH_NOT_FINITE);
    value.value = -1;
    assert_int_equal(put_to(push, &value), PUSH_TAKEN);
    value.is_count = true;
    assert_int_equal(put_to(push, &value), PUSH_WRONG_KIND);
    count = sample_of(&errors);
    count.is_count = false;
    assert_int_equal(put_to(push, &count), PUSH_WRONG_KIND);
    memset(long_name, 'x', sizeof(long_name) - 1);
    value.metric = long_name;
    assert_int_equal(put_to(push, &value), PUSH_UNWATCHED);
    assert_true(told.gauges == 1 && told.counts == 0);
    push_collector.unwatch(watches[1]);
    push_collector.unwatch(watches[0]);
}

static void test_what_cannot_be_watched(void **state)
{
    static char long_name[600];
    struct collector_series series[5] = {depth, depth, depth, depth, depth};
    struct collector_watch *none = NULL;
    struct told told = {0};

    (void)state;
    memset(long_name, 'x', sizeof(long_name) - 1);
    series[0].kind = SERIES_HISTOGRAM;
    series[1].service = NULL;
    series[2].environment = NULL;
    series[3].key = NULL;
    series[4].metric = long_name;
    for (size_t i = 0; i < sizeof(series) / sizeof(*series); i++) {
        struct err err = {0};
        assert_false(watch(&series[i], &told, &none, &err));
        assert_non_null(strstr(err.text, i == 0 ? "histograms" : i < 4 ? "whose it is" : "metric xxx"));
    }
}

#define WITH_PUSH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PUSH(test_every_watch_of_the_name),
        WITH_PUSH(test_many_names),
        WITH_PUSH(test_what_is_no_value),
        WITH_PUSH(test_what_cannot_be_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
