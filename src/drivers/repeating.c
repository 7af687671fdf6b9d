/* repeating.c - a small list, by incident and kind of alert.
 * SPDX-License-Identifier: MIT */
#include "drivers/repeating.h"

#include "drivers/notice_facts.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct repeating *repeating, size_t index)
{
    struct repeat *repeat = &repeating->all[index];

    free(repeat->id);
    free(repeat->incident);
    free(repeat->body);
    repeating->count--;
    memmove(repeat, repeat + 1, (repeating->count - index) * sizeof(*repeat));
    if (repeating->next > index)
        repeating->next--;
}

static void forget_all(struct repeating *repeating, const char *incident, unsigned alerts)
{
    for (size_t i = repeating->count; i > 0; i--) {
        const struct repeat *repeat = &repeating->all[i - 1];
        if ((repeat->alert & alerts) != 0 && strcmp(repeat->incident, incident) == 0)
            forget(repeating, i - 1);
    }
}

/* An end is told once: what is open again since must not be ended again. */
static char *body_of(const struct notice_facts *facts)
{
    cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(facts->tree, "data"), "ends");
    return json_print(facts->tree);
}

static void keep(struct repeating *repeating, const char *id, const struct notice_facts *facts)
{
    if (repeating->count == REPEATS_MAX)
        return;
    if (repeating->all == NULL)
        repeating->all = memory_take_array(REPEATS_MAX, sizeof(*repeating->all));
    struct repeat *repeat = &repeating->all[repeating->count++];
    repeat->id = memory_copy_text(id);
    repeat->incident = memory_copy_text(facts->incident);
    repeat->body = body_of(facts);
    repeat->alert = 1U << facts->kind->alert;
}

void repeating_note(struct repeating *repeating, const char *id, const char *body)
{
    struct notice_facts facts;
    struct err err = {0};

    if (!notice_facts_read(body, &facts, &err))
        return;
    bool opens = facts.kind->incident == NOTICE_OPENS;
    forget_all(repeating, facts.incident, facts.ends | (opens ? 1U << facts.kind->alert : 0));
    if (opens)
        keep(repeating, id, &facts);
    notice_facts_done(&facts);
}

void repeating_done(struct repeating *repeating)
{
    while (repeating->count > 0)
        forget(repeating, repeating->count - 1);
    free(repeating->all);
    *repeating = (struct repeating){0};
}
