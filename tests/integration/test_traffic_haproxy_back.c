/* test_traffic_haproxy_back.c - the whole way back with a real HAProxy: requests that stand still, servers
 * that are shut; and users who stay on their side.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "io/loop.h"
#include "support/haproxy_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { REQUESTS = 100, USERS = 40, DRAIN_MS = 100, DRAINED_MS = 400 };

static const struct traffic_type *haproxy(void)
{
    for (size_t i = 0; traffic_types[i] != NULL; i++)
        if (strcmp(traffic_types[i]->name, "haproxy") == 0)
            return traffic_types[i];
    fail_msg("there is no such type");
    return NULL;
}

/* With `drain_for` and `sticky`, where they are given. */
static struct traffic_split split_with(const char *backend, int64_t drain_ms, const char *sticky)
{
    static struct option_value options[HAPROXY_BENCH_OPTIONS];
    struct traffic_split split = haproxy_bench_split(backend, 1, 1, 1);

    options[0] = split.options[0];
    options[1] = (struct option_value){.is_set = sticky != NULL, .text = sticky};
    options[2] = (struct option_value){.is_set = drain_ms > 0, .duration_ms = drain_ms};
    split.options = options;
    return split;
}

static void expect_set(struct haproxy_bench *bench, const struct traffic_split *split, uint64_t number,
                       uint16_t share)
{
    struct haproxy_told told = haproxy_bench_set_now(bench, split, number, share);

    haproxy_bench_expect_done(&told, share);
}

/* One request to a frontend; 'g' or 'b', whoever answered. */
static char request(const struct haproxy_bench *bench, const char *frontend, const char *header)
{
    char name[64];
    char path[BENCH_PATH_MAX];
    char question[128];
    char answer[512];

    (void)snprintf(name, sizeof(name), "%s0.sock", frontend);
    (void)snprintf(question, sizeof(question), "GET / HTTP/1.0\r\n%s\r\n", header);
    assert_true(haproxy_bench_ask(bench_path(bench->runner, name, path), question, answer, sizeof(answer)));
    if (strstr(answer, " 200 ") == NULL)
        fail_msg("a user got \"%s\"", answer);
    return strstr(answer, "green") != NULL ? 'g' : 'b';
}

/* The map says 0, and somebody still comes to the candidate by another way. */
static void is_back_when_requests_stand_still(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("shop", 0, NULL);
    struct haproxy_told told;

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 5000);
    haproxy_bench_set(bench, &split, 2, 0, &told);
    while (!told.is_there) {
        haproxy_bench_turn(bench, 1);
        assert_int_equal(request(bench, "tester", ""), 'g');
    }
    haproxy_bench_expect_failed(&told, false, "the candidate has no share and still gets requests");
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), 0); /* told, and done all the same */
    expect_set(bench, &split, 3, 0);
}

static void newer_order_takes_its_place(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("shop", 0, NULL);
    struct haproxy_told back;

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 5000);
    for (uint64_t i = 1; i < 12; i++) {
        haproxy_bench_set(bench, &split, 2 * i, 0, &back);
        for (uint64_t pause = 0; pause < i && !back.is_there; pause++)
            (void)!loop_run_until(bench->loop, &back.is_there, 4);
        expect_set(bench, &split, 2 * i + 1, 5000);
        haproxy_bench_await(bench, &back);
        if (!back.is_done)
            haproxy_bench_expect_failed(&back, false, "overtaken");
        struct haproxy_told told = haproxy_bench_read(bench, &split);
        haproxy_bench_expect_done(&told, 5000);
    }
    haproxy_bench_set(bench, &split, 100, 0, &back); /* close ends it without a word */
    (void)!loop_run_until(bench->loop, &back.is_there, 10);
    bench->type->close(bench->traffic);
    bench->traffic = NULL;
    assert_int_equal(back.count, 0);
}

static void wait_for(const struct haproxy_bench *bench, const char *backend, const char *part)
{
    char command[64];
    int64_t until_ms = bench_now_ms() + HAPROXY_BENCH_WAIT_MS;
    const bool never = false;

    (void)snprintf(command, sizeof(command), "show servers state %s", backend);
    while (strstr(haproxy_bench_say(bench, 0, command), part) == NULL) {
        assert_true(bench_now_ms() < until_ms);
        assert_false(loop_run_until(bench->loop, &never, 5));
    }
}

/* A server that takes a connection and says nothing. */
static int hang(const struct haproxy_bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[BENCH_PATH_MAX];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(
        text_copy(address.sun_path, sizeof(address.sun_path), bench_path(bench->runner, "hang.sock", path)));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1024), 0);
    return fd;
}

static int open_session(const struct haproxy_bench *bench)
{
    static const char question[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[BENCH_PATH_MAX];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(
        text_copy(address.sun_path, sizeof(address.sun_path), bench_path(bench->runner, "long0.sock", path)));
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, question, sizeof(question) - 1), sizeof(question) - 1);
    return fd;
}

/* Who is still with the candidate when everybody else is back is cut off after `drain_for`. */
static void shuts_the_candidate(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("long", DRAIN_MS, NULL);
    char answer[512] = "";
    ssize_t got = -1;

    int server = hang(bench);
    wait_for(bench, "long_green", " g1 - 2 0 ");
    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 5000);
    int session = open_session(bench);
    haproxy_bench_wait_for(bench, 0, "show stat long_green 2 -1", "long_green,BACKEND,0,0,1,");
    int64_t start_ms = bench_now_ms();
    expect_set(bench, &split, 2, 0);
    haproxy_bench_expect(bench, 0, "show stat long_green 2 -1", "long_green,BACKEND,0,0,1,");
    wait_for(bench, "long_green", " g1 - 0 1 "); /* stopped, by us */
    assert_true(bench_now_ms() - start_ms >= DRAIN_MS);
    got = read(session, answer, sizeof(answer) - 1);
    assert_true(got >= 0 && (got == 0 || strstr(answer, " 200 ") == NULL));
    (void)close(session);
    (void)close(server);
}

