/* combine.c - a table of last words, and arithmetic on them.
 * SPDX-License-Identifier: MIT */
#include "collectors/combine.h"

#include "base/hash.h"

#include <math.h>

const char *const combine_names[] = {[COMBINE_MAX] = "max", [COMBINE_MIN] = "min",     [COMBINE_AVG] = "avg",
                                     [COMBINE_SUM] = "sum", [COMBINE_SHARE] = "share", NULL};

void combine_add(struct combine_values *values, double value)
{
    bool is_first = values->count == 0;

    if (!isfinite(value))
        values->has_not_finite = true;
    values->most = is_first ? value : fmax(values->most, value);
    values->least = is_first ? value : fmin(values->least, value);
    values->sum += value;
    values->count_not_zero += value != 0 ? 1 : 0;
    values->count++;
}

double combine_of(const struct combine_values *values, enum combine_kind kind)
{
    double count = (double)values->count;

    if (values->count == 0 || values->has_not_finite)
        return NAN;
    switch (kind) {
    case COMBINE_MAX:
        return values->most;
    case COMBINE_MIN:
        return values->least;
    case COMBINE_AVG:
        return isfinite(values->sum) ? values->sum / count : NAN;
    case COMBINE_SUM:
        return isfinite(values->sum) ? values->sum : NAN;
    case COMBINE_SHARE:
        return (double)values->count_not_zero / count;
    }
    return NAN;
}

void combine_init(struct combine *combine, enum combine_kind kind, int64_t silence_max_ms, int64_t now_ms)
{
    combine->kind = kind;
    combine->silence_max_ms = silence_max_ms;
    combine_begin(combine, now_ms);
}

void combine_begin(struct combine *combine, int64_t now_ms)
{
    combine->since_ms = now_ms;
    combine->count = 0;
}

bool combine_is_complete(const struct combine *combine, int64_t now_ms)
{
    return now_ms - combine->since_ms >= combine->silence_max_ms;
}

static void drop_silent(struct combine *combine, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < combine->count; i++)
        if (now_ms - combine->reporters[i].at_ms <= combine->silence_max_ms)
            combine->reporters[kept++] = combine->reporters[i];
    combine->count = kept;
}

static struct combine_reporter *find(struct combine *combine, uint64_t name)
{
    for (size_t i = 0; i < combine->count; i++)
        if (combine->reporters[i].name == name)
            return &combine->reporters[i];
    return NULL;
}

static struct combine_reporter *add(struct combine *combine, int64_t now_ms)
{
    if (combine->count == COMBINE_REPORTERS_MAX)
        drop_silent(combine, now_ms);
    return combine->count == COMBINE_REPORTERS_MAX ? NULL : &combine->reporters[combine->count++];
}

bool combine_put(struct combine *combine, const char *reporter, double value, int64_t now_ms)
{
    uint64_t name = hash_text(HASH_BEGIN, reporter);
    struct combine_reporter *place = find(combine, name);

    if (place == NULL)
        place = add(combine, now_ms);
    if (place == NULL)
        return false;
    *place = (struct combine_reporter){.name = name, .at_ms = now_ms, .value = value};
    return true;
}

bool combine_value(struct combine *combine, int64_t now_ms, double *ret_value)
{
    struct combine_values values = {0};

    drop_silent(combine, now_ms);
    if (combine->count == 0 || !combine_is_complete(combine, now_ms))
        return false;
    for (size_t i = 0; i < combine->count; i++)
        combine_add(&values, combine->reporters[i].value);
    *ret_value = combine_of(&values, combine->kind);
    return true;
}
