/* test_syntax.c - what libconfig does not say, said: syntax, sizes, names and kinds.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct finding_case syntax_cases[] = {
    {"", ""},
    {"# a comment\n// another\n/* and\n * one */\n", ""},
    {"vars = { a = \"x\" \"y\"\n\"z\", b : 5; c = true }", ""},
    {"vars: { a = 0x10; b = 5000000000L; c = 1.5e3; d = -3; e = .5; };", ""},
    {"vars: { a = 5m; b = 5%; c = 10.0.0.1:80; };",
     "x.rules:1: 10.0.0.1:80 needs quotes: write \"10.0.0.1:80\"\n"
     "x.rules:1: 5% needs quotes: write \"5%\"\n"
     "x.rules:1: 5m needs quotes: write \"5m\""},
    {"vars: {\n a = word;\n};", "x.rules:2: the value word needs quotes: write \"word\""},
    {"services: { x = [ \"a\"\n  \"b\" ]; };",
     "x.rules:2: comma missing before line 2: put one between the elements of the list"},
    {"a = ( { x = 1; }\n{ y = 2; } );",
     "x.rules:2: comma missing before line 2: put one between the elements of the list"},
    {"a = [ 1, 2,\n ];", "x.rules:2: a comma stands before the closing ]; take it away"},
    {"a = ( \"x\", );", "x.rules:1: a comma stands before the closing ); take it away"},
    {"vars: { a = 5LL; b = 0X10; };", ""},
    {"vars: { a = -5000000000; };",
     "x.rules:1: -5000000000 would be cut to 32 bits; write it with an L behind: -5000000000L"},
    {"vars: { a = 5LLL; b = 1ex; c = 5/2; };", "x.rules:1: 1ex needs quotes: write \"1ex\"\n"
                                               "x.rules:1: 5/2 needs quotes: write \"5/2\"\n"
                                               "x.rules:1: 5LLL needs quotes: write \"5LLL\""},
    {"vars: { a = 5//one\n; b = 6/* two */; };", ""},
    {"vars: { a = 5", "x.rules:1: the { that is opened here is never closed; a } is missing further down"},
    {"a = [ 1", "x.rules:1: the [ that is opened here is never closed; a ] is missing further down"},
    {"a = ( 1", "x.rules:1: the ( that is opened here is never closed; a ) is missing further down"},
    {"vars: { a = / ; };", "x.rules:1: nothing begins like this, but there is '/'"},
    {"vars: { a = \"x\\", "x.rules:1: the text that begins here has no closing quote; add the \""},
    {"vars: { a = \"x\ny\";\n b = ; };", "x.rules:3: a value is missing here, but there is ';'"},
    {"vars: { a \"1234567890123456789012345678901234567890\"; };",
     "x.rules:1: 'a' needs = (or : before a group) behind it, but there is "
     "'\"123456789012345678901234567890123456789'"},
    {"vars: { a = 5000000000;\n b = 0xFFFFFFFFFF; c = 99999999999999999999; d = 1e400; e = "
     "123456789012345678901"
     "2345678901234567890123456789012345678901234567890; };",
     "x.rules:1: 5000000000 would be cut to 32 bits; write it with an L behind: 5000000000L\n"
     "x.rules:2: 0xFFFFFFFFFF would be cut to 32 bits; write it with an L behind: 0xFFFFFFFFFFL\n"
     "x.rules:2: 1e400 is too large for a number\n"
     "x.rules:2: 99999999999999999999 is too large for a whole number; write a smaller one\n"
     "x.rules:2: a number of 70 digits"},
    {"vars: { a = \"x;\n b = 5;\n};\n",
     "x.rules:1: the text that begins here has no closing quote; add the \""},
    {"vars: { a = \"x;\n b = \"y\";\n};\n",
     "x.rules:1: the text that begins here has no closing quote; add the \""},
    {"vars: { a = \"x;\n b = \"y; };\n",
     "x.rules:1: the text that begins here has no closing quote in its line; add the \""},
    {"\xef\xbb\xbfvars: { };", "x.rules:1: the file begins with a byte order mark; save it without one"},
    {"# \xff", "x.rules:1: a byte that is neither UTF-8 nor plain text (0xff); remove it"},
    {"#\n# \xc3(", "x.rules:2: a byte that is neither UTF-8 nor plain text (0xc3); remove it"},
    {"# \x80", "x.rules:1: a byte that is neither UTF-8 nor plain text (0x80); remove it"},
    {"# \x7f", "x.rules:1: a byte that is neither UTF-8 nor plain text (0x7f); remove it"},
    {"# \x01", "x.rules:1: a byte that is neither UTF-8 nor plain text (0x01); remove it"},
    {"# \xe2\x82\xac \xf0\x9f\x99\x82 \xc3\xa9", ""},
    {"@include \"other.rules\"\n",
     "x.rules:1: @include is not known; every *.rules file of the folder is read by itself"},
    {"/* no end", "x.rules:1: the comment that begins here has no end; add the */"},
    {"vars: {\n a = \"x\";\n",
     "x.rules:1: the { that is opened here is never closed; a } is missing further down"},
    {"vars: { };\n}", "x.rules:2: nothing is open here that could be closed, but there is '}'"},
    {"vars: { a = \"x\";; };", "x.rules:1: a name or the end of the group is missing here, but there is ';'"},
    {"vars: { a \"x\"; };", "x.rules:1: 'a' needs = (or : before a group) behind it, but there is '\"x\"'"},
    {"vars: { a = ; };", "x.rules:1: a value is missing here, but there is ';'"},
    {"vars: { a = 'x'; };", "x.rules:1: texts stand in double quotes, but there is '''"},
    {"vars: { 5 = 3; };", "x.rules:1: a name begins with a letter, but there is '5'"},
    {"vars: { a = 1;, };", "x.rules:1: a name or the end of the group is missing here, but there is ','"},
    {"vars: { 5xx = 3; };", "x.rules:1: a name begins with a letter, but there is '5xx'"},
    {"vars: { a = $; };", "x.rules:1: nothing begins like this, but there is '$'"},
    {"vars: { \"a\" = 1; };", "x.rules:1: a name is missing here, but there is '\"a\"'"},
    {"vars", "x.rules:1: a value is missing here, but the file ends"},
    {"a = [ 1; 2 ];", "x.rules:1: elements of a list are separated by commas, but there is ';'"},
    {"a = [ { } ];", "x.rules:1: [ ] holds plain values only; use ( ) here, but there is '{'"},
    {"a = ( 1 = 2 );", "x.rules:1: a comma or the end of the list is missing here, but there is '='"},
    {"vars: { a = 1; a = 2; };", "x.rules:1: this name stands twice in its group; rename or remove one"},
    {"a = [ 1, \"x\" ];", "x.rules:1: the elements of [ ] are of different kinds; use ( ) for that"},
    {"vars: { a = \"\\x41\"; b = \"\\\\x41\"; };",
     "x.rules:1: \\x is not known in texts; write the character itself (UTF-8)"},
    {"a=((((((((((((((((((((((((1))))))))))))))))))))))));",
     "x.rules:1: groups and lists stand too deep in one another, but there is '('"},
};

