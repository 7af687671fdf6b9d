/* test.c - verdict test: recorded samples with expected verdicts, judged as the daemon judges.
 * SPDX-License-Identifier: MIT */
#include "base/duration.h"
#include "cli/replay.h"
#include "cli/schemas.h"
#include "cli/verb.h"
#include "config/lone.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_AS_EXPECTED = 1, CELL_SIZE = 64 };

struct testing {
    const struct cli *cli;
    const struct option_schemas *schemas;
    cJSON *rows;
    size_t rules, failures;
    const char *shown; /* the file whose name stands above the rows */
};

static bool is_as_expected(const struct recorded_expectation *expected, const struct replayed *got)
{
    return got->judgement.verdict == expected->verdict &&
           (!expected->has_reason || got->judgement.reason == expected->reason) &&
           got->at_ms <= (expected->verdict == VERDICT_FAIL ? expected->by_ms : INT64_MAX);
}

static void print_header(const struct testing *testing, const char *file)
{
    if (testing->rules == 1)
        (void)printf("%-4s %-28s %-12s %-12s %-12s %8s %10s %10s\n", "", "RULE", "EXPECTED", "VERDICT",
                     "REASON", "AT", "VALUE", "BOUND");
    if (testing->cli->word_count > 1 && testing->shown != file)
        (void)printf("%s\n", file);
}

static void add_number(double number, struct text *text)
{
    if (isnan(number))
        text_add(text, " %10s", "-");
    else
        text_add(text, " %10.4g", number);
}

static void print_row(struct testing *testing, const char *file, const struct recorded_expectation *expected,
                      const struct replayed *got, bool is_good)
{
    char memory[CELL_SIZE];
    char at[DURATION_TEXT_MAX];
    struct text numbers;

    print_header(testing, file);
    testing->shown = file;
    text_init(&numbers, memory, sizeof(memory));
    add_number(got->judgement.value, &numbers);
    add_number(got->judgement.bound, &numbers);
    (void)printf("%-4s %-28s %-12s %-12s %-12s %8s%s\n", is_good ? "ok" : "NOT", expected->rule,
                 verdict_name(expected->verdict), verdict_name(got->judgement.verdict),
                 reason_name(got->judgement.reason), duration_format(got->at_ms, at, sizeof(at)), memory);
}

static void add_row(struct testing *testing, const char *file, const struct recorded_expectation *expected,
                    const struct replayed *got)
{
    cJSON *row = cJSON_CreateObject();
    bool is_good = is_as_expected(expected, got);

    testing->rules++;
    testing->failures += !is_good;
    cJSON_AddStringToObject(row, "file", file);
    cJSON_AddStringToObject(row, "rule", expected->rule);
    cJSON_AddStringToObject(row, "expected", verdict_name(expected->verdict));
    cJSON_AddStringToObject(row, "verdict", verdict_name(got->judgement.verdict));
    cJSON_AddStringToObject(row, "reason", reason_name(got->judgement.reason));
    cJSON_AddNumberToObject(row, "at_ms", (double)got->at_ms);
    cJSON_AddNumberToObject(row, "value", got->judgement.value);
    cJSON_AddNumberToObject(row, "bound", got->judgement.bound);
    cJSON_AddBoolToObject(row, "ok", is_good);
    cJSON_AddItemToArray(testing->rows, row);
    if (!testing->cli->is_json)
        print_row(testing, file, expected, got, is_good);
}

/* The definition that has the rule: the service's, or one of the rule by itself. */
static struct definition *resolve(const struct config *config, const struct recording *recording,
                                  const char *rule, struct err *err)
{
    struct rule_place place;
    const char *nearest = NULL;

    if (recording->service[0] != '\0')
        return config_resolve(config, recording->service, recording->environment, NULL, false, err);
    if (lone_find(config, rule, &place))
        return lone_resolve(config, &place, err);
    nearest = lone_nearest(config, rule);
    (void)err_set(err, ERR_NOT_FOUND, "no rule '%s'%s%s%s", rule, nearest != NULL ? "; did you mean '" : "",
                  nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    return NULL;
}

static bool find_rule(const struct definition *definition, const char *name, size_t *ret_rule,
                      struct err *err)
{
    for (size_t i = 0; i < definition->rule_count; i++) {
        if (strcmp(definition->rules[i].name, name) == 0) {
            *ret_rule = i;
            return true;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "no rule '%s'; of a baseline say \"BASELINE/METRIC\"", name);
}

static bool test_rule(struct testing *testing, const char *file, const struct config *config,
                      const struct recording *recording, const struct recorded_expectation *expected,
                      struct err *err)
{
    struct definition *definition = resolve(config, recording, expected->rule, err);
    struct replayed got;
    size_t rule = 0;

    if (definition == NULL)
        return false;
    bool is_good = find_rule(definition, expected->rule, &rule, err) &&
                   replay_rule(recording, definition, rule, &got, err);
    if (is_good)
        add_row(testing, file, expected, &got);
    definition_free(definition);
    return is_good;
}

static struct config *read_rules(const struct testing *testing, const struct recording *recording,
                                 struct err *err)
{
    const char *files[RECORDING_FILES_MAX];
    struct config_report *report = memory_take(sizeof(*report));

    for (size_t i = 0; i < recording->file_count; i++)
        files[i] = recording->files[i];
    struct config *config = config_read_files(files, recording->file_count, testing->schemas, report);
    if (report->count > 0) {
        (void)err_set(err, ERR_INVALID, "%.200s:%u: %.400s", report->findings[0].file,
                      report->findings[0].line, report->findings[0].text);
        config_free(config);
        config = NULL;
    }
    free(report);
    return config;
}

static bool test_file(struct testing *testing, const char *file, struct err *err)
{
    struct recording *recording = NULL;

    if (!recording_read(file, &recording, err))
        return false;
    struct config *config = read_rules(testing, recording, err);
    bool is_good = config != NULL;
    for (size_t i = 0; i < recording->expectation_count && is_good; i++)
        is_good = test_rule(testing, file, config, recording, &recording->expectations[i], err);
    if (config != NULL)
        config_free(config);
    recording_free(recording);
    return is_good;
}

static void print_json(const struct testing *testing)
{
    char *text = json_print(testing->rows);

    verb_print_json(testing->cli, text);
    free(text);
}

int test_run(struct cli *cli)
{
    struct option_schemas *schemas = schemas_new();
    struct testing testing = {.cli = cli, .schemas = schemas, .rows = cJSON_CreateArray()};
    struct err err = {0};
    bool is_good = true;

    for (size_t i = 0; i < cli->word_count && is_good; i++)
        is_good = test_file(&testing, cli->words[i], &err);
    if (!is_good)
        verb_complain(cli, "%s", err.text);
    else if (cli->is_json)
        print_json(&testing);
    else
        verb_say(cli, "%zu of %zu as expected", testing.rules - testing.failures, testing.rules);
    cJSON_Delete(testing.rows);
    free(schemas);
    if (!is_good)
        return VERB_REFUSED;
    return testing.failures > 0 ? NOT_AS_EXPECTED : VERB_DONE;
}
