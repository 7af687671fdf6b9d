/* notify_grafana.c - Grafana's annotations: marks on the graphs of whoever shows their tags.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_text.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>

enum { OPTION_URL, OPTION_TOKEN, OPTION_DASHBOARD, OPTION_TAGS, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };
enum { TAGS_MAX = 16, TEXT_SIZE = 8 * 1024 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "where Grafana answers, like https://grafana.example.org"},
    [OPTION_TOKEN] = {.name = "token",
                      .type = OPTION_SECRET,
                      .is_required = true,
                      .help = "token of a service account that may write annotations, by reference"},
    [OPTION_DASHBOARD] = {.name = "dashboard",
                          .type = OPTION_TEXT,
                          .help = "uid of the one dashboard that shows them; else all that ask for the tags"},
    [OPTION_TAGS] = {.name = "tags", .type = OPTION_LIST, .max = TAGS_MAX, .help = "more tags of each"},
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

static void add_tag(cJSON *tags, const char *text)
{
    if (text[0] != '\0')
        cJSON_AddItemToArray(tags, cJSON_CreateString(text));
}

static void add_tags(cJSON *annotation, const struct notify_use *use, const struct notice_facts *facts)
{
    const struct option_value *more = &use->values[OPTION_TAGS];
    cJSON *tags = cJSON_AddArrayToObject(annotation, "tags");

    add_tag(tags, "verdict");
    add_tag(tags, facts->event);
    add_tag(tags, facts->service);
    add_tag(tags, facts->environment);
    add_tag(tags, facts->pipeline);
    for (size_t i = 0; i < more->list_length; i++)
        add_tag(tags, more->list[i]);
}

/* Shown as HTML. */
static void add_text(cJSON *annotation, const struct notice_facts *facts)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    size_t count = notice_fields(facts, fields);
    char memory[TEXT_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    notice_text_add(&text, facts->summary, NOTICE_ENTITIES);
    for (size_t i = 0; i < count; i++) {
        text_add(&text, "\n%s: ", fields[i].name);
        notice_text_add(&text, fields[i].text, NOTICE_ENTITIES);
    }
    if (facts->link[0] != '\0') {
        text_add(&text, "\n");
        notice_text_add(&text, facts->link, NOTICE_ENTITIES);
    }
    cJSON_AddStringToObject(annotation, "text", memory);
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    if (number > 0)
        return false;
    request->json = cJSON_CreateObject();
    request->is_bearer = true;
    request->url = notify_url(use->url, "/api/annotations");
    cJSON_AddNumberToObject(request->json, "time", (double)facts->time_s * 1000);
    if (use->values[OPTION_DASHBOARD].is_set)
        cJSON_AddStringToObject(request->json, "dashboardUID", use->values[OPTION_DASHBOARD].text);
    add_tags(request->json, use, facts);
    add_text(request->json, facts);
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = OPTION_TOKEN,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

const struct notifier_type notifier_grafana = {
    .name = "grafana",
    .options = options,
    .option_count = OPTION_COUNT,
    .http = &kind,
    .open = notify_http_open,
    .close = notify_http_close,
    .send = notify_http_send,
};
