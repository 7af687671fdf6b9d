/* test_deployment_spans.c - rows of the journal as spans of OTLP: ids, parents, times, and what is said of
 * each.
 * SPDX-License-Identifier: MIT */
#include "api/deployment_spans.h"

#include "base/attributes.h"
#include "orchestrator/deployment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/golden.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define KEPT  "00-" TRACE "-00f067aa0ba902b7-01"

enum { BEGIN_S = 1764000000 };

static int64_t at(int64_t ms)
{
    return INT64_C(1000) * BEGIN_S + ms;
}

static const struct spans_origin origin = {.instance = "desk", .link = "https://verdict.example.org/#/"};
static struct plan plan = {.count = 5,
                           .steps = {{.kind = STEP_COMMAND, .reference = 0},
                                     {.kind = STEP_SMOKE, .reference = 0},
                                     {.kind = STEP_ROUTE, .share = 500},
                                     {.kind = STEP_OBSERVE, .duration_ms = 300000},
                                     {.kind = STEP_OBSERVE, .duration_ms = 1800000, .is_watch = true}}};
static const struct command_definition commands[] = {{.name = "deploy"}};
static const struct smoke_definition smokes[] = {{.name = "http-basic"}};
static const struct rule_definition rules[] = {{.name = "errors", .text = "error_rate > 5% for 10s"}};
static const struct definition definition = {.service = "shop",
                                             .environment = "prod",
                                             .plan = &plan,
                                             .command_count = 1,
                                             .commands = commands,
                                             .smoke_count = 1,
                                             .smokes = smokes,
                                             .rule_count = 1,
                                             .rules = rules};

static struct journal_deployment row_of(enum deployment_phase phase, enum ending ending)
{
    return (struct journal_deployment){.id = 12,
                                       .service = "shop",
                                       .environment = "prod",
                                       .version = "2.4.1",
                                       .digest = "sha256:ab",
                                       .previous = "2.4.0",
                                       .strategy = "canary",
                                       .actor = "ci-shop",
                                       .reason = "a release",
                                       .run_url = "https://ci.example.org/7",
                                       .commit = "9f2c1ab",
                                       .created_ms = at(0),
                                       .ended_ms = at(60000),
                                       .why = "errors is above its bound",
                                       .traceparent = KEPT,
                                       .state = {.id = 12, .phase = phase, .ending = ending}};
}

struct telling {
    int64_t at_ms;
    enum trace_kind kind;
    uint32_t a, b;
    const char *actor, *reason;
};

static void tell(struct deployment_spans *spans, const struct telling *tellings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct telling *one = &tellings[i];
        const struct journal_audit row = {.event = i + 1,
                                          .wall_ms = at(one->at_ms),
                                          .what = trace_kind_name(one->kind),
                                          .a = one->a,
                                          .b = one->b,
                                          .actor = one->actor == NULL ? "" : one->actor,
                                          .reason = one->reason == NULL ? "" : one->reason};
        deployment_spans_audit(spans, &row);
    }
}

static void act(struct deployment_spans *spans, const struct journal_action *actions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        deployment_spans_action(spans, &actions[i]);
}

