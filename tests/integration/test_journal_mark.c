/* test_journal_mark.c - yesterday's journal in today's place.
 * SPDX-License-Identifier: MIT */
#include "support/journal_fixture.h"

#include "store/mark.h"

#include <fcntl.h>

enum { COPY_MAX = 1024 * 1024 };

static const char *beside(const struct bench *bench, const char *suffix)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s%s", bench->path, suffix);
    return path;
}

static void close_it(struct bench *bench)
{
    journal_close(bench->journal);
    bench->journal = NULL;
}

static size_t take(const char *path, char *bytes)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    size_t length = fread(bytes, 1, COPY_MAX, file);
    assert_in_range(length, 1, COPY_MAX - 1);
    (void)fclose(file);
    return length;
}

static void put(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void begin_one(struct bench *bench, uint64_t id)
{
    struct deployment_state state = new_state(id, PHASE_PROMOTED);

    add_new(bench, &state);
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
}

/* It is not used before a person says so; a restart of what is there, and a new one, are. */
static void test_an_older_file_in_its_place_is_told(void **unused)
{
    struct bench bench = {0};
    char *yesterday = memory_take(COPY_MAX);
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    begin_one(&bench, 1);
    close_it(&bench);
    size_t length = take(bench.path, yesterday);
    bench_open(&bench);
    begin_one(&bench, 2);
    bench_reopen(&bench);
    close_it(&bench);
    put(bench.path, yesterday, length);
    assert_false(journal_open(&bench.settings, &bench.journal, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, "an older one was put in its place"));
    assert_false(journal_open(&bench.settings, &bench.journal, &err)); /* nor the second time */
    bench.journal = NULL;
    assert_int_equal(unlink(beside(&bench, ".lock")), 0);
    bench_open(&bench); /* a person's word */
    begin_one(&bench, 2);
    close_it(&bench);
    assert_int_equal(unlink(bench.path), 0);
    bench_open(&bench); /* begun anew */
    bench_reopen(&bench);
    bench_end(&bench);
    free(yesterday);
}

/* What is no mark says nothing: it keeps nobody from the journal. */
static void test_a_mark_that_is_none(void **unused)
{
    static const char *const wrong[] = {"", "7\n", "000000000000000000x7\n", "00000000000000000007 "};
    struct bench bench = {0};

    (void)unused;
    bench_begin(&bench);
    begin_one(&bench, 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        close_it(&bench);
        put(beside(&bench, ".lock"), wrong[i][0] == '\0' ? "\n" : wrong[i],
            wrong[i][0] == '\0' ? 1 : strlen(wrong[i]));
        bench_open(&bench);
    }
    int fd = open(beside(&bench, ".mark"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(mark_read(fd), 0);
    mark_write(fd, UINT64_MAX);
    assert_true(mark_read(fd) == UINT64_MAX);
    mark_write(fd, 41);
    assert_int_equal(mark_read(fd), 41);
    (void)close(fd);
    (void)unlink(beside(&bench, ".mark"));
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_older_file_in_its_place_is_told),
        cmocka_unit_test(test_a_mark_that_is_none),
    };

    return cmocka_run_group_tests_name("journal_mark", tests, NULL, NULL);
}
