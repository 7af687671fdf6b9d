/* option.h - options as data: name, type, range, default and help in one table that readers, error texts,
 * --help and the manual pages all come from. SPDX-License-Identifier: MIT */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_TEXT,     /* any text; {{templates}} allowed where the help says so */
    OPTION_SECRET,   /* a reference (reference.h) */
    OPTION_INTEGER,  /* whole number in [min, max] */
    OPTION_NUMBER,   /* finite number in [min, max] */
    OPTION_DURATION, /* text such as "5s"; min and max in milliseconds */
    OPTION_BOOL,     /* true or false */
    OPTION_CHOICE,   /* one of `choices` */
    OPTION_LIST,     /* list of texts, at most `max` of them; a single text counts as a list of one */
    OPTION_MAP, /* group of NAME = "text", at most `max` of them: list holds name, text, name, text ... */
    OPTION_SECRET_MAP /* the same of NAME = "cred:name" */
};

struct option {
    const char *name;
    enum option_type type;
    bool is_required;
    double min, max;            /* of numbers and durations; of lists the length; both 0: no range */
    const char *fallback;       /* as the file would say it, or NULL */
    const char *const *choices; /* ends with NULL; of OPTION_CHOICE only */
    const char *const
        *blanks;      /* ends with NULL; of OPTION_TEXT: the {{names}} it may hold. NULL: not looked at */
    const char *help; /* one line without a full stop */
};

/* What was read for one option of a table; values stand in the order of the table. */
struct option_value {
    bool is_set;             /* false: neither given nor a default */
    const char *text;        /* TEXT, SECRET, CHOICE */
    double number;           /* NUMBER, INTEGER */
    int64_t duration_ms;     /* DURATION */
    bool flag;               /* BOOL */
    size_t choice;           /* CHOICE: index in choices */
    const char *const *list; /* LIST, MAP, SECRET_MAP */
    size_t list_length;
};

/* Index of the option called `name`, or `count` where the table has none. */
size_t option_find(const struct option *table, size_t count, const char *name);

/* Reads a scalar given as text (and so also every fallback) into *ret_value. Texts are copied to the arena.
 * The error says what the option takes, e.g. "every: 5 is not a duration from 100ms to 1h (write it as
 * \"5s\")". */
MUST_CHECK bool option_parse(const struct option *option, const char *text, struct arena *arena,
                             struct option_value *ret_value, struct err *err);

/* Fills what is not set from the fallbacks; fails on a required option that is missing, by its name. */
MUST_CHECK bool option_complete(const struct option *table, size_t count, struct arena *arena,
                                struct option_value *values, struct err *err);

#endif
