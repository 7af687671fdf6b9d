/* test_form.c - texts with typed blanks: what they are filled with, and that no value is ever more than a
 * value.
 * SPDX-License-Identifier: MIT */
#include "base/form.h"
#include "base/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 4096 };

struct fill_case {
    enum form_kind kind;
    const char *text, *value, *expected; /* the value of all blanks; NULL: they have none */
};

static const char *filled(const struct fill_case *one, char to[ROOM])
{
    const char *values[FORM_BLANKS_MAX];
    struct form_place place;
    struct form form;
    struct text text;
    struct err err = {0};

    if (!form_parse(one->text, one->kind, &form, &place, &err)) {
        (void)snprintf(to, ROOM, "%u:%u: %s", place.line, place.column, err.text);
        return to;
    }
    for (size_t i = 0; i < form.count; i++)
        values[i] = one->value;
    text_init(&text, to, ROOM);
    if (!form_fill(&form, values, &text, &err))
        (void)snprintf(to, ROOM, "%s", err.text);
    return to;
}

static void assert_filled(const struct fill_case *cases, size_t count)
{
    char memory[ROOM];

    for (size_t i = 0; i < count; i++)
        if (strcmp(filled(&cases[i], memory), cases[i].expected) != 0)
            fail_msg("case %zu: %s\n--- is\n%s\n--- not\n%s\n", i, cases[i].text, memory, cases[i].expected);
}

#define SHELL_REST "; a shell file has lines NAME=value, where a blank is the whole value"

static const struct fill_case kinds[] = {
    {FORM_PLAIN, "", NULL, ""},
    {FORM_PLAIN, "no blanks }} here\n", NULL, "no blanks }} here\n"},
    {FORM_PLAIN, "a {{{{x}} {{a:string}}", "b \"c\"", "a {{x}} b \"c\""},
    {FORM_PLAIN, "{{ a : port }}:{{a:port}}\n", "80", "80:80\n"},
    {FORM_PLAIN, "x{{a:port}} {{{{y", "80", "x80 {{y"},
    {FORM_PLAIN, "{{a:list}}", "x\ny z", "x,y z"},
    {FORM_PLAIN, "{{a:list}}", "", ""},
    {FORM_PLAIN, "{{a:list}}", "x,y", "a: 'x,y': an element has a character that would end it there"},
    {FORM_PLAIN, "{{a:string}}", NULL, "a: has no value"},
    {FORM_PLAIN, "{{a:string}}", "x\ny", "a: 'x\ny' is not a text without control characters"},
    {FORM_PLAIN, "{{a:secret}}", "x\ny", "a: is not a secret without control characters"},
    {FORM_PLAIN, "{{a:secret}}", "", "a: is not a secret without control characters"},
    {FORM_INI, "p={{a:string}}", "x y", "p=x y"},
    {FORM_INI, "p={{a:string}}", "x ; y", "a: 'x ; y': it has a character that begins a comment there"},
    {FORM_INI, "p={{a:secret}}", "x#y", "a: the secret: it has a character that begins a comment there"},
    {FORM_INI, "p={{a:string}}", " x", "a: ' x': it begins or ends with a blank, which would be lost there"},
    {FORM_INI, "p={{a:string}}", "x ", "a: 'x ': it begins or ends with a blank, which would be lost there"},
    {FORM_INI, "p={{a:string}}", "", "p="},
    {FORM_SHELL, "# {{a:string}}\n\nexport A={{a:string}}\n  B='x y'\nC=\"\\\"\"", "it's $HOME `x`",
     "# 'it'\\''s $HOME `x`'\n\nexport A='it'\\''s $HOME `x`'\n  B='x y'\nC=\"\\\"\""},
    {FORM_SHELL, "A='x\\'\n\tB=$HOME\nC=x$\n{{a:string}}", "x",
     "4:1: the line is neither NAME=value nor a comment" SHELL_REST},
    {FORM_SHELL, "A='x\\'\n\tB=$HOME\nC=x$\nD={{a:string}}", "x", "A='x\\'\n\tB=$HOME\nC=x$\nD='x'"},
    {FORM_SHELL, "N={{a:integer}}", "-7", "N=-7"},
    {FORM_SHELL, "N={{a:list}}", "a\nb's", "N='a b'\\''s'"},
    {FORM_SHELL, "N={{a:list}}", "a b", "a: 'a b': an element has a character that would end it there"},
    {FORM_JSON, "{\"a\": {{a:string}}, \"b\":{{a:string}}}", "x\"\\y",
     "{\"a\": \"x\\\"\\\\y\", \"b\":\"x\\\"\\\\y\"}"},
    {FORM_JSON, "[ \"http://{{a:host}}/\", \"\\\"{{a:host}}\" ]", "m1.prod",
     "[ \"http://m1.prod/\", \"\\\"m1.prod\" ]"},
    {FORM_JSON, "\\\"{{a:string}}\"", "x y", "\\\"x y\""},
    {FORM_JSON, "\"\\\n{{a:string}}", "x\"", "\"\\\n\"x\\\"\""},
    {FORM_JSON, "\"\\", NULL, "\"\\"},
    {FORM_JSON, "[{{a:number}},{{a:number}}0]", "1.5", "[1.5,1.50]"},
    {FORM_JSON, "{{a:list}}", "x\ny\"", "[\"x\", \"y\\\"\"]"},
    {FORM_JSON, "{{a:list}}", "", "[]"},
    {FORM_YAML, "a: {{a:string}}\nb: [{{a:string}}]\n", "x: y #z", "a: \"x: y #z\"\nb: [\"x: y #z\"]\n"},
    {FORM_TOML, "a = {{a:boolean}}\n", "true", "a = true\n"},
};

