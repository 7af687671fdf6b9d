/* keeper.h - what is asked of the daemon itself where it keeps the state: terraform tells too little of a
 * lock. SPDX-License-Identifier: MIT */
#ifndef IAC_KEEPER_H
#define IAC_KEEPER_H

#include "iac/complaint.h"
#include "iac/tool.h"

/* The path behind the daemon's address, in `to`. */
MUST_CHECK bool keeper_url(const struct job *job, const char *rest, char to[WORK_PATH_MAX], struct err *err);

/* Who has the lock now; false: nobody, or it is not to be heard. */
MUST_CHECK bool keeper_holder(const struct job *job, struct complaint_holder *ret_holder);

/* Gives back a lock of a terraform of ours that is no more. */
MUST_CHECK bool keeper_unlock(const struct job *job, const char *lock, struct err *err);

#endif
