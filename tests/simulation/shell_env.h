/* shell_env.h - struct engine_env as the model of the daemon fills it in.
 * SPDX-License-Identifier: MIT */
#ifndef SIMULATION_SHELL_ENV_H
#define SIMULATION_SHELL_ENV_H

#include "engine/engine.h"

struct world;
struct live;

struct engine_env shell_env(struct world *world);

/* What a live definition brings to the engine. */
struct engine_start shell_start_of(struct world *world, struct live *live);

#endif
