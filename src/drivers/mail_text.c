/* mail_text.c - RFC 5322 headers, RFC 2045 quoted-printable.
 * SPDX-License-Identifier: MIT */
#include "drivers/mail_text.h"

#include "drivers/notice_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_LENGTH = 76, SUBJECT_SIZE = 256, DOMAIN_SIZE = 128, STAMP_SIZE = 64 };

static const char address_marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-@";

bool mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');
    size_t length = strlen(text);

    return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           length <= MAIL_ADDRESS_MAX && strspn(text, address_marks) == length;
}

void mail_add_line(struct text *letter, const char *line)
{
    size_t column = 0;

    for (; *line != '\0'; line++) {
        unsigned char c = (unsigned char)*line;
        bool is_plain = (c > ' ' && c < 0x7f && c != '=') || (c == ' ' && line[1] != '\0');
        if (column + (is_plain ? 1 : 3) >= LINE_MAX_LENGTH) {
            text_add(letter, "=\r\n");
            column = 0;
        }
        if (is_plain)
            text_add_bytes(letter, line, 1);
        else
            text_add(letter, "=%02X", c);
        column += is_plain ? 1 : 3;
    }
    text_add(letter, "\r\n");
}

/* What a header may hold without an encoding. */
static void add_ascii(struct text *letter, const char *from)
{
    char memory[SUBJECT_SIZE];

    (void)notice_text(from, NOTICE_PLAIN, memory, sizeof(memory));
    for (char *at = memory; *at != '\0'; at++)
        if ((unsigned char)*at > '~')
            *at = '?';
    text_add(letter, "%s", memory);
}

/* "/verdict/INSTANCE" as the right side of an id. */
static void name_domain(const char *source, char to[DOMAIN_SIZE])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    const char *slash = strrchr(source, '/');

    (void)snprintf(to, DOMAIN_SIZE, "%.64s.verdict", slash == NULL || slash[1] == '\0' ? "x" : slash + 1);
    for (char *at = to; *at != '\0'; at++)
        if (strchr(allowed, *at) == NULL && *at != '.')
            *at = '-';
}

static void add_date(struct text *letter, int64_t at_s)
{
    char stamp[STAMP_SIZE] = "";
    time_t seconds = (time_t)at_s;
    struct tm parts;

    if (gmtime_r(&seconds, &parts) != NULL)
        (void)strftime(stamp, sizeof(stamp), "%a, %d %b %Y %H:%M:%S +0000", &parts);
    text_add(letter, "Date: %s\r\n", stamp);
}

static void add_headers(struct text *letter, const struct notice_facts *facts, const char *line,
                        const char *from, const char *const *to, size_t to_count)
{
    char domain[DOMAIN_SIZE];

    name_domain(facts->source, domain);
    text_add(letter, "From: verdictd <%s>\r\nTo: ", from);
    for (size_t i = 0; i < to_count; i++)
        text_add(letter, "%s%s", i == 0 ? "" : ",\r\n ", to[i]);
    text_add(letter, "\r\nSubject: ");
    add_ascii(letter, line);
    text_add(letter, "\r\n");
    add_date(letter, facts->time_s);
    text_add(letter, "Message-ID: <%s@%s>\r\n", facts->id, domain);
    text_add(letter, "In-Reply-To: <%s@%s>\r\nReferences: <%s@%s>\r\n", facts->about, domain, facts->about,
             domain);
    text_add(letter, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

bool mail_write(const struct notice_facts *facts, const char *line, const char *from, const char *const *to,
                size_t to_count, struct text *letter)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    size_t count = notice_fields(facts, fields);
    char memory[NOTICE_FIELD_SIZE + 32];

    add_headers(letter, facts, line, from, to, to_count);
    mail_add_line(letter, notice_text(line, NOTICE_PLAIN, memory, sizeof(memory)));
    mail_add_line(letter, "");
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(memory, sizeof(memory), "%s: %s", fields[i].name, fields[i].text);
        mail_add_line(letter, memory);
    }
    if (facts->link[0] != '\0') {
        mail_add_line(letter, "");
        mail_add_line(letter, notice_text(facts->link, NOTICE_PLAIN, memory, sizeof(memory)));
    }
    return !letter->is_cut;
}
