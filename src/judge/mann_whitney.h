/* mann_whitney.h - is the experiment's level another one than the control's? Label for label as Kayenta's
 * NetflixACAJudge answers; `is_strict` closes its gaps. SPDX-License-Identifier: MIT
 *
 * Order of work: missing values, outliers, no data, equal, constant, shift and its interval, effect. HIGH is
 * a lower bound above `tolerance` times the estimate with an effect that is not below allowed_increase (LOW
 * the mirror image); an effect that cannot be told counts as reached.
 *
 * Two sides that are constant and different are decided by their difference (Kayenta adds random noise to
 * them first). One value a side, both different: ERROR, as there.
 *
 * Strict: fewer than MANN_WHITNEY_STRICT_MIN values a side are NODATA; the roots are searched to 1e-9 of the
 * range instead of 1e-4 absolute, so that no unit changes a label; an ERROR is critical where the metric is.
 */
#ifndef JUDGE_MANN_WHITNEY_H
#define JUDGE_MANN_WHITNEY_H

#include <stdbool.h>
#include <stddef.h>

enum { MANN_WHITNEY_STRICT_MIN = 10 };

/* Values are at most this, either way: their squares and differences stay finite. */
#define MANN_WHITNEY_VALUE_MAX 1e150

enum direction { DIRECTION_EITHER, DIRECTION_INCREASE, DIRECTION_DECREASE }; /* which one is bad */
enum missing { MISSING_REMOVE, MISSING_ZERO };                               /* what a NAN becomes */
enum outliers { OUTLIERS_KEEP, OUTLIERS_REMOVE };
enum effect { EFFECT_MEAN_RATIO, EFFECT_CLES }; /* cles: probability that the experiment's is larger */

struct mann_whitney {
    double confidence; /* 0.98 */
    double tolerance;  /* 0.25, of the estimate */
    enum direction direction;
    enum missing missing;
    enum outliers outliers;
    double outlier_factor; /* 3: interquartile ranges beyond the quartiles */
    enum effect effect;
    double allowed_increase, allowed_decrease;   /* of the effect */
    double critical_increase, critical_decrease; /* a critical metric is so from here */
    bool is_critical;
    bool must_have_data;
    bool is_strict;
};

enum classification {
    CLASSIFICATION_PASS,
    CLASSIFICATION_HIGH,
    CLASSIFICATION_LOW,
    CLASSIFICATION_NODATA,
    CLASSIFICATION_NODATA_FAIL, /* must_have_data */
    CLASSIFICATION_ERROR
};

enum mann_whitney_reason {
    MANN_WHITNEY_WITHIN,     /* the interval reaches into the tolerance */
    MANN_WHITNEY_HIGHER,     /* pass or HIGH */
    MANN_WHITNEY_LOWER,      /* pass or LOW */
    MANN_WHITNEY_SMALL,      /* another level, but the effect is allowed */
    MANN_WHITNEY_EQUAL,      /* both sides are the same */
    MANN_WHITNEY_CONTROL,    /* the control has no values */
    MANN_WHITNEY_EXPERIMENT, /* the experiment has none, or neither */
    MANN_WHITNEY_TOO_FEW,    /* strict */
    MANN_WHITNEY_TIED        /* all observations are one tie */
};

struct mann_whitney_answer {
    enum classification classification;
    enum mann_whitney_reason reason;
    bool is_critical;
    double estimate, lower, upper; /* of the shift; NAN where there was no test, as all that follow */
    double statistic;              /* U of the experiment */
    double p_value;                /* two-sided */
    double effect;                 /* NAN too where a mean is 0 */
    size_t control_count, experiment_count; /* after missing values and outliers */
};

/* As Kayenta's with this measure: effects are 1 for a mean ratio and 0.5 for cles. */
struct mann_whitney mann_whitney_defaults(enum effect effect);

/* Values are finite or NAN (missing); both arrays are sorted and shortened in place. n log n. */
void mann_whitney_run(const struct mann_whitney *test, double *control, size_t control_count,
                      double *experiment, size_t experiment_count, struct mann_whitney_answer *ret_answer);

/* "pass", "nodata_fail" ... and a sentence. */
const char *classification_name(enum classification classification);
const char *mann_whitney_reason_text(enum mann_whitney_reason reason);

#endif
