/* recording.c - recordings read, strictly: a sample that is misread would prove nothing.
 * SPDX-License-Identifier: MIT */
#include "cli/recording.h"

#include "base/duration.h"
#include "io/json.h"
#include "io/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 128, TIMES_MAX = 100000 };

static bool read_span(const struct json_node *object, const char *name, int64_t *span_ms, struct err *err)
{
    const char *text = NULL;

    if (!json_text(object, name, JSON_OPTIONAL, TEXT_MAX, &text, err))
        return false;
    return text == NULL || duration_parse(text, span_ms) ||
           err_set(err, ERR_INVALID, "%s/%s: '%s' is no time like \"30s\"", JSON_POINTER(object), name, text);
}

/* Index of the word, count where it is none: said. */
static bool read_word(const struct json_node *object, const char *name, const char *const *words,
                      size_t count, size_t *index, struct err *err)
{
    const char *text = NULL;

    if (!json_text(object, name, JSON_OPTIONAL, TEXT_MAX, &text, err))
        return false;
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return true;
        }
    }
    const char *nearest = text == NULL ? NULL : text_nearest(text, words, count);
    return text == NULL || err_set(err, ERR_INVALID, "%s/%s: unknown word '%s'%s%s%s", JSON_POINTER(object),
                                   name, text, nearest != NULL ? "; did you mean '" : "",
                                   nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* ---- samples ---- */

static bool read_counts(struct recording *recording, const struct recorded_series *series,
                        const struct json_node *node, struct recorded_sample *sample, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(node, "counts", JSON_REQUIRED, SERIES_BUCKETS_MAX, &array, &length, err))
        return false;
    if (length != series->bound_count)
        return err_set(err, ERR_INVALID, "%s/counts: %zu numbers for %zu bounds", JSON_POINTER(node), length,
                       series->bound_count);
    sample->counts = recording->count_count;
    for (struct json_node item = json_first(&array); item.item != NULL; item = json_next(&array, &item))
        if (!json_as_number(&item, &recording->counts[recording->count_count++], err))
            return false;
    return true;
}

static bool read_values(struct recording *recording, struct recorded_series *series,
                        const struct json_node *node, struct recorded_sample *sample, struct err *err)
{
    if (series->bound_count > 0)
        return read_counts(recording, series, node, sample, err);
    if (json_member(node, "total").item == NULL)
        return json_number(node, "value", JSON_REQUIRED, &sample->value, err);
    series->kind = SERIES_COUNT;
    return json_number(node, "events", JSON_REQUIRED, &sample->value, err) &&
           json_number(node, "total", JSON_REQUIRED, &sample->total, err);
}

static bool read_sample(struct recording *recording, struct recorded_series *series,
                        const struct json_node *node, struct recorded_sample *sample, struct err *err)
{
    static const char *const names[] = {"times", "value", "events", "total", "counts", "gap", "trouble"};
    static const char *const troubles[] = {"none", "loading", "error", "no-data", "ambiguous"};
    int64_t times = 1;
    size_t trouble = 0;

    if (!json_as_object(node, err) || !json_known_keys(node, names, ARRAY_LENGTH(names), err) ||
        !json_integer(node, "times", JSON_OPTIONAL, 1, TIMES_MAX, &times, err) ||
        !json_bool(node, "gap", JSON_OPTIONAL, &sample->is_gap, err) ||
        !read_word(node, "trouble", troubles, ARRAY_LENGTH(troubles), &trouble, err))
        return false;
    sample->times = (uint32_t)times;
    sample->trouble = (enum series_trouble)trouble;
    return sample->is_gap || trouble > 0 || read_values(recording, series, node, sample, err);
}

static bool read_bounds(struct recorded_series *series, const struct json_node *node, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(node, "bounds", JSON_OPTIONAL, SERIES_BUCKETS_MAX - 1, &array, &length, err))
        return false;
    if (array.item == NULL)
        return true;
    series->kind = SERIES_HISTOGRAM;
    for (struct json_node item = json_first(&array); item.item != NULL; item = json_next(&array, &item))
        if (!json_as_number(&item, &series->bounds[series->bound_count++], err))
            return false;
    series->bounds[series->bound_count++] = INFINITY;
    return true;
}

