/* test_traces.c - exports read from a real journal: pages of it, what is not there, and what nobody records.
 * SPDX-License-Identifier: MIT */
#include "api/traces.h"
#include "config/schemas.h"
#include "io/json.h"
#include "support/journal_fixture.h"

#include <cjson/cJSON.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

enum { HOLDS = 250 }; /* more than a page has */

static const struct spans_origin origin = {.instance = "desk", .link = ""};

static bool read_of(const struct bench *bench, const char *subject, char **ret_json, struct err *err)
{
    static const struct option_schemas none = {0};
    const struct traces_source source = {.path = bench->path, .schemas = &none};

    return traces_read(&source, &origin, subject, ret_json, err);
}

/* Nobody can rebuild what it was made of: its sealed text is none of a service. */
static void commit_ended(struct bench *bench, const char *traceparent)
{
    struct deployment_state state = new_state(1, PHASE_RUNNING);

    bench->start.traceparent = traceparent;
    add_new(bench, &state);
    add_trace(bench, &state, TRACE_STEP, 0, 1);
    for (uint32_t i = 0; i < HOLDS; i++)
        add_trace(bench, &state, TRACE_HELD, 0, 0);
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
    state.phase = PHASE_PROMOTED;
    state.care = CARE_DONE;
    add_row(bench, ROW_DEPLOYMENT, &state);
    add_trace(bench, &state, TRACE_PHASE, PHASE_PROMOTED, ENDING_PASSED);
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
}

static void all_pages_are_read(void **unused)
{
    struct bench bench = {0};
    cJSON *root = NULL;
    char *json = NULL;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    commit_ended(&bench, "00-" TRACE "-00f067aa0ba902b7-01");
    if (!read_of(&bench, "dep_1", &json, &err))
        fail_msg("%s", err.text);
    assert_non_null(json);
    assert_true(json_parse(json, strlen(json), NULL, &root, NULL));
    const cJSON *step = json_path(root, ".resourceSpans[0].scopeSpans[0].spans[1]");
    assert_string_equal(json_text_of(step, "name"), "step 0");
    assert_string_equal(json_text_of(step, "traceId"), TRACE);
    assert_true(json_number_of(step, "droppedEventsCount") == HOLDS - SPANS_EVENTS_MAX);
    json_free(root);
    free(json);
    bench_end(&bench);
}

static void what_nobody_records_is_no_export(void **unused)
{
    struct bench bench = {0};
    char *json = NULL;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    commit_ended(&bench, NULL);
    assert_true(read_of(&bench, "dep_1", &json, &err));
    assert_null(json);
    bench_end(&bench);
}

static void what_is_not_there_is_told(void **unused)
{
    struct bench bench = {0};
    char *json = NULL;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    assert_false(read_of(&bench, "dep_9", &json, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.text, "the trace of dep_9: there is no such deployment");
    assert_false(read_of(&bench, "run_9", &json, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(read_of(&bench, "{\"event\":\"held\"}", &json, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_null(json);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pages_are_read),
        cmocka_unit_test(what_nobody_records_is_no_export),
        cmocka_unit_test(what_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
