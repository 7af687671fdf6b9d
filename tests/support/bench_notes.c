/* bench_notes.c - what was noted down on the engine's bench, looked through.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void bench_forget(struct engine_bench *bench)
{
    bench->note_count = 0;
}

size_t bench_count(const struct engine_bench *bench, enum bench_note_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < bench->note_count; i++)
        count += bench->notes[i].kind == kind;
    return count;
}

size_t bench_rows(const struct engine_bench *bench, enum row_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < bench->note_count; i++)
        count += bench->notes[i].kind == NOTE_ROW && bench->notes[i].row == kind;
    return count;
}

size_t bench_traces(const struct engine_bench *bench, const struct bench_live *live, enum trace_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < bench->note_count; i++) {
        const struct bench_note *note = &bench->notes[i];
        count += note->kind == NOTE_ROW && note->row == ROW_TRACE && note->deployment == live->id &&
                 note->trace.kind == kind;
    }
    return count;
}

struct bench_note bench_only_start(const struct engine_bench *bench)
{
    struct bench_note found = {.action = {.kind = ACTION_NONE}};

    if (bench_count(bench, NOTE_START) != 1)
        return found;
    for (size_t i = 0; i < bench->note_count; i++)
        if (bench->notes[i].kind == NOTE_START)
            found = bench->notes[i];
    return found;
}

enum engine_answer bench_answer_of(const struct engine_bench *bench, uint64_t token)
{
    for (size_t i = 0; i < bench->note_count; i++)
        if (bench->notes[i].kind == NOTE_ANSWER && bench->notes[i].token == token)
            return bench->notes[i].answer;
    fail_msg("token %llu was not answered", (unsigned long long)token);
    return ENGINE_NOT_FOUND;
}
