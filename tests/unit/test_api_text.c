/* test_api_text.c - routes, summaries and refusals of the api, as pure functions.
 * SPDX-License-Identifier: MIT */
#include "api/auth.h"
#include "api/record.h"
#include "api/route.h"
#include "api/run_sentence.h"
#include "api/shape.h"
#include "base/text.h"
#include "config/gates.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- routes ---- */

static void ids_are_dep_and_a_number(void **state)
{
    static const char *const bad[] = {
        "",    "dep_", "dep_0", "dep_01", "dep_+1", "dep_1x", "Dep_1", "dep_-1", "dep_99999999999999999999",
        "dep", "shop"};
    uint64_t id = 0;

    (void)state;
    assert_true(route_parse_deployment("dep_17", &id));
    assert_int_equal(id, 17);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(route_parse_deployment(bad[i], &id));
}

static void paths_fit_patterns(void **state)
{
    struct route_match match;

    (void)state;
    assert_true(route_fits("/v1/deployments/{deployment}", "/v1/deployments/dep_5", &match));
    assert_int_equal(match.deployment, 5);
    assert_true(route_fits("/v1/deployments/{deployment}", "/v1/deployments/shop/prod", &match));
    assert_int_equal(match.deployment, 0);
    assert_string_equal(match.service, "shop");
    assert_string_equal(match.environment, "prod");
    /* An environment called like a verb is an environment. */
    assert_true(route_fits("/v1/deployments/{deployment}", "/v1/deployments/shop/report", &match));
    assert_false(route_fits("/v1/deployments/{deployment}/report", "/v1/deployments/shop/report", &match));
    assert_true(route_fits("/v1/deployments/{deployment}/report", "/v1/deployments/dep_1/report", &match));
    assert_true(
        route_fits("/v1/deployments/{deployment}/report", "/v1/deployments/shop/prod/report", &match));
    assert_true(route_fits("/v1/tokens/{id}", "/v1/tokens/0af", &match));
    assert_string_equal(match.id, "0af");
    assert_true(route_fits("/", "/", &match));
    assert_false(route_fits("/", "/console", &match));
    assert_false(route_fits("/", "", &match));
    assert_false(route_fits("/{id}", "/", &match));
}

