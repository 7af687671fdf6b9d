/* missing.c - what the interface promises and this version does not have yet: said plainly.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

void missing_answer(struct call *call)
{
    problem_answer(call, 501, "not-in-this-version", "%s is not in this version", call->route->help);
}
