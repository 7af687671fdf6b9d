/* test_hook_read.c - hooks as verdictd.conf names them, and the messages of GitHub, GitLab, Argo CD and Flux
 * as they are read.
 * SPDX-License-Identifier: MIT */
#include "api/hook_read.h"
#include "config/settings.h"
#include "io/json.h"
#include "support/config_files.h"
#include "support/config_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_report report;

static bool knows_path(const char *path)
{
    return json_path_check(path, NULL);
}

/* NULL: what was found stands in `found`. */
static struct settings *read_hooks(const char *text, char *found, size_t size)
{
    struct option_schemas schemas = test_schemas;
    struct folder folder;
    char path[256];

    schemas.knows_path = knows_path;
    folder_make(&folder);
    folder_write(&folder, "v.conf", text);
    memset(&report, 0, sizeof(report));
    struct settings *settings = settings_read(folder_path(&folder, "v.conf", path), &schemas, &report);
    (void)report_text(&report, found, size);
    folder_drop(&folder);
    return settings;
}

static struct settings *one_hook(const char *text)
{
    char found[1024];
    struct settings *settings = read_hooks(text, found, sizeof(found));

    if (settings == NULL)
        fail_msg("%s", found);
    assert_int_equal(settings->hook_count, 1);
    return settings;
}

/* The start that `message` stands for as JSON, "-" where it concerns nothing, or what is wrong with it. */
static void assert_start(const struct settings *settings, const char *message, const char *expected)
{
    const struct settings_hook *hook = &settings->hooks[0];
    struct cJSON *json = NULL;
    struct cJSON *body = NULL;
    struct err err = {0};
    char *text = NULL;

    assert_true(json_parse(message, strlen(message), NULL, &json, &err));
    bool is_start = hook_concerns(hook, json) && hook_read_start(hook, json, &body, &err);
    if (is_start)
        text = json_print(body);
    const char *is = is_start ? text : err.code == ERR_NONE ? "-" : err.text;
    if (strcmp(is, expected) != 0)
        fail_msg("\n%s\nand not\n%s", is, expected);
    free(text);
    json_free(body);
    json_free(json);
}

#define GITHUB(action, more)                                                                                 \
    "{\"action\":\"" action "\",\"deployment\":{\"id\":42,\"sha\":\"9f2c1abdef\",\"ref\":\"main\","          \
    "\"task\":\"deploy\",\"environment\":\"Production\",\"payload\":" more ","                               \
    "\"created_at\":\"2026-11-26T10:00:00Z\",\"creator\":{\"login\":\"alice\"}},"                            \
    "\"repository\":{\"name\":\"shop\",\"full_name\":\"acme/shop\"}}"

static void github_deployments(void **state)
{
    struct settings *settings =
        one_hook("hooks: { github: { secret = \"cred:github\"; names: { Production = \"prod\"; }; }; };");

    (void)state;
    assert_int_equal(settings->hooks[0].kind, HOOK_GITHUB);
    assert_int_equal(settings->hooks[0].proof, HOOK_SHA256);
    assert_string_equal(settings->hooks[0].header, "X-Hub-Signature-256");
    assert_start(settings, GITHUB("created", "\"\""),
                 "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"9f2c1abdef\","
                 "\"commit\":\"9f2c1abdef\",\"actor\":\"alice\"}");
    assert_start(settings,
                 GITHUB("created", "{\"version\":\"2.4.1\",\"strategy\":\"careful\",\"digest\":\"none\","
                                   "\"emergency\":true,\"service\":\"other\"}"),
                 "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.4.1\","
                 "\"strategy\":\"careful\",\"commit\":\"9f2c1abdef\",\"actor\":\"alice\"}");
    assert_start(settings, GITHUB("deleted", "{}"), "-");
    assert_start(settings, "{\"zen\":\"Keep it logically awesome.\",\"hook_id\":1}", "-");
    /* The state of a deployment says "created" too, and has the deployment in it. */
    assert_start(settings,
                 "{\"action\":\"created\",\"deployment_status\":{\"state\":\"success\"},\"deployment\":{"
                 "\"task\":\"deploy\",\"sha\":\"9f2c1ab\",\"environment\":\"Production\"},"
                 "\"repository\":{\"name\":\"shop\"}}",
                 "-");
    assert_start(
        settings,
        "{\"action\":\"created\",\"deployment\":{\"task\":\"deploy\",\"environment\":\"Review App\"},"
        "\"repository\":{\"name\":\"shop\"}}",
        "environment: \"Review App\" is not a name; say in `names` what we call it");
    assert_start(settings,
                 "{\"action\":\"created\",\"deployment\":{\"task\":\"deploy\",\"environment\":\"prod\"},"
                 "\"repository\":{\"name\":\"shop\"}}",
                 "version: the message does not say it");
    settings_free(settings);
}

