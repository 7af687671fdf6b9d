/* otlp_request.c - walks the tree of a request: resources, scopes, metrics, points.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_request.h"

#include "base/hash.h"
#include "collectors/otlp_number.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS_MAX = 128 * 1024,
    VALUES_MAX = 256 * 1024,
    TEXTS_SIZE = LABELLED_LINE_MAX,
    ATTRIBUTES_MAX = 256 * 1024, /* looked at in one walk: those of a resource once for each of its points */
    NO_RECORDED_VALUE = 1        /* in flags */
};

static const struct json_limits limits = {.size_max = OTLP_BODY_MAX,
                                          .depth_max = OTLP_DEPTH_MAX,
                                          .keys_max = KEYS_MAX,
                                          .values_max = VALUES_MAX,
                                          .allows_rounding = true};

struct otlp_request {
    cJSON *root;
};

/* Where we are, for errors; and what is read there. */
struct walk {
    size_t resource, scope, metric, point; /* their numbers in their lists */
    size_t point_count, attribute_count;
    const char *part; /* "gauge", "sum" ... */
    const cJSON *resource_attributes;
    const char *scope_name;
    otlp_take *take; /* NULL: only looked at */
    void *data;
    struct err *err;
    size_t label_bytes; /* of the point's labels */
    size_t text_length;
    char texts[TEXTS_SIZE]; /* of attributes that are no texts */
    struct otlp_point value;
};

static bool wrong(const struct walk *walk, const char *member, const char *what)
{
    return err_set(walk->err, ERR_INVALID, "#/resourceMetrics/%zu/scopeMetrics/%zu/metrics/%zu/%s/%zu/%s: %s",
                   walk->resource, walk->scope, walk->metric, walk->part, walk->point, member, what);
}

/* A member that is there; null is as if it was not. */
static const cJSON *member_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return item == NULL || cJSON_IsNull(item) ? NULL : item;
}

/* ---- numbers ---- */

static bool read_integer(const struct walk *walk, const cJSON *object, const char *name, int64_t *ret_integer)
{
    const cJSON *item = member_of(object, name);

    return item == NULL || otlp_whole(item, ret_integer) || wrong(walk, name, "is no whole number");
}

static bool read_time(const struct walk *walk, const cJSON *object, const char *name, int64_t *ret_ns)
{
    return read_integer(walk, object, name, ret_ns) && (*ret_ns >= 0 || wrong(walk, name, "is before 1970"));
}

/* A whole number of the protocol's own lists. */
static bool read_choice(const struct walk *walk, const cJSON *object, const char *name, int64_t *ret_choice)
{
    const cJSON *item = member_of(object, name);

    *ret_choice = 0;
    return item == NULL || (cJSON_IsNumber(item) && read_integer(walk, object, name, ret_choice)) ||
           wrong(walk, name, "is no whole number");
}

/* ---- attributes ---- */

static const char *keep_text(struct walk *walk, const char *text)
{
    size_t size = strlen(text) + 1;

    if (size > sizeof(walk->texts) - walk->text_length)
        return NULL;
    char *kept = memcpy(walk->texts + walk->text_length, text, size);
    walk->text_length += size;
    return kept;
}

static const char *keep_json(struct walk *walk, const cJSON *item)
{
    char *text = json_print(item);
    const char *kept = keep_text(walk, text);

    free(text);
    return kept;
}

/* NULL: there is no room for it. */
static const char *text_of(struct walk *walk, const cJSON *value)
{
    static const char *const kinds[] = {"stringValue", "intValue", "bytesValue"}; /* in JSON often texts */
    const cJSON *item = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        item = member_of(value, kinds[i]);
        if (item != NULL && cJSON_IsString(item))
            return item->valuestring;
    }
    for (item = value == NULL ? NULL : value->child; item != NULL; item = item->next)
        if (!cJSON_IsNull(item))
            return keep_json(walk, item);
    return "";
}

