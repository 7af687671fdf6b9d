/* test_scan_report.c - SARIF and trivy's JSON counted; and what is no report is refused with its place.
 * SPDX-License-Identifier: MIT */
#include "collectors/cost_report.h"
#include "collectors/scan_report.h"

#include "base/attributes.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "critical 1, findings 2": of what is known. */
static const char *count(enum scan_format format, const char *text, char *to, size_t size)
{
    struct scan_counts counts;
    struct err err = {0};
    size_t at = 0;

    to[0] = '\0';
    if (!scan_report_count(format, text, strlen(text), &counts, &err)) {
        (void)snprintf(to, size, "%s", err.text);
        return to;
    }
    for (int i = 0; i < SCAN_COUNT_COUNT; i++)
        if (!isnan(counts.of[i]) && (counts.of[i] > 0 || i == SCAN_FINDINGS || i == SCAN_CRITICAL))
            at += (size_t)snprintf(to + at, size - at, "%s%s %g", at == 0 ? "" : ", ",
                                   scan_count_name((enum scan_count)i), counts.of[i]);
    return to;
}

struct scan_case {
    const char *text, *expected;
};

static void assert_counts(enum scan_format format, const struct scan_case *cases, size_t length)
{
    char found[ERR_TEXT_MAX];

    for (size_t i = 0; i < length; i++)
        if (strcmp(count(format, cases[i].text, found, sizeof(found)), cases[i].expected) != 0)
            fail_msg("case %zu: %s\nfound:    %s\nexpected: %s", i, cases[i].text, found, cases[i].expected);
}

#define RULES                                                                                                \
    "{\"driver\":{\"name\":\"x\",\"rules\":["                                                                \
    "{\"id\":\"a\",\"defaultConfiguration\":{\"level\":\"error\"},"                                          \
    "\"properties\":{\"security-severity\":\"9.8\"}},"                                                       \
    "{\"id\":\"b\",\"properties\":{\"security-severity\":\"7.0\"}},"                                         \
    "{\"id\":\"c\",\"properties\":{\"security-severity\":4}},"                                               \
    "{\"id\":\"d\",\"properties\":{\"security-severity\":\"0.1\"}},"                                         \
    "{\"id\":\"e\",\"properties\":{\"security-severity\":\"bad\"}},{\"id\":\"f\"}]},"                        \
    "\"extensions\":[{\"rules\":[{\"id\":\"z\",\"defaultConfiguration\":{\"level\":\"note\"},"               \
    "\"properties\":{\"security-severity\":\"9.0\"}}]}]}"
#define SARIF(results) "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":" RULES ",\"results\":" results "}]}"

static void test_sarif(void **state)
{
    static const struct scan_case cases[] = {
        {SARIF("[]"), "critical 0, findings 0"},
        {SARIF("[{\"ruleId\":\"a\"},{\"ruleIndex\":1},{\"ruleId\":\"c\",\"level\":\"note\"},"
               "{\"rule\":{\"id\":\"d\"},\"level\":\"none\"}]"),
         "critical 1, high 1, medium 1, low 1, errors 1, warnings 1, notes 2, findings 4"},
        {SARIF("[{\"rule\":{\"index\":0,\"toolComponent\":{\"index\":0}}}]"),
         "critical 1, notes 1, findings 1"},
        {SARIF("[{\"ruleId\":\"a\",\"suppressions\":[{\"kind\":\"inSource\"}]},"
               "{\"ruleId\":\"a\",\"suppressions\":[{\"status\":\"rejected\"}]},"
               "{\"ruleId\":\"a\",\"suppressions\":[]},{\"ruleId\":\"a\",\"baselineState\":\"absent\"},"
               "{\"ruleId\":\"a\",\"kind\":\"pass\"}]"),
         "critical 2, errors 2, findings 2"},
        /* Without a severity of one finding nobody can say that none is critical. */
        {SARIF("[{\"ruleId\":\"a\"},{\"ruleId\":\"f\"}]"), "errors 1, warnings 1, findings 2"},
        {SARIF("[{\"ruleId\":\"unheard-of\"}]"), "warnings 1, findings 1"},
        {SARIF("[{}]"), "warnings 1, findings 1"},
        {SARIF("[{\"ruleIndex\":77}]"), "warnings 1, findings 1"},
        {SARIF("[{\"ruleId\":\"e\"}]"),
         "#/runs/0/tool/driver/rules/4/properties/security-severity: is no severity from 0.0 to 10.0"},
        {SARIF("[{\"level\":\"fatal\"}]"), "#/runs/0/results/0/level: 'fatal' is no level of SARIF"},
        {SARIF("[{\"rule\":{\"toolComponent\":{\"index\":3}}}]"),
         "#/runs/0/results/0/rule/toolComponent/index: the tool has no such extension"},
        {SARIF("[7]"), "#/runs/0/results/0: is a number, expected an object"},
        {SARIF("null"), "#/runs/0/results: is null, expected an array"},
        {"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{},\"results\":[{}]}]}",
         "#/runs/0/tool/driver: is missing"},
        {"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{},\"results\":[],\"invocations\":["
         "{\"executionSuccessful\":false}]}]}",
         "#/runs/0/invocations/0/executionSuccessful: the tool says that it failed"},
        {"{\"version\":\"2.1.0\",\"runs\":[]}", "#/runs: is empty: nothing was scanned"},
        {"{\"version\":\"2.0.0\",\"runs\":[]}", "#/version: '2.0.0' is not 2.1.0"},
        {"{\"runs\":[]}", "#/version: is missing"},
        {"[]", "#: is an array, expected an object"},
        {"", "offset 0: the text ends, expected a value"},
        {"{\"version\":\"2.1.0\",\"runs\":[", "offset 27: the text ends, expected a value"},
    };

    (void)state;
    assert_counts(SCAN_SARIF, cases, ARRAY_LENGTH(cases));
}

