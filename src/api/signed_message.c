/* signed_message.c - reads user properties and envelopes, and shapes answers.
 * SPDX-License-Identifier: MIT */
#include "api/signed_message.h"

#include "base/text.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSED = 400, ENVELOPE_BYTES_MAX = 512 * 1024, ENVELOPE_KEYS_MAX = 8 };

static const struct json_limits limits = {
    .size_max = ENVELOPE_BYTES_MAX, .depth_max = 2, .keys_max = ENVELOPE_KEYS_MAX};

bool signed_message_note(struct signed_message *message, const char *name, const char *value)
{
    if (strcmp(name, "traceparent") == 0)
        return text_copy(message->traceparent, sizeof(message->traceparent), value);
    if (strcmp(name, "tracestate") == 0)
        return text_copy(message->tracestate, sizeof(message->tracestate), value);
    if (strcmp(name, "baggage") == 0) {
        free(message->baggage);
        message->baggage = strlen(value) > TRACE_BAGGAGE_MAX ? NULL : memory_copy_text(value);
        return message->baggage != NULL;
    }
    if (strcmp(name, "webhook-id") == 0)
        return text_copy(message->id, sizeof(message->id), value);
    if (strcmp(name, "webhook-timestamp") == 0)
        return text_copy(message->timestamp, sizeof(message->timestamp), value);
    return strcmp(name, "webhook-signature") == 0 &&
           text_copy(message->signatures, sizeof(message->signatures), value);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool take_text(const struct json_node *root, const char *name, size_t size, char *to, struct err *err)
{
    const char *text = "";

    return json_text(root, name, JSON_REQUIRED, size - 1, &text, err) && text_copy(to, size, text);
}

/* Seconds since 1970, as a number or as the text that was signed. */
static bool take_timestamp(const struct json_node *root, struct signed_message *message, struct err *err)
{
    int64_t seconds = 0;

    if (cJSON_IsString(json_member(root, "timestamp").item))
        return take_text(root, "timestamp", sizeof(message->timestamp), message->timestamp, err);
    if (!json_integer(root, "timestamp", JSON_REQUIRED, 0, INT64_C(1) << 40, &seconds, err))
        return false;
    (void)snprintf(message->timestamp, sizeof(message->timestamp), "%" PRId64, seconds);
    return true;
}

static bool read_envelope(struct signed_message *message, const char *payload, size_t length, struct err *err)
{
    static const char *const names[] = {"id", "timestamp", "signature", "body"};

    if (!json_parse(payload, length, &limits, &message->envelope, err))
        return false;
    struct json_node root = json_root(message->envelope);
    if (!json_as_object(&root, err) || !json_known_keys(&root, names, ARRAY_LENGTH(names), err) ||
        !take_text(&root, "id", sizeof(message->id), message->id, err) ||
        !take_timestamp(&root, message, err) ||
        !take_text(&root, "signature", sizeof(message->signatures), message->signatures, err) ||
        !json_text(&root, "body", JSON_REQUIRED, ENVELOPE_BYTES_MAX, &message->body, err))
        return false;
    message->length = strlen(message->body);
    return true;
}

bool signed_message_read(struct signed_message *message, const char *payload, size_t length, struct err *err)
{
    bool is_envelope =
        message->id[0] == '\0' && message->timestamp[0] == '\0' && message->signatures[0] == '\0';

    message->body = payload;
    message->length = length;
    if (is_envelope && !read_envelope(message, payload, length, err))
        return false;
    if (strlen(message->body) != message->length)
        return err_set(err, ERR_INVALID, "a byte of its body is 0");
    if (message->id[0] == '\0' || message->timestamp[0] == '\0' || message->signatures[0] == '\0')
        return err_set(err, ERR_INVALID,
                       "webhook-id, webhook-timestamp and webhook-signature belong together");
    return is_printable(message->id) || err_set(err, ERR_INVALID, "its id is not of printable characters");
}

void signed_message_done(struct signed_message *message)
{
    json_free(message->envelope);
    free(message->baggage);
    *message = (struct signed_message){.body = ""};
}

/* What we said by ourselves stays. */
static void add_members(cJSON *json, const cJSON *problem)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, problem) if (cJSON_GetObjectItemCaseSensitive(json, member->string) == NULL)
        cJSON_AddItemToObject(json, member->string, cJSON_Duplicate(member, true));
}

static void add_outcome(cJSON *json, const cJSON *answer)
{
    const cJSON *events = cJSON_GetObjectItemCaseSensitive(answer, "events");
    const char *id = json_text_of(answer, "id");

    if (events != NULL)
        cJSON_AddItemToObject(json, "events", cJSON_Duplicate(events, true));
    else if (id[0] != '\0')
        cJSON_AddStringToObject(json, "deployment", id);
}

char *signed_message_answer(const char *id, unsigned status, const char *retry_after, const char *body)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *answer = NULL;
    int64_t wait_s = 0;

    cJSON_AddStringToObject(json, "id", id);
    cJSON_AddNumberToObject(json, "status", status);
    bool is_told = json_parse(body, strlen(body), NULL, &answer, NULL) && cJSON_IsObject(answer);
    if (is_told && status >= REFUSED)
        add_members(json, answer);
    else if (is_told)
        add_outcome(json, answer);
    if (retry_after != NULL && text_to_integer(retry_after, 0, INT32_MAX, &wait_s))
        cJSON_AddNumberToObject(json, "retry_after", (double)wait_s);
    char *text = json_print(json);
    json_free(answer);
    cJSON_Delete(json);
    return text;
}
