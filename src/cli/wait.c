/* wait.c - verdict wait: the exit code is the answer.
 * SPDX-License-Identifier: MIT */
#include "cli/waiting.h"

int wait_run(struct cli *cli)
{
    return waiting_run(cli, cli->words[0]);
}
