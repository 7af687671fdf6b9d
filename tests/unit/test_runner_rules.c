/* test_runner_rules.c - the runner's pure parts: allow list, cleaning of output, records, permissions file.
 * SPDX-License-Identifier: MIT */
#include "runner/allow.h"
#include "runner/output.h"
#include "runner/permissions.h"
#include "runner/record.h"

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

static bool is_allowed(const char *const *arguments)
{
    static const char *const exact[] = {"/bin/deploy", "--all"};
    static const char *const one[] = {"/bin/systemctl", "stop", "*"};
    static const char *const any[] = {"/bin/run", "go", "**"};
    static const struct allow_pattern patterns[] = {{exact, 2}, {one, 3}, {any, 3}};
    static const struct allow_list list = {patterns, 3};
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    return allow_matches(&list, arguments, count);
}

#define ALLOWED(...) is_allowed((const char *const[]){__VA_ARGS__, NULL})

static void matches_arguments(void **state)
{
    (void)state;
    assert_true(ALLOWED("/bin/deploy", "--all"));
    assert_false(ALLOWED("/bin/deploy"));
    assert_false(ALLOWED("/bin/deploy", "--all", "x"));
    assert_false(ALLOWED("/bin/deploy", "--al"));
    assert_false(ALLOWED("deploy", "--all"));
    assert_true(ALLOWED("/bin/systemctl", "stop", "shop@blue"));
    assert_false(ALLOWED("/bin/systemctl", "start", "shop@blue"));
    assert_false(ALLOWED("/bin/systemctl", "stop"));
    assert_false(ALLOWED("/bin/systemctl", "stop", "--now"));
    assert_false(ALLOWED("/bin/systemctl", "stop", "a b"));
    assert_false(ALLOWED("/bin/systemctl", "stop", "a", "b"));
    assert_true(ALLOWED("/bin/run", "go"));
    assert_true(ALLOWED("/bin/run", "go", "a", "b", "c"));
    assert_false(ALLOWED("/bin/run", "go", "a", "-b", "c"));
    assert_false(ALLOWED("/bin/run"));
    assert_false(allow_matches(&(struct allow_list){0}, (const char *const[]){"/bin/run"}, 1));
}