static void other_paths_do_not_fit(void **state)
{
    static const char *const bad[] = {
        "/v1/deployments/shop",       "/v1/deployments/",     "/v1/deployments/dep_5/",
        "/v1/deployments//prod",      "/v1/deployments/a/B",  "/v1/deployments/dep_5/x",
        "/v1/deployments/a/b/c",      "v1/deployments/dep_5", "",
        "/v1/deployments/../etc/prod"};
    struct route_match match;
    char path[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(route_fits("/v1/deployments/{deployment}", bad[i], &match));
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_false(route_fits("/{id}", path, &match));
    path[ROUTE_ID_SIZE + 1] = '\0'; /* one byte too many */
    assert_false(route_fits("/{id}", path, &match));
}

static void methods_choose_among_routes(void **state)
{
    static const struct route table[] = {{.method = "GET", .pattern = "/a"},
                                         {.method = "POST", .pattern = "/a"}};
    struct route_match match;
    bool is_known = false;

    (void)state;
    assert_ptr_equal(route_find(table, 2, "POST", "/a", &match, &is_known), &table[1]);
    assert_ptr_equal(route_find(table, 2, "HEAD", "/a", &match, &is_known), &table[0]);
    assert_null(route_find(table, 2, "PUT", "/a", &match, &is_known));
    assert_true(is_known);
    assert_null(route_find(table, 2, "GET", "/b", &match, &is_known));
    assert_false(is_known);
}

/* ---- tokens in headers ---- */

static void tokens_are_found_in_headers(void **state)
{
    char token[32];

    (void)state;
    assert_true(auth_token_of("Bearer vd_1_x", token, sizeof(token)));
    assert_string_equal(token, "vd_1_x");
    assert_true(auth_token_of("basic dGY6dmRfMV94", token, sizeof(token))); /* tf:vd_1_x */
    assert_string_equal(token, "vd_1_x");
    assert_false(auth_token_of("Basic dGY=", token, sizeof(token)));
    assert_false(auth_token_of("Basic !", token, sizeof(token)));
    assert_false(auth_token_of("vd_1_x", token, sizeof(token)));
    assert_false(auth_token_of("Bearer 0123456789012345678901234567890123456789", token, sizeof(token)));
    for (unsigned right = TOKEN_READ; right <= TOKEN_ADMIN; right <<= 1)
        assert_int_equal(auth_right(auth_right_name(right)), right);
    assert_int_equal(auth_right("root"), 0);
}

/* ---- words ---- */

struct scene {
    struct journal_deployment row;
    struct deployment_state state;
    struct plan plan;
    struct definition definition;
    struct rule_state rules[1];
    struct record record;
};

static const struct rule_definition rule_rows[] = {
    {.name = "errors", .text = "error_rate > 5%", .rule = {.metric_count = 1}}};
static const struct metric_definition metric_rows[] = {
    {.name = "error_rate", .kind = SERIES_COUNT, .unit = ""}};

static void set_scene(struct scene *scene, enum deployment_phase phase)
{
    memset(scene, 0, sizeof(*scene));
    scene->row = (struct journal_deployment){.id = 5,
                                             .service = "shop",
                                             .environment = "prod",
                                             .version = "2.0.0",
                                             .previous = "1.0.0",
                                             .reason = "",
                                             .actor = "alice"};
    scene->state = (struct deployment_state){.id = 5, .phase = phase, .failed_rule = UINT8_MAX};
    scene->definition =
        (struct definition){.rule_count = 1, .rules = rule_rows, .metric_count = 1, .metrics = metric_rows};
    scene->definition.plan = &scene->plan;
    scene->plan.count = 2;
    scene->plan.steps[0] = (struct plan_step){.kind = STEP_ROUTE, .share = 500};
    scene->plan.steps[1] = (struct plan_step){.kind = STEP_OBSERVE, .duration_ms = 300000};
    scene->record = (struct record){.row = &scene->row,
                                    .state = &scene->state,
                                    .definition = &scene->definition,
                                    .rules = scene->rules,
                                    .why = ""};
}

static void assert_summary(const struct scene *scene, const char *wanted)
{
    char summary[RECORD_SUMMARY_SIZE];

    record_summary(&scene->record, summary);
    assert_string_equal(summary, wanted);
}

static void summaries_of_what_moves(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, PHASE_QUEUED);
    assert_summary(&scene, "shop/prod 2.0.0 waits for the deployment before it");
    scene.record.lock =
        (struct api_lock){.name = "edge", .holder = 7, .service = "mail", .environment = "dev"};
    assert_summary(&scene, "shop/prod 2.0.0 waits for lock edge, which dep_7 of mail/dev holds");
    scene.record.opens_wall_ms = INT64_C(1764230400000);
    assert_summary(&scene, "shop/prod 2.0.0 waits for its window, which opens at 2025-11-27T08:00:00Z");
    scene.record.opens_wall_ms = INT64_MAX;
    assert_summary(&scene, "shop/prod 2.0.0 waits for its window, which is not in sight");
    scene.record.opens_wall_ms = 0;
    set_scene(&scene, PHASE_RUNNING);
    scene.state.step_state = STEP_ACTING;
    scene.record.why = "server web3 is down";
    assert_summary(&scene, "shop/prod 2.0.0: step 1 of 2, route 5 % (server web3 is down)");
    scene.record.why = "";
    scene.state.step = 1;
    scene.state.step_state = STEP_OBSERVING;
    scene.state.confirmed_share = 500;
    scene.state.observed_ms = 90500;
    assert_summary(&scene, "shop/prod 2.0.0 gets 5 % of the traffic: observed for 1m30s of 5m");
    scene.state.step_state = STEP_HELD;
    scene.state.hold = HOLD_UNKNOWN_HAND;
    assert_summary(&scene, "shop/prod 2.0.0 is held at 5 %: somebody else changed the traffic");
    scene.state.hold = HOLD_RULE;
    scene.state.failed_rule = 0;
    scene.rules[0].last = (struct judgement){.verdict = VERDICT_FAIL, .value = 0.125, .bound = 0.05};
    assert_summary(
        &scene, "shop/prod 2.0.0 is held at 5 %: rule errors failed (error_rate > 5%: 12.5 % against 5 %)");
    scene.state.hold = HOLD_BRAKE;
    scene.state.ending = ENDING_FAILED;
    assert_summary(
        &scene,
        "shop/prod 2.0.0 is held at 5 %: rule errors failed (error_rate > 5%: 12.5 % against 5 %); so did "
        "several other services just now: `verdict rollback` takes it back all the same");
    scene.state.ending = ENDING_NONE;
    scene.state.step_state = STEP_WAITING;
    assert_summary(&scene, "shop/prod 2.0.0 waits for approval: 0 of 0");
    static const struct gate_definition gates[] = {{.name = "web:change", .instance = "change"}};
    scene.definition.gates = gates;
    scene.definition.gate_count = 1;
    scene.plan.steps[1].kind = STEP_GATE;
    assert_summary(&scene, "shop/prod 2.0.0 waits: gate web:change was not asked yet");
    scene.state.gate = GATE_SILENT;
    scene.record.why = "it answered 503";
    assert_summary(&scene, "shop/prod 2.0.0 waits: gate web:change does not answer (it answered 503)");
    scene.state.step_state = STEP_HELD;
    scene.state.hold = HOLD_GATE;
    assert_summary(&scene,
                   "shop/prod 2.0.0 is held at 5 %: gate web:change does not answer (it answered 503)");
    scene.record.why = "";
    scene.plan.steps[1].kind = STEP_OBSERVE;
    scene.state.step_state = STEP_OBSERVING;
    scene.state.confirmed_mirror = 2500;
    assert_summary(&scene, "shop/prod 2.0.0 gets copies of 25 % of the requests: observed for 1m30s of 5m");
}

