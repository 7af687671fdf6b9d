/* haproxy_stat.c - comma separated values with a header; columns are found by name.
 * SPDX-License-Identifier: MIT */
#include "collectors/haproxy_stat.h"

#include "base/text.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

enum column {
    BACKEND,
    SERVER,
    STATUS,
    CONNECT_ERRORS,
    RESPONSE_ERRORS,
    ANSWERS_5XX,
    REQUESTS,
    TIME, /* from CONNECT_ERRORS on: numbers */
    COLUMN_COUNT
};

static const double NUMBER_MAX = 1e18; /* HAProxy counts in 64 bits */

static const char *const column_names[COLUMN_COUNT] = {
    [BACKEND] = "# pxname",      [SERVER] = "svname",
    [STATUS] = "status",         [CONNECT_ERRORS] = "econ",
    [RESPONSE_ERRORS] = "eresp", [ANSWERS_5XX] = "hrsp_5xx",
    [REQUESTS] = "req_tot",      [TIME] = "ttime"};

/* Ends the field at *place with a NUL and moves on; NULL behind the last of the line. Quotes stay: fields
 * that may have them are not read. */
static char *next_field(char **place)
{
    char *field = *place;
    bool is_quoted = false;
    char *end = field;

    if (field == NULL)
        return NULL;
    for (; *end != '\0' && (is_quoted || *end != ','); end++) {
        if (*end == '"')
            is_quoted = !is_quoted;
    }
    *place = *end == ',' ? end + 1 : NULL;
    *end = '\0';
    return field;
}

static char *next_line(char **place)
{
    char *line = *place;
    char *end = line + strcspn(line, "\n");

    if (*line == '\0')
        return NULL;
    *place = *end == '\n' ? end + 1 : end;
    *end = '\0';
    return line;
}

static bool find_columns(char *header, size_t columns[COLUMN_COUNT], struct err *err)
{
    char *field = NULL;

    for (size_t c = 0; c < COLUMN_COUNT; c++)
        columns[c] = SIZE_MAX;
    for (size_t index = 0; (field = next_field(&header)) != NULL; index++) {
        for (size_t c = 0; c < COLUMN_COUNT; c++) {
            if (strcmp(field, column_names[c]) == 0)
                columns[c] = index;
        }
    }
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        if (columns[c] == SIZE_MAX)
            return err_set(err, ERR_PROTOCOL, "HAProxy's table has no column %s", column_names[c]);
    }
    return true;
}

static bool read_number(const char *field, double *ret_number)
{
    double number = 0; /* empty: does not apply to this row */

    if (field[0] != '\0' && !(text_to_number(field, &number) && number >= 0 && number <= NUMBER_MAX))
        return false;
    *ret_number = number;
    return true;
}

static bool read_numbers(const char *const fields[COLUMN_COUNT], double numbers[COLUMN_COUNT])
{
    for (size_t c = CONNECT_ERRORS; c < COLUMN_COUNT; c++) {
        if (fields[c] == NULL || !read_number(fields[c], &numbers[c]))
            return false;
    }
    return true;
}

/* "UP 1/3" is on its way down and still up; "DRAIN" is up and gets no new users. */
static bool is_up(const char *status)
{
    static const char *const ups[] = {"UP", "DRAIN", "no check"};

    for (size_t i = 0; i < ARRAY_LENGTH(ups); i++) {
        if (strncmp(status, ups[i], strlen(ups[i])) == 0)
            return true;
    }
    return false;
}

static bool read_row(char *line, const size_t columns[COLUMN_COUNT], struct haproxy_row *row)
{
    const char *fields[COLUMN_COUNT] = {0};
    double numbers[COLUMN_COUNT] = {0};
    char *field = NULL;

    for (size_t index = 0; (field = next_field(&line)) != NULL; index++) {
        for (size_t c = 0; c < COLUMN_COUNT; c++) {
            if (columns[c] == index)
                fields[c] = field;
        }
    }
    if (fields[BACKEND] == NULL || fields[SERVER] == NULL || fields[STATUS] == NULL ||
        !read_numbers(fields, numbers))
        return false;
    *row = (struct haproxy_row){.backend = fields[BACKEND],
                                .server = fields[SERVER],
                                .is_up = is_up(fields[STATUS]),
                                .requests = numbers[REQUESTS],
                                .errors = numbers[ANSWERS_5XX],
                                .time_ms = numbers[TIME]};
    if (strcmp(row->server, "BACKEND") != 0) {
        double unanswered = numbers[CONNECT_ERRORS] + numbers[RESPONSE_ERRORS];
        row->requests += unanswered;
        row->errors += unanswered;
    }
    return strcmp(row->server, "FRONTEND") != 0;
}

static size_t count_lines(const char *bytes)
{
    size_t count = 0;

    for (; *bytes != '\0'; bytes++)
        count += *bytes == '\n' ? 1 : 0;
    return count + 1;
}

static bool read_table(struct haproxy_stat *stat, struct err *err)
{
    char *place = stat->bytes;
    char *line = next_line(&place);
    size_t columns[COLUMN_COUNT];

    if (line == NULL || strncmp(line, "# ", 2) != 0)
        return err_set(err, ERR_PROTOCOL, "HAProxy did not answer with its table: %.100s",
                       line != NULL ? line : "nothing");
    if (!find_columns(line, columns, err))
        return false;
    size_t lines = count_lines(place);
    if (lines > HAPROXY_ROWS_MAX)
        return err_set(err, ERR_LIMIT, "HAProxy's table has %zu rows, at most %d are read", lines,
                       HAPROXY_ROWS_MAX);
    stat->rows = memory_take_array(lines, sizeof(*stat->rows));
    while ((line = next_line(&place)) != NULL) {
        if (read_row(line, columns, &stat->rows[stat->count]))
            stat->count++;
    }
    return true;
}

bool haproxy_stat_read(const char *bytes, size_t length, struct haproxy_stat *ret_stat, struct err *err)
{
    struct haproxy_stat stat = {.bytes = memory_copy_bytes(bytes, length)};

    if (!read_table(&stat, err)) {
        haproxy_stat_done(&stat);
        return false;
    }
    *ret_stat = stat;
    return true;
}

void haproxy_stat_done(struct haproxy_stat *stat)
{
    free(stat->rows);
    free(stat->bytes);
    *stat = (struct haproxy_stat){0};
}
