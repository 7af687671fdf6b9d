/* prometheus_answer.c - strict reading of Prometheus' query API.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_answer.h"

#include "base/text.h"
#include "collectors/answer_status.h"
#include "collectors/exposition.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_END = '\x1e', NAME_END = '\x1f' };

static const double TIME_MAX_S = 1e12; /* whole in milliseconds, and beyond any clock */

static const struct json_limits limits = {
    .size_max = PROMETHEUS_ANSWER_MAX, .depth_max = 8, .keys_max = 131072, .allows_rounding = true};
static const struct json_limits range_limits = {
    .size_max = PROMETHEUS_RANGE_MAX, .depth_max = 8, .keys_max = 131072, .allows_rounding = true};

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text != NULL ? text : "";
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* [time, "value"] */
static bool read_pair(const cJSON *pair, double *ret_value)
{
    const char *text = cJSON_IsArray(pair) ? cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1)) : NULL;

    return text != NULL && exposition_number(text, ret_value);
}

static bool add_label(const cJSON *label, struct text *texts, struct prometheus_sample *sample)
{
    const char *value = cJSON_GetStringValue(label);

    if (value == NULL)
        return false;
    if (strcmp(label->string, "le") == 0)
        return exposition_number(value, &sample->bound);
    text_add(texts, "%s%c%s%c", label->string, NAME_END, value, LABEL_END);
    return true;
}

/* Whose values the item holds. */
static bool read_series(const cJSON *item, struct text *texts, struct prometheus_sample *sample,
                        struct err *err)
{
    const cJSON *labels = member(item, "metric");
    const cJSON *label = NULL;

    *sample = (struct prometheus_sample){.labels = texts->data + texts->length, .bound = NAN};
    if (member(item, "histogram") != NULL || member(item, "histograms") != NULL)
        return err_set(err, ERR_PROTOCOL, "a native histogram: wrap it in histogram_quantile()");
    if (!cJSON_IsObject(labels))
        return err_set(err, ERR_PROTOCOL, "a sample that is none");
    cJSON_ArrayForEach(label, labels)
    {
        if (!add_label(label, texts, sample))
            return err_set(err, ERR_PROTOCOL, "a label that is none");
    }
    text_add_bytes(texts, "", 1);
    return true;
}

static bool read_sample(const cJSON *item, struct text *texts, struct prometheus_sample *sample,
                        struct err *err)
{
    if (!read_series(item, texts, sample, err))
        return false;
    return read_pair(member(item, "value"), &sample->value) ||
           err_set(err, ERR_PROTOCOL, "a sample that is none");
}

static bool check_result(const cJSON *result, size_t count, struct err *err)
{
    if (!cJSON_IsArray(result))
        return err_set(err, ERR_PROTOCOL, "no result");
    return count <= PROMETHEUS_SAMPLES_MAX ||
           err_set(err, ERR_LIMIT, "%zu series; sum them up to at most %d", count, PROMETHEUS_SAMPLES_MAX);
}

static bool read_vector(const cJSON *result, size_t length, struct prometheus_vector *vector, struct err *err)
{
    size_t count = (size_t)cJSON_GetArraySize(result);
    struct text texts;
    const cJSON *item = NULL;

    if (!check_result(result, count, err))
        return false;
    /* A label takes no more here than with its quotes, colon and comma in the answer. */
    vector->labels = memory_take(length + 1);
    vector->samples = memory_take_array(count + 1, sizeof(*vector->samples));
    text_init(&texts, vector->labels, length + 1);
    cJSON_ArrayForEach(item, result)
    {
        if (!read_sample(item, &texts, &vector->samples[vector->count++], err))
            return false;
    }
    return true;
}

static bool read_scalar(const cJSON *result, struct prometheus_vector *vector, struct err *err)
{
    double value = 0;

    if (!read_pair(result, &value))
        return err_set(err, ERR_PROTOCOL, "a scalar that is none");
    vector->labels = memory_take(1);
    vector->samples = memory_take(sizeof(*vector->samples));
    vector->samples[0] = (struct prometheus_sample){.labels = vector->labels, .bound = NAN, .value = value};
    vector->count = 1;
    return true;
}

/* What is there may be a part of what was asked for. */
static bool is_whole(const cJSON *root, struct err *err)
{
    const cJSON *warning = cJSON_GetArrayItem(member(root, "warnings"), 0);

    return warning == NULL ||
           err_set(err, ERR_UNAVAILABLE, "answered with a warning, so perhaps in part: %.200s",
                   cJSON_IsString(warning) ? warning->valuestring : "?");
}

static bool read_data(const cJSON *root, size_t length, struct prometheus_vector *vector, struct err *err)
{
    const cJSON *data = member(root, "data");
    const char *type = text_of(data, "resultType");

    if (strcmp(type, "vector") == 0)
        return read_vector(member(data, "result"), length, vector, err);
    if (strcmp(type, "scalar") == 0)
        return read_scalar(member(data, "result"), vector, err);
    return err_set(err, ERR_PROTOCOL, "answered with '%.40s' instead of an instant vector", type);
}

static bool explain_status(const struct http_answer *answer, const cJSON *root, struct err *err)
{
    if (root != NULL && strcmp(text_of(root, "status"), "error") == 0)
        return err_set(err, ERR_UNAVAILABLE, "answered %d, %.40s: %.300s", answer->status,
                       text_of(root, "errorType"), text_of(root, "error"));
    if (!answer_status_check(answer, err))
        return false;
    return err_set(err, ERR_PROTOCOL, "answered with something that is not its JSON");
}

