/* pushed.h - a posted value on its way to the watches of its name, as the daemon sends it.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_PUSHED_H
#define SUPPORT_PUSHED_H

#include "collectors/push.h"

static inline enum push_answer put_to(struct collector *push, const struct push_sample *sample)
{
    const struct collector_watch *found = NULL;
    enum push_answer answer = push_find(push, sample, &found);

    return found == NULL ? answer : push_put(found, sample);
}

#endif