static bool has_label(const struct labelled *labelled, const char *name)
{
    for (size_t i = 0; i < labelled->label_count; i++)
        if (strcmp(labelled->labels[i].name, name) == 0)
            return true;
    return false;
}

static const char too_many[] = "it has too many attributes, or too long ones";

static void add_label(struct walk *walk, const char *name, const char *value)
{
    struct labelled *labelled = &walk->value.labelled;

    if (has_label(labelled, name))
        return;
    if (value != NULL)
        walk->label_bytes += strlen(name) + strlen(value);
    if (value == NULL || labelled->label_count == LABELLED_LABELS_MAX ||
        walk->label_bytes > LABELLED_LINE_MAX)
        walk->value.wrong = too_many;
    else
        labelled->labels[labelled->label_count++] = (struct label){name, value};
}

static bool add_attributes(struct walk *walk, const cJSON *list)
{
    const cJSON *attribute = NULL;
    size_t count = 0;

    if (list != NULL && !cJSON_IsArray(list))
        return wrong(walk, "attributes", "is no list");
    cJSON_ArrayForEach(attribute, list)
    {
        if (walk->attribute_count++ == ATTRIBUTES_MAX)
            return err_set(walk->err, ERR_LIMIT, "more than %d attributes; send smaller batches",
                           ATTRIBUTES_MAX);
        if (count++ == LABELLED_LABELS_MAX) {
            walk->value.wrong = too_many;
            return true;
        }
        const cJSON *key = member_of(attribute, "key");
        const cJSON *value = member_of(attribute, "value");
        if (!cJSON_IsString(key) || (value != NULL && !cJSON_IsObject(value)))
            return wrong(walk, "attributes", "one of them is none: a key and a value are expected");
        add_label(walk, key->valuestring, text_of(walk, value));
    }
    return true;
}

/* ---- points ---- */

static bool read_number(struct walk *walk, const cJSON *point)
{
    const cJSON *whole = member_of(point, "asInt");
    const cJSON *number = member_of(point, "asDouble");
    int64_t integer = 0;

    if (number != NULL)
        return otlp_double(number, &walk->value.labelled.value) || wrong(walk, "asDouble", "is no number");
    if (!read_integer(walk, point, "asInt", &integer))
        return false;
    walk->value.labelled.value = (double)integer;
    if (whole == NULL && !walk->value.is_silent)
        walk->value.wrong = "it has no value";
    return true;
}

static bool read_count(const struct walk *walk, const cJSON *item, const char *name, double *ret_count)
{
    int64_t count = 0;

    if (!otlp_whole(item, &count) || count < 0)
        return wrong(walk, name, "is no whole number from 0");
    *ret_count = (double)count;
    return true;
}

static bool read_bucket_counts(struct walk *walk, const cJSON *list, double *ret_sum)
{
    struct otlp_point *value = &walk->value;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list)
    {
        double count = 0;
        if (!read_count(walk, item, "bucketCounts", &count))
            return false;
        *ret_sum += count;
        if (value->bucket_count < SERIES_BUCKETS_MAX)
            value->counts[value->bucket_count++] = count;
        else
            value->wrong = "it has too many buckets";
    }
    return true;
}

static bool read_bounds(struct walk *walk, const cJSON *list)
{
    struct otlp_point *value = &walk->value;
    const cJSON *item = NULL;
    size_t count = 0;

    cJSON_ArrayForEach(item, list)
    {
        double bound = 0;
        if (!otlp_double(item, &bound))
            return wrong(walk, "explicitBounds", "one of them is no number");
        if (!isfinite(bound) ||
            (count > 0 && count < SERIES_BUCKETS_MAX && !(bound > value->bounds[count - 1])))
            value->wrong = "its bounds do not rise";
        if (count < SERIES_BUCKETS_MAX)
            value->bounds[count] = bound;
        count++;
    }
    if (value->wrong == NULL && count + 1 != value->bucket_count && (count > 0 || value->bucket_count > 0))
        value->wrong = "it does not have one bucket more than bounds";
    if (count < SERIES_BUCKETS_MAX)
        value->bounds[count] = INFINITY;
    return true;
}

