/* test_runner.c - the real verdict-runner: how commands end, what they see, what is refused.
 * SPDX-License-Identifier: MIT */
#include "support/runner_link.h"

#include "base/text.h"
#include "io/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

struct fixture {
    struct bench *bench;
    struct link *link;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->bench = bench_new();
    runner_bench_start(fixture->bench);
    fixture->link = link_open(fixture->bench);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    link_close(fixture->link);
    bench_free(fixture->bench);
    free(fixture);
    return 0;
}

static void expect_output(struct link *link, const char *key, const char *text)
{
    char *output = link_output(link, key, RUNNER_STREAM_OUTPUT);
    assert_string_equal(output, text);
    free(output);
}

static void ends_well(void **state)
{
    struct fixture *fixture = *state;
    struct runner_result result = link_complete(fixture->link, fixture->bench, "a", "ok", LONG_MS);
    assert_int_equal(result.exit_status, 0);
    assert_true(result.signal == 0 && !result.timed_out && !result.cancelled && result.error == 0);
    expect_output(fixture->link, "a", "fine\n");
    assert_int_equal(link_status(fixture->link, "b"), RUNNER_STATE_ABSENT);
    expect_output(fixture->link, "b", "");
}

static void tells_exit_codes(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *key, *arguments;
        int exit_status;
    } cases[] = {{"a", "exit 1", 1}, {"b", "exit 75", 75}, {"c", "exit 255", 255}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct runner_result result =
            link_complete(fixture->link, fixture->bench, cases[i].key, cases[i].arguments, LONG_MS);
        assert_int_equal(result.exit_status, cases[i].exit_status);
        assert_int_equal(result.signal, 0);
    }
    struct runner_result result = link_complete(fixture->link, fixture->bench, "d", "crash", LONG_MS);
    assert_int_equal(result.exit_status, -1);
    assert_int_equal(result.signal, SIGSEGV);
}

static void ends_at_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    struct runner_result result = link_complete(fixture->link, fixture->bench, "a", "sleep", 200);
    assert_true(result.timed_out);
    assert_false(result.cancelled);
    assert_int_equal(result.signal, SIGTERM);
}

static void kills_what_does_not_listen(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ms = bench_now_ms();
    link_run(fixture->link, fixture->bench, "a", "stubborn", 500);
    struct runner_result result = link_wait(fixture->link, "a");
    assert_true(result.timed_out);
    assert_int_equal(result.signal, SIGKILL);
    assert_true(bench_now_ms() - start_ms >= 5000);
    char *pids = bench_read(fixture->bench, "pids");
    char *end;
    pid_t main_process = (pid_t)strtol(pids, &end, 10), escaped = (pid_t)strtol(end, NULL, 10);
    assert_true(main_process > 1 && escaped > 1); /* also the one in a session of its own */
    assert_false(bench_is_alive(main_process));
    assert_false(bench_is_alive(escaped));
    free(pids);
}

static void cancels(void **state)
{
    struct fixture *fixture = *state;
    link_run(fixture->link, fixture->bench, "a", "sleep", LONG_MS);
    bench_wait_for_line(fixture->bench, "runs");
    link_ask(fixture->link, (struct runner_message){.operation = RUNNER_CANCEL, .key = "a"});
    struct runner_result result = link_wait(fixture->link, "a");
    assert_true(result.cancelled);
    assert_false(result.timed_out);
    assert_int_equal(result.signal, SIGTERM);
    const struct runner_message *answer =
        link_ask(fixture->link, (struct runner_message){.operation = RUNNER_CANCEL, .key = "x"});
    assert_int_equal(answer->state, RUNNER_STATE_ABSENT);
}