/* A canary whose rule fails while 5 % of the users have it. */
static void write_back(struct deployment_spans *spans)
{
    static const struct telling tellings[] = {
        {100, TRACE_PHASE, PHASE_ADMITTING, 0, NULL, NULL},
        {400, TRACE_PHASE, PHASE_RUNNING, 0, NULL, NULL},
        {400, TRACE_STEP, 0, 1, NULL, NULL},
        {400, TRACE_ACTION, 2, ACTION_COMMAND, NULL, NULL},
        {5400, TRACE_STEP, 1, 2, NULL, NULL},
        {6000, TRACE_STEP, 2, 3, NULL, NULL},
        {6200, TRACE_CONFIRMED, 500, 0, NULL, NULL},
        {6200, TRACE_STEP, 3, 4, NULL, NULL},
        {9000, TRACE_HELD, HOLD_PERSON, UINT8_MAX, "alice", "let me look"},
        {12000, TRACE_RESUMED, 0, 0, "alice", ""},
        {50000, TRACE_FAIL, 0, 3, NULL, NULL},
        {50000, TRACE_QUARANTINE, 0, 0, NULL, NULL},
        {50000, TRACE_PHASE, PHASE_ROLLING_BACK, ENDING_FAILED, NULL, NULL},
        {60000, TRACE_PHASE, PHASE_ROLLED_BACK, ENDING_FAILED, NULL, NULL},
        {99000, TRACE_RETIRED, 0, 0, NULL, NULL}, /* after its end: none of it */
    };
    const struct journal_action actions[] = {
        {1, ACTION_REHEARSE, 0, 0, 1, 0, 0, false, true, RESULT_DONE, 1000, 1300, at(100)},
        {2, ACTION_COMMAND, 0, 0, 2, 0, 1, false, true, RESULT_DONE, 1300, 6300, at(400)},
        {3, ACTION_SMOKE, 0, 0, 1, 1, 2, false, true, RESULT_DONE, 6300, 6900, at(5400)},
        {4, ACTION_ROUTE, PLAN_NONE, 500, 1, 2, 3, false, true, RESULT_DONE, 6900, 7100, at(6000)},
        {5, ACTION_ROUTE, PLAN_NONE, 0, 1, 3, 4, true, true, RESULT_FAILED, 51000, 51050, at(50000)},
        {6, ACTION_VERIFY, 0, 0, 0, 3, 4, true, false, RESULT_DONE, 51050, 0, at(50050)},
        {7, ACTION_COMMAND, 0, 0, 1, 3, 4, false, true, RESULT_DONE, 90000, 90001, at(60000)},
    };
    const struct journal_verdict verdicts[] = {
        {.id = 1,
         .rule = 0,
         .step = 3,
         .attempt = 4,
         .wall_ms = at(50000),
         .judgement = {.verdict = VERDICT_FAIL, .value = 0.07, .bound = 0.05, .count = 900}},
        {.id = 2, .attempt = 4, .wall_ms = at(50000), .judgement = {.verdict = VERDICT_PASS, .value = NAN}},
    };

    tell(spans, tellings, ARRAY_LENGTH(tellings));
    act(spans, actions, ARRAY_LENGTH(actions));
    for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++)
        deployment_spans_verdict(spans, &verdicts[i]);
}

static void what_was_taken_back(void **state)
{
    struct journal_deployment row = row_of(PHASE_ROLLED_BACK, ENDING_FAILED);
    struct deployment_spans spans;

    (void)state;
    assert_true(deployment_spans_begin(&spans, &origin, &row, &definition));
    write_back(&spans);
    golden_check(deployment_spans_end(&spans), "rolled_back.json");
}

/* Whose trace began here, and whose sealed text nobody can read any more. */
static void what_was_promoted(void **state)
{
    static const struct telling tellings[] = {
        {0, TRACE_PHASE, PHASE_ADMITTING, 0, NULL, NULL},
        {300, TRACE_STEP, 3, 1, NULL, NULL},
        {5000, TRACE_STEP_PASS, 3, 1, NULL, NULL},
        {60000, TRACE_PHASE, PHASE_PROMOTED, ENDING_PASSED, NULL, NULL},
    };
    struct journal_deployment row = row_of(PHASE_PROMOTED, ENDING_PASSED);
    struct deployment_spans spans;

    (void)state;
    row.traceparent = "00-" TRACE "-0000000000000000-01";
    row.run_url = row.digest = row.commit = row.reason = "";
    assert_true(deployment_spans_begin(&spans, &origin, &row, NULL));
    tell(&spans, tellings, ARRAY_LENGTH(tellings));
    golden_check(deployment_spans_end(&spans), "promoted.json");
}

static char *twice(void)
{
    struct journal_deployment row = row_of(PHASE_ROLLED_BACK, ENDING_FAILED);
    struct deployment_spans spans;

    assert_true(deployment_spans_begin(&spans, &origin, &row, &definition));
    write_back(&spans);
    return deployment_spans_end(&spans);
}

