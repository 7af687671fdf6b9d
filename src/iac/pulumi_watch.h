/* pulumi_watch.h - pulumi at work, held to what was approved.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_PULUMI_WATCH_H
#define IAC_PULUMI_WATCH_H

#include "iac/pulumi_call.h"
#include "iac/pulumi_preview.h"

/* Runs it. A step that the preview has not, and what nobody can tell, interrupts it, and is a failure; so is
 * an end without a summary. */
enum iac_exit pulumi_work(struct job *job, const struct pulumi_words *words,
                          const struct pulumi_preview *approved);

#endif
