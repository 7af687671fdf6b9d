/* scrape.h - reads the exposition of the measured programs themselves, where there is no Prometheus.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_SCRAPE_H
#define COLLECTORS_SCRAPE_H

#include "collectors/collector.h"

enum {
    SCRAPE_ANSWER_MAX = 4 * 1024 * 1024, /* bytes of one exposition, after decoding */
    SCRAPE_TARGETS_MAX = 32              /* addresses of one series */
};

extern const struct collector_type scrape_collector;

#endif
