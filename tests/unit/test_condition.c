/* test_condition.c - conditions and smoke expectations compiled to postfix, and what is said about wrong
 * ones. SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/condition.h"
#include "config/config.h"
#include "config/expectation.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct condition_metric metrics[] = {
    {.name = "error_rate", .kind = SERIES_COUNT, .unit = "", .names_side = true},
    {.name = "latency", .kind = SERIES_HISTOGRAM, .unit = "s", .names_side = true},
    {.name = "lag", .kind = SERIES_GAUGE, .unit = "s", .names_side = false},
    {.name = "wait_ms", .kind = SERIES_GAUGE, .unit = "ms", .names_side = true},
    {.name = "cpu", .kind = SERIES_GAUGE, .unit = "%", .names_side = true},
    {.name = "up", .kind = SERIES_GAUGE, .unit = "", .names_side = true},
    {.name = "g7", .kind = SERIES_GAUGE, .unit = "", .names_side = true},
    {.name = "g8", .kind = SERIES_GAUGE, .unit = "", .names_side = true},
    {.name = "signal_high_errors", .kind = SERIES_GAUGE, .unit = "", .names_side = false},
    {.name = "signal_slow", .kind = SERIES_COUNT, .unit = "", .names_side = false},
    {.name = "g9", .kind = SERIES_GAUGE, .unit = "", .names_side = true},
};

static void write_node(struct text *text, const struct condition *condition,
                       const struct expression_node *node)
{
    static const char *const words[] = {"number",   "value",  "avg",     "max",   "min", "sum", "rate",
                                        "quantile", "absent", "extract", "+",     "-",   "*",   "/",
                                        "<",        "<=",     ">",       ">=",    "==",  "!=",  "and",
                                        "or",       "not",    "for",     "checks"};
    static const char *const sides[] = {"", "stable.", "before."};

    if (text->length > 0)
        text_add(text, " ");
    if (node->op == EXPRESSION_NUMBER) {
        text_add(text, "%.12g", node->number);
        return;
    }
    text_add(text, "%s", words[node->op]);
    if (node->op >= EXPRESSION_VALUE && node->op <= EXPRESSION_ABSENT)
        text_add(text, ":%s%s", sides[node->side], metrics[condition->metrics[node->metric]].name);
    if (node->op == EXPRESSION_QUANTILE)
        text_add(text, ":%g", node->number);
    if (node->op == EXPRESSION_EXTRACT)
        text_add(text, ":%u", node->index);
    if (node->span_ms > 0)
        text_add(text, ":%lld", (long long)node->span_ms);
    if (node->op == EXPRESSION_CHECKS)
        text_add(text, ":%u/%u", node->least, node->index);
    if (node->op >= EXPRESSION_FOR)
        text_add(text, "#%u", node->timer);
}

static void write_expression(char *to, size_t size, const struct condition *condition,
                             const struct expression *expression)
{
    struct text text;

    text_init(&text, to, size);
    for (uint8_t i = 0; i < expression->count; i++)
        write_node(&text, condition, &expression->nodes[i]);
}

static void assert_condition(const char *text, const char *expected)
{
    char written[1024];
    struct condition condition;
    struct err err = {0};

    if (!condition_parse(text, metrics, ARRAY_LENGTH(metrics), NULL, 0, &condition, &err))
        fail_msg("%s: %s", text, err.text);
    write_expression(written, sizeof(written), &condition, &condition.expression);
    assert_string_equal(written, expected);
}

static void test_comparisons(void **state)
{
    (void)state;
    assert_condition("error_rate > 5%", "value:error_rate 0.05 >");
    assert_condition("error_rate>=0.5pp", "value:error_rate 0.005 >=");
    assert_condition("up < 99% in 3 of 5 checks", "value:up 0.99 < checks:3/5#0");
    assert_condition("up == 1 in 1 of 1 check", "value:up 1 == checks:1/1#0");
    assert_condition("up != -1.5", "value:up -1.5 !=");
    assert_condition("7% <= up", "0.07 value:up <=");
    assert_condition("up > 10k or up > 2M or up > 1G",
                     "value:up 10000 > value:up 2000000 > or value:up 1000000000 > or");
    assert_condition("up + 1 > 2 * g7 - g8 / 3", "value:up 1 + 2 value:g7 * value:g8 3 / - >");
}

static void test_units_of_metrics(void **state)
{
    (void)state;
    assert_condition("lag > 5m", "value:lag 300 >");
    assert_condition("lag > 1000ms", "value:lag 1 >");
    assert_condition("lag > 1h30m", "value:lag 5400 >");
    assert_condition("wait_ms > 2s", "value:wait_ms 2000 >");
    assert_condition("wait_ms > 2500", "value:wait_ms 2500 >");
    assert_condition("cpu > 80%", "value:cpu 80 >");
    assert_condition("cpu > stable + 5pp", "value:cpu value:stable.cpu 5 + >");
    assert_condition("cpu > stable + 50%", "value:cpu value:stable.cpu 1.5 * >");
    assert_condition("up > 30s and wait_ms > 30s", "value:up 30 > value:wait_ms 30000 > and");
}

static void test_logic(void **state)
{
    (void)state;
    assert_condition("not up > 1 and g7 > 1 or g8 > 1", "value:up 1 > not value:g7 1 > and value:g8 1 > or");
    assert_condition("not (up > 1 or g7 > 1)", "value:up 1 > value:g7 1 > or not");
    assert_condition("not not absent(up)", "absent:up not not");
    assert_condition("signal(high_errors)", "value:signal_high_errors 0 !=");
    assert_condition("not signal('High-Errors') for 1m", "value:signal_high_errors 0 != for:60000#0 not");
    assert_condition("(up) > (1 + g7)", "value:up 1 value:g7 + >");
}

static void test_patience(void **state)
{
    (void)state;
    assert_condition("error_rate > 5% for 10s", "value:error_rate 0.05 > for:10000#0");
    assert_condition("lag > 5m for 2m and lag > before + 50%",
                     "value:lag 300 > for:120000#0 value:lag value:before.lag 1.5 * > and");
    assert_condition("not up < 1 for 1s", "value:up 1 < for:1000#0 not");
    assert_condition("(up < 1 or g7 < 1) for 1m", "value:up 1 < value:g7 1 < or for:60000#0");
    assert_condition("up < 1 for 10s in 2 of 64 checks", "value:up 1 < for:10000#0 checks:2/64#1");
    assert_condition("absent(latency) for 1m", "absent:latency for:60000#0");
}

static void test_aggregates(void **state)
{
    (void)state;
    assert_condition("quantile(latency, 95%, 1m) > 1000ms for 30s",
                     "quantile:latency:0.95:60000 1 > for:30000#0");
    assert_condition("quantile(latency, 0.5, 1m) > stable + 50ms",
                     "quantile:latency:0.5:60000 quantile:stable.latency:0.5:60000 0.05 + >");
    assert_condition("avg(error_rate, 1h) > 1.44% and avg(error_rate, 5m) > 1.44%",
                     "avg:error_rate:3600000 0.0144 > avg:error_rate:300000 0.0144 > and");
    assert_condition("rate(error_rate, 1m) > 2", "rate:error_rate:60000 2 >");
    assert_condition("max(up, 10s) - min(up, 10s) > sum(up, 1s)",
                     "max:up:10000 min:up:10000 - sum:up:1000 >");
}

static void test_other_sides(void **state)
{
    (void)state;
    assert_condition("up < stable - 10%", "value:up value:stable.up 0.9 * <");
    assert_condition("up > stable(g7) * 2", "value:up value:stable.g7 2 * >");
    assert_condition("up > stable(avg(g7, 1m)) + 30%", "value:up avg:stable.g7:60000 1.3 * >");
    assert_condition("stable(up) > 1", "value:stable.up 1 >");
    assert_condition("avg(up, 5m) > before", "avg:up:300000 avg:before.up:300000 >");
    assert_condition("up > (stable + 1)", "value:up value:stable.up 1 + >");
    assert_condition("lag > before(lag) + 1s", "value:lag value:before.lag 1 + >");
}

static const char *const wrong_conditions[][2] = {
    {"", "condition, column 1: something is missing at the end"},
    {"error_rate", "condition, column 1: a comparison is missing here, like `... > 5%`"},
    {"error_rate >", "condition, column 13: something is missing at the end"},
    {"error_rat > 5%", "condition, column 1: unknown metric 'error_rat'; did you mean 'error_rate'?"},
    {"nothing_like_it > 5%", "condition, column 1: unknown metric 'nothing_like_it'"},
    {"up > 5 and nowhere > 3", "condition, column 12: unknown metric 'nowhere'"},
    {"stabel > 5", "condition, column 1: unknown metric 'stabel'; did you mean 'stable'?"},
    {"up > 5x", "condition, column 6: unknown unit; known are % pp ms s m h d k M G"},
    {"up > 5m3", "condition, column 6: a unit is missing behind the last number"},
    {"up > 5m3%", "condition, column 6: only times may stand together, like 1h30m"},
    {"up > 5.", "condition, column 6: this is no number"},
    {"up > 12345678901234567890123456789012", "condition, column 6: this is no number"},
    {"up > 1 && g7 > 1", "condition, column 8: write `and` instead of &&"},
    {"up = 1", "condition, column 4: write == to compare"},
    {"up > 1 ; x", "condition, column 8: nothing begins like this"},
    {"up > 1 > 2", "condition, column 8: comparisons cannot be chained; write `a < b and b < c`"},
    {"5 > 3", "condition, column 1: nothing is measured in this comparison"},
    {"(up > 1", "condition, column 8: ) is missing at the end"},
    {"(up > 1 g7", "condition, column 9: ) is missing before 'g7'"},
    {"up > 1)", "condition, column 7: ')' is too much here"},
    {"up > (g7 > 1)", "condition, column 6: a number is missing here; this is already true or false"},
    {"not up", "condition, column 5: a comparison is missing here, like `... > 5%`"},
    {"up and g7 > 1", "condition, column 1: a comparison is missing here, like `... > 5%`"},
    {"up > 1 or g7", "condition, column 11: a comparison is missing here, like `... > 5%`"},
    {"up for 3s", "condition, column 4: a comparison is missing here, like `... > 5%`"},
    {"up > 1 for 3", "condition, column 12: a time is missing here, like 30s or 5m"},
    {"up > 1 for 0s", "condition, column 12: 0s is not from 1ms to 1d"},
    {"up > 1 for 25h", "condition, column 12: 25h is not from 1ms to 1d"},
    {"up > 1 in 5 of 3 checks",
     "condition, column 11: 5 of 3 checks can never be true; the first number is the smaller one"},
    {"up > 1 in 2 of 65 checks", "condition, column 16: a whole number from 1 to 64 is missing here"},
    {"up > 1 in 1.5 of 3 checks", "condition, column 11: a whole number from 1 to 64 is missing here"},
    {"up > 1 in 2 checks", "condition, column 13: of is missing before 'checks'"},
    {"up > 1 in 2 of 3", "condition, column 17: checks is missing at the end"},
    {"up > +25%", "condition, column 6: nothing stands before the +; write stable + ... or before + ..."},
    {"up > g7 + 25%",
     "condition, column 11: a percentage is added to `stable` or `before` only; a difference "
     "is written in pp"},
    {"up > -g7", "condition, column 6: - stands before a number only; write 0 - ..."},
    {"up > * 3", "condition, column 6: '*' cannot stand here"},
    {"up == 'x'", "condition, column 7: a text stands behind == or =~ only"},
    {"up =~ 'x'", "condition, column 4: =~ compares body with a 'pattern'"},
    {"up == 'x", "condition, column 7: a text without its closing '"},
    {"latency > 3", "condition, column 1: a histogram has no value of its own; compare a quantile of it, "
                    "like quantile(NAME, 95%, 1m)"},
    {"avg(latency, 1m) > 3", "condition, column 5: a histogram has no value of its own; compare a quantile "
                             "of it, like quantile(NAME, 95%, 1m)"},
    {"quantile(up, 95%, 1m) > 3", "condition, column 10: quantile() takes a metric of kind histogram"},
    {"quantile(latency, 95, 1m) > 3", "condition, column 19: a level is missing here, like 95%"},
    {"quantile(latency, 1m) > 3", "condition, column 19: a level is missing here, like 95%"},
    {"rate(up, 1m) > 3",
     "condition, column 6: rate() is events per second: it takes a metric of kind counter"},
    {"avg(up) > 3", "condition, column 7: , is missing before ')'"},
    {"avg(3, 1m) > 3", "condition, column 5: the name of a metric is missing here"},
    {"avg up > 3", "condition, column 5: ( is missing before 'up'"},
    {"lag > stable", "condition, column 7: 'lag' has no series of its own for stable; compare with before"},
    {"up > stable(lag)",
     "condition, column 13: 'lag' has no series of its own for stable; compare with before"},
    {"stable > 1", "condition, column 1: a bare stable needs one metric left of the comparison; write "
                   "stable(metric)"},
    {"up + 1 > before", "condition, column 10: a bare before needs one metric left of the comparison; write "
                        "before(metric)"},
    {"signal('x')", "condition, column 8: the signal 'x' is not known here"},
    {"signal(slow)", "condition, column 8: a signal is a gauge; 'signal_slow' is another kind of metric"},
    {"signal()", "condition, column 8: the name of an alert is missing here, like signal(high_errors)"},
    {"signal('')", "condition, column 8: the name of an alert is missing here, like signal(high_errors)"},
    {"signal > 1", "condition, column 8: ( is missing before '>'"},
    {"signal(high_errors) > 1",
     "condition, column 1: a number is missing here; this is already true or false"},
    {"lag > wait_ms", "condition, column 1: metrics of different units are compared ('s' and 'ms')"},
    {"up > 1 for 1s or up > 2 for 1s or up > 3 for 1s or up > 4 for 1s or up > 5 for 1s",
     "condition, column 76: more than 4 `for` and `in ... checks`"},
    {"((((((((((((((((((up))))))))))))))))))", "condition, column 17: too many parentheses in one another"},
    {"not not not not not not not not not not not not not not not not not up > 1",
     "condition, column 65: too many `not`"},
    {"up+(up+(up+(up+(up+(up+(up+(up+(up+(up+(up+(up+(up+(up+(up+(up+up)))))))))))))) > 1",
     "condition, column 64: too long; split it into several rules"},
    {"up+error_rate+lag+wait_ms+cpu+g7+g8+g9+quantile(latency,9%,1s) > 1",
     "condition, column 49: more than 8 metrics in one rule"},
};

static void test_wrong_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong_conditions); i++) {
        struct condition condition;
        struct err err = {0};
        if (condition_parse(wrong_conditions[i][0], metrics, ARRAY_LENGTH(metrics), NULL, 0, &condition,
                            &err))
            fail_msg("'%s' is taken", wrong_conditions[i][0]);
        assert_string_equal(err.text, wrong_conditions[i][1]);
    }
}

static void test_too_many_nodes(void **state)
{
    char text[1024] = "up > 1";
    struct condition condition;
    struct err err = {0};

    (void)state;
    for (int i = 0; i < 11; i++) {
        struct text more = {.data = text, .size = sizeof(text), .length = strlen(text)};
        text_add(&more, " or up > 1");
    }
    assert_true(condition_parse(text, metrics, ARRAY_LENGTH(metrics), NULL, 0, &condition, &err));
    assert_int_equal(condition.expression.count, 47);
    struct text more = {.data = text, .size = sizeof(text), .length = strlen(text)};
    text_add(&more, " or up > 1");
    assert_false(condition_parse(text, metrics, ARRAY_LENGTH(metrics), NULL, 0, &condition, &err));
    assert_non_null(strstr(err.text, "too long; split it into several rules"));
}

static void test_known_names_are_suggested(void **state)
{
    static const char *const known[] = {"backlog"};
    struct condition condition;
    struct err err = {0};

    (void)state;
    assert_false(condition_parse("baklog > 1", metrics, ARRAY_LENGTH(metrics), known, 1, &condition, &err));
    assert_string_equal(err.text, "condition, column 1: unknown metric 'baklog'; did you mean 'backlog'?");
}

static void test_compile(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    static const enum series_kind kinds[] = {SERIES_GAUGE, SERIES_COUNT, SERIES_HISTOGRAM};
    struct expression expression;
    struct err err = {0};

    (void)state;
    assert_true(
        condition_compile("quantile(c, 99%, 1m) > 300ms or b > 1%", names, kinds, 3, &expression, &err));
    assert_int_equal(expression.nodes[0].metric, 2);
    assert_true(expression.nodes[1].number == 0.3);
    assert_int_equal(expression.nodes[3].metric, 1);
    assert_false(condition_compile("d > 1", names, kinds, 3, &expression, &err));
    assert_false(condition_compile("d > 1", names, kinds, 1000, &expression, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

static void test_names_in_conditions(void **state)
{
    char name[8];
    char longer[16];
    size_t at = 0;
    const char *text = "avg(up, 5m) > 'lag' and cpu_of_everything > stable";

    (void)state;
    assert_true(condition_next_name(text, &at, name, sizeof(name)));
    assert_string_equal(name, "up");
    assert_true(condition_next_name(text, &at, name, sizeof(name)));
    assert_string_equal(name, "cpu_of_");
    assert_false(condition_next_name(text, &at, name, sizeof(name)));
    at = 0;
    assert_false(condition_next_name("5x up", &at, name, sizeof(name)));
    at = 0;
    assert_false(condition_next_name("signal > 5", &at, name, sizeof(name)));
    at = 0;
    assert_false(condition_next_name("signal(", &at, name, sizeof(name)));
    at = 0;
    assert_true(condition_next_name("signal('X') and up", &at, longer, sizeof(longer)));
    assert_string_equal(longer, "signal_x");
    assert_true(condition_next_name("signal('X') and up", &at, name, sizeof(name)));
    assert_string_equal(name, "up");
    assert_true(condition_is_reserved("quantile"));
    assert_false(condition_is_reserved("up"));
}

static void assert_expectation_of(enum smoke_kind kind, const char *text, const char *expected,
                                  const char *extracts)
{
    static const char *const kinds[] = {"status", "time",   "json",      "json==", "header",
                                        "body",   "banner", "days_left", "exit",   "output"};
    alignas(max_align_t) unsigned char memory[4096];
    char written[1024];
    struct arena arena;
    struct smoke_check check = {.kind = kind};
    struct err err = {0};
    struct text list;

    arena_init(&arena, memory, sizeof(memory));
    if (!expectation_parse(text, &arena, &check, &err))
        fail_msg("%s: %s", text, err.text);
    write_expression(written, sizeof(written), NULL, &check.expectation);
    assert_string_equal(written, expected);
    text_init(&list, written, sizeof(written));
    for (uint8_t i = 0; i < check.extract_count; i++) {
        const struct smoke_extract *extract = &check.extracts[i];
        text_add(&list, "%s%s", i == 0 ? "" : " ", kinds[extract->kind]);
        if (extract->path != NULL)
            text_add(&list, "(%s)", extract->path);
        if (extract->text != NULL)
            text_add(&list, "=%s", extract->text);
    }
    assert_string_equal(written, extracts);
}

static void assert_expectation(const char *text, const char *expected, const char *extracts)
{
    assert_expectation_of(SMOKE_HTTP, text, expected, extracts);
}

static void test_expectations_of_connections(void **state)
{
    alignas(max_align_t) unsigned char memory[4096];
    static const struct {
        enum smoke_kind kind;
        const char *text, *why;
    } wrong[] = {
        {SMOKE_TCP, "status == 200", "expect, column 1: unknown word 'status'; known are time, banner"},
        {SMOKE_TLS, "banner =~ 'x'", "expect, column 1: unknown word 'banner'; known are time, days_left"},
        {SMOKE_TCP, "json('.a') == 1", "expect, column 1: unknown word 'json'; known are time, banner"},
        {SMOKE_TCP, "header('a') == 'b'", "expect, column 1: unknown word 'header'; known are time, banner"},
        {SMOKE_TCP, "banner == 5",
         "expect, column 1: banner is compared with =~ or !~ and a pattern in single quotes"},
        {SMOKE_TLS, "days_left == 'x'", "expect, column 11: == cannot compare this with a text"},
        {SMOKE_EXEC, "status == 0",
         "expect, column 1: unknown word 'status'; known are exit, time, output, json()"},
        {SMOKE_EXEC, "output == 'x'", "expect, column 8: == cannot compare this with a text"},
        {SMOKE_HTTP, "exit == 0",
         "expect, column 1: unknown word 'exit'; known are status, time, json(), header(), body"},
    };

    (void)state;
    assert_expectation_of(SMOKE_TCP, "banner =~ '^SSH-2' and time < 1s",
                          "extract:0 1 == extract:1 1000 < and", "banner(^SSH-2) time");
    assert_expectation_of(SMOKE_TLS, "days_left > 14", "extract:0 14 >", "days_left");
    assert_expectation_of(SMOKE_EXEC, "exit == 0 and time < 2s and output =~ 'ok' and json('.v') == version",
                          "extract:0 0 == extract:1 2000 < and extract:2 1 == and extract:3 1 == and",
                          "exit time output(ok) json==(.v)={{version}}");
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct arena arena;
        struct smoke_check check = {.kind = wrong[i].kind};
        struct err err = {0};
        arena_init(&arena, memory, sizeof(memory));
        if (expectation_parse(wrong[i].text, &arena, &check, &err))
            fail_msg("'%s' is taken", wrong[i].text);
        assert_string_equal(err.text, wrong[i].why);
    }
}

static void test_expectations(void **state)
{
    (void)state;
    assert_expectation("status == 200 and time < 300ms", "extract:0 200 == extract:1 300 < and",
                       "status time");
    assert_expectation("time < 1.5s", "extract:0 1500 <", "time");
    assert_expectation("time < 300", "extract:0 300 <", "time");
    assert_expectation("json('.version') == version", "extract:0 1 ==", "json==(.version)={{version}}");
    assert_expectation("json('.v') != '{{slot}}-1'", "extract:0 1 !=", "json==(.v)={{slot}}-1");
    assert_expectation("json('.ok') == true", "extract:0 1 ==", "json==(.ok)=true");
    assert_expectation("json('.n') * 2 > 4 and json('.n') < 5%", "extract:0 2 * 4 > extract:0 0.05 < and",
                       "json(.n)");
    assert_expectation("header('content-type') == 'text/plain'",
                       "extract:0 1 ==", "header(content-type)=text/plain");
    assert_expectation("body =~ '^ok$' and not body !~ 'x'", "extract:0 1 == extract:1 1 != not and",
                       "body(^ok$) body(x)");
    assert_expectation("status >= 200 and status < 300", "extract:0 200 >= extract:0 300 < and", "status");
}

static void test_wrong_expectations(void **state)
{
    static const char *const cases[][2] = {
        {"status", "expect, column 1: a comparison is missing here, like `... > 5%`"},
        {"statuss == 200",
         "expect, column 1: unknown word 'statuss'; known are status, time, json(), header(), body"},
        {"status == 'ok'", "expect, column 8: == cannot compare this with a text"},
        {"5 == 'ok'", "expect, column 3: == cannot compare this with a text"},
        {"json('.a') < 'ok'", "expect, column 12: < cannot compare this with a text"},
        {"json('a') == 'ok'", "expect, column 5: a JSON path begins with a point, like '.version'"},
        {"json(a) == 'ok'", "expect, column 6: a text in single quotes is missing here"},
        {"header('a') == 5",
         "expect, column 1: a header is compared with == or != and a text in single quotes"},
        {"body == 5", "expect, column 1: body is compared with =~ or !~ and a pattern in single quotes"},
        {"body == 'x'", "expect, column 6: == cannot compare this with a text"},
        {"status =~ 5", "expect, column 8: =~ compares body with a 'pattern'"},
        {"status == 200 for 3s",
         "expect, column 15: an answer is judged once; `attempts` says how often it is "
         "asked for"},
        {"json('.a')==1 and json('.b')==1 and json('.c')==1 and json('.d')==1 and json('.e')==1 and "
         "json('.f')==1 and json('.g')==1 and json('.h')==1 and json('.i')==1",
         "expect, column 145: more than 8 things are asked of one answer"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        alignas(max_align_t) unsigned char memory[4096];
        struct arena arena;
        struct smoke_check check = {0};
        struct err err = {0};
        arena_init(&arena, memory, sizeof(memory));
        if (expectation_parse(cases[i][0], &arena, &check, &err))
            fail_msg("'%s' is taken", cases[i][0]);
        assert_string_equal(err.text, cases[i][1]);
    }
}

static void test_expectation_memory_ends(void **state)
{
    alignas(max_align_t) unsigned char memory[16];
    struct arena arena;
    struct smoke_check check = {0};
    struct err err = {0};

    (void)state;
    arena_init(&arena, memory, sizeof(memory));
    assert_false(expectation_parse("json('.version_of_the_program') == version", &arena, &check, &err));
    assert_non_null(strstr(err.text, "larger than their memory"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_units_of_metrics),
        cmocka_unit_test(test_logic),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_aggregates),
        cmocka_unit_test(test_other_sides),
        cmocka_unit_test(test_wrong_conditions),
        cmocka_unit_test(test_too_many_nodes),
        cmocka_unit_test(test_known_names_are_suggested),
        cmocka_unit_test(test_compile),
        cmocka_unit_test(test_names_in_conditions),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_expectations_of_connections),
        cmocka_unit_test(test_wrong_expectations),
        cmocka_unit_test(test_expectation_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
