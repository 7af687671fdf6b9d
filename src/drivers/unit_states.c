/* unit_states.c - systemctl's properties, block by block.
 * SPDX-License-Identifier: MIT */
#include "drivers/unit_states.h"

#include <string.h>

enum { SHARE_ALL = 10000, SHARE_HALF = 5000 };

/* What is too long to be one of systemd's words stays "". */
static void take_property(const char *line, size_t length, const char *name, char word[UNIT_WORD_SIZE])
{
    size_t prefix = strlen(name);

    if (length < prefix || strncmp(line, name, prefix) != 0 || length - prefix >= UNIT_WORD_SIZE)
        return;
    memcpy(word, line + prefix, length - prefix);
    word[length - prefix] = '\0';
}

static void take_line(const char *line, size_t length, struct unit_state *unit)
{
    take_property(line, length, "LoadState=", unit->load);
    take_property(line, length, "ActiveState=", unit->active);
    take_property(line, length, "UnitFileState=", unit->file);
}

bool unit_states_parse(const char *answer, struct unit_state ret_units[UNIT_COUNT], struct err *err)
{
    struct unit_state units[UNIT_COUNT] = {0};
    size_t at = 0;

    for (const char *line = answer; *line != '\0'; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        if (length == 0 && ++at == UNIT_COUNT && line[1] != '\0')
            return err_set(err, ERR_PROTOCOL, "systemctl told of more than %d units", UNIT_COUNT);
        if (length > 0)
            take_line(line, length, &units[at]);
        line += length;
    }
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (units[i].load[0] == '\0' || units[i].active[0] == '\0')
            return err_set(err, ERR_PROTOCOL,
                           "systemctl's answer has no LoadState and ActiveState of %s unit",
                           i == 0 ? "the first" : "the second");
    memcpy(ret_units, units, sizeof(units));
    return true;
}

bool unit_serves(const struct unit_state *unit)
{
    return strcmp(unit->active, "active") == 0 || strcmp(unit->active, "reloading") == 0;
}

bool unit_is_stopped(const struct unit_state *unit)
{
    return strcmp(unit->active, "inactive") == 0 || strcmp(unit->active, "failed") == 0;
}

bool unit_is_enabled(const struct unit_state *unit)
{
    return strcmp(unit->file, "enabled") == 0;
}

bool unit_check(const struct unit_state *unit, const char *name, struct err *err)
{
    if (strcmp(unit->load, "loaded") != 0)
        return err_set(err, ERR_NOT_FOUND, "systemd has not loaded %s: %s", name, unit->load);
    return unit_is_enabled(unit) || strcmp(unit->file, "disabled") == 0 ||
           err_set(err, ERR_INVALID,
                   "%s cannot be enabled (\"%s\"): it has no [Install], or is none of yours", name,
                   unit->file);
}

bool unit_states_share(const struct unit_state *candidate, const struct unit_state *stable,
                       uint16_t *ret_share, struct err *err)
{
    bool has_candidate = !unit_is_stopped(candidate);
    bool has_stable = !unit_is_stopped(stable);

    if (!has_candidate && !has_stable)
        return err_set(err, ERR_UNAVAILABLE, "neither unit runs: the candidate's is %s, stable's is %s",
                       candidate->active, stable->active);
    if (has_candidate)
        *ret_share = has_stable ? SHARE_HALF : SHARE_ALL;
    else
        *ret_share = 0;
    return true;
}
