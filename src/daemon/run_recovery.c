/* run_recovery.c - runs that the journal knows, back into the engine: their commands are found again by their
 * keys.
 * SPDX-License-Identifier: MIT */
#include "daemon/live_log.h"
#include "daemon/run_stacks.h"
#include "io/memory.h"

static bool take_run(void *data, const struct journal_run *run, const char *sealed,
                     const struct journal_output *outputs, size_t output_count, struct err *err)
{
    struct daemon *daemon = data;
    const struct run_words words = {.version = run->version,
                                    .actor = run->actor,
                                    .reason = run->reason,
                                    .run_url = run->run_url,
                                    .commit = run->commit};
    struct run_definition *definition = config_unseal_pipeline(sealed, err);

    if (definition == NULL)
        return err_wrap(err, "the sealed text of run %llu", (unsigned long long)run->id);
    struct run_live *live = run_live_new(daemon, definition, memory_copy_text(sealed), &words);
    live->id = run->id;
    live->asked_key = run->asked_key;
    (void)!text_copy(live->traceparent, sizeof(live->traceparent), run->traceparent);
    const struct trace_given lists = {.tracestate = run->tracestate, .baggage = run->baggage};
    trace_lists_take(&lists, true, &live->trace_lists);
    for (size_t i = 0; i < output_count; i++)
        if (run_live_put(live, outputs[i].name, outputs[i].value))
            live->outputs[i].is_new = false;
    const struct engine_run_start start = {
        .pipeline = run_live_lane(definition), .version_key = run->asked_key, .plan = &definition->plan};
    int64_t gap_ms = daemon_now_ms(daemon) - run->state.last_seen_ms;
    if (!engine_recover_run(daemon->engine, &start, &run->state, gap_ms < 0 ? 0 : gap_ms))
        return err_set(err, ERR_LIMIT, "more runs in the journal than this daemon holds");
    run_stacks_waive(daemon, &run->state);
    run_live_log(live, LOG_LEVEL_INFO, "run %llu of %s goes on: %s", (unsigned long long)run->id,
                 run->pipeline, run_phase_name(run->state.phase));
    return true;
}

static void take_approval(void *data, uint64_t run, uint8_t task, const char *person)
{
    run_live_approve(run_live_find(data, run), task, person);
}

bool run_recover(struct daemon *daemon, struct err *err)
{
    struct journal_run_recovery recovery = {.data = daemon, .run = take_run, .approval = take_approval};
    uint64_t next = 1;

    if (!journal_recover_runs(daemon->journal, &recovery, &next, err))
        return false;
    engine_recover_run_ids(daemon->engine, next);
    return true;
}
