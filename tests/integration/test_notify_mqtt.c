/* test_notify_mqtt.c - notices over MQTT against mosquitto: as they are, once, and to a broker that comes
 * late.
 * SPDX-License-Identifier: MIT */
#include "support/mqtt_bench.h"
#include "support/notifier_bench.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const struct notifier_type notifier_mqtt;

enum { TIMEOUT_MS = 700, PASSWORDS_MAX = 1024, OPTIONS = 7 };

/* Two brokers would be too many: the loop and the folder are the broker's bench. */
static struct notifier *notifier;

static bool try_open(struct mqtt_bench *bench, const char *url, const char *topic, const char *password,
                     struct err *err)
{
    const struct notifier_env env = {.loop = bench->loop};
    const struct option_value values[OPTIONS] = {
        {.is_set = true, .text = url},
        {.is_set = topic != NULL, .text = topic},
        {.is_set = password != NULL, .text = password == NULL ? NULL : "me"},
        {.is_set = password != NULL, .text = password},
        {.is_set = true, .duration_ms = TIMEOUT_MS},
        {.is_set = false},
        {.is_set = true, .choice = strcmp(mqtt_bench_version, mqtt_client_versions[MQTT_CLIENT_5]) == 0}};

    assert_int_equal(notifier_mqtt.option_count, OPTIONS);
    return notifier_mqtt.open(&notifier_mqtt, &env, "plant", values, &notifier, err);
}

static void open_at(struct mqtt_bench *bench, const char *topic, const char *password)
{
    struct err err = {0};

    if (!try_open(bench, bench->url, topic, password, &err))
        fail_msg("%s", err.text);
}

static int tear_down(void **state)
{
    if (notifier != NULL)
        notifier_mqtt.close(notifier);
    notifier = NULL;
    return mqtt_bench_tear_down(state);
}

static void note(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct notifier_told *told = data;

    told->is_there = true;
    told->count++;
    told->fate = fate;
    told->retry_after_ms = retry_after_ms;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

static void expect(struct mqtt_bench *bench, const char *body, enum notice_fate fate, const char *part)
{
    const struct notice notice = {.id = "msg_1", .body = body};
    struct notifier_told told = {0};

    notifier_mqtt.send(notifier, &notice, note, &told);
    assert_int_equal(told.count, 0);
    assert_true(loop_run_until(bench->loop, &told.is_there, MQTT_BENCH_DEADLINE_MS));
    if (told.count != 1 || told.fate != fate || strstr(told.why, part) == NULL)
        fail_msg("%d times, %d: %s", told.count, (int)told.fate, told.why);
}

#define SHORT "{\"id\":\"msg_1\",\"source\":\"/verdict/prod-1\",\"data\":{\"event\":\"held\"}}"

static void goes_out_as_it_is(void **state)
{
    struct mqtt_bench *bench = *state;

    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *party =
        mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){.client_id = "ear"});
    mqtt_bench_subscribe(party, "#");
    open_at(bench, NULL, NULL);
    expect(bench, SHORT, NOTICE_DELIVERED, "the broker has it");
    mqtt_bench_expect_message(party, "verdict/prod-1/events", SHORT, false);
    notifier_mqtt.close(notifier);
    open_at(bench, "plant/notices", NULL);
    expect(bench, SHORT, NOTICE_DELIVERED, "the broker has it");
    mqtt_bench_expect_message(party, "plant/notices", SHORT, false);
    expect(bench, "{", NOTICE_REFUSED, "the notice");
    assert_int_equal(party->messages, 2);
}

