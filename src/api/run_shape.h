/* run_shape.h - runs as JSON and in words.
 * SPDX-License-Identifier: MIT */
#ifndef API_RUN_SHAPE_H
#define API_RUN_SHAPE_H

#include "api/reading.h"

struct cJSON;

enum { RUN_SUMMARY_SIZE = 512, RUN_ETAG_SIZE = 64 };

/* What is known of one run; definition, tasks and outputs may be missing. */
struct run_record {
    const struct journal_run *row;
    const struct run_definition *definition; /* NULL: could not be rebuilt */
    const struct journal_task *tasks;
    size_t task_count;
    const struct journal_output *outputs;
    size_t output_count;
    const struct journal_approval *approvals;
    size_t approval_count;
    const struct api_waits *waits; /* [RUN_TASKS_MAX], of its tasks; NULL: nobody knows */
};

/* Over, or one of its deployments is escalated: `wait` ends. */
bool run_record_is_done(const struct journal_run *row);
void run_record_etag(const struct run_record *record, char to[RUN_ETAG_SIZE]);
/* One sentence of plain words. */
void run_record_summary(const struct run_record *record, char to[RUN_SUMMARY_SIZE]);

/* `is_full`: also its stages and outputs. */
struct cJSON *run_shape(const struct run_record *record, bool is_full);

#endif