static void keeps_both_ends_of_a_flood(void **state)
{
    struct fixture *fixture = *state;
    link_complete(fixture->link, fixture->bench, "a", "flood", LONG_MS);
    char *output = link_output(fixture->link, "a", RUNNER_STREAM_OUTPUT);
    size_t length = strlen(output);
    assert_in_range(length, 60 * 1024, RUNNER_OUTPUT_MAX);
    assert_memory_equal(output, "0123456789", 10);
    assert_non_null(strstr(output, " bytes left out ...]\n"));
    assert_memory_equal(output + length - 5, "\nEND\n", 5);
    free(output);
}

/* What never ends to print is read on, so that it hears of its deadline, and kept within the cap. */
static void bears_a_torrent(void **state)
{
    struct fixture *fixture = *state;
    struct runner_result result = link_complete(fixture->link, fixture->bench, "a", "torrent", 1500);
    assert_true(result.timed_out);
    assert_int_equal(result.signal, SIGTERM);
    char *output = link_output(fixture->link, "a", RUNNER_STREAM_OUTPUT);
    assert_in_range(strlen(output), 60 * 1024, RUNNER_OUTPUT_MAX);
    free(output);
    char *path = bench_read(fixture->bench, "data/a.out");
    assert_in_range(strlen(path), 60 * 1024, RUNNER_OUTPUT_MAX);
    free(path);
}

/* Any bytes at all: what is kept is UTF-8 without control characters. */
static void bears_binary_output(void **state)
{
    struct fixture *fixture = *state;
    struct runner_result result = link_complete(fixture->link, fixture->bench, "a", "junk", LONG_MS);
    assert_int_equal(result.exit_status, 0);
    char *output = link_output(fixture->link, "a", RUNNER_STREAM_OUTPUT);
    size_t length = strlen(output);
    for (size_t at = 0; at < length;) {
        size_t size = utf8_length(output + at, length - at);
        if (size == 0)
            fail_msg("no UTF-8 at byte %zu", at);
        uint32_t point = utf8_point(output + at, size);
        assert_true(point == '\n' || point == '\t' || (point >= ' ' && (point < 0x7f || point > 0x9f)));
        at += size;
    }
    free(output);
}

/* Its grandchild belongs to nobody but the supervisor, whose it is at the end. */
static void ends_what_forked_twice(void **state)
{
    struct fixture *fixture = *state;
    link_run(fixture->link, fixture->bench, "a", "twice", 1000);
    struct runner_result result = link_wait(fixture->link, "a");
    assert_true(result.timed_out);
    char *pids = bench_read(fixture->bench, "pids");
    pid_t escaped = (pid_t)strtol(pids, NULL, 10);
    assert_true(escaped > 1);
    bench_wait_for_death(escaped);
    free(pids);
}

static void ends_what_closed_everything(void **state)
{
    struct fixture *fixture = *state;
    link_run(fixture->link, fixture->bench, "a", "mute", 500);
    struct runner_result result = link_wait(fixture->link, "a");
    assert_true(result.timed_out);
    assert_int_equal(result.signal, SIGTERM);
    expect_output(fixture->link, "a", "");
}

static void cleans_output(void **state)
{
    struct fixture *fixture = *state;
    link_complete(fixture->link, fixture->bench, "a", "paint", LONG_MS);
    expect_output(fixture->link, "a", "abc\n?");
}

static void leaves_what_went_to_the_background(void **state)
{
    struct fixture *fixture = *state;
    static const char *const kinds[] = {"daemon", "holder"}; /* the second keeps stdout open */
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        struct runner_result result =
            link_complete(fixture->link, fixture->bench, kinds[i], kinds[i], LONG_MS);
        assert_int_equal(result.exit_status, 0);
        expect_output(fixture->link, kinds[i], "left\n");
    }
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (bench_count_lines(fixture->bench, "pids") < 2)
        bench_pause(until_ms, "what the commands left");
    char *pids = bench_read(fixture->bench, "pids");
    assert_true(bench_is_alive((pid_t)strtol(pids, NULL, 10)));
    free(pids);
}