static void knows_safe_arguments(void **state)
{
    (void)state;
    static const char *const safe[] = {"a",   "2.4.1", "shop@blue", "10.0.0.1:80",
                                       "a/b", "a=b",   "1..2",      "x-y+z~"};
    static const char *const unsafe[] = {"",     "-x",  "/etc", ".",    "a/../b", "a/..", "a b",
                                         "a\nb", "a;b", "$a",   "a\"b", "ä",      "*",    "a*"};
    for (size_t i = 0; i < ARRAY_LENGTH(safe); i++)
        if (!allow_is_safe(safe[i]))
            fail_msg("%s is safe", safe[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(unsafe); i++)
        if (allow_is_safe(unsafe[i]))
            fail_msg("%s is not safe", unsafe[i]);
}

static void checks_patterns(void **state)
{
    (void)state;
    struct err err;
    assert_false(allow_check(&(struct allow_pattern){0}, &err));
    assert_false(allow_check(&(struct allow_pattern){(const char *const[]){"deploy"}, 1}, &err));
    assert_false(allow_check(&(struct allow_pattern){(const char *const[]){"*"}, 1}, &err));
    assert_false(allow_check(&(struct allow_pattern){(const char *const[]){"/a/../b"}, 1}, &err));
    assert_false(allow_check(&(struct allow_pattern){(const char *const[]){"/a", "**", "b"}, 3}, &err));
    assert_true(allow_check(&(struct allow_pattern){(const char *const[]){"/a", "*", "**"}, 3}, &err));
}

static void knows_directories(void **state)
{
    (void)state;
    static const char *const folders[] = {"/srv/build"};
    assert_true(allow_directory(folders, 1, "/srv/build"));
    assert_true(allow_directory(folders, 1, "/srv/build/a"));
    assert_false(allow_directory(folders, 1, "/srv/build2"));
    assert_false(allow_directory(folders, 1, "/srv"));
    assert_false(allow_directory(folders, 1, "/srv/build/../x"));
    assert_false(allow_directory(folders, 1, "srv/build"));
}

static void expect_clean(const char *raw, size_t length, const char *clean)
{
    struct output *output = malloc(sizeof(*output));
    assert_non_null(output);
    output_init(output);
    for (size_t i = 0; i < length; i++) /* as torn as it may come */
        output_add(output, (const unsigned char *)raw + i, 1);
    output_finish(output);
    assert_int_equal(output->head_length, strlen(clean));
    assert_memory_equal(output->head, clean, strlen(clean));
    free(output);
}

static void cleans_output(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *clean;
    } cases[] = {
        {"plain\ttext\n", "plain\ttext\n"},
        {"\x1b[1;31mred\x1b[0m", "red"},
        {"a\x1b]0;title\x07z", "az"},
        {"a\x1b]8;;http://x\x1b\\z", "az"},
        {"a\x1bPq#0\x1b\\z", "az"},
        {"a\x1b(Bz", "az"},
        {"a\x1b]never ended\nnext", "a\nnext"},
        {"10%\r20%\b\x07\x7f", "10%20%"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xff|\xc0\xaf|\xc3|\x80", "?|??|?|?"},
        {"\xed\xa0\x80", "???"},
        {"\xf4\x90\x80\x80", "????"},
        {"a\xc2\x9bz", "az"},
        {"cut \xe2\x82", "cut ?"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        expect_clean(cases[i].raw, strlen(cases[i].raw), cases[i].clean);
    expect_clean("a\0b", 3, "ab");
}

static void keeps_both_ends(void **state)
{
    (void)state;
    struct output *output = malloc(sizeof(*output));
    unsigned char *rest = malloc(RUNNER_OUTPUT_MAX - RUNNER_OUTPUT_HALF);
    char line[16];
    assert_non_null(output);
    assert_non_null(rest);
    output_init(output);
    for (unsigned i = 0; i < 100000; i++) {
        int length = snprintf(line, sizeof(line), "%07u\xc3\xbc\n", i); /* 10 bytes */
        output_add(output, (const unsigned char *)line, (size_t)length);
    }
    output_finish(output);
    assert_in_range(output->head_length, RUNNER_OUTPUT_HALF - 3, RUNNER_OUTPUT_HALF);
    assert_memory_equal(output->head, "0000000", 7);
    size_t length = output_rest(output, rest);
    assert_in_range(length, RUNNER_OUTPUT_HALF, RUNNER_OUTPUT_MAX - RUNNER_OUTPUT_HALF);
    assert_memory_equal(rest, "\n[... ", 6);
    assert_memory_equal(rest + length - 10, "0099999\xc3\xbc\n", 10);
    size_t left_out = 0;
    assert_int_equal(sscanf((const char *)rest, "\n[... %zu bytes", &left_out), 1);
    size_t marker = (size_t)((unsigned char *)memchr(rest + 1, '\n', length - 1) - rest) + 1;
    assert_int_equal(output->head_length + left_out + (length - marker), 1000000);
    free(rest);
    free(output);
}

static void records_come_back(void **state)
{
    (void)state;
    char text[RECORD_MAX];
    struct identity process = {.pid = 4711, .start = 99};
    record_format_identity(&process, text);
    assert_string_equal(text, "pid=4711 start=99\n");
    process = (struct identity){0};
    assert_true(record_parse_identity(text, &process));
    assert_true(process.pid == 4711 && process.start == 99);
    struct runner_result result = {75, 0, true, false, 2}, back = {0};
    record_format_result(&result, text);
    assert_true(record_parse_result(text, &back));
    assert_true(back.exit_status == 75 && back.signal == 0 && back.error == 2);
    assert_true(back.timed_out && !back.cancelled);
    static const char *const broken[] = {"",
                                         "pid=1",
                                         "pid=1 start=2",
                                         "pid=1 start=2\n\n",
                                         "pid=0 start=2\n",
                                         "pid=1  start=2\n",
                                         "start=2 pid=1\n",
                                         "pid=1 start=2 x=3\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        assert_false(record_parse_identity(broken[i], &process));
}

static bool load(const char *text, mode_t mode, struct permissions *permissions, struct err *err)
{
    char path[] = "/tmp/verdict-runner-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    bool is_good = permissions_load(path, permissions, err);
    unlink(path);
    return is_good;
}

static void reads_settings(void **state)
{
    (void)state;
    struct permissions permissions;
    struct err err = {0};
    static const char text[] = "allow = ( [ \"/bin/a\" ], [ \"/bin/b\", \"stop\", \"*\" ] );\n"
                               "write = [ \"/etc/x.map\" ];\n directories = [ \"/srv\" ];\n"
                               "environment = [ \"PATH=/bin\" ]; secrets = [ \"DB_PASSWORD\", \"_A1\" ]; "
                               "uids = [ 990, 991 ]; commands_max = 3;\n"
                               "users = [ \"root\" ];\n";
    if (!load(text, 0600, &permissions, &err))
        fail_msg("%s", err.text);
    assert_int_equal(permissions.allow.count, 2);
    assert_int_equal(permissions.allow.patterns[1].count, 3);
    assert_string_equal(permissions.allow.patterns[1].arguments[2], "*");
    assert_true(permissions_has(&permissions.write, "/etc/x.map"));
    assert_false(permissions_has(&permissions.write, "/etc/x"));
    assert_int_equal(permissions.secrets.count, 2);
    assert_true(permissions_has(&permissions.secrets, "DB_PASSWORD"));
    assert_false(permissions_has(&permissions.secrets, "DB"));
    assert_int_equal(permissions.uids_count, 2);
    assert_int_equal(permissions.uids[1], 991);
    assert_true(permissions_names(&permissions, 990));
    assert_true(permissions_names(&permissions, 0));
    assert_false(permissions_names(&permissions, 992));
    assert_int_equal(permissions.commands_max, 3);
    permissions_done(&permissions);
    assert_int_equal(permissions.allow.count, 0);
}

static void refuses_settings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"\nallow = ( [ \"deploy\" ] );", ":2: an allowed command begins"},
        {"allow = [ \"/bin/a\" ];", "allow = ("},
        {"allow = ( [ \"/bin/a\", 5 ] );", "mismatched"},
        {"allow = ( [ ] );", "begins with"},
        {"\n\nalow = ( );", ":3: no such setting"},
        {"write = [ \"x\" ];", "absolute path"},
        {"write = \"/x\";", "list of texts"},
        {"environment = [ \"VERDICT_X=1\" ];", "VERDICT_"},
        {"environment = [ \"PATH\" ];", "NAME=value"},
        {"secrets = [ \"db\" ];", "name of a variable"},
        {"secrets = [ \"LD_PRELOAD\" ];", "VERDICT_ or LD_"},
        {"secrets = [ \"VERDICT_KEY\" ];", "VERDICT_ or LD_"},
        {"secrets = [ \"A=b\" ];", "name of a variable"},
        {"uids = [ \"root\" ];", "number of a user"},
        {"users = [ \"nobody-of-that-name\" ];", "name of a user"},
        {"users = \"root\";", "list of texts"},
        {"commands_max = 0;", "1 to 64"},
        {"commands_max = 65;", "1 to 64"},
        {"allow = (", "syntax error"},
        {"  @include \"/etc/passwd\"\n", "@include"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct permissions permissions;
        struct err err = {0};
        assert_false(load(cases[i].text, 0600, &permissions, &err));
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].says);
    }
    struct permissions permissions;
    struct err err = {0};
    assert_false(load("", 0602, &permissions, &err));
    assert_int_equal(err.code, ERR_FORBIDDEN);
    assert_false(load("", 0620, &permissions, &err));
    assert_int_equal(err.code, ERR_FORBIDDEN);
    assert_false(permissions_load("/nonexistent/file", &permissions, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_arguments), cmocka_unit_test(knows_safe_arguments),
        cmocka_unit_test(checks_patterns),   cmocka_unit_test(knows_directories),
        cmocka_unit_test(cleans_output),     cmocka_unit_test(keeps_both_ends),
        cmocka_unit_test(records_come_back), cmocka_unit_test(reads_settings),
        cmocka_unit_test(refuses_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
