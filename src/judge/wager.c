/* wager.c - which form is bet, and the way from one to the other.
 * SPDX-License-Identifier: MIT */
#include "judge/wager.h"

#include <math.h>

enum comparison_form wager_form(const struct wager *wager, enum comparison_form wanted, bool is_past)
{
    if (wanted != FORM_AUTO)
        return wanted;
    return wager->is_trusted != 0 && !is_past ? FORM_POISSON : FORM_ROBUST;
}

/* Every bet of the new form begins with what the old one has won. */
static void change_form(struct wager *wager, struct sequential_state *sums, bool is_poisson)
{
    double log_e = is_poisson ? sequential_log_e(sums) : rate_ratio_log_e(&wager->independent);

    for (int point = 0; point < RATE_RATIO_GRID; point++)
        wager->independent.log_wealth[point] = log_e;
    for (int bet = 0; bet < SEQUENTIAL_BETS; bet++)
        sums->log_wealth[bet] = log_e;
    wager->is_poisson = is_poisson;
}

void wager_add(struct wager *wager, struct sequential_state *sums, const struct sequential_block *block,
               double allowed_ratio, enum comparison_form form)
{
    bool is_poisson = form == FORM_POISSON;

    if (is_poisson != (wager->is_poisson != 0))
        change_form(wager, sums, is_poisson);
    if (!is_poisson) {
        sequential_add(sums, block, allowed_ratio);
    } else if (sequential_count(sums, block)) {
        rate_ratio_add(&wager->independent, block, allowed_ratio);
        sums->log_e_max = fmax(sums->log_e_max, rate_ratio_log_e(&wager->independent));
    }
    dispersion_add(&wager->other, block->stable_events, block->stable_total);
    wager->is_trusted = dispersion_is_independent(&wager->other, wager->is_trusted != 0);
}

void wager_forget_other(struct wager *wager)
{
    wager->other = (struct dispersion){0};
    wager->is_trusted = 0;
}
