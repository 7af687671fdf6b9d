/* compare_read.c - samples, counts and options out of JSON.
 * SPDX-License-Identifier: MIT */
#include "cli/compare_read.h"

#include "base/text.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 200, LIST_MAX = 200 };

bool compare_refuse(const struct json_node *object, const char *name, struct err *err, const char *format,
                    ...)
{
    char text[ERR_TEXT_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    return err_set(err, ERR_INVALID, "%s/%s: %s", JSON_POINTER(object), name, text);
}

static bool refuse_node(const struct json_node *node, struct err *err, const char *text)
{
    return err_set(err, ERR_INVALID, "%s: %s", JSON_POINTER(node), text);
}

bool compare_read_number(const struct json_node *object, const char *name, double min, double max,
                         double *number, struct err *err)
{
    double found = NAN; /* which JSON does not have */

    if (!json_number(object, name, JSON_OPTIONAL, &found, err))
        return false;
    if (isnan(found))
        return true;
    if (found < min || found > max)
        return compare_refuse(object, name, err, "%g is not in %g..%g", found, min, max);
    *number = found;
    return true;
}

bool compare_read_integer(const struct json_node *object, const char *name, int64_t min, int64_t max,
                          int64_t *integer, struct err *err)
{
    return json_integer(object, name, JSON_OPTIONAL, min, max, integer, err);
}

bool compare_read_choice(const struct json_node *object, const char *name, const char *const *choices,
                         unsigned *choice, struct err *err)
{
    char list[LIST_MAX];
    struct text text;
    const char *found = NULL;

    if (!json_text(object, name, JSON_OPTIONAL, TEXT_MAX, &found, err))
        return false;
    text_init(&text, list, sizeof(list));
    for (unsigned at = 0; found != NULL && choices[at] != NULL; at++) {
        text_add(&text, "%s%s", at == 0 ? "" : ", ", choices[at]);
        if (strcmp(found, choices[at]) != 0)
            continue;
        *choice = at;
        return true;
    }
    return found == NULL || compare_refuse(object, name, err, "'%s' is not one of %s", found, list);
}

static bool is_nan_text(const struct json_node *node)
{
    const char *text = cJSON_GetStringValue(node->item);

    return text != NULL && strcmp(text, "NaN") == 0;
}

static bool read_value(const struct json_node *node, bool takes_missing, double *ret_value, struct err *err)
{
    double value = NAN;

    if (takes_missing && (cJSON_IsNull(node->item) || is_nan_text(node))) {
        *ret_value = NAN;
        return true;
    }
    if (!json_as_number(node, &value, err))
        return false;
    if (fabs(value) > COMPARE_NUMBER_MAX)
        return refuse_node(node, err, "is beyond 1e150");
    *ret_value = value;
    return true;
}

bool compare_read_numbers(const struct json_node *object, const char *name, bool takes_missing,
                          struct compare_numbers *numbers, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(object, name, JSON_REQUIRED, SIZE_MAX, &array, &length, err))
        return false;
    numbers->values = memory_take_array(length + 1, sizeof(*numbers->values));
    for (struct json_node child = json_first(&array); child.item != NULL; child = json_next(&array, &child))
        if (!read_value(&child, takes_missing, &numbers->values[numbers->count++], err))
            return false;
    return true;
}

static bool read_count(const struct json_node *object, const char *name, double *ret_count, struct err *err)
{
    double count = 0;

    if (!json_number(object, name, JSON_REQUIRED, &count, err))
        return false;
    if (!(count >= 0 && count <= COMPARE_COUNT_MAX))
        return compare_refuse(object, name, err, "%g is not a count from 0 to 1e15", count);
    *ret_count = count;
    return true;
}

static bool read_pair(const struct json_node *node, bool is_stable, struct sequential_block *block,
                      struct err *err)
{
    static const char *const names[] = {"events", "total"};
    double events = 0;
    double total = 0;

    if (!json_as_object(node, err) || !json_known_keys(node, names, ARRAY_LENGTH(names), err) ||
        !read_count(node, "events", &events, err) || !read_count(node, "total", &total, err))
        return false;
    if (events > total)
        return compare_refuse(node, "events", err, "%g are more than the total, %g", events, total);
    if (is_stable) {
        block->stable_events = events;
        block->stable_total = total;
    } else {
        block->events = events;
        block->total = total;
    }
    return true;
}

bool compare_read_side(const struct json_node *object, const char *name, bool is_stable,
                       struct compare_blocks *blocks, struct err *err)
{
    struct json_node side = json_member(object, name);
    bool is_first = blocks->blocks == NULL;
    size_t length = 1;
    size_t at = 0;

    if (side.item == NULL || !json_is_object(&side))
        if (!json_array(object, name, JSON_REQUIRED, SIZE_MAX, &side, &length, err))
            return false;
    if (!is_first && length != blocks->count)
        return compare_refuse(object, name, err, "has %zu steps, the other side has %zu", length,
                              blocks->count);
    if (is_first)
        blocks->blocks = memory_take_array(length + 1, sizeof(*blocks->blocks));
    blocks->count = length;
    if (json_is_object(&side))
        return read_pair(&side, is_stable, &blocks->blocks[0], err);
    for (struct json_node child = json_first(&side); child.item != NULL; child = json_next(&side, &child))
        if (!read_pair(&child, is_stable, &blocks->blocks[at++], err))
            return false;
    return true;
}

static bool read_buckets(const struct json_node *node, size_t bucket_count, double *to, struct err *err)
{
    size_t at = 0;

    for (struct json_node child = json_first(node); child.item != NULL; child = json_next(node, &child)) {
        if (at == bucket_count)
            return refuse_node(&child, err, "is more than the first block's buckets");
        if (!json_as_number(&child, &to[at], err))
            return false;
        if (!(to[at] >= 0 && to[at] <= COMPARE_COUNT_MAX))
            return refuse_node(&child, err, "is not a count from 0 to 1e15");
        at++;
    }
    return at == bucket_count || refuse_node(node, err, "has fewer buckets than the first block");
}

static size_t count_children(const struct json_node *node)
{
    size_t count = 0;

    for (struct json_node child = json_first(node); child.item != NULL; child = json_next(node, &child))
        count++;
    return count;
}

bool compare_read_histograms(const struct json_node *object, const char *name, size_t bucket_max,
                             struct compare_histograms *histograms, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(object, name, JSON_REQUIRED, SIZE_MAX, &array, &length, err))
        return false;
    struct json_node first = json_first(&array);
    if (histograms->bucket_count == 0)
        histograms->bucket_count = first.item == NULL ? 2 : count_children(&first);
    if (histograms->bucket_count < 2 || histograms->bucket_count > bucket_max)
        return compare_refuse(object, name, err, "takes blocks of 2 to %zu counts", bucket_max);
    histograms->counts = memory_take_array(length * histograms->bucket_count + 1, sizeof(double));
    for (struct json_node child = first; child.item != NULL; child = json_next(&array, &child)) {
        double *to = histograms->counts + histograms->block_count++ * histograms->bucket_count;
        if (!json_is_array(&child))
            return refuse_node(&child, err, "expected a list of counts, one a bucket");
        if (!read_buckets(&child, histograms->bucket_count, to, err))
            return false;
    }
    return true;
}