static void test_syntax(void **state)
{
    (void)state;
    assert_cases(syntax_cases, ARRAY_LENGTH(syntax_cases));
}

static const struct finding_case shape_cases[] = {
    {"trigers: { };", "x.rules:1: unknown group 'trigers'; did you mean 'triggers'?"},
    {"whatever: { };", "x.rules:1: unknown group 'whatever'"},
    {"groups = 5;", "x.rules:1: 'groups' takes a group { }, not a whole number"},
    {"metrics = 5;", "x.rules:1: 'metrics' takes a group { }, not a whole number"},
    {"vars = ( );", "x.rules:1: 'vars' takes a group { }, not a list"},
    {"metrics: { x = \"y\"; };", "x.rules:1: 'x' takes a group { }, not a text"},
    {"metrics: { A: { }; };", "x.rules:1: 'A' is no name of a metric: small letters, digits, _\n"
                              "x.rules:1: source is missing (where its values come from, like "
                              "\"prometheus:main\")"},
    {"vars: { version = \"1\"; service = \"x\"; A = 1; g: { }; };",
     "x.rules:1: 'A' is no name of a variable: small letters, digits, _\n"
     "x.rules:1: the variable g takes one value, not a group { }\n"
     "x.rules:1: {{service}} is known already and cannot be set\n"
     "x.rules:1: {{version}} is known already and cannot be set"},
    {"metrics: { rate: { source = \"push\"; }; };",
     "x.rules:1: no metric can be called 'rate': conditions use the word"},
    {"strategies: { canary: { kind = \"canary\"; }; };",
     "x.rules:1: 'canary' is the name of a kind; call your own recipe differently"},
    {"services: { Shop: { environments: { prod: { strategy = \"follow\"; }; }; }; };",
     "x.rules:1: 'Shop' is no name: small letters, digits, -, at most 63"},
    {"services: { shop: { }; };", "x.rules:1: 'shop' has no environments: environments: { prod: { ... }; }"},
    {"services: { shop: { environments: 5; }; };",
     "x.rules:1: 'shop' has no environments: environments: { prod: { ... }; }"},
    {"services: { shop: { environments: { prod = 5; }; }; };",
     "x.rules:1: 'prod' takes a group { }, not a whole number"},
    {"services: { shop: { notfy: { }; environments: { prod: { strategy = \"follow\"; }; }; }; };",
     "x.rules:1: unknown key 'notfy'; did you mean 'notify'?"},
    {SERVICE("strategy = \"follow\"; rules: { trigers = [ ]; };"),
     "x.rules:2: unknown key 'trigers'; did you mean 'triggers'?"},
    {SERVICE("strategy = \"follow\"; rules = 5;"),
     "x.rules:2: 'rules' takes a group { }, not a whole number"},
    {SERVICE("strategy = \"follow\"; vars: { address = \"x\"; };"),
     "x.rules:2: {{address}} is known already and cannot be set"},
    {"services: { shop: { environments: { Prod: { strategy = \"follow\"; }; }; }; };",
     "x.rules:1: 'Prod' is no name: small letters, digits, -"},
    {METRIC METRIC, "x.rules:2: this name stands twice in its group; rename or remove one"},
};

