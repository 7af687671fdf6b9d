/* state_restore.c - reads the old version, gives it its new serial, writes it as a file of its own.
 * SPDX-License-Identifier: MIT */
#include "store/state_restore.h"

#include "io/json_pick.h"
#include "io/memory.h"
#include "store/state_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_SIZE = 16 * 1024, SERIAL_SIZE = 24 };

/* One restoring: from what is there to the bytes of the new version. */
struct making {
    struct journal_view *view;
    const char *folder;
    struct stack_wish *wish;
    struct arena arena;
    const struct journal_stack *stack;
    struct stack_state from; /* what is restored */
    char *bytes;             /* of it; NULL: not read */
    char *renewed;           /* with another serial */
    size_t length;           /* of those */
};

static void wipe(char **bytes, size_t length)
{
    if (*bytes != NULL)
        explicit_bzero(*bytes, length);
    free(*bytes);
    *bytes = NULL;
}

static bool is_newest(const struct making *making, uint64_t version)
{
    const struct journal_state *newest = &making->stack->newest;

    return version == newest->version && newest->deleted_ms == 0;
}

static bool find_stack(struct making *making, struct err *err)
{
    size_t count = 0;

    if (!journal_view_stacks(making->view, making->wish->stack, making->wish->environment, &making->arena,
                             &making->stack, &count, err))
        return false;
    if (count == 0 || making->stack->newest.version == 0)
        making->stack = NULL;
    return true;
}

/* Sets `from`, or says what is in the way of it. */
static bool find_version(struct making *making, enum state_restore *ret_what, struct err *err)
{
    const struct stack_wish *wish = making->wish;
    bool is_verified = wish->restores == STATE_RESTORE_VERIFIED;
    uint64_t verified = making->stack == NULL ? 0 : making->stack->verified.version;
    const struct journal_state *rows = NULL;
    size_t count = 0;

    *ret_what = is_verified ? STATE_RESTORE_NEVER : STATE_RESTORE_GONE;
    if (making->stack == NULL || (is_verified && verified == 0))
        return true;
    const struct journal_state_filter filter = {.name = wish->stack,
                                                .environment = wish->environment,
                                                .serial = is_verified ? -1 : wish->restores,
                                                .lineage = making->stack->newest.state.lineage,
                                                .before = is_verified ? verified + 1 : 0,
                                                .limit = 1};
    if (!journal_view_states(making->view, &filter, &making->arena, &rows, &count, err))
        return false;
    if (count == 0 || (is_verified && rows[0].version != verified))
        return true;
    making->from = rows[0].state;
    *ret_what = is_newest(making, rows[0].version) ? STATE_RESTORE_NEEDLESS : STATE_RESTORE_READY;
    return true;
}

/* The bytes as they are, but for the serial. */
static bool renew(struct making *making, int64_t serial, struct err *err)
{
    char text[SERIAL_SIZE];
    size_t at = 0;
    size_t old = 0;
    size_t length = (size_t)making->from.length;

    if (!json_pick_place(making->bytes, length, "serial", &at, &old))
        return err_set(err, ERR_INTERNAL, "a state without a serial is kept");
    size_t added = (size_t)snprintf(text, sizeof(text), "%" PRId64, serial);
    wipe(&making->renewed, making->length);
    making->length = length - old + added;
    making->renewed = memory_take(making->length + 1);
    memcpy(making->renewed, making->bytes, at);
    memcpy(making->renewed + at, text, added);
    memcpy(making->renewed + at + added, making->bytes + at + old, length - at - old);
    return true;
}

/* After a restore whose answer was lost, or that was done before a restart. */
static bool is_there_already(struct making *making, bool *ret_is_there, struct err *err)
{
    const struct journal_state *newest = &making->stack->newest;
    unsigned char hash[DIGEST_SHA256_SIZE];

    if (!renew(making, newest->state.serial, err))
        return false;
    digest_sha256(making->renewed, making->length, hash);
    *ret_is_there = newest->deleted_ms == 0 && memcmp(hash, newest->state.sha256, sizeof(hash)) == 0;
    return true;
}