static void summaries_of_trials(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, PHASE_RUNNING);
    scene.state.step_state = STEP_ACTING;
    scene.plan.steps[0] = (struct plan_step){.kind = STEP_MIRROR, .share = 500};
    assert_summary(&scene, "shop/prod 2.0.0: step 1 of 2, copy 5 % of the requests");
    scene.plan.steps[0].share = 0;
    assert_summary(&scene, "shop/prod 2.0.0: step 1 of 2, end the copies");
    set_scene(&scene, PHASE_ROLLING_BACK);
    scene.state.ending = ENDING_PASSED;
    assert_summary(&scene,
                   "shop/prod 2.0.0 goes back to 1.0.0: every verdict was a pass, and the trial is over");
    set_scene(&scene, PHASE_ROLLED_BACK);
    scene.state.ending = ENDING_PASSED;
    assert_summary(&scene, "shop/prod 2.0.0 was tried on copies of requests: every verdict was a pass; 1.0.0 "
                           "serves on");
    scene.state.is_unverified = true;
    assert_summary(&scene, "shop/prod 2.0.0 was rolled back: every verdict was a pass; nobody verified what "
                           "serves");
}

static void summaries_of_what_ended(void **state)
{
    struct scene scene;

    (void)state;
    set_scene(&scene, PHASE_PROMOTED);
    scene.state.ending = ENDING_PASSED;
    assert_summary(&scene, "shop/prod 2.0.0 serves: every verdict was a pass");
    set_scene(&scene, PHASE_ROLLED_BACK);
    scene.state.ending = ENDING_NO_EVIDENCE;
    assert_summary(&scene,
                   "shop/prod 2.0.0 was rolled back: there was too little evidence to decide; 1.0.0 serves");
    scene.state.ending = ENDING_FAILED;
    scene.record.definition = NULL;
    assert_summary(&scene, "shop/prod 2.0.0 was rolled back: a smoke test failed; 1.0.0 serves");
    scene.state.failed_rule = 0; /* as in lists, which read no definitions */
    assert_summary(&scene, "shop/prod 2.0.0 was rolled back: a rule failed; 1.0.0 serves");
    scene.state.failed_rule = FAIL_LOST;
    assert_summary(&scene, "shop/prod 2.0.0 was rolled back: traffic went back at once, and the journal lost "
                           "why; 1.0.0 serves");
    scene.state.is_unverified = true;
    scene.state.ending = ENDING_ADOPTED;
    scene.row.reason = "blue is dead";
    assert_summary(&scene,
                   "shop/prod 2.0.0 was rolled back: a person adopted what serves: blue is dead; nobody "
                   "verified what serves");
    set_scene(&scene, PHASE_ROLLING_BACK);
    scene.state.ending = ENDING_ABORTED;
    scene.state.is_escalated = true;
    assert_summary(&scene, "shop/prod 2.0.0 goes back to 1.0.0: a person stopped it; the way back does not "
                           "succeed and needs a person");
    scene.state.ending = ENDING_FELL;
    scene.state.is_escalated = false;
    assert_summary(&scene, "shop/prod 2.0.0 goes back to 1.0.0: another part of its run went wrong");
    scene.state.together = 7;
    assert_summary(&scene, "shop/prod 2.0.0 goes back to 1.0.0: another one of its group went wrong (run_7)");
    set_scene(&scene, PHASE_QUEUED);
    scene.state.together = 7;
    assert_summary(&scene, "shop/prod 2.0.0 waits for the deployment before it, or before one of its group");
    set_scene(&scene, PHASE_ADMITTING);
    scene.record.waits = (struct api_waits){.count = 2, .names = {"pay", "mail"}};
    assert_summary(&scene, "shop/prod 2.0.0 is being checked before its first step; it waits for pay, mail");
}

