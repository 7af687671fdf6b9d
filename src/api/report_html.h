/* report_html.h - the evidence of a deployment as one page for people.
 * SPDX-License-Identifier: MIT */
#ifndef API_REPORT_HTML_H
#define API_REPORT_HTML_H

struct cJSON;

/* `report`: as GET .../report answers it, and nothing beside it. malloc'ed. */
char *report_html(const struct cJSON *report);

#endif
