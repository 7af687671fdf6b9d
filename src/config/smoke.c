/* smoke.c - smoke tests read.
 * SPDX-License-Identifier: MIT */
#include "config/smoke.h"

#include "base/text.h"
#include "config/expectation.h"

#include <string.h>

enum { SMOKE_BASE_URL, SMOKE_SETTLE, SMOKE_TIMEOUT, SMOKE_ATTEMPTS, SMOKE_EVERY, SMOKE_OPTION_COUNT };
enum { CHECK_GET, CHECK_HEAD, CHECK_POST, CHECK_EXPECT, CHECK_HEADERS, CHECK_BODY, CHECK_OPTION_COUNT };
enum { MINUTE_MS = 60 * 1000, SPARE_MS = 1000 };

static const struct option options[SMOKE_OPTION_COUNT] = {
    [SMOKE_BASE_URL] = {.name = "base_url",
                        .type = OPTION_TEXT,
                        .is_required = true,
                        .help = "what stands before every path, like \"http://{{address}}\""},
    [SMOKE_SETTLE] = {.name = "settle",
                      .type = OPTION_DURATION,
                      .min = 0,
                      .max = 10 * MINUTE_MS,
                      .fallback = "0s",
                      .help = "wait before the first request"},
    [SMOKE_TIMEOUT] = {.name = "timeout",
                       .type = OPTION_DURATION,
                       .min = 10,
                       .max = MINUTE_MS,
                       .fallback = "2s",
                       .help = "longest time of one answer"},
    [SMOKE_ATTEMPTS] = {.name = "attempts",
                        .type = OPTION_INTEGER,
                        .min = 1,
                        .max = 100,
                        .fallback = "3",
                        .help = "how often a check may be tried"},
    [SMOKE_EVERY] = {.name = "every",
                     .type = OPTION_DURATION,
                     .min = 10,
                     .max = MINUTE_MS,
                     .fallback = "1s",
                     .help = "pause between two attempts"},
};

static const struct option check_options[CHECK_OPTION_COUNT] = {
    [CHECK_GET] = {.name = "get", .type = OPTION_TEXT, .help = "path that is asked with GET"},
    [CHECK_HEAD] = {.name = "head", .type = OPTION_TEXT, .help = "path that is asked with HEAD"},
    [CHECK_POST] = {.name = "post", .type = OPTION_TEXT, .help = "path that is asked with POST"},
    [CHECK_EXPECT] = {.name = "expect",
                      .type = OPTION_TEXT,
                      .is_required = true,
                      .help = "what must hold of the answer, like \"status == 200\""},
    [CHECK_HEADERS] = {.name = "headers",
                       .type = OPTION_MAP,
                       .max = SMOKE_HEADERS_MAX,
                       .help = "headers of the request, like { Host = \"shop.example\"; }"},
    [CHECK_BODY] = {.name = "body", .type = OPTION_TEXT, .help = "what is sent with post"},
};

static const char *const methods[] = {[CHECK_GET] = "GET", [CHECK_HEAD] = "HEAD", [CHECK_POST] = "POST"};

/* What goes with the request beside its path. */
static bool take_request(const struct build *build, const struct node *node,
                         const struct option_value *values, struct smoke_check *check)
{
    const struct option_value *headers = &values[CHECK_HEADERS];

    check->headers = headers->list;
    check->header_count = headers->list_length / 2;
    check->body = values[CHECK_BODY].text;
    for (size_t i = 0; i < headers->list_length; i++)
        if (strpbrk(headers->list[i], "\r\n") != NULL)
            return report_node(build->report, tree_find(node, "headers"),
                               "headers: '%s' has more than one line", headers->list[i & ~(size_t)1]);
    if (check->body == NULL)
        return true;
    if (!values[CHECK_POST].is_set)
        return report_node(build->report, tree_find(node, "body"), "body: only post sends one");
    return strlen(check->body) <= SMOKE_BODY_MAX ||
           report_node(build->report, tree_find(node, "body"), "body: longer than %d bytes", SMOKE_BODY_MAX);
}

