/* audit_words.c - what became of a target, and what a token may.
 * SPDX-License-Identifier: MIT */
#include "store/audit_words.h"

#include "io/clock.h"

#include <string.h>

enum { VERSIONS_SHOWN_MAX = 4 };

/* A key without a text in memory is an old one, and in the file. */
static const char *version_of(struct names *names, uint64_t key)
{
    const char *version = NULL;
    const char *digest = NULL;

    return names_of_version(names, key, &version, &digest) ? version : "a version of the past";
}

static bool is_fleet(struct names *names, uint32_t target)
{
    const char *service = NULL;
    const char *environment = NULL;

    return names_of_target(names, target, &service, &environment) && strcmp(service, JOURNAL_FLEET) == 0;
}

static void add_time(struct text *text, const char *before, int64_t wall_ms)
{
    char stamp[CLOCK_STAMP_SIZE];

    if (wall_ms != 0)
        text_add(text, "%s%s", before, clock_stamp(wall_ms, stamp));
}

static void add_quarantine(struct names *names, const struct target_state *target, struct text *text)
{
    size_t count = target->quarantined_count;
    size_t shown = count < VERSIONS_SHOWN_MAX ? count : VERSIONS_SHOWN_MAX;

    for (size_t i = 0; i < shown; i++)
        text_add(text, "%s%s", i == 0 ? ", in quarantine: " : ", ",
                 version_of(names, target->quarantined[count - 1 - i].version_key));
    if (shown < count)
        text_add(text, " and %zu older", count - shown);
}

void audit_words_target(struct names *names, const struct target_state *target, struct text *text)
{
    if (is_fleet(names, target->id))
        text_add(text, "the fleet");
    else if (target->has_stable)
        text_add(text, "%s serves", version_of(names, target->stable_version_key));
    else
        text_add(text, "nothing is known to serve");
    if (target->is_frozen) {
        text_add(text, ", frozen");
        add_time(text, " until ", target->thaws_wall_ms);
    }
    if (target->is_braked)
        text_add(text, ", its brake is closed");
    if (!target->is_frozen && !target->is_braked)
        text_add(text, ", open");
    add_quarantine(names, target, text);
}

static void add_names(struct text *text, const char *what, const char names[][NAME_MAX_LENGTH + 1],
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add(text, "%s%s", i == 0 ? what : ", ", names[i]);
}

void audit_words_token(const struct journal_token *token, struct text *text)
{
    static const char *const rights[] = {"read", "deploy", "approve", "rollback", "override", "admin"};
    const char *between = ": ";

    text_add(text, "%s, a %s", token->principal, token->is_person ? "person" : "pipeline");
    for (size_t i = 0; i < ARRAY_LENGTH(rights); i++) {
        if ((token->rights & (1U << i)) == 0)
            continue;
        text_add(text, "%s%s", between, rights[i]);
        between = ", ";
    }
    add_names(text, "; services ", token->services, token->service_count);
    add_names(text, "; environments ", token->environments, token->environment_count);
    add_time(text, "; until ", token->expires_ms);
}
