/* openapi.h - what openapi.json says, as the build embeds it.
 * SPDX-License-Identifier: MIT
 *
 * "schemas": those of bodies and answers. "queries", "headers": schemas by name. "operations": by "METHOD
 * pattern" of the table of routes: "query" and "headers" that it reads (a name, or "name=schema"), its "body"
 * ("optional"), "answers" by status, and the statuses of its "problems" beside those that every route has. A
 * body or an answer is the name of a schema (JSON), a media type, "type#Schema", "" (none), or a list of
 * these. */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

extern const char openapi_parts[];

#endif
