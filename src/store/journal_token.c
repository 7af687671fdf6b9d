/* journal_token.c - tokens in memory, their hashes in the journal.
 * SPDX-License-Identifier: MIT */
#include "store/journal_token.h"

#include "io/clock.h"
#include "io/digest.h"
#include "io/memory.h"
#include "store/audit_words.h"
#include "store/journal_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 8, SECRET_BYTES = 32, LIST_SIZE = JOURNAL_TOKEN_LIMITS_MAX * (NAME_MAX_LENGTH + 1) + 1 };

#define PREFIX "vd_"

/* Names with a blank behind each. */
static void print_list(char names[][NAME_MAX_LENGTH + 1], size_t count, char to[LIST_SIZE])
{
    struct text text;

    text_init(&text, to, LIST_SIZE);
    for (size_t i = 0; i < count; i++)
        text_add(&text, "%s ", names[i]);
}

static size_t parse_list(const char *text, char names[][NAME_MAX_LENGTH + 1])
{
    size_t count = 0;

    while (*text != '\0' && count < JOURNAL_TOKEN_LIMITS_MAX) {
        size_t length = strcspn(text, " ");
        if (length > NAME_MAX_LENGTH)
            break;
        memcpy(names[count], text, length);
        names[count++][length] = '\0';
        text += length + strspn(text + length, " ");
    }
    return count;
}

static void read_token(struct row *row, struct known_token *known)
{
    struct journal_token *token = &known->token;

    (void)snprintf(token->id, sizeof(token->id), "%s", row_get_text(row));
    (void)row_get_exactly(row, sizeof(known->hash), known->hash);
    (void)snprintf(token->principal, sizeof(token->principal), "%s", row_get_text(row));
    token->is_person = row_get_integer(row) != 0;
    token->rights = (unsigned)row_get_integer(row) & TOKEN_ALL;
    token->service_count = parse_list(row_get_text(row), token->services);
    token->environment_count = parse_list(row_get_text(row), token->environments);
    token->created_ms = row_get_integer(row);
    token->expires_ms = row_get_integer(row);
}

void tokens_load(struct tokens *tokens, struct sql *sql)
{
    struct row row = sql_row(sql, STATEMENT_TOKENS);

    row_integer(&row, clock_wall_ms());
    row_integer(&row, JOURNAL_TOKENS_MAX);
    while (tokens->count < JOURNAL_TOKENS_MAX && row_next(&row)) {
        struct known_token *known = memory_take(sizeof(*known));
        read_token(&row, known);
        tokens->known[tokens->count++] = known;
    }
    row_end(&row);
}

void tokens_done(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++)
        free(tokens->known[i]);
    tokens->count = 0;
}

static size_t find_id(const struct tokens *tokens, const char *id, size_t length)
{
    size_t i = 0;

    while (i < tokens->count && (strlen(tokens->known[i]->token.id) != length ||
                                 memcmp(tokens->known[i]->token.id, id, length) != 0))
        i++;
    return i;
}

static bool is_expired(const struct journal_token *token, int64_t wall_ms)
{
    return token->expires_ms != 0 && token->expires_ms <= wall_ms;
}

const struct journal_token *journal_token_find(const struct journal *journal, const char *text,
                                               int64_t wall_ms)
{
    static const unsigned char nobody[JOURNAL_HASH_SIZE] = {0};
    const struct tokens *tokens = &journal->tokens;
    unsigned char hash[JOURNAL_HASH_SIZE];
    bool is_ours = strncmp(text, PREFIX, strlen(PREFIX)) == 0;
    const char *id = is_ours ? text + strlen(PREFIX) : text;

    digest_sha256(text, strlen(text), hash);
    size_t at = find_id(tokens, id, strcspn(id, "_"));
    const struct known_token *known = at < tokens->count ? tokens->known[at] : NULL;
    bool is_right = digest_equal(hash, sizeof(hash), known == NULL ? nobody : known->hash, sizeof(nobody));
    if (known == NULL || !is_right || is_expired(&known->token, wall_ms))
        return NULL;
    return &known->token;
}

