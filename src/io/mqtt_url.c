/* mqtt_url.c - reads the address of a broker.
 * SPDX-License-Identifier: MIT */
#include "io/mqtt_url.h"

#include "base/text.h"

#include <string.h>

static const struct {
    const char *beginning;
    uint16_t port;
    bool is_tls;
} schemes[] = {{"mqtt://", 1883, false}, {"mqtts://", 8883, true}};

static bool take_scheme(const char **text, struct mqtt_url *url)
{
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
        size_t length = strlen(schemes[i].beginning);
        if (strncmp(*text, schemes[i].beginning, length) != 0)
            continue;
        *text += length;
        url->port = schemes[i].port;
        url->is_tls = schemes[i].is_tls;
        return true;
    }
    return false;
}

static bool is_host_character(char c, bool has_brackets)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           (has_brackets ? c == ':' || c == '%' : c == '-' || c == '_');
}

/* Moves *text behind the host. */
static bool take_host(const char **text, struct mqtt_url *url)
{
    bool has_brackets = **text == '[';
    const char *start = *text + (has_brackets ? 1 : 0);
    size_t length = 0;

    while (is_host_character(start[length], has_brackets))
        length++;
    if (length == 0 || length >= sizeof(url->host) || (has_brackets && start[length] != ']'))
        return false;
    memcpy(url->host, start, length);
    url->host[length] = '\0';
    *text = start + length + (has_brackets ? 1 : 0);
    return true;
}

static bool take_port(const char *text, struct mqtt_url *url)
{
    int64_t port = url->port;

    if (*text != '\0' && (*text != ':' || !text_to_integer(text + 1, 1, UINT16_MAX, &port)))
        return false;
    url->port = (uint16_t)port;
    return true;
}

bool mqtt_url_parse(const char *text, struct mqtt_url *ret_url, struct err *err)
{
    struct mqtt_url url = {0};
    const char *rest = text;

    /* The text is not repeated in the error: people write passwords into URLs. */
    if (!take_scheme(&rest, &url) || !take_host(&rest, &url) || !take_port(rest, &url))
        return err_set(err, ERR_INVALID, "the url is not mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
    *ret_url = url;
    return true;
}
