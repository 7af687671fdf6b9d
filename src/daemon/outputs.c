/* outputs.c - which keys does the runner know, and what did their commands print?
 * SPDX-License-Identifier: MIT */
#include "daemon/outputs.h"

#include "base/text.h"
#include "daemon/secrets.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outputs_asking {
    struct outputs_asking *next;
    struct daemon *daemon;
    char prefix[RUNNER_KEY_MAX + 1];
    char after[RUNNER_KEY_MAX + 1]; /* the last one that was found; "" none */
    char key[RUNNER_KEY_MAX + 1];   /* that is looked at */
    uint32_t *sequences;            /* [sequence_count] ascending */
    size_t sequence_count;
    char (*keys)[RUNNER_KEY_MAX + 1]; /* [RUNNER_LIST_MAX]: found, to be looked at */
    size_t key_count, key_index;
    bool has_more_keys;
    struct api_output outputs[OUTPUTS_PAGE_MAX];
    size_t count, bytes;
    struct err failure;
    int64_t end_ms;
    api_outputs_told *done;
    void *done_data;
};

static void free_one(struct outputs_asking *asking)
{
    struct outputs_asking **at = &asking->daemon->outputs;

    while (*at != asking)
        at = &(*at)->next;
    *at = asking->next;
    for (size_t i = 0; i < asking->count; i++)
        free(asking->outputs[i].text);
    free(asking->sequences);
    free(asking->keys);
    free(asking);
}

void outputs_drop(struct daemon *daemon)
{
    while (daemon->outputs != NULL)
        free_one(daemon->outputs);
}

static void finish(void *data)
{
    struct outputs_asking *asking = data;
    bool has_failed = asking->failure.code != ERR_NONE;
    bool is_cut = !has_failed && (asking->key_index < asking->key_count || asking->has_more_keys);

    asking->done(asking->done_data, asking->outputs, asking->count, is_cut,
                 has_failed ? &asking->failure : NULL);
    free_one(asking);
}

static void fail(struct outputs_asking *asking, const struct err *err)
{
    asking->failure = *err;
    loop_defer(asking->daemon->loop, finish, asking);
}

static int64_t left_ms(const struct outputs_asking *asking)
{
    int64_t left = asking->end_ms - loop_now_ms();

    return left > 1 ? left : 1;
}

/* Of a line that is not whole yet a secret might be the beginning. */
static void keep_whole_lines(char *text)
{
    char *last = strrchr(text, '\n');

    *(last == NULL ? text : last + 1) = '\0';
}

static void add_output(struct outputs_asking *asking, const struct runner_outcome *outcome)
{
    struct api_output *output = &asking->outputs[asking->count];

    if (!api_place_parse(asking->key + strlen(asking->prefix), &output->place))
        return;
    output->kind = outcome->kind;
    output->result = outcome->result;
    output->text = memory_copy_text(outcome->output);
    if (outcome->kind == RUNNER_STILL_RUNS)
        keep_whole_lines(output->text);
    redaction_apply_around(asking->daemon->log.redaction, output->text, RUNNER_GAP_BEGIN);
    asking->bytes += strlen(output->text);
    asking->count++;
}

static void go_on(struct outputs_asking *asking);

static void looked(void *data, const struct runner_outcome *outcome)
{
    struct outputs_asking *asking = data;
    struct err err = {0};

    if (outcome->kind == RUNNER_UNKNOWN && outcome->code != ERR_NONE) {
        err_set(&err, outcome->code, "%s", outcome->reason);
        fail(asking, &err);
        return;
    }
    if (outcome->kind != RUNNER_NEVER_RAN) /* else it was swept away in between */
        add_output(asking, outcome);
    go_on(asking);
}

static bool is_wanted(const struct outputs_asking *asking, const char *key)
{
    struct api_place place;

    if (!api_place_parse(key + strlen(asking->prefix), &place))
        return false;
    for (size_t i = 0; i < asking->sequence_count; i++)
        if (asking->sequences[i] == place.sequence)
            return true;
    return false;
}