static bool is_listed(const char names[][NAME_MAX_LENGTH + 1], size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return count == 0 || i < count;
}

bool journal_token_allows(const struct journal_token *token, enum token_right right, const char *service,
                          const char *environment)
{
    return (token->rights & (unsigned)right) != 0 &&
           is_listed(token->services, token->service_count, service) &&
           is_listed(token->environments, token->environment_count, environment);
}

const struct journal_token *journal_token_at(const struct journal *journal, size_t index)
{
    return index < journal->tokens.count ? &journal->tokens.known[index]->token : NULL;
}

struct token_task {
    struct task task;
    struct journal *journal;
    struct known_token *known; /* new; NULL once it is in the table */
    char id[JOURNAL_TOKEN_ID_SIZE];
    char principal[NAME_MAX_LENGTH + 1]; /* of one that is revoked */
    char *actor;
    void (*done)(void *data, const struct journal_result *result);
    void *data;
};

/* Its id, and whose it is. */
static void audit_token(struct writer *writer, const struct token_task *change, const char *what)
{
    char memory[AUDIT_WORDS_SIZE];
    struct text words;
    struct chain_row audit = {.what = what, .actor = change->actor, .reason = memory};

    text_init(&words, memory, sizeof(memory));
    text_add(&words, "%s: ", change->id);
    if (change->known != NULL)
        audit_words_token(&change->known->token, &words);
    else
        text_add(&words, "%s", change->principal);
    audit.engine_ms = journal_clock_ms(change->journal);
    writer_audit(writer, &audit);
}

static void write_created(struct writer *writer, struct task *task)
{
    const struct token_task *change = (const struct token_task *)task;
    struct journal_token *token = &change->known->token;
    char services[LIST_SIZE];
    char environments[LIST_SIZE];
    struct row row = sql_row(&writer->sql, STATEMENT_TOKEN_INSERT);

    print_list(token->services, token->service_count, services);
    print_list(token->environments, token->environment_count, environments);
    row_text(&row, token->id);
    row_bytes(&row, change->known->hash, sizeof(change->known->hash));
    row_text(&row, token->principal);
    row_integer(&row, token->is_person);
    row_integer(&row, token->rights);
    row_text(&row, services);
    row_text(&row, environments);
    row_integer(&row, token->created_ms);
    row_integer(&row, token->expires_ms);
    (void)row_run(&row);
    audit_token(writer, change, "token_created");
}

static void write_revoked(struct writer *writer, struct task *task)
{
    const struct token_task *change = (const struct token_task *)task;
    struct row row = sql_row(&writer->sql, STATEMENT_TOKEN_REVOKE);

    row_integer(&row, writer->wall_ms);
    row_text(&row, change->id);
    (void)row_run(&row);
    audit_token(writer, change, "token_revoked");
}

static void end_change(struct token_task *change)
{
    change->done(change->data, &change->task.result);
    free(change->known);
    free(change->actor);
    free(change);
}

static void finish_created(struct task *task)
{
    struct token_task *change = (struct token_task *)task;
    struct tokens *tokens = &change->journal->tokens;

    if (task->result.fault == JOURNAL_FINE && tokens->count < JOURNAL_TOKENS_MAX) {
        tokens->known[tokens->count++] = change->known;
        change->known = NULL;
    }
    end_change(change);
}

static void finish_revoked(struct task *task)
{
    struct token_task *change = (struct token_task *)task;
    struct tokens *tokens = &change->journal->tokens;
    size_t at = find_id(tokens, change->id, strlen(change->id));

    if (task->result.fault == JOURNAL_FINE && at < tokens->count) {
        free(tokens->known[at]);
        tokens->count--;
        for (size_t i = at; i < tokens->count; i++)
            tokens->known[i] = tokens->known[i + 1];
    }
    end_change(change);
}

static bool has_room(struct journal *journal, struct err *err)
{
    if (writer_waiting(&journal->writer) < JOURNAL_TASKS_MAX)
        return true;
    return err_set(err, ERR_LIMIT, "the journal has %d writes waiting", JOURNAL_TASKS_MAX);
}

