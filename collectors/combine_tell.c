/* combine_tell.c - one gauge out of several reporters, told.
 * SPDX-License-Identifier: MIT */
#include "collectors/combine_tell.h"

#include <math.h>

bool combine_tell(struct combine *combine, int64_t now_ms, const struct collector_sink *sink)
{
    double value = 0;

    if (!combine_value(combine, now_ms, &value))
        return false;
    sink->gauge(sink->data, now_ms, value);
    if (!isfinite(value)) /* after the value, which would say that all is well */
        sink->trouble(sink->data, SERIES_NOT_FINITE, "the values add up to more than a number holds");
    return true;
}
