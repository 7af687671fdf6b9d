/* state_file.h - the bytes of states (infrastructure as code) as files, named by their hash.
 * SPDX-License-Identifier: MIT
 *
 * FOLDER/STACK/ENVIRONMENT/<sha256>.tfstate, 0600 in folders of 0700: a file is never changed once it has
 * this name. What a journal row names is on the disk before the row is. Both functions block: worker threads
 * only. */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include "base/err.h"
#include "store/stack.h"

#include <stddef.h>

/* Durable when it returns. ERR_IO; ERR_LIMIT: the path is too long. */
MUST_CHECK bool state_file_write(const char *folder, const char *stack, const char *environment,
                                 const struct stack_state *state, const char *bytes, struct err *err);

/* The bytes (free()), which are those that were written: ERR_INTERNAL where they are not. ERR_IO. */
MUST_CHECK bool state_file_read(const char *folder, const char *stack, const char *environment,
                                const struct stack_state *state, char **ret_bytes, struct err *err);

/* At the start: what a killed daemon left half written goes. */
void state_file_sweep(const char *folder);

#endif
