/* traffic_share.h - does the candidate get the share of the traffic that was routed? Where it does not, the
 * sides
 * cannot be compared. SPDX-License-Identifier: MIT
 *
 * An e-process for "each request goes to the candidate with this probability": Dirichlet mixture with the
 * strength TRAFFIC_SHARE_STRENGTH around it (Lindon and Malek's multinomial test with two arms). */
#ifndef JUDGE_TRAFFIC_SHARE_H
#define JUDGE_TRAFFIC_SHARE_H

#define TRAFFIC_SHARE_STRENGTH 100

/* Natural logarithm of the e-value of this many requests since the share was set; 0 < share < 1. */
double traffic_share_log_e(double candidate, double stable, double share, double strength);

#endif
