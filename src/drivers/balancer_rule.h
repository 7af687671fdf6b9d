/* balancer_rule.h - a rule or listener of an Amazon load balancer as its API tells it, and as it is to be.
 * Pure.
 * SPDX-License-Identifier: MIT
 *
 * The API replaces all actions of a rule at once, so all of them are sent back as they came; only the weights
 * of the two target groups of the forward change. */
#ifndef DRIVERS_BALANCER_RULE_H
#define DRIVERS_BALANCER_RULE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct text;
struct xml_element;

enum { BALANCER_WEIGHT_MAX = 999, BALANCER_ACTIONS_MAX = 16 };

struct balancer_split {
    const char *groups[2]; /* ARNs: of the stable slot, of the candidate */
    unsigned weights[2];
};

/* Whole weights that are this share (hundredths of a percent). ERR_INVALID where none of 0 to 999 are. */
MUST_CHECK bool balancer_weights(uint16_t share, unsigned ret_weights[2], struct err *err);

/* The candidate's share of what a rule's `actions` forward. ERR_NOT_FOUND: it does not forward, or not to
 * both groups; ERR_INVALID: another group has a weight too, or numbers that are no weights. */
MUST_CHECK bool balancer_read(const struct xml_element *actions, const struct balancer_split *split,
                              uint16_t *ret_share, struct err *err);

/* Adds "&PREFIX.member.1.Type=..." of all actions to a form, the forward with the split's weights alone. */
MUST_CHECK bool balancer_add_actions(const struct xml_element *actions, const char *prefix,
                                     const struct balancer_split *split, struct text *form, struct err *err);

/* How many targets of DescribeTargetHealth's answer are healthy, and what the first of the others is. */
unsigned balancer_healthy(const struct xml_element *result, const char **ret_state);

#endif
