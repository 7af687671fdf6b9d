/* compare.c - verdict compare: reads a file or standard input, answers item by item.
 * SPDX-License-Identifier: MIT */
#include "cli/compare.h"

#include "cli/compare_test.h"
#include "cli/verb.h"
#include "io/buffer.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE_MAX = 200, KEYS_MAX = 32, CHUNK = 64 * 1024 };

static const struct json_limits limits = {.size_max = COMPARE_SIZE_MAX,
                                          .depth_max = 8,
                                          .keys_max = 400000,
                                          .values_max = COMPARE_VALUES_MAX,
                                          .allows_rounding = true,
                                          .allows_infinity = true};

static const struct compare_test *const tests[] = {
    &compare_mann_whitney, &compare_scorecard,    &compare_mean_difference,
    &compare_sequential,   &compare_objective,    &compare_traffic_share,
    &compare_latency_tail, &compare_distribution, &compare_threshold,
};

void compare_add_pair(cJSON *answer, const char *name, double first, double second)
{
    cJSON *pair = cJSON_AddArrayToObject(answer, name);

    cJSON_AddItemToArray(pair, cJSON_CreateNumber(first));
    cJSON_AddItemToArray(pair, cJSON_CreateNumber(second));
}

void compare_add_counts(cJSON *answer, double control, double experiment)
{
    cJSON *counts = cJSON_AddObjectToObject(answer, "n");

    cJSON_AddNumberToObject(counts, "control", control);
    cJSON_AddNumberToObject(counts, "experiment", experiment);
}

void compare_add_e_value(cJSON *answer, double log_e, double log_e_max)
{
    cJSON_AddNumberToObject(answer, "e_value", exp(log_e));
    cJSON_AddNumberToObject(answer, "e_value_max", exp(log_e_max));
    cJSON_AddNumberToObject(answer, "log10_e_value_max", log_e_max / M_LN10);
}

void compare_add_crossing(cJSON *answer, size_t crossing)
{
    if (crossing == SIZE_MAX)
        cJSON_AddNullToObject(answer, "first_crossing");
    else
        cJSON_AddNumberToObject(answer, "first_crossing", (double)crossing);
}

const char *compare_evidence(double log_e, char to[COMPARE_EVIDENCE_SIZE])
{
    double whole = floor(log_e / M_LN10);

    if (log_e < log(1e6))
        (void)snprintf(to, COMPARE_EVIDENCE_SIZE, "%.3g", exp(log_e));
    else
        (void)snprintf(to, COMPARE_EVIDENCE_SIZE, "%.1fe%.0f", exp(log_e - whole * M_LN10), whole);
    return to;
}

static const struct compare_test *find_test(const struct json_node *item, struct err *err)
{
    const char *names[ARRAY_LENGTH(tests)];
    const char *name = NULL;

    if (!json_as_object(item, err) || !json_text(item, "test", JSON_REQUIRED, NAME_SIZE_MAX, &name, err))
        return NULL;
    for (size_t at = 0; at < ARRAY_LENGTH(tests); at++) {
        names[at] = tests[at]->name;
        if (strcmp(name, tests[at]->name) == 0)
            return tests[at];
    }
    const char *nearest = text_nearest(name, names, ARRAY_LENGTH(tests));
    (void)err_set(err, ERR_INVALID, "%s/test: '%s' is no test; %s%s", JSON_POINTER(item), name,
                  nearest == NULL ? "`verdict compare --help` lists them" : "did you mean ",
                  nearest == NULL ? "" : nearest);
    return NULL;
}

static bool check_keys(const struct compare_test *test, const struct json_node *item, struct err *err)
{
    const char *keys[KEYS_MAX] = {"test", "name"};
    size_t count = 2;

    for (size_t at = 0; test->keys[at] != NULL; at++)
        keys[count++] = test->keys[at];
    return json_known_keys(item, keys, count, err);
}

static cJSON *error_of(const struct err *err)
{
    cJSON *error = cJSON_CreateObject();
    const char *colon = strstr(err->text, ": ");
    char at[JSON_POINTER_MAX + NAME_SIZE_MAX];

    if (colon != NULL && (size_t)(colon - err->text) < sizeof(at) && err->text[0] == '#') {
        memcpy(at, err->text, (size_t)(colon - err->text));
        at[colon - err->text] = '\0';
        cJSON_AddStringToObject(error, "at", at);
    }
    cJSON_AddStringToObject(error, "text", colon == NULL ? err->text : colon + 2);
    return error;
}

