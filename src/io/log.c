/* log.c - logfmt lines and journal fields.
 * SPDX-License-Identifier: MIT */
#include "io/log.h"

#include "base/text.h"
#include "io/redaction.h"
#include "io/utf8.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-journal.h>
#endif

enum { WRITE_WAIT_MS = 20, FIELD_SIZE = LOG_MESSAGE_MAX + 64 };

static const char *const level_names[LOG_LEVEL_COUNT] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_parse(const char *text, enum log_level *ret_level)
{
    for (size_t i = 0; i < LOG_LEVEL_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* systemd gives the device and inode of its stream as "8:1234"; a redirected stderr is another one. */
static bool is_journal_stream(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char own[64];

    if (stream == NULL || fstat(fd, &status) != 0)
        return false;
    (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, own) == 0;
}

void log_init(struct log *log, enum log_level level, int fd)
{
    *log = (struct log){.level = level, .fd = fd};
#ifdef HAVE_SYSTEMD
    log->is_journal = is_journal_stream(fd);
#else
    (void)is_journal_stream;
#endif
}

/* What a terminal or a line-based reader would take for something else becomes an escape or a '?'. */
static void add_clean(struct text *line, const char *value)
{
    size_t left = strlen(value);

    while (left > 0 && line->length + UTF8_LENGTH_MAX < line->size) {
        size_t length = utf8_length(value, left);
        unsigned char byte = (unsigned char)value[0];
        if (length == 0)
            text_add(line, "?");
        else if (byte == '\n')
            text_add(line, "\\n");
        else if (byte == '"' || byte == '\\')
            text_add(line, "\\%c", byte);
        else if (byte < ' ' || byte == 0x7f || utf8_is_control(value, length))
            text_add(line, "?");
        else
            text_add_bytes(line, value, length);
        length = length == 0 ? 1 : length;
        value += length;
        left -= length;
    }
}

static bool is_bare(const char *value)
{
    if (value[0] == '\0')
        return false;
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 0x7f || strchr("\"=\\", *at) != NULL)
            return false;
    return true;
}

static void add_field(struct text *line, const char *name, const char *value)
{
    const char *quote = is_bare(value) ? "" : "\"";

    text_add(line, " %s=%s", name, quote);
    add_clean(line, value);
    text_add(line, "%s", quote);
}

static void add_time(struct text *line)
{
    struct timespec now;
    struct tm parts;
    char date[32];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    (void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    text_add(line, "time=%s.%03ldZ", date, now.tv_nsec / 1000000);
}

/* A pipe that polls writable takes PIPE_BUF bytes at once, so a reader that stalls costs WRITE_WAIT_MS and
 * the line, but never holds the loop. */
static void write_line(int fd, const char *bytes, size_t length)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};

    if (poll(&wait, 1, WRITE_WAIT_MS) != 1)
        return;
    ssize_t written = write(fd, bytes, length);
    (void)written;
}

static void send_line(const struct log *log, enum log_level level, const struct log_field *fields,
                      size_t count, const char *message)
{
    char memory[LOG_LINE_MAX];
    struct text line;

    text_init(&line, memory, sizeof(memory) - 1); /* the last byte is for the newline */
    add_time(&line);
    text_add(&line, " level=%s", level_names[level]);
    add_field(&line, "msg", message);
    for (size_t i = 0; i < count; i++)
        if (fields[i].value != NULL)
            add_field(&line, fields[i].name, fields[i].value);
    memory[line.length] = '\n';
    write_line(log->fd, memory, line.length + 1);
}

#ifdef HAVE_SYSTEMD
struct journal_entry {
    char memory[LOG_FIELDS_MAX + 2][FIELD_SIZE];
    struct iovec parts[LOG_FIELDS_MAX + 2];
    int count;
};

static void add_journal_field(struct journal_entry *entry, const char *prefix, const char *name,
                              const char *value)
{
    char *memory = entry->memory[entry->count];
    struct text field;

    text_init(&field, memory, FIELD_SIZE);
    text_add(&field, "%s", prefix);
    for (; *name != '\0'; name++)
        text_add(&field, "%c", *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
    text_add(&field, "=");
    text_add_bytes(&field, value, strlen(value)); /* the journal keeps any byte */
    entry->parts[entry->count++] = (struct iovec){.iov_base = memory, .iov_len = field.length};
}

static bool send_journal(enum log_level level, const struct log_field *fields, size_t count,
                         const char *message)
{
    static const char *const priorities[LOG_LEVEL_COUNT] = {"7", "6", "4", "3"};
    struct journal_entry entry;

    entry.count = 0;
    add_journal_field(&entry, "", "MESSAGE", message);
    add_journal_field(&entry, "", "PRIORITY", priorities[level]);
    for (size_t i = 0; i < count; i++)
        if (fields[i].value != NULL)
            add_journal_field(&entry, "VERDICT_", fields[i].name, fields[i].value);
    return sd_journal_sendv(entry.parts, entry.count) == 0;
}
#else
static bool send_journal(enum log_level level, const struct log_field *fields, size_t count,
                         const char *message)
{
    (void)level, (void)fields, (void)count, (void)message;
    return false;
}
#endif

PRINTF_LIKE(5, 0)
static void write_message(const struct log *log, enum log_level level, const struct log_field *fields,
                          size_t count, const char *format, va_list arguments)
{
    int errno_before = errno;
    char message[LOG_MESSAGE_MAX];

    if (count > LOG_FIELDS_MAX)
        count = LOG_FIELDS_MAX;
    if (vsnprintf(message, sizeof(message), format, arguments) < 0)
        message[0] = '\0';
    redaction_apply(log->redaction, message);
    if (!log->is_journal || !send_journal(level, fields, count, message))
        send_line(log, level, fields, count, message);
    errno = errno_before;
}

void log_write_list(const struct log *log, enum log_level level, const struct log_field *fields, size_t count,
                    const char *format, va_list arguments)
{
    if (log != NULL && level >= log->level)
        write_message(log, level, fields, count, format, arguments);
}

void log_write(const struct log *log, enum log_level level, const struct log_field *fields, size_t count,
               const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_write_list(log, level, fields, count, format, arguments);
    va_end(arguments);
}

void log_say(const struct log *log, enum log_level level, const char *format, ...)
{
    va_list arguments;

    if (log == NULL || level < log->level)
        return;
    va_start(arguments, format);
    write_message(log, level, NULL, 0, format, arguments);
    va_end(arguments);
}
