/* notify_cdevents.c - CDEvents 0.5 in CloudEvents, over HTTP: what went out, what was taken back, what is
 * wrong meanwhile, and how runs went, for whoever follows deliveries of several tools.
 * SPDX-License-Identifier: MIT
 *
 * Nothing may be added to their subjects, so what else a notice says stands in customData. That has no member
 * `verdict`: there it would ask a verdictd that hears of it for a deployment. */
#include "drivers/notice_text.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_URL, OPTION_TOKEN, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };
enum { ARTIFACT_SIZE = 640, ID_SIZE = 160 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where CloudEvents are taken, like https://events.example.org/v1"},
    [OPTION_TOKEN] = {.name = "token", .type = OPTION_SECRET, .help = "bearer token, by reference"},
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

/* What is told of a notice; of others nothing. */
enum tale {
    TELLS_STARTED,
    TELLS_UPGRADED,
    TELLS_ROLLED_BACK,
    TELLS_INCIDENT,
    TELLS_RESOLVED,
    TELLS_RUN_STARTED,
    TELLS_RUN_FINISHED,
    TELLS_TEST,
    TALE_COUNT
};

static const char *const types[TALE_COUNT] = {
    [TELLS_STARTED] = "dev.cdeventsx.verdict-deployment.started.0.1.0", /* theirs has no start yet */
    [TELLS_UPGRADED] = "dev.cdevents.service.upgraded.0.3.0",
    [TELLS_ROLLED_BACK] = "dev.cdevents.service.rolledback.0.3.0",
    [TELLS_INCIDENT] = "dev.cdevents.incident.detected.0.3.0",
    [TELLS_RESOLVED] = "dev.cdevents.incident.resolved.0.3.0",
    [TELLS_RUN_STARTED] = "dev.cdevents.pipelinerun.started.0.3.0",
    [TELLS_RUN_FINISHED] = "dev.cdevents.pipelinerun.finished.0.3.0",
    [TELLS_TEST] = "dev.cdeventsx.verdict-notice.tested.0.1.0",
};

static const struct {
    const char *event;
    enum tale tale;
    const char *outcome; /* RUN_FINISHED */
} tales[] = {
    {"started", TELLS_STARTED, NULL},
    {"promoted", TELLS_UPGRADED, NULL},
    {"rolled_back", TELLS_ROLLED_BACK, NULL},
    {"verdict_failed", TELLS_INCIDENT, NULL},
    {"test", TELLS_TEST, NULL},
    {"run_started", TELLS_RUN_STARTED, NULL},
    {"run_released", TELLS_RUN_FINISHED, "success"},
    {"run_failed", TELLS_RUN_FINISHED, "failure"},
    {"plan_refused", TELLS_RUN_FINISHED, "failure"},
    {"apply_failed", TELLS_RUN_FINISHED, "failure"},
    {"run_aborted", TELLS_RUN_FINISHED, "cancel"},
    {"drift_found", TELLS_INCIDENT, NULL},
};

static const char *outcome_of(const struct notice_facts *facts)
{
    const char *outcome = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(tales); i++)
        if (strcmp(tales[i].event, facts->event) == 0)
            outcome = tales[i].outcome;
    return outcome;
}

/* What was detected: a rule that failed, a drift. That a run did not end well is its own end. */
static bool ends_incident(const struct notice_facts *facts)
{
    unsigned told = facts->run[0] == '\0' ? 1U << NOTICE_FAILED : 1U << NOTICE_DRIFTED;

    return (facts->ends & told) != 0;
}

/* The notice's own, then the end of an incident that it brings. False: there is no such one. */
static bool find(const struct notice_facts *facts, size_t number, enum tale *ret_tale)
{
    for (size_t i = 0; i < ARRAY_LENGTH(tales); i++)
        if (strcmp(tales[i].event, facts->event) == 0 && number-- == 0) {
            *ret_tale = tales[i].tale;
            return true;
        }
    if (number != 0 || !ends_incident(facts))
        return false;
    *ret_tale = TELLS_RESOLVED;
    return true;
}

/* A package URL; of what versions may hold, only + has a meaning of its own there. */
static void add_artifact(cJSON *content, const struct notice_facts *facts, const char *version)
{
    char memory[ARTIFACT_SIZE];
    struct text text;

    if (version[0] == '\0' || facts->deployment[0] == '\0')
        return;
    text_init(&text, memory, sizeof(memory));
    text_add(&text, "pkg:generic/%s@", facts->service);
    for (; *version != '\0'; version++)
        text_add(&text, *version == '+' ? "%%2B" : "%c", *version);
    cJSON_AddStringToObject(content, "artifactId", memory);
}

static void add_reference(cJSON *content, const char *name, const char *id)
{
    cJSON_AddStringToObject(cJSON_AddObjectToObject(content, name), "id", id);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        cJSON_AddStringToObject(object, name, text);
}

