/* reference.h - how a secret is named where one is wanted: cred:NAME, file:/PATH, env:NAME,
 * vault:MOUNT/PATH#KEY; the form alone. SPDX-License-Identifier: MIT */
#ifndef BASE_REFERENCE_H
#define BASE_REFERENCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    REFERENCE_MAX = 4096, /* bytes of a reference, with the NUL */
    REFERENCE_MOUNT_MAX = 128,
    REFERENCE_PATH_MAX = 512,
    REFERENCE_KEY_MAX = 128
};

/* How all are written, for errors that say what a secret takes. */
#define REFERENCE_FORMS "cred:NAME, file:/PATH, env:NAME or vault:MOUNT/PATH#KEY"

enum reference_kind {
    REFERENCE_NONE, /* no reference; perhaps the secret itself, so never show it */
    REFERENCE_CREDENTIAL,
    REFERENCE_FILE,
    REFERENCE_VARIABLE,
    REFERENCE_VAULT
};

/* By its beginning; something must follow. */
enum reference_kind reference_kind(const char *text);

/* What follows the beginning of a reference: "/run/key" of "file:/run/key". */
const char *reference_name(const char *text);

/* A value of a key-value store (version 2) of Vault. */
struct reference_vault {
    char mount[REFERENCE_MOUNT_MAX]; /* the first part of the path: "kv" */
    char path[REFERENCE_PATH_MAX];   /* below it: "shop/prod" */
    char key[REFERENCE_KEY_MAX];
};

/* ERR_INVALID: says what is wrong with it. Mount and path are letters, digits and . _ ~ @ = + : -, in parts
 * that are none of "", "." and ".."; the key is any of what can be printed but blanks and #. */
MUST_CHECK bool reference_parse_vault(const char *text, struct reference_vault *ret_vault, struct err *err);

/* Whether it has the form of its kind. The error never holds the text of what is no reference. */
MUST_CHECK bool reference_check(const char *text, struct err *err);

#endif
