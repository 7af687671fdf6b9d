/* plain.h - answers for --plain: one record on each line, a tab between its fields, the first says of what
 * kind.
 * SPDX-License-Identifier: MIT
 *
 * Fields are never left out: one that is not known is empty. Numbers are as the API has them. */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

struct cJSON;

/* A deployment with its steps and rules, or a run with its stages and tasks. */
void plain_print(const struct cJSON *json);

void plain_print_status(const struct cJSON *status);

#endif