static bool read_series(struct recording *recording, const struct json_node *node,
                        struct recorded_series *series, struct err *err)
{
    static const char *const names[] = {"metric", "side", "from", "every", "bounds", "samples"};
    static const char *const sides[] = {"candidate", "stable", "before"};
    const char *metric = NULL;
    struct json_node array = {0};
    size_t length = 0;
    size_t side = SIDE_CANDIDATE;

    series->every_ms = 5000;
    if (!json_as_object(node, err) || !json_known_keys(node, names, ARRAY_LENGTH(names), err) ||
        !json_text(node, "metric", JSON_REQUIRED, METRIC_MAX_LENGTH, &metric, err) ||
        !read_word(node, "side", sides, ARRAY_LENGTH(sides), &side, err) ||
        !read_span(node, "from", &series->from_ms, err) ||
        !read_span(node, "every", &series->every_ms, err) || !read_bounds(series, node, err) ||
        !json_array(node, "samples", JSON_REQUIRED, RECORDING_SAMPLES_MAX, &array, &length, err))
        return false;
    if (series->every_ms == 0)
        return err_set(err, ERR_INVALID, "%s/every: is 0", JSON_POINTER(node));
    (void)snprintf(series->metric, sizeof(series->metric), "%s", metric);
    series->side = (enum expression_side)side;
    series->samples = memory_take_array(length + 1, sizeof(*series->samples));
    for (struct json_node item = json_first(&array); item.item != NULL; item = json_next(&array, &item))
        if (!read_sample(recording, series, &item, &series->samples[series->sample_count++], err))
            return false;
    return true;
}

/* ---- the whole ---- */

static bool read_expectation(const struct json_node *node, struct recorded_expectation *expectation,
                             struct err *err)
{
    static const char *const names[] = {"verdict", "reason", "by"};
    static const char *const verdicts[] = {"inconclusive", "pass", "fail"};
    const char *reasons[REASON_DROPPED + 1];
    size_t verdict = VERDICT_PASS;
    size_t reason = ARRAY_LENGTH(reasons);

    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++)
        reasons[i] = reason_name((enum reason)i);
    expectation->by_ms = INT64_MAX;
    if (!text_copy(expectation->rule, sizeof(expectation->rule), json_name(node)))
        return err_set(err, ERR_INVALID, "%s: the name is too long", JSON_POINTER(node));
    if (!json_as_object(node, err) || !json_known_keys(node, names, ARRAY_LENGTH(names), err) ||
        !read_word(node, "verdict", verdicts, ARRAY_LENGTH(verdicts), &verdict, err) ||
        !read_word(node, "reason", reasons, ARRAY_LENGTH(reasons), &reason, err) ||
        !read_span(node, "by", &expectation->by_ms, err))
        return false;
    expectation->verdict = (enum verdict)verdict;
    expectation->has_reason = reason < ARRAY_LENGTH(reasons);
    expectation->reason = (enum reason)reason;
    return true;
}

static bool read_expectations(struct recording *recording, const struct json_node *root, struct err *err)
{
    struct json_node object = {0};

    if (!json_object(root, "expect", JSON_REQUIRED, &object, err))
        return false;
    for (struct json_node item = json_first(&object); item.item != NULL; item = json_next(&object, &item)) {
        if (recording->expectation_count == PLAN_RULES_MAX)
            return err_set(err, ERR_LIMIT, "more than %d rules are expected", PLAN_RULES_MAX);
        if (!read_expectation(&item, &recording->expectations[recording->expectation_count++], err))
            return false;
    }
    return recording->expectation_count > 0 || err_set(err, ERR_INVALID, "#/expect: expects nothing");
}

static bool read_all_series(struct recording *recording, const struct json_node *root, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(root, "series", JSON_REQUIRED, RECORDING_SERIES_MAX, &array, &length, err))
        return false;
    for (struct json_node item = json_first(&array); item.item != NULL; item = json_next(&array, &item))
        if (!read_series(recording, &item, &recording->series[recording->series_count++], err))
            return false;
    return true;
}

