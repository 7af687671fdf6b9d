/* stack_call.h - what requests about stacks have alike: who wants what, and what became of it.
 * SPDX-License-Identifier: MIT */
#ifndef API_STACK_CALL_H
#define API_STACK_CALL_H

#include "store/journal_stack.h"

struct call;
struct cJSON;

/* A wish of the call's stack and principal, with the lock that `?ID=` names, and `?run=` and `?deployment=`.
 * False: answered with 400. */
MUST_CHECK bool stack_call_begin(struct call *call, enum stack_change change, struct stack_wish *ret_wish);

/* What Content-MD5 says, where it is there; false: answered with 400. */
MUST_CHECK bool stack_call_md5(struct call *call, bool *ret_is_there, unsigned char *ret_md5);

/* Is the journal there, and are not too many states on their way? False: answered with 503. */
MUST_CHECK bool stack_call_may_work(struct call *call);

/* Has it journaled, and answers. */
void stack_call_change(struct call *call, const struct stack_wish *wish);

/* Answers with what became of it. */
void stack_call_answer(struct call *call, const struct stack_wish *wish, enum stack_outcome outcome,
                       const struct stack_now *now);

#endif
