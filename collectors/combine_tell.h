/* combine_tell.h - what several reporters tell together, into a series.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_COMBINE_TELL_H
#define COLLECTORS_COMBINE_TELL_H

#include "collectors/collector.h"
#include "collectors/combine.h"

/* The value of this moment, and a trouble behind it where it is more than a number holds. False: there is
 * nobody any more, or not everybody yet. */
bool combine_tell(struct combine *combine, int64_t now_ms, const struct collector_sink *sink);

#endif
