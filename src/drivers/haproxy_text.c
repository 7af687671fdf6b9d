/* haproxy_text.c - HAProxy's dumps read line by line, without copying them.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_text.h"

#include <string.h>

enum { NUMBER_SIZE = 24 };

struct slice {
    const char *start;
    size_t length;
};

/* The next line of a dump, without its end; false: no more. */
static bool next_line(const char **dump, struct slice *line)
{
    if (**dump == '\0')
        return false;
    *line = (struct slice){*dump, strcspn(*dump, "\n")};
    *dump += line->length + ((*dump)[line->length] == '\n');
    return true;
}

/* Field number `index` of a line, fields ended by one `separator`; empty where the line has fewer. */
static struct slice field_at(struct slice line, char separator, size_t index)
{
    const char *at = line.start;
    const char *end = line.start + line.length;

    for (size_t i = 0; i < index; i++) {
        const char *found = memchr(at, separator, (size_t)(end - at));
        if (found == NULL)
            return (struct slice){end, 0};
        at = found + 1;
    }
    const char *found = memchr(at, separator, (size_t)(end - at));
    return (struct slice){at, (size_t)((found != NULL ? found : end) - at)};
}

static bool is_text(struct slice slice, const char *text)
{
    return strlen(text) == slice.length && memcmp(slice.start, text, slice.length) == 0;
}

static bool starts_with(struct slice slice, const char *text)
{
    return strlen(text) <= slice.length && memcmp(slice.start, text, strlen(text)) == 0;
}

static bool to_integer(struct slice slice, int64_t min, int64_t max, int64_t *ret_integer)
{
    char number[NUMBER_SIZE];

    if (slice.length >= sizeof(number))
        return false;
    memcpy(number, slice.start, slice.length);
    number[slice.length] = '\0';
    return text_to_integer(number, min, max, ret_integer);
}

/* Of all pairs within HAPROXY_WEIGHT_MAX the one nearest to small : large; a multiple of it where it fits, as
 * large ones come first. */
static void nearest_pair(uint64_t small, uint64_t large, unsigned *ret_small, unsigned *ret_large)
{
    uint64_t best_miss = UINT64_MAX / HAPROXY_WEIGHT_MAX;

    *ret_small = 0;
    *ret_large = HAPROXY_WEIGHT_MAX;
    for (unsigned weight = HAPROXY_WEIGHT_MAX; weight > 0 && small > 0; weight--) {
        uint64_t other = (small * weight + large / 2) / large;
        if (other == 0)
            other = 1;
        uint64_t miss =
            other * large > small * weight ? other * large - small * weight : small * weight - other * large;
        if (miss * *ret_large >= best_miss * weight)
            continue;
        best_miss = miss;
        *ret_small = (unsigned)other;
        *ret_large = weight;
    }
}

void haproxy_weights(uint16_t share, size_t candidate_count, size_t stable_count, unsigned *ret_candidate,
                     unsigned *ret_stable)
{
    uint64_t candidate = (uint64_t)share * stable_count;
    uint64_t stable = (uint64_t)(HAPROXY_SHARE_MAX - share) * candidate_count;

    if (candidate < stable)
        nearest_pair(candidate, stable, ret_candidate, ret_stable);
    else
        nearest_pair(stable, candidate, ret_stable, ret_candidate);
}

static bool has_weights(uint64_t share, unsigned candidate, size_t candidate_count, unsigned stable,
                        size_t stable_count)
{
    unsigned its_candidate = 0;
    unsigned its_stable = 0;

    haproxy_weights((uint16_t)share, candidate_count, stable_count, &its_candidate, &its_stable);
    return its_candidate == candidate && its_stable == stable;
}

uint16_t haproxy_share(unsigned candidate, size_t candidate_count, unsigned stable, size_t stable_count)
{
    uint64_t mine = (uint64_t)candidate * candidate_count;
    uint64_t all = mine + (uint64_t)stable * stable_count;

    if (all == 0)
        return 0;
    uint64_t share = (mine * HAPROXY_SHARE_MAX + all / 2) / all;
    for (uint64_t step = 100; step > 1; step /= 10) {
        uint64_t round = (share + step / 2) / step * step;
        if (has_weights(round, candidate, candidate_count, stable, stable_count))
            return (uint16_t)round;
    }
    return (uint16_t)share;
}

bool haproxy_map_value(const char *dump, const char *key, uint16_t *ret_value)
{
    struct slice line;
    int64_t value = 0;

    while (next_line(&dump, &line)) {
        if (!starts_with(line, "0x") || !is_text(field_at(line, ' ', 1), key))
            continue;
        if (!to_integer(field_at(line, ' ', 2), INT32_MIN, INT32_MAX, &value))
            return false;
        value = value < 0 ? 0 : value;
        *ret_value = (uint16_t)(value > HAPROXY_SHARE_MAX ? HAPROXY_SHARE_MAX : value);
        return true;
    }
    return false;
}

bool haproxy_map_file(const char *dump, struct text *to)
{
    struct slice line;

    while (next_line(&dump, &line)) {
        const char *space = memchr(line.start, ' ', line.length);
        if (line.length == 0)
            continue;
        if (!starts_with(line, "0x") || space == NULL)
            return false;
        text_add(to, "%.*s\n", (int)(line.start + line.length - space - 1), space + 1);
    }
    return true;
}