/* In one backend: its servers alone, and not before they have no weight. */
static void shuts_by_weights(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("pair", DRAIN_MS, NULL);
    const char *const sockets[] = {bench->sockets[0], NULL};

    haproxy_bench_open(bench, haproxy(), sockets, "weights", NULL);
    expect_set(bench, &split, 1, 5000);
    int64_t start_ms = bench_now_ms();
    expect_set(bench, &split, 2, 0);
    haproxy_bench_expect(bench, 0, "get weight pair/g1", "0 (initial 0)");
    wait_for(bench, "pair", " g1 - 0 1 ");
    assert_true(bench_now_ms() - start_ms >= DRAIN_MS);
    haproxy_bench_expect(bench, 0, "show servers state pair", " b1 - 2 0 ");
    assert_int_equal(haproxy_bench_count_green(bench, "pair", REQUESTS), 0);
    expect_set(bench, &split, 3, 10000);
    assert_int_equal(haproxy_bench_count_green(bench, "pair", REQUESTS), REQUESTS);
}

static void lets_it_in_again(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("shop", DRAIN_MS, NULL);
    const bool never = false;

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 5000);
    expect_set(bench, &split, 2, 0);
    wait_for(bench, "shop_green", " g1 - 0 1 ");
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), 0);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    expect_set(bench, &split, 3, 10000);
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), REQUESTS);
    expect_set(bench, &split, 4, 0); /* and a new order keeps it from being shut */
    expect_set(bench, &split, 5, 10000);
    assert_false(loop_run_until(bench->loop, &never, DRAINED_MS));
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), REQUESTS);
}

static void users_stay_on_their_side(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("shop", 0, "cookie:SID");
    char sides[USERS];
    char cookie[64];
    size_t greens = 0;

    haproxy_bench_open_map(bench, haproxy(), 1);
    assert_int_equal(request(bench, "sticky", "X-Tester: 1\r\n"), 'b'); /* nobody is, testers neither */
    expect_set(bench, &split, 1, 3000);
    for (int i = 0; i < USERS; i++) {
        (void)snprintf(cookie, sizeof(cookie), "Cookie: a=1; SID=user%d\r\n", i);
        sides[i] = request(bench, "sticky", cookie);
        greens += sides[i] == 'g';
        assert_int_equal(request(bench, "sticky", cookie), sides[i]);
    }
    assert_in_range(greens, 1, USERS - 1);
    expect_set(bench, &split, 2, 6000);
    for (int i = 0; i < USERS; i++) {
        (void)snprintf(cookie, sizeof(cookie), "Cookie: SID=user%d\r\n", i);
        if (sides[i] == 'g')
            assert_int_equal(request(bench, "sticky", cookie), 'g');
    }
    greens = 0;
    for (int i = 0; i < REQUESTS; i++)
        greens += request(bench, "sticky", "") == 'g'; /* without a cookie it is drawn */
    assert_in_range(greens, 1, REQUESTS - 1);
    assert_int_equal(request(bench, "sticky", "X-Tester: 1\r\n"), 'g');
    expect_set(bench, &split, 3, 0);
    assert_int_equal(request(bench, "sticky", "X-Tester: 1\r\n"), 'b');
}

/* Only the rehearsal minds: nothing keeps from going back. */
static void refuses_what_it_cannot_keep(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_with("pair", 0, "cookie:SID");
    const char *const sockets[] = {bench->sockets[0], NULL};

    haproxy_bench_open(bench, haproxy(), sockets, "weights", NULL);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "weights keep nobody on a side");
    expect_set(bench, &split, 1, 0);
    bench->type->close(bench->traffic);
    haproxy_bench_open_map(bench, haproxy(), 1);
    split = split_with("shop", DRAIN_MS, NULL);
    static const size_t none[] = {0, 0};
    split.slot_server_counts = none;
    told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "drain_for: slot green needs 1 to 32 servers");
    expect_set(bench, &split, 1, 0);
    split = split_with("shop", 0, "header:X");
    told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "is not like \"cookie:SID\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_back_when_requests_stand_still, haproxy_bench_set_up,
                                        haproxy_bench_tear_down),
        cmocka_unit_test_setup_teardown(newer_order_takes_its_place, haproxy_bench_set_up,
                                        haproxy_bench_tear_down),
        cmocka_unit_test_setup_teardown(shuts_the_candidate, haproxy_bench_set_up, haproxy_bench_tear_down),
        cmocka_unit_test_setup_teardown(shuts_by_weights, haproxy_bench_set_up, haproxy_bench_tear_down),
        cmocka_unit_test_setup_teardown(lets_it_in_again, haproxy_bench_set_up, haproxy_bench_tear_down),
        cmocka_unit_test_setup_teardown(users_stay_on_their_side, haproxy_bench_set_up,
                                        haproxy_bench_tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_it_cannot_keep, haproxy_bench_set_up,
                                        haproxy_bench_tear_down),
    };

    return cmocka_run_group_tests_name("traffic_haproxy_back", tests, NULL, NULL);
}
