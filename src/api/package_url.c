/* package_url.c - package URLs: scheme:type/namespace/name@version?qualifiers#subpath.
 * SPDX-License-Identifier: MIT */
#include "api/package_url.h"

#include <string.h>

enum { PART_SIZE = 256 };

static int digit(char sign)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = sign == '\0' ? NULL : strchr(digits, sign);

    return at == NULL ? -1 : (int)(at - digits) % 16;
}

/* Percent-decoded; "" where it does not fit or is no text. */
static void decode(const char *from, size_t length, char to[PART_SIZE])
{
    size_t count = 0;

    for (size_t i = 0; i < length && count + 1 < PART_SIZE; i++) {
        bool is_escaped =
            from[i] == '%' && i + 2 < length && digit(from[i + 1]) >= 0 && digit(from[i + 2]) >= 0;
        to[count++] = is_escaped ? (char)(digit(from[i + 1]) * 16 + digit(from[i + 2])) : from[i];
        i += is_escaped ? 2 : 0;
    }
    to[count] = '\0';
    if (length >= PART_SIZE)
        to[0] = '\0';
}

static void take(char *to, size_t size, const char *part, bool (*is_good)(const char *text))
{
    if (is_good(part))
        (void)!text_copy(to, size, part);
}

static void take_tag(struct package_url *url, const char *qualifiers)
{
    const char *at = qualifiers;
    char tag[PART_SIZE];

    while (*at != '\0' && *at != '#') {
        size_t length = strcspn(at, "&#");
        if (strncmp(at, "tag=", 4) == 0) {
            decode(at + 4, length - 4, tag);
            take(url->version, sizeof(url->version), tag, text_is_version);
        }
        at += length + (at[length] == '&');
    }
}

struct package_url package_url_read(const char *text)
{
    struct package_url url = {.name = ""};
    char part[PART_SIZE];

    if (strncmp(text, "pkg:", 4) != 0)
        return url;
    size_t length = strcspn(text, "?#");
    size_t named = strcspn(text, "@?#");
    size_t name = named;
    while (name > 4 && text[name - 1] != '/')
        name--;
    decode(text + name, named - name, part);
    take(url.name, sizeof(url.name), part, text_is_name);
    if (named < length) {
        decode(text + named + 1, length - named - 1, part);
        take(url.digest, sizeof(url.digest), part, text_is_digest);
        take(url.version, sizeof(url.version), part, text_is_version);
    }
    if (text[length] == '?')
        take_tag(&url, text + length + 1);
    return url;
}
