/* stack_request.h - a change set as it is asked for: the template with its parameters and capabilities.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_STACK_REQUEST_H
#define IAC_STACK_REQUEST_H

#include "iac/blueprint.h"

struct stack_request {
    const struct job *job;
    const struct blueprint *blueprint;
    const struct stack_described *facts; /* of the stack as it is */
    const struct xml_element *summary;   /* `GetTemplateSummaryResult` of the template */
};

/* Adds parameters and capabilities. A variable is a parameter of the same name: text, a number, true or
 * false, or a list of those. One that the template has not is an error, unless the tool takes it otherwise. A
 * parameter with NoEcho that no variable sets keeps the value that it has. ERR_INVALID: a capability is
 * missing, or a variable fits nothing. */
MUST_CHECK bool stack_request_add(const struct stack_request *request, struct amazon_form *form,
                                  struct err *err);

#endif
