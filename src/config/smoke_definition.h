/* smoke_definition.h - smoke tests of a definition: what is asked, and what is expected.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_SMOKE_DEFINITION_H
#define CONFIG_SMOKE_DEFINITION_H

#include "judge/smoke.h"

#include <stddef.h>
#include <stdint.h>

enum smoke_kind {
    SMOKE_HTTP, /* a request is answered as expected */
    SMOKE_TCP,  /* something accepts, and says first what is expected */
    SMOKE_TLS,  /* hands are shaken with a certificate that is trusted, for its name, and lasts */
    SMOKE_EXEC  /* a command of ours, started by verdict-runner, says so */
};

struct smoke_check {
    const char *name, *text; /* text: what is expected; NULL: nothing beside what the kind asks */
    enum smoke_kind kind;
    const char *method;                  /* "GET"; HTTP, as path to headers */
    const char *path, *body;             /* may hold templates, as the headers' texts; body NULL: none */
    const char *const *headers;          /* name, text, name, text ... */
    size_t header_count, argument_count; /* pairs; words */
    const char *place;                   /* TCP and TLS: "{{address}}", "db.prod:5432" */
    const char *server_name;             /* TLS: what the certificate must be for; NULL: the place's host */
    const char *trust;                   /* TLS: file of authorities in place of the system's, or NULL */
    const char *const *arguments;        /* EXEC: argv; may hold templates */
    struct expression expectation;
    uint8_t extract_count;
    struct smoke_extract extracts[SMOKE_EXTRACTS_MAX];
};

struct smoke_definition {
    const char *name;
    const char *base_url; /* "http://{{address}}"; NULL where no check asks by HTTP */
    int64_t settle_ms, timeout_ms, every_ms;
    uint16_t attempts;
    size_t check_count;
    const struct smoke_check *checks;
};

#endif
