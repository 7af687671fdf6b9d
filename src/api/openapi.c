/* openapi.c - OpenAPI 3.1 of the routes, from their table.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { METHOD_SIZE = 16, SCOPE_SIZE = 64 };

static void add_parameters(cJSON *operation, const char *pattern)
{
    cJSON *parameters = cJSON_AddArrayToObject(operation, "parameters");

    for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at + 1, '{')) {
        char name[SCOPE_SIZE];
        cJSON *parameter = cJSON_CreateObject();
        cJSON *schema = NULL;
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        cJSON_AddStringToObject(parameter, "name", name);
        cJSON_AddStringToObject(parameter, "in", "path");
        cJSON_AddBoolToObject(parameter, "required", true);
        if (strcmp(name, "deployment") == 0)
            cJSON_AddStringToObject(parameter, "description",
                                    "dep_N, or SERVICE/ENVIRONMENT: its active or last one");
        schema = cJSON_AddObjectToObject(parameter, "schema");
        cJSON_AddStringToObject(schema, "type", "string");
        cJSON_AddItemToArray(parameters, parameter);
    }
}

static void add_answers(cJSON *operation)
{
    cJSON *answers = cJSON_AddObjectToObject(operation, "responses");
    cJSON *good = cJSON_AddObjectToObject(answers, "2XX");
    cJSON *bad = cJSON_AddObjectToObject(answers, "default");
    cJSON *content = NULL;

    cJSON_AddStringToObject(good, "description", "It happened, or this is it");
    cJSON_AddStringToObject(bad, "description", "A problem document (RFC 9457)");
    content = cJSON_AddObjectToObject(bad, "content");
    cJSON_AddObjectToObject(content, "application/problem+json");
}

static cJSON *shape_operation(const struct route *route)
{
    cJSON *operation = cJSON_CreateObject();
    cJSON *security = NULL;

    cJSON_AddStringToObject(operation, "summary", route->help);
    add_parameters(operation, route->pattern);
    if (route->right != 0) {
        security = cJSON_AddArrayToObject(operation, "security");
        cJSON *scheme = cJSON_CreateObject();
        cJSON *scopes = cJSON_AddArrayToObject(scheme, "token");
        cJSON_AddItemToArray(scopes, cJSON_CreateString(auth_right_name(route->right)));
        cJSON_AddItemToArray(security, scheme);
    }
    add_answers(operation);
    return operation;
}

static void add_route(cJSON *paths, const struct route *route)
{
    cJSON *path = cJSON_GetObjectItemCaseSensitive(paths, route->pattern);
    char method[METHOD_SIZE] = "";

    if (path == NULL)
        path = cJSON_AddObjectToObject(paths, route->pattern);
    for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof(method); i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    cJSON_AddItemToObject(path, method, shape_operation(route));
}

void openapi_show(struct call *call)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *info = NULL;

    cJSON_AddStringToObject(root, "openapi", "3.1.0");
    info = cJSON_AddObjectToObject(root, "info");
    cJSON_AddStringToObject(info, "title", "verdictd");
    cJSON_AddStringToObject(info, "version", VERDICT_VERSION);
    cJSON *paths = cJSON_AddObjectToObject(root, "paths");
    for (size_t i = 0; i < route_count; i++)
        if (routes[i].handle != missing_answer)
            add_route(paths, &routes[i]);
    cJSON *components = cJSON_AddObjectToObject(root, "components");
    cJSON *schemes = cJSON_AddObjectToObject(components, "securitySchemes");
    cJSON *token = cJSON_AddObjectToObject(schemes, "token");
    cJSON_AddStringToObject(token, "type", "http");
    cJSON_AddStringToObject(token, "scheme", "bearer");
    call_answer_json(call, 200, root);
}
