/* snapshot.h - deployment, rule, target and run states as bytes with a schema number, and back.
 * SPDX-License-Identifier: MIT
 *
 * Little-endian, field by field: a snapshot written by one build is read by the next. A newer schema than
 * ours is refused; what an older one does not have is 0. */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include "engine/batch.h"
#include "orchestrator/deployment_state.h"
#include "orchestrator/run_state.h"

#include <stddef.h>

enum {
    /* 2: hosts; 3: copies; 4: downtime; 5: the past, emergencies, freezes that end, disaster recovery,
     * deployments together; 6: brakes; 7: forms of a test; 8: approvals of runs by several */
    SNAPSHOT_SCHEMA = 8,
    SNAPSHOT_DEPLOYMENT_MAX = 512, /* bytes, so do the others */
    SNAPSHOT_RULE_MAX = 768,
    SNAPSHOT_TARGET_MAX = 1400,
    SNAPSHOT_RUN_MAX = 1024
};

/* Return the bytes written (≤ the maximum above; `to` holds that many). */
size_t snapshot_write_deployment(const struct deployment_state *state, unsigned char *to);
size_t snapshot_write_rule(const struct rule_state *state, unsigned char *to);
size_t snapshot_write_target(const struct target_state *state, unsigned char *to);
size_t snapshot_write_run(const struct run_state *state, unsigned char *to);

/* False: cut, of a newer schema, or with a value out of its range; `ret` untouched. */
MUST_CHECK bool snapshot_read_deployment(const unsigned char *from, size_t length,
                                         struct deployment_state *ret);
MUST_CHECK bool snapshot_read_rule(const unsigned char *from, size_t length, struct rule_state *ret);
MUST_CHECK bool snapshot_read_target(const unsigned char *from, size_t length, struct target_state *ret);
MUST_CHECK bool snapshot_read_run(const unsigned char *from, size_t length, struct run_state *ret);

/* FNV-1a, for state hashes (S16) and version keys; never 0. */
uint64_t snapshot_hash(const void *bytes, size_t length);

#endif