static void found(void *data, const char *const *keys, size_t count, const struct err *failure)
{
    struct outputs_asking *asking = data;

    if (failure != NULL) {
        fail(asking, failure);
        return;
    }
    asking->key_count = 0;
    asking->key_index = 0;
    for (size_t i = 0; i < count; i++)
        if (is_wanted(asking, keys[i]))
            memcpy(asking->keys[asking->key_count++], keys[i], strlen(keys[i]) + 1);
    asking->has_more_keys = count == RUNNER_LIST_MAX;
    if (count > 0)
        memcpy(asking->after, keys[count - 1], strlen(keys[count - 1]) + 1);
    go_on(asking);
}

static bool is_full(const struct outputs_asking *asking)
{
    return asking->count == OUTPUTS_PAGE_MAX || asking->bytes >= OUTPUTS_PAGE_BYTES;
}

static bool look_at_next(struct outputs_asking *asking, struct err *err)
{
    memcpy(asking->key, asking->keys[asking->key_index], sizeof(asking->key));
    asking->key_index++;
    return runner_look(asking->daemon->runner, asking->key, left_ms(asking), looked, asking, err);
}

static bool find_more(struct outputs_asking *asking, struct err *err)
{
    asking->has_more_keys = false;
    return runner_find(asking->daemon->runner, asking->prefix,
                       asking->after[0] == '\0' ? NULL : asking->after, left_ms(asking), found, asking, err);
}

static void go_on(struct outputs_asking *asking)
{
    struct err err = {0};
    bool has_keys = asking->key_index < asking->key_count;

    if (is_full(asking) || (!has_keys && !asking->has_more_keys))
        finish(asking);
    else if (!(has_keys ? look_at_next(asking, &err) : find_more(asking, &err)))
        fail(asking, &err);
}

static void set_after(struct outputs_asking *asking, const char *place)
{
    struct text text;

    text_init(&text, asking->after, sizeof(asking->after));
    text_add(&text, "%s%s", asking->prefix, place);
}

static bool has_room(const struct daemon *daemon, struct err *err)
{
    size_t count = 0;

    for (const struct outputs_asking *one = daemon->outputs; one != NULL; one = one->next)
        count++;
    return count < OUTPUTS_ASKINGS_MAX ||
           err_set(err, ERR_LIMIT, "%zu others read what commands printed: ask again", count);
}

void outputs_start(void *data, const struct api_outputs_wanted *wanted, api_outputs_told *done,
                   void *done_data)
{
    struct daemon *daemon = data;
    struct outputs_asking *asking = memory_take(sizeof(*asking));
    struct err err = {0};

    asking->daemon = daemon;
    asking->done = done;
    asking->done_data = done_data;
    asking->end_ms = loop_now_ms() + OUTPUTS_LIMIT_MS;
    asking->keys = memory_take_array(RUNNER_LIST_MAX, sizeof(*asking->keys));
    asking->sequences = memory_take_array(wanted->count + 1, sizeof(*asking->sequences));
    memcpy(asking->sequences, wanted->sequences, wanted->count * sizeof(*asking->sequences));
    asking->sequence_count = wanted->count;
    (void)snprintf(asking->prefix, sizeof(asking->prefix), "%c%llu-", wanted->owner,
                   (unsigned long long)wanted->id);
    if (wanted->after != NULL)
        set_after(asking, wanted->after);
    bool has_place = has_room(daemon, &err);
    asking->next = daemon->outputs;
    daemon->outputs = asking;
    /* What was printed may be a secret that was exchanged since. */
    daemon_learn_secrets(daemon);
    if (wanted->run != NULL)
        daemon_name_run_secrets(daemon, wanted->run);
    if (wanted->count == 0)
        loop_defer(daemon->loop, finish, asking);
    else if (!has_place || !find_more(asking, &err))
        fail(asking, &err);
}
