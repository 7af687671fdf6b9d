/* judgement.h - what the judge answers: one of three verdicts, a typed reason, and the numbers behind it.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_JUDGEMENT_H
#define JUDGE_JUDGEMENT_H

#include <stdint.h>

enum verdict {
    VERDICT_INCONCLUSIVE, /* the default: whatever is not proven */
    VERDICT_PASS,         /* the data that the rule needs is there, and it does not object */
    VERDICT_FAIL          /* the rule objects */
};

/* Why a verdict is inconclusive; REASON_DECIDED goes with pass and fail, REASON_NO_DATA with a pass or fail
 * that a metric's `no_data` declaration gave. */
enum reason {
    REASON_DECIDED,
    REASON_LOADING,      /* it is still being read from the archive */
    REASON_NO_DATA,      /* nothing under this name at the source */
    REASON_STALE,        /* the newest value is older than the metric allows */
    REASON_NOT_FINITE,   /* the value is not a number */
    REASON_SOURCE_ERROR, /* the source does not answer, or with an error */
    REASON_AMBIGUOUS,    /* more series than the metric may have */
    REASON_TOO_FEW,      /* fewer values than `need` */
    REASON_NO_TRAFFIC,   /* `total` does not rise: nobody asks the candidate */
    REASON_NO_BASELINE,  /* the other side has nothing to compare with */
    REASON_SAME_SERIES,  /* both sides read the same series */
    REASON_WARMUP,       /* the warm-up after the route is not over */
    REASON_PENDING,      /* the condition holds, but not yet for as long as it must */
    REASON_UNDECIDED,    /* the operation or test does not exist for this kind of metric */
    REASON_SHARE,        /* the candidate is not seen to get the share that was asked for */
    REASON_LIMIT,        /* more checks were inconclusive than the rule tolerates in a step */
    REASON_MARGINAL,     /* the score lies between failing and passing */
    REASON_NOT_WORSE,    /* a pass: the condition holds, and for stable, which a person called bad, as well */
    REASON_DROPPED       /* too many of the values that came were refused: late, of the future, no numbers */
};

/* Numbers that let a person judge again; NAN where a rule has none of the kind. */
struct judgement {
    enum verdict verdict;
    enum reason reason;
    double value;    /* trigger: left side of the deciding comparison; comparison: the candidate's rate, its
                        share above the bound, or its mean; score: the score */
    double bound;    /* trigger: its right side; comparison: stable's; score: what passes */
    double estimate; /* comparison, and NOT_WORSE: ratio of the two; with */
    double lower, upper; /* its interval; `upper` of a pass is the largest regression still possible */
    double statistic;    /* comparison: log10 of the e-value (the largest so far); of levels a bound */
    double limit; /* comparison: log10(1/alpha), which the statistic must reach to fail; of levels, pass */
    double count; /* requests or values of the candidate that were counted */
    double stable_count;    /* the same of the other side */
    int64_t from_ms;        /* span of the values: from; both 0 where none was read */
    int64_t to_ms;          /* to (exclusive) */
    uint16_t against;       /* comparison: the baseline held against, its number + 1; 0: none yet */
    uint16_t dropped_share; /* of the series that lost the largest part, in hundredths of a percent */
    uint32_t dropped;       /* values that came for the series it reads and were refused (losses.h) */
};

/* Stable lower-case words: "pass", "fail", "inconclusive"; "decided", "no-data", "same-series" ... */
const char *verdict_name(enum verdict verdict);
const char *reason_name(enum reason reason);

#endif