static bool read_histogram(struct walk *walk, const cJSON *point)
{
    const cJSON *count = member_of(point, "count");
    const cJSON *counts = member_of(point, "bucketCounts");
    const cJSON *bounds = member_of(point, "explicitBounds");
    double sum = 0;

    if (count != NULL && !read_count(walk, count, "count", &walk->value.labelled.value))
        return false;
    if ((counts != NULL && !cJSON_IsArray(counts)) || (bounds != NULL && !cJSON_IsArray(bounds)))
        return wrong(walk, "bucketCounts", "or explicitBounds is no list");
    if (!read_bucket_counts(walk, counts, &sum) || !read_bounds(walk, bounds))
        return false;
    if (walk->value.wrong == NULL && walk->value.bucket_count > 0 && sum != walk->value.labelled.value)
        walk->value.wrong = "its buckets do not add up to its count";
    return true;
}

static bool read_value(struct walk *walk, const cJSON *point)
{
    switch (walk->value.kind) {
    case OTLP_GAUGE:
    case OTLP_SUM:
        return read_number(walk, point);
    case OTLP_HISTOGRAM:
        return read_histogram(walk, point);
    case OTLP_OTHER:
        break;
    }
    walk->value.wrong = "exponential histograms and summaries are not read here";
    return true;
}

/* The kind, name and temporality stand in walk->value already. */
static bool read_point(struct walk *walk, const cJSON *point)
{
    struct otlp_point *value = &walk->value;
    int64_t flags = 0;

    walk->text_length = 0;
    walk->label_bytes = 0;
    value->labelled.label_count = 0;
    value->labelled.value = 0;
    value->bucket_count = 0;
    value->start_ns = 0;
    value->time_ns = 0;
    value->wrong = NULL;
    if (!cJSON_IsObject(point))
        return wrong(walk, "", "is no object");
    if (!read_choice(walk, point, "flags", &flags) ||
        !read_time(walk, point, "startTimeUnixNano", &value->start_ns) ||
        !read_time(walk, point, "timeUnixNano", &value->time_ns))
        return false;
    value->is_silent = (flags & NO_RECORDED_VALUE) != 0;
    if (!read_value(walk, point) || !add_attributes(walk, member_of(point, "attributes")) ||
        !add_attributes(walk, walk->resource_attributes))
        return false;
    if (walk->scope_name[0] != '\0')
        add_label(walk, "otel.scope.name", walk->scope_name);
    if (value->time_ns == 0 && value->wrong == NULL)
        value->wrong = "it does not say when it was measured";
    return true;
}

static bool each_point(struct walk *walk, const cJSON *points)
{
    const cJSON *point = NULL;

    walk->point = 0;
    cJSON_ArrayForEach(point, points)
    {
        if (walk->point_count++ == OTLP_POINTS_MAX)
            return err_set(walk->err, ERR_LIMIT, "more than %d points; send them in smaller batches",
                           OTLP_POINTS_MAX);
        if (!read_point(walk, point))
            return false;
        if (walk->take != NULL)
            walk->take(walk->data, &walk->value);
        walk->point++;
    }
    return true;
}

/* ---- what they are in ---- */

static bool read_data(struct walk *walk, const cJSON *data)
{
    const cJSON *points = member_of(data, "dataPoints");
    const cJSON *is_monotonic = member_of(data, "isMonotonic");
    int64_t temporality = 0;

    walk->point = 0;
    if (!cJSON_IsObject(data) || (points != NULL && !cJSON_IsArray(points)))
        return wrong(walk, "dataPoints", "is no list");
    if (is_monotonic != NULL && !cJSON_IsBool(is_monotonic))
        return wrong(walk, "isMonotonic", "is neither true nor false");
    if (!read_choice(walk, data, "aggregationTemporality", &temporality))
        return false;
    walk->value.is_monotonic = cJSON_IsTrue(is_monotonic);
    walk->value.temporality = temporality == OTLP_DELTA || temporality == OTLP_CUMULATIVE
                                  ? (enum otlp_temporality)temporality
                                  : OTLP_UNSPECIFIED;
    return each_point(walk, points);
}

