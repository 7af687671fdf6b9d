/* haproxy_text.c - HAProxy's dumps read line by line.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_text.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 2048, FIELD_MAX = 128 };

/* The next line of a dump, without its end; false: no more. */
static bool next_line(const char **dump, char line[LINE_MAX_BYTES])
{
    if (**dump == '\0')
        return false;
    size_t length = strcspn(*dump, "\n");
    size_t kept = length < LINE_MAX_BYTES - 1 ? length : LINE_MAX_BYTES - 1;
    memcpy(line, *dump, kept);
    line[kept] = '\0';
    *dump += length + ((*dump)[length] == '\n');
    return true;
}

/* Field number `index` of a line, fields separated by one `separator`; "" where the line has fewer. */
static void field_at(const char *line, char separator, size_t index, char field[FIELD_MAX])
{
    const char ends[] = {separator, '\0'};

    field[0] = '\0';
    for (size_t i = 0; i < index; i++) {
        line += strcspn(line, ends);
        if (*line == '\0')
            return;
        line++;
    }
    size_t length = strcspn(line, ends);
    if (length >= FIELD_MAX)
        return;
    memcpy(field, line, length);
    field[length] = '\0';
}

void haproxy_weights(uint16_t share, size_t candidate_count, size_t stable_count, unsigned *ret_candidate,
                     unsigned *ret_stable)
{
    double candidate = (double)share * (double)stable_count;
    double stable = (double)(HAPROXY_SHARE_MAX - share) * (double)candidate_count;
    double larger = candidate > stable ? candidate : stable;

    *ret_candidate = (unsigned)(candidate * HAPROXY_WEIGHT_MAX / larger + 0.5);
    *ret_stable = (unsigned)(stable * HAPROXY_WEIGHT_MAX / larger + 0.5);
    if (share > 0 && *ret_candidate == 0)
        *ret_candidate = 1;
    if (share < HAPROXY_SHARE_MAX && *ret_stable == 0)
        *ret_stable = 1;
}

uint16_t haproxy_share(unsigned candidate, size_t candidate_count, unsigned stable, size_t stable_count)
{
    double mine = (double)candidate * (double)candidate_count;
    double all = mine + (double)stable * (double)stable_count;

    return all > 0 ? (uint16_t)(mine * HAPROXY_SHARE_MAX / all + 0.5) : 0;
}

bool haproxy_map_value(const char *dump, const char *key, int64_t *ret_value)
{
    char line[LINE_MAX_BYTES];
    char field[FIELD_MAX];

    while (next_line(&dump, line)) {
        field_at(line, ' ', 1, field);
        if (strncmp(line, "0x", 2) != 0 || strcmp(field, key) != 0)
            continue;
        field_at(line, ' ', 2, field);
        return text_to_integer(field, 0, HAPROXY_SHARE_MAX, ret_value);
    }
    return false;
}

void haproxy_map_file(const char *dump, struct text *to)
{
    char line[LINE_MAX_BYTES];

    while (next_line(&dump, line)) {
        const char *space = strchr(line, ' ');
        if (strncmp(line, "0x", 2) == 0 && space != NULL)
            text_add(to, "%s\n", space + 1);
    }
}

/* Columns of `show servers state`, version 1. */
enum { STATE_SERVER_NAME = 3, STATE_USER_WEIGHT = 7 };

bool haproxy_server_weight(const char *dump, const char *server, int64_t *ret_weight)
{
    char line[LINE_MAX_BYTES];
    char field[FIELD_MAX];

    while (next_line(&dump, line)) {
        field_at(line, ' ', STATE_SERVER_NAME, field);
        if (line[0] == '#' || strcmp(field, server) != 0)
            continue;
        field_at(line, ' ', STATE_USER_WEIGHT, field);
        return text_to_integer(field, 0, HAPROXY_WEIGHT_MAX, ret_weight);
    }
    return false;
}

/* Position of a column in the head line of `show stat`, or SIZE_MAX. */
static size_t column_of(const char *head, const char *name)
{
    char field[FIELD_MAX];

    for (size_t i = 0; i < FIELD_MAX; i++) {
        field_at(head, ',', i, field);
        if (strcmp(field, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* Moves behind the head line "# pxname,svname,..." and copies it without its mark; false: there is none. */
static bool find_head(const char **dump, char head[LINE_MAX_BYTES])
{
    char line[LINE_MAX_BYTES];

    while (next_line(dump, line)) {
        if (strncmp(line, "# pxname,", 9) != 0)
            continue;
        memcpy(head, line + 2, strlen(line) - 1);
        return true;
    }
    return false;
}

static bool is_aggregate(const char *name)
{
    return strcmp(name, "BACKEND") == 0 || strcmp(name, "FRONTEND") == 0;
}

void haproxy_servers_up(const char *dump, const char *backend, const char *server, size_t *ret_count,
                        size_t *ret_up)
{
    char line[LINE_MAX_BYTES];
    char field[FIELD_MAX];

    *ret_count = *ret_up = 0;
    if (!find_head(&dump, line))
        return;
    size_t status = column_of(line, "status");
    while (next_line(&dump, line)) {
        field_at(line, ',', 0, field);
        if (strcmp(field, backend) != 0)
            continue;
        field_at(line, ',', 1, field);
        if (is_aggregate(field) || (server != NULL && strcmp(field, server) != 0))
            continue;
        field_at(line, ',', status, field);
        ++*ret_count;
        *ret_up += strncmp(field, "UP", 2) == 0 || strcmp(field, "no check") == 0;
    }
}

void haproxy_algorithm(const char *dump, const char *backend, char *to, size_t size)
{
    char line[LINE_MAX_BYTES];
    char field[FIELD_MAX];

    to[0] = '\0';
    if (!find_head(&dump, line))
        return;
    size_t algorithm = column_of(line, "algo");
    while (next_line(&dump, line)) {
        field_at(line, ',', 0, field);
        if (strcmp(field, backend) != 0)
            continue;
        field_at(line, ',', 1, field);
        if (strcmp(field, "BACKEND") != 0)
            continue;
        field_at(line, ',', algorithm, field);
        (void)snprintf(to, size, "%s", field);
    }
}
