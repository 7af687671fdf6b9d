/* cloudwatch.h - Amazon CloudWatch: a collector.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_CLOUDWATCH_H
#define COLLECTORS_CLOUDWATCH_H

#include "collectors/collector.h"

extern const struct collector_type cloudwatch_collector;

#endif
