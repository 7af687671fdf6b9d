/* fuzz_prometheus.c - libFuzzer: any bytes as Prometheus' answer to a query, and to one of a range.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_answer.h"
#include "io/memory.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* At every instant of the range a vector of no more series than the matrix has. */
static void walk(const struct prometheus_matrix *matrix)
{
    for (size_t i = 0; i < matrix->point_count; i++) {
        struct prometheus_vector vector;

        prometheus_matrix_at(matrix, matrix->points[i].time_ms, &vector);
        if (vector.count == 0 || vector.count > matrix->count)
            abort();
        free(vector.samples);
    }
    for (size_t i = 0; i < matrix->count; i++)
        if (matrix->rows[i].first + matrix->rows[i].count > matrix->point_count)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    const struct http_answer answer = {.status = 200, .body = text, .length = size, .headers = ""};
    struct prometheus_vector vector;
    struct prometheus_matrix matrix;
    struct err err = {0};

    if (prometheus_read(&answer, &vector, &err))
        prometheus_vector_done(&vector);
    else if (err.text[0] == '\0')
        abort();
    err = (struct err){0};
    if (prometheus_read_range(&answer, &matrix, &err)) {
        walk(&matrix);
        prometheus_matrix_done(&matrix);
    } else if (err.text[0] == '\0')
        abort();
    free(text);
    return 0;
}
