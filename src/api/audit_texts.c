/* audit_texts.c - rows of many deployments as sentences: one definition at a time is in memory.
 * SPDX-License-Identifier: MIT */
#include "api/audit_texts.h"

#include "api/shape.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"
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

bool audit_texts_read(struct journal_view *view, const struct option_schemas *schemas,
                      const struct journal_audit *rows, size_t count, struct arena *arena,
                      const char *const **ret_texts)
{
    const char **texts = arena_take_array(arena, count + 1, sizeof(*texts));

    if (texts == NULL)
        return false;
    memset(texts, 0, (count + 1) * sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        if (texts[i] != NULL || !counts_rules_or_steps(&rows[i]))
            continue;
        struct definition *definition = read_definition(view, schemas, rows[i].deployment);
        for (size_t j = i; j < count; j++) {
            char sentence[SHAPE_SENTENCE_SIZE];
            if (rows[j].deployment != rows[i].deployment || !counts_rules_or_steps(&rows[j]))
                continue;
            shape_audit_sentence(definition, &rows[j], sentence, sizeof(sentence));
            texts[j] = arena_copy_text(arena, sentence);
        }
        definition_free(definition);
        if (texts[i] == NULL)
            return false;
    }
    *ret_texts = texts;
    return true;
}
