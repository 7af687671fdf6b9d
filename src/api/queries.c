/* queries.c - names of query parameters, by route. A filter that is spelled wrong would answer with
 * everything.
 * SPDX-License-Identifier: MIT */
#include "api/queries.h"

#include "api/openapi.h"
#include "api/parts.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 8, NAME_SIZE = 24, OPERATION_SIZE = 160, LIST_SIZE = NAMES_MAX * (NAME_SIZE + 2) };

struct names {
    size_t count;
    char texts[NAMES_MAX][NAME_SIZE];
};

struct queries {
    size_t count;
    struct names *of_route; /* [count], as routes */
};

/* "since=span" names a schema behind the parameter. */
static void take_names(const cJSON *list, struct names *names)
{
    const cJSON *one = NULL;

    cJSON_ArrayForEach(one, list)
    {
        if (names->count < NAMES_MAX)
            (void)snprintf(names->texts[names->count++], NAME_SIZE, "%.*s",
                           (int)strcspn(one->valuestring, "="), one->valuestring);
    }
}

struct queries *queries_new(void)
{
    struct queries *queries = memory_take(sizeof(*queries));
    cJSON *parts = NULL;
    char operation[OPERATION_SIZE];

    queries->count = route_count;
    queries->of_route = memory_take_array(route_count, sizeof(*queries->of_route));
    if (!json_parse(openapi_parts, strlen(openapi_parts), NULL, &parts, NULL))
        abort(); /* our own text, which is looked at when we are built */
    const cJSON *operations = cJSON_GetObjectItemCaseSensitive(parts, "operations");
    for (size_t i = 0; i < route_count; i++) {
        (void)snprintf(operation, sizeof(operation), "%s %s", routes[i].method, routes[i].pattern);
        const cJSON *row = cJSON_GetObjectItemCaseSensitive(operations, operation);
        take_names(cJSON_GetObjectItemCaseSensitive(row, "query"), &queries->of_route[i]);
    }
    json_free(parts);
    return queries;
}

void queries_free(struct queries *queries)
{
    if (queries != NULL)
        free(queries->of_route);
    free(queries);
}

struct unknown {
    const struct names *names;
    char first[NAME_SIZE * 2]; /* of those that nobody knows */
    bool is_there;
};

static void look_at(void *data, const char *name)
{
    struct unknown *unknown = data;

    for (size_t i = 0; i < unknown->names->count; i++)
        if (strcmp(unknown->names->texts[i], name) == 0)
            return;
    if (!unknown->is_there)
        (void)snprintf(unknown->first, sizeof(unknown->first), "%s", name);
    unknown->is_there = true;
}

static void refuse(struct call *call, const struct names *names, const char *name)
{
    const char *candidates[NAMES_MAX];
    char memory[LIST_SIZE] = "";
    struct text list;

    text_init(&list, memory, sizeof(memory));
    for (size_t i = 0; i < names->count; i++) {
        candidates[i] = names->texts[i];
        text_add(&list, "%s%s", i == 0 ? "" : ", ", names->texts[i]);
    }
    const char *nearest = text_nearest(name, candidates, names->count);
    if (nearest != NULL)
        problem_answer(call, 400, "invalid", "there is no query parameter \"%s\" here; did you mean \"%s\"?",
                       name, nearest);
    else if (names->count > 0)
        problem_answer(call, 400, "invalid", "there is no query parameter \"%s\" here; there are: %s", name,
                       memory);
    else
        problem_answer(call, 400, "invalid", "there is no query parameter \"%s\" here, nor any other", name);
}

bool queries_allow(const struct queries *queries, struct call *call)
{
    struct unknown unknown = {.names = &queries->of_route[call->route - routes]};

    if (call->route->right == 0)
        return true;
    http_server_each_query(call->request, look_at, &unknown);
    if (unknown.is_there)
        refuse(call, unknown.names, unknown.first);
    return !unknown.is_there;
}
