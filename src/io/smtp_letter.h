/* smtp_letter.h - a letter handed to a mail server (libcurl), over the pool of connections of an http_client.
 * SPDX-License-Identifier: MIT
 *
 * Encrypted where the server offers it, or always; certificates are checked. A password never goes over a
 * connection that is not. */
#ifndef IO_SMTP_LETTER_H
#define IO_SMTP_LETTER_H

#include "io/http_client.h"

enum { SMTP_RECIPIENTS_MAX = 16, SMTP_LETTER_MAX = 256 * 1024 };

/* Everything is copied by the call that takes it. */
struct smtp_letter {
    const char *url;       /* smtp://host[:25], or smtps://host[:465]: TLS from the first byte */
    const char *from;      /* addresses, without <> */
    const char *const *to; /* [to_count]; it is enough that the server takes one of them */
    size_t to_count;
    const char *text; /* headers and body; lines end with CRLF */
    size_t length;
    const char *user;              /* NULL: no login */
    const struct secret *password; /* with `user` */
    bool must_encrypt;             /* else where the server offers it */
    const char *ca_file;           /* trust these instead of the system's; or NULL */
    int64_t timeout_ms;            /* total, > 0 */
};

/* As http_request_start(). The answer's status is the server's last code, 250 where it took the letter, and
 * its body what the server said with it; 0 and `err` where there was no such answer. */
struct http_call *smtp_letter_start(struct http_client *client, const struct smtp_letter *letter,
                                    void (*done)(void *data, const struct http_answer *answer), void *data);

#endif
