/* stack.c - who may save, delete, lock and unlock, and when.
 * SPDX-License-Identifier: MIT */
#include "store/stack.h"

#include <string.h>

static bool is_holder(const struct stack_wish *wish, const struct stack_now *now)
{
    return now->is_locked && strcmp(wish->lock_id, now->lock_id) == 0;
}

/* What changes the state is done under the lock, or while nobody holds it and none is named. A lock that is
 * named and gone was broken: what was made under it may rest on what is no more. */
static enum stack_outcome enter(const struct stack_wish *wish, const struct stack_now *now)
{
    if (now->is_locked)
        return is_holder(wish, now) ? STACK_DONE : STACK_HELD;
    return wish->lock_id[0] == '\0' ? STACK_DONE : STACK_NOT_HELD;
}

static enum stack_outcome compare(const struct stack_state *next, const struct stack_state *now)
{
    if (strcmp(next->lineage, now->lineage) != 0)
        return STACK_FOREIGN;
    if (next->serial != now->serial)
        return next->serial > now->serial ? STACK_DONE : STACK_STALE;
    return memcmp(next->sha256, now->sha256, sizeof(now->sha256)) == 0 ? STACK_SAME : STACK_OTHER;
}

static enum stack_outcome save(const struct stack_wish *wish, const struct stack_now *now)
{
    enum stack_outcome entered = enter(wish, now);

    if (entered != STACK_DONE || !now->has_state)
        return entered;
    return compare(&wish->state, &now->state);
}

/* Its serial and lineage follow those of the version that it was made for. */
static enum stack_outcome restore(const struct stack_wish *wish, const struct stack_now *now)
{
    enum stack_outcome entered = enter(wish, now);

    if (entered != STACK_DONE)
        return entered;
    return now->version == wish->base ? STACK_DONE : STACK_MOVED;
}

static enum stack_outcome discard(const struct stack_wish *wish, const struct stack_now *now)
{
    enum stack_outcome entered = enter(wish, now);

    if (entered != STACK_DONE)
        return entered;
    return now->has_state ? STACK_DONE : STACK_SAME;
}

static enum stack_outcome lock(const struct stack_wish *wish, const struct stack_now *now)
{
    if (!now->is_locked)
        return STACK_DONE;
    return is_holder(wish, now) ? STACK_SAME : STACK_HELD;
}

static enum stack_outcome unlock(const struct stack_wish *wish, const struct stack_now *now)
{
    if (!now->is_locked)
        return STACK_SAME;
    return is_holder(wish, now) ? STACK_DONE : STACK_HELD;
}

static enum stack_outcome break_lock(const struct stack_wish *wish, const struct stack_now *now)
{
    if (!now->is_locked)
        return STACK_NOT_HELD;
    return wish->lock_id[0] == '\0' || is_holder(wish, now) ? STACK_DONE : STACK_HELD;
}

enum stack_outcome stack_decide(const struct stack_wish *wish, const struct stack_now *now)
{
    switch (wish->change) {
    case STACK_SAVE:
        return save(wish, now);
    case STACK_RESTORE:
        return restore(wish, now);
    case STACK_DELETE:
        return discard(wish, now);
    case STACK_LOCK:
        return lock(wish, now);
    case STACK_UNLOCK:
        return unlock(wish, now);
    case STACK_BREAK:
        return break_lock(wish, now);
    }
    return STACK_HELD;
}
