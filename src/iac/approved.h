/* approved.h - what people approve: a plan, known by the hash of its run, its stack and its file.
 * SPDX-License-Identifier: MIT
 *
 * Two runs that plan the same thing in the same moment have plans of the same bytes; who said yes to one said
 * nothing of the other. */
#ifndef IAC_APPROVED_H
#define IAC_APPROVED_H

#include "iac/tool.h"

#define APPROVED_PLAN "plan"      /* its file in the run's folder */
#define APPROVED_JSON "plan.json" /* the same for programs that look at it */

/* Reports the hash of the plan that there is, and where it stands as JSON. */
enum iac_exit approved_tell(const struct job *job);

/* IAC_EXIT_OTHER_PLAN where the plan that there is is not the approved one. */
enum iac_exit approved_check(const struct job *job);

#endif
