/* decode.c - strict reading of one number.
 * SPDX-License-Identifier: MIT */
#include "collectors/decode.h"

#include "base/text.h"
#include "io/json.h"

#include <math.h>
#include <string.h>

static const struct json_limits limits = {
    .size_max = DECODE_PAYLOAD_MAX, .depth_max = 16, .keys_max = 4096, .allows_rounding = true};

void decode_init(struct decode_message *message, const char *bytes, size_t length)
{
    *message = (struct decode_message){.bytes = bytes, .length = length};
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
        message->is_parsed =
            json_parse(message->bytes, message->length, &limits, &message->root, &message->parse_err) ||
            message->parse_err.code != ERR_NONE;
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

bool decode_number(struct decode_message *message, enum decoder decoder, const char *path, double *ret_number,
                   struct err *err)
{
    if (decoder == DECODER_JSON)
        return read_json(message, path, ret_number, err);
    return read_plain(message, ret_number, err);
}
