/* test_program.c - arguments, help and manual of a program come from its table; nothing in a manual is a
 * request.
 * SPDX-License-Identifier: MIT */
#include "base/manual.h"
#include "base/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CONFIG, CHECK, LEVEL, COUNT };

static const char *const levels[] = {"info", "warn", NULL};
static const struct option options[COUNT] = {
    [CONFIG] = {.name = "config", .type = OPTION_TEXT, .fallback = "/etc/x.conf", .help = "settings"},
    [CHECK] = {.name = "check", .type = OPTION_BOOL, .help = "reads and ends"},
    [LEVEL] =
        {.name = "level", .type = OPTION_CHOICE, .choices = levels, .fallback = "info", .help = "how much"},
};
static const char *const about[] = {"It does\n.this", "And that.", NULL};
static const char *const files[] = {"/etc/x.conf", "settings", NULL};
static const char *const exits[] = {"0", "good", NULL};
static const struct program program = {.name = "thing",
                                       .summary = "does things",
                                       .options = options,
                                       .option_count = COUNT,
                                       .about = about,
                                       .files = files,
                                       .exits = exits,
                                       .also = "other(1)"};

static enum program_wish read_words(char **words, const char *values[PROGRAM_OPTIONS_MAX], struct err *err)
{
    int count = 1;
    while (words[count] != NULL)
        count++;
    return program_read(&program, count, words, values, err);
}

static void reads_what_is_given(void **state)
{
    (void)state;
    const char *values[PROGRAM_OPTIONS_MAX];
    struct err err = {0};

    assert_int_equal(read_words((char *[]){"thing", NULL}, values, &err), PROGRAM_RUN);
    assert_string_equal(values[CONFIG], "/etc/x.conf");
    assert_null(values[CHECK]);
    assert_string_equal(values[LEVEL], "info");
    assert_int_equal(
        read_words((char *[]){"thing", "--level", "warn", "--check", "--config", "--check", NULL}, values,
                   &err),
        PROGRAM_RUN);
    assert_string_equal(values[CONFIG], "--check");
    assert_string_equal(values[CHECK], "true");
    assert_string_equal(values[LEVEL], "warn");
    assert_int_equal(read_words((char *[]){"thing", "--check", "--help", NULL}, values, &err), PROGRAM_HELP);
    assert_int_equal(read_words((char *[]){"thing", "--version", "--nonsense", NULL}, values, &err),
                     PROGRAM_VERSION);
    assert_int_equal(read_words((char *[]){"thing", "--man", NULL}, values, &err), PROGRAM_MANUAL);
}

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const struct {
        char *words[4];
        const char *says;
    } cases[] = {
        {{"thing", "--cheque", NULL}, "--cheque: no such option"},
        {{"thing", "check", NULL}, "check: no such option"},
        {{"thing", "-h", NULL}, "-h: no such option"},
        {{"thing", "--config", NULL}, "--config needs a value"},
        {{"thing", "--level", "loud", NULL}, "--level: loud is none of its values"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *values[PROGRAM_OPTIONS_MAX];
        struct err err = {0};
        char *words[4];
        memcpy(words, cases[i].words, sizeof(words));
        assert_int_equal(read_words(words, values, &err), PROGRAM_REFUSED);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].says);
    }
}

static const char *told(enum program_wish wish)
{
    static char memory[PROGRAM_TEXT_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    program_tell(&program, wish, &text);
    assert_false(text.is_cut);
    return memory;
}

static void tells_what_its_table_has(void **state)
{
    (void)state;
    assert_string_equal(told(PROGRAM_VERSION), "thing " VERDICT_VERSION "\n");
    assert_string_equal(told(PROGRAM_HELP), "thing: does things.\n\n"
                                            "Usage: thing [--config PATH] [--check] [--level info|warn]\n\n"
                                            "  --config PATH\n      settings (default /etc/x.conf)\n"
                                            "  --check\n      reads and ends\n"
                                            "  --level info|warn\n      how much (default info)\n"
                                            "  --help, --version, --man\n\nIt does\n.this\n\nAnd that.\n");
    const char *manual = told(PROGRAM_MANUAL);
    assert_int_equal(strncmp(manual, ".TH THING 8 ", 12), 0);
    assert_non_null(strstr(manual, ".SH NAME\nthing \\- does things\n"));
    assert_non_null(strstr(manual, ".SH DESCRIPTION\nIt does\n\\&.this\n.PP\nAnd that.\n"));
    assert_non_null(strstr(manual, ".TP\n.B \\-\\-level info|warn\nhow much (default info)\n"));
    assert_non_null(strstr(manual, ".SH FILES\n.TP\n.B /etc/x.conf\nsettings\n"));
    assert_non_null(strstr(manual, ".SH EXIT STATUS\n.TP\n.B 0\ngood\n"));
    assert_non_null(strstr(manual, ".SH SEE ALSO\nother(1)\n"));
}

static void takes_nothing_for_a_request(void **state)
{
    (void)state;
    char memory[256];
    struct text page;

    text_init(&page, memory, sizeof(memory));
    manual_lines(&page, ".SH x\n'y\n\na\\b-\"c");
    assert_string_equal(memory, "\\&.SH x\n\\&'y\n\na\\eb\\-\\(dqc\n");
    text_init(&page, memory, sizeof(memory));
    manual_text(&page, "one line");
    manual_text(&page, " indented");
    manual_text(&page, "two\nlines");
    assert_string_equal(memory, "one line\n.nf\n indented\n.fi\n.nf\ntwo\nlines\n.fi\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_given),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(tells_what_its_table_has),
        cmocka_unit_test(takes_nothing_for_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
