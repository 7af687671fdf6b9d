/* web.h - the console: pages that a browser shows, built into the daemon as bytes.
 * SPDX-License-Identifier: MIT */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stddef.h>

struct web_file {
    const char *name; /* "fleet.js"; the page itself is "index.html" */
    const char *type; /* Content-Type */
    const char *etag; /* quoted; differs when a byte differs */
    const unsigned char *bytes;
    size_t length;
};

/* All of them, by name; written by embed.cmake. */
extern const struct web_file web_files[];
extern const size_t web_file_count;

/* NULL: there is none of this name. */
const struct web_file *web_find(const char *name);

#endif
