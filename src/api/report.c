/* report.c - GET .../report: all that the journal kept about a deployment, as JSON, text or a page.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "api/report_html.h"
#include "api/report_text.h"
#include "api/shape.h"
#include "io/digest.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum format { FORMAT_JSON, FORMAT_TEXT, FORMAT_HTML };

static enum format wanted(const struct call *call)
{
    const char *format = http_server_query(call->request, "format");
    const char *accept = http_server_header(call->request, "Accept");

    if (format != NULL && strcmp(format, "html") == 0)
        return FORMAT_HTML;
    if (format != NULL)
        return strcmp(format, "text") == 0 ? FORMAT_TEXT : FORMAT_JSON;
    return accept != NULL && strncmp(accept, "text/plain", 10) == 0 ? FORMAT_TEXT : FORMAT_JSON;
}

static void give(cJSON *object, const char *name, cJSON **array)
{
    cJSON_AddItemToObject(object, name, *array);
    *array = NULL;
}

/* What exactly was agreed on: the text that the plan and its rules were sealed as. */
static void add_seal(cJSON *object, const struct reading *reading)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    if (reading->sealed == NULL) {
        cJSON_AddNullToObject(object, "sealed_sha256");
        return;
    }
    digest_sha256_hex(reading->sealed, strlen(reading->sealed), hex);
    cJSON_AddStringToObject(object, "sealed_sha256", hex);
}

static void answer_page(struct call *call, cJSON *report)
{
    static const struct http_server_header headers[] = {
        {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                                    "form-action 'none'; frame-ancestors 'none'"},
    };
    char *page = report_html(report);

    call_answer(call, 200, "text/html; charset=utf-8", headers, ARRAY_LENGTH(headers), page, strlen(page));
    free(page);
    cJSON_Delete(report);
}

static void show(struct call *call)
{
    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    if (!call_allowed(call, TOKEN_READ, record.row->service, record.row->environment))
        return;
    if (wanted(call) == FORMAT_TEXT) {
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
    add_seal(object, call->reading);
    if (wanted(call) == FORMAT_HTML)
        answer_page(call, object);
    else
        call_answer_json(call, 200, object);
}

void report_show(struct call *call)
{
    if (call->match.deployment != 0)
        reading_deployment(call, READING_REPORT, call->match.deployment, show);
    else
        reading_last(call, READING_REPORT, show);
}
