/* form_type.h - what a blank of a form takes, in one table.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_FORM_TYPE_H
#define BASE_FORM_TYPE_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum form_type {
    FORM_STRING,
    FORM_INTEGER,
    FORM_NUMBER,
    FORM_BOOLEAN,
    FORM_PORT,
    FORM_DURATION,     /* as it is written */
    FORM_SECONDS,      /* a duration, filled in as their number */
    FORM_MILLISECONDS, /* the same */
    FORM_SIZE,         /* as it is written */
    FORM_BYTES,        /* a size, filled in as their number */
    FORM_HOST,         /* a name or an address */
    FORM_URL,
    FORM_PATH,
    FORM_LIST,   /* texts, one a line */
    FORM_SECRET, /* a text that nobody is shown */
    FORM_TYPE_COUNT
};

enum { FORM_NUMBER_SIZE = 32 };

/* "port", ...; and what one takes, for errors: "a whole number from 1 to 65535". */
const char *form_type_name(enum form_type type);
const char *form_type_help(enum form_type type);
/* FORM_TYPE_COUNT: none is called so. */
enum form_type form_type_find(const char *name, size_t length);

/* What is to be written for `value`: itself, or a number in `memory`; NULL: the type does not take it. */
const char *form_type_read(enum form_type type, const char *value, char memory[FORM_NUMBER_SIZE]);

/* A number or a truth value, which no kind of file puts between quotes. */
bool form_type_is_bare(enum form_type type);

#endif