static void waits_for_what_closed_its_output(void **state)
{
    struct fixture *fixture = *state;
    link_run(fixture->link, fixture->bench, "a", "deaf", LONG_MS);
    bench_wait_for_line(fixture->bench, "runs");
    assert_int_equal(link_status(fixture->link, "a"), RUNNER_STATE_RUNNING);
    bench_write(fixture->bench, "gate", "", 0600);
    assert_int_equal(link_wait(fixture->link, "a").exit_status, 4);
}

static void gives_a_clean_world(void **state)
{
    struct fixture *fixture = *state;
    const struct bench *bench = fixture->bench;
    char expected[2048];
    link_complete(fixture->link, bench, "a", "look", LONG_MS);
    snprintf(expected, sizeof(expected),
             "OLDPWD=/\nPATH=/usr/bin:/bin\nPWD=%s\nVERDICT_FOLDER=%s\nVERDICT_OUTPUT=%s/"
             "a.values\nVERDICT_REPORT=%s/a.report\nVERDICT_SERVICE=shop\n"
             "%s\n0077\n/dev/null\n",
             bench->folder, bench->folder, bench->data, bench->data, bench->folder);
    char *output = link_output(fixture->link, "a", RUNNER_STREAM_OUTPUT);
    assert_memory_equal(output, expected, strlen(expected));
    /* ls reads the folder through one more descriptor. */
    assert_string_equal(output + strlen(expected), "0\n1\n2\n3\n");
    free(output);
}

static void carries_values(void **state)
{
    struct fixture *fixture = *state;
    link_complete(fixture->link, fixture->bench, "a", "values", LONG_MS);
    expect_output(fixture->link, "a", "said\n");
    char *values = link_output(fixture->link, "a", RUNNER_STREAM_VALUES);
    assert_string_equal(values, "digest=abc\n");
    free(values);
}

static void expect_refusal(struct fixture *fixture, struct runner_message message,
                           enum runner_refusal refusal, const char *part)
{
    const struct runner_message *answer = link_ask(fixture->link, message);
    assert_int_equal(answer->operation, RUNNER_REFUSED);
    assert_int_equal(answer->refusal, refusal);
    if (strstr(answer->reason, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", answer->reason, part);
}

static struct runner_message run_of(const char *program)
{
    return (struct runner_message){.operation = RUNNER_RUN,
                                   .key = "refused",
                                   .arguments = {program},
                                   .arguments_count = 1,
                                   .deadline_ms = LONG_MS};
}

static void refuses_what_is_not_allowed(void **state)
{
    struct fixture *fixture = *state;
    char path[BENCH_PATH_MAX];
    const struct bench *bench = fixture->bench;
    expect_refusal(fixture, run_of("/bin/true"), RUNNER_REFUSAL_FORBIDDEN, "allow list");
    expect_refusal(fixture, run_of("act"), RUNNER_REFUSAL_FORBIDDEN, "allow list");
    expect_refusal(fixture, run_of(bench_path(bench, "missing", path)), RUNNER_REFUSAL_FORBIDDEN, "No such");
    bench_write(bench, "open", "#!/bin/sh\n", 0777);
    expect_refusal(fixture, run_of(bench_path(bench, "open", path)), RUNNER_REFUSAL_FORBIDDEN, "by others");
    bench_write(bench, "text", "#!/bin/sh\n", 0600);
    expect_refusal(fixture, run_of(bench_path(bench, "text", path)), RUNNER_REFUSAL_FORBIDDEN, "denied");
    struct runner_message message = run_of(bench->act);
    message.directory = "/etc";
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "/etc");
    message = run_of(bench->act);
    message.key = "x-long";
    message.deadline_ms = RUNNER_PASSING_DEADLINE_MAX_MS + 1;
    expect_refusal(fixture, message, RUNNER_REFUSAL_INVALID, "an hour at most");
    message.arguments[message.arguments_count++] = "--option";
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "allow list");
    assert_int_equal(link_status(fixture->link, "refused"), RUNNER_STATE_ABSENT);
}

