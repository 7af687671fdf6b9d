/* stack_state.c - GET, POST and DELETE .../state: the state of a stack, as terraform's http backend keeps it.
 * SPDX-License-Identifier: MIT
 *
 * A state holds secrets: its bytes go from the request to a file and back to who asks for it, nowhere else. A
 * worker hashes and writes them; the row that names them is journaled when they are on the disk. */
#include "api/parts.h"
#include "api/stack_call.h"
#include "io/json_pick.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "store/state_file.h"

#include <cjson/cJSON.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS_MAX = 1024 * 1024, /* names in one */
    FOLDER_SIZE = 512,
    ARENA_SIZE = 8 * 1024,
    MD5_TEXT_SIZE = DIGEST_BASE64_SIZE(DIGEST_MD5_SIZE)
};

static const struct json_limits limits = {.size_max = STACK_STATE_MAX_BYTES,
                                          .depth_max = JSON_DEPTH_MAX,
                                          .keys_max = KEYS_MAX,
                                          .allows_rounding = true,
                                          .allows_infinity = true};

/* One state on its way: in from a request, or out to one. */
struct state_work {
    struct call *call;
    struct journal_view *view;
    char folder[FOLDER_SIZE];
    struct stack_wish wish;
    struct stack_now now;
    enum stack_outcome outcome;
    int64_t serial; /* out: which one; -1: the one that counts */
    bool has_md5;
    unsigned char md5[DIGEST_MD5_SIZE]; /* in: as the header says */
    char *bytes;                        /* NULL: none, or gone */
    size_t length;
    struct err err; /* code ERR_NONE: all is well */
};

static void drop_bytes(struct state_work *work)
{
    if (work->bytes != NULL)
        explicit_bzero(work->bytes, work->length);
    free(work->bytes);
    work->bytes = NULL;
}

static void end(struct state_work *work)
{
    struct call *call = work->call;

    drop_bytes(work);
    free(work);
    call->api->states--;
    call->holds--;
    call_settle(call);
}

/* Takes over what `wish` says; NULL: answered. */
static struct state_work *begin(struct call *call, const struct stack_wish *wish)
{
    struct api *api = call->api;

    if (!stack_call_may_work(call))
        return NULL;
    struct state_work *work = memory_take(sizeof(*work));
    work->call = call;
    work->view = api->view;
    work->wish = *wish;
    (void)snprintf(work->folder, sizeof(work->folder), "%s/iac", api->env.data_folder);
    api->states++;
    call->holds++;
    return work;
}

static void start(struct state_work *work, void (*run)(void *data), void (*done)(void *data))
{
    struct call *call = work->call;

    if (loop_work(call->api->env.loop, run, done, work, &work->err))
        return;
    problem_answer_err(call, &work->err);
    end(work);
}

/* ---- in ---- */

static bool read_members(struct state_work *work)
{
    static const char *const names[] = {"serial", "lineage"};
    struct stack_state *state = &work->wish.state;
    const char *lineage = "";
    cJSON *object = NULL;

    if (!json_pick(work->bytes, work->length, &limits, names, ARRAY_LENGTH(names), &object, &work->err))
        return false;
    struct json_node root = json_root(object);
    bool is_good =
        json_integer(&root, "serial", JSON_REQUIRED, 0, JSON_INTEGER_MAX, &state->serial, &work->err) &&
        json_text(&root, "lineage", JSON_REQUIRED, STACK_LINEAGE_MAX, &lineage, &work->err);
    (void)snprintf(state->lineage, sizeof(state->lineage), "%s", lineage);
    json_free(object);
    if (is_good && state->lineage[0] == '\0')
        is_good = err_set(&work->err, ERR_INVALID, "#/lineage: must not be empty");
    return is_good;
}

static bool read_state(struct state_work *work)
{
    struct stack_state *state = &work->wish.state;

    digest_md5(work->bytes, work->length, state->md5);
    if (work->has_md5 && memcmp(state->md5, work->md5, sizeof(work->md5)) != 0)
        return err_set(&work->err, ERR_INVALID, "the body is not the one that Content-MD5 says");
    state->length = (int64_t)work->length;
    digest_sha256(work->bytes, work->length, state->sha256);
    return read_members(work);
}

/* What is refused anyway leaves no file. The journal decides once more. */
static void take_in(void *data)
{
    struct state_work *work = data;
    const struct stack_wish *wish = &work->wish;

    if (read_state(work) &&
        journal_view_stack_now(work->view, wish->stack, wish->environment, &work->now, &work->err)) {
        work->outcome = stack_decide(wish, &work->now);
        if (work->outcome == STACK_DONE)
            (void)!state_file_write(work->folder, wish->stack, wish->environment, &wish->state, work->bytes,
                                    &work->err);
    }
    drop_bytes(work);
}

