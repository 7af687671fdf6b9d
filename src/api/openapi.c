/* openapi.c - OpenAPI 3.1 of the routes: their table, with what openapi.json says of each one's bodies,
 * queries and answers.
 * SPDX-License-Identifier: MIT */
#include "api/openapi.h"

#include "api/parts.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { METHOD_SIZE = 16, TEXT_SIZE = 160 };

#define PROBLEM_TYPE  "application/problem+json"
#define OTHERS        "x-additionalOperations"
#define SCHEMA_PREFIX "#/components/schemas/"

static void refer(cJSON *object, const char *name)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), SCHEMA_PREFIX "%s", name);
    cJSON_AddStringToObject(object, "$ref", text);
}

/* ---- parameters ---- */

static cJSON *add_parameter(cJSON *parameters, const char *name, const char *in)
{
    cJSON *parameter = cJSON_CreateObject();

    cJSON_AddStringToObject(parameter, "name", name);
    cJSON_AddStringToObject(parameter, "in", in);
    cJSON_AddBoolToObject(parameter, "required", strcmp(in, "path") == 0);
    cJSON_AddItemToArray(parameters, parameter);
    return parameter;
}

static void add_path_parameter(cJSON *parameters, const char *name)
{
    static const struct {
        const char *name, *pattern, *description;
    } forms[] = {
        {"deployment", "^dep_[1-9][0-9]*$|^[a-z][a-z0-9-]{0,62}/[a-z][a-z0-9-]{0,62}$",
         "dep_N, or SERVICE/ENVIRONMENT: its active or last one"},
        {"run", "^run_[1-9][0-9]*$", NULL},
        {"id", NULL, NULL},
    };
    cJSON *parameter = add_parameter(parameters, name, "path");
    cJSON *schema = cJSON_AddObjectToObject(parameter, "schema");

    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        if (strcmp(forms[i].name, name) != 0)
            continue;
        cJSON_AddStringToObject(schema, "type", "string");
        if (forms[i].pattern != NULL)
            cJSON_AddStringToObject(schema, "pattern", forms[i].pattern);
        if (forms[i].description != NULL)
            cJSON_AddStringToObject(parameter, "description", forms[i].description);
        return;
    }
    refer(schema, "Name");
}

/* Those that the row names, as `known` describes them. */
static void add_named(cJSON *parameters, const cJSON *names, const cJSON *known, const char *in)
{
    const cJSON *name = NULL;

    cJSON_ArrayForEach(name, names)
    {
        char shown[TEXT_SIZE];
        size_t length = strcspn(name->valuestring, "=");
        (void)snprintf(shown, sizeof(shown), "%.*s", (int)length, name->valuestring);
        const cJSON *schema = cJSON_GetObjectItemCaseSensitive(
            known, name->valuestring[length] == '=' ? name->valuestring + length + 1 : shown);
        cJSON_AddItemToObject(add_parameter(parameters, shown, in), "schema", cJSON_Duplicate(schema, true));
    }
}

static void add_parameters(cJSON *operation, const char *pattern, const cJSON *row, const cJSON *parts)
{
    cJSON *parameters = cJSON_AddArrayToObject(operation, "parameters");

    for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at + 1, '{')) {
        char name[TEXT_SIZE];
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        add_path_parameter(parameters, name);
    }
    add_named(parameters, cJSON_GetObjectItemCaseSensitive(row, "query"),
              cJSON_GetObjectItemCaseSensitive(parts, "queries"), "query");
    add_named(parameters, cJSON_GetObjectItemCaseSensitive(row, "headers"),
              cJSON_GetObjectItemCaseSensitive(parts, "headers"), "header");
}

/* ---- bodies ---- */

/* "Start" is JSON of that schema, "text/plain" a type alone, "application/x+json#Start" both, "" nothing. */
static void add_type(cJSON *content, const char *form)
{
    char type[TEXT_SIZE] = "application/json";
    const char *schema = form;

    if (strchr(form, '/') != NULL) {
        (void)snprintf(type, sizeof(type), "%.*s", (int)strcspn(form, "#"), form);
        schema = form + strcspn(form, "#");
        schema += schema[0] == '#';
    }
    cJSON *media = cJSON_AddObjectToObject(content, type);
    if (schema[0] != '\0')
        refer(cJSON_AddObjectToObject(media, "schema"), schema);
}

static void add_content(cJSON *object, const cJSON *forms)
{
    const cJSON *form = NULL;

    if (cJSON_IsString(forms) && forms->valuestring[0] == '\0')
        return;
    cJSON *content = cJSON_AddObjectToObject(object, "content");
    if (cJSON_IsString(forms)) {
        add_type(content, forms->valuestring);
        return;
    }
    cJSON_ArrayForEach(form, forms)
    {
        add_type(content, form->valuestring);
    }
}

static void add_body(cJSON *operation, const cJSON *row)
{
    const cJSON *forms = cJSON_GetObjectItemCaseSensitive(row, "body");

    if (forms == NULL)
        return;
    cJSON *body = cJSON_AddObjectToObject(operation, "requestBody");
    bool is_optional = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "optional"));
    cJSON_AddBoolToObject(body, "required", !is_optional);
    add_content(body, forms);
}

/* ---- answers ---- */

static void add_problem(cJSON *answers, const char *status, const char *title)
{
    cJSON *answer = cJSON_AddObjectToObject(answers, status);

    cJSON_AddStringToObject(answer, "$ref", "#/components/responses/Problem");
    cJSON_AddStringToObject(answer, "description", title);
}

