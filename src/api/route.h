/* route.h - which handler a method and path belong to: patterns as a table, matching as a pure function.
 * SPDX-License-Identifier: MIT */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

enum { ROUTE_ID_SIZE = 96 };

/* `pattern`: segments, of which
 *   {deployment}                 is dep_N, or SERVICE/ENVIRONMENT: its active or last one
 *   {service}, {environment}     are names; so is {stack}, which stands for a service
 *   {run}                        is run_N
 *   {stage}, {task}              are names
 *   {id}                         is any text of at most ROUTE_ID_SIZE - 1 bytes */
struct route {
    const char *method;
    const char *pattern;
    unsigned right; /* enum token_right; 0: open to everybody */
    void (*handle)(struct call *call);
    int value; /* the handler's own */
    const char *help;
};

struct route_match {
    uint64_t deployment; /* of dep_N; 0: none */
    uint64_t run;        /* of run_N; 0: none */
    char stage[NAME_MAX_LENGTH + 1];
    char task[NAME_MAX_LENGTH + 1];
    char service[NAME_MAX_LENGTH + 1];
    char environment[NAME_MAX_LENGTH + 1];
    char id[ROUTE_ID_SIZE];
};

/* "dep_17" → 17. */
MUST_CHECK bool route_parse_deployment(const char *text, uint64_t *ret_id);
/* "run_17" → 17. */
MUST_CHECK bool route_parse_run(const char *text, uint64_t *ret_id);

/* Does `path` have the form of `pattern`? */
MUST_CHECK bool route_fits(const char *pattern, const char *path, struct route_match *ret_match);

/* The row of the table, or NULL; *ret_is_known: the path is one of ours, with another method. HEAD is GET. */
const struct route *route_find(const struct route *table, size_t count, const char *method, const char *path,
                               struct route_match *ret_match, bool *ret_is_known);

/* routes.c: all of them, and the first one of a handler that has one. */
extern const struct route routes[];
extern const size_t route_count;
const struct route *route_of(void (*handle)(struct call *call));

#endif