static void waits_for_a_broker_that_is_away(void **state)
{
    struct mqtt_bench *bench = *state;

    open_at(bench, NULL, NULL);
    expect(bench, SHORT, NOTICE_RETRY, "in time");
    mqtt_bench_start_open_broker(bench);
    struct mqtt_party *party =
        mqtt_bench_open_and_wait(bench, 0, (struct mqtt_client_settings){.client_id = "ear"});
    mqtt_bench_subscribe(party, "#");
    for (int i = 0; party->messages == 0; i++) { /* as the outbox would */
        const struct notice notice = {.id = "msg_1", .body = SHORT};
        struct notifier_told told = {0};
        notifier_mqtt.send(notifier, &notice, note, &told);
        assert_true(loop_run_until(bench->loop, &told.is_there, MQTT_BENCH_DEADLINE_MS));
        if (told.fate == NOTICE_DELIVERED)
            mqtt_bench_expect_message(party, "verdict/prod-1/events", SHORT, false);
        assert_true(i < MQTT_BENCH_DEADLINE_MS / TIMEOUT_MS);
    }
    assert_int_equal(party->messages, 1);
}

/* The password's file is read anew where the broker does not let us in. */
static void takes_a_rotated_password(void **state)
{
    struct mqtt_bench *bench = *state;
    char path[FOLDER_PATH_MAX];
    char reference[FOLDER_PATH_MAX + 8];
    char more[PASSWORDS_MAX];
    char output[PASSWORDS_MAX];

    (void)snprintf(more, sizeof(more), "password_file %s\nallow_anonymous false\n",
                   folder_path(&bench->folder, "passwords", path));
    folder_write(&bench->folder, "passwords", "me:right\n");
    const char *const argv[] = {"mosquitto_passwd", "-U", path, NULL};
    assert_int_equal(process_run(argv, output, sizeof(output), MQTT_BENCH_DEADLINE_MS), 0);
    mqtt_bench_start_broker(bench, more);
    (void)snprintf(reference, sizeof(reference), "file:%s", folder_path(&bench->folder, "password", path));
    open_at(bench, NULL, reference); /* there is none yet */
    expect(bench, SHORT, NOTICE_RETRY, "password");
    folder_write(&bench->folder, "password", "wrong");
    expect(bench, SHORT, NOTICE_RETRY, "in time");
    folder_write(&bench->folder, "password", "right");
    expect(bench, SHORT, NOTICE_DELIVERED, "the broker has it");
}

static void refuses_options(void **state)
{
    struct mqtt_bench *bench = *state;
    struct err err = {0};

    assert_false(try_open(bench, "http://x", NULL, NULL, &err));
    assert_false(try_open(bench, bench->url, "a/#", NULL, &err));
    assert_non_null(strstr(err.text, "topic"));
    assert_false(try_open(bench, bench->url, NULL, "secret-itself", &err));
    assert_null(strstr(err.text, "itself"));
    notifier = NULL;
}

static void closes_at_work(void **state)
{
    struct mqtt_bench *bench = *state;
    const struct notice notice = {.id = "msg_1", .body = SHORT};
    struct notifier_told told = {0};
    bool never = false;

    open_at(bench, NULL, NULL);
    notifier_mqtt.send(notifier, &notice, note, &told);
    notifier_mqtt.send(notifier, &(struct notice){.id = "x", .body = "{"}, note, &told);
    notifier_mqtt.close(notifier);
    mqtt_bench_start_open_broker(bench);
    open_at(bench, NULL, NULL);
    expect(bench, SHORT, NOTICE_DELIVERED, "the broker has it");
    process_signal(&bench->broker, SIGSTOP); /* it takes it, and says nothing any more */
    notifier_mqtt.send(notifier, &notice, note, &told);
    assert_false(loop_run_until(bench->loop, &never, 50));
    notifier_mqtt.close(notifier);
    notifier = NULL;
    process_signal(&bench->broker, SIGCONT);
    assert_false(loop_run_until(bench->loop, &never, 50));
    assert_int_equal(told.count, 0);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, mqtt_bench_set_up, tear_down)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(goes_out_as_it_is),        WITH_BENCH(waits_for_a_broker_that_is_away),
        WITH_BENCH(takes_a_rotated_password), WITH_BENCH(refuses_options),
        WITH_BENCH(closes_at_work),
    };
    mqtt_bench_choose(count, arguments);
    return cmocka_run_group_tests_name("notify_mqtt", tests, NULL, NULL);
}