#define GITLAB(status)                                                                                       \
    "{\"object_kind\":\"deployment\",\"status\":\"" status "\",\"status_changed_at\":\"2026-11-26 "          \
    "11:00:00 +0100\",\"deployment_id\":15,\"deployable_url\":\"https://git/acme/shop/-/jobs/796\","         \
    "\"environment\":\"staging\",\"project\":{\"name\":\"The Shop\",\"path_with_namespace\":\"acme/shop\"}," \
    "\"short_sha\":\"279484c0\",\"user\":{\"username\":\"root\"},"                                           \
    "\"commit_url\":\"https://git/acme/shop/-/commit/279484c09fbe\",\"ref\":\"main\"}"

static void gitlab_deployments(void **state)
{
    struct settings *settings = one_hook("hooks: { gitlab: { secret = \"cred:gitlab\"; }; };");

    (void)state;
    assert_int_equal(settings->hooks[0].proof, HOOK_TOKEN);
    assert_string_equal(settings->hooks[0].header, "X-Gitlab-Token");
    assert_start(settings, GITLAB("running"),
                 "{\"service\":\"shop\",\"environment\":\"staging\",\"version\":\"279484c0\","
                 "\"commit\":\"279484c09fbe\",\"actor\":\"root\","
                 "\"run_url\":\"https://git/acme/shop/-/jobs/796\"}");
    assert_start(settings, GITLAB("success"), "-");
    settings_free(settings);
    /* What an operator says goes before what the kind knows. */
    settings =
        one_hook("hooks: { ours: { kind = \"gitlab\"; secret = \"cred:gitlab\"; proof = \"standard\";\n"
                 "version = \".ref\"; environment = \"prod\"; when = [ \".status = success\" ]; }; };");
    assert_int_equal(settings->hooks[0].max_age_ms, 300000);
    assert_start(settings, GITLAB("success"),
                 "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"main\","
                 "\"commit\":\"279484c09fbe\",\"actor\":\"root\","
                 "\"run_url\":\"https://git/acme/shop/-/jobs/796\"}");
    settings_free(settings);
}

static void any_json(void **state)
{
    struct settings *flux =
        one_hook("hooks: { flux: { secret = \"cred:flux\"; replay = \"accepted\"; header = \"X-Signature\"; "
                 "when = [ \".reason = "
                 "ReconciliationSucceeded\", \"no .error\" ];\n"
                 "service = \".involvedObject.name\"; environment = \"prod\";\n"
                 "version = \".metadata.\\\"kustomize.toolkit.fluxcd.io/revision\\\" behind :\"; }; };");

    (void)state;
    assert_int_equal(flux->hooks[0].kind, HOOK_JSON);
    assert_string_equal(flux->hooks[0].header, "X-Signature");
    assert_start(flux,
                 "{\"involvedObject\":{\"kind\":\"Kustomization\",\"name\":\"shop\"},\"reason\":"
                 "\"ReconciliationSucceeded\",\"metadata\":{\"kustomize.toolkit.fluxcd.io/revision\":"
                 "\"main@sha1:9f2c1ab\"}}",
                 "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"9f2c1ab\"}");
    assert_start(flux, "{\"reason\":\"Progressing\"}", "-");
    assert_start(flux, "{\"reason\":\"ReconciliationSucceeded\",\"error\":\"x\"}", "-");
    assert_start(flux, "{\"reason\":\"ReconciliationSucceeded\",\"error\":null}",
                 "service: the message does not say it");
    settings_free(flux);
    struct settings *image = one_hook(
        "hooks: { argocd: { secret = \"cred:a\"; proof = \"token\"; service = [ \".app\", \".name\" ];\n"
        "environment = \".namespace before -\"; version = \".image behind :\"; }; };");
    assert_start(image, "{\"name\":\"shop\",\"namespace\":\"prod-eu-1\",\"image\":\"reg:5000/shop:2.4.1\"}",
                 "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.4.1\"}");
    assert_start(image, "{\"app\":7,\"name\":\"shop\",\"namespace\":\"prod\",\"image\":\"shop:\"}",
                 "version: the message does not say it");
    assert_start(image, "{\"name\":\"a\\u0001b\",\"namespace\":\"prod\",\"image\":\"shop:1\"}",
                 "service: \"a\x01"
                 "b\" is not a name; say in `names` what we call it");
    settings_free(image);
}

