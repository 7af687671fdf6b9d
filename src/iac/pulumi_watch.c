/* pulumi_watch.c - each step is looked up before the next one is heard of.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_watch.h"

#include "iac/pulumi_event.h"

#include <stdio.h>
#include <string.h>

struct watch {
    const struct pulumi_preview *approved;
    bool has_ended; /* with a summary */
    bool is_off;    /* err says why */
    struct err err;
};

static bool go_off(struct watch *watch)
{
    (void)fprintf(stderr, "verdict-iac: %s; pulumi is interrupted\n", watch->err.text);
    watch->is_off = true;
    return false;
}

static bool look_up(struct watch *watch, const struct pulumi_event *event)
{
    if (pulumi_preview_allows(watch->approved, event->op, event->urn)) {
        if (pulumi_op_changes(event->op))
            (void)printf("%s %s\n", pulumi_op_name(event->op), event->urn);
        return true;
    }
    (void)err_set(&watch->err, ERR_CONFLICT, "%s %.300s: was not in the plan that was approved",
                  pulumi_op_name(event->op), event->urn);
    return go_off(watch);
}

static bool take_event(struct watch *watch, const struct pulumi_event *event)
{
    switch (event->kind) {
    case PULUMI_EVENT_STEP:
        return look_up(watch, event);
    case PULUMI_EVENT_FAILED:
        (void)printf("failed: %s %s\n", pulumi_op_name(event->op), event->urn);
        return true;
    case PULUMI_EVENT_SAID:
        (void)printf("%s%s", event->text, event->text[0] == '\0' || strchr(event->text, '\n') ? "" : "\n");
        return true;
    case PULUMI_EVENT_SUMMARY:
        watch->has_ended = true;
        return true;
    case PULUMI_EVENT_OTHER:
        return true;
    }
    return true;
}

static bool hear(void *data, const char *line, size_t length)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct watch *watch = data;
    struct pulumi_event event = {.kind = PULUMI_EVENT_OTHER};

    if (line == NULL) {
        (void)err_set(&watch->err, ERR_LIMIT, "a line of more than %d bytes", INVOCATION_LINE_MAX);
        return go_off(watch);
    }
    if (line[0] != '{') { /* a word of some program between us */
        (void)printf("%s\n", line);
        return true;
    }
    if (!json_parse(line, length, &plan_json_limits, &tree, &watch->err))
        return go_off(watch);
    struct json_node root = json_root(tree);
    if (!pulumi_event_read(&root, &event, &watch->err))
        return go_off(watch);
    return take_event(watch, &event);
}

enum iac_exit pulumi_work(struct job *job, const struct pulumi_words *words,
                          const struct pulumi_preview *approved)
{
    struct watch watch = {.approved = approved};

    enum iac_exit end = pulumi_watch(job, words, hear, &watch);
    if (watch.is_off && end != IAC_EXIT_INTERRUPTED) {
        (void)fprintf(stderr, "verdict-iac: it did not keep to the plan; the next plan says what is left\n");
        return IAC_EXIT_FAILED;
    }
    if (end == IAC_EXIT_DONE && !watch.has_ended) {
        (void)fprintf(stderr, "verdict-iac: pulumi ended without saying what it did\n");
        return IAC_EXIT_FAILED;
    }
    return end;
}
