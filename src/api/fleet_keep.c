/* fleet_keep.c - a row and its texts, copied.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_keep.h"

#include "base/text.h"

static bool keep_texts(struct arena *arena, const char **const *texts, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (*texts[i] == NULL)
            continue;
        *texts[i] = arena_copy_text(arena, *texts[i]);
        if (*texts[i] == NULL)
            return err_set(err, ERR_LIMIT, "what is under way is larger than the memory of a report");
    }
    return true;
}

bool fleet_keep_deployment(struct arena *arena, const struct journal_deployment *row,
                           struct journal_deployment *to, struct err *err)
{
    const char **const texts[] = {&to->service,  &to->environment, &to->version, &to->digest,
                                  &to->previous, &to->strategy,    &to->actor,   &to->reason,
                                  &to->run_url,  &to->commit,      &to->why,     &to->traceparent};

    *to = *row;
    return keep_texts(arena, texts, ARRAY_LENGTH(texts), err);
}

bool fleet_keep_run(struct arena *arena, const struct journal_run *row, struct journal_run *to,
                    struct err *err)
{
    const char **const texts[] = {&to->pipeline, &to->service, &to->version, &to->digest,     &to->actor,
                                  &to->reason,   &to->run_url, &to->commit,  &to->traceparent};

    *to = *row;
    return keep_texts(arena, texts, ARRAY_LENGTH(texts), err);
}
