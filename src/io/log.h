/* log.h - one line per event: logfmt on a file descriptor, fields in the journal under systemd.
 * SPDX-License-Identifier: MIT
 *
 *     time=2026-01-31T12:00:00.123Z level=info msg="admitted" service=shop environment=prod
 *
 * Under systemd every field `name` becomes VERDICT_NAME (VERDICT_SERVICE, VERDICT_DEPLOYMENT, ...) beside
 * MESSAGE and PRIORITY. Values with spaces, quotes or '=' are quoted; control characters and broken UTF-8
 * never reach the output. A line that cannot be written is lost: logging never fails and never blocks for
 * long. Never give it a secret; what `redaction` knows is struck out all the same. Safe from every thread:
 * one line is one write(). */
#ifndef IO_LOG_H
#define IO_LOG_H

#include "base/attributes.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Not LOG_INFO and so on: <syslog.h> has macros of these names. */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_COUNT };

struct redaction;

enum {
    LOG_FIELDS_MAX = 16,    /* further ones are dropped */
    LOG_MESSAGE_MAX = 1024, /* bytes of a message, cut when longer */
    LOG_LINE_MAX = 4096     /* bytes of a whole line, cut when longer */
};

struct log {
    enum log_level level;        /* what is below it is not written */
    int fd;                      /* the caller's, usually 2 */
    bool is_journal;             /* fd is the journal's stream: send fields instead of a line */
    struct redaction *redaction; /* of messages, not of fields: these are names; or NULL */
};

struct log_field {
    const char *name;  /* [a-z][a-z0-9_]* */
    const char *value; /* NULL: the field is left out */
};

/* Finds out from JOURNAL_STREAM whether fd leads to the journal. */
void log_init(struct log *log, enum log_level level, int fd);

/* `log` may be NULL: nothing is written. errno is kept. */
void log_write(const struct log *log, enum log_level level, const struct log_field *fields, size_t count,
               const char *format, ...) PRINTF_LIKE(5, 6);

void log_write_list(const struct log *log, enum log_level level, const struct log_field *fields, size_t count,
                    const char *format, va_list arguments) PRINTF_LIKE(5, 0);

/* Without fields. */
void log_say(const struct log *log, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);

/* "debug" "info" "warn" "error". */
const char *log_level_name(enum log_level level);
MUST_CHECK bool log_level_parse(const char *text, enum log_level *ret_level);

#endif
