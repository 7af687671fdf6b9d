/* journal_view.h - reading the journal for API and reports, beside the writer: call it from worker threads.
 * SPDX-License-Identifier: MIT
 *
 * A view is one read-only connection behind a lock: any thread may call, one reads at a time, none of them
 * ever delays the writer. Results and their texts live in the caller's arena; ERR_LIMIT: it is too small (256
 * KiB hold a page of each kind). ERR_NOT_FOUND: there is no such row. */
#ifndef STORE_JOURNAL_VIEW_H
#define STORE_JOURNAL_VIEW_H

#include "base/arena.h"
#include "base/err.h"
#include "store/journal_recovery.h"

enum { VIEW_ROWS_MAX = 100 };

struct journal_view;

/* `path` of a journal that a daemon has open, or that rests. */
MUST_CHECK bool journal_view_open(const char *path, struct journal_view **ret_view, struct err *err);
void journal_view_close(struct journal_view *view); /* NULL is fine */

struct journal_filter {
    const char *service;     /* NULL: all */
    const char *environment; /* NULL: all */
    uint32_t phases;         /* bit p: enum deployment_phase p; 0: all */
    uint64_t before; /* ids below this one; 0: from the newest on. The last id of a page is the next cursor */
    uint32_t limit;  /* 1..VIEW_ROWS_MAX */
};

/* Newest first. */
MUST_CHECK bool journal_view_list(struct journal_view *view, const struct journal_filter *filter,
                                  struct arena *arena, const struct journal_deployment **ret_rows,
                                  size_t *ret_count, struct err *err);
MUST_CHECK bool journal_view_deployment(struct journal_view *view, uint64_t id, struct arena *arena,
                                        const struct journal_deployment **ret_row, struct err *err);
/* The active one, or the last. */
MUST_CHECK bool journal_view_last(struct journal_view *view, const char *service, const char *environment,
                                  struct arena *arena, const struct journal_deployment **ret_row,
                                  struct err *err);
MUST_CHECK bool journal_view_sealed(struct journal_view *view, uint64_t deployment, struct arena *arena,
                                    const char **ret_text, struct err *err);

struct journal_verdict {
    uint64_t id;
    uint8_t rule;
    uint8_t step;
    uint32_t attempt;
    int64_t engine_ms, wall_ms; /* when it was journaled */
    struct judgement judgement;
};

struct journal_audit {
    uint64_t event; /* its number */
    int64_t engine_ms, wall_ms;
    uint64_t deployment; /* 0: of none */
    uint32_t target;     /* 0: of none */
    const char *what;    /* "accepted", trace_kind_name(), "target"; of a target's verb "adopted", "frozen",
                            "unfrozen", "quarantine_added", "quarantine_cleared", "brake_opened"; of tokens
                            "token_created", "token_revoked" (reason: "ID: " and audit_words_token(), or whose
                            it was); of stacks see journal_stack.h */
    uint32_t a, b;       /* as struct trace; of "target" 1: something is stable, 2: frozen, and
                            AUDIT_TARGET_TOLD; and how many versions are in quarantine */
    uint8_t step;
    uint32_t attempt;
    const char *actor; /* "": the daemon itself */
    const char *reason;
    unsigned char prev[JOURNAL_HASH_SIZE], hash[JOURNAL_HASH_SIZE];
};

struct journal_action {
    uint32_t sequence;
    enum action_kind kind;
    uint16_t reference, share;
    uint16_t tries; /* that ended */
    uint8_t step;
    uint32_t attempt;
    bool is_rollback;
    bool has_result;
    enum result result; /* the newest */
    int64_t intent_ms;  /* engine's clock */
    int64_t result_ms;
    int64_t wall_ms; /* of the intent */
};

/* Pages in ascending order, of what comes after `after` (0: from the first one). `limit` 1..VIEW_ROWS_MAX. */
MUST_CHECK bool journal_view_verdicts(struct journal_view *view, uint64_t deployment, uint64_t after,
                                      uint32_t limit, struct arena *arena,
                                      const struct journal_verdict **ret_rows, size_t *ret_count,
                                      struct err *err);
MUST_CHECK bool journal_view_actions(struct journal_view *view, uint64_t deployment, uint32_t after,
                                     uint32_t limit, struct arena *arena,
                                     const struct journal_action **ret_rows, size_t *ret_count,
                                     struct err *err);
/* `deployment` 0: of all; so Server-Sent Events resume. */
MUST_CHECK bool journal_view_audit(struct journal_view *view, uint64_t deployment, uint64_t after,
                                   uint32_t limit, struct arena *arena, const struct journal_audit **ret_rows,
                                   size_t *ret_count, struct err *err);
/* Of all, newest first, below number `before` (0: from the newest on). */
MUST_CHECK bool journal_view_audit_newest(struct journal_view *view, uint64_t before, uint32_t limit,
                                          struct arena *arena, const struct journal_audit **ret_rows,
                                          size_t *ret_count, struct err *err);
/* What the rules of a deployment remember: `ret_rules` has PLAN_RULES_MAX; bit r of *ret_bits: it is there.
 */
MUST_CHECK bool journal_view_rules(struct journal_view *view, uint64_t deployment,
                                   struct rule_state *ret_rules, uint32_t *ret_bits, struct err *err);

#endif
