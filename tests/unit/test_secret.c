/* test_secret.c - references to secrets: what is read, and what is refused.
 * SPDX-License-Identifier: MIT */
#include "io/secret.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[64];
    char path[96];
    char reference[128];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/test_secret.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/token", fixture->folder);
    (void)snprintf(fixture->reference, sizeof(fixture->reference), "file:%s", fixture->path);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    (void)unlink(fixture->path);
    (void)rmdir(fixture->folder);
    free(fixture);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static void write_file(const struct fixture *fixture, const char *bytes, size_t length, mode_t mode)
{
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void assert_loads(const char *reference, const char *expected)
{
    struct secret secret = {0};
    struct err err = {0};

    if (!secret_load(NULL, reference, &secret, &err))
        fail_msg("%s: %s", reference, err.text);
    assert_string_equal(secret.bytes, expected);
    assert_int_equal(secret.length, strlen(expected));
    secret_drop(&secret);
    assert_null(secret.bytes);
    secret_drop(&secret);
}

static void assert_refused(const char *reference, enum err_code code)
{
    struct secret secret = {0};
    struct err err = {0};

    assert_false(secret_load(NULL, reference, &secret, &err));
    assert_int_equal(err.code, code);
    assert_null(secret.bytes);
    assert_null(strstr(err.text, "hunter2"));
}

static void test_reads_files(void **state)
{
    const struct fixture *fixture = *state;

    write_file(fixture, "hunter2\n", 8, 0600);
    assert_loads(fixture->reference, "hunter2");
    write_file(fixture, "hunter2\r\n", 9, 0640);
    assert_loads(fixture->reference, "hunter2");
    write_file(fixture, "two\n\n", 5, 0400);
    assert_loads(fixture->reference, "two\n");
    write_file(fixture, "cr\r", 3, 0400);
    assert_loads(fixture->reference, "cr\r");
}

static void test_refuses_files(void **state)
{
    const struct fixture *fixture = *state;
    struct secret secret = {0};
    struct err err = {0};
    char folder[128];

    assert_refused(fixture->reference, ERR_NOT_FOUND);
    write_file(fixture, "hunter2", 7, 0604);
    assert_refused(fixture->reference, ERR_FORBIDDEN);
    assert_true(secret_load_public(fixture->reference, &secret, &err));
    assert_string_equal(secret.bytes, "hunter2");
    secret_drop(&secret);
    write_file(fixture, "hunter2", 7, 0620);
    assert_refused(fixture->reference, ERR_FORBIDDEN);
    write_file(fixture, "hunter2\0x", 9, 0600);
    assert_refused(fixture->reference, ERR_INVALID);
    write_file(fixture, "\n", 1, 0600);
    assert_refused(fixture->reference, ERR_INVALID);
    write_file(fixture, "", 0, 0600);
    assert_refused(fixture->reference, ERR_INVALID);
    (void)snprintf(folder, sizeof(folder), "file:%s", fixture->folder);
    assert_refused(folder, ERR_INVALID);
    assert_refused("file:relative", ERR_INVALID);
}

static void test_refuses_what_is_too_long(void **state)
{
    const struct fixture *fixture = *state;
    char *bytes = malloc(SECRET_SIZE_MAX + 1);

    assert_non_null(bytes);
    memset(bytes, 'x', SECRET_SIZE_MAX + 1);
    write_file(fixture, bytes, SECRET_SIZE_MAX + 1, 0600);
    assert_refused(fixture->reference, ERR_LIMIT);
    write_file(fixture, bytes, SECRET_SIZE_MAX, 0600);
    bytes[SECRET_SIZE_MAX] = '\0';
    assert_loads(fixture->reference, bytes);
    free(bytes);
}

static void test_does_not_wait_for_a_fifo(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_refused(fixture->reference, ERR_INVALID);
}

static void test_credentials(void **state)
{
    const struct fixture *fixture = *state;

    write_file(fixture, "hunter2\n", 8, 0400);
    assert_refused("cred:token", ERR_NOT_FOUND);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", fixture->folder, 1), 0);
    assert_loads("cred:token", "hunter2");
    assert_refused("cred:other", ERR_NOT_FOUND);
    assert_refused("cred:../token", ERR_INVALID);
    assert_refused("cred:..", ERR_INVALID);
}

static void test_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("TEST_SECRET_TOKEN", "hunter2", 1), 0);
    assert_loads("env:TEST_SECRET_TOKEN", "hunter2");
    assert_int_equal(setenv("TEST_SECRET_TOKEN", "", 1), 0);
    assert_refused("env:TEST_SECRET_TOKEN", ERR_INVALID);
    assert_int_equal(unsetenv("TEST_SECRET_TOKEN"), 0);
    assert_refused("env:TEST_SECRET_TOKEN", ERR_NOT_FOUND);
}

static void test_refuses_literals(void **state)
{
    (void)state;
    assert_true(secret_is_reference("cred:x"));
    assert_true(secret_is_reference("file:/x"));
    assert_true(secret_is_reference("env:X"));
    assert_false(secret_is_reference("cred:"));
    assert_false(secret_is_reference("hunter2"));
    assert_false(secret_is_reference(""));
    assert_refused("hunter2", ERR_INVALID);
    assert_refused("hunter2:x", ERR_INVALID);
    assert_refused("env:", ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_is_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_does_not_wait_for_a_fifo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_credentials, set_up, tear_down),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_refuses_literals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
