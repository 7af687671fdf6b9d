/* problem.h - errors as application/problem+json (RFC 9457).
 * SPDX-License-Identifier: MIT */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdint.h>

struct cJSON;
struct call;

/* `code`: a stable word for programs ("not-found"). A detail of the form "#/pointer: text", as the JSON
 * reader makes it, also becomes errors[]. */
void problem_answer(struct call *call, unsigned status, const char *code, const char *detail, ...)
    PRINTF_LIKE(4, 5);

/* By the table of codes: NOT_FOUND 404, INVALID 422, CONFLICT 409, FORBIDDEN 403, LIMIT 503, IO 507 ... */
void problem_answer_err(struct call *call, const struct err *err);

/* Something is wrong with member `pointer` ("#/service") of the body: 400. */
void problem_answer_member(struct call *call, const char *pointer, const char *detail, ...) PRINTF_LIKE(3, 4);

/* 401 with WWW-Authenticate. */
void problem_answer_unknown(struct call *call, const char *detail);

/* 405 with Allow. */
void problem_answer_method(struct call *call, const char *allowed);

/* 412 with the tag of what is there now. */
void problem_answer_precondition(struct call *call, const char *etag);

/* 429 with Retry-After, in whole seconds. `who`: "this token". */
void problem_answer_rate(struct call *call, int64_t wait_ms, const char *who);

/* The document without an instance, for who answers where there is no call. The caller's. */
struct cJSON *problem_shape(unsigned status, const char *code, const char *detail);

/* The standard phrase of a status ("Not Found"). */
const char *problem_title(unsigned status);

unsigned problem_status(enum err_code code);

#endif
