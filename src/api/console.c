/* console.c - GET / and /console/...: the console's files, to everybody; what they show comes by the API,
 * with a token.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "web/web.h"

/* Nothing of another host, no script or style but our files, and no text that becomes markup. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

void console_show(struct call *call)
{
    const char *known = http_server_header(call->request, "If-None-Match");
    const char *name = call->match.id[0] == '\0' ? "index.html" : call->match.id;
    const struct web_file *file = web_find(name);

    if (call->api->env.hides_console) {
        problem_answer(call, 404, "not-found",
                       "the console is switched off here (console = false in verdictd.conf)");
        return;
    }
    if (file == NULL) {
        problem_answer(call, 404, "not-found", "the console has no such file");
        return;
    }
    /* Asked for anew each time, and mostly answered with 304: after an upgrade nobody has old parts. */
    const struct http_server_header headers[] = {
        {"Content-Type", file->type},       {"ETag", file->etag},
        {"Cache-Control", "no-cache"},      {"Content-Security-Policy", policy},
        {"Referrer-Policy", "no-referrer"}, {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},        {"Cross-Origin-Opener-Policy", "same-origin"},
    };
    bool is_known = etag_is_listed(known, file->etag, ETAG_WEAK);
    call_answer_bare(call, is_known ? 304 : 200, headers, ARRAY_LENGTH(headers), file->bytes,
                     is_known ? 0 : file->length);
}
