/* event_page.c - a page of audit rows as Server-Sent Events.
 * SPDX-License-Identifier: MIT */
#include "api/event_page.h"

#include "api/audit_texts.h"
#include "api/parts.h"
#include "api/run_sentence.h"
#include "api/shape.h"
#include "config/config.h"
#include "io/json.h"
#include "io/memory.h"
#include "store/journal_stack.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 256 * 1024, ID_SIZE = 32 };

void event_page_event_done(struct event_page_event *event)
{
    free(event->text);
    event->text = NULL;
}

struct event_page *event_page_new(struct api *api, uint64_t deployment, uint64_t after, bool is_past)
{
    struct event_page *page = memory_take(sizeof(*page));

    page->api = api;
    page->deployment = deployment;
    page->after = after;
    page->is_past = is_past;
    arena_init(&page->arena, memory_take(MEMORY), MEMORY);
    return page;
}

void event_page_free(struct event_page *page)
{
    for (size_t i = 0; i < page->known_count; i++)
        definition_free(page->known[i].definition);
    free(page->arena.memory);
    free(page);
}

static const struct event_page_deployment *find(const struct event_page *page, uint64_t deployment)
{
    for (size_t i = 0; i < page->known_count; i++)
        if (page->known[i].row->id == deployment)
            return &page->known[i];
    return NULL;
}

/* What cannot be rebuilt is told in fewer words. */
static void read_definition(struct event_page *page, struct event_page_deployment *known)
{
    if (page->is_past)
        known->definition = audit_texts_definition(page->api->view, known->row, page->api->env.schemas);
}

static bool read_deployment(struct event_page *page, uint64_t deployment)
{
    struct event_page_deployment *known = &page->known[page->known_count];

    if (deployment == 0 || find(page, deployment) != NULL)
        return true;
    if (!journal_view_deployment(page->api->view, deployment, &page->arena, &known->row, &page->err))
        return false;
    page->known_count++;
    read_definition(page, known);
    return true;
}

void event_page_read(void *data)
{
    struct event_page *page = data;
    struct journal_view *view = page->api->view;
    size_t count = 0;

    if (view == NULL) {
        err_set(&page->err, ERR_UNAVAILABLE, "the journal cannot be read");
        return;
    }
    if (!journal_view_audit(view, page->deployment, page->after, EVENT_PAGE_ROWS, &page->arena, &page->rows,
                            &count, &page->err))
        return;
    for (size_t i = 0; i < count; i++)
        if (!read_deployment(page, page->rows[i].deployment))
            return;
    page->count = count;
}

static void copy_names(struct event_page_event *event, const char *service, const char *environment)
{
    (void)snprintf(event->service, sizeof(event->service), "%s", service);
    (void)snprintf(event->environment, sizeof(event->environment), "%s", environment);
}

/* "run_7", where the reason begins with it. */
static void add_run(cJSON *json, const struct journal_audit *row)
{
    char id[ID_SIZE];
    uint64_t run = 0;

    if (!run_sentence_run(row, &run))
        return;
    (void)snprintf(id, sizeof(id), "run_%" PRIu64, run);
    cJSON_AddStringToObject(json, "run", id);
}

static void add_place(const struct event_page_event *event, const struct event_page_deployment *known,
                      cJSON *json)
{
    char id[ID_SIZE];

    if (known != NULL) {
        (void)snprintf(id, sizeof(id), "dep_%" PRIu64, event->deployment);
        cJSON_AddStringToObject(json, "deployment", id);
    }
    if (event->service[0] != '\0') {
        cJSON_AddStringToObject(json, "service", event->service);
        cJSON_AddStringToObject(json, "environment", event->environment);
    }
    if (known != NULL)
        cJSON_AddStringToObject(json, "version", known->row->version);
}

static const struct definition *definition_of(const struct event_page *page, uint64_t deployment,
                                              const struct event_page_deployment *known)
{
    const struct api_env *env = &page->api->env;
    struct api_live live = {0};

    if (deployment != 0 && env->live(env->data, deployment, &live))
        return live.definition;
    return known == NULL ? NULL : known->definition;
}

void event_page_take(const struct event_page *page, size_t index, struct event_page_event *ret_event)
{
    const struct journal_audit *row = &page->rows[index];
    const struct event_page_deployment *known = find(page, row->deployment);
    struct event_page_event event = {.id = row->event, .deployment = row->deployment};
    const char *service = NULL;
    const char *environment = NULL;

    event.is_revoking = strcmp(row->what, "token_revoked") == 0;
    event.is_private = event.is_revoking || strcmp(row->what, "token_created") == 0;
    if (known != NULL)
        copy_names(&event, known->row->service, known->row->environment);
    else if (row->target != 0 &&
             journal_target_names(page->api->env.journal, row->target, &service, &environment))
        copy_names(&event, service, environment);
    else if (!journal_stack_place(row, event.service, event.environment))
        event.service[0] = '\0'; /* of no service */
    cJSON *json = shape_audit(definition_of(page, row->deployment, known), row);
    add_place(&event, known, json);
    add_run(json, row);
    char *data = json_print(json);
    cJSON_Delete(json);
    size_t size = strlen(data) + strlen(row->what) + 64;
    event.text = memory_take(size);
    (void)snprintf(event.text, size, "id: %" PRIu64 "\nevent: %s\ndata: %s\n\n", row->event, row->what, data);
    event.data = strchr(strchr(event.text, '\n') + 1, '\n') + sizeof("\ndata: ") - 1;
    free(data);
    *ret_event = event;
}
