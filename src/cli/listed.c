/* listed.c - the list itself, read strictly: a line that is misread would prove nothing.
 * SPDX-License-Identifier: MIT */
#include "cli/listed.h"

#include "io/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum column {
    COLUMN_SERVICE,
    COLUMN_ENVIRONMENT,
    COLUMN_VERSION,
    COLUMN_START,
    COLUMN_END,
    COLUMN_PREVIOUS, /* from here on: may be missing */
    COLUMN_SLOT,
    COLUMN_STABLE_SLOT,
    COLUMN_OUTCOME,
    COLUMN_COUNT
};

static const char *const columns[COLUMN_COUNT] = {"service",  "environment", "version",     "start",  "end",
                                                  "previous", "slot",        "stable_slot", "outcome"};

struct reading {
    struct listed *listed;
    const char *path;
    unsigned line;
    size_t place[COLUMN_COUNT]; /* COLUMN_COUNT: not in this file */
    size_t field_count;         /* of the first line */
    char *fields[COLUMN_COUNT]; /* of this line */
};

static void find(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);

static void find(struct reading *reading, const char *format, ...)
{
    struct listed *listed = reading->listed;
    va_list list;

    if (listed->finding_count++ >= LISTED_FINDINGS_MAX)
        return;
    char *to = listed->findings[listed->finding_count - 1];
    int length = snprintf(to, LISTED_FINDING_SIZE, "%.120s:%u: ", reading->path, reading->line);
    va_start(list, format);
    (void)vsnprintf(to + length, LISTED_FINDING_SIZE - (size_t)length, format, list);
    va_end(list);
}

/* Cuts the line at its commas; returns how many fields there are, though only COLUMN_COUNT are kept. */
static size_t split(char *line, char *fields[COLUMN_COUNT])
{
    size_t count = 0;

    for (char *next = line; next != NULL; count++) {
        char *field = next;
        next = strchr(field, ',');
        if (next != NULL)
            *next++ = '\0';
        field += strspn(field, " \t");
        size_t length = strlen(field);
        while (length > 0 && strchr(" \t\r", field[length - 1]) != NULL)
            field[--length] = '\0';
        if (count < COLUMN_COUNT)
            fields[count] = field;
    }
    return count;
}

static void take_column(struct reading *reading, size_t place, const char *name)
{
    size_t c = 0;

    while (c < COLUMN_COUNT && strcmp(columns[c], name) != 0)
        c++;
    if (c == COLUMN_COUNT) {
        const char *nearest = text_nearest(name, columns, COLUMN_COUNT);
        find(reading, "unknown column '%.64s'%s%s%s", name, nearest != NULL ? "; did you mean '" : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    } else if (reading->place[c] != COLUMN_COUNT)
        find(reading, "column '%s' stands twice", columns[c]);
    else
        reading->place[c] = place;
}

static void read_header(struct reading *reading, char *line)
{
    char *fields[COLUMN_COUNT];

    reading->field_count = split(line, fields);
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        reading->place[c] = COLUMN_COUNT;
    for (size_t i = 0; i < reading->field_count && i < COLUMN_COUNT; i++)
        take_column(reading, i, fields[i]);
    if (reading->field_count > COLUMN_COUNT)
        find(reading, "%zu columns; at most %d are known", reading->field_count, COLUMN_COUNT);
    for (size_t c = 0; c < COLUMN_PREVIOUS; c++)
        if (reading->place[c] == COLUMN_COUNT)
            find(reading, "the first line names the columns; '%s' is missing", columns[c]);
}

static const char *field(const struct reading *reading, enum column column)
{
    size_t place = reading->place[column];

    return place == COLUMN_COUNT ? "" : reading->fields[place];
}

static void read_name(struct reading *reading, enum column column, bool is_needed,
                      char to[NAME_MAX_LENGTH + 1])
{
    const char *text = field(reading, column);

    if (text[0] == '\0' && !is_needed)
        return;
    if (!text_is_name(text) || !text_copy(to, NAME_MAX_LENGTH + 1, text))
        find(reading, "%s: '%.64s' is no name", columns[column], text);
}

static void read_version(struct reading *reading, enum column column, bool is_needed,
                         char to[VERSION_MAX_LENGTH + 1])
{
    const char *text = field(reading, column);

    if (text[0] == '\0' && !is_needed)
        return;
    if (!text_is_version(text) || !text_copy(to, VERSION_MAX_LENGTH + 1, text))
        find(reading, "%s: '%.64s' is no version", columns[column], text);
}

static void read_time(struct reading *reading, enum column column, int64_t *time_ms)
{
    const char *text = field(reading, column);
    int64_t number_s = 0;
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);

    if (text_to_integer(text, 0, INT64_C(1) << 40, &number_s))
        *time_ms = number_s * 1000;
    else if (end != NULL && *end == '\0')
        *time_ms = (int64_t)timegm(&parts) * 1000;
    else
        find(reading, "%s: '%.64s' is no time like 2026-11-20T10:00:00Z, or seconds since 1970",
             columns[column], text);
}

