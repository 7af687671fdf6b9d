/* schemas.h - the kinds of sources, levers and receivers of this build, for reading rule files offline.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_SCHEMAS_H
#define CLI_SCHEMAS_H

#include "config/definition.h"

/* One allocation, for free(). */
struct option_schemas *schemas_new(void);

#endif
