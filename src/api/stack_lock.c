/* stack_lock.c - LOCK, UNLOCK .../state and DELETE .../lock: who may change a stack now.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "api/stack_call.h"
#include "io/json.h"

#include <stdio.h>
#include <string.h>

/* The holder's words are shown to others and journaled. */
static bool take_line(struct call *call, const char *name, enum json_need need, size_t size, char *to)
{
    struct json_node root = json_root(call->body);
    const char *text = "";
    struct err err = {0};

    if (!json_text(&root, name, need, size - 1, &text, &err)) {
        problem_answer(call, 400, "invalid", "%s", err.text);
        return false;
    }
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == '\x7f') {
            problem_answer(call, 400, "invalid", "#/%s: must be one line without control characters", name);
            return false;
        }
    (void)snprintf(to, size, "%s", text);
    return true;
}

static bool is_as_sent(struct call *call)
{
    unsigned char sent[DIGEST_MD5_SIZE];
    unsigned char got[DIGEST_MD5_SIZE];
    bool is_there = false;

    if (!stack_call_md5(call, &is_there, sent))
        return false;
    digest_md5(call->text, call->text_length, got);
    if (!is_there || memcmp(sent, got, sizeof(got)) == 0)
        return true;
    problem_answer(call, 400, "invalid", "the body is not the one that Content-MD5 says");
    return false;
}

/* {"ID","Operation","Info","Who","Version","Created","Path"} of terraform's; the first one must be there. */
static bool read_holder(struct call *call, struct stack_wish *wish)
{
    struct err err = {0};

    if (call->text_length > STACK_HOLDER_MAX_BYTES) {
        problem_answer(call, 400, "limit", "what a holder says of itself has at most %d bytes",
                       STACK_HOLDER_MAX_BYTES);
        return false;
    }
    if (!is_as_sent(call))
        return false;
    if (!json_parse(call->text, call->text_length, NULL, &call->body, &err)) {
        problem_answer(call, 400, "invalid", "%s", err.text);
        return false;
    }
    struct json_node root = json_root(call->body);
    if (!json_as_object(&root, &err)) {
        problem_answer(call, 400, "invalid", "%s", err.text);
        return false;
    }
    memcpy(wish->holder, call->text, call->text_length);
    if (!take_line(call, "ID", JSON_REQUIRED, sizeof(wish->lock_id), wish->lock_id) ||
        !take_line(call, "Who", JSON_OPTIONAL, sizeof(wish->who), wish->who) ||
        !take_line(call, "Operation", JSON_OPTIONAL, sizeof(wish->operation), wish->operation))
        return false;
    if (wish->lock_id[0] != '\0')
        return true;
    problem_answer(call, 400, "invalid", "#/ID: must not be empty");
    return false;
}

void stack_lock(struct call *call)
{
    struct stack_wish wish;

    if (stack_call_begin(call, STACK_LOCK, &wish) && read_holder(call, &wish))
        stack_call_change(call, &wish);
}

/* `terraform force-unlock` names no lock: the backend gets an empty body, whatever the person typed. */
static void force(struct call *call)
{
    struct stack_wish wish;

    if (!call_allowed(call, TOKEN_OVERRIDE, call->match.service, call->match.environment) ||
        !stack_call_begin(call, STACK_BREAK, &wish))
        return;
    (void)snprintf(wish.reason, sizeof(wish.reason), "terraform force-unlock");
    stack_call_change(call, &wish);
}

void stack_unlock(struct call *call)
{
    struct stack_wish wish;

    if (call->text_length == 0)
        force(call);
    else if (stack_call_begin(call, STACK_UNLOCK, &wish) && read_holder(call, &wish))
        stack_call_change(call, &wish);
}

void stack_break(struct call *call)
{
    static const char *const names[] = {"reason", "id"};
    struct stack_wish wish;

    if (!stack_call_begin(call, STACK_BREAK, &wish) ||
        !call_read_body(call, names, ARRAY_LENGTH(names), false) ||
        !call_body_line(call, "reason", sizeof(wish.reason), wish.reason) ||
        !call_body_line(call, "id", sizeof(wish.lock_id), wish.lock_id))
        return;
    if (wish.reason[0] == '\0')
        problem_answer_member(call, "#/reason", "must say why");
    else
        stack_call_change(call, &wish);
}