#define TRIVY(results) "{\"SchemaVersion\":2,\"ArtifactName\":\"shop\",\"Results\":[" results "]}"

#define RUN(members) "{\"version\":\"2.1.0\",\"runs\":[{" members "}]}"
#define OF_DRIVER(driver, result)                                                                            \
    RUN("\"tool\":{\"driver\":" driver ",\"extensions\":[7]},\"results\":[" result "]")

/* Each part of another type than SARIF's is refused, and named. */
static void test_sarif_of_other_types(void **state)
{
    static const struct scan_case cases[] = {
        {"{\"version\":\"2.1.0\",\"runs\":[7]}", "#/runs/0: is a number, expected an object"},
        {"{\"version\":\"2.1.0\",\"runs\":7}", "#/runs: is a number, expected an array"},
        {RUN("\"results\":[]"), "#/runs/0/tool: is missing"},
        {RUN("\"invocations\":7"), "#/runs/0/invocations: is a number, expected an array"},
        {RUN("\"invocations\":[7]"), "#/runs/0/invocations/0: is a number, expected an object"},
        {RUN("\"invocations\":[{\"executionSuccessful\":7}]"),
         "#/runs/0/invocations/0/executionSuccessful: is a number, expected true or false"},
        {RUN("\"invocations\":[{\"executionSuccessful\":true}],\"tool\":{},\"results\":[]"),
         "critical 0, findings 0"},
        {SARIF("[{\"ruleId\":7}]"), "#/runs/0/results/0/ruleId: is a number, expected a text"},
        {SARIF("[{\"ruleIndex\":\"7\"}]"), "#/runs/0/results/0/ruleIndex: is a text, expected a number"},
        {SARIF("[{\"rule\":7}]"), "#/runs/0/results/0/rule: is a number, expected an object"},
        {SARIF("[{\"rule\":{\"id\":7}}]"), "#/runs/0/results/0/rule/id: is a number, expected a text"},
        {SARIF("[{\"rule\":{\"toolComponent\":7}}]"),
         "#/runs/0/results/0/rule/toolComponent: is a number, expected an object"},
        {SARIF("[{\"rule\":{\"toolComponent\":{\"index\":true}}}]"),
         "#/runs/0/results/0/rule/toolComponent/index: is true, expected a number"},
        {SARIF("[{\"rule\":{\"toolComponent\":{}}}]"), "warnings 1, findings 1"},
        {SARIF("[{\"suppressions\":7}]"), "#/runs/0/results/0/suppressions: is a number, expected an array"},
        {SARIF("[{\"suppressions\":[7]}]"),
         "#/runs/0/results/0/suppressions/0: is a number, expected an object"},
        {SARIF("[{\"suppressions\":[{\"status\":7}]}]"),
         "#/runs/0/results/0/suppressions/0/status: is a number, expected a text"},
        {SARIF("[{\"kind\":7}]"), "#/runs/0/results/0/kind: is a number, expected a text"},
        {SARIF("[{\"baselineState\":7}]"), "#/runs/0/results/0/baselineState: is a number, expected a text"},
        {SARIF("[{\"level\":7}]"), "#/runs/0/results/0/level: is a number, expected a text"},
        {OF_DRIVER("7", "{}"), "#/runs/0/tool/driver: is a number, expected an object"},
        {OF_DRIVER("{}", "{\"ruleId\":\"a\"}"), "warnings 1, findings 1"},
        {OF_DRIVER("{\"rules\":7}", "{}"), "#/runs/0/tool/driver/rules: is a number, expected an array"},
        {OF_DRIVER("{\"rules\":[7]}", "{\"ruleIndex\":0}"),
         "#/runs/0/tool/driver/rules/0: is a number, expected an object"},
        {OF_DRIVER("{\"rules\":[7,{\"id\":7}]}", "{\"ruleId\":\"a\"}"), "warnings 1, findings 1"},
        {OF_DRIVER("{\"rules\":[{\"defaultConfiguration\":7}]}", "{\"ruleIndex\":0}"),
         "#/runs/0/tool/driver/rules/0/defaultConfiguration: is a number, expected an object"},
        {OF_DRIVER("{\"rules\":[{\"defaultConfiguration\":{\"level\":7}}]}", "{\"ruleIndex\":0}"),
         "#/runs/0/tool/driver/rules/0/defaultConfiguration/level: is a number, expected a text"},
        {OF_DRIVER("{\"rules\":[{\"properties\":7}]}", "{\"ruleIndex\":0}"),
         "#/runs/0/tool/driver/rules/0/properties: is a number, expected an object"},
        {OF_DRIVER("{\"rules\":[{\"properties\":{\"security-severity\":\"10.1\"}}]}", "{\"ruleIndex\":0}"),
         "#/runs/0/tool/driver/rules/0/properties/security-severity: is no severity from 0.0 to 10.0"},
        {OF_DRIVER("{}", "{\"rule\":{\"toolComponent\":{\"index\":0}}}"),
         "#/runs/0/tool/extensions/0: is a number, expected an object"},
        {RUN("\"tool\":{},\"results\":[{\"rule\":{\"toolComponent\":{\"index\":0}}}]"),
         "#/runs/0/tool/extensions: is missing"},
    };

    (void)state;
    assert_counts(SCAN_SARIF, cases, ARRAY_LENGTH(cases));
}

