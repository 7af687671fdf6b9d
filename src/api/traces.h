/* traces.h - what has ended, read from the journal as an export of OTLP.
 * SPDX-License-Identifier: MIT
 *
 * Blocks: for workers. The same subject gives the same spans, however often it is asked for. */
#ifndef API_TRACES_H
#define API_TRACES_H

#include "api/spans.h"
#include "base/err.h"

enum { TRACES_ROWS_MAX = 4000 /* of each kind, of one deployment */ };

struct option_schemas;

struct traces_source {
    const char *path; /* of the journal */
    const struct option_schemas *schemas;
};

/* `subject`: "dep_12" or "run_3". `ret_json`: free(); NULL where nobody records its trace. ERR_NOT_FOUND,
 * ERR_INVALID: there is none, or its row cannot be read; else ERR_IO or ERR_UNAVAILABLE. */
MUST_CHECK bool traces_read(const struct traces_source *source, const struct spans_origin *origin,
                            const char *subject, char **ret_json, struct err *err);

#endif
