/* program.h - what a program without verbs takes and says of itself: its arguments, --help and its manual,
 * all
 * from one table. SPDX-License-Identifier: MIT */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include "base/attributes.h"
#include "base/option.h"
#include "base/text.h"

#include <stddef.h>

enum { PROGRAM_OPTIONS_MAX = 8, PROGRAM_EXIT_USAGE = 2, PROGRAM_TEXT_SIZE = 16 * 1024 };

struct program {
    const char *name;
    const char *summary;          /* "is this and does that", without a full stop */
    const struct option *options; /* OPTION_TEXT (a path), OPTION_CHOICE and OPTION_BOOL */
    size_t option_count;          /* at most PROGRAM_OPTIONS_MAX */
    const char *const *about;     /* paragraphs; ends with NULL */
    const char *const *files;     /* path, what it is, path, what it is ...; ends with NULL */
    const char *const *exits;     /* status, what it means ...; ends with NULL */
    const char *also;             /* "verdict(1), ..." */
};

enum program_wish { PROGRAM_RUN, PROGRAM_HELP, PROGRAM_VERSION, PROGRAM_MANUAL, PROGRAM_REFUSED };

/* Fills `values`, in the order of the table: what was given, else the fallback, else NULL; a flag that was
 * given is "true". What is asked for is not RUN at the first --help, --version or --man; REFUSED: *err says
 * which argument is wrong, and how. */
MUST_CHECK enum program_wish program_read(const struct program *program, int count, char **arguments,
                                          const char *values[PROGRAM_OPTIONS_MAX], struct err *err);

/* What --help, --version or --man print (PROGRAM_TEXT_SIZE is enough). */
void program_tell(const struct program *program, enum program_wish wish, struct text *text);

#endif
