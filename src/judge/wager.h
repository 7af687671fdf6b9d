/* wager.h - the sequential test of a rule, in the form that fits: bets on blocks (sequential.h) where events
 * may come in bursts, likelihood ratios (rate_ratio.h) where they are independent.
 * SPDX-License-Identifier: MIT
 *
 * The form may change from block to block. What is bet on a block is settled before it, by what the other
 * side's earlier blocks showed, and the wealth goes over; so the product stays an e-process, wherever each
 * form is fair when it is in use. */
#ifndef JUDGE_WAGER_H
#define JUDGE_WAGER_H

#include "judge/compared.h"
#include "judge/dispersion.h"
#include "judge/rate_ratio.h"

/* All zero at first. */
struct wager {
    struct rate_ratio independent; /* in use while is_poisson */
    struct dispersion other;       /* of the side that is held against */
    uint32_t is_poisson;           /* 1: so was the newest block bet on; 0: robust */
    uint32_t is_trusted;           /* 1: `other` looks independent */
};

/* The form of the next block; AUTO is never the answer. Against a past it is robust unless the rule says
 * otherwise: what changed since then is no independent noise. */
enum comparison_form wager_form(const struct wager *wager, enum comparison_form wanted, bool is_past);

/* Takes one block in, by this form; one without traffic on one side bets nothing. `sums` holds the wealth of
 * the robust form, and the largest of both. */
void wager_add(struct wager *wager, struct sequential_state *sums, const struct sequential_block *block,
               double allowed_ratio, enum comparison_form form);

/* The other side is another one: it has yet to show what it is like. */
void wager_forget_other(struct wager *wager);

#endif
