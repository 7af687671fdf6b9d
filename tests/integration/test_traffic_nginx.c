/* test_traffic_nginx.c - nginx's lever against a real nginx and a real runner.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "io/loop.h"
#include "support/lever_bench.h"
#include "support/process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONFIG_MAX = 8192, ANSWER_MAX = 1024, REQUESTS = 200, MEASURED = 8, USERS = 40 };

/* $F is the folder, $P the shop's port, $S the status's. */
static const char CONFIG[] =
    "daemon off;\nuser root;\nworker_processes 2;\npid $F/nginx.pid;\nerror_log $F/error.log;\n"
    "events { worker_connections 256; }\n"
    "http {\n"
    "    access_log off;\n"
    "    client_body_temp_path $F/body;\n    proxy_temp_path $F/proxy;\n    fastcgi_temp_path $F/fastcgi;\n"
    "    uwsgi_temp_path $F/uwsgi;\n    scgi_temp_path $F/scgi;\n"
    "    include $F/shop.conf;\n    include $F/more*.conf;\n"
    "    upstream shop_blue { server unix:$F/blue.sock; }\n"
    "    upstream shop_green { server unix:$F/green.sock; }\n"
    "    server { listen unix:$F/blue.sock; location / { return 200 blue; } }\n"
    "    server { listen unix:$F/green.sock; access_log $F/green.log; location / { return 200 green; } }\n"
    "    server {\n"
    "        listen 127.0.0.1:$P;\n"
    "        location / { mirror /copy; proxy_pass http://$shop_upstream; }\n"
    "        location = /copy {\n"
    "            internal;\n"
    "            if ($shop_mirror = \"\") { return 204; }\n"
    "            proxy_pass http://$shop_mirror$request_uri;\n"
    "        }\n"
    "    }\n"
    "    server { listen 127.0.0.1:$S; location = /split/shop { return 200 $shop_split; } }\n"
    "}\n";

/* What an operator begins with. */
static const char FIRST[] = "split_clients $request_id $shop_upstream { * shop_blue; }\n"
                            "split_clients $request_id $shop_mirror { * \"\"; }\n"
                            "map \"\" $shop_split { default \"green 0 0 0\"; }\n";

static const struct lever_bench_option use[] = {{"backend", "shop"}, {NULL, NULL}};
static const struct lever_bench_option sticky[] = {
    {"backend", "shop"}, {"sticky", "cookie:SID"}, {NULL, NULL}};

struct fixture {
    struct lever_bench *bench;
    struct process nginx;
    uint16_t port, status_port;
};

static void write_config(const struct fixture *fixture)
{
    char memory[CONFIG_MAX];
    struct text config;

    text_init(&config, memory, sizeof(memory));
    for (const char *at = CONFIG; *at != '\0'; at++) {
        if (at[0] != '$' || strchr("FPS", at[1]) == NULL)
            text_add(&config, "%c", *at);
        else if (*++at == 'F')
            text_add(&config, "%s", fixture->bench->runner->folder);
        else
            text_add(&config, "%u", *at == 'P' ? fixture->port : fixture->status_port);
    }
    assert_false(config.is_cut);
    bench_write(fixture->bench->runner, "nginx.conf", memory, 0600);
}

static void start_nginx(struct fixture *fixture)
{
    char path[BENCH_PATH_MAX];
    char log[BENCH_PATH_MAX];
    const char *const argv[] = {"nginx", "-c", bench_path(fixture->bench->runner, "nginx.conf", path), NULL};

    fixture->nginx = process_start(argv, bench_path(fixture->bench->runner, "nginx.log", log));
    process_wait_port(&fixture->nginx, fixture->port, LEVER_BENCH_WAIT_MS);
}

static void open_lever(struct fixture *fixture, const char *reload)
{
    char status[64];
    char test[2 * BENCH_PATH_MAX];
    char command[2 * BENCH_PATH_MAX];
    const char *folder = fixture->bench->runner->folder;

    (void)snprintf(status, sizeof(status), "http://127.0.0.1:%u/split", fixture->status_port);
    (void)snprintf(test, sizeof(test), "/usr/sbin/nginx -c %s/nginx.conf -t", folder);
    (void)snprintf(command, sizeof(command), "/usr/sbin/nginx -c %s/nginx.conf -s %s", folder, reload);
    const struct lever_bench_option options[] = {
        {"status", status}, {"folder", folder}, {"test", test}, {"reload", command}, {NULL, NULL}};
    lever_bench_open(fixture->bench, "nginx", options);
}