/* The same answers as a RUN gets, and nothing happens. */
static void checks_without_doing(void **state)
{
    struct fixture *fixture = *state;
    char path[BENCH_PATH_MAX];
    const struct bench *bench = fixture->bench;
    struct runner_message message = {.operation = RUNNER_CHECK, .arguments = {bench->act, "count"}};
    message.arguments_count = 2;
    assert_int_equal(link_ask(fixture->link, message)->operation, RUNNER_CHECKED);
    message.directory = "/etc";
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "/etc");
    message.directory = NULL;
    message.arguments[1] = "--option";
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "allow list: add it there");
    message.arguments_count = 1;
    message.arguments[0] = bench_path(bench, "missing", path);
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "No such");
    bench_write(bench, "text", "#!/bin/sh\n", 0600);
    message.arguments[0] = bench_path(bench, "text", path);
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "denied");
    message.operation = RUNNER_LIST;
    assert_int_equal(link_ask(fixture->link, message)->keys_count, 0);
    assert_int_equal(bench_count_lines(bench, "count"), 0);
}

static void tells_what_cannot_be_executed(void **state)
{
    struct fixture *fixture = *state;
    char path[BENCH_PATH_MAX];
    bench_write(fixture->bench, "text", "#!/nonexistent/shell\n", 0700);
    link_ask(fixture->link, run_of(bench_path(fixture->bench, "text", path)));
    struct runner_result result = link_wait(fixture->link, "refused");
    assert_int_equal(result.exit_status, 127);
    assert_int_equal(result.error, ENOENT);
}

static void runs_a_key_once(void **state)
{
    struct fixture *fixture = *state;
    link_complete(fixture->link, fixture->bench, "a", "count", LONG_MS);
    const struct runner_message *answer = link_run(fixture->link, fixture->bench, "a", "count", LONG_MS);
    assert_int_equal(answer->operation, RUNNER_STATE);
    assert_int_equal(answer->state, RUNNER_STATE_ENDED);
    answer = link_run(fixture->link, fixture->bench, "b", "gate", LONG_MS);
    assert_int_equal(answer->state, RUNNER_STATE_RUNNING);
    answer = link_run(fixture->link, fixture->bench, "b", "gate", LONG_MS);
    assert_int_equal(answer->state, RUNNER_STATE_RUNNING);
    answer = link_ask(fixture->link, (struct runner_message){.operation = RUNNER_LIST});
    assert_int_equal(answer->keys_count, 1);
    assert_string_equal(answer->keys[0], "b");
    bench_write(fixture->bench, "gate", "", 0600);
    link_wait(fixture->link, "b");
    assert_int_equal(bench_count_lines(fixture->bench, "runs"), 2);
}

static void is_busy_at_its_limit(void **state)
{
    struct fixture *fixture = *state;
    bench_configure(fixture->bench, "commands_max = 1;\n");
    assert_int_equal(kill(fixture->bench->runner, SIGHUP), 0);
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    char *log = bench_read(fixture->bench, "log");
    while (strstr(log, "read again") == NULL) {
        bench_pause(until_ms, "the reload");
        free(log);
        log = bench_read(fixture->bench, "log");
    }
    free(log);
    link_run(fixture->link, fixture->bench, "a", "gate", LONG_MS);
    const struct runner_message *answer = link_run(fixture->link, fixture->bench, "b", "ok", LONG_MS);
    assert_int_equal(answer->operation, RUNNER_REFUSED);
    assert_int_equal(answer->refusal, RUNNER_REFUSAL_BUSY);
    bench_write(fixture->bench, "gate", "", 0600);
    link_wait(fixture->link, "a");
    assert_int_equal(link_complete(fixture->link, fixture->bench, "b", "ok", LONG_MS).exit_status, 0);
}