#define TEN(text) text text text text text text text text text text
#define HEX32     "0123456789abcdef0123456789abcdef"

/* What need not be there is left out where it does not fit; what must be there is an error. */
static void what_does_not_fit(void **state)
{
    static const char *const commits[] = {"\"a\\u0001b\"", "\"a\\u007f\"", "\"\"",
                                          "\"" TEN("0123456789abc") "\"", "{}"};
    struct settings *settings =
        one_hook("hooks: { ci: { secret = \"cred:a\"; replay = \"accepted\"; service = \"shop\"; environment "
                 "= \"prod\"; version = \".v\"; digest = \".d\"; commit = \".c\"; }; };");
    char text[512];

    (void)state;
    assert_start(settings, "{\"v\":\"1\",\"d\":\"sha256:" HEX32 "\",\"c\":\"abc\"}",
                 "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"1\",\"digest\":\"sha256:" HEX32
                 "\",\"commit\":\"abc\"}");
    for (size_t i = 0; i < ARRAY_LENGTH(commits); i++) {
        (void)snprintf(text, sizeof(text), "{\"v\":\"1\",\"d\":\"sha256:\",\"c\":%s}", commits[i]);
        assert_start(settings, text, "{\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"1\"}");
    }
    assert_start(settings, "{\"v\":\"two words\"}", "version: \"two words\" is not a version");
    assert_start(settings, "{\"v\":\"" TEN("0123456789abc") "\"}",
                 "version: \""
                 "0123456789abc0123456789abc0123456789abc0123456789abc0123456789abc0123456789abc01"
                 "\" is not a version");
    settings_free(settings);
}

static void assert_young(const struct settings *settings, const char *time, int64_t now_s, enum err_code code)
{
    struct cJSON *json = NULL;
    struct err err = {0};
    char text[128];

    (void)snprintf(text, sizeof(text), "{\"at\":%s}", time);
    assert_true(json_parse(text, strlen(text), NULL, &json, &err));
    bool is_young = hook_is_young(&settings->hooks[0], json, now_s * 1000, &err);
    if (is_young != (code == ERR_NONE) || err.code != code)
        fail_msg("%s: %d %s", time, is_young, err.text);
    json_free(json);
}

static void old_messages(void **state)
{
    static const char *const same[] = {"\"2026-11-26T10:00:00Z\"",
                                       "\"2026-11-26T11:00:00.5+01:00\"",
                                       "\"2026-11-26 11:00:00 +0100\"",
                                       "\"2026-11-26 10:00:00 UTC\"",
                                       "\"2026-11-26T10:00:00.123456789Z\"",
                                       "1795687200",
                                       "\"1795687200\"",
                                       "1795687200000"};
    static const char *const none[] = {"null",
                                       "\"\"",
                                       "\"soon\"",
                                       "\"2026-11-26\"",
                                       "\"2026-11-26T10:00:00\"",
                                       "\"2026-11-26T10h\"",
                                       "\"2026-11-26T10:00:00Z or so\"",
                                       "[]"};
    const int64_t at_s = 1795687200;
    struct settings *settings = one_hook("hooks: { ci: { secret = \"cred:a\"; service = \"a\"; environment = "
                                         "\"b\"; version = \"1\"; time = \".at\"; max_age = \"10m\"; }; };");

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
        assert_young(settings, same[i], at_s, ERR_NONE);
        assert_young(settings, same[i], at_s + 600, ERR_NONE);
        assert_young(settings, same[i], at_s + 601, ERR_FORBIDDEN);
        assert_young(settings, same[i], at_s - 300, ERR_NONE);
        assert_young(settings, same[i], at_s - 301, ERR_FORBIDDEN);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
        assert_young(settings, none[i], at_s, ERR_INVALID);
    /* Before all time, or behind it. */
    assert_young(settings, "-5", at_s, ERR_FORBIDDEN);
    assert_young(settings, "1e300", at_s, ERR_FORBIDDEN);
    assert_young(settings, "-5", 0, ERR_NONE);
    settings_free(settings);
}

