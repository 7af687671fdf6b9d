/* notify_slack.c - Slack's incoming webhooks, and what takes the same: Mattermost, Rocket.Chat.
 * SPDX-License-Identifier: MIT
 *
 * Attachments with a colour and fields, not blocks: Mattermost knows no blocks. */
#include "drivers/notice_line.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_URL, OPTION_USERNAME, OPTION_LINE, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };
enum { SHOWN_SIZE = 3072 }; /* Slack shows about so much of a text before it folds it */

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_SECRET,
                    .is_required = true,
                    .help = "the incoming webhook's URL, by reference: who has it may post"},
    [OPTION_USERNAME] = {.name = "username", .type = OPTION_TEXT, .help = "shown as the sender"},
    [OPTION_LINE] = NOTIFY_OPTION_OF_TEXT,
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

static void add_escaped(cJSON *object, const char *name, const char *text)
{
    char shown[SHOWN_SIZE];

    cJSON_AddStringToObject(object, name, notice_text(text, NOTICE_ENTITIES, shown, sizeof(shown)));
}

static void add_fields(cJSON *attachment, const struct notice_facts *facts)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    size_t count = notice_fields(facts, fields);
    cJSON *array = cJSON_AddArrayToObject(attachment, "fields");

    for (size_t i = 0; i < count; i++) {
        cJSON *field = cJSON_CreateObject();
        cJSON_AddStringToObject(field, "title", fields[i].name);
        add_escaped(field, "value", fields[i].text);
        cJSON_AddBoolToObject(field, "short", fields[i].is_short);
        cJSON_AddItemToArray(array, field);
    }
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    char line[NOTICE_LINE_SIZE];
    char colour[8];

    if (number > 0)
        return false;
    (void)snprintf(colour, sizeof(colour), "#%06x", notice_colour(facts->kind) & 0xffffffU);
    request->json = cJSON_CreateObject();
    (void)notice_line(facts, use->values[OPTION_LINE].text, NOTICE_ENTITIES, line, sizeof(line));
    cJSON_AddStringToObject(request->json, "text", line);
    if (use->values[OPTION_USERNAME].is_set)
        cJSON_AddStringToObject(request->json, "username", use->values[OPTION_USERNAME].text);
    cJSON *attachment = cJSON_CreateObject();
    cJSON_AddStringToObject(attachment, "fallback", line);
    cJSON_AddStringToObject(attachment, "color", colour);
    if (facts->link[0] != '\0') {
        cJSON_AddStringToObject(attachment, "title", facts->about);
        cJSON_AddStringToObject(attachment, "title_link", facts->link);
    }
    add_fields(attachment, facts);
    if (facts->time_s > 0)
        cJSON_AddNumberToObject(attachment, "ts", (double)facts->time_s);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(request->json, "attachments"), attachment);
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = NOTIFY_NONE,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

const struct notifier_type notifier_slack = {
    .name = "slack",
    .options = options,
    .option_count = OPTION_COUNT,
    .http = &kind,
    .open = notify_http_open,
    .close = notify_http_close,
    .send = notify_http_send,
};