static void test_trivy(void **state)
{
    static const struct scan_case cases[] = {
        {TRIVY("{\"Target\":\"debian\",\"Class\":\"os-pkgs\"}"), "critical 0, findings 0"},
        {TRIVY("{\"Vulnerabilities\":[{\"Severity\":\"CRITICAL\"},{\"Severity\":\"LOW\"},"
               "{\"Severity\":\"UNKNOWN\"}],\"Secrets\":[{\"Severity\":\"HIGH\"}]},"
               "{\"Vulnerabilities\":null,\"Licenses\":[{\"Severity\":\"MEDIUM\"}],"
               "\"Misconfigurations\":[{\"Severity\":\"HIGH\",\"Status\":\"FAIL\"},"
               "{\"Severity\":\"HIGH\",\"Status\":\"PASS\"}]}"),
         "critical 1, high 2, medium 1, low 1, unknown 1, findings 6"},
        {TRIVY("{\"Vulnerabilities\":[{\"Severity\":\"SEVERE\"}]}"),
         "#/Results/0/Vulnerabilities/0/Severity: 'SEVERE' is no severity of trivy's"},
        {TRIVY("{\"Secrets\":[{}]}"), "#/Results/0/Secrets/0/Severity: is missing"},
        {TRIVY("{\"Misconfigurations\":[{\"Severity\":\"HIGH\",\"Status\":7}]}"),
         "#/Results/0/Misconfigurations/0/Status: is a number, expected a text"},
        {TRIVY("{\"Misconfigurations\":[{\"Severity\":\"HIGH\",\"Status\":\"EXCEPTION\"}]}"),
         "critical 0, findings 0"},
        {TRIVY("{\"Secrets\":[7]}"), "#/Results/0/Secrets/0: is a number, expected an object"},
        {TRIVY("{\"Vulnerabilities\":{}}"), "#/Results/0/Vulnerabilities: is an object, expected an array"},
        {TRIVY(""), "#/Results: is empty: nothing was scanned"},
        {TRIVY("1"), "#/Results/0: is a number, expected an object"},
        {"{\"SchemaVersion\":2}", "#/Results: is missing"},
        {"{\"SchemaVersion\":1,\"Results\":[]}", "#/SchemaVersion: is not from 2 to 2"},
        {"2024-01-01 INFO Vulnerability scanning\n{}",
         "offset 4: something stands behind the end of the value"},
    };

    (void)state;
    assert_counts(SCAN_TRIVY, cases, ARRAY_LENGTH(cases));
}