static void every_phase_and_ending_has_words(void **state)
{
    struct scene scene;
    char summary[RECORD_SUMMARY_SIZE];

    (void)state;
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
        for (unsigned ending = 0; ending <= ENDING_FELL; ending++) {
            char memory[256];
            struct text allowed;
            set_scene(&scene, (enum deployment_phase)phase);
            scene.state.ending = (enum ending)ending;
            record_summary(&scene.record, summary);
            assert_int_equal(strncmp(summary, "shop/prod 2.0.0", 15), 0);
            assert_true(strlen(summary) > 20);
            text_init(&allowed, memory, sizeof(memory));
            record_allowed(&scene.state, &allowed);
            assert_true(allowed.length > 0);
        }
}

static void etags_differ_with_the_state_alone(void **state)
{
    struct scene scene;
    char first[RECORD_ETAG_SIZE];
    char second[RECORD_ETAG_SIZE];

    (void)state;
    set_scene(&scene, PHASE_RUNNING);
    record_etag(&scene.record, first);
    scene.state.observed_ms = 5;
    scene.state.last_seen_ms = 7;
    record_etag(&scene.record, second);
    assert_string_equal(first, second);
    scene.state.passing = 1;
    record_etag(&scene.record, second);
    assert_string_not_equal(first, second);
}

