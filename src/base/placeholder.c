/* placeholder.c - {{name}} in texts.
 * SPDX-License-Identifier: MIT */
#include "base/placeholder.h"

#include <string.h>

struct placeholder placeholder_find(const char *text)
{
    struct placeholder found = {.kind = PLACEHOLDER_NONE, .before = strlen(text)};
    const char *open = strstr(text, "{{");

    if (open == NULL)
        return found;
    found.kind = PLACEHOLDER_BROKEN;
    found.before = (size_t)(open - text);
    const char *name = open + 2 + strspn(open + 2, " ");
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    const char *close = name + length + strspn(name + length, " ");
    if (length == 0 || length > METRIC_MAX_LENGTH || strncmp(close, "}}", 2) != 0)
        return found;
    memcpy(found.name, name, length);
    found.kind = text_is_metric(found.name) ? PLACEHOLDER_NAME : PLACEHOLDER_BROKEN;
    found.after = close + 2;
    return found;
}
