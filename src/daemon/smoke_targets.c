/* smoke_targets.c - names looked up and doors knocked at, some at a time.
 * SPDX-License-Identifier: MIT */
#include "daemon/smoke_targets.h"

#include "config/hosts.h"
#include "io/memory.h"
#include "io/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACE_SIZE = REACH_HOST_MAX + REACH_PORT_MAX + 2,
    PLACES_MAX = 1024,
    URL_SIZE = 2048,
    AT_ONCE = 3, /* of the four workers that look names up, among other things */
    KNOCK_MS = 1000
};

struct knock {
    struct smoke_targets *targets;
    struct reach *reach; /* NULL: free */
    const char *place;
};

struct smoke_targets {
    struct daemon *daemon;
    struct smoke_targets_ear ear;
    int64_t until_ms;
    size_t count, next, open, asked, reached;
    struct knock knocks[AT_ONCE];
    char places[PLACES_MAX][PLACE_SIZE];
};

/* Each one once. */
static void add_place(struct smoke_targets *targets, const char *place)
{
    for (size_t i = 0; i < targets->count; i++)
        if (strcmp(targets->places[i], place) == 0)
            return;
    if (targets->count < PLACES_MAX && text_copy(targets->places[targets->count], PLACE_SIZE, place))
        targets->count++;
}

/* "http://name:8080/path" → "name:8080"; the scheme's own port where none is said. */
static void add_url(struct smoke_targets *targets, const char *url)
{
    const char *from = strstr(url, "://");
    char place[PLACE_SIZE];
    char whole[PLACE_SIZE];

    if (from == NULL)
        return;
    from += strlen("://");
    size_t length = strcspn(from, "/?#");
    const char *at = memchr(from, '@', length);
    if (at != NULL) {
        length -= (size_t)(at + 1 - from);
        from = at + 1;
    }
    if (length >= sizeof(place))
        return;
    memcpy(place, from, length);
    place[length] = '\0';
    const char *bracket = strrchr(place, ']');
    bool has_port = strchr(bracket == NULL ? place : bracket, ':') != NULL;
    int size = snprintf(whole, sizeof(whole), "%s%s", place,
                        has_port                        ? ""
                        : strncmp(url, "https", 5) == 0 ? ":443"
                                                        : ":80");
    if (size > 0 && (size_t)size < sizeof(whole))
        add_place(targets, whole);
}

/* What one smoke test asks of one address; what cannot be filled in is the test's own to say. */
static void add_smoke(struct smoke_targets *targets, const struct smoke_definition *smoke,
                      const char *const *pairs, size_t pair_count)
{
    char text[URL_SIZE];
    struct err err;

    if (smoke->base_url != NULL &&
        template_fill(smoke->base_url, pairs, pair_count, TEMPLATE_PLAIN, text, sizeof(text), &err))
        add_url(targets, text);
    for (size_t i = 0; i < smoke->check_count; i++)
        if (smoke->checks[i].place != NULL && template_fill(smoke->checks[i].place, pairs, pair_count,
                                                            TEMPLATE_PLAIN, text, sizeof(text), &err))
            add_place(targets, text);
}

static void add_all(struct smoke_targets *targets, const struct live *live,
                    const struct deployment_state *state)
{
    const struct definition *definition = live->definition;
    const struct slot_definition *slot = live_slot(live, state, true);
    size_t places = definition->host_count > 0 ? definition->host_count
                    : slot == NULL             ? 0
                                               : slot->address_count;

    for (size_t i = 0; i < places; i++) {
        const char *pairs[2 * LIVE_PAIRS_MAX];
        size_t count = definition->host_count > 0 ? live_host_pairs(live, true, (uint16_t)i, pairs)
                                                  : live_pairs(live, state, true, i, pairs);
        for (size_t s = 0; s < definition->smoke_count; s++)
            add_smoke(targets, &definition->smokes[s], pairs, count);
    }
}

static void go_on(struct smoke_targets *targets);

static void knocked(void *data, const struct reach_answer *answer)
{
    struct knock *knock = data;
    struct smoke_targets *targets = knock->targets;
    enum err_code code = answer->err.code;

    knock->reach = NULL;
    targets->open--;
    targets->asked++;
    targets->reached += answer->is_reached;
    if (code == ERR_TIMEOUT) /* a resolver, or a net, that does not answer: nobody waits for all of it */
        targets->next = targets->count;
    if (!answer->is_reached && (code == ERR_NOT_FOUND || code == ERR_INVALID))
        targets->ear.unknown(targets->ear.data, knock->place, answer->err.text);
    go_on(targets);
}

static struct knock *free_knock(struct smoke_targets *targets)
{
    for (size_t i = 0; i < AT_ONCE; i++)
        if (targets->knocks[i].reach == NULL)
            return &targets->knocks[i];
    return NULL;
}

static void go_on(struct smoke_targets *targets)
{
    int64_t left_ms = targets->until_ms - daemon_now_ms(targets->daemon);
    struct knock *knock = NULL;

    while (left_ms > 0 && targets->next < targets->count && (knock = free_knock(targets)) != NULL) {
        knock->targets = targets;
        knock->place = targets->places[targets->next++];
        targets->open++;
        knock->reach = reach_start(targets->daemon->loop, knock->place, false,
                                   left_ms < KNOCK_MS ? left_ms : KNOCK_MS, knocked, knock);
    }
    if (targets->open > 0)
        return;
    const struct smoke_targets_ear ear = targets->ear;
    size_t asked = targets->asked;
    size_t reached = targets->reached;
    free(targets);
    ear.over(ear.data, asked, reached);
}

static void begun(void *data)
{
    go_on(data);
}

struct smoke_targets *smoke_targets_start(struct live *live, const struct deployment_state *state,
                                          int64_t within_ms, const struct smoke_targets_ear *ear)
{
    struct smoke_targets *targets = memory_take_array(1, sizeof(*targets));

    targets->daemon = live->daemon;
    targets->ear = *ear;
    targets->until_ms = daemon_now_ms(live->daemon) + within_ms;
    add_all(targets, live, state);
    if (targets->count == 0) {
        free(targets);
        return NULL;
    }
    loop_defer(live->daemon->loop, begun, targets);
    return targets;
}

void smoke_targets_drop(struct smoke_targets *targets)
{
    if (targets == NULL)
        return;
    loop_defer_cancel(targets->daemon->loop, begun, targets);
    for (size_t i = 0; i < AT_ONCE; i++)
        reach_cancel(targets->knocks[i].reach);
    free(targets);
}
