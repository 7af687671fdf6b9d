/* notify_pagerduty.c - PagerDuty's Events API v2: an incident for each deployment that needs people, and
 * change events.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_line.h"
#include "drivers/notify_http.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { OPTION_KEY, OPTION_URL, OPTION_LINE, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };

/* The API's own limits, in characters; bytes here, so never more. */
enum { SUMMARY_SIZE = 1025, DEDUP_SIZE = 256 };

enum part { PART_TRIGGER, PART_RESOLVE, PART_CHANGE, PART_COUNT };

static const struct option options[OPTION_COUNT] = {
    [OPTION_KEY] = {.name = "key",
                    .type = OPTION_SECRET,
                    .is_required = true,
                    .help = "integration key of Events API v2, by reference"},
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .fallback = "https://events.pagerduty.com",
                    .help = "another region's, like https://events.eu.pagerduty.com"},
    [OPTION_LINE] = NOTIFY_OPTION_OF_TEXT,
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

static cJSON *details_of(const struct notice_facts *facts)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    size_t count = notice_fields(facts, fields);
    cJSON *details = cJSON_CreateObject();

    for (size_t i = 0; i < count; i++)
        cJSON_AddStringToObject(details, fields[i].name, fields[i].text);
    return details;
}

/* What both kinds of events have. */
static cJSON *payload_of(const struct notify_use *use, const struct notice_facts *facts)
{
    cJSON *payload = cJSON_CreateObject();
    char memory[SUMMARY_SIZE];
    struct text source;

    cJSON_AddStringToObject(
        payload, "summary",
        notice_line(facts, use->values[OPTION_LINE].text, NOTICE_PLAIN, memory, sizeof(memory)));
    text_init(&source, memory, sizeof(memory));
    text_add(&source, "%s%s%s", facts->service, facts->environment[0] == '\0' ? "" : "/", facts->environment);
    cJSON_AddStringToObject(payload, "source", memory);
    cJSON_AddStringToObject(payload, "timestamp", facts->time);
    cJSON_AddItemToObject(payload, "custom_details", details_of(facts));
    return payload;
}

static void add_link(cJSON *event, const struct notice_facts *facts)
{
    if (facts->link[0] == '\0')
        return;
    cJSON *link = cJSON_CreateObject();
    cJSON_AddStringToObject(link, "href", facts->link);
    cJSON_AddStringToObject(link, "text", facts->about);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(event, "links"), link);
}

/* One incident for a deployment of this daemon, or for what runs are about, however often it is told. */
static void add_alert(cJSON *event, const struct notify_use *use, const struct notice_facts *facts,
                      enum part part)
{
    char memory[DEDUP_SIZE];
    struct text dedup;

    text_init(&dedup, memory, sizeof(memory));
    text_add(&dedup, "%s/%s", facts->source, facts->incident);
    cJSON_AddStringToObject(event, "event_action", part == PART_TRIGGER ? "trigger" : "resolve");
    cJSON_AddStringToObject(event, "dedup_key", memory);
    cJSON *payload = payload_of(use, facts);
    cJSON_AddStringToObject(payload, "severity", notice_severity_name(facts->kind->severity));
    cJSON_AddStringToObject(payload, "component", facts->service);
    cJSON_AddStringToObject(payload, "group", facts->environment);
    cJSON_AddStringToObject(payload, "class", facts->event);
    cJSON_AddItemToObject(event, "payload", payload);
    cJSON_AddStringToObject(event, "client", "verdictd");
}

static bool is_wanted(const struct notice_facts *facts, enum part part)
{
    switch (part) {
    case PART_TRIGGER:
        return facts->kind->incident == NOTICE_OPENS;
    case PART_RESOLVE:
        return facts->ends != 0 && !is_wanted(facts, PART_TRIGGER); /* what goes wrong goes on */
    case PART_CHANGE:
        return facts->kind->is_change;
    case PART_COUNT:
        break;
    }
    return false;
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    enum part part = PART_TRIGGER;

    for (; part < PART_COUNT; part++)
        if (is_wanted(facts, part) && number-- == 0)
            break;
    if (part == PART_COUNT)
        return false;
    request->url = notify_url(use->url, part == PART_CHANGE ? "/v2/change/enqueue" : "/v2/enqueue");
    request->json = cJSON_CreateObject();
    cJSON_AddStringToObject(request->json, "routing_key", use->key);
    if (part == PART_CHANGE)
        cJSON_AddItemToObject(request->json, "payload", payload_of(use, facts));
    else
        add_alert(request->json, use, facts, part);
    add_link(request->json, facts);
    return true;
}

static const struct notify_http_kind kind = {
    .url = OPTION_URL, .key = OPTION_KEY, .timeout = OPTION_TIMEOUT, .ca = OPTION_CA, .write = write_request};

const struct notifier_type notifier_pagerduty = {
    .name = "pagerduty",
    .options = options,
    .option_count = OPTION_COUNT,
    .keeps_incidents = true,
    .http = &kind,
    .open = notify_http_open,
    .close = notify_http_close,
    .send = notify_http_send,
};
