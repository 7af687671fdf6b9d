/* fuzz_words.c - libFuzzer: any bytes as the short texts of requests, addresses and settings: entity tags,
 * places in a log, ends of a freeze, spans and amounts, brokers, package URLs, columns, tokens of headers.
 * SPDX-License-Identifier: MIT */
#include "api/api_logs.h"
#include "api/auth.h"
#include "api/etag.h"
#include "api/package_url.h"
#include "api/until.h"
#include "base/duration.h"
#include "base/size.h"
#include "base/text.h"
#include "io/memory.h"
#include "io/mqtt_url.h"
#include "io/rrd_columns.h"
#include "io/utf8.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1795687200000)

enum { TOKEN_SIZE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

/* What is said again is the same. */
static void read_times(const char *text)
{
    const int64_t year_ms = INT64_C(366) * 24 * 3600 * 1000;
    char said[DURATION_TEXT_MAX];
    int64_t ms = 0;
    int64_t again_ms = 0;
    struct err err = {0};

    if (duration_parse(text, &ms))
        must(ms >= 0 && ms <= year_ms && duration_parse(duration_format(ms, said, sizeof(said)), &again_ms) &&
             ms == again_ms);
    if (until_parse(text, NOW_MS, &ms, &err))
        must(ms >= NOW_MS && ms <= NOW_MS + year_ms);
    else
        must(err.text[0] != '\0');
    must(!size_parse(text, &ms) || ms >= 0);
}

static void read_place(const char *text)
{
    struct api_place place;
    char said[API_PLACE_SIZE];

    if (!api_place_parse(text, &place))
        return;
    api_place_format(&place, said);
    must(strcmp(said, text) == 0);
}

/* A strong tag is like itself in a list that it stands in, and a list does not take what it does not have. */
static void read_tags(const char *text)
{
    bool is_strong = etag_is_listed(text, "\"7-1\"", ETAG_STRONG);

    must(!is_strong || etag_is_listed(text, "\"7-1\"", ETAG_WEAK));
    must(!is_strong || strchr(text, '*') != NULL || strstr(text, "\"7-1\"") != NULL);
}

static void read_addresses(const char *text)
{
    struct mqtt_url url;
    struct package_url package = package_url_read(text);
    char token[TOKEN_SIZE];
    double bound = 0;
    struct err err = {0};

    if (mqtt_url_parse(text, &url, &err))
        must(url.host[0] != '\0' && url.port != 0 && strpbrk(url.host, "/@ []") == NULL);
    else
        must(err.text[0] != '\0');
    must(package.name[0] == '\0' || text_is_name(package.name));
    must(package.version[0] == '\0' || text_is_version(package.version));
    must(package.digest[0] == '\0' || text_is_digest(package.digest));
    must(!rrd_column_bound(text, &bound) || !isnan(bound));
    must(!auth_token_of(text, token, sizeof(token)) || strlen(token) < sizeof(token));
}

static void mend(const char *text)
{
    char *mended = utf8_mended(text);

    must(utf8_is_valid(mended, strlen(mended)));
    must(!utf8_is_valid(text, strlen(text)) || strcmp(text, mended) == 0);
    free(mended);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);

    read_times(text);
    read_place(text);
    read_tags(text);
    read_addresses(text);
    mend(text);
    free(text);
    return 0;
}