/* terraform shows the status alone: why stands in the log. */
static void refuse(struct call *call, const struct state_work *work)
{
    const struct err *err = &work->err;

    log_say(call->api->env.log, LOG_LEVEL_WARN, "iac %s/%s: a state of %s is refused: %s", work->wish.stack,
            work->wish.environment, work->wish.actor, err->text);
    if (err->code == ERR_INVALID || err->code == ERR_LIMIT)
        problem_answer(call, 400, err->code == ERR_LIMIT ? "limit" : "invalid", "%s", err->text);
    else
        problem_answer_err(call, err);
}

static void taken_in(void *data)
{
    struct state_work *work = data;
    struct call *call = work->call;

    if (call->api->is_closed) { /* and the journal with it */
        end(work);
        return;
    }
    if (work->err.code != ERR_NONE)
        refuse(call, work);
    else if (work->outcome != STACK_DONE)
        stack_call_answer(call, &work->wish, work->outcome, &work->now);
    else
        stack_call_change(call, &work->wish);
    end(work);
}

void state_save(struct call *call)
{
    struct stack_wish wish;
    unsigned char md5[DIGEST_MD5_SIZE] = {0};
    bool has_md5 = false;

    if (!stack_call_begin(call, STACK_SAVE, &wish) || !stack_call_md5(call, &has_md5, md5))
        return;
    struct state_work *work = begin(call, &wish);
    if (work == NULL)
        return;
    work->has_md5 = has_md5;
    memcpy(work->md5, md5, sizeof(md5));
    work->bytes = http_server_take_body(call->request, &work->length);
    call->text = "";
    call->text_length = 0;
    start(work, take_in, taken_in);
}

void state_delete(struct call *call)
{
    struct stack_wish wish;

    if (stack_call_begin(call, STACK_DELETE, &wish))
        stack_call_change(call, &wish);
}

/* ---- out ---- */

static void bring_out(void *data)
{
    struct state_work *work = data;
    struct stack_wish *wish = &work->wish;
    const struct journal_state_filter filter = {.name = wish->stack,
                                                .environment = wish->environment,
                                                .serial = work->serial,
                                                .is_living = work->serial < 0,
                                                .limit = 1};
    alignas(max_align_t) unsigned char memory[ARENA_SIZE];
    struct arena arena;
    const struct journal_state *rows = NULL;
    size_t count = 0;

    arena_init(&arena, memory, sizeof(memory));
    if (!journal_view_states(work->view, &filter, &arena, &rows, &count, &work->err) || count == 0)
        return;
    wish->state = rows[0].state;
    if (state_file_read(work->folder, wish->stack, wish->environment, &wish->state, &work->bytes, &work->err))
        work->length = (size_t)wish->state.length;
}

static void answer_state(struct call *call, const struct state_work *work)
{
    char md5[MD5_TEXT_SIZE];
    const struct http_server_header headers[] = {{"Content-MD5", md5}};

    digest_base64_encode(work->wish.state.md5, sizeof(work->wish.state.md5), md5);
    call_answer(call, 200, "application/json", headers, ARRAY_LENGTH(headers), work->bytes, work->length);
}

/* What cannot be read may be so for one version only. */
static void tell_unread(struct call *call, const struct state_work *work)
{
    log_say(call->api->env.log, LOG_LEVEL_ERROR, "iac %s/%s: %s", work->wish.stack, work->wish.environment,
            work->err.text);
    problem_answer(
        call, 500, "internal",
        "this state cannot be given as it was written, the daemon's log says why; an older one may "
        "be (?serial=)");
}

static void brought_out(void *data)
{
    struct state_work *work = data;
    struct call *call = work->call;

    if (call->request != NULL && work->err.code != ERR_NONE)
        tell_unread(call, work);
    else if (call->request != NULL && work->bytes != NULL)
        answer_state(call, work);
    else if (work->serial >= 0)
        problem_answer(call, 404, "not-found", "%s/%s has no state of this serial", work->wish.stack,
                       work->wish.environment);
    else
        call_answer(call, 204, "application/json", NULL, 0, "", 0);
    end(work);
}

void state_show(struct call *call)
{
    struct stack_wish wish;
    int64_t serial = -1;

    if (!call_query_number(call, "serial", 0, JSON_INTEGER_MAX, &serial) ||
        !stack_call_begin(call, STACK_SAVE, &wish))
        return;
    struct state_work *work = begin(call, &wish);
    if (work == NULL)
        return;
    work->serial = serial;
    start(work, bring_out, brought_out);
}