bool haproxy_state_file(const char *dump, struct text *to)
{
    struct slice line;

    if (!next_line(&dump, &line) || !is_text(line, "1"))
        return false;
    text_add(to, "1\n");
    while (next_line(&dump, &line))
        if (line.length > 0)
            text_add(to, "%.*s\n", (int)line.length, line.start);
    return true;
}

/* Rows below a head line "# name name ...". */
struct table {
    const char *rest;
    struct slice head;
    char separator;
};

/* Finds the head line by the name of its first column; false: there is none. */
static bool table_open(struct table *table, const char *dump, const char *first, char separator)
{
    struct slice line;

    while (next_line(&dump, &line)) {
        if (!starts_with(line, "# "))
            continue;
        struct slice head = {line.start + 2, line.length - 2};
        if (!is_text(field_at(head, separator, 0), first))
            continue;
        *table = (struct table){.rest = dump, .head = head, .separator = separator};
        return true;
    }
    return false;
}

/* A row's field by its column's name; empty where there is no such column. */
static struct slice column(const struct table *table, struct slice row, const char *name)
{
    for (size_t i = 0;; i++) {
        struct slice field = field_at(table->head, table->separator, i);
        if (is_text(field, name))
            return field_at(row, table->separator, i);
        if (field.start + field.length == table->head.start + table->head.length)
            return (struct slice){row.start, 0};
    }
}

/* Operational states: 0 stopped, 1 starting, 2 running, 3 stopping. */
static bool is_up(const struct table *table, struct slice row)
{
    int64_t state = 0;
    int64_t ways_out = 0;

    return to_integer(column(table, row, "srv_op_state"), 0, 3, &state) &&
           to_integer(column(table, row, "srv_admin_state"), 0, INT32_MAX, &ways_out) &&
           (state == 1 || state == 2) && ways_out == 0;
}

/* The next server of a backend; false: no more. */
static bool next_server(struct table *table, const char *backend, struct slice *row)
{
    while (next_line(&table->rest, row) && row->length > 0)
        if (is_text(column(table, *row, "be_name"), backend))
            return true;
    return false;
}

/* One dump may hold several tables, a backend's rows stand in one. */
static bool next_table(struct table *table, const char *dump)
{
    return table_open(table, dump, "be_id", ' ');
}

bool haproxy_server(const char *dump, const char *backend, const char *server,
                    struct haproxy_server *ret_server)
{
    struct table table = {.rest = dump};
    struct slice row;
    int64_t weight = 0;

    while (next_table(&table, table.rest))
        while (next_server(&table, backend, &row)) {
            if (!is_text(column(&table, row, "srv_name"), server))
                continue;
            if (!to_integer(column(&table, row, "srv_uweight"), 0, HAPROXY_WEIGHT_MAX, &weight))
                return false;
            *ret_server = (struct haproxy_server){.weight = (unsigned)weight, .is_up = is_up(&table, row)};
            return true;
        }
    return false;
}

void haproxy_servers_up(const char *dump, const char *backend, size_t *ret_count, size_t *ret_up)
{
    struct table table = {.rest = dump};
    struct slice row;

    *ret_count = *ret_up = 0;
    while (next_table(&table, table.rest))
        while (next_server(&table, backend, &row)) {
            ++*ret_count;
            *ret_up += is_up(&table, row);
        }
}

void haproxy_algorithm(const char *dump, const char *backend, char *to, size_t size)
{
    struct table table;
    struct slice row;
    struct text text;

    text_init(&text, to, size);
    if (!table_open(&table, dump, "pxname", ','))
        return;
    while (next_line(&table.rest, &row)) {
        if (!is_text(column(&table, row, "pxname"), backend) ||
            !is_text(column(&table, row, "svname"), "BACKEND"))
            continue;
        struct slice algorithm = column(&table, row, "algo");
        text_add_bytes(&text, algorithm.start, algorithm.length);
        return;
    }
}

bool haproxy_requests(const char *dump, const char *backend, const char *server, uint64_t *ret_count)
{
    struct table table;
    struct slice row;
    int64_t count = 0;

    if (!table_open(&table, dump, "pxname", ','))
        return false;
    while (next_line(&table.rest, &row)) {
        if (!is_text(column(&table, row, "pxname"), backend) ||
            !is_text(column(&table, row, "svname"), server == NULL ? "BACKEND" : server))
            continue;
        if (!to_integer(column(&table, row, "stot"), 0, INT64_MAX, &count))
            return false;
        *ret_count = (uint64_t)count;
        return true;
    }
    return false;
}

bool haproxy_is_complete(const char *answer)
{
    size_t length = strlen(answer);

    return strcmp(answer, "\n") == 0 || (length >= 2 && strcmp(answer + length - 2, "\n\n") == 0);
}

uint64_t haproxy_process(const char *answer)
{
    struct slice line;
    int64_t number = 0;

    while (next_line(&answer, &line))
        if (starts_with(line, "Pid: ") && to_integer(field_at(line, ' ', 1), 1, INT64_MAX, &number))
            return (uint64_t)number;
    return 0;
}

void haproxy_complaint(const char *answer, char *to, size_t size)
{
    struct slice line;
    struct text text;

    text_init(&text, to, size);
    while (next_line(&answer, &line)) {
        if (starts_with(line, "0x") || starts_with(line, "#") || starts_with(line, "Name: ") ||
            is_text(line, "1"))
            return;
        if (line.length == 0)
            continue;
        text_add_bytes(&text, line.start, line.length);
        return;
    }
}
