/* test_process.c - that the tests' own way of starting programs works.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "support/folder.h"
#include "support/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_run_gives_output_and_exit_code(void **state)
{
    char output[4];
    const char *const prints[] = {"printf", "abcdef", NULL};
    const char *const fails[] = {"false", NULL};
    const char *const hangs[] = {"sleep", "30", NULL};

    (void)state;
    assert_int_equal(process_run(prints, output, sizeof(output), 5000), 0);
    assert_string_equal(output, "abc");
    assert_int_equal(process_run(fails, output, sizeof(output), 5000), 1);
    assert_int_equal(process_run(hangs, output, sizeof(output), 20), 128 + SIGKILL);
}

static void test_start_waits_for_port_and_socket(void **state)
{
    struct folder folder = folder_make();
    char path[FOLDER_PATH_MAX];
    char port_text[64];
    char socket_text[FOLDER_PATH_MAX + 32];
    uint16_t port = process_free_port();

    (void)state;
    (void)snprintf(port_text, sizeof(port_text), "TCP-LISTEN:%u,bind=127.0.0.1,fork", port);
    (void)snprintf(socket_text, sizeof(socket_text), "UNIX-LISTEN:%s,fork", folder_path(&folder, "s", path));
    const char *const on_port[] = {"socat", port_text, "/dev/null", NULL};
    const char *const on_socket[] = {"socat", socket_text, "/dev/null", NULL};
    struct process one = process_start(on_port, NULL);
    struct process two = process_start(on_socket, NULL);
    process_wait_port(&one, port, 5000);
    process_wait_socket(&two, path, 5000);
    (void)process_stop(&one);
    int status = process_stop(&two);
    assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGTERM);
    assert_int_equal(one.pid, 0);
    assert_int_equal(process_stop(&one), 0);
    folder_remove(&folder);
    assert_int_not_equal(access(folder.path, F_OK), 0);
}

static void test_folder_keeps_text(void **state)
{
    struct folder folder = folder_make();
    char text[16];

    (void)state;
    folder_write(&folder, "a", "hello");
    assert_int_equal(folder_read(&folder, "a", text, sizeof(text)), 5);
    assert_string_equal(text, "hello");
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_gives_output_and_exit_code),
        cmocka_unit_test(test_start_waits_for_port_and_socket),
        cmocka_unit_test(test_folder_keeps_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