static void replaces_files(void **state)
{
    struct fixture *fixture = *state;
    char path[BENCH_PATH_MAX];
    struct stat status;
    struct runner_message message = {.operation = RUNNER_WRITE,
                                     .path = bench_path(fixture->bench, "map", path),
                                     .mode = 0640,
                                     .content = {(const unsigned char *)"blue 95\n", 8}};
    assert_int_equal(link_ask(fixture->link, message)->operation, RUNNER_WRITTEN);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(chmod(path, 0604), 0);
    assert_true(geteuid() != 0 || chown(path, 12, 34) == 0);
    ino_t before = status.st_ino;
    message.content.data = (const unsigned char *)"blue 90\n";
    assert_int_equal(link_ask(fixture->link, message)->operation, RUNNER_WRITTEN);
    char *text = bench_read(fixture->bench, "map");
    assert_string_equal(text, "blue 90\n");
    free(text);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0604);
    assert_true(geteuid() != 0 || (status.st_uid == 12 && status.st_gid == 34));
    assert_int_not_equal(status.st_ino, before);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    expect_refusal(fixture, message, RUNNER_REFUSAL_FAILED, "symbolic links");
    char other[BENCH_PATH_MAX];
    message.path = bench_path(fixture->bench, "other", other);
    expect_refusal(fixture, message, RUNNER_REFUSAL_FORBIDDEN, "may write");
    assert_int_not_equal(access(other, F_OK), 0);
}

static void bears_junk(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(send(fixture->link->fd, "junk", 4, 0), 4);
    assert_true(link_receive(fixture->link));
    assert_int_equal(fixture->link->message.operation, RUNNER_REFUSED);
    assert_int_equal(fixture->link->message.refusal, RUNNER_REFUSAL_INVALID);
    char *large = calloc(1, RUNNER_MESSAGE_MAX + 10);
    assert_non_null(large);
    assert_int_equal(send(fixture->link->fd, large, RUNNER_MESSAGE_MAX + 10, 0), RUNNER_MESSAGE_MAX + 10);
    free(large);
    assert_true(link_receive(fixture->link));
    assert_int_equal(fixture->link->message.refusal, RUNNER_REFUSAL_INVALID);
    expect_refusal(fixture, (struct runner_message){.operation = RUNNER_KEYS}, RUNNER_REFUSAL_INVALID,
                   "no question");
    assert_int_equal(link_status(fixture->link, "a"), RUNNER_STATE_ABSENT);
}

/* As another user: 0 where the runner answers, 1 where it does not let us in. */
static int ask_as(const struct bench *bench, uid_t uid)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char byte;
        assert_true(text_copy(address.sun_path, sizeof(address.sun_path), bench->socket));
        int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        bool is_in = setuid(uid) == 0 &&
                     connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                     send(fd, "junk", 4, MSG_NOSIGNAL) == 4 && recv(fd, &byte, 1, 0) == 1;
        _exit(is_in ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void knows_its_callers(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    assert_int_equal(stat(fixture->bench->socket, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(fixture->bench->folder, 0755), 0);
    assert_int_equal(ask_as(fixture->bench, 4711), 1);
    bench_stop(fixture->bench, SIGTERM);
    bench_configure(fixture->bench, "uids = [ 4712 ];\n");
    runner_bench_start(fixture->bench);
    assert_int_equal(ask_as(fixture->bench, 4711), 1);
    assert_int_equal(ask_as(fixture->bench, 4712), 0);
}

int main(void)
{
    if (setenv("VERDICT_SECRET", "inherited by the runner, not by its commands", 1) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ends_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_exit_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_at_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kills_what_does_not_listen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_both_ends_of_a_flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bears_a_torrent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bears_binary_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_what_forked_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_what_closed_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cleans_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_what_went_to_the_background, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_what_closed_its_output, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_a_clean_world, set_up, tear_down),
        cmocka_unit_test_setup_teardown(carries_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checks_without_doing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_what_cannot_be_executed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_a_key_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_busy_at_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaces_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bears_junk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(knows_its_callers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
