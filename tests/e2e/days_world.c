/* days_world.c - the series of another day, for test_days.py: the file of a counter or a histogram as the
 * archive makes it. SPDX-License-Identifier: MIT
 *
 * e2e_days_world FOLDER FILE START SECONDS EVENTS TOTAL, or ... SECONDS BOUND=COUNT ... (in order, the last
 * one inf=COUNT): FILE below FOLDER gets a row a second from START (since 1970) on. */
#include "io/memory.h"
#include "io/rrd_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER = 1, PATH, START, SECONDS, FIRST };

static double number_behind(const char *word)
{
    const char *equals = strchr(word, '=');

    return strtod(equals == NULL ? word : equals + 1, NULL);
}

int main(int argc, char **argv)
{
    struct rrd_file_buckets buckets = {.count = 0};
    struct rrd_file_shape shape = {.kind = RRD_FILE_COUNT, .step_s = 1};
    struct rrd_file_wide_point row = {.point = {.time_s = 0}};
    struct rrd_file_result result;
    struct err err = {0};
    int64_t last_s = 0;

    if (argc < FIRST + 2 || argc > FIRST + RRD_FILE_BUCKETS_MAX)
        return 2;
    size_t columns = (size_t)argc - FIRST;
    if (strchr(argv[FIRST], '=') != NULL) {
        for (size_t i = 0; i < columns; i++)
            buckets.bounds[buckets.count++] = strtod(argv[(size_t)FIRST + i], NULL);
        shape.kind = RRD_FILE_BUCKETS;
        shape.buckets = &buckets;
    }
    for (size_t i = 0; i < columns; i++) {
        double value = number_behind(argv[(size_t)FIRST + i]);
        memcpy((char *)&row + offsetof(struct rrd_file_point, values) + i * sizeof(value), &value,
               sizeof(value));
    }
    size_t count = strtoul(argv[SECONDS], NULL, 10);
    size_t size = rrd_file_point_size(&shape);
    char *points = memory_take_array(count, size);
    for (size_t i = 0; i < count; i++) {
        row.point.time_s = strtoll(argv[START], NULL, 10) + (int64_t)i;
        memcpy(points + i * size, &row, size);
    }
    int folder = open(argv[FOLDER], O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool is_written = folder >= 0 && rrd_file_write(folder, argv[FOLDER], argv[PATH], &shape,
                                                    (const struct rrd_file_point *)(const void *)points,
                                                    count, 0, &result, &last_s, &err);
    if (!is_written)
        (void)fprintf(stderr, "days_world: %s\n", folder < 0 ? "there is no such folder" : err.text);
    free(points);
    return is_written ? 0 : 1;
}
