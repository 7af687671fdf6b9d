/* rrd_columns.c - what the columns of a file are called.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_columns.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMAL_SIZE = 32, DIGITS_MAX = 17, HEX_DIGITS = 16, PREFIX = 2 };

static const char *const names[][RRD_FILE_COLUMNS_MAX] = {
    [RRD_FILE_GAUGE] = {"value"},
    [RRD_FILE_COUNT] = {"events", "total"},
};

size_t rrd_file_columns(const struct rrd_file_shape *shape)
{
    if (shape->kind == RRD_FILE_BUCKETS)
        return shape->buckets->count;
    return shape->kind == RRD_FILE_COUNT ? 2 : 1;
}

size_t rrd_file_point_size(const struct rrd_file_shape *shape)
{
    size_t columns = rrd_file_columns(shape);
    size_t more = columns > RRD_FILE_COLUMNS_MAX ? columns - RRD_FILE_COLUMNS_MAX : 0;

    return sizeof(struct rrd_file_point) + more * sizeof(double);
}

bool rrd_columns_are_bounds(const double *bounds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isnan(bounds[i]) || (i > 0 && !(bounds[i] > bounds[i - 1])))
            return false;
    return count >= 1 && count <= RRD_FILE_BUCKETS_MAX;
}

static void exchange(char *text, char from, char to)
{
    for (char *at = strchr(text, from); at != NULL; at = strchr(at, from))
        *at = to;
}

/* More digits may be shorter: "250" is, beside "2.5e+02". */
static void shorten(double bound, char decimal[DECIMAL_SIZE])
{
    char text[DECIMAL_SIZE];

    (void)snprintf(decimal, DECIMAL_SIZE, "%.*e", DIGITS_MAX, bound);
    for (int digits = 1; digits <= DIGITS_MAX; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, bound);
        if (strtod(text, NULL) == bound && strlen(text) < strlen(decimal))
            memcpy(decimal, text, sizeof(text));
    }
    char *plus = strchr(decimal, '+');
    if (plus != NULL)
        memmove(plus, plus + 1, strlen(plus));
    exchange(decimal, '.', 'p');
    exchange(decimal, '-', 'm');
}

static void name_bound(double bound, char to[RRD_COLUMN_NAME_SIZE])
{
    char decimal[DECIMAL_SIZE] = "Inf";
    uint64_t bits = 0;

    if (bound != INFINITY)
        shorten(bound, decimal);
    if (strlen(decimal) + PREFIX < RRD_COLUMN_NAME_SIZE) {
        (void)snprintf(to, RRD_COLUMN_NAME_SIZE, "le%.17s", decimal);
        return;
    }
    memcpy(&bits, &bound, sizeof(bits));
    (void)snprintf(to, RRD_COLUMN_NAME_SIZE, "lx%016" PRIx64, bits);
}

const char *rrd_column_name(const struct rrd_file_shape *shape, size_t index, char to[RRD_COLUMN_NAME_SIZE])
{
    assert(index < rrd_file_columns(shape));
    if (shape->kind == RRD_FILE_BUCKETS)
        name_bound(shape->buckets->bounds[index], to);
    else
        (void)snprintf(to, RRD_COLUMN_NAME_SIZE, "%s", names[shape->kind][index]);
    return to;
}

static bool read_hex(const char *digits, double *ret_bound)
{
    if (strlen(digits) != HEX_DIGITS || strspn(digits, "0123456789abcdef") != HEX_DIGITS)
        return false;
    uint64_t bits = strtoull(digits, NULL, 16);
    memcpy(ret_bound, &bits, sizeof(bits));
    return !isnan(*ret_bound);
}

static bool read_decimal(const char *text, double *ret_bound)
{
    char decimal[RRD_COLUMN_NAME_SIZE];
    char *end = NULL;

    if (strcmp(text, "Inf") == 0) {
        *ret_bound = INFINITY;
        return true;
    }
    if (text[0] == '\0' || strlen(text) >= sizeof(decimal) || strspn(text, "0123456789pme") != strlen(text))
        return false;
    (void)snprintf(decimal, sizeof(decimal), "%s", text);
    exchange(decimal, 'p', '.');
    exchange(decimal, 'm', '-');
    *ret_bound = strtod(decimal, &end);
    return *end == '\0' && isfinite(*ret_bound);
}

bool rrd_column_bound(const char *name, double *ret_bound)
{
    double bound = 0;
    bool is_bound = (strncmp(name, "le", PREFIX) == 0 && read_decimal(name + PREFIX, &bound)) ||
                    (strncmp(name, "lx", PREFIX) == 0 && read_hex(name + PREFIX, &bound));

    if (is_bound)
        *ret_bound = bound;
    return is_bound;
}