static bool write_version(struct making *making, struct err *err)
{
    const struct journal_state *newest = &making->stack->newest;
    struct stack_wish *wish = making->wish;
    struct stack_state *state = &wish->state;

    if (newest->state.serial >= JSON_INTEGER_MAX)
        return err_set(err, ERR_LIMIT, "serial %" PRId64 " is the highest there can be",
                       newest->state.serial);
    if (!renew(making, newest->state.serial + 1, err))
        return false;
    if (making->length > STACK_STATE_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a state has at most %d bytes", STACK_STATE_MAX_BYTES);
    *state = making->from;
    state->serial = newest->state.serial + 1;
    state->length = (int64_t)making->length;
    digest_md5(making->renewed, making->length, state->md5);
    digest_sha256(making->renewed, making->length, state->sha256);
    wish->change = STACK_RESTORE;
    wish->base = newest->deleted_ms == 0 ? newest->version : 0;
    return state_file_write(making->folder, wish->stack, wish->environment, state, making->renewed, err);
}

static bool make(struct making *making, enum state_restore *ret_what, struct err *err)
{
    const struct stack_wish *wish = making->wish;
    bool is_there = false;

    if (!find_stack(making, err) || !find_version(making, ret_what, err))
        return false;
    if (*ret_what == STATE_RESTORE_GONE || *ret_what == STATE_RESTORE_NEVER)
        return true;
    making->wish->restores = making->from.serial;
    if (*ret_what == STATE_RESTORE_NEEDLESS)
        return true;
    if (!state_file_read(making->folder, wish->stack, wish->environment, &making->from, &making->bytes,
                         err) ||
        !is_there_already(making, &is_there, err))
        return false;
    *ret_what = is_there ? STATE_RESTORE_NEEDLESS : STATE_RESTORE_READY;
    return is_there || write_version(making, err);
}

bool state_restore_make(struct journal_view *view, const char *folder, struct stack_wish *wish,
                        enum state_restore *ret_what, struct err *err)
{
    CLEANUP(memory_free_at) void *memory = memory_take(ARENA_SIZE);
    struct making making = {.view = view, .folder = folder, .wish = wish};

    arena_init(&making.arena, memory, ARENA_SIZE);
    bool is_made = make(&making, ret_what, err);
    wipe(&making.bytes, (size_t)making.from.length);
    wipe(&making.renewed, making.length);
    return is_made;
}

/* ---- said ---- */

void state_restore_say(const struct stack_wish *wish, enum state_restore what, struct text *to)
{
    switch (what) {
    case STATE_RESTORE_READY:
        text_add(to, "serial %" PRId64 " has what serial %" PRId64 " had", wish->state.serial,
                 wish->restores);
        return;
    case STATE_RESTORE_NEEDLESS:
        text_add(to, "the newest state of %s/%s is that of serial %" PRId64 " already", wish->stack,
                 wish->environment, wish->restores);
        return;
    case STATE_RESTORE_GONE:
        text_add(to, "%s/%s has no state of serial %" PRId64 " with the lineage of its newest one",
                 wish->stack, wish->environment, wish->restores);
        return;
    case STATE_RESTORE_NEVER:
        text_add(
            to, "no state of %s/%s that could be restored was ever verified: `verdict iac verify %s %s` does",
            wish->stack, wish->environment, wish->stack, wish->environment);
        return;
    }
}

void state_restore_refuse(const struct stack_now *now, enum stack_outcome outcome, struct text *to)
{
    if (outcome == STACK_HELD)
        text_add(to, "%s holds its lock (%s): nothing is restored under it",
                 now->who[0] == '\0' ? "somebody" : now->who, now->lock_id);
    else
        text_add(to, "another state came meanwhile: look again");
}
