/* figures.h - the figures of a status as a table for people.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

struct cJSON;
struct terminal;

/* Environments, pipelines and figures of an answer of GET /v1/status; marks say which targets are met. What
 * an older daemon does not tell is left out. */
void figures_print(const struct terminal *terminal, const struct cJSON *status);

#endif
