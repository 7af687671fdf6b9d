/* rehearsal.c - POST .../rehearse: what an admission would say now.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/json.h"

/* Who sends it chooses what the daemon asks and where: as much as who may change its rule files. */
static bool read_sealed(struct call *call, const char **ret_sealed)
{
    struct json_node root = json_root(call->body);
    struct err err = {0};

    if (json_text(&root, "sealed", JSON_OPTIONAL, HTTP_SERVER_BODY_MAX_BYTES, ret_sealed, &err))
        return true;
    problem_answer(call, 400, "invalid", "%s", err.text);
    return false;
}

void rehearsal_ask(struct call *call)
{
    static const char *const names[] = {"strategy", "version", "sealed", "sources"};
    char strategy[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1];
    const char *sealed = NULL;
    bool asks_sources = false;

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "strategy", sizeof(strategy), strategy) ||
        !call_body_line(call, "version", sizeof(version), version) ||
        !call_body_flag(call, "sources", &asks_sources) || !read_sealed(call, &sealed) ||
        !call_allowed(call, sealed == NULL ? TOKEN_DEPLOY : TOKEN_ADMIN, call->match.service,
                      call->match.environment))
        return;
    if (version[0] != '\0' && !text_is_version(version)) {
        problem_answer(call, 422, "invalid", "version: letters, digits and . _ + ~ -, at most 128");
        return;
    }
    const struct api_rehearsal asked = {.service = call->match.service,
                                        .environment = call->match.environment,
                                        .strategy = strategy,
                                        .version = version,
                                        .sealed = sealed,
                                        .asks_sources = asks_sources};
    call->env_holds++;
    call->api->env.rehearse(call->api->env.data, &asked, call_told, call);
}