static bool read_metric(struct walk *walk, const cJSON *metric)
{
    static const struct {
        const char *name;
        enum otlp_kind kind;
    } parts[] = {{"gauge", OTLP_GAUGE},
                 {"sum", OTLP_SUM},
                 {"histogram", OTLP_HISTOGRAM},
                 {"exponentialHistogram", OTLP_OTHER},
                 {"summary", OTLP_OTHER}};
    const cJSON *name = member_of(metric, "name");

    walk->part = "";
    if (!cJSON_IsObject(metric) || !cJSON_IsString(name))
        return wrong(walk, "name", "is no text");
    walk->value.labelled.name = name->valuestring;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        const cJSON *data = member_of(metric, parts[i].name);
        walk->part = parts[i].name;
        walk->value.kind = parts[i].kind;
        if (data != NULL && !read_data(walk, data))
            return false;
    }
    return true;
}

/* Each element of a list, or of none; `number` is where errors stand. */
static bool each_of(struct walk *walk, const cJSON *parent, const char *name, size_t *number,
                    bool (*read)(struct walk *walk, const cJSON *element))
{
    const cJSON *list = member_of(parent, name);
    const cJSON *element = NULL;

    *number = 0;
    if (list != NULL && !cJSON_IsArray(list))
        return wrong(walk, name, "is no list");
    cJSON_ArrayForEach(element, list)
    {
        if (!read(walk, element))
            return false;
        (*number)++;
    }
    return true;
}

static bool read_scope(struct walk *walk, const cJSON *scope)
{
    const cJSON *name = member_of(member_of(scope, "scope"), "name");

    walk->scope_name = cJSON_IsString(name) ? name->valuestring : "";
    return each_of(walk, scope, "metrics", &walk->metric, read_metric);
}

/* A resource says the same in the same order each time. */
static uint64_t hash_of(const cJSON *attributes)
{
    char *text = attributes == NULL ? memory_copy_text("") : json_print(attributes);
    uint64_t hash = hash_text(HASH_BEGIN, text);

    free(text);
    return hash;
}

static bool read_resource(struct walk *walk, const cJSON *resource)
{
    walk->resource_attributes = member_of(member_of(resource, "resource"), "attributes");
    walk->value.resource = walk->take == NULL ? 0 : hash_of(walk->resource_attributes);
    return each_of(walk, resource, "scopeMetrics", &walk->scope, read_scope);
}

static bool walk_all(const cJSON *root, otlp_take *take, void *data, struct err *err)
{
    struct walk *walk = memory_take(sizeof(*walk));

    walk->part = "";
    walk->take = take;
    walk->data = data;
    walk->err = err;
    bool is_good = each_of(walk, root, "resourceMetrics", &walk->resource, read_resource);
    free(walk);
    return is_good;
}

bool otlp_request_parse(const char *bytes, size_t length, struct otlp_request **ret_request, struct err *err)
{
    cJSON *root = NULL;

    if (!json_parse(bytes, length, &limits, &root, err))
        return false;
    if (!cJSON_IsObject(root) || !walk_all(root, NULL, NULL, err)) {
        bool is_object = cJSON_IsObject(root);
        json_free(root);
        return is_object ? false : err_set(err, ERR_INVALID, "#: is no object");
    }
    struct otlp_request *request = memory_take(sizeof(*request));
    request->root = root;
    *ret_request = request;
    return true;
}

void otlp_request_free(struct otlp_request *request)
{
    json_free(request->root);
    free(request);
}

void otlp_request_each(const struct otlp_request *request, otlp_take *take, void *data)
{
    struct err err = {0};

    (void)!walk_all(request->root, take, data, &err); /* it was good before */
}