static void test_shape(void **state)
{
    (void)state;
    assert_cases(shape_cases, ARRAY_LENGTH(shape_cases));
}

static void test_sizes(void **state)
{
    char found[1024];
    char *large = malloc(CONFIG_FILE_BYTES_MAX + 2);

    (void)state;
    assert_non_null(large);
    memset(large, '#', CONFIG_FILE_BYTES_MAX + 2);
    config_free(read_text(large, CONFIG_FILE_BYTES_MAX, found, sizeof(found)));
    assert_string_equal(found, "");
    config_free(read_text(large, CONFIG_FILE_BYTES_MAX + 1, found, sizeof(found)));
    assert_string_equal(found, "x.rules:0: larger than 1048576 bytes; split it");
    config_free(read_text("a\0b", 3, found, sizeof(found)));
    assert_string_equal(found, "x.rules:0: holds a NUL byte; it is no text");
    struct text text;
    text_init(&text, large, CONFIG_FILE_BYTES_MAX);
    text_add(&text, "vars: {\n");
    for (int i = 0; i < CONFIG_DEFINITIONS_MAX + 1; i++)
        text_add(&text, "a%d = 1;\n", i);
    text_add(&text, "};");
    config_free(read_text(large, strlen(large), found, sizeof(found)));
    assert_string_equal(found, "x.rules:2002: more than 2000 names in one group; split it");
    text_init(&text, large, CONFIG_FILE_BYTES_MAX);
    for (int i = 0; i < CONFIG_DEFINITIONS_MAX; i++)
        text_add(&text, "%sa%d: {};%s", i % 100 == 0 ? "g: {\n" : "", i, i % 100 == 99 ? "};\n" : "");
    config_free(read_text(large, strlen(large), found, sizeof(found)));
    assert_non_null(strstr(found, "more than 2000 definitions in one file; split it"));
    free(large);
}

static void test_finding_shows_its_line(void **state)
{
    char found[1024];
    char shown[1024];

    (void)state;
    config_free(read_text("\n  \tvars: { a = 5m; };\r\n", 23, found, sizeof(found)));
    assert_string_equal(report.findings[0].source, "vars: { a = 5m; };");
    (void)config_finding_format(&report.findings[0], shown, sizeof(shown));
    assert_non_null(strstr(shown, "x.rules:2: 5m needs quotes: write \"5m\"\n    vars: { a = 5m; };"));
    config_free(read_text("a\0b", 3, found, sizeof(found)));
    (void)config_finding_format(&report.findings[0], shown, sizeof(shown));
    assert_non_null(strstr(shown, "x.rules: holds a NUL byte"));
}

static void test_findings_end(void **state)
{
    char text[16384];
    char found[64];
    struct text writer;

    (void)state;
    text_init(&writer, text, sizeof(text));
    text_add(&writer, "vars: {\n");
    for (int i = 0; i < CONFIG_FINDINGS_MAX + 20; i++)
        text_add(&writer, "a%d = %dm;\n", i, i);
    text_add(&writer, "};");
    config_free(read_text(text, strlen(text), found, sizeof(found)));
    assert_int_equal(report.count, CONFIG_FINDINGS_MAX + 20);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),       cmocka_unit_test(test_shape),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_finding_shows_its_line),
        cmocka_unit_test(test_findings_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
