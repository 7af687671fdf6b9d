/* smoke.h - is an answer of the candidate what the smoke test expects?
 * SPDX-License-Identifier: MIT
 *
 * The probe takes the extracts from at most 64 KiB of answer; the expectation is an expression over them. */
#ifndef JUDGE_SMOKE_H
#define JUDGE_SMOKE_H

#include "judge/expression.h"

enum { SMOKE_EXTRACTS_MAX = 8 };

enum smoke_extract_kind {
    EXTRACT_STATUS,
    EXTRACT_TIME_MS,
    EXTRACT_JSON_NUMBER,    /* the number at `path` of a JSON body */
    EXTRACT_JSON_EQUALS,    /* 1 where the value at `path`, as text, equals `text`, else 0 */
    EXTRACT_HEADER_EQUALS,  /* 1 where the header `path` equals `text` */
    EXTRACT_BODY_MATCHES,   /* 1 where the body matches the pattern `path` */
    EXTRACT_BANNER_MATCHES, /* 1 where what the peer said first matches the pattern `path` */
    EXTRACT_DAYS_LEFT,      /* of the peer's certificate, with fractions */
    EXTRACT_EXIT,           /* a command's status */
    EXTRACT_OUTPUT_MATCHES  /* 1 where what a command printed matches the pattern `path` */
};

/* What the probe takes from an answer; what cannot be taken is NAN: unknown. */
struct smoke_extract {
    enum smoke_extract_kind kind;
    const char *path;
    const char *text; /* of *_EQUALS; may hold templates until it is filled in */
};

/* PASS: the expectation is true; FAIL: false; INCONCLUSIVE: something it needs could not be extracted. */
enum verdict smoke_judge(const struct expression *expectation, const double *extracts, uint8_t extract_count);

#endif