static bool read_files(struct recording *recording, const char *path, const struct json_node *root,
                       struct err *err)
{
    const char *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - path + 1);
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(root, "rules", JSON_REQUIRED, RECORDING_FILES_MAX, &array, &length, err))
        return false;
    for (struct json_node item = json_first(&array); item.item != NULL; item = json_next(&array, &item)) {
        const char *name = NULL;
        if (!json_as_text(&item, RECORDING_PATH_MAX / 2, &name, err))
            return false;
        (void)snprintf(recording->files[recording->file_count++], RECORDING_PATH_MAX, "%.*s%s",
                       name[0] == '/' ? 0 : folder, path, name);
    }
    return recording->file_count > 0 || err_set(err, ERR_INVALID, "#/rules: names no rule file");
}

static bool read_target(struct recording *recording, const struct json_node *root, struct err *err)
{
    const char *target = NULL;

    if (!json_text(root, "for", JSON_OPTIONAL, TEXT_MAX, &target, err))
        return false;
    if (target == NULL)
        return true;
    const char *slash = strchr(target, '/');
    struct text service;
    text_init(&service, recording->service, sizeof(recording->service));
    if (slash != NULL)
        text_add_bytes(&service, target, (size_t)(slash - target));
    if (slash == NULL || service.is_cut ||
        !text_copy(recording->environment, sizeof(recording->environment), slash + 1))
        return err_set(err, ERR_INVALID, "#/for: '%s' is not like \"shop/prod\"", target);
    return true;
}

static int64_t end_of(const struct recording *recording)
{
    int64_t end_ms = 0;

    for (size_t i = 0; i < recording->series_count; i++) {
        const struct recorded_series *series = &recording->series[i];
        int64_t at_ms = series->from_ms;
        for (size_t k = 0; k < series->sample_count; k++)
            at_ms += series->samples[k].times * series->every_ms;
        end_ms = at_ms > end_ms ? at_ms : end_ms;
    }
    return end_ms;
}

static bool read_root(struct recording *recording, const char *path, const struct json_node *root,
                      struct err *err)
{
    static const char *const names[] = {"about", "rules", "for", "routed", "until", "series", "expect"};

    if (!json_as_object(root, err) || !json_known_keys(root, names, ARRAY_LENGTH(names), err) ||
        !read_files(recording, path, root, err) || !read_target(recording, root, err) ||
        !read_span(root, "routed", &recording->routed_ms, err) || !read_all_series(recording, root, err) ||
        !read_expectations(recording, root, err))
        return false;
    recording->until_ms = end_of(recording);
    return read_span(root, "until", &recording->until_ms, err) &&
           (recording->until_ms > recording->routed_ms ||
            err_set(err, ERR_INVALID, "it ends before the candidate is routed"));
}

static char *load(const char *path, size_t *ret_length, struct err *err)
{
    FILE *file = fopen(path, "re");
    char *bytes = NULL;

    if (file == NULL) {
        (void)err_set(err, ERR_IO, "%s", strerror(errno));
        return NULL;
    }
    bytes = memory_take(RECORDING_BYTES_MAX + 1);
    *ret_length = fread(bytes, 1, RECORDING_BYTES_MAX + 1, file);
    (void)fclose(file);
    return bytes;
}

bool recording_read(const char *path, struct recording **ret_recording, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = RECORDING_BYTES_MAX, .depth_max = 8, .keys_max = 200000};
    size_t length = 0;
    char *bytes = load(path, &length, err);
    struct cJSON *tree = NULL;

    if (bytes == NULL)
        return err_wrap(err, "%s", path);
    struct recording *recording = memory_take(sizeof(*recording));
    recording->counts = memory_take_array(length + 1, sizeof(*recording->counts));
    bool is_good = json_parse(bytes, length, &limits, &tree, err);
    struct json_node root = json_root(tree);
    is_good = is_good && read_root(recording, path, &root, err);
    json_free(tree);
    free(bytes);
    if (is_good) {
        *ret_recording = recording;
        return true;
    }
    recording_free(recording);
    return err_wrap(err, "%s", path);
}

void recording_free(struct recording *recording)
{
    for (size_t i = 0; i < recording->series_count; i++)
        free(recording->series[i].samples);
    free(recording->counts);
    free(recording);
}
