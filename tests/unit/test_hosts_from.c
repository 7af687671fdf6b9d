/* test_hosts_from.c - hosts that a command prints: how it is written, what it may print, and what is sealed.
 * SPDX-License-Identifier: MIT */
#include "config/hosts.h"
#include "config/hosts_from.h"
#include "support/config_cases.h"

#include <stdlib.h>

#define ROLLING(inside)                                                                                      \
    SERVICE("strategy = \"rolling\"; " inside " commands: { deploy: { exec = [ \"x\", \"{{host}}\" ]; "      \
            "repeat = \"idempotent\"; }; };")
#define ASKED ROLLING("hosts_from: { exec = [ \"/bin/hosts\", \"{{environment}}\", \"{{version}}\" ]; };")
#define LIKE  "is not like \"m1.prod\", \"m1.prod:8080\" or \"m1=10.0.0.1:8080\""

static const struct finding_case cases[] = {
    {ASKED, ""},
    {ROLLING("hosts_from: { };"), "x.rules:2: exec is missing (program and arguments; no shell)"},
    {ROLLING("hosts_from: { exec = [ \"a\", \"{{slot}}\" ]; };"),
     "x.rules:2: exec: {{slot}} is not known before the hosts are"},
    {ROLLING("hosts_from: { exec = [ \"a\" ]; timeout = \"1m\"; };"),
     "x.rules:2: timeout: 1m is not from 100ms to 20s"},
    {ROLLING("traffic = \"haproxy:edge\"; backend = \"b\"; hosts_from: { exec = [ \"a\" ]; };"),
     "x.rules:2: an environment has hosts_from, or hosts, or slots and traffic"},
    {ROLLING("slots: { a: { }; }; hosts_from: { exec = [ \"a\" ]; };"),
     "x.rules:2: an environment has hosts_from, or hosts, or slots and traffic"},
    {ROLLING("hosts = [ \"m1\" ]; hosts_from: { exec = [ \"a\" ]; };"),
     "x.rules:2: an environment has hosts_from, or hosts, or slots and traffic"},
    {ASKED "pipelines: { p: { service = \"shop\"; environments = [ \"prod\" ]; }; };\n",
     "x.rules:4: 'prod' asks a command for its hosts (hosts_from), which a pipeline cannot; name them in "
     "`hosts`, or start that deployment by itself"},
};

static void test_findings(void **state)
{
    (void)state;
    assert_cases(cases, ARRAY_LENGTH(cases));
}

static char *seal_asked(void)
{
    char found[1024];
    struct config *config = read_text(ASKED, strlen(ASKED), found, sizeof(found));
    struct err err = {0};
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);

    assert_string_equal(found, "");
    assert_non_null(definition);
    assert_true(hosts_from_is_open(definition));
    assert_int_equal(definition->hosts_from->argument_count, 3);
    assert_string_equal(definition->hosts_from->arguments[1], "prod");
    assert_int_equal(definition->hosts_from->timeout_ms, 10000);
    assert_int_equal(definition->host_count, 0);
    definition_free(definition);
    definition = config_resolve(config, "shop", "prod", NULL, true, &err);
    assert_non_null(definition);
    assert_false(hosts_from_is_open(definition)); /* who only records needs no hosts */
    definition_free(definition);
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);
    assert_non_null(sealed);
    config_free(config);
    return sealed;
}

static void test_what_was_printed_is_sealed(void **state)
{
    char *asked = seal_asked();
    struct err err = {0};
    char *sealed = hosts_from_seal(asked, "m1.prod\nm2.prod:8080\r\n\nm3=10.0.0.3:80", &err);

    (void)state;
    assert_non_null(sealed);
    assert_null(strstr(sealed, "hosts_from"));
    struct definition *definition = config_unseal(sealed, &test_schemas, &err);
    if (definition == NULL)
        fail_msg("%s", err.text);
    assert_false(hosts_from_is_open(definition));
    assert_int_equal(definition->host_count, 3);
    assert_int_equal(definition->plan->host_count, 3);
    assert_string_equal(definition->hosts[1].name, "m2.prod");
    assert_string_equal(definition->hosts[1].address, "m2.prod:8080");
    assert_string_equal(definition->hosts[2].address, "10.0.0.3:80");
    definition_free(definition);
    free(sealed);
    free(asked);
}

static void assert_refused(const char *asked, const char *printed, const char *why)
{
    struct err err = {0};

    assert_null(hosts_from_seal(asked, printed, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.text, why);
}

static void test_what_it_may_not_print(void **state)
{
    char *asked = seal_asked();
    char long_line[400];

    (void)state;
    assert_refused(asked, "", "hosts_from: the command named no host");
    assert_refused(asked, "\n\n\r\n", "hosts_from: the command named no host");
    assert_refused(asked, "m1\nwarning: no disk\n", "hosts_from, line 2: 'warning: no disk' " LIKE);
    assert_refused(asked, "m1=\n", "hosts_from, line 1: 'm1=' " LIKE);
    assert_refused(asked, "m1=a\"b\n", "hosts_from, line 1: 'm1=a\"b' " LIKE);
    assert_refused(asked, "m1={{x}}\n", "hosts_from, line 1: 'm1={{x}}' " LIKE);
    assert_refused(asked, "m1\nm2\nm1=10.0.0.1\n", "hosts_from, line 3: a second host is called 'm1'");
    memset(long_line, 'a', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = '\0';
    memcpy(long_line, "m1=", 3);
    struct err err = {0};
    assert_null(hosts_from_seal(asked, long_line, &err));
    free(asked);
}

static void test_at_most_as_many_as_a_plan_holds(void **state)
{
    char *asked = seal_asked();
    char *printed = calloc(PLAN_HOSTS_MAX + 1, 16);
    size_t length = 0;
    struct err err = {0};

    (void)state;
    assert_non_null(printed);
    for (int i = 0; i < PLAN_HOSTS_MAX; i++)
        length += (size_t)snprintf(printed + length, 16, "m%d\n", i);
    char *sealed = hosts_from_seal(asked, printed, &err);
    assert_non_null(sealed);
    struct definition *definition = config_unseal(sealed, &test_schemas, &err);
    assert_non_null(definition);
    assert_int_equal(definition->plan->host_count, PLAN_HOSTS_MAX);
    definition_free(definition);
    free(sealed);
    (void)snprintf(printed + length, 16, "more\n");
    assert_refused(asked, printed, "hosts_from: more than 512 hosts");
    free(printed);
    free(asked);
}

static void test_a_text_that_is_none(void **state)
{
    struct err err = {0};

    (void)state;
    assert_null(hosts_from_seal("no text", "m1\n", &err));
    assert_int_equal(err.code, ERR_INTERNAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_what_was_printed_is_sealed),
        cmocka_unit_test(test_what_it_may_not_print),
        cmocka_unit_test(test_at_most_as_many_as_a_plan_holds),
        cmocka_unit_test(test_a_text_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
