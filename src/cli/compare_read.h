/* compare_read.h - what the tests of `verdict compare` read: samples, counts, options.
 * SPDX-License-Identifier: MIT
 *
 * Every error names its place by JSON pointer and says what is expected there. Arrays are free()d by the
 * caller, also where reading failed. */
#ifndef CLI_COMPARE_READ_H
#define CLI_COMPARE_READ_H

#include "io/json.h"
#include "judge/sequential.h"

/* Larger values have squares that a double does not hold. */
#define COMPARE_NUMBER_MAX 1e150

/* Counts: sums of them and their products stay finite too. */
#define COMPARE_COUNT_MAX 1e15
enum { COMPARE_BLOCK_MAX = 1000000 };

struct compare_numbers {
    double *values;
    size_t count;
};

/* Series of both sides in pairs: one block each. */
struct compare_blocks {
    struct sequential_block *blocks;
    size_t count;
};

/* Histograms of a series of blocks, one after the other. */
struct compare_histograms {
    double *counts; /* [block_count * bucket_count] */
    size_t block_count, bucket_count;
};

/* Optional: keeps what is in *number where it is missing. */
MUST_CHECK bool compare_read_number(const struct json_node *object, const char *name, double min, double max,
                                    double *number, struct err *err);
MUST_CHECK bool compare_read_integer(const struct json_node *object, const char *name, int64_t min,
                                     int64_t max, int64_t *integer, struct err *err);
/* `choices` ends with NULL. */
MUST_CHECK bool compare_read_choice(const struct json_node *object, const char *name,
                                    const char *const *choices, unsigned *choice, struct err *err);

/* Numbers; null and "NaN" become NAN where `takes_missing`. */
MUST_CHECK bool compare_read_numbers(const struct json_node *object, const char *name, bool takes_missing,
                                     struct compare_numbers *numbers, struct err *err);

/* One {"events": 3, "total": 1000} or a series of them, 0 <= events <= total: into events and total of the
 * blocks, or, `is_stable`, into their stable ones. The second side read must be as long as the first. */
MUST_CHECK bool compare_read_side(const struct json_node *object, const char *name, bool is_stable,
                                  struct compare_blocks *blocks, struct err *err);

/* A list of lists of counts; all as long as the first, at least 2, at most bucket_max. */
MUST_CHECK bool compare_read_histograms(const struct json_node *object, const char *name, size_t bucket_max,
                                        struct compare_histograms *histograms, struct err *err);

/* "POINTER/name: TEXT": an error at a member that need not be there. */
bool compare_refuse(const struct json_node *object, const char *name, struct err *err, const char *format,
                    ...) PRINTF_LIKE(4, 5);

#endif
