/* test_report_html.c - the page of a report: everything in it is text, and it needs nothing but itself.
 * SPDX-License-Identifier: MIT */
#include "api/report_html.h"

#include "api/html.h"
#include "base/attributes.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVIL "<script>alert('x')</script>\"><img src=//evil.example/x onerror=go()>&amp;"

static const char escaped_evil[] = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&gt;&lt;img "
                                   "src=//evil.example/x onerror=go()&gt;&amp;amp;";

static void assert_escaped(const char *text, const char *expected)
{
    char *page = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&page, &size);

    assert_non_null(to);
    html_text(to, text);
    (void)fclose(to);
    assert_string_equal(page, expected);
    free(page);
}

static void test_texts(void **state)
{
    (void)state;
    assert_escaped("", "");
    assert_escaped("a & b < c > d \" e ' f", "a &amp; b &lt; c &gt; d &quot; e &#39; f");
    assert_escaped(EVIL, escaped_evil);
    assert_escaped("a\nb\tc", "a\nb\tc");
    assert_escaped("\x1b[31m\x7f", "\xEF\xBF\xBD[31m\xEF\xBF\xBD");
    assert_escaped("gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F");
    assert_escaped("\xC3<b>", "\xEF\xBF\xBD&lt;b&gt;");                 /* a character that is cut */
    assert_escaped("\xE2\x80\xAEx", "\xEF\xBF\xBDx");                   /* turns the writing direction */
    assert_escaped("\xC0\xBCscript", "\xEF\xBF\xBD\xEF\xBF\xBDscript"); /* overlong */
}

static cJSON *evil_object(const char *const *names, size_t count)
{
    cJSON *object = cJSON_CreateObject();

    for (size_t i = 0; i < count; i++)
        cJSON_AddStringToObject(object, names[i], EVIL);
    return object;
}

static cJSON *evil_rows(const char *const *names, size_t count)
{
    cJSON *array = cJSON_CreateArray();

    cJSON_AddItemToArray(array, evil_object(names, count));
    return array;
}

static size_t count_of(const char *page, const char *word)
{
    size_t count = 0;

    for (const char *at = strstr(page, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

static void test_nothing_in_a_report_is_markup(void **state)
{
    static const char *const facts[] = {"id",       "service", "environment", "version", "digest",
                                        "previous", "kind",    "strategy",    "actor",   "reason",
                                        "run_url",  "commit",  "created",     "ended",   "state",
                                        "ending",   "hold",    "summary",     "why"};
    static const char *const rule[] = {"name", "condition", "kind",   "mode",  "then",
                                       "unit", "verdict",   "reason", "sha256"};
    static const char *const step[] = {"text", "state"};
    static const char *const verdict[] = {"time", "rule", "condition", "unit", "verdict", "reason"};
    static const char *const action[] = {"time", "kind", "name", "result"};
    static const char *const audit[] = {"time", "what", "actor", "text", "reason"};
    static const char *const foreign[] = {"<script", "<img",    "<link", "<iframe", " href=", "url(",
                                          "@import", "<object", "<form", "<a ",     "<svg",   "<base"};
    cJSON *report = cJSON_CreateObject();
    cJSON *deployment = evil_object(facts, ARRAY_LENGTH(facts));

    (void)state;
    cJSON_AddItemToObject(deployment, "rules", evil_rows(rule, ARRAY_LENGTH(rule)));
    cJSON_AddItemToObject(deployment, "steps", evil_rows(step, ARRAY_LENGTH(step)));
    cJSON_AddItemToObject(report, "deployment", deployment);
    cJSON_AddItemToObject(report, "verdicts", evil_rows(verdict, ARRAY_LENGTH(verdict)));
    cJSON_AddItemToObject(report, "actions", evil_rows(action, ARRAY_LENGTH(action)));
    cJSON_AddItemToObject(report, "audit", evil_rows(audit, ARRAY_LENGTH(audit)));
    cJSON_AddStringToObject(report, "sealed_sha256", EVIL);
    char *page = report_html(report);
    for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++)
        if (strstr(page, foreign[i]) != NULL)
            fail_msg("the page has %s", foreign[i]);
    /* Everything that it had to say is there, as text: what is shown in the title is cut. */
    assert_true(count_of(page, escaped_evil) >=
                ARRAY_LENGTH(facts) + ARRAY_LENGTH(step) + ARRAY_LENGTH(action));
    assert_int_equal(count_of(page, "onerror"), count_of(page, "onerror=go()"));
    assert_int_equal(count_of(page, "http"), count_of(page, "http-equiv"));
    free(page);
    cJSON_Delete(report);
}

static void test_the_numbers_of_a_rule(void **state)
{
    static const char text[] =
        "{\"deployment\":{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\",\"steps\":[{"
        "\"index\":0,\"text\":\"route to 5 %\",\"state\":\"done\"}],\"rules\":[{\"name\":\"http/error_rate\","
        "\"condition\":\"at most 1.5 times stable\",\"verdict\":\"pass\",\"reason\":\"decided\",\"unit\":"
        "\"ratio\",\"value\":0.012,\"bound\":0.01,\"estimate\":1.2,\"lower\":0.9,\"upper\":1.4,\"statistic\":"
        "0.3,\"limit\":2,\"count\":5000,\"stable_count\":90000,\"dropped\":12,\"dropped_percent\":3.5,\"span_"
        "s\":300,\"worst_ratio\":1.4,\"form\":"
        "\"poisson\",\"dispersion\":3.25,\"doubts\":\"too <many>\"}]},"
        "\"verdicts\":[],\"actions\":[],\"audit\":[{\"what\":\"step\",\"step\":0,\"time\":\"T1\"},{\"what\":"
        "\"confirmed\",\"step\":0,\"time\":\"T2\"}],\"cut\":true}";
    static const char *const words[] = {"<h1>shop/prod 2.0.0</h1>",
                                        "http/error_rate",
                                        "class=\"pass\">pass<",
                                        "1.2 %",
                                        "0.9 to 1.4",
                                        "0.3 of 2",
                                        "5000",
                                        "90000",
                                        "12 (3.5 %)",
                                        "300 s",
                                        "1.4 times stable",
                                        "poisson",
                                        "3.25",
                                        "too &lt;many&gt;",
                                        "<td>T1</td><td>T2</td>",
                                        "Cut:"};
    cJSON *report = NULL;

    (void)state;
    assert_true(json_parse(text, strlen(text), NULL, &report, NULL));
    char *page = report_html(report);
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strstr(page, words[i]) == NULL)
            fail_msg("the page has no '%s'", words[i]);
    free(page);
    cJSON_Delete(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_nothing_in_a_report_is_markup),
        cmocka_unit_test(test_the_numbers_of_a_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