static void the_same_rows_are_the_same_spans(void **state)
{
    char *first = twice();
    char *second = twice();

    (void)state;
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void what_nobody_records_is_left_alone(void **state)
{
    struct journal_deployment row = row_of(PHASE_PROMOTED, ENDING_PASSED);
    struct deployment_spans spans;

    (void)state;
    row.traceparent = "00-" TRACE "-00f067aa0ba902b7-00";
    assert_false(deployment_spans_begin(&spans, &origin, &row, &definition));
    row.traceparent = "";
    assert_false(deployment_spans_begin(&spans, &origin, &row, &definition));
}

static const char *status_of(enum deployment_phase phase, enum ending ending)
{
    static char status[16];
    struct journal_deployment row = row_of(phase, ending);
    struct deployment_spans spans;
    cJSON *root = NULL;

    assert_true(deployment_spans_begin(&spans, &origin, &row, &definition));
    char *text = deployment_spans_end(&spans);
    assert_true(json_parse(text, strlen(text), NULL, &root, NULL));
    status[0] = '\0';
    const struct cJSON *list = json_path(root, ".resourceSpans[0].scopeSpans[0].spans[0].attributes");
    const struct cJSON *one = NULL;
    cJSON_ArrayForEach(one, list)
    {
        if (strcmp(json_text_of(one, "key"), "deployment.status") == 0)
            (void)snprintf(status, sizeof(status), "%s",
                           json_text_of(json_path(one, ".value"), "stringValue"));
    }
    json_free(root);
    free(text);
    return status;
}

static void an_end_has_a_status(void **state)
{
    (void)state;
    assert_string_equal(status_of(PHASE_PROMOTED, ENDING_OVERRIDE), "succeeded");
    assert_string_equal(status_of(PHASE_ROLLED_BACK, ENDING_PASSED), "succeeded"); /* a trial */
    assert_string_equal(status_of(PHASE_ROLLED_BACK, ENDING_ABORTED), "failed");
    assert_string_equal(status_of(PHASE_REJECTED, ENDING_REFUSED), "failed");
    assert_string_equal(status_of(PHASE_CANCELLED, ENDING_ABORTED), "");
    assert_string_equal(status_of(PHASE_SUPERSEDED, ENDING_REPLACED), "");
}

/* Everything has a bound, and what is beyond is counted. */
static void limits_are_kept(void **state)
{
    struct journal_deployment row = row_of(PHASE_PROMOTED, ENDING_PASSED);
    struct deployment_spans spans;
    char name[32];

    (void)state;
    assert_true(deployment_spans_begin(&spans, &origin, &row, &definition));
    for (uint32_t i = 0; i < SPANS_MAX + 2; i++) {
        const struct journal_action action = {.sequence = i, .kind = ACTION_COMMAND, .wall_ms = at(1)};
        deployment_spans_action(&spans, &action);
    }
    for (uint32_t i = 0; i < SPANS_EVENTS_MAX + 2; i++) {
        const struct telling telling = {10, TRACE_HELD, 0, 0, NULL, NULL};
        tell(&spans, &telling, 1);
    }
    assert_int_equal(spans.spans.count, SPANS_MAX);
    assert_int_equal(spans.spans.left_out, 3);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(spans.own, "events")),
                     SPANS_EVENTS_MAX);
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(spans.own, "droppedEventsCount")->valueint, 2);
    char *text = deployment_spans_end(&spans);
    (void)snprintf(name, sizeof(name), "{\"intValue\":\"%d\"}", 3);
    assert_non_null(strstr(text, name));
    free(text);
}

/* A long text is cut between characters. */
static void a_long_text_is_cut(void **state)
{
    struct journal_deployment row = row_of(PHASE_PROMOTED, ENDING_PASSED);
    char reason[2 * SPANS_TEXT_MAX + 4] = "x";
    char expected[SPANS_TEXT_MAX + 4] = "\"x";
    struct deployment_spans spans;

    (void)state;
    for (size_t i = 1; i + 2 < sizeof(reason); i += 2)
        memcpy(reason + i, "\xC3\xBC", 3);
    memcpy(expected + 1, reason, SPANS_TEXT_MAX - 1);
    memcpy(expected + SPANS_TEXT_MAX, "\"", 2);
    row.reason = reason;
    assert_true(deployment_spans_begin(&spans, &origin, &row, &definition));
    char *text = deployment_spans_end(&spans);
    assert_non_null(strstr(text, expected));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_back),
        cmocka_unit_test(what_was_promoted),
        cmocka_unit_test(the_same_rows_are_the_same_spans),
        cmocka_unit_test(what_nobody_records_is_left_alone),
        cmocka_unit_test(an_end_has_a_status),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(a_long_text_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