static void numbers_have_units(void **state)
{
    static const struct {
        double value;
        const char *unit, *wanted;
    } rows[] = {{0.125, "ratio", "12.5 %"}, {0.31, "s", "0.31 s"},       {1200, "", "1200"}, {0, "", "0"},
                {(double)NAN, "s", "?"},    {1e9, "ms", "1000000000 ms"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char memory[64];
        struct text text;
        text_init(&text, memory, sizeof(memory));
        record_value(rows[i].value, rows[i].unit, &text);
        assert_string_equal(memory, rows[i].wanted);
    }
}

static void a_pass_tells_what_is_still_possible(void **state)
{
    struct rule_definition rules[] = {
        {.rule = {.kind = RULE_COMPARISON, .metrics = {{.is_lower_better = true}}}},
        {.rule = {.kind = RULE_COMPARISON}},
        {.rule = {.kind = RULE_TRIGGER}}};
    const struct definition definition = {.rules = rules, .rule_count = 3};
    struct judgement judgement = {.verdict = VERDICT_PASS, .estimate = 1, .lower = .5, .upper = 1.5};

    (void)state;
    assert_true(record_worst_ratio(&definition, 0, &judgement) == 1.5);
    assert_true(record_worst_ratio(&definition, 1, &judgement) == .5);
    assert_true(isnan(record_worst_ratio(&definition, 2, &judgement)));
    judgement.estimate = (double)NAN;
    assert_true(isnan(record_worst_ratio(&definition, 0, &judgement)));
    judgement.estimate = 1;
    judgement.verdict = VERDICT_INCONCLUSIVE;
    assert_true(isnan(record_worst_ratio(&definition, 0, &judgement)));
}

static const char *doubts_of(const struct definition *definition, const struct rule_state *state)
{
    static char memory[RECORD_DOUBTS_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    record_doubts(definition, 0, state, &text);
    assert_true(text.length < sizeof(memory) - 1);
    return memory;
}

static void what_looks_broken_is_said(void **state)
{
    struct rule_definition rules[] = {
        {.rule = {.kind = RULE_COMPARISON, .comparison = {.form = FORM_AUTO, .block_ms = 30000}}}};
    const struct definition definition = {.rules = rules, .rule_count = 1};
    const struct dispersion bursts = {
        .events = 900, .total = 9e4, .squares = 12.93, .scatter = 33, .expected = 10, .blocks = 120};
    struct rule_state last = {.bound = 0};

    (void)state;
    assert_null(record_basis(&definition, 0, &last).form);
    assert_string_equal(doubts_of(&definition, &last), "");
    last.wager.other.blocks = 3;
    assert_string_equal(record_basis(&definition, 0, &last).form, "robust");
    assert_true(isnan(record_basis(&definition, 0, &last).dispersion));
    last.wager = (struct wager){.other = bursts, .is_poisson = 1};
    assert_string_equal(record_basis(&definition, 0, &last).form, "poisson");
    assert_true(record_basis(&definition, 0, &last).dispersion == 3.3);
    assert_string_equal(doubts_of(&definition, &last), "");
    rules[0].rule.comparison.form = FORM_POISSON;
    assert_non_null(strstr(doubts_of(&definition, &last), "3.3 times as much"));
    assert_non_null(strstr(doubts_of(&definition, &last), "(120 blocks)"));
    assert_null(strstr(doubts_of(&definition, &last), "alike"));
    last.wager.other.squares += 5; /* 7.5 times over all blocks: what neighbours share */
    assert_non_null(strstr(doubts_of(&definition, &last), "alike (correlation 0.56"));
    assert_non_null(strstr(doubts_of(&definition, &last), "block of 30s"));
    rules[0].rule.kind = RULE_TRIGGER;
    assert_string_equal(doubts_of(&definition, &last), "");
}

static void audit_rows_become_sentences(void **state)
{
    struct scene scene;
    char sentence[SHAPE_SENTENCE_SIZE];
    struct journal_audit row = {.what = "fail", .a = 0, .b = 1, .actor = "", .reason = ""};

    (void)state;
    set_scene(&scene, PHASE_RUNNING);
    shape_audit_sentence(&scene.definition, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "verdict FAIL: rule errors");
    row.a = FAIL_LOST;
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "verdict FAIL: traffic went back at once, and the journal lost why");
    row = (struct journal_audit){
        .what = "phase", .a = PHASE_CANCELLED, .b = ENDING_ABORTED, .actor = "bob", .reason = "no"};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "cancelled (aborted), by bob: no");
    row = (struct journal_audit){.what = "step", .a = 1, .actor = "", .reason = ""};
    shape_audit_sentence(&scene.definition, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "step 2: observe for 5m");
    row =
        (struct journal_audit){.what = "token_created", .actor = "bob", .reason = "07: ci, a pipeline: read"};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "a token is made, by bob: 07: ci, a pipeline: read");
    row = (struct journal_audit){.what = "target", .a = 3, .b = 2, .actor = "", .reason = ""};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "what stands there changed, something serves, frozen, 2 in quarantine");
    row = (struct journal_audit){.what = "target", .a = 5, .actor = "", .reason = "2.0.0 serves, open"};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "what stands there changed: 2.0.0 serves, open");
    row =
        (struct journal_audit){.what = "run_task", .a = 1, .b = TASK_FAILED, .actor = "", .reason = "run_7"};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "task 2: failed: run_7");
    row =
        (struct journal_audit){.what = "run_phase", .a = RUN_RUNNING, .b = 2, .actor = "", .reason = "run_7"};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "the run is running, stage 3: run_7");
    row = (struct journal_audit){.what = "frozen", .actor = "bob", .reason = "run_7: it is broken"};
    assert_false(run_sentence_run(&row, &(uint64_t){0}));
    row = (struct journal_audit){.what = "withheld", .actor = "", .reason = ""};
    shape_audit_sentence(NULL, &row, sentence, sizeof(sentence));
    assert_string_equal(sentence, "withheld");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_dep_and_a_number),
        cmocka_unit_test(paths_fit_patterns),
        cmocka_unit_test(other_paths_do_not_fit),
        cmocka_unit_test(methods_choose_among_routes),
        cmocka_unit_test(tokens_are_found_in_headers),
        cmocka_unit_test(summaries_of_what_moves),
        cmocka_unit_test(summaries_of_what_ended),
        cmocka_unit_test(summaries_of_trials),
        cmocka_unit_test(every_phase_and_ending_has_words),
        cmocka_unit_test(etags_differ_with_the_state_alone),
        cmocka_unit_test(numbers_have_units),
        cmocka_unit_test(a_pass_tells_what_is_still_possible),
        cmocka_unit_test(what_looks_broken_is_said),
        cmocka_unit_test(audit_rows_become_sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
