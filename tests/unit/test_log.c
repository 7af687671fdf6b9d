/* test_log.c - lines as logfmt readers want them, whatever the values hold.
 * SPDX-License-Identifier: MIT */
#include "io/log.h"

#include <errno.h>
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
    int ends[2];
    struct log log;
    char line[2 * LOG_LINE_MAX];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_int_equal(pipe2(fixture->ends, O_NONBLOCK | O_CLOEXEC), 0);
    (void)unsetenv("JOURNAL_STREAM");
    log_init(&fixture->log, LOG_LEVEL_INFO, fixture->ends[1]);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    (void)close(fixture->ends[0]);
    (void)close(fixture->ends[1]);
    free(fixture);
    return 0;
}

/* What was written, without "time=... " where that has the right form; "" if nothing was. */
static const char *take_line(struct fixture *fixture)
{
    ssize_t length = read(fixture->ends[0], fixture->line, sizeof(fixture->line) - 1);

    if (length < 0)
        return "";
    fixture->line[length] = '\0';
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, used = 0;
    int read = sscanf(fixture->line, "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour,
                      &minute, &second, &ms, &used);
    assert_int_equal(read, 7);
    assert_true(year >= 2024);
    return fixture->line + used;
}

static void test_writes_fields(void **state)
{
    struct fixture *fixture = *state;
    const struct log_field fields[] = {
        {"service", "shop"}, {"reason", "two words"}, {"none", NULL}, {"empty", ""}};

    errno = EBADMSG;
    log_write(&fixture->log, LOG_LEVEL_WARN, fields, ARRAY_LENGTH(fields), "value %d", 7);
    assert_int_equal(errno, EBADMSG);
    assert_string_equal(take_line(fixture),
                        "level=warn msg=\"value 7\" service=shop reason=\"two words\" empty=\"\"\n");
    log_say(&fixture->log, LOG_LEVEL_ERROR, "ready");
    assert_string_equal(take_line(fixture), "level=error msg=ready\n");
}

static void test_cleans_values(void **state)
{
    struct fixture *fixture = *state;

    log_say(&fixture->log, LOG_LEVEL_INFO, "a\nlevel=error \"x\" \\ \x1b[31m\x7f");
    assert_string_equal(take_line(fixture), "level=info msg=\"a\\nlevel=error \\\"x\\\" \\\\ ?[31m?\"\n");
    log_say(&fixture->log, LOG_LEVEL_INFO, "\xC3\xA9\xFF\xC2\x9B\xE2\x80\xAE\xE2\x82");
    assert_string_equal(take_line(fixture), "level=info msg=\"\xC3\xA9?\?\?\?\?\"\n");
    log_say(&fixture->log, LOG_LEVEL_INFO, "a=b");
    assert_string_equal(take_line(fixture), "level=info msg=\"a=b\"\n");
}

static void test_cuts_long_lines(void **state)
{
    struct fixture *fixture = *state;
    char value[2 * LOG_LINE_MAX];
    struct log_field fields[2 * LOG_FIELDS_MAX];

    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        fields[i] = (struct log_field){"a", value};
    log_write(&fixture->log, LOG_LEVEL_INFO, fields, ARRAY_LENGTH(fields), "%s", value);
    const char *line = take_line(fixture);
    assert_true(strlen(fixture->line) <= LOG_LINE_MAX);
    assert_true(strlen(fixture->line) > LOG_LINE_MAX - 16);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        fields[i].value = "1";
    log_write(&fixture->log, LOG_LEVEL_INFO, fields, ARRAY_LENGTH(fields), "x");
    size_t count = 0;
    for (line = take_line(fixture); (line = strstr(line, " a=1")) != NULL; line++)
        count++;
    assert_int_equal(count, LOG_FIELDS_MAX);
}

static void test_levels(void **state)
{
    struct fixture *fixture = *state;
    enum log_level level = LOG_LEVEL_WARN;

    log_say(&fixture->log, LOG_LEVEL_DEBUG, "hidden");
    assert_string_equal(take_line(fixture), "");
    log_say(NULL, LOG_LEVEL_ERROR, "nobody listens");
    log_write(NULL, LOG_LEVEL_ERROR, NULL, 0, "nobody listens");
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
    for (size_t i = 0; i < LOG_LEVEL_COUNT; i++) {
        assert_true(log_level_parse(log_level_name((enum log_level)i), &level));
        assert_int_equal(level, i);
    }
}

/* A pipe whose reader has stopped: lines are lost, the writer goes on. */
static void test_survives_a_full_pipe(void **state)
{
    struct fixture *fixture = *state;
    char page[4096];

    memset(page, 'x', sizeof(page));
    while (write(fixture->ends[1], page, sizeof(page)) > 0)
        continue;
    assert_int_equal(fcntl(fixture->ends[1], F_SETFL, 0), 0);
    log_say(&fixture->log, LOG_LEVEL_INFO, "lost");
    while (read(fixture->ends[0], page, sizeof(page)) > 0)
        continue;
    log_say(&fixture->log, LOG_LEVEL_INFO, "kept");
    assert_string_equal(take_line(fixture), "level=info msg=kept\n");
}

static void test_knows_the_journal(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    char stream[64];

    assert_false(fixture->log.is_journal);
    assert_int_equal(fstat(fixture->ends[1], &status), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    log_init(&fixture->log, LOG_LEVEL_INFO, fixture->ends[1]);
#ifdef HAVE_SYSTEMD
    assert_true(fixture->log.is_journal);
#endif
    assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
    log_init(&fixture->log, LOG_LEVEL_INFO, fixture->ends[1]);
    assert_false(fixture->log.is_journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writes_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cleans_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cuts_long_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_survives_a_full_pipe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_knows_the_journal, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
