/* cloudwatch_answer.c - strict: a point that is misread would be judged.
 * SPDX-License-Identifier: MIT */
#include "collectors/cloudwatch_answer.h"

#include "base/text.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_MAX = 256,
    POINTS_MAX = 100800, /* of one call: Amazon's limit */
    KEYS_MAX = 16 * CLOUDWATCH_RESULTS_MAX,
    VALUES_MAX = 2 * POINTS_MAX + KEYS_MAX
};

static const struct json_limits limits = {
    .size_max = CLOUDWATCH_ANSWER_MAX, .depth_max = 8, .keys_max = KEYS_MAX, .values_max = VALUES_MAX};

static bool read_number(const struct json_node *node, uint32_t *ret_number, struct err *err)
{
    const char *id = NULL;
    int64_t number = 0;

    if (!json_text(node, "Id", JSON_REQUIRED, WORD_MAX, &id, err))
        return false;
    if (id[0] != 'm' || !text_to_integer(id + 1, 0, CLOUDWATCH_QUERIES_MAX - 1, &number))
        return err_set(err, ERR_PROTOCOL, "%s/Id: nothing of that name was asked", JSON_POINTER(node));
    *ret_number = (uint32_t)number;
    return true;
}

static bool read_state(const struct json_node *node, enum cloudwatch_state *ret_state, struct err *err)
{
    const char *word = NULL;

    if (!json_text(node, "StatusCode", JSON_REQUIRED, WORD_MAX, &word, err))
        return false;
    *ret_state = strcmp(word, "Complete") == 0      ? CLOUDWATCH_COMPLETE
                 : strcmp(word, "PartialData") == 0 ? CLOUDWATCH_PARTIAL
                                                    : CLOUDWATCH_FAILED;
    return true;
}

/* Timestamps are whole seconds, written as integers or not. */
static bool read_point(const struct json_node *time, const struct json_node *value,
                       struct cloudwatch_point *point, struct err *err)
{
    double at_s = 0;

    if (!json_as_number(time, &at_s, err) || !json_as_number(value, &point->value, err))
        return false;
    if (!(at_s >= 0) || at_s > (double)JSON_INTEGER_MAX || at_s != floor(at_s))
        return err_set(err, ERR_PROTOCOL, "%s: is no time", JSON_POINTER(time));
    point->at_s = (int64_t)at_s;
    return true;
}

static bool read_result(const struct json_node *node, struct cloudwatch_page *page, size_t *used,
                        struct err *err)
{
    struct cloudwatch_result result = {.points = page->points + *used};
    struct json_node times = {0};
    struct json_node values = {0};
    size_t value_count = 0;

    if (!json_as_object(node, err) || !read_number(node, &result.number, err) ||
        !read_state(node, &result.state, err) ||
        !json_array(node, "Timestamps", JSON_REQUIRED, POINTS_MAX, &times, &result.count, err) ||
        !json_array(node, "Values", JSON_REQUIRED, POINTS_MAX, &values, &value_count, err))
        return false;
    if (result.count != value_count || *used + result.count > POINTS_MAX)
        return err_set(err, ERR_PROTOCOL, "%s: %zu times for %zu values", JSON_POINTER(node), result.count,
                       value_count);
    struct json_node time = json_first(&times);
    struct json_node value = json_first(&values);
    for (size_t i = 0; i < result.count; i++) {
        if (!read_point(&time, &value, &page->points[(*used)++], err))
            return false;
        time = json_next(&times, &time);
        value = json_next(&values, &value);
    }
    page->results[page->count++] = result;
    return true;
}

/* "Data may be missing", and the like. */
static bool check_messages(const struct json_node *root, struct err *err)
{
    struct json_node messages = {0};
    size_t count = 0;
    const char *code = NULL;

    if (!json_array(root, "Messages", JSON_OPTIONAL, CLOUDWATCH_RESULTS_MAX, &messages, &count, err))
        return false;
    if (messages.item == NULL || count == 0)
        return true;
    struct json_node first = json_first(&messages);
    if (!json_is_object(&first) || !json_text(&first, "Code", JSON_OPTIONAL, WORD_MAX, &code, NULL))
        code = NULL;
    return err_set(err, ERR_UNAVAILABLE, "the answer is not complete: %.100s",
                   code != NULL ? code : "Messages");
}

static size_t count_points(const struct json_node *results)
{
    size_t count = 0;

    for (struct json_node node = json_first(results); node.item != NULL; node = json_next(results, &node)) {
        struct json_node times = {0};
        size_t length = 0;
        if (json_is_object(&node) &&
            json_array(&node, "Timestamps", JSON_OPTIONAL, POINTS_MAX, &times, &length, NULL))
            count += length;
    }
    return count < POINTS_MAX ? count : POINTS_MAX;
}

static bool read_page(const struct json_node *root, struct cloudwatch_page *page, struct err *err)
{
    struct json_node results = {0};
    const char *token = NULL;
    size_t count = 0;
    size_t used = 0;

    if (!json_as_object(root, err) || !check_messages(root, err) ||
        !json_array(root, "MetricDataResults", JSON_REQUIRED, CLOUDWATCH_RESULTS_MAX, &results, &count,
                    err) ||
        !json_text(root, "NextToken", JSON_OPTIONAL, CLOUDWATCH_TOKEN_MAX, &token, err))
        return false;
    page->results = memory_take_array(count + 1, sizeof(*page->results));
    page->points = memory_take_array(count_points(&results) + 1, sizeof(*page->points));
    page->next_token = memory_copy_text(token);
    for (struct json_node node = json_first(&results); node.item != NULL; node = json_next(&results, &node))
        if (!read_result(&node, page, &used, err))
            return false;
    return true;
}

bool cloudwatch_read(const char *bytes, size_t length, struct cloudwatch_page *ret_page, struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    struct cloudwatch_page page = {0};

    if (!json_parse(bytes, length, &limits, &root, err))
        return err_wrap(err, "the answer is no JSON that we read");
    struct json_node node = json_root(root);
    if (!read_page(&node, &page, err)) {
        cloudwatch_page_done(&page);
        return false;
    }
    *ret_page = page;
    return true;
}

void cloudwatch_page_done(struct cloudwatch_page *page)
{
    free(page->results);
    free(page->points);
    free(page->next_token);
    *page = (struct cloudwatch_page){0};
}