static void test_kinds(void **state)
{
    (void)state;
    assert_filled(kinds, ARRAY_LENGTH(kinds));
}

static const struct fill_case faults[] = {
    {FORM_PLAIN, "a\n b {{", NULL, "2:4: {{ needs name:type and }} behind it ({{{{ stands for {{)"},
    {FORM_PLAIN, "{{a:port}", NULL, "1:1: {{ needs name:type and }} behind it ({{{{ stands for {{)"},
    {FORM_PLAIN, "{{a:}}", NULL, "1:1: no type is called ''"},
    {FORM_PLAIN, "{{1a:port}}", NULL,
     "1:1: a blank is called by small letters, digits and _, a letter first"},
    {FORM_PLAIN, "{{a}}", NULL, "1:1: the blank has no type: {{name:type}}"},
    {FORM_PLAIN, "{{a:prot}}", NULL, "1:1: no type is called 'prot'; did you mean 'port'?"},
    {FORM_PLAIN, "{{a:elephant}}", NULL, "1:1: no type is called 'elephant'"},
    {FORM_PLAIN, "{{a:port}} {{a:host}}", NULL, "1:12: the blank has another type further up"},
    {FORM_JSON, "\"{{a:list}}\"", NULL, "1:2: a list cannot stand between quotes"},
    {FORM_JSON, "x{{a:string}}", NULL, "1:2: a text stands by itself, or between quotes"},
    {FORM_JSON, "{{a:string}}x", NULL, "1:1: a text stands by itself, or between quotes"},
    {FORM_YAML, "a:{{a:string}}", NULL, "1:3: a text stands by itself, or between quotes"},
    {FORM_YAML, "a: '{{a:string}}'", NULL,
     "1:5: no blank stands behind a single quote; write \" in its place"},
    {FORM_SHELL, "\nA={{a:string}}x\n", NULL,
     "2:1: the line has more than one blank behind NAME=" SHELL_REST},
    {FORM_SHELL, "A={{a:string}}{{b:string}}", NULL,
     "1:1: the line has more than one blank behind NAME=" SHELL_REST},
    {FORM_SHELL, "A=\"{{a:string}}\"", NULL, "1:1: the line has more than one blank behind NAME=" SHELL_REST},
    {FORM_SHELL, "A='x\n", NULL, "1:1: the line has a quote that does not end" SHELL_REST},
    {FORM_SHELL, "A=x\\\n", NULL, "1:1: the line goes on in the next line" SHELL_REST},
    {FORM_SHELL, "A=`x`", NULL, "1:1: the line runs a command" SHELL_REST},
    {FORM_SHELL, "A=\"$(x)\"", NULL, "1:1: the line runs a command" SHELL_REST},
    {FORM_SHELL, "cat <<EOF", NULL, "1:1: the line is neither NAME=value nor a comment" SHELL_REST},
    {FORM_SHELL, "1A=x", NULL, "1:1: the line is neither NAME=value nor a comment" SHELL_REST},
    {FORM_SHELL, "=x", NULL, "1:1: the line is neither NAME=value nor a comment" SHELL_REST},
    {FORM_SHELL, "A", NULL, "1:1: the line is neither NAME=value nor a comment" SHELL_REST},
};

static void test_faults_have_their_place(void **state)
{
    (void)state;
    assert_filled(faults, ARRAY_LENGTH(faults));
}

static void test_limits(void **state)
{
    static char text[FORM_BYTES_MAX + 2], value[FORM_VALUE_SIZE + 1], to[ROOM];
    static char blanks[(FORM_BLANKS_MAX + 1) * sizeof("{{a:port}}")];
    struct fill_case one = {FORM_PLAIN, text, NULL, NULL};

    (void)state;
    memset(text, 'x', FORM_BYTES_MAX + 1);
    assert_string_equal(filled(&one, to), "1:1: longer than 65536 bytes");
    text[FORM_BYTES_MAX] = '\0';
    assert_string_equal(filled(&one, to), "longer than 4095 bytes when it is filled in");
    for (int i = 0; i <= FORM_BLANKS_MAX; i++)
        memcpy(blanks + (size_t)i * strlen("{{a:port}}"), "{{a:port}}", strlen("{{a:port}}"));
    one.text = blanks;
    assert_string_equal(filled(&one, to), "1:1281: more than 128 blanks");
    memset(value, 'v', FORM_VALUE_SIZE);
    assert_null(form_type_read(FORM_HOST, value, to));
    memset(blanks, 'a', METRIC_MAX_LENGTH + 3);
    memcpy(blanks, "{{", 2);
    assert_string_equal(filled(&one, to), "1:1: {{ needs name:type and }} behind it ({{{{ stands for {{)");
    one = (struct fill_case){FORM_PLAIN, "{{a:string}}", value, NULL};
    assert_string_equal(filled(&one, to), "a: longer than 4095 bytes");
}

