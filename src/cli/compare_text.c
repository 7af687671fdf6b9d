/* compare_text.c - the fields of verdict compare, for --help.
 * SPDX-License-Identifier: MIT */
#include "cli/compare.h"

#include <stddef.h>

const char *const compare_text[] = {
    "Reads one JSON object or an array of them, from a file or standard input (-), and answers the same.\n"
    "Each has \"test\" and may have \"name\", which comes back. Defaults stand in brackets. At most 64 MiB "
    "and\n"
    "1000000 JSON values in all. An item that is at fault is answered by {\"test\", \"error\": {\"at\", "
    "\"text\"}} in\n"
    "its place; \"at\" is a JSON pointer. A number that does not exist, or is infinite, is null.",
    "mann_whitney: is the experiment's level another one? Labels as Kayenta's judge gives them.\n"
    "  control, experiment  lists of numbers; null or \"NaN\": missing. At most 1e150 either way\n"
    "  confidence [0.98], tolerance [0.25]  of the estimated shift\n"
    "  direction [either], increase, decrease  which change is bad\n"
    "  nan [remove], zero   what a missing value becomes\n"
    "  outliers [keep], remove; outlier_factor [3]  interquartile ranges beyond the quartiles\n"
    "  effect {measure [mean_ratio] or cles, allowed_increase, allowed_decrease, critical_increase,\n"
    "         critical_decrease}  [1 each, 0.5 for cles]; an effect that cannot be told counts as reached\n"
    "  critical [false], must_have_data [false]\n"
    "  strict [false]       10 values a side or nodata; no unit changes a label; an error is critical where "
    "the\n"
    "                       metric is; an empty side never passes\n"
    "  answers: classification (pass, high, low, nodata, nodata_fail, error), critical, reason, estimate "
    "and\n"
    "         interval of the shift, statistic (U of the experiment), p_value (two-sided), effect, n\n"
    "         Two constant sides are told apart by their difference; one value a side, both different: "
    "error.",
    "scorecard: many metrics, one score.\n"
    "  metrics [{name, groups: [...], muted, and the fields of mann_whitney but its samples}]\n"
    "  series [{name, control, experiment}]  a metric without one has no data\n"
    "  group_weights {group: percent}, thresholds {pass [95], marginal [75]}\n"
    "  strict [false]       for all metrics; weights must be 100 together and each group must have a metric\n"
    "  answers: score, verdict (pass, marginal, fail), groups {name: score}, results (name and what\n"
    "         mann_whitney answers, in the order of metrics)",
    "sequential: is the experiment's event rate higher than allowed? May be looked at at any time.\n"
    "  control, experiment  {events, total} or a list of them, one for each closed step, equally many\n"
    "  form [robust], poisson, auto  robust allows bursts inside a block; poisson is quicker and takes "
    "independent\n"
    "                       events; auto measures which one the control needs. A single block: poisson\n"
    "  block [1]            steps that are one block; allow [1]: ratio of rates that is allowed, 1.5: half "
    "more\n"
    "  error_probability [0.01]  of a false alarm, over all looks together; min_events [0], confidence "
    "[0.95]\n"
    "  answers: verdict (pass, fail, inconclusive: no traffic), reason, form, e_value (now), e_value_max,\n"
    "         log10_e_value_max, p_value, estimate and interval of the ratio (holds at every look, for "
    "independent\n"
    "         events), first_crossing (number of the block, from 0), dispersion (1: independent), blocks, n",
    "mean_difference: is the mean of a gauge worse than allowed? Values in pairs, one for each block.\n"
    "  control, experiment  lists of numbers, equally many; where one is missing, the pair is skipped\n"
    "  allow [1.1], direction [increase] or decrease, error_probability [0.01], burn_in [10 pairs],\n"
    "  best_at [30 pairs: where the bound is narrowest]\n"
    "  answers: verdict, reason, estimate and interval of experiment - control, statistic (lower bound of "
    "what is\n"
    "         beyond the allowed, 0: none), first_crossing, n",
    "latency_tail: are slow requests more frequent than allowed? By share betting, as sequential robust.\n"
    "  bounds               upper bounds of the buckets, ascending; the last bucket has none\n"
    "  control, experiment  lists of blocks, each a list of counts, not cumulative\n"
    "  bound                the one that counts; without it up to six are chosen from the control's first "
    "block,\n"
    "                       which is then not judged\n"
    "  allow [1], error_probability [0.01]\n"
    "  answers: as sequential, and bounds [{bound, control_above, experiment_above, e_value}]",
    "distribution: any change between buckets (latency, status classes). Warns; never fails.\n"
    "  control, experiment  as latency_tail; error_probability [0.01]\n"
    "  answers: verdict (pass, warning, inconclusive), reason, e_value, e_value_max, p_value, "
    "first_crossing, n",
    "traffic_share: does the experiment get the part of the requests that was routed to it?\n"
    "  control, experiment  lists of request counts, one for each step; share: between 0 and 1\n"
    "  error_probability [0.001]\n"
    "  answers: verdict (pass; inconclusive: the sides cannot be compared), reason, e_value, estimate, n",
    "objective: one side against a fixed ratio.\n"
    "  experiment           {events, total} or a list of them; objective: the ratio, or history: {events, "
    "total}\n"
    "                       or a list of them, of which the highest plausible ratio is taken\n"
    "  allow [1.5], error_probability [0.01]\n"
    "  answers: verdict, reason, e_value, e_value_max, p_value, estimate, bound, first_crossing, n",
    "threshold: a condition on one sample after the other, and how many failures are borne.\n"
    "  when                 as in rule files, over `value`; true is a failure: \"value > 5%\"\n"
    "  samples              numbers, one second apart; null or \"NaN\": inconclusive; {\"error\": \"...\"}: "
    "an error\n"
    "  limits {failure_limit [0; -1: off], consecutive_failure_limit [-1], inconclusive_limit [0],\n"
    "         consecutive_error_limit [4], consecutive_success_limit [0: off], count [0: all samples]}\n"
    "         exclusive: a failure_limit of 3 fails with the fourth. An error does not count towards count\n"
    "  answers: phase (successful, failed, inconclusive, error, running: count was not reached), "
    "measurements, n",
    NULL};
