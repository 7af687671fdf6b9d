/* test_mqtt_crowd.c - messages that come in thousands are read together, none is lost; few are read at once.
 * SPDX-License-Identifier: MIT */
#include "support/mqtt_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PER_MS = 10, NOTICED_MS = 400, CROWD_MS = 1000, GATHER_MS = 5, PACKETS_PER_TURN = 256 };

struct crowd {
    struct mqtt_party *from, *to;
    unsigned sent, seen, looks; /* turns in which messages came */
};

static void say_some(void *data)
{
    struct crowd *crowd = data;

    for (int i = 0; i < PER_MS; i++)
        mqtt_bench_publish(crowd->from, "crowd", "1", 0, false);
    crowd->sent += PER_MS;
}

static void count_looks(void *data)
{
    struct crowd *crowd = data;

    crowd->looks += crowd->to->messages > crowd->seen;
    crowd->seen = crowd->to->messages;
}

static void run_for(struct mqtt_bench *bench, int64_t ms)
{
    const bool never = false;

    assert_false(loop_run_until(bench->loop, &never, ms));
}

static void test_a_crowd_is_read_together(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    static struct crowd crowd; /* the hook has it until the loop ends */
    crowd = (struct crowd){.from = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0}),
                           .to = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0})};
    mqtt_bench_subscribe(crowd.to, "crowd");
    mqtt_bench_publish(crowd.to, "crowd", "first", 1, false);
    mqtt_bench_expect_message(crowd.to, "crowd", "first", false);
    loop_on_turn(bench->loop, count_looks, &crowd);
    struct loop_timer *timer = loop_timer_start(bench->loop, 1, 1, say_some, &crowd);
    run_for(bench, NOTICED_MS);
    int64_t begin_ms = loop_now_ms();
    unsigned looks = crowd.looks, messages = crowd.to->messages;
    run_for(bench, CROWD_MS);
    looks = crowd.looks - looks;
    messages = crowd.to->messages - messages;
    loop_timer_stop(timer);
    assert_true(messages > CROWD_MS);
    assert_in_range(looks, 1, (loop_now_ms() - begin_ms) / (GATHER_MS - 1) + messages / PACKETS_PER_TURN + 2);
    for (int i = 0; i < 200 && crowd.to->messages < crowd.sent + 1; i++)
        run_for(bench, 50);
    assert_int_equal(crowd.to->messages, crowd.sent + 1);
    crowd.to->has_message = false;
    mqtt_bench_publish(crowd.from, "crowd", "last", 1, false);
    mqtt_bench_expect_message(crowd.to, "crowd", "last", false);
}

/* The one that goes while messages gather takes nothing with it. */
static void test_freed_while_they_gather(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct crowd crowd = {.from = mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){0}),
                          .to = mqtt_bench_open_and_wait(bench, 1, (struct mqtt_client_settings){0})};
    mqtt_bench_subscribe(crowd.to, "crowd");
    struct loop_timer *timer = loop_timer_start(bench->loop, 1, 1, say_some, &crowd);
    run_for(bench, NOTICED_MS);
    mqtt_client_free(crowd.to->client);
    crowd.to->client = NULL;
    unsigned messages = crowd.to->messages;
    run_for(bench, NOTICED_MS);
    loop_timer_stop(timer);
    assert_true(messages > 0);
    assert_int_equal(crowd.to->messages, messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_crowd_is_read_together, mqtt_bench_set_up,
                                        mqtt_bench_tear_down),
        cmocka_unit_test_setup_teardown(test_freed_while_they_gather, mqtt_bench_set_up,
                                        mqtt_bench_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
