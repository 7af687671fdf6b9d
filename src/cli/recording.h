/* recording.h - recorded samples with expected verdicts: the JSON files of `verdict test`. The format is
 * documented in rules/README.md. SPDX-License-Identifier: MIT */
#ifndef CLI_RECORDING_H
#define CLI_RECORDING_H

#include "base/err.h"
#include "base/text.h"
#include "config/definition.h"
#include "judge/expression.h"

enum {
    RECORDING_BYTES_MAX = 4 * 1024 * 1024,
    RECORDING_FILES_MAX = 16,
    RECORDING_SERIES_MAX = 64,
    RECORDING_SAMPLES_MAX = 20000, /* of one series */
    RECORDING_PATH_MAX = 512
};

/* What a source said in one step; times of them alike, one after the other. */
struct recorded_sample {
    uint32_t times;
    bool is_gap; /* nothing came */
    enum series_trouble trouble;
    double value, total; /* gauge: value; counter: events as value, and total */
    size_t counts;       /* histogram: index of the first of bound_count numbers in recording.counts */
};

struct recorded_series {
    char metric[METRIC_MAX_LENGTH + 1];
    enum expression_side side;
    enum series_kind kind;
    int64_t from_ms, every_ms;
    size_t bound_count;
    double bounds[SERIES_BUCKETS_MAX];
    size_t sample_count;
    struct recorded_sample *samples; /* [sample_count] */
};

struct recorded_expectation {
    char rule[2 * NAME_MAX_LENGTH + 2];
    enum verdict verdict;
    bool has_reason;
    enum reason reason;
    int64_t by_ms; /* a fail comes no later; INT64_MAX: any time */
};

struct recording {
    char files[RECORDING_FILES_MAX]
              [RECORDING_PATH_MAX]; /* rule files, relative ones from the recording's folder */
    size_t file_count;
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1]; /* "": the rules by themselves */
    int64_t routed_ms, until_ms;                                         /* on the recording's clock */
    size_t series_count;
    struct recorded_series series[RECORDING_SERIES_MAX];
    double *counts;
    size_t count_count;
    size_t expectation_count;
    struct recorded_expectation expectations[PLAN_RULES_MAX];
};

MUST_CHECK bool recording_read(const char *path, struct recording **ret_recording, struct err *err);
void recording_free(struct recording *recording);

#endif