static void read_outcome(struct reading *reading, enum past_label *label)
{
    static const struct {
        const char *word;
        enum past_label label;
    } words[] = {{"", PAST_UNKNOWN},      {"unknown", PAST_UNKNOWN}, {"good", PAST_GOOD},
                 {"promoted", PAST_GOOD}, {"bad", PAST_BAD},         {"rolled_back", PAST_BAD}};
    const char *text = field(reading, COLUMN_OUTCOME);

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].word, text) == 0) {
            *label = words[i].label;
            return;
        }
    find(reading, "outcome: '%.64s' is none of good, bad, unknown", text);
}

static void read_row(struct reading *reading, char *line)
{
    struct listed *listed = reading->listed;
    size_t findings = listed->finding_count;
    struct listed_row *row = &listed->rows[listed->count];

    if (strchr(line, '"') != NULL) {
        find(reading, "quotes are not known here; no field needs them");
        return;
    }
    size_t count = split(line, reading->fields);
    if (count != reading->field_count) {
        find(reading, "%zu fields where the first line has %zu", count, reading->field_count);
        return;
    }
    *row = (struct listed_row){.line = reading->line};
    read_name(reading, COLUMN_SERVICE, true, row->service);
    read_name(reading, COLUMN_ENVIRONMENT, true, row->environment);
    read_version(reading, COLUMN_VERSION, true, row->version);
    read_version(reading, COLUMN_PREVIOUS, false, row->previous);
    read_name(reading, COLUMN_SLOT, false, row->slot);
    read_name(reading, COLUMN_STABLE_SLOT, false, row->stable_slot);
    read_time(reading, COLUMN_START, &row->start_ms);
    read_time(reading, COLUMN_END, &row->end_ms);
    read_outcome(reading, &row->label);
    if (listed->finding_count > findings)
        return;
    if (row->end_ms <= row->start_ms)
        find(reading, "it ends before it starts");
    else if (row->end_ms - row->start_ms > LISTED_SPAN_MAX_MS)
        find(reading, "it takes longer than two days");
    else
        listed->count++;
}

static void read_lines(struct reading *reading, char *bytes)
{
    bool has_header = false;

    for (char *next = bytes; next != NULL;) {
        char *line = next;
        reading->line++;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (line[strspn(line, " \t\r")] == '\0' || line[0] == '#')
            continue;
        if (!has_header) {
            has_header = true;
            read_header(reading, line);
            if (reading->listed->finding_count > 0)
                return;
        } else if (reading->listed->count == LISTED_ROWS_MAX) {
            find(reading, "more than %d deployments", LISTED_ROWS_MAX);
            return;
        } else
            read_row(reading, line);
    }
    if (!has_header)
        find(reading, "no line names the columns");
}

bool listed_read(const char *path, struct listed *ret_listed, struct err *err)
{
    FILE *file = fopen(path, "re");
    struct reading reading = {.listed = ret_listed, .path = path};

    memset(ret_listed, 0, sizeof(*ret_listed));
    if (file == NULL)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    CLEANUP(memory_free_at) char *bytes = memory_take(LISTED_BYTES_MAX + 2);
    size_t length = fread(bytes, 1, LISTED_BYTES_MAX + 1, file);
    bool is_read = ferror(file) == 0;
    int why = errno;
    (void)fclose(file);
    if (!is_read)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(why));
    if (length > LISTED_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s: longer than %d bytes", path, LISTED_BYTES_MAX);
    if (memchr(bytes, '\0', length) != NULL)
        return err_set(err, ERR_INVALID, "%s: is no text", path);
    ret_listed->rows = memory_take_array(LISTED_ROWS_MAX, sizeof(*ret_listed->rows));
    read_lines(&reading, bytes);
    return true;
}

void listed_done(struct listed *listed)
{
    free(listed->rows);
    listed->rows = NULL;
}
