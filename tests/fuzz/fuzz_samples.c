/* fuzz_samples.c - libFuzzer: any bytes as the body of POST /v1/samples.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What became of one body. */
struct seen {
    size_t looked_at, put, answers;
    size_t counts[API_SAMPLE_ANSWERS];
    unsigned status;
    bool is_refused; /* one is of the wrong kind */
};

/* The first letter of a metric says what becomes of its values; of all others they are taken. */
static const struct {
    char letter;
    enum api_sample_answer answer;
} fates[] = {{'w', API_SAMPLE_WRONG_KIND},
             {'u', API_SAMPLE_UNWATCHED},
             {'l', API_SAMPLE_LATE},
             {'f', API_SAMPLE_FUTURE},
             {'\0', API_SAMPLE_TAKEN}};

static void check(const struct api_sample *sample)
{
    if (!text_is_name(sample->service) || !text_is_name(sample->environment) || !isfinite(sample->value) ||
        sample->wall_ms < 0 || sample->wall_ms > JSON_INTEGER_MAX)
        abort();
    if (sample->is_count && !(sample->value >= 0 && sample->total >= 0 && isfinite(sample->total)))
        abort();
    if (strcmp(sample->key, "service") != 0 && strncmp(sample->key, "slot.", 5) != 0 &&
        strncmp(sample->key, "version.", 8) != 0)
        abort();
}

static enum api_sample_answer find(void *data, struct api_sample *sample)
{
    struct seen *seen = data;
    size_t fate = 0;

    check(sample);
    if (strlen(sample->metric) > METRIC_MAX_LENGTH)
        abort();
    while (fates[fate].letter != '\0' && fates[fate].letter != sample->metric[0])
        fate++;
    seen->looked_at++;
    seen->is_refused |= fates[fate].answer == API_SAMPLE_WRONG_KIND;
    if (fates[fate].answer == API_SAMPLE_WRONG_KIND || fates[fate].answer == API_SAMPLE_UNWATCHED)
        return fates[fate].answer;
    sample->watch = &fates[fate].answer;
    return API_SAMPLE_TAKEN;
}

static void put(void *data, struct api_sample *samples, size_t count)
{
    struct seen *seen = data;

    if (count > 0 && seen->is_refused)
        abort();
    for (size_t i = 0; i < count; i++) {
        const enum api_sample_answer *fate = samples[i].watch;
        check(&samples[i]);
        samples[i].answer = fate == NULL ? API_SAMPLE_UNWATCHED : *fate;
        seen->put++;
        seen->counts[samples[i].answer]++;
    }
}

/* JSON, whatever came; of what is refused a reason, of what is taken how much of each. */
static void answered(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                     const void *body, size_t length)
{
    static const char *const names[] = {"taken", "unwatched", "late", "future"};
    struct seen *seen = data;
    struct cJSON *json = NULL;

    (void)headers;
    seen->status = status;
    if (count == 0 || ++seen->answers > 1 || !json_parse(body, length, NULL, &json, NULL))
        abort();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (status == 202 && json_number_of(json, names[i]) != (double)seen->counts[i])
            abort();
    if (status != 202 && json_text_of(json, "detail")[0] == '\0')
        abort();
    json_free(json);
}

/* How many stand in the body, read as a whole. */
static size_t count_of(const char *text, size_t size)
{
    struct cJSON *json = NULL;

    if (!json_parse(text, size, NULL, &json, NULL))
        abort();
    const struct cJSON *all = json_path(json, ".samples");
    size_t count = 0;
    for (const struct cJSON *one = all == NULL ? NULL : all->child; one != NULL; one = one->next)
        count++;
    json_free(json);
    return count;
}

/* All of it or nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct seen seen = {.put = 0};
    char *text = memory_copy_bytes(bytes, size);
    const struct http_server_given given = {.answer = answered, .data = &seen};
    struct http_server_request request = {
        .method = "POST", .path = "/v1/samples", .body = text, .body_length = size, .given = &given};
    struct api api = {.env = {.data = &seen, .sample_find = find, .samples = put}};
    struct call call = {.api = &api,
                        .request = &request,
                        .route = route_of(samples_take),
                        .principal = {.name = "ci"},
                        .text = text,
                        .text_length = size};

    samples_take(&call);
    if (seen.answers != 1 || call.request != NULL || seen.looked_at > SAMPLES_MAX)
        abort();
    if (seen.status == 202 ? seen.put != count_of(text, size) || seen.put != seen.looked_at
                           : seen.put != 0 || (seen.status != 400 && seen.status != 422))
        abort();
    json_free(call.body);
    free(text);
    return 0;
}
