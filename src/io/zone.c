/* zone.c - TZif files read.
 * SPDX-License-Identifier: MIT */
#include "io/zone.h"

#include "base/text.h"
#include "io/memory.h"
#include "io/zone_rule.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, TYPES_MAX = 256, RULE_MAX = 128, PATH_SIZE = 512 };

struct zone {
    size_t count;
    size_t type_count;
    const unsigned char *times;   /* [count] of 8 bytes, rising */
    const unsigned char *indexes; /* [count]: the type from then on */
    const unsigned char *types;   /* [type_count] of TYPE_BYTES */
    bool has_rule;
    struct zone_rule rule;
    unsigned char bytes[]; /* of the file */
};

/* What a header counts. */
struct counts {
    uint64_t utc, standard, leap, time, type, letter;
};

static uint64_t big_endian(const unsigned char *at, int bytes)
{
    uint64_t number = 0;

    for (int i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

static struct counts read_counts(const unsigned char *header)
{
    return (struct counts){big_endian(header + 20, 4), big_endian(header + 24, 4),
                           big_endian(header + 28, 4), big_endian(header + 32, 4),
                           big_endian(header + 36, 4), big_endian(header + 40, 4)};
}

static uint64_t body_bytes(const struct counts *counts, uint64_t time_bytes)
{
    return counts->time * (time_bytes + 1) + counts->type * TYPE_BYTES + counts->letter +
           counts->leap * (time_bytes + 4) + counts->standard + counts->utc;
}

static bool has_header(const unsigned char *bytes, size_t length, size_t at)
{
    return length >= at + HEADER_BYTES && memcmp(bytes + at, "TZif", 4) == 0 && bytes[at + 4] >= '2';
}

/* "\nRULE\n"; an empty one says that nobody knows what comes. */
static bool read_rule(struct zone *zone, const unsigned char *at, size_t length)
{
    char text[RULE_MAX];

    if (length < 2 || at[0] != '\n')
        return false;
    const unsigned char *end = memchr(at + 1, '\n', length - 1);
    if (end == NULL || (size_t)(end - at) > sizeof(text))
        return false;
    size_t rule_length = (size_t)(end - at) - 1;
    memcpy(text, at + 1, rule_length);
    text[rule_length] = '\0';
    zone->has_rule = rule_length > 0;
    return rule_length == 0 || zone_rule_parse(text, &zone->rule);
}

/* The first part, of 32-bit times, is for readers of long ago. */
static bool read_zone(struct zone *zone, size_t length)
{
    const unsigned char *bytes = zone->bytes;

    if (!has_header(bytes, length, 0))
        return false;
    struct counts counts = read_counts(bytes);
    uint64_t second = HEADER_BYTES + body_bytes(&counts, 4);
    if (second > length || !has_header(bytes, length, (size_t)second))
        return false;
    counts = read_counts(bytes + second);
    uint64_t body = second + HEADER_BYTES;
    uint64_t end = body + body_bytes(&counts, 8);
    if (end > length || counts.type == 0 || counts.type > TYPES_MAX)
        return false;
    zone->count = (size_t)counts.time;
    zone->type_count = (size_t)counts.type;
    zone->times = bytes + body;
    zone->indexes = zone->times + zone->count * 8;
    zone->types = zone->indexes + zone->count;
    for (size_t i = 0; i < zone->count; i++)
        if (zone->indexes[i] >= zone->type_count)
            return false;
    return read_rule(zone, bytes + end, length - (size_t)end);
}

/* Names go below the folder, and nowhere else. */
static bool is_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

    return name[0] != '\0' && name[0] != '/' && strlen(name) <= ZONE_NAME_MAX &&
           name[strspn(name, letters)] == '\0';
}

static bool read_file(const char *path, unsigned char *to, size_t size, size_t *ret_length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t length = 0;
    ssize_t got = 1;

    if (fd < 0)
        return false;
    while (got > 0 && length < size) {
        got = read(fd, to + length, size - length);
        length += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    *ret_length = length;
    return got == 0;
}

static struct zone *make(const char *path, const unsigned char *bytes, size_t length, struct err *err)
{
    struct zone *zone = memory_take(sizeof(*zone) + length);

    *zone = (struct zone){0};
    memcpy(zone->bytes, bytes, length);
    if (read_zone(zone, length))
        return zone;
    (void)err_set(err, ERR_INVALID, "%s is no file of the tz database", path);
    free(zone);
    return NULL;
}

struct zone *zone_open(const char *folder, const char *name, struct err *err)
{
    char path[PATH_SIZE];
    struct text text;
    size_t length = 0;

    text_init(&text, path, sizeof(path));
    text_add(&text, "%s/%s", folder, name);
    if (!is_name(name) || text.is_cut) {
        (void)err_set(err, ERR_NOT_FOUND, "'%s' is no name of a time zone, like \"Europe/Berlin\"", name);
        return NULL;
    }
    unsigned char *bytes = memory_take(ZONE_BYTES_MAX);
    struct zone *zone = NULL;
    if (!read_file(path, bytes, ZONE_BYTES_MAX, &length))
        (void)err_set(err, ERR_NOT_FOUND, "no time zone '%s': %s cannot be read", name, path);
    else
        zone = make(path, bytes, length, err);
    free(bytes);
    return zone;
}

void zone_close(struct zone *zone)
{
    free(zone);
}

bool zone_is_known(const char *name)
{
    struct err err = {0};
    struct zone *zone = zone_open(ZONE_FOLDER, name, &err);

    zone_close(zone);
    return zone != NULL;
}

static int64_t time_at(const struct zone *zone, size_t index)
{
    return (int64_t)big_endian(zone->times + index * 8, 8);
}

static int32_t offset_of(const struct zone *zone, size_t type)
{
    return (int32_t)(uint32_t)big_endian(zone->types + type * TYPE_BYTES, 4);
}

int32_t zone_offset_s(const struct zone *zone, int64_t at_s)
{
    size_t low = 0;
    size_t high = zone->count;

    /* The first transition that is later. */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (time_at(zone, middle) <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return zone_rule_offset_s(&zone->rule, at_s);
    return offset_of(zone, low == 0 ? 0 : zone->indexes[low - 1]);
}

int64_t zone_instant_s(const struct zone *zone, int64_t local_s)
{
    enum { DAY_S = 24 * 3600 };
    int32_t before_s = zone_offset_s(zone, local_s - DAY_S);
    int32_t after_s = zone_offset_s(zone, local_s + DAY_S);
    int64_t at_s = local_s - before_s;

    if (before_s == after_s || zone_offset_s(zone, at_s) == before_s)
        return at_s;
    /* After the change; or skipped by it, and then by the clock that was not changed. */
    at_s = local_s - after_s;
    return zone_offset_s(zone, at_s) == after_s ? at_s : local_s - before_s;
}
