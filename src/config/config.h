/* config.h - text → definitions: the daemon's settings, rule files, and sealed texts.
 * SPDX-License-Identifier: MIT
 *
 * libconfig reads; this module hides its traps. Every error is "FILE:LINE: what, and what to do"; a report
 * collects all of them, not only the first. Known groups and keys only: an unknown one is an error with a
 * suggestion. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/err.h"
#include "config/definition.h"

#include <stdio.h>

enum {
    CONFIG_FILE_BYTES_MAX = 1024 * 1024,
    CONFIG_FILES_MAX = 256,
    CONFIG_DEFINITIONS_MAX = 2000, /* named definitions in one file */
    CONFIG_FINDINGS_MAX = 200,
    CONFIG_WARNINGS_MAX = 100,
    CONFIG_SECRETS_MAX = 4096 /* filled-in references to secrets; further ones are found when they are used */
};

/* What a reading found wrong; grows to CONFIG_FINDINGS_MAX, then counts on. */
struct config_finding {
    char file[256];
    unsigned line; /* 0: none */
    char text[ERR_TEXT_MAX];
    char source[160]; /* the line itself, "" where there is none */
};

struct config_report {
    size_t count; /* all that were found, each once */
    size_t said;  /* the same, repeats too */
    struct config_finding findings[CONFIG_FINDINGS_MAX];
    size_t warning_count; /* what loads, and may not be what was meant: each once, those that have room */
    struct config_finding warnings[CONFIG_WARNINGS_MAX];
};

/* "FILE:LINE: text", and the source line indented below where there is one. Returns `to`. */
const char *config_finding_format(const struct config_finding *finding, char *to, size_t size);

/* Rule files read together: names are global per kind. Opaque; immutable. */
struct config;

/* Reads `files` (paths). Never fails as a whole: a file with findings is left out, those that load are in the
 * result. `schemas` and what it points to must outlive the config. (libconfig has a config_read() already.)
 */
struct config *config_read_files(const char *const *files, size_t count, const struct option_schemas *schemas,
                                 struct config_report *report);

/* As config_read_files for all *.rules of a folder, sorted by name; where a file has findings and `previous`
 * (may be NULL) held a good version of it, that version stays. */
struct config *config_read_folder(const char *folder, const struct config *previous,
                                  const struct option_schemas *schemas, struct config_report *report);
void config_free(struct config *config);

/* The services and environments known: calls `each` per pair. */
void config_each_service(const struct config *config,
                         void (*each)(void *data, const char *service, const char *environment), void *data);

/* The references to secrets in rule files, each once: as they stand, and filled in for the services that use
 * them. */
typedef void config_secret(void *data, const char *reference, const char *file, unsigned line);
void config_each_secret(const struct config *config, config_secret *each, void *data);

/* One deployment's definition: NULL with ERR_NOT_FOUND (unknown service, environment, strategy: the text
 * names the nearest), ERR_INVALID (the first finding; plan faults too). `strategy` NULL: the environment's.
 * The result is one allocation. */
struct definition *config_resolve(const struct config *config, const char *service, const char *environment,
                                  const char *strategy, bool is_record, struct err *err);
void definition_free(struct definition *definition);

/* Canonical text of exactly what config_resolve() used, and that resolves to the same definition again,
 * whatever the rule files say by then. malloc'ed, ends with NUL. */
char *config_seal(const struct config *config, const char *service, const char *environment,
                  const char *strategy, bool is_record, struct err *err);
struct definition *config_unseal(const char *sealed, const struct option_schemas *schemas, struct err *err);

/* Replaces {{name}} in `text`: first from `pairs` (name, text, ...), then fails on an unfilled one. `escape`
 * is applied to each filled-in value. */
enum template_escape { TEMPLATE_PLAIN, TEMPLATE_URL, TEMPLATE_PROMQL, TEMPLATE_JSON };
MUST_CHECK bool template_fill(const char *text, const char *const *pairs, size_t pair_count,
                              enum template_escape escape, char *to, size_t size, struct err *err);

/* Compiles one condition (for tests, `verdict check`, and the reader itself): metric names are looked up in
 * `names`. */
MUST_CHECK bool condition_compile(const char *text, const char *const *names, const enum series_kind *kinds,
                                  size_t name_count, struct expression *ret_expression, struct err *err);

#endif
