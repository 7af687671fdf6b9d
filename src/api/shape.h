/* shape.h - deployments, judgements, times and audit rows as JSON; audit rows as sentences.
 * SPDX-License-Identifier: MIT */
#ifndef API_SHAPE_H
#define API_SHAPE_H

#include "api/record.h"

struct cJSON;

enum { SHAPE_SENTENCE_SIZE = 512 };

/* clock_stamp() as a member; null where that is "". */
void shape_time(struct cJSON *object, const char *name, int64_t wall_ms);
/* `trace_id` of what was kept, or null. */
void shape_trace(struct cJSON *object, const char *traceparent);

/* "dep_17" as a member; null where it is 0. */
void shape_deployment_id(struct cJSON *object, const char *name, uint64_t deployment);

/* verdict, reason, value, bound ... as members; a number that is none becomes null. `span_s`: of the values;
 * 0 where none was read. */
void shape_judgement(struct cJSON *object, const struct judgement *judgement);
/* The same of a rule that is known: with `worst_ratio`, the largest regression still possible at a pass. */
void shape_rule_judgement(struct cJSON *object, const struct definition *definition, size_t rule,
                          const struct judgement *judgement);

/* A deployment: what lists show; `is_full`: also its steps and rules. */
struct cJSON *shape_deployment(const struct record *record, bool is_full);

/* An audit row: event, time, what, a, b, step, attempt, actor, reason, text; `definition` may be NULL. */
struct cJSON *shape_audit(const struct definition *definition, const struct journal_audit *row);
/* The same with a text that is known. */
struct cJSON *shape_audit_told(const struct journal_audit *row, const char *text);

struct run_definition;

/* An audit row in plain words; `definition` may be NULL. The second one is for rows of runs. */
void shape_audit_run_sentence(const struct run_definition *definition, const struct journal_audit *row,
                              char *to, size_t size);
void shape_audit_sentence(const struct definition *definition, const struct journal_audit *row, char *to,
                          size_t size);

#endif
