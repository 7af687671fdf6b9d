/* secret.h - secrets by reference: cred:NAME (systemd credential), file:/path, env:NAME,
 * vault:MOUNT/PATH#KEY; never literals.
 * SPDX-License-Identifier: MIT */
#ifndef IO_SECRET_H
#define IO_SECRET_H

#include "base/err.h"
#include "base/reference.h"

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_SIZE_MAX = 65536, SECRET_REFERENCE_MAX = REFERENCE_MAX };

/* Bytes with a NUL behind them, wiped when dropped. Never log them, never put them in an error. */
struct secret {
    char *bytes; /* NULL: none */
    size_t length;
};

/* Who knows the values of vault: references (vault.h), and of files (secret_files.h). It is asked on the
 * loop's thread alone, and never waits: what it has not read yet is an error. */
struct secret_keeper {
    void *data;
    /* Of vault:; NULL: there is none. */
    bool (*find)(void *data, const char *reference, struct secret *ret_secret, struct err *err);
    /* Of file: and cred:, as secret_load() gives them; NULL: they are read. */
    bool (*find_file)(void *data, const char *reference, struct secret *ret_secret, struct err *err);
};

/* Does the text have the form of a reference (whether or not it can be loaded)? */
bool secret_is_reference(const char *text);

/* Reads what the reference names and strips one trailing newline. An empty one is refused, so is a NUL byte
 * inside. A file must not be readable or writable by everybody, nor writable by its group. ERR_INVALID: a
 * literal or an unknown scheme; ERR_NOT_FOUND; ERR_FORBIDDEN: permissions; ERR_LIMIT; ERR_IO. No error text
 * holds a literal. `keeper`: whose errors are its own; NULL: files are read now, and there is
 * no Vault. */
MUST_CHECK bool secret_load(const struct secret_keeper *keeper, const char *reference,
                            struct secret *ret_secret, struct err *err);

/* The same for what is referenced like a secret and is none (a certificate): whoever may read the file. */
MUST_CHECK bool secret_load_public(const char *reference, struct secret *ret_secret, struct err *err);

/* From bytes that the caller has (and wipes). */
void secret_from_bytes(struct secret *secret, const void *bytes, size_t length);

void secret_drop(struct secret *secret); /* may be used as CLEANUP, and twice */

#endif
