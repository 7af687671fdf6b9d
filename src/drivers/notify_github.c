/* notify_github.c - GitHub: what became of a commit in an environment, as a commit status.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_text.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_REPOSITORY, OPTION_TOKEN, OPTION_URL, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };

/* GitHub's limit of a description, in characters; bytes here, so never more. */
enum { DESCRIPTION_SIZE = 141, CONTEXT_SIZE = 160, PATH_SIZE = 320, REPOSITORY_MAX = 140 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_REPOSITORY] = {.name = "repository",
                           .type = OPTION_TEXT,
                           .is_required = true,
                           .help = "where the commits are, as owner/name"},
    [OPTION_TOKEN] = {.name = "token",
                      .type = OPTION_SECRET,
                      .is_required = true,
                      .help = "token that may write commit statuses there, by reference"},
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .fallback = "https://api.github.com",
                    .help = "another server's API, like https://github.example.org/api/v3"},
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

/* What a kind of notice makes of the commit; what is not here says nothing about it. */
static const char *state_of(const char *event)
{
    static const struct {
        const char *event, *state;
    } states[] = {
        {"started", "pending"},
        {"step_entered", "pending"},
        {"held", "pending"},
        {"resumed", "pending"},
        {"approval_wanted", "pending"},
        {"verdict_failed", "failure"},
        {"rollback_started", "failure"},
        {"rolled_back", "failure"},
        {"escalated", "error"},
        {"rejected", "error"},
        {"cancelled", "error"},
        {"promoted", "success"},
        {"tried", "success"},
        {"run_started", "pending"},
        {"run_stage_entered", "pending"},
        {"run_approval_wanted", "pending"},
        {"run_asks", "pending"},
        {"run_waits", "pending"},
        {"run_resumed", "pending"},
        {"run_released", "success"},
        {"run_failed", "failure"},
        {"plan_refused", "failure"},
        {"apply_failed", "failure"},
        {"run_aborted", "error"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
        if (strcmp(states[i].event, event) == 0)
            return states[i].state;
    return NULL;
}

/* A full one: GitHub knows no others here. */
static bool is_commit(const char *text)
{
    size_t length = strlen(text);

    return (length == 40 || length == 64) && strspn(text, "0123456789abcdef") == length;
}

static char *url_of(const struct notify_use *use, const struct notice_facts *facts)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "/repos/%s/statuses/%s", use->values[OPTION_REPOSITORY].text,
                   facts->commit);
    return notify_url(use->url, path);
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    static const struct http_header headers[] = {{"Accept", "application/vnd.github+json"},
                                                 {"X-GitHub-Api-Version", "2022-11-28"}};
    const char *state = state_of(facts->event);
    char shown[CONTEXT_SIZE];

    if (number > 0 || state == NULL || !is_commit(facts->commit))
        return false;
    for (; request->header_count < ARRAY_LENGTH(headers); request->header_count++)
        request->headers[request->header_count] = headers[request->header_count];
    request->is_bearer = true;
    request->url = url_of(use, facts);
    request->json = cJSON_CreateObject();
    cJSON_AddStringToObject(request->json, "state", state);
    if (facts->deployment[0] != '\0')
        (void)snprintf(shown, sizeof(shown), "verdict/%s/%s", facts->service, facts->environment);
    else
        (void)snprintf(shown, sizeof(shown), "verdict/run/%s", facts->incident);
    cJSON_AddStringToObject(request->json, "context", shown);
    cJSON_AddStringToObject(request->json, "description",
                            notice_text(facts->summary, NOTICE_PLAIN, shown, DESCRIPTION_SIZE));
    if (facts->link[0] != '\0')
        cJSON_AddStringToObject(request->json, "target_url", facts->link);
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = OPTION_TOKEN,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

static bool is_repository(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    const char *slash = strchr(text, '/');
    size_t length = strlen(text);

    return slash != NULL && slash != text && slash[1] != '\0' && strchr(slash + 1, '/') == NULL &&
           length <= REPOSITORY_MAX && strspn(text, allowed) == length && strstr(text, "..") == NULL;
}

static bool open_github(const struct notifier_type *type, const struct notifier_env *env, const char *name,
                        const struct option_value *values, struct notifier **ret_notifier, struct err *err)
{
    if (!is_repository(values[OPTION_REPOSITORY].text))
        return err_set(err, ERR_INVALID, "repository: '%s' is not like owner/name",
                       values[OPTION_REPOSITORY].text);
    return notify_http_open(type, env, name, values, ret_notifier, err);
}

const struct notifier_type notifier_github = {
    .name = "github",
    .options = options,
    .option_count = OPTION_COUNT,
    .http = &kind,
    .open = open_github,
    .close = notify_http_close,
    .send = notify_http_send,
};