static bool are_names(char names[][NAME_MAX_LENGTH + 1], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!text_is_name(names[i]))
            return false;
    return true;
}

static bool check_token(struct journal_token *token, struct err *err)
{
    if (token->principal[0] == '\0')
        return err_set(err, ERR_INVALID, "a token needs the name of its person or pipeline");
    if (token->rights == 0 || (token->rights & ~(unsigned)TOKEN_ALL) != 0)
        return err_set(err, ERR_INVALID, "a token needs at least one right, and only known ones");
    if (token->service_count > JOURNAL_TOKEN_LIMITS_MAX ||
        token->environment_count > JOURNAL_TOKEN_LIMITS_MAX)
        return err_set(err, ERR_INVALID, "a token is bound to at most %d services or environments",
                       JOURNAL_TOKEN_LIMITS_MAX);
    if (!are_names(token->services, token->service_count) ||
        !are_names(token->environments, token->environment_count))
        return err_set(err, ERR_INVALID, "a token is bound to a service or environment that is no name");
    return true;
}

static void make_secret(struct journal_token *token, char to[JOURNAL_TOKEN_TEXT_SIZE])
{
    unsigned char bytes[SECRET_BYTES];
    char secret[2 * SECRET_BYTES + 1];

    digest_random(bytes, ID_BYTES);
    digest_hex(bytes, ID_BYTES, token->id);
    digest_random(bytes, sizeof(bytes));
    digest_hex(bytes, sizeof(bytes), secret);
    (void)snprintf(to, JOURNAL_TOKEN_TEXT_SIZE, PREFIX "%s_%s", token->id, secret);
    explicit_bzero(bytes, sizeof(bytes));
    explicit_bzero(secret, sizeof(secret));
}

static struct token_task *new_change(struct journal *journal, const char *actor,
                                     void (*done)(void *data, const struct journal_result *result),
                                     void *data)
{
    struct token_task *change = memory_take(sizeof(*change));

    change->journal = journal;
    change->actor = memory_copy_text(actor);
    change->done = done;
    change->data = data;
    return change;
}

bool journal_token_create(struct journal *journal, struct journal_token *token, const char *actor,
                          char ret_text[JOURNAL_TOKEN_TEXT_SIZE],
                          void (*done)(void *data, const struct journal_result *result), void *data,
                          struct err *err)
{
    if (!check_token(token, err) || !has_room(journal, err))
        return false;
    if (journal->tokens.count == JOURNAL_TOKENS_MAX)
        return err_set(err, ERR_LIMIT, "there are %d tokens; revoke some", JOURNAL_TOKENS_MAX);
    make_secret(token, ret_text);
    token->created_ms = clock_wall_ms();
    struct token_task *change = new_change(journal, actor, done, data);
    change->task.write = write_created;
    change->task.finish = finish_created;
    change->known = memory_take(sizeof(*change->known));
    change->known->token = *token;
    digest_sha256(ret_text, strlen(ret_text), change->known->hash);
    memcpy(change->id, token->id, sizeof(change->id));
    writer_add(&journal->writer, &change->task);
    return true;
}

bool journal_token_revoke(struct journal *journal, const char *id, const char *actor,
                          void (*done)(void *data, const struct journal_result *result), void *data,
                          struct err *err)
{
    size_t at = find_id(&journal->tokens, id, strlen(id));

    if (at == journal->tokens.count)
        return err_set(err, ERR_NOT_FOUND, "there is no token %s", id);
    if (!has_room(journal, err))
        return false;
    struct token_task *change = new_change(journal, actor, done, data);
    change->task.write = write_revoked;
    change->task.finish = finish_revoked;
    if (!text_copy(change->id, sizeof(change->id), id))
        assert(false);
    (void)snprintf(change->principal, sizeof(change->principal), "%s",
                   journal->tokens.known[at]->token.principal);
    writer_add(&journal->writer, &change->task);
    return true;
}
