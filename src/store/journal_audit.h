/* journal_audit.h - the hash chain over the audit rows (S13).
 * SPDX-License-Identifier: MIT
 *
 * hash = SHA-256 over prev, number, times, deployment, target, what, a, b, step, attempt, actor, reason;
 * integers little-endian in 8 bytes, texts with their length before them. The first row's prev is 32 zero
 * bytes; number and hash of the last row also stand in the journal's meta row. */
#ifndef STORE_JOURNAL_AUDIT_H
#define STORE_JOURNAL_AUDIT_H

#include "base/attributes.h"
#include "base/err.h"
#include "store/audit_walk.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads the whole chain from the journal's file; may run beside a daemon. `walk` has begun. ERR_INVALID:
 * broken, the text names the first bad row. */
MUST_CHECK bool journal_audit_walk(const char *path, struct audit_walk *walk, struct err *err);
/* The same without a head that was kept. */
MUST_CHECK bool journal_audit_verify(const char *path, uint64_t *ret_count, struct err *err);

#endif
