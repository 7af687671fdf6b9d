/* check_online.h - what rule files name, tried by the daemon. SPDX-License-Identifier: MIT */
#ifndef CLI_CHECK_ONLINE_H
#define CLI_CHECK_ONLINE_H

#include "cli/verb.h"
#include "config/config.h"
#include "config/report.h"

/* Has every service of the config tried, and adds what is wrong to the report. False: the daemon did not
 * answer, or refused (said); *ret_exit says how to end. */
MUST_CHECK bool check_online(struct cli *cli, const struct config *config, struct config_report *report,
                             int *ret_exit);

#endif
