/* journal_parts.h - what a journal is made of; for the files of this folder only.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_JOURNAL_PARTS_H
#define STORE_JOURNAL_PARTS_H

#include "store/journal.h"
#include "store/journal_key.h"
#include "store/journal_token.h"
#include "store/names.h"
#include "store/writer.h"

struct key_entry {
    unsigned char key[JOURNAL_HASH_SIZE]; /* hash of principal and key */
    unsigned char body_hash[JOURNAL_HASH_SIZE];
    uint64_t deployment; /* 0: not durable yet */
    int64_t wall_ms;     /* 0: the entry is free */
};

struct keys {
    size_t next; /* the oldest one: where the next goes */
    struct key_entry *entries;
};

struct known_token {
    struct journal_token token;
    unsigned char hash[JOURNAL_HASH_SIZE];
};

struct tokens {
    size_t count;
    struct known_token *known[JOURNAL_TOKENS_MAX];
};

/* The batch that is under way. */
struct batch_task {
    struct task task;
    struct journal *journal;
    const struct batch *batch;
    const struct journal_texts *texts;
    void (*done)(void *data, const struct journal_result *result);
    void *data;
};

struct journal {
    char *path;
    struct loop *loop;
    struct loop_wake *wake;
    int lock_fd;
    int64_t offset_ms; /* engine's clock minus CLOCK_MONOTONIC */
    uint32_t starts;
    struct names names;
    struct writer writer;
    struct keys keys;
    struct tokens tokens;
    bool is_committing;
    struct batch_task commit;
};

/* Opened, checked, schema there; the writer's connection is the result (journal_file.c). */
MUST_CHECK bool journal_file_open(struct journal *journal, const struct journal_settings *settings,
                                  struct err *err);

/* Filled from the journal at the start, on the writer's connection, before its thread runs. */
void keys_load(struct keys *keys, struct sql *sql);
void keys_done(struct keys *keys);
/* The reserved key of a new deployment is durable. */
void keys_settle(struct keys *keys, const char *principal, const char *key, uint64_t deployment);
void tokens_load(struct tokens *tokens, struct sql *sql);
void tokens_done(struct tokens *tokens);

/* Writes a batch's rows (journal_write.c). */
void batch_write(struct writer *writer, struct task *task);
bool batch_starts_deployment(const struct batch *batch, const struct journal_texts *texts);
/* One notice of a batch (journal_outbox.c). */
void outbox_write(struct writer *writer, const struct journal_notice *notice);
enum { JOURNAL_ACTOR_SIZE = 2 * NAME_MAX_LENGTH + 8 };
/* Who asked, for the audit: NULL of nobody, "ci for alice" where somebody named another one. */
const char *texts_actor(const struct journal_request *request, char to[JOURNAL_ACTOR_SIZE]);
/* The request that a token stands for, or NULL. */
const struct journal_request *texts_request(const struct journal_texts *texts, uint64_t token);

#endif
