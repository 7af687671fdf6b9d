/* listed.h - deployments of the past that somebody lists in a CSV file, with values from the sources' own
 * history. SPDX-License-Identifier: MIT
 *
 * The first line names the columns: service, environment, version, start and end must be there; previous,
 * slot, stable_slot and outcome may. Times are RFC 3339 in UTC (2026-11-20T10:00:00Z) or seconds since 1970:
 * start is the candidate's first traffic. An outcome is good, bad or unknown (promoted and rolled_back are
 * taken as good and bad). No quotes; empty lines and those that begin with # are skipped. */
#ifndef CLI_LISTED_H
#define CLI_LISTED_H

#include "cli/past.h"
#include "config/settings.h"

enum {
    LISTED_BYTES_MAX = 4 * 1024 * 1024,
    LISTED_ROWS_MAX = 10000,
    LISTED_FINDINGS_MAX = 20,
    LISTED_FINDING_SIZE = 320,
    LISTED_SPAN_MAX_MS = 2 * 24 * 3600 * 1000
};

struct listed_row {
    unsigned line;
    char service[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1], previous[VERSION_MAX_LENGTH + 1];
    char slot[NAME_MAX_LENGTH + 1], stable_slot[NAME_MAX_LENGTH + 1]; /* "" not said */
    int64_t start_ms, end_ms;                                         /* since 1970 */
    enum past_label label;
};

struct listed {
    size_t count;
    struct listed_row *rows;
    size_t finding_count;                                    /* all; the first LISTED_FINDINGS_MAX are kept */
    char findings[LISTED_FINDINGS_MAX][LISTED_FINDING_SIZE]; /* "FILE:LINE: what" */
};

/* False: the file cannot be read at all. What is wrong in lines stands in the findings. Free with
 * listed_done. */
MUST_CHECK bool listed_read(const char *path, struct listed *ret_listed, struct err *err);
void listed_done(struct listed *listed);

struct listed_request {
    const char *path; /* for findings */
    const struct config *config;
    const struct settings *settings; /* where the sources are */
    const struct option_schemas *schemas;
    const char *service, *environment; /* "" all */
    void *arg;
    /* As of struct kept_request. */
    bool (*each)(void *arg, struct past *past, struct err *err);
};

/* Adds what the rules have against lines: unknown services, slots, texts that a side cannot fill. */
void listed_check(struct listed *listed, const struct listed_request *request);

/* Of a list without findings. False: a source could not be asked, or `each` said so. `ret_why`: what was said
 * of the first metric whose history cannot be had, "" none. */
MUST_CHECK bool listed_ask(const struct listed *listed, const struct listed_request *request,
                           char ret_why[ERR_TEXT_MAX], struct err *err);

#endif