/* Many results times many rules are refused before they hold up the loop. */
static void test_too_many_looks(void **state)
{
    enum { RULES_COUNT = 20000, RESULTS_COUNT = 1000, SIZE = 1000000 };
    char *text = malloc(SIZE);
    struct scan_counts counts;
    struct err err = {0};
    size_t at = 0;

    (void)state;
    assert_non_null(text);
    at +=
        (size_t)snprintf(text, SIZE, "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"rules\":[{}");
    for (int i = 1; i < RULES_COUNT; i++)
        at += (size_t)snprintf(text + at, SIZE - at, ",{\"id\":\"%d\"}", i);
    at += (size_t)snprintf(text + at, SIZE - at, "]}},\"results\":[{}");
    for (int i = 1; i < RESULTS_COUNT; i++)
        at += (size_t)snprintf(text + at, SIZE - at, ",{\"ruleId\":\"none\"}");
    at += (size_t)snprintf(text + at, SIZE - at, "]}]}");
    assert_false(scan_report_count(SCAN_SARIF, text, at, &counts, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_non_null(strstr(err.text, "#/runs/0/results/200: "));
    free(text);
}

#define CHECKOV(failed, more)                                                                                \
    "{\"check_type\":\"terraform_plan\",\"results\":{\"passed_checks\":[],\"failed_checks\":[" failed        \
    "]},\"summary\":{\"passed\":0,\"failed\":1,\"parsing_errors\":" more "}}"
#define NOTHING "{\"passed\":0,\"failed\":0,\"skipped\":0,\"parsing_errors\":0,\"resource_count\":0}"

static void test_checkov(void **state)
{
    static const struct scan_case cases[] = {
        {CHECKOV("", "0"), "critical 0, findings 0"},
        {CHECKOV("{\"check_id\":\"A\",\"severity\":\"CRITICAL\"},{\"severity\":\"HIGH\"},{\"severity\":"
                 "\"MEDIUM\"},"
                 "{\"severity\":\"LOW\"},{\"severity\":\"INFO\"}",
                 "0"),
         "critical 1, high 1, medium 1, low 1, notes 1, findings 5"},
        {"[" CHECKOV("{\"severity\":\"HIGH\"}", "0") "," CHECKOV("{\"severity\":null}", "0") "," NOTHING "]",
         "findings 2"},
        {CHECKOV("{\"severity\":\"odd\"}", "0"),
         "#/results/failed_checks/0/severity: 'odd' is no severity of checkov's"},
        {CHECKOV("7", "0"), "#/results/failed_checks/0: is a number, expected an object"},
        {CHECKOV("{\"severity\":7}", "0"),
         "#/results/failed_checks/0/severity: is a number, expected a text"},
        {CHECKOV("", "2"), "#/summary/parsing_errors: 2 files could not be read"},
        {CHECKOV("", "\"x\""), "#/summary/parsing_errors: is a text, expected a number"},
        {NOTHING, "#: nothing was scanned"},
        {"[]", "#: nothing was scanned"},
        {"7", "#: is a number, expected an object"},
        {"{}", "#/resource_count: is missing"},
        {"[{\"results\":7}]", "#/0/results: is a number, expected an object"},
        {"{\"results\":{}}", "#/summary: is missing"},
        {"{\"results\":{},\"summary\":{\"parsing_errors\":0}}", "#/results/failed_checks: is missing"},
    };

    (void)state;
    assert_counts(SCAN_CHECKOV, cases, ARRAY_LENGTH(cases));
}

static void test_lists_are_bounded(void **state)
{
    static const struct {
        enum scan_format format;
        const char *one, *wrong;
        int times;
    } cases[] = {{SCAN_CHECKOV, NOTHING, "#: more than 100 reports", 101},
                 {SCAN_CONFTEST, "{\"successes\":1}", "#: more than 10000 files", 10001}};
    enum { SIZE = 256 * 1024 };
    char *memory = malloc(SIZE);
    char found[ERR_TEXT_MAX];
    struct text text;

    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        text_init(&text, memory, SIZE);
        for (int j = 0; j < cases[i].times; j++)
            text_add(&text, "%s%s", j == 0 ? "[" : ",", cases[i].one);
        text_add(&text, "]");
        assert_false(text.is_cut);
        assert_string_equal(count(cases[i].format, memory, found, sizeof(found)), cases[i].wrong);
    }
    free(memory);
}

static void test_conftest(void **state)
{
    static const struct scan_case cases[] = {
        {"[{\"filename\":\"plan.json\",\"successes\":3}]", "findings 0"},
        {"[{\"successes\":0,\"failures\":[{\"msg\":\"a\"},{\"msg\":\"b\"}],\"warnings\":[{\"msg\":\"c\"}]},"
         "{\"successes\":1,\"failures\":null}]",
         "errors 2, warnings 1, findings 3"},
        {"[{\"successes\":0}]", "#: nothing was tested: no policy, or no file"},
        {"[]", "#: nothing was tested: no policy, or no file"},
        {"{}", "#: is no list of files, as conftest has it"},
        {"[7]", "#/0: is a number, expected an object"},
        {"[{}]", "#/0/successes: is missing"},
        {"[{\"successes\":1,\"failures\":7}]", "#/0/failures: is a number, expected an array"},
        {"[{\"successes\":1,\"warnings\":7}]", "#/0/warnings: is a number, expected an array"},
    };

    (void)state;
    assert_counts(SCAN_CONFTEST, cases, ARRAY_LENGTH(cases));
}

static void test_costs(void **state)
{
    static const struct {
        const char *text;
        double monthly, before;
        const char *wrong;
    } cases[] = {
        {"{\"projects\":[{\"name\":\"x\"}],\"totalMonthlyCost\":\"743.64\",\"pastTotalMonthlyCost\":\"0\"}",
         743.64, 0, NULL},
        {"{\"projects\":[{\"metadata\":{\"errors\":[]}}],\"totalMonthlyCost\":\"1e3\"}", 1000, NAN, NULL},
        {"{\"projects\":[{\"metadata\":{}}],\"totalMonthlyCost\":null}", NAN, NAN, NULL},
        {"{\"projects\":[],\"totalMonthlyCost\":\"1\"}", 0, 0, "#/projects: is empty: nothing was looked at"},
        {"{\"totalMonthlyCost\":\"1\"}", 0, 0, "#/projects: is missing"},
        {"{\"projects\":[7]}", 0, 0, "#/projects/0: is a number, expected an object"},
        {"{\"projects\":[{\"metadata\":7}]}", 0, 0, "#/projects/0/metadata: is a number, expected an object"},
        {"{\"projects\":[{\"metadata\":{\"errors\":7}}]}", 0, 0,
         "#/projects/0/metadata/errors: is a number, expected an array"},
        {"{\"projects\":[{\"metadata\":{\"errors\":[{\"code\":1}]}}]}", 0, 0,
         "#/projects/0/metadata/errors: the project could not be read, so its costs are missing"},
        {"{\"projects\":[{}],\"totalMonthlyCost\":\"much\"}", 0, 0,
         "#/totalMonthlyCost: 'much' is no amount"},
        {"{\"projects\":[{}],\"pastTotalMonthlyCost\":7}", 0, 0,
         "#/pastTotalMonthlyCost: is a number, expected a text"},
        {"[]", 0, 0, "#: is an array, expected an object"},
        {"{", 0, 0, "offset 1: the text ends, expected a name in quotes"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct cost_report costs = {0};
        struct err err = {0};
        bool is_good = cost_report_read(cases[i].text, strlen(cases[i].text), &costs, &err);
        assert_int_equal(is_good, cases[i].wrong == NULL);
        if (!is_good) {
            assert_string_equal(err.text, cases[i].wrong);
            continue;
        }
        assert_true(costs.monthly == cases[i].monthly || (isnan(costs.monthly) && isnan(cases[i].monthly)));
        assert_true(costs.before == cases[i].before || (isnan(costs.before) && isnan(cases[i].before)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sarif),
        cmocka_unit_test(test_sarif_of_other_types),
        cmocka_unit_test(test_trivy),
        cmocka_unit_test(test_checkov),
        cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_conftest),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_too_many_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
