/* span_id.h - ids of the spans of deployments and runs: made of what they are about, so that whoever is told
 * one while it is under way finds it in the trace that is sent at the end, and one that is sent twice is the
 * same.
 * SPDX-License-Identifier: MIT
 *
 * `instance` is the daemon's: several of them may have spans in one trace. */
#ifndef API_SPAN_ID_H
#define API_SPAN_ID_H

#include "io/traceparent.h"

#include <stdint.h>

void span_id_deployment(const char *instance, uint64_t deployment, char to[TRACEPARENT_SPAN_SIZE]);
/* A part of its way besides the steps: "queued", "admission", "way back". */
void span_id_part(const char *instance, uint64_t deployment, const char *part,
                  char to[TRACEPARENT_SPAN_SIZE]);
/* `attempt` rises with every entry into a step. */
void span_id_step(const char *instance, uint64_t deployment, uint32_t attempt,
                  char to[TRACEPARENT_SPAN_SIZE]);
void span_id_action(const char *instance, uint64_t deployment, uint32_t sequence,
                    char to[TRACEPARENT_SPAN_SIZE]);
void span_id_run(const char *instance, uint64_t run, char to[TRACEPARENT_SPAN_SIZE]);
/* One try of a task. */
void span_id_task(const char *instance, uint64_t run, uint8_t task, uint16_t tries,
                  char to[TRACEPARENT_SPAN_SIZE]);

#endif
