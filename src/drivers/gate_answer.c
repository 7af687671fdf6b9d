/* gate_answer.c - what the answer of a web gate means.
 * SPDX-License-Identifier: MIT */
#include "drivers/gate_answer.h"

#include "io/json.h"
#include "io/utf8.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { REASON_MAX = 4096 };

struct words {
    bool is_open, is_refused;
    const char *reason;
};

static bool read_words(const struct cJSON *root, struct words *ret_words, struct err *err)
{
    const struct json_node object = json_root(root);

    *ret_words = (struct words){.reason = ""};
    return json_as_object(&object, err) &&
           json_bool(&object, "open", JSON_REQUIRED, &ret_words->is_open, err) &&
           json_bool(&object, "refused", JSON_OPTIONAL, &ret_words->is_refused, err) &&
           json_text(&object, "reason", JSON_OPTIONAL, REASON_MAX, &ret_words->reason, err);
}

/* One line, whole characters. */
static void copy_reason(const char *reason, char to[GATE_WHY_MAX + 1])
{
    size_t left = strlen(reason);
    size_t used = 0;

    for (size_t length = 0; left > 0; reason += length, left -= length) {
        length = utf8_length(reason, left);
        if (length == 0 || used + length > GATE_WHY_MAX)
            break;
        bool is_control =
            (unsigned char)reason[0] < ' ' || reason[0] == '\x7f' || utf8_is_control(reason, length);
        if (is_control)
            to[used++] = ' ';
        else
            memcpy(to + used, reason, length);
        used += is_control ? 0 : length;
    }
    to[used] = '\0';
}

static enum gate_word is_no_answer(char to[GATE_WHY_MAX + 1], const char *what)
{
    (void)snprintf(to, GATE_WHY_MAX + 1, "%s", what);
    return GATE_WORD_SILENT;
}

enum gate_word gate_answer_read(int status, const char *body, size_t length, char to[GATE_WHY_MAX + 1])
{
    CLEANUP(json_free_at) struct cJSON *root = NULL;
    struct words words;
    struct err err = {0};

    if (status < 200 || status > 299) {
        (void)snprintf(to, GATE_WHY_MAX + 1, "it answered %d", status);
        return GATE_WORD_SILENT;
    }
    if (!json_parse(body, length, NULL, &root, &err) || !read_words(root, &words, &err))
        return is_no_answer(to, "its answer is not like {\"open\": true}");
    if (words.is_open && words.is_refused)
        return is_no_answer(to, "it says both open and refused");
    copy_reason(words.reason, to);
    if (words.is_open)
        return GATE_WORD_OPEN;
    return words.is_refused ? GATE_WORD_REFUSED : GATE_WORD_CLOSED;
}