static int set_up(void **state)
{
    static const char *const names[] = {"shop.conf", NULL};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char allow[4 * BENCH_PATH_MAX];

    assert_non_null(fixture);
    fixture->bench = lever_bench_new(traffic_types);
    const char *folder = fixture->bench->runner->folder;
    (void)snprintf(allow, sizeof(allow),
                   "[ \"/usr/sbin/nginx\", \"-c\", \"%s/nginx.conf\", \"-t\" ], "
                   "[ \"/usr/sbin/nginx\", \"-c\", \"%s/nginx.conf\", \"-s\", \"reload\" ]",
                   folder, folder);
    lever_bench_start_runner(fixture->bench, allow, names);
    fixture->port = process_free_port();
    do
        fixture->status_port = process_free_port();
    while (fixture->status_port == fixture->port);
    write_config(fixture);
    bench_write(fixture->bench->runner, "shop.conf", FIRST, 0644);
    start_nginx(fixture);
    open_lever(fixture, "reload");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    (void)process_stop(&fixture->nginx);
    lever_bench_free(fixture->bench);
    free(fixture);
    return 0;
}

/* One request of a user; 'b' or 'g', whoever answered. */
static char request(const struct fixture *fixture, const char *cookie)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fixture->port)};
    char question[128];
    char answer[ANSWER_MAX];
    size_t length = 0;
    ssize_t got = 1;

    (void)snprintf(question, sizeof(question), "GET / HTTP/1.0\r\nCookie: %s\r\n\r\n", cookie);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, question, strlen(question), MSG_NOSIGNAL), strlen(question));
    while (length < sizeof(answer) - 1 && (got = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    (void)close(fd);
    if (strstr(answer, " 200 ") == NULL)
        fail_msg("a user got \"%s\"", answer);
    return strstr(answer, "green") != NULL ? 'g' : 'b';
}

static size_t count_green(const struct fixture *fixture, size_t count)
{
    size_t greens = 0;

    for (size_t i = 0; i < count; i++)
        greens += request(fixture, "") == 'g';
    return greens;
}

static void expect_set(struct fixture *fixture, const struct traffic_split *split, uint64_t number,
                       uint16_t share)
{
    struct lever_told told = lever_bench_set_now(fixture->bench, split, number, share);

    lever_bench_expect_done(&told, share);
}

static void expect_read(struct fixture *fixture, const struct traffic_split *split, uint16_t share)
{
    struct lever_told told = lever_bench_read(fixture->bench, split);

    lever_bench_expect_done(&told, share);
}

static void expect_file(const struct fixture *fixture, const char *part, bool is_there)
{
    char *file = bench_read(fixture->bench->runner, "shop.conf");

    if ((strstr(file, part) != NULL) != is_there)
        fail_msg("%s \"%s\" in:\n%s", is_there ? "no" : "an unexpected", part, file);
    free(file);
}

static void sets_and_reads_back(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    struct lever_told told = lever_bench_rehearse(fixture->bench, &split);

    lever_bench_expect_done(&told, 0);
    expect_read(fixture, &split, 0);
    assert_int_equal(count_green(fixture, REQUESTS), 0);
    assert_false(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
    expect_set(fixture, &split, 1, 505);
    expect_file(fixture, "    5.05% shop_green;\n    * \"shop_blue\";\n", true);
    expect_read(fixture, &split, 505);
    assert_true(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
    expect_set(fixture, &split, 2, 5000);
    assert_in_range(count_green(fixture, REQUESTS), REQUESTS / 4, REQUESTS * 3 / 4);
    expect_set(fixture, &split, 3, 10000);
    assert_int_equal(count_green(fixture, REQUESTS), REQUESTS);
    expect_set(fixture, &split, 4, 0);
    expect_set(fixture, &split, 4, 0); /* again is the same as once */
    assert_int_equal(count_green(fixture, REQUESTS), 0);
}

static void moves_either_slot(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 0, use);

    expect_read(fixture, &split, 10000); /* blue has everything */
    expect_set(fixture, &split, 1, 0);
    assert_int_equal(count_green(fixture, REQUESTS), REQUESTS);
    expect_set(fixture, &split, 2, 9999);
    expect_file(fixture, "99.99% shop_blue;", true);
    expect_read(fixture, &split, 9999);
    split = lever_bench_split(fixture->bench, 1, use);
    expect_read(fixture, &split, 1);
}

static void survives_reload_and_restart(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);

    expect_set(fixture, &split, 1, 2500);
    assert_int_equal(process_stop(&fixture->nginx), 0);
    struct lever_told told = lever_bench_read(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "asking nginx");
    start_nginx(fixture);
    expect_read(fixture, &split, 2500);
    /* A lever that knows nothing yet reads the same, and answers for it when it is asked again. */
    lever_bench_close(fixture->bench);
    open_lever(fixture, "reload");
    split = lever_bench_split(fixture->bench, 1, use);
    assert_false(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
    expect_read(fixture, &split, 2500);
    expect_set(fixture, &split, 1, 2500);
    assert_true(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
}

static void keeps_users_on_their_side(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, sticky);
    char sides[USERS];
    char cookie[32];
    size_t greens = 0;

    expect_set(fixture, &split, 1, 3000);
    for (int i = 0; i < USERS; i++) {
        (void)snprintf(cookie, sizeof(cookie), "a=1; SID=user%d", i);
        sides[i] = request(fixture, cookie);
        greens += sides[i] == 'g';
        assert_int_equal(request(fixture, cookie), sides[i]);
    }
    assert_in_range(greens, 1, USERS - 1);
    expect_set(fixture, &split, 2, 6000);
    for (int i = 0; i < USERS; i++) { /* who was on the candidate's side stays there when it grows */
        (void)snprintf(cookie, sizeof(cookie), "SID=user%d", i);
        if (sides[i] == 'g')
            assert_int_equal(request(fixture, cookie), 'g');
    }
    assert_in_range(count_green(fixture, REQUESTS), 1, REQUESTS - 1); /* without a cookie it is drawn */
}

static void mirrors(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    struct lever_told told = lever_bench_mirror(fixture->bench, &split, 1, 10000);

    lever_bench_expect_done(&told, 10000);
    expect_read(fixture, &split, 0);
    assert_int_equal(count_green(fixture, REQUESTS), 0); /* nobody sees an answer of the candidate */
    int64_t until_ms = bench_now_ms() + LEVER_BENCH_WAIT_MS;
    while (bench_count_lines(fixture->bench->runner, "green.log") < REQUESTS)
        bench_pause(until_ms, "copies at the candidate");
    expect_set(fixture, &split, 2, 100);
    expect_file(fixture, "green 100 0 2", true); /* users, or copies */
    told = lever_bench_mirror(fixture->bench, &split, 3, 10000);
    lever_bench_expect_done(&told, 10000);
    expect_set(fixture, &split, 4, 0);
    expect_file(fixture, "green 0 0 4", true); /* back to stable is back from everything */
    told = lever_bench_mirror(fixture->bench, &split, 5, 5000);
    lever_bench_expect_done(&told, 5000);
    told = lever_bench_mirror(fixture->bench, &split, 6, 0);
    lever_bench_expect_done(&told, 0);
    expect_file(fixture, "green 0 0 6", true);
    size_t before = bench_count_lines(fixture->bench->runner, "green.log");
    assert_int_equal(count_green(fixture, REQUESTS), 0);
    assert_int_equal(bench_count_lines(fixture->bench->runner, "green.log"), before);
    told = lever_bench_mirror(fixture->bench, &split, 7, 2500);
    lever_bench_expect_done(&told, 2500);
    expect_file(fixture, "25.00% shop_green;", true);
}

static void puts_the_file_back(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);

    expect_set(fixture, &split, 1, 1000);
    bench_write(fixture->bench->runner, "more.conf", "nonsense on;\n", 0644);
    struct lever_told told = lever_bench_rehearse(fixture->bench, &split);
    lever_bench_expect_failed(&told, true, "unknown directive \"nonsense\"");
    told = lever_bench_set_now(fixture->bench, &split, 2, 5000);
    lever_bench_expect_failed(&told, true, "unknown directive \"nonsense\"");
    expect_file(fixture, "green 1000 0 1", true);
    expect_read(fixture, &split, 1000);
    assert_false(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
    /* Back to stable stays written, so that any start of nginx leads there. */
    told = lever_bench_set_now(fixture->bench, &split, 3, 0);
    lever_bench_expect_failed(&told, true, "nonsense");
    expect_file(fixture, "green 0 0 3", true);
    bench_write(fixture->bench->runner, "more.conf", "", 0644);
    expect_set(fixture, &split, 4, 0);
    assert_int_equal(count_green(fixture, REQUESTS), 0);
}

/* A command that says yes and does nothing is no reload. */
static void believes_only_the_marker(void **state)
{
    struct fixture *fixture = *state;

    lever_bench_close(fixture->bench);
    char status[64];
    char test[2 * BENCH_PATH_MAX];
    const char *folder = fixture->bench->runner->folder;
    (void)snprintf(status, sizeof(status), "http://127.0.0.1:%u/split", fixture->status_port);
    (void)snprintf(test, sizeof(test), "/usr/sbin/nginx -c %s/nginx.conf -t", folder);
    const struct lever_bench_option options[] = {
        {"status", status}, {"folder", folder}, {"test", test}, {"reload", test}, {NULL, NULL}};
    lever_bench_open(fixture->bench, "nginx", options);
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    struct lever_told told = lever_bench_set_now(fixture->bench, &split, 1, 5000);
    lever_bench_expect_failed(&told, false, "still serves by the file before");
    expect_file(fixture, "green 0 0 0", true);
    assert_int_equal(count_green(fixture, REQUESTS), 0);
}

static void tells_what_the_runner_refuses(void **state)
{
    struct fixture *fixture = *state;

    lever_bench_close(fixture->bench);
    open_lever(fixture, "quit");
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    struct lever_told told = lever_bench_set_now(fixture->bench, &split, 1, 5000);
    lever_bench_expect_failed(&told, true, "the reload did not run");
    expect_file(fixture, "green 0 0 0", true);
    static const struct lever_bench_option other[] = {{"backend", "other"}, {NULL, NULL}};
    split = lever_bench_split(fixture->bench, 1, other);
    told = lever_bench_set_now(fixture->bench, &split, 1, 0);
    lever_bench_expect_failed(&told, true, "other.conf is not among the files");
    told = lever_bench_rehearse(fixture->bench, &split);
    lever_bench_expect_failed(&told, false, "status answers 404");
}

/* Whenever the newer one comes, it is the one that stays. */
static void newest_order_wins(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    struct lever_told first;
    struct lever_told second;

    for (uint64_t i = 0; i < MEASURED; i++) {
        int64_t start_ms = bench_now_ms();
        lever_bench_set(fixture->bench, &split, 10 + 2 * i, 10000, &first);
        while (bench_now_ms() < start_ms + (int64_t)i * 15)
            lever_bench_turn(fixture->bench, start_ms + LEVER_BENCH_WAIT_MS);
        lever_bench_set(fixture->bench, &split, 11 + 2 * i, 0, &second);
        lever_bench_await(fixture->bench, &second);
        assert_int_equal(first.count, 1);
        lever_bench_expect_failed(&first, false, "overtaken");
        lever_bench_expect_done(&second, 0);
        assert_int_equal(count_green(fixture, 20), 0);
        expect_file(fixture, "green 0 0", true);
    }
    struct lever_told late = lever_bench_set_now(fixture->bench, &split, 1, 10000);
    lever_bench_expect_failed(&late, false, "overtaken");
    expect_read(fixture, &split, 0);
}

static void no_request_fails_while_it_switches(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    static const uint16_t shares[] = {500, 5000, 10000, 0};
    struct lever_told told;

    for (uint64_t i = 0; i < ARRAY_LENGTH(shares); i++) {
        int64_t until_ms = bench_now_ms() + LEVER_BENCH_WAIT_MS;
        lever_bench_set(fixture->bench, &split, i + 1, shares[i], &told);
        int64_t start_ms = bench_now_ms();
        while (!told.is_there) {
            lever_bench_turn(fixture->bench, until_ms);
            (void)count_green(fixture, 5);
        }
        print_message("%u: confirmed after %d ms\n", shares[i], (int)(bench_now_ms() - start_ms));
        lever_bench_expect_done(&told, shares[i]);
    }
}

static void one_slot_has_nothing_to_move(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);

    split.stable = split.candidate;
    expect_set(fixture, &split, 1, 5000);
    expect_file(fixture, "green 0 0 0", true);
    assert_true(fixture->bench->type->has_persisted(fixture->bench->traffic, &split));
}

static void end_comes_with_the_close(void **state)
{
    struct fixture *fixture = *state;
    struct traffic_split split = lever_bench_split(fixture->bench, 1, use);
    struct lever_told told;

    for (int turns = 0; turns < MEASURED; turns++) {
        lever_bench_set(fixture->bench, &split, 1, 5000, &told);
        for (int i = 0; i < 3 * turns && !told.is_there; i++)
            lever_bench_turn(fixture->bench, bench_now_ms() + LEVER_BENCH_WAIT_MS);
        lever_bench_close(fixture->bench);
        assert_int_equal(told.count, 0);
        open_lever(fixture, "reload");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_and_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moves_either_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_reload_and_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_users_on_their_side, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mirrors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(puts_the_file_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(believes_only_the_marker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_what_the_runner_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newest_order_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_request_fails_while_it_switches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_slot_has_nothing_to_move, set_up, tear_down),
        cmocka_unit_test_setup_teardown(end_comes_with_the_close, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("traffic_nginx", tests, NULL, NULL);
}
