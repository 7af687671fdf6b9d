/* etag.c - reads lists of tags, and refuses what was meant for another state.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"

#include "api/parts.h"

#include <string.h>

/* One tag at `at`; its length, 0: it is none. */
static size_t tag_length(const char *at)
{
    size_t length = strncmp(at, "W/", 2) == 0 ? 2 : 0;

    if (at[length] != '"')
        return 0;
    length += 1 + strcspn(at + length + 1, "\"");
    return at[length] == '"' ? length + 1 : 0;
}

static bool is_same(const char *tag, size_t length, const char *etag, enum etag_comparison comparison)
{
    size_t prefix = tag[0] == 'W' ? 2 : 0;

    if (prefix > 0 && comparison == ETAG_STRONG)
        return false;
    return strlen(etag) == length - prefix && strncmp(tag + prefix, etag, length - prefix) == 0;
}

bool etag_is_listed(const char *list, const char *etag, enum etag_comparison comparison)
{
    static const char blanks[] = " \t";
    static const char between[] = " \t,";

    if (list == NULL)
        return false;
    list += strspn(list, blanks);
    if (list[0] == '*')
        return list[1 + strspn(list + 1, blanks)] == '\0';
    for (const char *at = list + strspn(list, between); *at != '\0';) {
        size_t length = tag_length(at);
        if (length == 0)
            return false;
        if (is_same(at, length, etag, comparison))
            return true;
        at += length;
        at += strspn(at, blanks);
        if (*at != ',' && *at != '\0')
            return false;
        at += strspn(at, between);
    }
    return false;
}

/* Of an event the headers are those of all events that came with it. */
static const char *wanted(const struct call *call)
{
    return call->parent != NULL ? NULL : http_server_header(call->request, "If-Match");
}

bool etag_is_wanted(const struct call *call)
{
    return wanted(call) != NULL;
}

static bool is_busy(const struct call *call, uint64_t deployment, uint64_t run)
{
    const struct call *other = NULL;

    LIST_FOREACH(other, &call->api->calls, link)
    if (other != call && other->env_holds > 0 &&
        ((deployment != 0 && other->deployment == deployment) || (run != 0 && other->run == run)))
        return true;
    return false;
}

bool etag_holds(struct call *call, const char *etag, uint64_t deployment, uint64_t run)
{
    const char *list = wanted(call);

    if (list == NULL)
        return true;
    if (etag_is_listed(list, etag, ETAG_STRONG) && !is_busy(call, deployment, run))
        return true;
    problem_answer_precondition(call, etag);
    return false;
}