struct type_case {
    enum form_type type;
    const char *value, *expected; /* NULL: refused */
};

static const struct type_case types[] = {
    {FORM_STRING, "", ""},
    {FORM_STRING, "\x7f", NULL},
    {FORM_STRING, "\t", NULL},
    {FORM_STRING, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {FORM_INTEGER, "-12", "-12"},
    {FORM_INTEGER, "1.5", NULL},
    {FORM_NUMBER, "1.5e3", "1.5e3"},
    {FORM_NUMBER, "inf", NULL},
    {FORM_BOOLEAN, "false", "false"},
    {FORM_BOOLEAN, "no", NULL},
    {FORM_PORT, "65535", "65535"},
    {FORM_PORT, "0", NULL},
    {FORM_PORT, "65536", NULL},
    {FORM_DURATION, "1m30s", "1m30s"},
    {FORM_DURATION, "5", NULL},
    {FORM_SECONDS, "1m30s", "90"},
    {FORM_SECONDS, "100ms", NULL},
    {FORM_SECONDS, "x", NULL},
    {FORM_MILLISECONDS, "1.5s", "1500"},
    {FORM_MILLISECONDS, "", NULL},
    {FORM_SIZE, "512MiB", "512MiB"},
    {FORM_SIZE, "512XB", NULL},
    {FORM_BYTES, "2kB", "2000"},
    {FORM_BYTES, "-2", NULL},
    {FORM_HOST, "db-1.prod", "db-1.prod"},
    {FORM_HOST, "10.0.0.1", "10.0.0.1"},
    {FORM_HOST, "fe80::1", "fe80::1"},
    {FORM_HOST, "[fe80::1]", "[fe80::1]"},
    {FORM_HOST, "", NULL},
    {FORM_HOST, "-x", NULL},
    {FORM_HOST, "[x]", NULL},
    {FORM_HOST, "[fe80::1", NULL},
    {FORM_HOST, "a b", NULL},
    {FORM_HOST, "x:80", NULL},
    {FORM_URL, "https://x/y?z=1", "https://x/y?z=1"},
    {FORM_URL, "https://", NULL},
    {FORM_URL, "x", NULL},
    {FORM_URL, "://x", NULL},
    {FORM_URL, "http://x y", NULL},
    {FORM_URL, "http://x\ty", NULL},
    {FORM_PATH, "/a/..b", "/a/..b"},
    {FORM_PATH, "/a/../b", NULL},
    {FORM_PATH, "/a/..", NULL},
    {FORM_PATH, "a", NULL},
    {FORM_PATH, "/a\tb", NULL},
    {FORM_LIST, "a\nb", "a\nb"},
    {FORM_LIST, "a\n\nb", NULL},
    {FORM_LIST, "\na", NULL},
    {FORM_LIST, "a\n", NULL},
    {FORM_LIST, "a\tb", NULL},
    {FORM_SECRET, "x", "x"},
};

static void test_types(void **state)
{
    char memory[FORM_NUMBER_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        const char *read = form_type_read(types[i].type, types[i].value, memory);
        if (types[i].expected == NULL ? read != NULL : read == NULL || strcmp(read, types[i].expected) != 0)
            fail_msg("case %zu: %s '%s' is %s", i, form_type_name(types[i].type), types[i].value,
                     read == NULL ? "refused" : read);
    }
    for (int i = 0; i < FORM_TYPE_COUNT; i++)
        assert_int_equal(
            form_type_find(form_type_name((enum form_type)i), strlen(form_type_name((enum form_type)i))), i);
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: refused */
    } cases[] = {{"0", 0},
                 {"7B", 7},
                 {"3Ki", 3072},
                 {"1GB", 1000000000},
                 {"1TiB", INT64_C(1) << 40},
                 {"1152921504606846976", SIZE_BYTES_MAX},
                 {"1152921504606846977", -1},
                 {"1048577TiB", -1},
                 {"1.5GB", -1},
                 {"", -1},
                 {"GB", -1},
                 {"1gb", -1},
                 {" 1", -1},
                 {"00000000000000000001", -1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t bytes = -1;
        if (size_parse(cases[i].text, &bytes) != (cases[i].bytes >= 0) || bytes != cases[i].bytes)
            fail_msg("%s is %lld", cases[i].text, (long long)bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),  cmocka_unit_test(test_faults_have_their_place),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_types),
        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
