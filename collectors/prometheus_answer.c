/* prometheus_answer.c - strict reading of Prometheus' query API.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_answer.h"

#include "base/text.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_END = '\x1e', NAME_END = '\x1f' };

static const struct json_limits limits = {
    .size_max = PROMETHEUS_ANSWER_MAX, .depth_max = 8, .keys_max = 131072, .allows_rounding = true};

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text != NULL ? text : "";
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* "NaN", "+Inf" and "-Inf" are Prometheus' own words; everything else is a plain number. */
static bool read_number(const char *text, double *ret_number)
{
    static const struct {
        const char *word;
        double number;
    } words[] = {{"NaN", NAN}, {"+Inf", INFINITY}, {"Inf", INFINITY}, {"-Inf", -INFINITY}};

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcmp(text, words[i].word) == 0) {
            *ret_number = words[i].number;
            return true;
        }
    }
    return text_to_number(text, ret_number);
}

/* [time, "value"] */
static bool read_pair(const cJSON *pair, double *ret_value)
{
    const char *text = cJSON_IsArray(pair) ? cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1)) : NULL;

    return text != NULL && read_number(text, ret_value);
}

static bool add_label(const cJSON *label, struct text *texts, struct prometheus_sample *sample)
{
    const char *value = cJSON_GetStringValue(label);

    if (value == NULL)
        return false;
    if (strcmp(label->string, "le") == 0)
        return read_number(value, &sample->bound);
    text_add(texts, "%s%c%s%c", label->string, NAME_END, value, LABEL_END);
    return true;
}

static bool read_sample(const cJSON *item, struct text *texts, struct prometheus_sample *sample,
                        struct err *err)
{
    const cJSON *labels = member(item, "metric");
    const cJSON *label = NULL;

    *sample = (struct prometheus_sample){.labels = texts->data + texts->length, .bound = NAN};
    if (member(item, "histogram") != NULL)
        return err_set(err, ERR_PROTOCOL, "a native histogram: wrap it in histogram_quantile()");
    if (!cJSON_IsObject(labels) || !read_pair(member(item, "value"), &sample->value))
        return err_set(err, ERR_PROTOCOL, "a sample that is none");
    cJSON_ArrayForEach(label, labels)
    {
        if (!add_label(label, texts, sample))
            return err_set(err, ERR_PROTOCOL, "a label that is none");
    }
    text_add_bytes(texts, "", 1);
    return true;
}

static bool read_vector(const cJSON *result, size_t length, struct prometheus_vector *vector, struct err *err)
{
    size_t count = (size_t)cJSON_GetArraySize(result);
    struct text texts;
    const cJSON *item = NULL;

    if (!cJSON_IsArray(result))
        return err_set(err, ERR_PROTOCOL, "no result");
    if (count > PROMETHEUS_SAMPLES_MAX)
        return err_set(err, ERR_LIMIT, "%zu series; sum them up to at most %d", count,
                       PROMETHEUS_SAMPLES_MAX);
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

static bool read_data(const cJSON *root, size_t length, struct prometheus_vector *vector, struct err *err)
{
    const cJSON *data = member(root, "data");
    const char *type = text_of(data, "resultType");
    const cJSON *warning = cJSON_GetArrayItem(member(root, "warnings"), 0);

    if (warning != NULL)
        return err_set(err, ERR_UNAVAILABLE, "answered with a warning, so perhaps in part: %.200s",
                       cJSON_IsString(warning) ? warning->valuestring : "?");
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
    if (answer->status >= 300 && answer->status < 400)
        return err_set(err, ERR_UNAVAILABLE, "answered with a redirect (%d): give the address itself",
                       answer->status);
    return err_set(err, ERR_UNAVAILABLE, "answered with status %d", answer->status);
}

bool prometheus_read(const struct http_answer *answer, struct prometheus_vector *ret_vector, struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    struct prometheus_vector vector = {0};
    struct err parse = {0};

    if (answer->status == 0)
        return err_set(err, answer->err.code, "%s", answer->err.text);
    bool is_json = json_parse(answer->body, answer->length, &limits, &root, &parse) && cJSON_IsObject(root);
    if (answer->status != 200)
        return explain_status(answer, root, err);
    if (!is_json)
        return err_set(err, ERR_PROTOCOL, "answered with something that is not its JSON (%s)",
                       parse.code != ERR_NONE ? parse.text : "no object");
    if (strcmp(text_of(root, "status"), "success") != 0)
        return explain_status(answer, root, err);
    if (!read_data(root, answer->length, &vector, err)) {
        prometheus_vector_done(&vector);
        return false;
    }
    *ret_vector = vector;
    return true;
}

void prometheus_vector_done(struct prometheus_vector *vector)
{
    free(vector->samples);
    free(vector->labels);
    *vector = (struct prometheus_vector){0};
}