/* The answer's tree, where it is a complete success. */
static bool read_root(const struct http_answer *answer, const struct json_limits *its_limits,
                      cJSON **ret_root, struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    struct err parse = {0};

    if (answer->status == 0)
        return err_set(err, answer->err.code, "%s", answer->err.text);
    bool is_json =
        json_parse(answer->body, answer->length, its_limits, &root, &parse) && cJSON_IsObject(root);
    if (answer->status != 200)
        return explain_status(answer, root, err);
    if (!is_json)
        return err_set(err, ERR_PROTOCOL, "answered with something that is not its JSON (%s)",
                       parse.code != ERR_NONE ? parse.text : "no object");
    if (strcmp(text_of(root, "status"), "success") != 0)
        return explain_status(answer, root, err);
    if (!is_whole(root, err))
        return false;
    *ret_root = root;
    root = NULL;
    return true;
}

bool prometheus_read(const struct http_answer *answer, struct prometheus_vector *ret_vector, struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    struct prometheus_vector vector = {0};

    if (!read_root(answer, &limits, &root, err))
        return false;
    if (!read_data(root, answer->length, &vector, err)) {
        prometheus_vector_done(&vector);
        return false;
    }
    *ret_vector = vector;
    return true;
}

/* ---- ranges ---- */

/* Seconds since 1970, with a fraction. */
static bool read_time(const cJSON *time, int64_t *ret_ms)
{
    if (!cJSON_IsNumber(time) || !(fabs(time->valuedouble) <= TIME_MAX_S))
        return false;
    *ret_ms = (int64_t)llround(time->valuedouble * 1000);
    return true;
}

static bool read_points(const cJSON *item, struct prometheus_matrix *matrix, struct prometheus_row *row,
                        struct err *err)
{
    const cJSON *values = member(item, "values");
    const cJSON *pair = NULL;

    row->first = matrix->point_count;
    if (!cJSON_IsArray(values))
        return err_set(err, ERR_PROTOCOL, "a series without values");
    cJSON_ArrayForEach(pair, values)
    {
        const cJSON *time = cJSON_GetArrayItem(pair, 0);
        struct prometheus_point *point = &matrix->points[matrix->point_count];
        if (matrix->point_count == PROMETHEUS_POINTS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d values", PROMETHEUS_POINTS_MAX);
        if (!read_time(time, &point->time_ms) || !read_pair(pair, &point->value))
            return err_set(err, ERR_PROTOCOL, "a value that is none");
        if (matrix->point_count > row->first && point->time_ms <= point[-1].time_ms)
            return err_set(err, ERR_PROTOCOL, "values that are not in the order of their times");
        matrix->point_count++;
    }
    row->count = matrix->point_count - row->first;
    return true;
}

static bool read_matrix(const cJSON *result, size_t length, struct prometheus_matrix *matrix, struct err *err)
{
    size_t count = (size_t)cJSON_GetArraySize(result);
    struct text texts;
    const cJSON *item = NULL;

    if (!check_result(result, count, err))
        return false;
    matrix->labels = memory_take(length + 1);
    matrix->rows = memory_take_array(count + 1, sizeof(*matrix->rows));
    /* A value takes more bytes in the answer than the seven of [1,"2"] and its comma. */
    size_t most = length / 7 + 1;
    matrix->points = memory_take_array(most < PROMETHEUS_POINTS_MAX ? most : PROMETHEUS_POINTS_MAX,
                                       sizeof(*matrix->points));
    text_init(&texts, matrix->labels, length + 1);
    cJSON_ArrayForEach(item, result)
    {
        struct prometheus_row *row = &matrix->rows[matrix->count++];
        if (!read_series(item, &texts, &row->series, err) || !read_points(item, matrix, row, err))
            return false;
    }
    return true;
}

bool prometheus_read_range(const struct http_answer *answer, struct prometheus_matrix *ret_matrix,
                           struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    struct prometheus_matrix matrix = {0};

    if (!read_root(answer, &range_limits, &root, err))
        return false;
    const cJSON *data = member(root, "data");
    if (strcmp(text_of(data, "resultType"), "matrix") != 0)
        return err_set(err, ERR_PROTOCOL, "answered with '%.40s' instead of a range",
                       text_of(data, "resultType"));
    if (!read_matrix(member(data, "result"), answer->length, &matrix, err)) {
        prometheus_matrix_done(&matrix);
        return false;
    }
    *ret_matrix = matrix;
    return true;
}

void prometheus_matrix_done(struct prometheus_matrix *matrix)
{
    free(matrix->rows);
    free(matrix->points);
    free(matrix->labels);
    *matrix = (struct prometheus_matrix){0};
}

/* Points of a row stand in order of time. */
static const struct prometheus_point *find_point(const struct prometheus_matrix *matrix,
                                                 const struct prometheus_row *row, int64_t time_ms)
{
    size_t low = row->first;
    size_t high = row->first + row->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (matrix->points[middle].time_ms < time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_there = low < row->first + row->count && matrix->points[low].time_ms == time_ms;
    return is_there ? &matrix->points[low] : NULL;
}

void prometheus_matrix_at(const struct prometheus_matrix *matrix, int64_t time_ms,
                          struct prometheus_vector *ret_vector)
{
    struct prometheus_vector vector = {.samples =
                                           memory_take_array(matrix->count + 1, sizeof(*vector.samples))};

    for (size_t i = 0; i < matrix->count; i++) {
        const struct prometheus_point *point = find_point(matrix, &matrix->rows[i], time_ms);
        if (point == NULL)
            continue;
        vector.samples[vector.count] = matrix->rows[i].series;
        vector.samples[vector.count++].value = point->value;
    }
    *ret_vector = vector;
}

void prometheus_vector_done(struct prometheus_vector *vector)
{
    free(vector->samples);
    free(vector->labels);
    *vector = (struct prometheus_vector){0};
}
