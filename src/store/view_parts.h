/* view_parts.h - one read of a view; for this folder only.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_VIEW_PARTS_H
#define STORE_VIEW_PARTS_H

#include "store/journal_view.h"
#include "store/sql.h"

#include <pthread.h>

struct journal_view {
    pthread_mutex_t lock;
    struct sql sql;
};

void view_begin(struct journal_view *view);
/* The end of a read: what SQLite has to say comes before what we have. */
bool view_end(struct journal_view *view, struct row *row, bool is_good, struct err *err);
/* Returns false. */
bool view_report_full(struct err *err);

#endif
