/* stack_facts.h - the numbers that are known of a stack of infrastructure after somebody looked at it: what a
 * plan would change, what it costs, what a scanner found, what drifted. Pure.
 * SPDX-License-Identifier: MIT
 *
 * They come as name=value, as a task reports them, and are kept so in the journal: a number that nobody told
 * is NAN, and never 0. */
#ifndef STORE_STACK_FACTS_H
#define STORE_STACK_FACTS_H

#include "base/attributes.h"

#include <stdbool.h>

enum { STACK_FACTS_TEXT_SIZE = 768 };

enum stack_fact {
    FACT_CREATES, /* of a plan: resources */
    FACT_UPDATES,
    FACT_DELETES,
    FACT_REPLACES,
    FACT_CHANGES,   /* all of them, and outputs */
    FACT_RESOURCES, /* that there were when it was looked */
    FACT_DRIFTS,    /* resources that are not as they were made */
    FACT_COST,      /* a month, with the plan applied; in the currency of whoever tells it */
    FACT_COST_BEFORE,
    FACT_CRITICAL, /* findings, as judge/scan.h has them */
    FACT_HIGH,
    FACT_MEDIUM,
    FACT_LOW,
    FACT_UNKNOWN,
    FACT_ERRORS,
    FACT_WARNINGS,
    FACT_NOTES,
    FACT_FINDINGS,
    FACT_SERIAL, /* of a state that the daemon keeps */
    STACK_FACT_COUNT
};

struct stack_facts {
    double of[STACK_FACT_COUNT]; /* NAN: nobody told */
};

/* "creates", "monthly_cost", "critical" ... */
const char *stack_fact_name(enum stack_fact fact);

/* Nothing is known. */
void stack_facts_clear(struct stack_facts *facts);

/* Takes a line's name and value; what is no fact, or no finite number, is left as it was. */
void stack_facts_put(struct stack_facts *facts, const char *name, const char *value);

/* Lines of name=value of all that is known; and back. What is no such line is skipped. */
void stack_facts_format(const struct stack_facts *facts, char to[STACK_FACTS_TEXT_SIZE]);
void stack_facts_read(const char *lines, struct stack_facts *facts);

#endif
