/* man_settings.h - the manual of verdictd.conf. SPDX-License-Identifier: MIT */
#ifndef CLI_MAN_SETTINGS_H
#define CLI_MAN_SETTINGS_H

#include "base/text.h"

void man_settings(struct text *page);

#endif
