/* run_live.c - runs in memory, and the texts of their tasks on the way to the journal.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_live.h"

#include "config/recovery.h"
#include "daemon/secrets.h"

#include "engine/snapshot.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_live_name_secrets(const struct run_live *live)
{
    daemon_name_run_secrets(live->daemon, live->definition);
}

struct run_live *run_live_new(struct daemon *daemon, struct run_definition *definition, char *sealed,
                              const struct run_words *words)
{
    struct run_live *live = memory_take_array(1, sizeof(*live));

    live->daemon = daemon;
    live->definition = definition;
    live->sealed = sealed;
    (void)snprintf(live->version, sizeof(live->version), "%s", words->version);
    live->actor = memory_copy_text(words->actor);
    live->reason = memory_copy_text(words->reason);
    live->run_url = memory_copy_text(words->run_url);
    live->commit = memory_copy_text(words->commit);
    live->outputs = memory_take_array(JOURNAL_RUN_OUTPUTS_MAX, sizeof(*live->outputs));
    live->next = daemon->runs;
    daemon->runs = live;
    run_live_name_secrets(live);
    return live;
}

static void free_report(struct run_report *report)
{
    free(report->output);
    free(report->look);
    free(report);
}

void run_live_free(struct run_live *live)
{
    struct run_live **at = &live->daemon->runs;

    while (*at != live)
        at = &(*at)->next;
    *at = live->next;
    while (live->reports != NULL) {
        struct run_report *report = live->reports;
        live->reports = report->next;
        free_report(report);
    }
    for (size_t i = 0; i < live->approval_count; i++)
        free(live->approvals[i].person);
    free(live->approvals);
    run_definition_free(live->definition);
    free(live->sealed);
    free(live->actor);
    free(live->end);
    free(live->reason);
    free(live->run_url);
    free(live->commit);
    free(live->outputs);
    trace_lists_done(&live->trace_lists);
    free(live);
}

struct run_live *run_live_find(struct daemon *daemon, uint64_t run)
{
    for (struct run_live *live = daemon->runs; live != NULL; live = live->next)
        if (live->id == run && run != 0)
            return live;
    return NULL;
}

static bool is_output_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t length = strlen(name);

    return length > 0 && length <= JOURNAL_OUTPUT_NAME_MAX && strspn(name, letters) == length;
}

static struct run_output *find_output(const struct run_live *live, const char *name)
{
    for (size_t i = 0; i < live->output_count; i++)
        if (strcmp(live->outputs[i].name, name) == 0)
            return &live->outputs[i];
    return NULL;
}

bool run_live_put(struct run_live *live, const char *name, const char *value)
{
    struct run_output *output = find_output(live, name);

    if (!is_output_name(name) || strlen(value) > JOURNAL_OUTPUT_VALUE_MAX ||
        (output == NULL && live->output_count == JOURNAL_RUN_OUTPUTS_MAX))
        return false;
    if (output == NULL)
        output = &live->outputs[live->output_count++];
    (void)snprintf(output->name, sizeof(output->name), "%s", name);
    (void)snprintf(output->value, sizeof(output->value), "%s", value);
    output->is_new = true;
    output->is_in_batch = false; /* another value than the one that may be on its way */
    return true;
}

const char *run_live_output(const struct run_live *live, const char *name)
{
    const struct run_output *output = find_output(live, name);

    return output == NULL ? NULL : output->value;
}

void run_live_report(struct run_live *live, const struct run_action *action, const char *output,
                     const char *why, struct run_look *look)
{
    struct run_report *report = memory_take_array(1, sizeof(*report));

    report->task = action->task;
    report->tries = action->tries;
    report->output = memory_copy_text(output);
    report->look = look;
    (void)snprintf(report->why, sizeof(report->why), "%s", why);
    redaction_apply_around(live->daemon->log.redaction, report->output, RUNNER_GAP_BEGIN);
    redaction_apply(live->daemon->log.redaction, report->why);
    report->next = live->reports;
    live->reports = report;
}

bool run_live_has_approved(const struct run_live *live, uint8_t task, const char *person)
{
    for (size_t i = 0; i < live->approval_count; i++)
        if (live->approvals[i].task == task && strcmp(live->approvals[i].person, person) == 0)
            return true;
    return false;
}

void run_live_approve(struct run_live *live, uint8_t task, const char *person)
{
    if (run_live_has_approved(live, task, person) || live->approval_count == JOURNAL_APPROVALS_MAX)
        return;
    live->approvals = memory_resize(live->approvals, (live->approval_count + 1) * sizeof(*live->approvals));
    live->approvals[live->approval_count++] =
        (struct run_approval){.task = task, .person = memory_copy_text(person)};
}

const char *run_live_digest(const struct run_live *live, uint64_t version_key)
{
    const char *version = "";
    const char *digest = "";

    return journal_version(live->daemon->journal, version_key, &version, &digest) ? digest : "";
}

/* A group may be called like a pipeline; the name of a stack's run has a slash, that of a recovery a colon.
 */
uint64_t run_live_lane(const struct run_definition *definition)
{
    char lane[RECOVERY_RUN_NAME_SIZE];
    int length =
        snprintf(lane, sizeof(lane), "%s%s", definition->is_group ? "group:" : "", definition->pipeline);

    return snapshot_hash(lane, (size_t)length);
}

static void collect_of(const struct run_live *live, struct run_texts *texts)
{
    for (struct run_report *report = live->reports; report != NULL && texts->task_count < RUN_TEXTS_MAX;
         report = report->next) {
        report->is_in_batch = true;
        texts->tasks[texts->task_count++] =
            (struct journal_task_text){.run = live->id,
                                       .task = report->task,
                                       .tries = report->tries,
                                       .output = report->output,
                                       .why = report->why,
                                       .look = report->look == NULL ? NULL : &report->look->row};
    }
    for (size_t i = 0; i < live->output_count && texts->output_count < RUN_TEXTS_MAX; i++) {
        struct run_output *output = &live->outputs[i];
        if (!output->is_new)
            continue;
        output->is_in_batch = true;
        char *value = texts->values[texts->output_count];
        (void)snprintf(value, sizeof(texts->values[0]), "%s", output->value);
        texts->outputs[texts->output_count++] =
            (struct journal_output_text){.run = live->id, .name = output->name, .value = value};
    }
}

void run_texts_collect(struct daemon *daemon, struct run_texts *texts)
{
    texts->task_count = texts->output_count = 0;
    for (const struct run_live *live = daemon->runs; live != NULL; live = live->next)
        if (live->id != 0)
            collect_of(live, texts);
}

static void settle_of(struct run_live *live, bool is_durable)
{
    struct run_report **at = &live->reports;

    while (*at != NULL) {
        struct run_report *report = *at;
        if (!report->is_in_batch || !is_durable) {
            report->is_in_batch = false;
            at = &report->next;
            continue;
        }
        *at = report->next;
        free_report(report);
    }
    for (size_t i = 0; i < live->output_count; i++) {
        struct run_output *output = &live->outputs[i];
        output->is_new = output->is_new && !(output->is_in_batch && is_durable);
        output->is_in_batch = false;
    }
}

void run_texts_settle(struct daemon *daemon, bool is_durable)
{
    for (struct run_live *live = daemon->runs; live != NULL; live = live->next)
        settle_of(live, is_durable);
}
