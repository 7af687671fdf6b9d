/* problem.c - errors as application/problem+json.
 * SPDX-License-Identifier: MIT */
#include "api/problem.h"

#include "api/parts.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETAIL_SIZE = 1024, POINTER_SIZE = 256, TYPE_SIZE = 96 };

struct status_title {
    unsigned status;
    const char *title;
};

static const struct status_title titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

static const unsigned statuses[ERR_CODE_COUNT] = {
    [ERR_NONE] = 500,        [ERR_INVALID] = 422,   [ERR_NOT_FOUND] = 404, [ERR_EXISTS] = 409,
    [ERR_CONFLICT] = 409,    [ERR_FORBIDDEN] = 403, [ERR_LIMIT] = 503,     [ERR_TIMEOUT] = 504,
    [ERR_UNAVAILABLE] = 503, [ERR_IO] = 507,        [ERR_PROTOCOL] = 500,  [ERR_INTERNAL] = 500,
};

const char *problem_title(unsigned status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

unsigned problem_status(enum err_code code)
{
    return statuses[code];
}

static void add_error(cJSON *problem, const char *pointer, const char *detail)
{
    cJSON *errors = cJSON_AddArrayToObject(problem, "errors");
    cJSON *error = cJSON_CreateObject();

    cJSON_AddStringToObject(error, "pointer", pointer);
    cJSON_AddStringToObject(error, "detail", detail);
    cJSON_AddItemToArray(errors, error);
}

/* "#/service: is missing" names a member. */
static void add_errors_of(cJSON *problem, const char *detail)
{
    const char *colon = strstr(detail, ": ");
    char pointer[POINTER_SIZE];

    if (detail[0] != '#' || colon == NULL || (size_t)(colon - detail) >= sizeof(pointer))
        return;
    memcpy(pointer, detail, (size_t)(colon - detail));
    pointer[colon - detail] = '\0';
    add_error(problem, pointer, colon + 2);
}

cJSON *problem_shape(unsigned status, const char *code, const char *detail)
{
    cJSON *problem = cJSON_CreateObject();
    char type[TYPE_SIZE];

    (void)snprintf(type, sizeof(type), "urn:verdict:problem:%s", code);
    cJSON_AddStringToObject(problem, "type", type);
    cJSON_AddStringToObject(problem, "title", problem_title(status));
    cJSON_AddNumberToObject(problem, "status", status);
    cJSON_AddStringToObject(problem, "detail", detail);
    cJSON_AddStringToObject(problem, "code", code);
    return problem;
}

static cJSON *make(const struct call *call, unsigned status, const char *code, const char *detail)
{
    cJSON *problem = problem_shape(status, code, detail);

    if (call->request != NULL)
        cJSON_AddStringToObject(problem, "instance", call->request->path);
    return problem;
}

/* Takes over `problem`. */
static void answer(struct call *call, unsigned status, const struct http_server_header *header,
                   cJSON *problem)
{
    char *text = json_print(problem);

    call_answer(call, status, "application/problem+json", header, header == NULL ? 0 : 1, text, strlen(text));
    free(text);
    cJSON_Delete(problem);
}

void problem_answer(struct call *call, unsigned status, const char *code, const char *detail, ...)
{
    static const struct http_server_header soon = {"Retry-After", "1"};
    char text[DETAIL_SIZE];
    va_list list;

    va_start(list, detail);
    (void)vsnprintf(text, sizeof(text), detail, list);
    va_end(list);
    cJSON *problem = make(call, status, code, text);
    add_errors_of(problem, text);
    answer(call, status, status == 503 ? &soon : NULL, problem);
}

void problem_answer_err(struct call *call, const struct err *err)
{
    problem_answer(call, problem_status(err->code), err_code_name(err->code), "%s", err->text);
}

void problem_answer_member(struct call *call, const char *pointer, const char *detail, ...)
{
    char text[DETAIL_SIZE];
    va_list list;

    va_start(list, detail);
    (void)vsnprintf(text, sizeof(text), detail, list);
    va_end(list);
    problem_answer(call, 400, "invalid", "%s: %s", pointer, text);
}

void problem_answer_unknown(struct call *call, const char *detail)
{
    static const struct http_server_header header = {"WWW-Authenticate", "Bearer realm=\"verdictd\""};

    answer(call, 401, &header, make(call, 401, "unauthorized", detail));
}

void problem_answer_rate(struct call *call, int64_t wait_ms, const char *who)
{
    char seconds[24];
    char text[DETAIL_SIZE];
    const struct http_server_header header = {"Retry-After", seconds};

    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait_ms + 999) / 1000));
    (void)snprintf(text, sizeof(text), "%s asks too often; wait for %s s (`rates` in verdictd.conf)", who,
                   seconds);
    answer(call, 429, &header, make(call, 429, "rate-limited", text));
}

void problem_answer_method(struct call *call, const char *allowed)
{
    const struct http_server_header header = {"Allow", allowed};

    answer(call, 405, &header, make(call, 405, "method", "this path takes another method"));
}

void problem_answer_precondition(struct call *call, const char *etag)
{
    const struct http_server_header header = {"ETag", etag};

    answer(call, 412, &header,
           make(call, 412, "precondition-failed",
                "If-Match: it is not what you have seen any more, or something else is being done to it; "
                "read it again"));
}
