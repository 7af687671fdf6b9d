/* infrastructure.h - the stacks of a status for people.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_INFRASTRUCTURE_H
#define CLI_INFRASTRUCTURE_H

struct cJSON;

/* Stacks of an answer of GET /v1/status: resources, the last plan, cost, findings, drift, each with when it
 * was looked. Nothing where there are none, or the daemon is an older one. */
void infrastructure_print(const struct cJSON *status);

#endif
