/* audit_texts.c - rows of many deployments as sentences: one definition at a time is in memory.
 * SPDX-License-Identifier: MIT */
#include "api/audit_texts.h"

#include "api/run_sentence.h"
#include "api/shape.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"
#include "store/journal_run.h"
#include "store/journal_text.h"

#include <stdlib.h>
#include <string.h>

enum { SEALED_MEMORY = JOURNAL_SEALED_MAX + 4096 };

struct definition *audit_texts_definition(struct journal_view *view, const struct journal_deployment *row,
                                          const struct option_schemas *schemas)
{
    struct definition *definition = NULL;
    struct arena arena;
    const char *sealed = NULL;

    arena_init(&arena, memory_take(SEALED_MEMORY), SEALED_MEMORY);
    if (journal_view_sealed(view, row->id, &arena, &sealed, NULL))
        definition = config_unseal(sealed, schemas, NULL);
    free(arena.memory);
    if (definition != NULL && row->kind == PLAN_ROLLBACK) {
        /* Sealed is what was promoted; its way back follows from that. */
        struct plan promoted = *definition->plan;
        plan_expand_rollback(&promoted, promoted.verify, definition->plan);
    }
    return definition;
}

/* The others have the same words without. */
static bool counts_rules_or_steps(const struct journal_audit *row)
{
    static const enum trace_kind kinds[] = {TRACE_STEP, TRACE_FAIL, TRACE_WOULD_FAIL, TRACE_HELD,
                                            TRACE_MUTED};

    for (size_t i = 0; row->deployment != 0 && i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(trace_kind_name(kinds[i]), row->what) == 0)
            return true;
    return false;
}

static struct definition *read_definition(struct journal_view *view, const struct option_schemas *schemas,
                                          uint64_t deployment)
{
    const struct journal_deployment *row = NULL;
    struct definition *definition = NULL;
    struct arena arena;

    arena_init(&arena, memory_take(SEALED_MEMORY), SEALED_MEMORY);
    if (journal_view_deployment(view, deployment, &arena, &row, NULL))
        definition = audit_texts_definition(view, row, schemas);
    free(arena.memory);
    return definition;
}

/* What one deployment's or one run's rows need, one at a time. */
struct subject {
    uint64_t deployment, run; /* one of them is 0 */
    struct definition *definition;
    struct run_definition *run_definition;
};

static bool find_subject(const struct journal_audit *row, struct subject *ret_subject)
{
    *ret_subject = (struct subject){.deployment = counts_rules_or_steps(row) ? row->deployment : 0};
    return ret_subject->deployment != 0 || run_sentence_run(row, &ret_subject->run);
}

static void read_subject(struct journal_view *view, const struct option_schemas *schemas,
                         struct subject *subject)
{
    struct arena arena;
    const char *sealed = NULL;

    if (subject->deployment != 0) {
        subject->definition = read_definition(view, schemas, subject->deployment);
        return;
    }
    arena_init(&arena, memory_take(SEALED_MEMORY), SEALED_MEMORY);
    if (journal_view_run_sealed(view, subject->run, &arena, &sealed, NULL))
        subject->run_definition = config_unseal_pipeline(sealed, NULL);
    free(arena.memory);
}

/* False: no room. */
static bool word_row(const struct subject *subject, const struct journal_audit *row, struct arena *arena,
                     const char **text)
{
    char sentence[SHAPE_SENTENCE_SIZE];

    if (subject->deployment != 0)
        shape_audit_sentence(subject->definition, row, sentence, sizeof(sentence));
    else
        shape_audit_run_sentence(subject->run_definition, row, sentence, sizeof(sentence));
    *text = arena_copy_text(arena, sentence);
    return *text != NULL;
}

bool audit_texts_read(struct journal_view *view, const struct option_schemas *schemas,
                      const struct journal_audit *rows, size_t count, struct arena *arena,
                      const char *const **ret_texts)
{
    const char **texts = arena_take_array(arena, count + 1, sizeof(*texts));
    bool is_good = texts != NULL;

    if (is_good)
        memset(texts, 0, (count + 1) * sizeof(*texts));
    for (size_t i = 0; is_good && i < count; i++) {
        struct subject subject, other;
        if (texts[i] != NULL || !find_subject(&rows[i], &subject))
            continue;
        read_subject(view, schemas, &subject);
        for (size_t j = i; is_good && j < count; j++)
            if (find_subject(&rows[j], &other) && other.deployment == subject.deployment &&
                other.run == subject.run)
                is_good = word_row(&subject, &rows[j], arena, &texts[j]);
        definition_free(subject.definition);
        run_definition_free(subject.run_definition);
    }
    if (is_good)
        *ret_texts = texts;
    return is_good;
}
