/* redaction.h - texts that must not be shown: found in what is about to leave, and struck out.
 * SPDX-License-Identifier: MIT
 *
 * Whoever resolves a secret adds it here; whoever shows or stores a text that others wrote (a command's
 * output, the error of a server) applies it first. Of a secret with several lines every line of at least
 * REDACTION_LINE_MIN bytes is looked for too, and of one of so many bytes what becomes of it in base64,
 * hexadecimal, JSON, URLs and the quotes of a shell. Not found: what was encoded otherwise, and secrets that
 * are too short. Safe from every thread. */
#ifndef IO_REDACTION_H
#define IO_REDACTION_H

#include <stddef.h>

enum {
    REDACTION_MIN = 4,          /* bytes; shorter ones would strike out half of every text */
    REDACTION_LINE_MIN = 8,     /* bytes of a line of a longer one */
    REDACTION_TEXTS_MAX = 16384 /* with what becomes of them */
};

struct redaction;

struct redaction *redaction_new(void);
void redaction_free(struct redaction *redaction); /* wipes; NULL is fine */

/* Copies. What is known already is not added again; past REDACTION_TEXTS_MAX nothing is. */
void redaction_add(struct redaction *redaction, const char *bytes, size_t length);

/* Every occurrence in `text` becomes "***", also one that was cut off by its end. Never grows. NULL as
 * `redaction` changes nothing. */
void redaction_apply(struct redaction *redaction, char *text);

/* The same of a text whose middle may have been left out: what stands for that begins with `gap` and ends
 * with a line. A secret that was cut off there is found on either side of it, and a whole one in that line,
 * too: anybody may print one like it. */
void redaction_apply_around(struct redaction *redaction, char *text, const char *gap);

#endif