#define CI "hooks: { ci: { secret = \"cred:a\"; service = \"a\"; environment = \"b\"; version = \"1\"; "

/* Who does not say when he wrote is young for ever. */
static void without_a_time(void **state)
{
    static const char *const texts[] = {"proof = \"token\"; }; };", "proof = \"standard\"; }; };",
                                        "replay = \"accepted\"; }; };"};
    char whole[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        (void)snprintf(whole, sizeof(whole), "%s%s", CI, texts[i]);
        struct settings *settings = one_hook(whole);
        assert_young(settings, "null", 1795687200, ERR_NONE);
        settings_free(settings);
    }
}

static void messages_of_our_own(void **state)
{
    static const char *const texts[] = {
        "hooks: { verdict: { secret = \"cred:ci\"; services = [ \"shop\" ]; }; };",
        "hooks: { ci: { kind = \"verdict\"; secret = \"cred:ci\"; proof = "
        "\"standard\"; services = \"shop\"; }; };"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct settings *settings = one_hook(texts[i]);
        const struct settings_hook *hook = &settings->hooks[0];
        assert_true(hook->kind == HOOK_VERDICT && hook->proof == HOOK_STANDARD && hook->services.count == 1);
        assert_int_equal(hook->max_age_ms, 300000);
        assert_int_equal(hook->fields[HOOK_SERVICE].count, 0);
        settings_free(settings);
    }
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *text, *found;
    } cases[] = {
        {"hooks = 5;", "v.conf:1: hooks: takes a group { NAME: { ... }; }"},
        {"hooks: { ci: { service = \"a\"; }; };",
         "v.conf:1: secret is missing (what the sender signs with, or shows)"},
        {"hooks: { ci: { secret = \"hunter2\"; }; };", NULL},
        {"hooks: { ci: { secret = \"cred:a\"; }; };",
         "v.conf:1: environment: say where it stands in a message\n"
         "v.conf:1: service: say where it stands in a message\n"
         "v.conf:1: version: say where it stands in a message"},
        {CI "time = \".a..b\"; }; };",
         "v.conf:1: time: '.a..b' is no path; write it like \".metadata.revision\" or \".image behind :\""},
        {CI "when = [ \".a\" ]; }; };",
         "v.conf:1: when: '.a' is not like \".status = running\" or \"no .error\""},
        {"hooks: { alertmanager: { secret = \"cred:a\"; }; };",
         "v.conf:1: 'alertmanager' needs no hook: its webhook comes with a token of ours"},
        {CI "}; };",
         "v.conf:1: time: say where it stands when a message was written; without it a recorded one starts a "
         "deployment again after 24h, unless replay = \"accepted\""},
        {CI "replay = \"yes\"; }; };", "v.conf:1: replay: 'yes' is not one of refused, accepted"},
        {CI "max_age = \"24h\"; }; };", "v.conf:1: max_age: 24h is not from 10s to 23h"},
        {"hooks: { ci: { kind = \"verdict\"; secret = \"cred:a\"; proof = \"token\";\nservice = \"a\"; when "
         "= \"no "
         ".a\"; }; };",
         "v.conf:1: proof: messages of kind \"verdict\" are signed as Standard Webhooks are\n"
         "v.conf:1: service: messages of kind \"verdict\" need none\n"
         "v.conf:1: when: messages of kind \"verdict\" need none"},
        {CI "poof = \"token\"; }; };", "v.conf:1: unknown key 'poof'; did you mean 'proof'?"},
    };
    char found[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(read_hooks(cases[i].text, found, sizeof(found)));
        if (cases[i].found != NULL)
            assert_string_equal(found, cases[i].found);
        assert_null(strstr(found, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(github_deployments),
        cmocka_unit_test(gitlab_deployments),
        cmocka_unit_test(any_json),
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(old_messages),
        cmocka_unit_test(without_a_time),
        cmocka_unit_test(messages_of_our_own),
        cmocka_unit_test(what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
