/* notify_discord.c - Discord's webhooks: a line and an embed.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_line.h"
#include "drivers/notify_http.h"

#include <cjson/cJSON.h>

enum { OPTION_URL, OPTION_USERNAME, OPTION_LINE, OPTION_TIMEOUT, OPTION_CA, OPTION_COUNT };

/* Of characters; an embed has at most 6000 of them together, so its lines get less than they could. */
enum { TITLE_SIZE = 257, VALUE_SIZE = 321 };

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_SECRET,
                    .is_required = true,
                    .help = "the webhook's URL, by reference: who has it may post"},
    [OPTION_USERNAME] = {.name = "username", .type = OPTION_TEXT, .help = "shown as the sender"},
    [OPTION_LINE] = NOTIFY_OPTION_OF_TEXT,
    [OPTION_TIMEOUT] = NOTIFY_OPTION_OF_TIMEOUT,
    [OPTION_CA] = NOTIFY_OPTION_OF_CA,
};

static void add_fields(cJSON *embed, const struct notice_facts *facts)
{
    struct notice_field fields[NOTICE_FIELDS_MAX];
    char shown[VALUE_SIZE];
    size_t count = notice_fields(facts, fields);
    cJSON *array = cJSON_AddArrayToObject(embed, "fields");

    for (size_t i = 0; i < count; i++) {
        cJSON *field = cJSON_CreateObject();
        cJSON_AddStringToObject(field, "name", fields[i].name);
        cJSON_AddStringToObject(field, "value",
                                notice_text(fields[i].text, NOTICE_MARKDOWN, shown, sizeof(shown)));
        cJSON_AddBoolToObject(field, "inline", fields[i].is_short);
        cJSON_AddItemToArray(array, field);
    }
}

static bool write_request(const struct notify_use *use, const struct notice_facts *facts, size_t number,
                          struct notify_request *request)
{
    char shown[TITLE_SIZE];

    if (number > 0)
        return false;
    request->json = cJSON_CreateObject();
    if (use->values[OPTION_USERNAME].is_set)
        cJSON_AddStringToObject(request->json, "username", use->values[OPTION_USERNAME].text);
    cJSON *embed = cJSON_CreateObject();
    cJSON_AddStringToObject(
        embed, "title",
        notice_line(facts, use->values[OPTION_LINE].text, NOTICE_MARKDOWN, shown, sizeof(shown)));
    if (facts->link[0] != '\0')
        cJSON_AddStringToObject(embed, "url", facts->link);
    cJSON_AddNumberToObject(embed, "color", notice_colour(facts->kind));
    cJSON_AddStringToObject(embed, "timestamp", facts->time);
    add_fields(embed, facts);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(request->json, "embeds"), embed);
    /* Whatever is written there: nobody is rung at. */
    (void)cJSON_AddArrayToObject(cJSON_AddObjectToObject(request->json, "allowed_mentions"), "parse");
    return true;
}

static const struct notify_http_kind kind = {.url = OPTION_URL,
                                             .key = NOTIFY_NONE,
                                             .timeout = OPTION_TIMEOUT,
                                             .ca = OPTION_CA,
                                             .write = write_request};

const struct notifier_type notifier_discord = {
    .name = "discord",
    .options = options,
    .option_count = OPTION_COUNT,
    .http = &kind,
    .open = notify_http_open,
    .close = notify_http_close,
    .send = notify_http_send,
};