static bool build_check(const struct build *build, const struct node *node, struct smoke_check *check)
{
    static const struct shape shape = {.options = check_options, .count = CHECK_OPTION_COUNT};
    struct option_value values[CHECK_OPTION_COUNT] = {{0}};
    struct err err;

    if (!text_is_metric(node->name) && !text_is_name(node->name))
        return report_node(build->report, node, "'%s' is no name: small letters, digits, - and _",
                           node->name);
    if (!options_read(build, node, &shape, values, NULL))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
        if (!values[i].is_set)
            continue;
        if (check->method != NULL)
            return report_node(build->report, node, "one of get, head and post is enough");
        check->method = methods[i];
        check->path = values[i].text;
    }
    if (check->method == NULL)
        return report_node(build->report, node, "a path is missing: get = \"/healthz\"");
    if (check->path[0] != '/')
        return report_node(build->report, node, "the path '%s' does not begin with /", check->path);
    if (!take_request(build, node, values, check))
        return false;
    check->name = options_keep(build, node, node->name);
    if (!expectation_parse(values[CHECK_EXPECT].text, build->arena, check, &err))
        return report_node(build->report, tree_find(node, "expect"), "%s", err.text);
    return check->name != NULL;
}

static bool build_checks(const struct build *build, const struct node *node, struct smoke_definition *smoke)
{
    const struct node *checks = tree_find(node, "checks");
    bool is_good = true;

    if (checks == NULL || checks->kind != NODE_GROUP || checks->count == 0)
        return report_node(
            build->report, checks == NULL ? node : checks,
            "checks is missing: checks: { NAME: { get = \"/\"; expect = \"status == 200\"; }; }");
    if (checks->count > DEFINITION_CHECKS_MAX)
        return report_node(build->report, checks, "more than %d checks in one smoke test",
                           DEFINITION_CHECKS_MAX);
    struct smoke_check *array = options_array(build, checks, checks->count, sizeof(*array));
    if (array == NULL)
        return false;
    for (size_t i = 0; i < checks->count; i++)
        is_good = build_check(build, &checks->children[i], &array[i]) && is_good;
    smoke->checks = array;
    smoke->check_count = checks->count;
    return is_good;
}

bool smoke_build(const struct build *build, const struct node *node, struct smoke_definition *ret_smoke)
{
    static const char *const parts[] = {"checks", NULL};
    static const struct shape shape = {.options = options, .count = SMOKE_OPTION_COUNT, .parts = parts};
    struct option_value values[SMOKE_OPTION_COUNT] = {{0}};
    struct smoke_definition smoke = {0};

    if (!options_read(build, node, &shape, values, NULL))
        return false;
    const char *url = values[SMOKE_BASE_URL].text;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return report_node(build->report, tree_find(node, "base_url"),
                           "base_url: '%s' begins with neither http:// nor https://", url);
    smoke.name = options_keep(build, node, node->name);
    smoke.base_url = url;
    smoke.settle_ms = values[SMOKE_SETTLE].duration_ms;
    smoke.timeout_ms = values[SMOKE_TIMEOUT].duration_ms;
    smoke.every_ms = values[SMOKE_EVERY].duration_ms;
    smoke.attempts = (uint16_t)values[SMOKE_ATTEMPTS].number;
    if (smoke.name == NULL || !build_checks(build, node, &smoke))
        return false;
    *ret_smoke = smoke;
    return true;
}

int64_t smoke_limit_ms(const struct smoke_definition *smoke, size_t address_count)
{
    int64_t requests =
        (int64_t)(smoke->check_count * smoke->attempts * (address_count > 0 ? address_count : 1));

    return smoke->settle_ms + requests * (smoke->timeout_ms + smoke->every_ms) + SPARE_MS;
}
