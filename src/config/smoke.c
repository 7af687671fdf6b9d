/* smoke.c - smoke tests read.
 * SPDX-License-Identifier: MIT */
#include "config/smoke.h"

#include "base/text.h"
#include "config/expectation.h"
#include "config/targets.h"

#include <string.h>

enum { SMOKE_BASE_URL, SMOKE_SETTLE, SMOKE_TIMEOUT, SMOKE_ATTEMPTS, SMOKE_EVERY, SMOKE_OPTION_COUNT };
enum {
    CHECK_GET,
    CHECK_HEAD,
    CHECK_POST,
    CHECK_TCP,
    CHECK_TLS,
    CHECK_EXEC,
    CHECK_EXPECT,
    CHECK_HEADERS,
    CHECK_BODY,
    CHECK_NAME,
    CHECK_TRUST,
    CHECK_OPTION_COUNT
};
enum { MINUTE_MS = 60 * 1000, SPARE_MS = 1000 };

static const struct option options[SMOKE_OPTION_COUNT] = {
    [SMOKE_BASE_URL] = {.name = "base_url",
                        .type = OPTION_TEXT,
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
    [CHECK_TCP] = {.name = "tcp", .type = OPTION_TEXT, .help = "what must accept, like \"{{address}}\""},
    [CHECK_TLS] = {.name = "tls",
                   .type = OPTION_TEXT,
                   .help = "what must show a certificate that is trusted, like \"{{address}}\""},
    [CHECK_EXEC] = {.name = "exec",
                    .type = OPTION_LIST,
                    .min = 1,
                    .max = DEFINITION_ARGUMENTS_MAX,
                    .help = "program and arguments that verdict-runner starts; no shell"},
    [CHECK_EXPECT] = {.name = "expect",
                      .type = OPTION_TEXT,
                      .help = "what must hold of the answer, like \"status == 200\", \"banner =~ "
                              "'^SSH-2'\" or \"days_left > 14\""},
    [CHECK_HEADERS] = {.name = "headers",
                       .type = OPTION_MAP,
                       .max = SMOKE_HEADERS_MAX,
                       .help = "headers of the request, like { Host = \"shop.example\"; }"},
    [CHECK_BODY] = {.name = "body", .type = OPTION_TEXT, .help = "what is sent with post"},
    [CHECK_NAME] = {.name = "name",
                    .type = OPTION_TEXT,
                    .help =
                        "tls: what the certificate must be for, where that is not the host that is asked"},
    [CHECK_TRUST] = {.name = "trust",
                     .type = OPTION_TEXT,
                     .help = "tls: file of the authorities to trust, in place of the system's"},
};

/* What a check asks, by the option that says so. */
static const struct {
    enum smoke_kind kind;
    const char *method;
} questions[] = {[CHECK_GET] = {SMOKE_HTTP, "GET"},   [CHECK_HEAD] = {SMOKE_HTTP, "HEAD"},
                 [CHECK_POST] = {SMOKE_HTTP, "POST"}, [CHECK_TCP] = {SMOKE_TCP, NULL},
                 [CHECK_TLS] = {SMOKE_TLS, NULL},     [CHECK_EXEC] = {SMOKE_EXEC, NULL}};

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

/* Options that another kind of check has. */
static bool check_strangers(const struct build *build, const struct node *node,
                            const struct option_value *values, enum smoke_kind kind)
{
    static const struct {
        uint8_t option;
        enum smoke_kind kind;
        const char *whose;
    } owned[] = {{CHECK_HEADERS, SMOKE_HTTP, "get, head and post"},
                 {CHECK_BODY, SMOKE_HTTP, "post"},
                 {CHECK_NAME, SMOKE_TLS, "tls"},
                 {CHECK_TRUST, SMOKE_TLS, "tls"}};
    bool is_good = true;

    for (size_t i = 0; i < ARRAY_LENGTH(owned); i++)
        if (values[owned[i].option].is_set && owned[i].kind != kind)
            is_good = report_node(build->report, tree_find(node, check_options[owned[i].option].name),
                                  "%s is of %s alone", check_options[owned[i].option].name, owned[i].whose);
    return is_good;
}

/* "host:port", as far as it is written down: a template is filled in when it is asked. */
static bool is_place(const char *text)
{
    const char *colon = strrchr(text, ':');

    if (strstr(text, "{{") != NULL)
        return true;
    return colon != NULL && colon != text && colon[1] != '\0' &&
           colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

/* Which question it is, exactly one. */
static bool take_question(const struct build *build, const struct node *node,
                          const struct option_value *values, struct smoke_check *check)
{
    size_t asked = 0;
    size_t which = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(questions); i++)
        if (values[i].is_set) {
            asked++;
            which = i;
        }
    if (asked > 1)
        return report_node(build->report, node,
                           which <= CHECK_POST
                               ? "one of get, head and post is enough"
                               : "one check asks one thing: get, head, post, tcp, tls or exec");
    if (asked == 0)
        return report_node(build->report, node, "a path is missing: get = \"/healthz\"");
    check->kind = questions[which].kind;
    check->method = questions[which].method;
    if (check->kind == SMOKE_HTTP) {
        check->path = values[which].text;
        return check->path[0] == '/' ||
               report_node(build->report, node, "the path '%s' does not begin with /", check->path);
    }
    if (check->kind == SMOKE_EXEC) {
        check->arguments = values[which].list;
        check->argument_count = values[which].list_length;
        return commands_check_exec(build, node, check->arguments, check->argument_count);
    }
    check->place = values[which].text;
    return is_place(check->place) ||
           report_node(build->report, node, "%s: '%s' is not like \"{{address}}\" or \"db.prod:5432\"",
                       check_options[which].name, check->place);
}

/* All that is wanted where nothing else is said: a connection that is made, a certificate that is trusted, a
 * command that ends well. */
static const char *usual(enum smoke_kind kind)
{
    return kind == SMOKE_EXEC ? "exit == 0" : NULL;
}

static bool take_expectation(const struct build *build, const struct node *node,
                             const struct option_value *value, struct smoke_check *check)
{
    const char *text = value->is_set ? value->text : usual(check->kind);
    struct err err;

    check->text = text;
    if (text != NULL)
        return expectation_parse(text, build->arena, check, &err) ||
               report_node(build->report, tree_find(node, "expect"), "%s", err.text);
    if (check->kind == SMOKE_HTTP)
        return report_node(build->report, node,
                           "expect is missing (what must hold of the answer, like "
                           "\"status == 200\")");
    check->expectation = (struct expression){.count = 1, .nodes = {{.op = EXPRESSION_NUMBER, .number = 1}}};
    return true;
}

static bool build_check(const struct build *build, const struct node *node, struct smoke_check *check)
{
    static const struct shape shape = {.options = check_options, .count = CHECK_OPTION_COUNT};
    struct option_value values[CHECK_OPTION_COUNT] = {{0}};

    if (!text_is_metric(node->name) && !text_is_name(node->name))
        return report_node(build->report, node, "'%s' is no name: small letters, digits, - and _",
                           node->name);
    if (!options_read(build, node, &shape, values, NULL) || !take_question(build, node, values, check) ||
        !check_strangers(build, node, values, check->kind) || !take_request(build, node, values, check))
        return false;
    check->server_name = values[CHECK_NAME].text;
    check->trust = values[CHECK_TRUST].text;
    check->name = options_keep(build, node, node->name);
    return take_expectation(build, node, &values[CHECK_EXPECT], check) && check->name != NULL;
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

/* What is asked by HTTP stands behind a URL; the rest has places of its own. */
static bool check_base_url(const struct build *build, const struct node *node, const char *url)
{
    const struct node *checks = tree_find(node, "checks");
    size_t others = 0;

    if (url != NULL)
        return text_is_web_url(url) ||
               report_node(build->report, tree_find(node, "base_url"),
                           "base_url: '%s' begins with neither http:// nor https://", url);
    if (checks != NULL && checks->kind == NODE_GROUP)
        for (size_t i = 0; i < checks->count; i++)
            others += tree_find(&checks->children[i], "tcp") != NULL ||
                      tree_find(&checks->children[i], "tls") != NULL ||
                      tree_find(&checks->children[i], "exec") != NULL;
    return (others > 0 && others == checks->count) ||
           report_node(build->report, node, "base_url is missing (%s)", options[SMOKE_BASE_URL].help);
}

bool smoke_build(const struct build *build, const struct node *node, struct smoke_definition *ret_smoke)
{
    static const char *const parts[] = {"checks", NULL};
    static const struct shape shape = {.options = options, .count = SMOKE_OPTION_COUNT, .parts = parts};
    struct option_value values[SMOKE_OPTION_COUNT] = {{0}};
    struct smoke_definition smoke = {0};

    if (!options_read(build, node, &shape, values, NULL))
        return false;
    if (!check_base_url(build, node, values[SMOKE_BASE_URL].text))
        return false;
    smoke.name = options_keep(build, node, node->name);
    smoke.base_url = values[SMOKE_BASE_URL].text;
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
    int64_t attempts = (int64_t)(smoke->attempts * (address_count > 0 ? address_count : 1));
    int64_t once_ms = 0;

    for (size_t i = 0; i < smoke->check_count; i++)
        once_ms +=
            smoke->timeout_ms + smoke->every_ms + (smoke->checks[i].kind == SMOKE_EXEC ? SMOKE_RUNNER_MS : 0);
    return smoke->settle_ms + attempts * once_ms + SPARE_MS;
}