static void add_run(cJSON *event, const struct notice_facts *facts)
{
    cJSON *subject = cJSON_AddObjectToObject(event, "subject");
    const char *outcome = outcome_of(facts);

    cJSON_AddStringToObject(subject, "id", facts->run);
    cJSON_AddStringToObject(subject, "source", facts->source);
    cJSON *content = cJSON_AddObjectToObject(subject, "content");
    cJSON_AddStringToObject(content, "pipelineName", facts->incident);
    add_text(content, "uri", facts->link);
    if (outcome == NULL)
        return;
    cJSON_AddStringToObject(content, "outcome", outcome);
    if (strcmp(outcome, "success") != 0)
        cJSON_AddStringToObject(content, "errors", facts->why[0] == '\0' ? facts->summary : facts->why);
}

static void add_subject(cJSON *event, const struct notice_facts *facts, enum tale tale)
{
    bool is_incident = tale == TELLS_INCIDENT || tale == TELLS_RESOLVED;
    bool is_deployment = is_incident || tale == TELLS_STARTED || tale == TELLS_TEST;
    cJSON *subject = cJSON_AddObjectToObject(event, "subject");

    cJSON_AddStringToObject(subject, "id",
                            is_incident     ? facts->incident
                            : is_deployment ? facts->about
                                            : facts->service);
    cJSON_AddStringToObject(subject, "source", facts->source);
    cJSON *content = cJSON_AddObjectToObject(subject, "content");
    if (is_incident)
        cJSON_AddStringToObject(content, "description", facts->summary);
    add_reference(content, "environment", facts->environment);
    if (is_deployment)
        add_reference(content, "service", facts->service);
    add_artifact(content, facts, tale == TELLS_ROLLED_BACK ? facts->previous : facts->version);
}

static void add_number(cJSON *object, const char *name, double number)
{
    if (isfinite(number))
        cJSON_AddNumberToObject(object, name, number);
}

static void add_more(cJSON *event, const struct notice_facts *facts)
{
    cJSON *more = cJSON_AddObjectToObject(event, "customData");

    add_text(more, "deployment", facts->deployment);
    add_text(more, "run", facts->run);
    cJSON_AddStringToObject(more, "event", facts->event);
    cJSON_AddStringToObject(more, "summary", facts->summary);
    add_text(more, "version", facts->version);
    add_text(more, "previous", facts->previous);
    add_text(more, "rule", facts->rule);
    add_text(more, "condition", facts->condition);
    add_text(more, "metric", facts->metric);
    add_number(more, "value", facts->value);
    add_number(more, "bound", facts->bound);
    add_text(more, "actor", facts->actor);
    add_text(more, "reason", facts->reason);
    add_text(more, "evidence", facts->evidence);
    add_text(more, "link", facts->link);
}

static void add_context(cJSON *event, const struct notice_facts *facts, const char *id, const char *type)
{
    cJSON *context = cJSON_AddObjectToObject(event, "context");

    cJSON_AddStringToObject(context, "specversion", "0.5.1");
    cJSON_AddStringToObject(context, "id", id);
    cJSON_AddStringToObject(context, "source", facts->source);
    cJSON_AddStringToObject(context, "type", type);
    cJSON_AddStringToObject(context, "timestamp", facts->time);
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    enum tale tale = TELLS_STARTED;
    char id[ID_SIZE];

    if (!find(facts, number, &tale))
        return false;
    (void)snprintf(id, sizeof(id), "%s%s", facts->id, tale == TELLS_RESOLVED ? "-resolved" : "");
    cJSON *envelope = request->json = cJSON_CreateObject();
    request->type = "application/cloudevents+json";
    request->is_bearer = use->key[0] != '\0';
    cJSON_AddStringToObject(envelope, "specversion", "1.0");
    cJSON_AddStringToObject(envelope, "id", id);
    cJSON_AddStringToObject(envelope, "source", facts->source);
    cJSON_AddStringToObject(envelope, "type", types[tale]);
    cJSON_AddStringToObject(envelope, "time", facts->time);
    cJSON_AddStringToObject(envelope, "datacontenttype", "application/json");
    cJSON *event = cJSON_AddObjectToObject(envelope, "data");
    add_context(event, facts, id, types[tale]);
    if (tale == TELLS_RUN_STARTED || tale == TELLS_RUN_FINISHED)
        add_run(event, facts);
    else
        add_subject(event, facts, tale);
    add_more(event, facts);
    const cJSON *subject = cJSON_GetObjectItemCaseSensitive(event, "subject");
    cJSON_AddStringToObject(envelope, "subject",
                            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(subject, "id")));
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = OPTION_TOKEN,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

const struct notifier_type notifier_cdevents = {
    .name = "cdevents",
    .options = options,
    .option_count = OPTION_COUNT,
    .keeps_incidents = true,
    .http = &kind,
    .open = notify_http_open,
    .close = notify_http_close,
    .send = notify_http_send,
};
