/* act.h - verbs that act on one deployment: a POST, and its state afterwards.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_ACT_H
#define CLI_ACT_H

#include "cli/verb.h"

struct cJSON;

/* POSTs `body` (taken over) to the deployment's path + "/" + tail, prints what became of it. Returns the exit
 * code: of the request, not of the deployment. */
int act_post(struct cli *cli, const char *id, const char *tail, struct cJSON *body);

/* POSTs to any path; prints the answer's JSON with --json, else `done` on stderr. */
int act_post_path(struct cli *cli, const char *path, struct cJSON *body, const char *done);

/* An object with "reason" where the verb's option has one. */
struct cJSON *act_body(const struct cli *cli);

#endif
