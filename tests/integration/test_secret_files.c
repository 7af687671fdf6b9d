/* test_secret_files.c - secrets of files in memory: nobody waits for the disk, and what is exchanged counts
 * soon.
 * SPDX-License-Identifier: MIT */
#include "io/secret_files.h"

#include "base/text.h"
#include "io/loop.h"

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

enum { PATH_SIZE = 128, SAID_SIZE = 512, WAIT_MS = 10 * 1000, LOOK_MS = 10 };

struct fixture {
    char folder[PATH_SIZE], path[PATH_SIZE], reference[PATH_SIZE];
    struct loop *loop;
    struct secret_files *files;
    struct secret_keeper keeper;
    struct text learned;
    char memory[SAID_SIZE];
    const char *expected;
    bool is_there;
};

static void learned(void *data, const char *bytes, size_t length)
{
    struct fixture *fixture = data;

    text_add_bytes(&fixture->learned, bytes, length);
    text_add(&fixture->learned, ";");
}

static bool find_file(void *data, const char *reference, struct secret *ret_secret, struct err *err)
{
    const struct fixture *fixture = data;

    return secret_files_find(fixture->files, reference, ret_secret, err);
}

static void write_file(const struct fixture *fixture, const char *text)
{
    FILE *file = fopen(fixture->path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(fixture->path, 0600), 0);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct secret_files_ear ear = {.data = fixture, .learned = learned};

    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/secret_files.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%.100s/key", fixture->folder);
    (void)snprintf(fixture->reference, sizeof(fixture->reference), "file:%.100s/key", fixture->folder);
    text_init(&fixture->learned, fixture->memory, sizeof(fixture->memory));
    fixture->loop = loop_new();
    fixture->files = secret_files_new(fixture->loop, &ear);
    fixture->keeper = (struct secret_keeper){.data = fixture, .find_file = find_file};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    secret_files_free(fixture->files);
    loop_free(fixture->loop);
    (void)unlink(fixture->path);
    (void)rmdir(fixture->folder);
    free(fixture);
    return 0;
}

/* The value, or what is wrong. */
static const char *ask(const struct fixture *fixture, char to[ERR_TEXT_MAX])
{
    CLEANUP(secret_drop) struct secret secret = {0};
    struct err err = {0};

    if (secret_load(&fixture->keeper, fixture->reference, &secret, &err))
        (void)snprintf(to, ERR_TEXT_MAX, "%s", secret.bytes);
    else
        (void)snprintf(to, ERR_TEXT_MAX, "%s", err.text);
    return to;
}

static void look(void *data)
{
    struct fixture *fixture = data;
    char found[ERR_TEXT_MAX];

    fixture->is_there = strstr(ask(fixture, found), fixture->expected) != NULL;
}

static void wait_for(struct fixture *fixture, const char *expected)
{
    struct loop_timer *timer = loop_timer_start(fixture->loop, LOOK_MS, LOOK_MS, look, fixture);

    fixture->expected = expected;
    fixture->is_there = false;
    assert_true(loop_run_until(fixture->loop, &fixture->is_there, WAIT_MS));
    loop_timer_stop(timer);
}

static void test_nobody_waits_for_the_disk(void **state)
{
    struct fixture *fixture = *state;
    char found[ERR_TEXT_MAX];

    write_file(fixture, "one\n");
    assert_string_equal(ask(fixture, found), "one");
    assert_int_equal(unlink(fixture->path), 0);
    assert_string_equal(ask(fixture, found), "one"); /* of memory: the file is not looked at */
    wait_for(fixture, "No such file");
    write_file(fixture, "two\n\n");
    wait_for(fixture, "two\n");
    write_file(fixture, "two\n\n");
    assert_string_equal(fixture->memory, "one;two\n;"); /* each is told once */
    assert_int_equal(chmod(fixture->path, 0644), 0);
    wait_for(fixture, "chmod 600");
}

static void test_rounds(void **state)
{
    struct fixture *fixture = *state;
    char found[ERR_TEXT_MAX];

    write_file(fixture, "one");
    secret_files_round_begin(fixture->files);
    secret_files_read(fixture->files, fixture->reference);
    secret_files_round_end(fixture->files);
    write_file(fixture, "two");
    assert_string_equal(ask(fixture, found), "one");
    secret_files_read(fixture->files, fixture->reference);
    assert_string_equal(ask(fixture, found), "two");
    write_file(fixture, "three");
    secret_files_round_begin(fixture->files);
    secret_files_round_end(fixture->files);
    assert_string_equal(ask(fixture, found), "three"); /* forgotten, and so read anew */
}

static void test_too_many(void **state)
{
    struct fixture *fixture = *state;
    char found[ERR_TEXT_MAX];
    char other[PATH_SIZE];

    write_file(fixture, "one");
    for (int i = 0; i < SECRET_FILES_MAX; i++) {
        (void)snprintf(other, sizeof(other), "file:%.80s/%d", fixture->folder, i);
        secret_files_read(fixture->files, other);
    }
    assert_string_equal(ask(fixture, found), "one"); /* read each time */
    write_file(fixture, "two");
    assert_string_equal(ask(fixture, found), "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
