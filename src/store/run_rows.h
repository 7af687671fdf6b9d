/* run_rows.h - the rows of runs of a batch, on the writer's thread; for this folder only.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_RUN_ROWS_H
#define STORE_RUN_ROWS_H

#include "store/journal_parts.h"

/* What the writing of a batch works with. */
struct scene {
    struct writer *writer;
    struct sql *sql;
    const struct batch *batch;
    const struct journal_texts *texts;
};

/* Who asked and why, from where, since when, and until when (0: it goes on). */
void scene_bind_origin(const struct scene *scene, struct row *row, const struct journal_request *request,
                       const char *run_url, const char *commit, int64_t end_ms);
void scene_save_version(const struct scene *scene, uint64_t key);
void scene_save_sealed(const struct scene *scene, const char *text, unsigned char hash[JOURNAL_HASH_SIZE]);

void run_rows_save_run(const struct scene *scene, const struct batch_row *batch_row);
void run_rows_save_task(const struct scene *scene, const struct batch_row *batch_row);
void run_rows_save_event(const struct scene *scene, const struct batch_row *batch_row);
/* What commands printed and reported; after the rows. */
void run_rows_save_texts(const struct scene *scene);
/* Which intents belong to commands that run once (journal_once.c); after the rows. */
void once_rows_save(const struct scene *scene);
/* What was found of drift (journal_drift.c). */
void drift_rows_save(const struct scene *scene);

#endif
