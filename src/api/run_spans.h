/* run_spans.h - the spans of a run that has ended: its own as the conventions of OpenTelemetry for CI/CD have
 * it, and one for each try of a task. Deployments that tasks started stand below these, by exports of their
 * own.
 * SPDX-License-Identifier: MIT
 *
 * https://opentelemetry.io/docs/specs/semconv/cicd/. Pure. */
#ifndef API_RUN_SPANS_H
#define API_RUN_SPANS_H

#include "api/spans.h"
#include "config/run_definition.h"
#include "store/journal_run.h"

/* What the journal has of it. */
struct run_spans {
    const struct journal_run *row;
    const struct journal_run *former;        /* that it is a retry of; NULL: of none */
    const struct run_definition *definition; /* NULL: its tasks are known by number alone */
    const struct journal_task *tasks;        /* [task_count], in the order of tasks and tries */
    size_t task_count;
};

/* The export's text, free(); NULL: it belongs to no trace, or to one that nobody records. */
char *run_spans_write(const struct spans_origin *origin, const struct run_spans *run);

#endif
