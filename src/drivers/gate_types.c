/* gate_types.c - the gates of this build.
 * SPDX-License-Identifier: MIT */
#include "drivers/gate.h"

extern const struct gate_type gate_web;

const struct gate_type *const gate_types[] = {&gate_web, NULL};