/* The one that all of these are. */
static void add_problem_answer(cJSON *components)
{
    cJSON *responses = cJSON_AddObjectToObject(components, "responses");
    cJSON *answer = cJSON_AddObjectToObject(responses, "Problem");

    cJSON_AddStringToObject(answer, "description", "A problem document (RFC 9457)");
    cJSON *content = cJSON_AddObjectToObject(answer, "content");
    refer(cJSON_AddObjectToObject(cJSON_AddObjectToObject(content, PROBLEM_TYPE), "schema"), "Problem");
}

static void add_problem_number(cJSON *answers, unsigned status)
{
    char text[METHOD_SIZE];

    (void)snprintf(text, sizeof(text), "%u", status);
    if (cJSON_GetObjectItemCaseSensitive(answers, text) == NULL)
        add_problem(answers, text, problem_title(status));
}

static const char *describe(const char *status)
{
    if (strcmp(status, "304") == 0)
        return "It is what is known already";
    return status[0] == '4' ? "Somebody else holds the lock: who does, in the holder's own words"
                            : "It happened, or this is it";
}

static void add_answers(cJSON *operation, const struct route *route, const cJSON *row)
{
    static const struct {
        unsigned status;
        bool needs_right;
    } usual[] = {{400, true}, {401, true}, {403, true}, {413, false}, {429, false}, {431, false}};
    cJSON *answers = cJSON_AddObjectToObject(operation, "responses");
    const cJSON *one = NULL;

    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(row, "answers"))
    {
        cJSON *answer = cJSON_AddObjectToObject(answers, one->string);
        cJSON_AddStringToObject(answer, "description", describe(one->string));
        add_content(answer, one);
    }
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(row, "problems"))
    {
        add_problem_number(answers, (unsigned)one->valueint);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(usual); i++)
        if (route->right != 0 || !usual[i].needs_right)
            add_problem_number(answers, usual[i].status);
    add_problem(answers, "5XX", "It did not go well here; what may go well later has Retry-After");
}

/* ---- the whole ---- */

static cJSON *shape_operation(const struct route *route, const cJSON *parts)
{
    cJSON *operation = cJSON_CreateObject();
    char name[TEXT_SIZE];

    (void)snprintf(name, sizeof(name), "%s %s", route->method, route->pattern);
    const cJSON *row =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(parts, "operations"), name);
    cJSON_AddStringToObject(operation, "summary", route->help);
    add_parameters(operation, route->pattern, row, parts);
    if (route->right != 0) {
        cJSON *scheme = cJSON_CreateObject();
        cJSON *scopes = cJSON_AddArrayToObject(scheme, "token");
        cJSON_AddItemToArray(scopes, cJSON_CreateString(auth_right_name(route->right)));
        cJSON_AddItemToArray(cJSON_AddArrayToObject(operation, "security"), scheme);
    }
    add_body(operation, row);
    add_answers(operation, route, row);
    return operation;
}

/* OpenAPI 3.1 has a member for each of these alone. Others (terraform's LOCK) stand as 3.2 has them, in
 * `additionalOperations`, which is an extension here. */
static bool is_usual(const char *method)
{
    static const char *const usual[] = {"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"};
    size_t i = 0;

    while (i < ARRAY_LENGTH(usual) && strcmp(usual[i], method) != 0)
        i++;
    return i < ARRAY_LENGTH(usual);
}

static void add_unusual(cJSON *path, const struct route *route, const cJSON *parts)
{
    cJSON *others = cJSON_GetObjectItemCaseSensitive(path, OTHERS);

    if (others == NULL)
        others = cJSON_AddObjectToObject(path, OTHERS);
    cJSON_AddItemToObject(others, route->method, shape_operation(route, parts));
}

static void add_route(cJSON *paths, const struct route *route, const cJSON *parts)
{
    cJSON *path = cJSON_GetObjectItemCaseSensitive(paths, route->pattern);
    char method[METHOD_SIZE] = "";

    if (path == NULL)
        path = cJSON_AddObjectToObject(paths, route->pattern);
    if (!is_usual(route->method)) {
        add_unusual(path, route, parts);
        return;
    }
    for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof(method); i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    cJSON_AddItemToObject(path, method, shape_operation(route, parts));
}

static cJSON *shape(cJSON *parts)
{
    cJSON *root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "openapi", "3.1.0");
    cJSON *info = cJSON_AddObjectToObject(root, "info");
    cJSON_AddStringToObject(info, "title", "verdictd");
    cJSON_AddStringToObject(info, "version", VERDICT_VERSION);
    cJSON *paths = cJSON_AddObjectToObject(root, "paths");
    for (size_t i = 0; i < route_count; i++)
        add_route(paths, &routes[i], parts);
    cJSON *components = cJSON_AddObjectToObject(root, "components");
    cJSON *token = cJSON_AddObjectToObject(cJSON_AddObjectToObject(components, "securitySchemes"), "token");
    cJSON_AddStringToObject(token, "type", "http");
    cJSON_AddStringToObject(token, "scheme", "bearer");
    cJSON_AddStringToObject(token, "description", "Or as the password of Basic, whatever the user's name");
    add_problem_answer(components);
    cJSON_AddItemToObject(components, "schemas", cJSON_DetachItemFromObjectCaseSensitive(parts, "schemas"));
    return root;
}

void openapi_show(struct call *call)
{
    cJSON *parts = NULL;
    struct err err = {0};

    if (!json_parse(openapi_parts, strlen(openapi_parts), NULL, &parts, &err)) {
        problem_answer_err(call, &err);
        return;
    }
    call_answer_json(call, 200, shape(parts));
    json_free(parts);
}
