/* fuzz_signed_message.c - libFuzzer: any bytes as a signed message, as an envelope or behind user properties.
 * SPDX-License-Identifier: MIT */
#include "api/signed_message.h"

#include "io/json.h"
#include "io/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(struct signed_message *message, const char *payload, size_t length)
{
    struct err err = {0};
    bool is_read = signed_message_read(message, payload, length, &err);

    if (is_read && (message->id[0] == '\0' || message->timestamp[0] == '\0' ||
                    message->signatures[0] == '\0' || strlen(message->body) != message->length))
        abort();
    if (!is_read && err.text[0] == '\0')
        abort();
    signed_message_done(message);
}

/* What is read is whole; what is answered is JSON, whatever the api said. The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct signed_message message = {.id = ""};

    if (size == 0)
        return 0;
    char *payload = memory_copy_bytes(bytes + 1, size - 1);
    if ((bytes[0] & 1) != 0) {
        (void)signed_message_note(&message, "webhook-id", payload);
        (void)signed_message_note(&message, "webhook-timestamp", "1");
        (void)signed_message_note(&message, "webhook-signature", "v1,a");
    }
    check(&message, payload, size - 1);
    char *answer = signed_message_answer("a", (bytes[0] & 2) != 0 ? 201 : 409, payload, payload);
    struct cJSON *json = NULL;
    if (!json_parse(answer, strlen(answer), NULL, &json, NULL) || strcmp(json_text_of(json, "id"), "a") != 0)
        abort();
    json_free(json);
    free(answer);
    free(payload);
    return 0;
}
