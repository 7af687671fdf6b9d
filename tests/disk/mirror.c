/* mirror.c - copies with other keys, and what was asked for.
 * SPDX-License-Identifier: MIT */
#include "tests/disk/mirror.h"

#include "tests/simulation/world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

uint64_t mirror_version(struct journal *journal, uint64_t version)
{
    char text[32];

    if (version == 0)
        return 0;
    (void)snprintf(text, sizeof(text), "v%llu", (unsigned long long)version);
    uint64_t key = journal_version_key(journal, text, "");
    assert(key != 0);
    return key;
}

void mirror_target(struct journal *journal, const struct target_state *from, struct target_state *to)
{
    *to = *from;
    to->stable_version_key = mirror_version(journal, from->stable_version_key);
    for (uint8_t i = 0; i < from->quarantined_count; i++)
        to->quarantined[i].version_key = mirror_version(journal, from->quarantined[i].version_key);
}

static void copy_target(struct mirror *mirror, struct journal *journal, struct batch_row *row)
{
    assert(mirror->target_count < MIRROR_COPIES_MAX);
    struct target_state *copy = &mirror->targets[mirror->target_count++];

    mirror_target(journal, row->target, copy);
    row->target = copy;
}

static void copy_run(struct mirror *mirror, struct journal *journal, struct batch_row *row)
{
    assert(mirror->run_count < MIRROR_COPIES_MAX);
    struct run_state *copy = &mirror->runs[mirror->run_count++];

    *copy = *row->run;
    copy->version_key = mirror_version(journal, row->run->version_key);
    row->run = copy;
}

static void ask(struct mirror *mirror, struct world *world, struct journal *journal,
                const struct batch_row *row)
{
    const struct asked *asked = shell_asked(world, row->token);
    size_t at = mirror->texts.request_count;

    if (asked == NULL)
        return; /* the ledger finds that wrong */
    assert(at < MIRROR_STARTS_MAX);
    mirror->texts.request_count++;
    struct journal_request *request = &mirror->requests[at];
    *request = (struct journal_request){.token = row->token, .actor = "pipeline", .reason = "simulated"};
    if (row->kind == ROW_RUN) {
        mirror->run_starts[at] = (struct journal_run_start){
            .pipeline = "release",
            .service = "shop",
            .version_key = mirror_version(journal, world->runs.requests[asked->request].version),
            .sealed = "pipelines: { };",
        };
        request->run = &mirror->run_starts[at];
        return;
    }
    const struct request *wanted = &world->people.requests[asked->request];
    mirror->starts[at] = (struct journal_start){
        .target = wanted->site + 1u,
        .kind = wanted->is_back ? PLAN_ROLLBACK : PLAN_DEPLOY,
        .taken_back = wanted->is_back ? wanted->taken_back : 0,
        .version_key = mirror_version(journal, wanted->version),
        .previous_key = mirror_version(journal, wanted->previous),
        .plan_hash = 1,
        .strategy = "canary",
        .sealed = "services: { };",
    };
    request->start = &mirror->starts[at];
}

void mirror_make(struct mirror *mirror, struct world *world, struct journal *journal,
                 const struct batch *batch)
{
    mirror->target_count = mirror->run_count = 0;
    mirror->texts = (struct journal_texts){.requests = mirror->requests};
    mirror->batch.now_ms = batch->now_ms;
    mirror->batch.count = batch->count;
    memcpy(mirror->batch.rows, batch->rows, batch->count * sizeof(batch->rows[0]));
    for (uint32_t i = 0; i < batch->count; i++) {
        struct batch_row *row = &mirror->batch.rows[i];
        if (row->is_new && (row->kind == ROW_DEPLOYMENT || row->kind == ROW_RUN))
            ask(mirror, world, journal, row);
        if (row->kind == ROW_TARGET)
            copy_target(mirror, journal, row);
        if (row->run != NULL)
            copy_run(mirror, journal, row);
    }
}

uint32_t mirror_events(const struct batch *batch)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < batch->count; i++)
        count += journal_is_event(&batch->rows[i]);
    return count;
}
