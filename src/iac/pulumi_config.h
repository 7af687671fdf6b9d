/* pulumi_config.h - a stack's variables as `pulumi config set-all --path` takes them: "zones[0]=a".
 * SPDX-License-Identifier: MIT */
#ifndef IAC_PULUMI_CONFIG_H
#define IAC_PULUMI_CONFIG_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PULUMI_VALUES_MAX = 128, PULUMI_PATH_MAX = 512 };

struct pulumi_config {
    char *words[PULUMI_VALUES_MAX];
    size_t count;
};

/* `variables` is a JSON object. ERR_INVALID, ERR_LIMIT: what pulumi has no word for (nothing, empty lists and
 * groups, odd names). Given back with pulumi_config_done() in any case. */
MUST_CHECK bool pulumi_config_read(const char *variables, struct pulumi_config *ret_config, struct err *err);
void pulumi_config_done(struct pulumi_config *config);

#endif
