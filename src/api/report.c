/* report.c - GET .../report: all that the journal kept about a deployment, as JSON or text.
 * SPDX-License-Identifier: MIT */
#include "api/report_text.h"

#include "api/parts.h"
#include "api/shape.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static bool wants_text(const struct call *call)
{
    const char *format = http_server_query(call->request, "format");
    const char *accept = http_server_header(call->request, "Accept");

    if (format != NULL)
        return strcmp(format, "text") == 0;
    return accept != NULL && strncmp(accept, "text/plain", 10) == 0;
}

static void give(cJSON *object, const char *name, cJSON **array)
{
    cJSON_AddItemToObject(object, name, *array);
    *array = NULL;
}

static void show(struct call *call)
{
    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    if (!call_allowed(call, TOKEN_READ, record.row->service, record.row->environment))
        return;
    if (wants_text(call)) {
        char *text = report_text(&record, call->reading);
        call_answer(call, 200, "text/plain; charset=utf-8", NULL, 0, text, strlen(text));
        free(text);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, "deployment", shape_deployment(&record, true));
    give(object, "verdicts", &call->reading->verdicts);
    give(object, "actions", &call->reading->actions);
    give(object, "audit", &call->reading->audit);
    cJSON_AddBoolToObject(object, "cut", call->reading->is_cut);
    call_answer_json(call, 200, object);
}

void report_show(struct call *call)
{
    if (call->match.deployment != 0)
        reading_deployment(call, READING_REPORT, call->match.deployment, show);
    else
        reading_last(call, READING_REPORT, show);
}
