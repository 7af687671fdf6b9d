/* pushing.h - posted values on their way to the watches of the collectors push and otlp. Of struct api_env.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_PUSHING_H
#define DAEMON_PUSHING_H

#include "daemon/daemon.h"

enum api_sample_answer pushing_find(void *daemon, struct api_sample *sample);
void pushing_take(void *daemon, struct api_sample *samples, size_t count);
bool pushing_take_otlp(void *daemon, const struct api_otlp *posted, struct api_otlp_answer *ret_answer,
                       struct err *err);

#endif
