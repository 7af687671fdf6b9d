/* audit.c - GET /v1/audit: the rows of the audit with their hashes, so that whoever asks can follow the
 * chain.
 * SPDX-License-Identifier: MIT
 *
 * It is about all services, so a token that is bound to some may not read it: each deployment's report has
 * its part of it. */
#include "api/parts.h"
#include "api/shape.h"
#include "io/digest.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { AUDIT_DEFAULT = 20, HASH_TEXT_SIZE = 2 * JOURNAL_HASH_SIZE + 1, NUMBER_SIZE = 24 };

static void add_hash(cJSON *object, const char *name, const unsigned char hash[JOURNAL_HASH_SIZE])
{
    char text[HASH_TEXT_SIZE];

    digest_hex(hash, JOURNAL_HASH_SIZE, text);
    cJSON_AddStringToObject(object, name, text);
}

static void add_place(cJSON *object, struct journal *journal, const struct journal_audit *row)
{
    const char *service = NULL;
    const char *environment = NULL;

    shape_deployment_id(object, "deployment", row->deployment);
    cJSON_AddNumberToObject(object, "target", row->target);
    if (row->target == 0 || !journal_target_names(journal, row->target, &service, &environment))
        return;
    cJSON_AddStringToObject(object, "service", service);
    cJSON_AddStringToObject(object, "environment", environment);
}

/* Whose tokens there are is for admins, here as in the list of them and in the stream of events. */
static bool is_withheld(const struct principal *asker, const struct journal_audit *row)
{
    return strncmp(row->what, "token_", strlen("token_")) == 0 && !auth_allows(asker, TOKEN_ADMIN, "", "");
}

/* Every member that the hash covers is there as it is stored; of a row that is withheld, that it is one. */
static cJSON *shape_row(const struct principal *asker, struct journal *journal,
                        const struct journal_audit *row, const char *text)
{
    const struct journal_audit hidden = {
        .event = row->event, .wall_ms = row->wall_ms, .what = "withheld", .actor = "", .reason = ""};
    bool hides = is_withheld(asker, row);
    cJSON *object =
        hides || text == NULL ? shape_audit(NULL, hides ? &hidden : row) : shape_audit_told(row, text);

    if (hides)
        cJSON_AddTrueToObject(object, "withheld");
    cJSON_AddNumberToObject(object, "wall_ms", (double)row->wall_ms);
    cJSON_AddNumberToObject(object, "engine_ms", (double)row->engine_ms);
    add_place(object, journal, hides ? &hidden : row);
    add_hash(object, "prev", row->prev);
    add_hash(object, "hash", row->hash);
    return object;
}

static void show(struct call *call)
{
    const struct reading *reading = call->reading;
    char cursor[NUMBER_SIZE];

    if (reading_failed(call))
        return;
    cJSON *page = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(page, "audit");
    for (size_t i = 0; i < reading->audit_count; i++)
        cJSON_AddItemToArray(array, shape_row(&call->principal, call->api->env.journal, &reading->audits[i],
                                              reading->audit_texts[i]));
    bool has_more = reading->audit_count == reading->filter.limit && !reading->is_onward &&
                    reading->audits[reading->audit_count - 1].event > 1;
    if (has_more) {
        (void)snprintf(cursor, sizeof(cursor), "%" PRIu64, reading->audits[reading->audit_count - 1].event);
        cJSON_AddStringToObject(page, "cursor", cursor);
    } else {
        cJSON_AddNullToObject(page, "cursor");
    }
    call_answer_json(call, 200, page);
}

void audit_list(struct call *call)
{
    const struct journal_token *token = &call->principal.token;
    int64_t limit = AUDIT_DEFAULT;
    int64_t cursor = 0;
    int64_t after = -1;

    if (call->principal.has_token && token->service_count + token->environment_count > 0) {
        problem_answer(call, 403, "forbidden", "the audit is about all services, and the token of %s is not",
                       call->principal.name);
        return;
    }
    if (!call_query_number(call, "limit", 1, VIEW_ROWS_MAX, &limit) ||
        !call_query_number(call, "cursor", 1, JSON_INTEGER_MAX, &cursor) ||
        !call_query_number(call, "after", 0, JSON_INTEGER_MAX, &after))
        return;
    if (after >= 0 && cursor > 0) {
        problem_answer(call, 400, "invalid", "cursor, after: one of them says where to begin");
        return;
    }
    reading_audit(call, after >= 0, (uint64_t)(after >= 0 ? after : cursor), (uint32_t)limit, show);
}
