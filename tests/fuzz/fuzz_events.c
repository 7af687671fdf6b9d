/* fuzz_events.c - libFuzzer: any bytes as a batch of CloudEvents, and what each of them wants.
 * SPDX-License-Identifier: MIT */
#include "api/event_wish.h"
#include "io/http_server.h"
#include "io/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What is wanted has a body, and what cannot be taken says why. */
static void look(const struct cloud_event *event)
{
    struct event_wish wish;
    struct err err = {0};

    if (!event_wish_read(event, &wish, &err) && err.text[0] == '\0')
        abort();
    if ((wish.kind == EVENT_WISH_NOTHING) != (wish.body == NULL))
        abort();
    if (wish.kind == EVENT_WISH_ANSWER && wish.match.run == 0)
        abort();
    json_free(wish.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    const struct http_server_request request = {.body = text, .body_length = size};
    const enum cloud_event_form forms[] = {CLOUD_EVENT_STRUCTURED, CLOUD_EVENT_BATCH};

    for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
        struct cloud_events events;
        struct err err = {0};
        if (!cloud_events_read(&request, forms[form], &events, &err) && err.text[0] == '\0')
            abort();
        for (size_t i = 0; i < events.count; i++)
            look(&events.of[i]);
        cloud_events_free(&events);
    }
    free(text);
    return 0;
}
