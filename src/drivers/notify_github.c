/* notify_github.c - GitHub: what became of a commit in an environment, as a commit status, and as a status of
 * its own deployment where its hook began ours.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_text.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_REPOSITORY, OPTION_TOKEN, OPTION_URL, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };

/* GitHub's limit of a description, in characters; bytes here, so never more. */
enum { DESCRIPTION_SIZE = 141, CONTEXT_SIZE = 160, PATH_SIZE = 320, REPOSITORY_MAX = 140, ID_MAX = 20 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_REPOSITORY] = {.name = "repository",
                           .type = OPTION_TEXT,
                           .is_required = true,
                           .help = "where the commits are, as owner/name"},
    [OPTION_TOKEN] = {.name = "token",
                      .type = OPTION_SECRET,
                      .is_required = true,
                      .help = "token that may write commit and deployment statuses there, by reference"},
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .fallback = "https://api.github.com",
                    .help = "another server's API, like https://github.example.org/api/v3"},
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

/* What a kind of notice makes of the commit, and of GitHub's own deployment; NULL: it says nothing about it.
 */
struct meaning {
    const char *event, *commit, *deployment;
};

static const struct meaning *meaning_of(const char *event)
{
    static const struct meaning meanings[] = {
        {"started", "pending", "in_progress"},
        {"step_entered", "pending", NULL},
        {"held", "pending", "in_progress"},
        {"resumed", "pending", "in_progress"},
        {"approval_wanted", "pending", "in_progress"},
        {"verdict_failed", "failure", NULL},
        {"rollback_started", "failure", NULL},
        {"rolled_back", "failure", "failure"},
        {"escalated", "error", "error"},
        {"rejected", "error", "error"},
        {"cancelled", "error", "inactive"},
        {"promoted", "success", "success"},
        {"tried", "success", "inactive"},
        {"run_started", "pending", NULL},
        {"run_stage_entered", "pending", NULL},
        {"run_approval_wanted", "pending", NULL},
        {"run_asks", "pending", NULL},
        {"run_waits", "pending", NULL},
        {"run_resumed", "pending", NULL},
        {"run_released", "success", NULL},
        {"run_failed", "failure", NULL},
        {"plan_refused", "failure", NULL},
        {"apply_failed", "failure", NULL},
        {"run_aborted", "error", NULL},
    };
    static const struct meaning none = {"", NULL, NULL};

    for (size_t i = 0; i < ARRAY_LENGTH(meanings); i++)
        if (strcmp(meanings[i].event, event) == 0)
            return &meanings[i];
    return &none;
}

/* A full one: GitHub knows no others here. */
static bool is_commit(const char *text)
{
    size_t length = strlen(text);

    return (length == 40 || length == 64) && strspn(text, "0123456789abcdef") == length;
}

/* The id of GitHub's own deployment, which its hook told us as the address of what began it
 * (".../repos/OWNER/NAME/deployments/42"); NULL: it is none of this repository. */
static const char *deployment_of(const struct notify_use *use, const struct notice_facts *facts)
{
    char part[PATH_SIZE];

    (void)snprintf(part, sizeof(part), "/repos/%s/deployments/", use->values[OPTION_REPOSITORY].text);
    const char *at = strstr(facts->run_url, part);
    const char *id = at == NULL ? "" : at + strlen(part);
    size_t length = strlen(id);

    return length > 0 && length <= ID_MAX && strspn(id, "0123456789") == length ? id : NULL;
}

static void begin(const struct notify_use *use, const struct notice_facts *facts, const char *path,
                  const char *state, struct notify_request *request)
{
    static const struct http_header headers[] = {{"Accept", "application/vnd.github+json"},
                                                 {"X-GitHub-Api-Version", "2022-11-28"}};
    char shown[DESCRIPTION_SIZE];

    for (; request->header_count < ARRAY_LENGTH(headers); request->header_count++)
        request->headers[request->header_count] = headers[request->header_count];
    request->is_bearer = true;
    request->url = notify_url(use->url, path);
    request->json = cJSON_CreateObject();
    cJSON_AddStringToObject(request->json, "state", state);
    cJSON_AddStringToObject(request->json, "description",
                            notice_text(facts->summary, NOTICE_PLAIN, shown, sizeof(shown)));
}

static void write_commit(const struct notify_use *use, const struct notice_facts *facts, const char *state,
                         struct notify_request *request)
{
    char path[PATH_SIZE];
    char shown[CONTEXT_SIZE];

    (void)snprintf(path, sizeof(path), "/repos/%s/statuses/%s", use->values[OPTION_REPOSITORY].text,
                   facts->commit);
    begin(use, facts, path, state, request);
    if (facts->deployment[0] != '\0')
        (void)snprintf(shown, sizeof(shown), "verdict/%s/%s", facts->service, facts->environment);
    else
        (void)snprintf(shown, sizeof(shown), "verdict/run/%s", facts->incident);
    cJSON_AddStringToObject(request->json, "context", shown);
    if (facts->link[0] != '\0')
        cJSON_AddStringToObject(request->json, "target_url", facts->link);
}

static void write_deployment(const struct notify_use *use, const struct notice_facts *facts, const char *id,
                             const char *state, struct notify_request *request)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "/repos/%s/deployments/%s/statuses",
                   use->values[OPTION_REPOSITORY].text, id);
    begin(use, facts, path, state, request);
    if (facts->link[0] != '\0')
        cJSON_AddStringToObject(request->json, "log_url", facts->link);
}

/* First the commit's, then the deployment's. */
static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    const struct meaning *meaning = meaning_of(facts->event);
    const char *id = meaning->deployment == NULL ? NULL : deployment_of(use, facts);
    bool has_commit = meaning->commit != NULL && is_commit(facts->commit);

    if (has_commit && number == 0)
        write_commit(use, facts, meaning->commit, request);
    else if (id != NULL && number == (has_commit ? 1 : 0))
        write_deployment(use, facts, id, meaning->deployment, request);
    else
        return false;
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
