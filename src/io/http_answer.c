/* http_answer.c - the blocking request, and reading an answer's headers.
 * SPDX-License-Identifier: MIT */
#include "io/http_transfer.h"

#include "base/text.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define RETRY_AFTER_MAX_MS (INT64_C(24) * 3600 * 1000)

bool http_perform(const struct http_request *request, struct http_answer *ret_answer, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "curl does not start");
    struct http_transfer *transfer = memory_take(sizeof(*transfer));
    struct http_answer answer = {0};

    if (http_transfer_init(transfer, request, &answer.err))
        answer = http_transfer_answer(transfer, curl_easy_perform(transfer->easy));
    answer.memory = transfer;
    if (answer.status != 0) {
        *ret_answer = answer;
        return true;
    }
    if (err != NULL)
        *err = answer.err;
    http_answer_done(&answer);
    return false;
}

void http_answer_done(struct http_answer *answer)
{
    struct http_transfer *transfer = answer->memory;

    if (transfer == NULL)
        return;
    http_transfer_done(transfer);
    free(transfer);
    curl_global_cleanup();
    *answer = (struct http_answer){.body = "", .headers = ""};
}

/* The value in `line` if that is a header called `name`, or NULL. */
static const char *match_line(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

bool http_answer_header(const struct http_answer *answer, const char *name, char *to, size_t size)
{
    for (const char *line = answer->headers; line[0] != '\0'; line += strcspn(line, "\n") + 1) {
        const char *value = match_line(line, name);
        if (value == NULL)
            continue;
        size_t length = strcspn(value, "\n");
        while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
            length--;
        if (length >= size)
            return false;
        memcpy(to, value, length);
        to[length] = '\0';
        return true;
    }
    return false;
}

bool http_answer_date(const struct http_answer *answer, int64_t *ret_s)
{
    char value[64];

    if (!http_answer_header(answer, "Date", value, sizeof(value)))
        return false;
    time_t date = curl_getdate(value, NULL);
    if (date == -1)
        return false;
    *ret_s = date;
    return true;
}

bool http_answer_retry_after(const struct http_answer *answer, int64_t *ret_ms)
{
    char value[64];
    int64_t wait_s = 0;

    if (!http_answer_header(answer, "Retry-After", value, sizeof(value)))
        return false;
    if (!text_to_integer(value, 0, INT32_MAX, &wait_s)) {
        time_t date = curl_getdate(value, NULL);
        if (date == -1)
            return false;
        wait_s = date > time(NULL) ? date - time(NULL) : 0;
    }
    *ret_ms = wait_s < RETRY_AFTER_MAX_MS / 1000 ? wait_s * 1000 : RETRY_AFTER_MAX_MS;
    return true;
}