/* The answer to one item: what the test says, or the error in its place. */
static cJSON *answer_item(const struct json_node *item)
{
    cJSON *answer = cJSON_CreateObject();
    struct err err = {0};
    const struct compare_test *test = find_test(item, &err);
    const char *name = NULL;
    bool is_good = test != NULL && check_keys(test, item, &err) &&
                   json_text(item, "name", JSON_OPTIONAL, NAME_SIZE_MAX, &name, &err);

    if (is_good) {
        cJSON_AddStringToObject(answer, "test", test->name);
        if (name != NULL)
            cJSON_AddStringToObject(answer, "name", name);
        is_good = test->run(item, answer, &err);
    }
    if (is_good)
        return answer;
    cJSON_Delete(answer);
    answer = cJSON_CreateObject();
    if (test != NULL)
        cJSON_AddStringToObject(answer, "test", test->name);
    if (name != NULL)
        cJSON_AddStringToObject(answer, "name", name);
    if (test == &compare_mann_whitney) {
        cJSON_AddStringToObject(answer, "classification", classification_name(CLASSIFICATION_ERROR));
        cJSON_AddStringToObject(answer, "reason", err.text);
    }
    cJSON_AddItemToObject(answer, "error", error_of(&err));
    return answer;
}

static cJSON *answer_all(const struct json_node *root)
{
    if (!json_is_array(root))
        return answer_item(root);
    cJSON *answers = cJSON_CreateArray();
    for (struct json_node item = json_first(root); item.item != NULL; item = json_next(root, &item))
        cJSON_AddItemToArray(answers, answer_item(&item));
    return answers;
}

/* What a word that some programs write is in JSON: nothing was measured, or a number beyond all. The minus of
 * -Infinity stays in front. */
static const char *spelling_of(const char *word, size_t length, size_t *ret_length)
{
    static const char *const words[][2] = {{"NaN", "\"NaN\""}, {"Infinity", "1e999"}};

    for (size_t at = 0; at < ARRAY_LENGTH(words); at++) {
        *ret_length = strlen(words[at][0]);
        if (length >= *ret_length && memcmp(word, words[at][0], *ret_length) == 0)
            return words[at][1];
    }
    return NULL;
}

/* NaN and Infinity, which JSON does not have, as JSON: then only the item that holds them is at fault. False:
 * larger than it may be. */
static bool spell_out(const char *bytes, size_t length, struct buffer *to)
{
    bool is_text = false;
    size_t from = 0;

    for (size_t at = 0; at < length; at++) {
        size_t word_length = 0;
        const char *spelling = is_text ? NULL : spelling_of(bytes + at, length - at, &word_length);
        if (bytes[at] == '"')
            is_text = !is_text;
        if (is_text && bytes[at] == '\\')
            at++;
        if (spelling == NULL)
            continue;
        if (!buffer_add(to, bytes + from, at - from) || !buffer_add(to, spelling, strlen(spelling)))
            return false;
        at += word_length - 1;
        from = at + 1;
    }
    return buffer_add(to, bytes + from, length - from);
}

static cJSON *read_json(const char *bytes, size_t length, struct err *err)
{
    struct buffer spelled;
    cJSON *root = NULL;

    buffer_init(&spelled, COMPARE_SIZE_MAX + 1);
    bool is_good = spell_out(bytes, length, &spelled) ||
                   err_set(err, ERR_LIMIT, "more than %d bytes", (int)COMPARE_SIZE_MAX);
    is_good = is_good && json_parse(buffer_text(&spelled), spelled.length, &limits, &root, err);
    buffer_done(&spelled);
    return is_good ? root : NULL;
}

char *compare_answer(const char *bytes, size_t length, struct err *err)
{
    cJSON *root = read_json(bytes, length, err);

    if (root == NULL)
        return NULL;
    struct json_node node = json_root(root);
    if (!json_is_array(&node) && !json_is_object(&node)) {
        (void)err_set(err, ERR_INVALID,
                      "expected an object such as {\"test\": \"mann_whitney\", ...}, or an "
                      "array of them");
        json_free(root);
        return NULL;
    }
    cJSON *answer = answer_all(&node);
    char *text = json_print(answer);
    cJSON_Delete(answer);
    json_free(root);
    return text;
}

/* One byte past the limit is enough to know that it is too much. */
static bool read_all(FILE *file, struct buffer *input)
{
    char chunk[CHUNK];
    size_t length;

    do
        length = fread(chunk, 1, sizeof(chunk), file);
    while (length > 0 && buffer_fill(input, chunk, length) == length);
    return ferror(file) == 0;
}

static bool read_input(const char *name, struct buffer *input, struct err *err)
{
    bool is_standard = strcmp(name, "-") == 0;
    FILE *file = is_standard ? stdin : fopen(name, "rbe");

    if (file == NULL)
        return err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
    bool is_good = read_all(file, input);
    if (!is_good)
        (void)err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
    if (!is_standard)
        (void)fclose(file);
    return is_good;
}

int compare_run(struct cli *cli)
{
    struct buffer input;
    struct err err = {0};
    char *text = NULL;

    buffer_init(&input, COMPARE_SIZE_MAX + 1);
    if (read_input(cli->words[0], &input, &err)) {
        text = compare_answer(buffer_text(&input), input.length, &err);
        if (text == NULL)
            (void)err_wrap(&err, "%s", cli->words[0]);
    }
    buffer_done(&input);
    if (text == NULL) {
        verb_complain(cli, "%s", err.text);
        return VERB_REFUSED;
    }
    verb_print_json(cli, text);
    free(text);
    return VERB_DONE;
}
