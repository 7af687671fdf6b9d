/* mqtt_levels.h - which topics of a filter count, by what its wildcards matched.
 * SPDX-License-Identifier: MIT
 *
 * What the first + matched is the label level1, the second level2, and so on; what # matched is rest. They
 * are chosen as labels of a selector are: `level1=~'hall-.',level2!='spare'`. */
#ifndef COLLECTORS_MQTT_LEVELS_H
#define COLLECTORS_MQTT_LEVELS_H

#include "base/err.h"
#include "collectors/selector.h"

enum { MQTT_LEVELS_MAX = 16 /* of a filter that have a name */ };

/* ERR_INVALID: what is wrong, and at which character. */
MUST_CHECK bool mqtt_levels_new(const char *matchers, struct selector **ret_selector, struct err *err);

/* As selector_check(). */
MUST_CHECK bool mqtt_levels_check(const char *matchers, struct err *err);

/* Does a topic, which `filter` covers, count? False: a pattern takes too long over a level. */
MUST_CHECK bool mqtt_levels_fit(const struct selector *selector, const char *filter, const char *topic,
                                bool *ret_fits, struct err *err);

#endif
