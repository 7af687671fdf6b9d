/* decode.c - strict reading of numbers.
 * SPDX-License-Identifier: MIT */
#include "collectors/decode.h"

#include "base/text.h"
#include "collectors/exposition.h"
#include "collectors/influx_line.h"
#include "io/json.h"
#include "io/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLLECTD_VALUES_MAX = 64 };

static const struct json_limits limits = {
    .size_max = DECODE_PAYLOAD_MAX, .depth_max = 16, .keys_max = 4096, .allows_rounding = true};

void decode_init(struct decode_message *message, const char *bytes, size_t length, int64_t now_ms)
{
    *message = (struct decode_message){
        .bytes = bytes, .length = length, .now_ms = now_ms, .age_max_ms = LABELLED_AGE_MAX_MS};
}

void decode_done(struct decode_message *message)
{
    json_free(message->root);
    message->root = NULL;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool read_plain(const struct decode_message *message, double *ret_number, struct err *err)
{
    const char *bytes = message->bytes;
    size_t length = message->length;
    char text[DECODE_NUMBER_MAX];

    if (length > 0 && bytes[length - 1] == '\0')
        length--;
    for (; length > 0 && is_space(*bytes); bytes++)
        length--;
    while (length > 0 && is_space(bytes[length - 1]))
        length--;
    if (length >= sizeof(text) || memchr(bytes, '\0', length) != NULL)
        return err_set(err, ERR_INVALID, "the payload is no number: %zu bytes", message->length);
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (!text_to_number(text, ret_number))
        return err_set(err, ERR_INVALID, "the payload '%s' is no number", text);
    return true;
}

static bool read_json(struct decode_message *message, const char *path, double *ret_number, struct err *err)
{
    double number = 0;

    if (!message->is_parsed) {
        (void)!json_parse(message->bytes, message->length, &limits, &message->root, &message->parse_err);
        message->is_parsed = true;
    }
    if (message->root == NULL)
        return err_set(err, message->parse_err.code, "the payload is no JSON: %s", message->parse_err.text);
    const struct cJSON *item = json_path(message->root, path);
    if (item == NULL)
        return err_set(err, ERR_NOT_FOUND, "the payload has no %s", path);
    if (!json_value_number(item, &number) || !isfinite(number))
        return err_set(err, ERR_INVALID, "%s in the payload is no number", path);
    *ret_number = number;
    return true;
}

/* ---- collectd: "1700000000.123:0.5:7", and up to its version 5 a NUL ---- */

/* The part behind so many colons. */
static bool find_part(const char *bytes, size_t length, size_t index, char text[DECODE_NUMBER_MAX])
{
    const char *end = bytes + length;

    for (; index > 0; index--) {
        const char *colon = memchr(bytes, ':', (size_t)(end - bytes));
        if (colon == NULL)
            return false;
        bytes = colon + 1;
    }
    const char *colon = memchr(bytes, ':', (size_t)(end - bytes));
    size_t part = (size_t)((colon != NULL ? colon : end) - bytes);
    if (part >= DECODE_NUMBER_MAX || memchr(bytes, '\0', part) != NULL)
        return false;
    memcpy(text, bytes, part);
    text[part] = '\0';
    return true;
}

/* Is it of our time? Then it is kept. */
static bool keep_time(struct decode_message *message, double time_s)
{
    double age_ms = (double)message->now_ms - time_s * 1000;

    if (!(age_ms <= (double)message->age_max_ms && age_ms >= -LABELLED_AGE_MAX_MS))
        return false;
    message->has_time = true;
    message->time_ms = message->now_ms - (int64_t)age_ms;
    return true;
}

static bool read_collectd(struct decode_message *message, const char *place, double *ret_number,
                          struct err *err)
{
    size_t length = message->length;
    char text[DECODE_NUMBER_MAX];
    int64_t index = 0;
    double time_s = 0;

    if (length > 0 && message->bytes[length - 1] == '\0')
        length--;
    if (!find_part(message->bytes, length, 0, text) || !text_to_number(text, &time_s))
        return err_set(err, ERR_INVALID, "the payload is none of collectd's: no time is in front");
    if (!keep_time(message, time_s))
        return err_set(err, ERR_UNAVAILABLE, "the payload says of itself that it is of another time: %.60s",
                       text);
    if (!text_to_integer(place, 0, COLLECTD_VALUES_MAX - 1, &index) ||
        !find_part(message->bytes, length, (size_t)index + 1, text))
        return err_set(err, ERR_NOT_FOUND, "the payload has no value %s", place);
    return text_to_number(text, ret_number) ||
           err_set(err, ERR_INVALID, "the value %s of the payload, '%s', is no number", place, text);
}

/* ---- lines of many values ---- */

static enum labelled_step select_exposed(const struct decode_message *message,
                                         const struct selector *selector, struct selection *selection,
                                         struct err *err)
{
    struct exposition exposition;
    struct labelled value;
    enum labelled_step step = LABELLED_WRONG;

    if (!exposition_begin(&exposition, message->bytes, message->length, false, err))
        return LABELLED_WRONG;
    while ((step = exposition_next(&exposition, &value, err)) == LABELLED_VALUE)
        if (!selection_add(selection, selector, "", &value, message->now_ms, err))
            return LABELLED_WRONG;
    return step;
}

static enum labelled_step select_lines(const struct decode_message *message, const struct selector *selector,
                                       struct selection *selection, struct err *err)
{
    struct influx_lines *lines = memory_take(sizeof(*lines));
    struct labelled value;
    enum labelled_step step = LABELLED_WRONG;

    influx_lines_begin(lines, message->bytes, message->length);
    while ((step = influx_lines_next(lines, &value, err)) == LABELLED_VALUE)
        if (!selection_add(selection, selector, "", &value, message->now_ms, err)) {
            step = LABELLED_WRONG;
            break;
        }
    free(lines);
    return step;
}

bool decode_selected(struct decode_message *message, enum decoder decoder, const struct selector *selector,
                     struct prometheus_vector *ret_vector, struct err *err)
{
    struct selection selection = {.age_max_ms = message->age_max_ms};
    enum labelled_step step = decoder == DECODER_INFLUX ? select_lines(message, selector, &selection, err)
                                                        : select_exposed(message, selector, &selection, err);

    if (step == LABELLED_WRONG) {
        selection_done(&selection);
        return err_wrap(err, "the payload");
    }
    message->has_time = selection.count > 0 && selection.timed == selection.count;
    message->time_ms = selection.oldest_ms;
    selection_take(&selection, ret_vector);
    return true;
}

/* ---- the decoders ---- */

bool decode_has_times(enum decoder decoder)
{
    return decoder == DECODER_COLLECTD || decode_has_many(decoder);
}

bool decode_has_many(enum decoder decoder)
{
    return decoder == DECODER_INFLUX || decoder == DECODER_OPENMETRICS;
}

bool decode_check_place(enum decoder decoder, const char *place, struct err *err)
{
    int64_t index = 0;

    switch (decoder) {
    case DECODER_NUMBER:
        return true;
    case DECODER_JSON:
        return json_path_check(place, err);
    case DECODER_COLLECTD:
        return text_to_integer(place, 0, COLLECTD_VALUES_MAX - 1, &index) ||
               err_set(err, ERR_INVALID, "'%.60s' does not say which of a line's values: from 0 to %d", place,
                       COLLECTD_VALUES_MAX - 1);
    case DECODER_INFLUX:
    case DECODER_OPENMETRICS:
        return selector_check(place, err);
    }
    return false;
}

bool decode_number(struct decode_message *message, enum decoder decoder, const char *place,
                   double *ret_number, struct err *err)
{
    message->has_time = false;
    if (decoder == DECODER_JSON)
        return read_json(message, place, ret_number, err);
    if (decoder == DECODER_COLLECTD)
        return read_collectd(message, place, ret_number, err);
    return read_plain(message, ret_number, err);
}
