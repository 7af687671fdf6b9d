/* scan_report.h - reports of scanners, counted by severity.
 * SPDX-License-Identifier: MIT
 *
 * Strict where a lax reader would pass a version: what is no report of this format, a run of a tool that says
 * that it failed, and a report of nothing that was looked at are errors, which name their place
 * ("#/runs/0/results/3/level: ..."). Members that are not needed are not looked at. */
#ifndef COLLECTORS_SCAN_REPORT_H
#define COLLECTORS_SCAN_REPORT_H

#include "io/json.h"
#include "judge/scan.h"

#include <stddef.h>

enum { SCAN_REPORT_MAX = 1024 * 1024 /* bytes */ };

/* Not counted of SARIF 2.1: results that were suppressed (and the suppression not rejected), that are absent
 * now, or that are no finding (kind pass, notApplicable, informational). A level that is not said is the
 * rule's default, else "warning". Of trivy (schema 2): vulnerabilities, misconfigurations that failed,
 * secrets, licences. Of checkov: failed checks, INFO as notes. Of conftest: failures as errors, warnings. */
MUST_CHECK bool scan_report_count(enum scan_format format, const char *bytes, size_t length,
                                  struct scan_counts *ret_counts, struct err *err);

extern const struct json_limits scan_report_limits;

/* What a format calls a count. */
struct scan_word {
    const char *word;
    enum scan_count count;
};

/* One more of the count that is called so. False: none is. */
MUST_CHECK bool scan_count_word(const struct scan_word *words, size_t count, const char *word,
                                struct scan_counts *counts);

/* Of each format; the root of the report. */
MUST_CHECK bool scan_sarif(const struct json_node *root, struct scan_counts *counts, struct err *err);
MUST_CHECK bool scan_trivy(const struct json_node *root, struct scan_counts *counts, struct err *err);
MUST_CHECK bool scan_checkov(const struct json_node *root, struct scan_counts *counts, struct err *err);
MUST_CHECK bool scan_conftest(const struct json_node *root, struct scan_counts *counts, struct err *err);

#endif
