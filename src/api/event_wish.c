/* event_wish.c - an event from outside as the native request that it stands for.
 * SPDX-License-Identifier: MIT
 *
 * CDEvents let nobody add members to their own, so what they do not have travels in customData.verdict, as
 * the native request names it, and goes before what is read off the rest. */
#include "api/event_wish.h"

#include "api/package_url.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { SUBJECT_MAX = 128 };

enum meaning {
    MEANS_DEPLOY, /* a deployment is wanted */
    MEANS_OFFER,  /* something is there: a deployment or run is wanted where customData.verdict says so */
    MEANS_OUTCOME /* of something that a task may await */
};

static const struct subject {
    const char *type; /* without "dev.cdevents." and the version */
    enum meaning meaning;
} subjects[] = {
    {"deployment.queued", MEANS_DEPLOY},     {"deployment.started", MEANS_DEPLOY},
    {"artifact.published", MEANS_OFFER},     {"artifact.packaged", MEANS_OFFER},
    {"service.deployed", MEANS_OFFER},       {"service.upgraded", MEANS_OFFER},
    {"pipelinerun.queued", MEANS_OFFER},     {"pipelinerun.finished", MEANS_OUTCOME},
    {"taskrun.finished", MEANS_OUTCOME},     {"testsuiterun.finished", MEANS_OUTCOME},
    {"testcaserun.finished", MEANS_OUTCOME},
};

static const char prefix[] = "dev.cdevents.";

/* "dev.cdevents.artifact.published.0.3.0". */
static const struct subject *find_subject(const char *type)
{
    if (strncmp(type, prefix, sizeof(prefix) - 1) != 0)
        return NULL;
    type += sizeof(prefix) - 1;
    for (size_t i = 0; i < ARRAY_LENGTH(subjects); i++) {
        size_t length = strlen(subjects[i].type);
        if (strncmp(type, subjects[i].type, length) == 0 && (type[length] == '.' || type[length] == '\0'))
            return &subjects[i];
    }
    return NULL;
}

/* Of an object that may be missing; "" where there is none. */
static const char *text_at(const struct cJSON *data, const char *path)
{
    const struct cJSON *item = json_path(data, path);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* Names of CDEvents may be paths: "/apps/checkout". */
static const char *last_part(const char *text)
{
    const char *slash = strrchr(text, '/');

    return slash == NULL ? text : slash + 1;
}

static void fill(cJSON *body, const char *name, const char *text)
{
    if (text[0] != '\0' && cJSON_GetObjectItemCaseSensitive(body, name) == NULL)
        cJSON_AddStringToObject(body, name, text);
}

/* Copies what the sender says to us. */
static cJSON *begin(const struct cJSON *own)
{
    return own != NULL ? cJSON_Duplicate(own, true) : cJSON_CreateObject();
}

static void want_start(const struct cJSON *data, const struct cJSON *own, struct event_wish *wish)
{
    const char *subject = text_at(data, ".subject.id");
    const char *artifact = text_at(data, ".subject.content.artifactId");
    const struct package_url url = package_url_read(artifact[0] == '\0' ? subject : artifact);

    wish->kind = EVENT_WISH_START;
    wish->body = begin(own);
    fill(wish->body, "service", strncmp(subject, "pkg:", 4) == 0 ? url.name : last_part(subject));
    fill(wish->body, "environment", last_part(text_at(data, ".subject.content.environment.id")));
    fill(wish->body, "version", url.version);
    fill(wish->body, "digest", url.digest);
}

static void want_run(const struct cJSON *data, const struct cJSON *own, struct event_wish *wish)
{
    const char *artifact = text_at(data, ".subject.content.artifactId");
    const struct package_url url =
        package_url_read(artifact[0] == '\0' ? text_at(data, ".subject.id") : artifact);

    wish->kind = EVENT_WISH_RUN;
    wish->body = begin(own);
    if (cJSON_GetObjectItemCaseSensitive(own, "pipeline") == NULL)
        return; /* a group has a version for each of its services, which it says itself */
    fill(wish->body, "version", url.version);
    fill(wish->body, "digest", url.digest);
}

/* 0.4 said pass and fail, 0.5 says success and failure. */
static const char *result_of(const char *outcome)
{
    return strcmp(outcome, "pass") == 0 || strcmp(outcome, "success") == 0 ? "pass" : "fail";
}

/* Its run is the chain that the event belongs to, unless it says so to us. */
static bool want_answer(const struct cJSON *data, const struct cJSON *own, struct event_wish *wish,
                        struct err *err)
{
    const char *run = text_at(own, ".run");
    const char *outcome = text_at(data, ".subject.content.outcome");
    struct route_match *match = &wish->match;

    if (!route_parse_run(run[0] == '\0' ? text_at(data, ".context.chainId") : run, &match->run))
        return run[0] == '\0' || err_set(err, ERR_INVALID,
                                         "customData.verdict.run: is \"%.32s\", and must be "
                                         "run_N",
                                         run);
    if (outcome[0] == '\0')
        return err_set(err, ERR_INVALID, "subject.content.outcome: is missing");
    if (!text_copy(match->stage, sizeof(match->stage), text_at(own, ".stage")) ||
        !text_copy(match->task, sizeof(match->task), text_at(own, ".task")))
        return err_set(err, ERR_INVALID, "customData.verdict: a stage or task is too long for a name");
    (void)!text_copy(match->id, sizeof(match->id), last_part(text_at(data, ".subject.id")));
    wish->kind = EVENT_WISH_ANSWER;
    wish->body = cJSON_CreateObject();
    cJSON_AddStringToObject(wish->body, "result", result_of(outcome));
    fill(wish->body, "reason", text_at(own, ".reason"));
    const struct cJSON *outputs = cJSON_GetObjectItemCaseSensitive(own, "outputs");
    if (outputs != NULL)
        cJSON_AddItemToObject(wish->body, "outputs", cJSON_Duplicate(outputs, true));
    return true;
}

/* Our own types carry the native request itself. */
static bool want_native(const struct cloud_event *event, enum event_wish_kind kind, struct event_wish *wish,
                        struct err *err)
{
    if (event->data.item == NULL)
        return err_set(err, ERR_INVALID, "data: is missing");
    wish->kind = kind;
    wish->body = cJSON_Duplicate(event->data.item, true);
    return true;
}

bool event_wish_read(const struct cloud_event *event, struct event_wish *ret_wish, struct err *err)
{
    const struct subject *subject = find_subject(event->type);
    const struct cJSON *data = event->data.item;
    const struct cJSON *own = json_path(data, ".customData.verdict");

    *ret_wish = (struct event_wish){.kind = EVENT_WISH_NOTHING};
    if (strcmp(event->type, EVENT_TYPE_START) == 0)
        return want_native(event, EVENT_WISH_START, ret_wish, err);
    if (strcmp(event->type, "verdict.run.start") == 0)
        return want_native(event, EVENT_WISH_RUN, ret_wish, err);
    if (subject == NULL || (subject->meaning == MEANS_OFFER && own == NULL))
        return true;
    if (own != NULL && !cJSON_IsObject(own))
        return err_set(err, ERR_INVALID, "customData.verdict: must be an object");
    if (subject->meaning == MEANS_OUTCOME)
        return want_answer(data, own, ret_wish, err);
    if (cJSON_GetObjectItemCaseSensitive(own, "pipeline") != NULL ||
        cJSON_GetObjectItemCaseSensitive(own, "group") != NULL)
        want_run(data, own, ret_wish);
    else
        want_start(data, own, ret_wish);
    return true;
}
