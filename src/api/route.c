/* route.c - which handler a method and path belong to.
 * SPDX-License-Identifier: MIT */
#include "api/route.h"

#include <string.h>

enum { SEGMENT_SIZE = 256 };

/* Of deployments and of runs. */
enum { PREFIX_LENGTH = 4 };

static bool parse_id(const char *text, const char *prefix, uint64_t *ret_id)
{
    int64_t id = 0;

    if (strncmp(text, prefix, PREFIX_LENGTH) != 0)
        return false;
    text += PREFIX_LENGTH;
    if (text[0] < '1' || text[0] > '9' || !text_to_integer(text, 1, INT64_MAX, &id))
        return false;
    *ret_id = (uint64_t)id;
    return true;
}

bool route_parse_deployment(const char *text, uint64_t *ret_id)
{
    return parse_id(text, "dep_", ret_id);
}

bool route_parse_run(const char *text, uint64_t *ret_id)
{
    return parse_id(text, "run_", ret_id);
}

/* Takes "/segment" off *at; false where there is none, or it is empty or too long. */
static bool take_segment(const char **at, char to[SEGMENT_SIZE])
{
    if (**at != '/')
        return false;
    size_t length = strcspn(*at + 1, "/");
    if (length == 0 || length >= SEGMENT_SIZE)
        return false;
    memcpy(to, *at + 1, length);
    to[length] = '\0';
    *at += length + 1;
    return true;
}

static bool take_name(const char *segment, char to[NAME_MAX_LENGTH + 1])
{
    return text_is_name(segment) && text_copy(to, NAME_MAX_LENGTH + 1, segment);
}

static bool take_deployment(const char *segment, const char **path, struct route_match *match)
{
    char environment[SEGMENT_SIZE];

    if (route_parse_deployment(segment, &match->deployment))
        return true;
    return take_name(segment, match->service) && take_segment(path, environment) &&
           take_name(environment, match->environment);
}

static bool fits_segment(const char *wanted, const char *segment, const char **path,
                         struct route_match *match)
{
    if (strcmp(wanted, "{deployment}") == 0)
        return take_deployment(segment, path, match);
    if (strcmp(wanted, "{service}") == 0 || strcmp(wanted, "{stack}") == 0)
        return take_name(segment, match->service);
    if (strcmp(wanted, "{environment}") == 0)
        return take_name(segment, match->environment);
    if (strcmp(wanted, "{run}") == 0)
        return route_parse_run(segment, &match->run);
    if (strcmp(wanted, "{stage}") == 0)
        return take_name(segment, match->stage);
    if (strcmp(wanted, "{task}") == 0)
        return take_name(segment, match->task);
    if (strcmp(wanted, "{id}") == 0)
        return text_copy(match->id, sizeof(match->id), segment);
    return strcmp(wanted, segment) == 0;
}

bool route_fits(const char *pattern, const char *path, struct route_match *ret_match)
{
    struct route_match match = {0};
    char wanted[SEGMENT_SIZE];
    char segment[SEGMENT_SIZE];

    while (take_segment(&pattern, wanted))
        if (!take_segment(&path, segment) || !fits_segment(wanted, segment, &path, &match))
            return false;
    /* What is left of both: nothing, or the slash of the root. */
    if (strcmp(pattern, path) != 0)
        return false;
    *ret_match = match;
    return true;
}

const struct route *route_find(const struct route *table, size_t count, const char *method, const char *path,
                               struct route_match *ret_match, bool *ret_is_known)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    *ret_is_known = false;
    for (size_t i = 0; i < count; i++) {
        if (!route_fits(table[i].pattern, path, ret_match))
            continue;
        *ret_is_known = true;
        if (strcmp(table[i].method, wanted) == 0)
            return &table[i];
    }
    return NULL;
}
