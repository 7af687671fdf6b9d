/* notify_teams.c - Microsoft Teams: an adaptive card to the URL of a workflow.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_line.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>

enum { OPTION_URL, OPTION_LINE, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_SECRET,
                    .is_required = true,
                    .help = "the URL of a workflow that begins with a webhook request, by reference"},
    [OPTION_LINE] = NOTIFY_OPTION_OF_TEXT,
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

/* All lines of at most this, and the sentence: a card may have 28 KB. */
enum { SHOWN_SIZE = 2 * NOTICE_FIELD_SIZE };

/* Cards know markdown, in every text. */
static void add_escaped(cJSON *object, const char *name, const char *text)
{
    char shown[SHOWN_SIZE];

    cJSON_AddStringToObject(object, name, notice_text(text, NOTICE_MARKDOWN, shown, sizeof(shown)));
}

static const char *colour_of(const struct notice_kind *kind)
{
    switch (kind->severity) {
    case NOTICE_INFO:
        return kind->incident == NOTICE_ENDS && kind->is_change ? "good" : "default";
    case NOTICE_WARNING:
        return "warning";
    case NOTICE_ERROR:
    case NOTICE_CRITICAL:
    case NOTICE_SEVERITY_COUNT:
        break;
    }
    return "attention";
}

static cJSON *title_of(const struct notify_use *use, const struct notice_facts *facts)
{
    char line[NOTICE_LINE_SIZE];
    cJSON *title = cJSON_CreateObject();

    cJSON_AddStringToObject(title, "type", "TextBlock");
    cJSON_AddStringToObject(
        title, "text",
        notice_line(facts, use->values[OPTION_LINE].text, NOTICE_MARKDOWN, line, sizeof(line)));
    cJSON_AddStringToObject(title, "size", "medium");
    cJSON_AddStringToObject(title, "weight", "bolder");
    cJSON_AddStringToObject(title, "color", colour_of(facts->kind));
    cJSON_AddBoolToObject(title, "wrap", true);
    return title;
}

static cJSON *lines_of(const struct notice_facts *facts)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    size_t count = notice_fields(facts, fields);
    cJSON *set = cJSON_CreateObject();

    cJSON_AddStringToObject(set, "type", "FactSet");
    cJSON *array = cJSON_AddArrayToObject(set, "facts");
    for (size_t i = 0; i < count; i++) {
        cJSON *fact = cJSON_CreateObject();
        cJSON_AddStringToObject(fact, "title", fields[i].name);
        add_escaped(fact, "value", fields[i].text);
        cJSON_AddItemToArray(array, fact);
    }
    return set;
}

static void add_card(cJSON *attachment, const struct notify_use *use, const struct notice_facts *facts)
{
    cJSON *card = cJSON_AddObjectToObject(attachment, "content");

    cJSON_AddStringToObject(card, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    cJSON_AddStringToObject(card, "type", "AdaptiveCard");
    cJSON_AddStringToObject(card, "version", "1.2");
    cJSON_AddStringToObject(cJSON_AddObjectToObject(card, "msteams"), "width", "full");
    cJSON *body = cJSON_AddArrayToObject(card, "body");
    cJSON_AddItemToArray(body, title_of(use, facts));
    cJSON_AddItemToArray(body, lines_of(facts));
    if (facts->link[0] == '\0')
        return;
    cJSON *action = cJSON_CreateObject();
    cJSON_AddStringToObject(action, "type", "Action.OpenUrl");
    cJSON_AddStringToObject(action, "title", facts->about);
    cJSON_AddStringToObject(action, "url", facts->link);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(card, "actions"), action);
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    if (number > 0)
        return false;
    request->json = cJSON_CreateObject();
    cJSON_AddStringToObject(request->json, "type", "message");
    cJSON *attachment = cJSON_CreateObject();
    cJSON_AddStringToObject(attachment, "contentType", "application/vnd.microsoft.card.adaptive");
    cJSON_AddNullToObject(attachment, "contentUrl");
    add_card(attachment, use, facts);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(request->json, "attachments"), attachment);
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = NOTIFY_NONE,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

const struct notifier_type notifier_teams = {
    .name = "teams",
    .options = options,
    .option_count = OPTION_COUNT,
    .http = &kind,
    .open = notify_http_open,
    .close = notify_http_close,
    .send = notify_http_send,
};
