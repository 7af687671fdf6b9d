/* test_event_wish.c - what events from outside want: CDEvents of both vocabularies, package URLs, our own
 * types.
 * SPDX-License-Identifier: MIT */
#include "api/event_wish.h"
#include "api/package_url.h"
#include "base/attributes.h"
#include "io/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "sha256:0b31000000000000000000000000000000000000000000000000000000000000"

static void test_package_urls(void **state)
{
    static const struct {
        const char *text, *name, *version, *digest;
    } cases[] = {
        {"pkg:oci/"
         "checkout@sha256%3A0b31000000000000000000000000000000000000000000000000000000000000?tag=1.8.2",
         "checkout", "1.8.2", DIGEST},
        {"pkg:oci/checkout@" DIGEST "?repository_url=r.example&tag=1.8.2#x", "checkout", "1.8.2", DIGEST},
        {"pkg:generic/acme/shop@2.0.0", "shop", "2.0.0", ""},
        {"pkg:generic/shop@2.0.0%2Bbuild.7", "shop", "2.0.0+build.7", ""},
        {"pkg:generic/shop@2%zz", "shop", "", ""},
        {"pkg:generic/shop@2%0", "shop", "", ""},
        {"pkg:generic/shop", "shop", "", ""},
        {"pkg:generic/Shop?tag=", "", "", ""},
        {"pkg:", "", "", ""},
        {"https://ci/42", "", "", ""},
        {"", "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct package_url url = package_url_read(cases[i].text);
        assert_string_equal(url.name, cases[i].name);
        assert_string_equal(url.version, cases[i].version);
        assert_string_equal(url.digest, cases[i].digest);
    }
}

/* A part that is too long is none. */
static void test_long_package_url(void **state)
{
    char text[600] = "pkg:generic/shop@1";

    (void)state;
    memset(text + strlen(text), '1', 500);
    assert_string_equal(package_url_read(text).version, "");
}

/* What it wants, as "POST body"; or the error. */
static void expect(const char *type, const char *data, enum event_wish_kind kind, const char *wanted)
{
    struct cloud_event event = {.id = "1", .source = "ci", .type = type};
    struct cJSON *root = NULL;
    struct event_wish wish;
    struct err err = {0};

    if (data != NULL && !json_parse(data, strlen(data), NULL, &root, &err))
        fail_msg("%s", err.text);
    event.data = json_root(root);
    if (!event_wish_read(&event, &wish, &err)) {
        assert_int_equal(kind, EVENT_WISH_NOTHING);
        assert_string_equal(err.text, wanted);
    } else {
        char *text = wish.body == NULL ? NULL : json_print(wish.body);
        assert_int_equal(wish.kind, kind);
        assert_string_equal(text == NULL ? "" : text, wanted);
        free(text);
    }
    json_free(wish.body);
    json_free(root);
}

static void test_starts(void **state)
{
    (void)state;
    expect("dev.cdevents.deployment.queued.0.1.0",
           "{\"subject\":{\"id\":\"/apps/shop\",\"content\":{\"environment\":{\"id\":\"prod\"},"
           "\"artifactId\":\"pkg:oci/shop@" DIGEST "?tag=2.0.0\"}}}",
           EVENT_WISH_START,
           "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\",\"digest\":\"" DIGEST "\"}");
    expect("dev.cdevents.artifact.published.0.3.0",
           "{\"subject\":{\"id\":\"pkg:oci/shop@" DIGEST "?tag=2.0.0\",\"content\":{}},"
           "\"customData\":{\"verdict\":{\"environment\":\"staging\",\"version\":\"2.0.0-rc1\"}}}",
           EVENT_WISH_START,
           "{\"environment\":\"staging\",\"version\":\"2.0.0-rc1\",\"service\":\"shop\",\"digest\":\"" DIGEST
           "\"}");
    expect("verdict.deployment.start", "{\"service\":\"shop\"}", EVENT_WISH_START, "{\"service\":\"shop\"}");
    expect("dev.cdevents.service.deployed.0.2.0",
           "{\"subject\":{\"id\":\"shop\"},\"customData\":{\"verdict\":\"yes\"}}", EVENT_WISH_NOTHING,
           "customData.verdict: must be an object");
    expect("verdict.deployment.start", NULL, EVENT_WISH_NOTHING, "data: is missing");
}

static void test_runs(void **state)
{
    (void)state;
    expect("dev.cdevents.artifact.published",
           "{\"subject\":{\"id\":\"/run/7\",\"content\":{\"artifactId\":\"pkg:generic/shop@2.0.0\"}},"
           "\"customData\":{\"verdict\":{\"pipeline\":\"shop\"}}}",
           EVENT_WISH_RUN, "{\"pipeline\":\"shop\",\"version\":\"2.0.0\"}");
    expect("dev.cdevents.artifact.packaged.0.2.0",
           "{\"subject\":{\"id\":\"pkg:generic/shop@2.0.0\"},"
           "\"customData\":{\"verdict\":{\"pipeline\":\"shop\"}}}",
           EVENT_WISH_RUN, "{\"pipeline\":\"shop\",\"version\":\"2.0.0\"}");
    expect("dev.cdevents.pipelinerun.queued.0.3.0",
           "{\"customData\":{\"verdict\":{\"group\":\"front\",\"versions\":{\"shop\":\"2.0.0\"}}}}",
           EVENT_WISH_RUN, "{\"group\":\"front\",\"versions\":{\"shop\":\"2.0.0\"}}");
    expect("verdict.run.start", "{\"pipeline\":\"shop\"}", EVENT_WISH_RUN, "{\"pipeline\":\"shop\"}");
}

static void test_answers(void **state)
{
    static const char *const outcomes[][2] = {{"pass", "pass"},    {"success", "pass"}, {"fail", "fail"},
                                              {"failure", "fail"}, {"error", "fail"},   {"cancel", "fail"}};
    char data[256];
    char body[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++) {
        (void)snprintf(data, sizeof(data),
                       "{\"context\":{\"chainId\":\"run_3\"},\"subject\":{\"id\":\"load\","
                       "\"content\":{\"outcome\":\"%s\"}}}",
                       outcomes[i][0]);
        (void)snprintf(body, sizeof(body), "{\"result\":\"%s\"}", outcomes[i][1]);
        expect("dev.cdevents.testsuiterun.finished.0.3.0", data, EVENT_WISH_ANSWER, body);
    }
    expect("dev.cdevents.taskrun.finished.0.3.0",
           "{\"context\":{\"chainId\":\"elsewhere\"},\"subject\":{\"content\":{\"outcome\":\"success\"}},"
           "\"customData\":{\"verdict\":{\"run\":\"run_3\",\"stage\":\"test\",\"task\":\"load\","
           "\"outputs\":{\"p95\":\"12\"},\"reason\":\"all well\"}}}",
           EVENT_WISH_ANSWER, "{\"result\":\"pass\",\"reason\":\"all well\",\"outputs\":{\"p95\":\"12\"}}");
    expect("dev.cdevents.testcaserun.finished.0.3.0",
           "{\"context\":{\"chainId\":\"run_3\"},\"subject\":{\"content\":{}}}", EVENT_WISH_NOTHING,
           "subject.content.outcome: is missing");
    expect("dev.cdevents.taskrun.finished.0.3.0", "{\"customData\":{\"verdict\":{\"run\":\"3\"}}}",
           EVENT_WISH_NOTHING, "customData.verdict.run: is \"3\", and must be run_N");
    expect("dev.cdevents.taskrun.finished.0.3.0",
           "{\"context\":{\"chainId\":\"run_3\"},\"subject\":{\"content\":{\"outcome\":\"pass\"}},"
           "\"customData\":{\"verdict\":{\"task\":"
           "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}}",
           EVENT_WISH_NOTHING, "customData.verdict: a stage or task is too long for a name");
    expect("dev.cdevents.taskrun.finished.0.3.0",
           "{\"context\":{\"chainId\":\"run_3\"},\"subject\":{\"content\":{\"outcome\":\"pass\"}},"
           "\"customData\":{\"verdict\":{\"stage\":"
           "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}}",
           EVENT_WISH_NOTHING, "customData.verdict: a stage or task is too long for a name");
}

/* Most of what a bus carries is not for us. */
static void test_nothing(void **state)
{
    (void)state;
    expect("dev.cdevents.service.deployed.0.3.0", "{\"subject\":{\"id\":\"shop\"}}", EVENT_WISH_NOTHING, "");
    expect("dev.cdevents.service.deployedx.0.3.0", "{\"customData\":{\"verdict\":{}}}", EVENT_WISH_NOTHING,
           "");
    expect("dev.cdevents.incident.detected.0.3.0", "{}", EVENT_WISH_NOTHING, "");
    expect("dev.cdevents.testsuiterun.finished.0.3.0",
           "{\"context\":{\"chainId\":\"00000000-0000-0000-0000-000000000000\"}}", EVENT_WISH_NOTHING, "");
    expect("com.example.built", NULL, EVENT_WISH_NOTHING, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_package_urls), cmocka_unit_test(test_long_package_url),
        cmocka_unit_test(test_starts),       cmocka_unit_test(test_runs),
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
