/* samples.c - POST /v1/samples: values that somebody else measured, and alerts that somebody else has.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/json_pick.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 1000, KEY_SIZE = VERSION_MAX_LENGTH + 16 };

struct posting {
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char key[KEY_SIZE];
    size_t counts[API_SAMPLE_ANSWERS]; /* of samples, by what became of them */
};

/* Whose values they are: of a slot, of a version, or of the whole service. */
static bool read_key(struct call *call, struct posting *posting)
{
    char slot[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1];

    if (!call_body_line(call, "slot", sizeof(slot), slot) ||
        !call_body_line(call, "version", sizeof(version), version))
        return false;
    if (slot[0] != '\0' && version[0] != '\0') {
        problem_answer_member(call, "#/slot", "a series is of a slot or of a version, not of both");
        return false;
    }
    if (slot[0] != '\0')
        (void)snprintf(posting->key, sizeof(posting->key), "slot.%s", slot);
    else if (version[0] != '\0')
        (void)snprintf(posting->key, sizeof(posting->key), "version.%s", version);
    else
        (void)snprintf(posting->key, sizeof(posting->key), "service");
    return true;
}

static bool read_sample(const struct json_node *node, struct api_sample *sample, struct err *err)
{
    static const char *const names[] = {"metric", "time", "value", "events", "total"};
    double time_s = 0;

    sample->is_count = json_member(node, "total").item != NULL;
    if (!json_as_object(node, err) || !json_known_keys(node, names, ARRAY_LENGTH(names), err) ||
        !json_text(node, "metric", JSON_REQUIRED, METRIC_MAX_LENGTH, &sample->metric, err) ||
        !json_number(node, "time", JSON_OPTIONAL, &time_s, err))
        return false;
    if (time_s < 0 || time_s > (double)JSON_INTEGER_MAX / 1000)
        return err_set(err, ERR_INVALID, "%s/time: seconds since 1970 are meant", JSON_POINTER(node));
    sample->wall_ms = time_s > 0 ? (int64_t)(time_s * 1000) : clock_wall_ms();
    if (!sample->is_count)
        return json_number(node, "value", JSON_REQUIRED, &sample->value, err);
    if (!json_number(node, "events", JSON_REQUIRED, &sample->value, err) ||
        !json_number(node, "total", JSON_REQUIRED, &sample->total, err))
        return false;
    return (sample->value >= 0 && sample->total >= 0) ||
           err_set(err, ERR_INVALID, "%s: counts are not negative", JSON_POINTER(node));
}

/* Reads one and looks for who waits for it. */
static bool look_at(const struct api_env *env, const struct posting *posting, const struct json_node *node,
                    struct api_sample *sample, struct err *err)
{
    *sample = (struct api_sample){
        .service = posting->service, .environment = posting->environment, .key = posting->key};
    if (!read_sample(node, sample, err))
        return false;
    return env->sample_find(env->data, sample) != API_SAMPLE_WRONG_KIND ||
           err_set(err, ERR_INVALID, "%s: '%s' is %s", JSON_POINTER(node), sample->metric,
                   sample->is_count ? "no counter: post its value" : "a counter: post events and total");
}

static void answer_counts(struct call *call, const struct posting *posting)
{
    static const char *const names[] = {[API_SAMPLE_TAKEN] = "taken",
                                        [API_SAMPLE_UNWATCHED] = "unwatched",
                                        [API_SAMPLE_LATE] = "late",
                                        [API_SAMPLE_FUTURE] = "future"};
    cJSON *answer = cJSON_CreateObject();

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        cJSON_AddNumberToObject(answer, names[i], (double)posting->counts[i]);
    call_answer_json(call, 202, answer);
}

static bool look_at_all(const struct api_env *env, const struct posting *posting,
                        struct json_elements *elements, struct api_sample *samples, size_t *ret_count,
                        struct err *err)
{
    size_t count = 0;

    for (struct json_node node = json_elements_next(elements); node.item != NULL;
         node = json_elements_next(elements)) {
        if (count == SAMPLES_MAX)
            return err_set(err, ERR_INVALID, "#/samples: has more than %d elements", SAMPLES_MAX);
        if (!look_at(env, posting, &node, &samples[count++], err))
            return false;
    }
    *ret_count = count;
    return true;
}

/* All are looked at before the first is put: who is refused may post all of it again. */
static void take_all(struct call *call, struct posting *posting, struct json_elements *elements)
{
    const struct api_env *env = &call->api->env;
    struct err err = {0};
    size_t count = 0;
    struct api_sample *samples = memory_take_array(SAMPLES_MAX, sizeof(*samples));

    bool is_good = look_at_all(env, posting, elements, samples, &count, &err);
    env->samples(env->data, samples, count);
    for (size_t i = 0; i < count; i++)
        posting->counts[samples[i].answer]++;
    free(samples);
    if (is_good)
        answer_counts(call, posting);
    else
        problem_answer(call, 422, "invalid", "%s", err.text);
}

void samples_take(struct call *call)
{
    static const char *const names[] = {"service", "environment", "slot", "version"};
    struct json_elements elements = {0};
    struct posting posting = {0};

    if (call_split_body(call, names, ARRAY_LENGTH(names), "samples", &elements) &&
        call_body_name(call, "service", text_is_name, "a name ([a-z][a-z0-9-]*, at most 63)",
                       sizeof(posting.service), posting.service) &&
        call_body_name(call, "environment", text_is_name, "a name ([a-z][a-z0-9-]*, at most 63)",
                       sizeof(posting.environment), posting.environment) &&
        read_key(call, &posting) &&
        call_allowed(call, call->route->right, posting.service, posting.environment))
        take_all(call, &posting, &elements);
    json_elements_done(&elements);
}
