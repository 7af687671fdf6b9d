/* test_journal_stack.c - states and locks of stacks in a real journal, and the files of states.
 * SPDX-License-Identifier: MIT */
#include "store/journal_stack.h"

#include "store/journal_audit.h"
#include "store/sql.h"
#include "store/state_file.h"
#include "support/folder.h"
#include "support/journal_fixture.h"

#include <dirent.h>
#include <stdalign.h>
#include <sys/stat.h>

enum { MEMORY = 1024 * 1024 };

struct stacks {
    struct bench bench;
    bool is_done;
    enum stack_outcome outcome;
    enum journal_fault fault;
    struct stack_now now;
};

static void changed(void *data, const struct journal_result *result, const struct stack_wish *wish,
                    enum stack_outcome outcome, const struct stack_now *now)
{
    struct stacks *stacks = data;

    assert_string_equal(wish->environment, "prod");
    stacks->fault = result->fault;
    stacks->outcome = outcome;
    stacks->now = *now;
    stacks->is_done = true;
}

static void add(struct stacks *stacks, const struct stack_wish *wish)
{
    struct err err = {0};

    stacks->is_done = false;
    if (!journal_stack_change(stacks->bench.journal, wish, changed, stacks, &err))
        fail_msg("%s", err.text);
}

static enum stack_outcome change(struct stacks *stacks, struct stack_wish wish)
{
    add(stacks, &wish);
    if (!loop_run_until(stacks->bench.loop, &stacks->is_done, PATIENCE_MS))
        fail_msg("nothing came back from the journal");
    assert_int_equal(stacks->fault, JOURNAL_FINE);
    return stacks->outcome;
}

static struct stack_wish wish_of(enum stack_change kind, const char *lock)
{
    struct stack_wish wish = {
        .change = kind, .stack = "network", .environment = "prod", .actor = "ci", .who = "ci@builder"};

    (void)snprintf(wish.lock_id, sizeof(wish.lock_id), "%s", lock);
    (void)snprintf(wish.holder, sizeof(wish.holder), "{\"ID\":\"%s\"}", lock);
    (void)snprintf(wish.operation, sizeof(wish.operation), "OperationTypeApply");
    (void)snprintf(wish.reason, sizeof(wish.reason), "its builder is gone");
    return wish;
}

static struct stack_wish state_of(int64_t serial, const char *lock)
{
    struct stack_wish wish = wish_of(STACK_SAVE, lock);

    wish.state = (struct stack_state){
        .serial = serial, .lineage = "a0c1", .length = 10 * serial, .sha256 = {(unsigned char)serial}};
    wish.run = 7;
    return wish;
}

static int64_t number(const struct stacks *stacks, const char *text)
{
    struct sql sql;
    struct err err = {0};

    assert_true(sql_open(&sql, stacks->bench.path, SQL_READS, &err));
    int64_t found = sql_number(&sql, text, -1);
    sql_close(&sql);
    return found;
}

static void check_chain(const struct stacks *stacks, uint64_t rows)
{
    uint64_t count = 0;
    struct err err = {0};

    if (!journal_audit_verify(stacks->bench.path, &count, &err))
        fail_msg("%s", err.text);
    assert_int_equal(count, rows);
}

static void every_version_is_kept(void **unused)
{
    struct stacks stacks = {0};
    struct journal_view *view = NULL;
    alignas(max_align_t) static unsigned char memory[MEMORY];
    struct arena arena;
    const struct journal_state *rows = NULL;
    const struct journal_stack *all = NULL;
    size_t count = 0;
    struct err err = {0};

    (void)unused;
    bench_begin(&stacks.bench);
    assert_int_equal(change(&stacks, wish_of(STACK_LOCK, "one")), STACK_DONE);
    assert_int_equal(change(&stacks, state_of(1, "one")), STACK_DONE);
    bench_reopen(&stacks.bench);
    assert_int_equal(change(&stacks, state_of(3, "one")), STACK_DONE);
    assert_int_equal(change(&stacks, state_of(3, "one")), STACK_SAME);
    assert_int_equal(change(&stacks, state_of(2, "one")), STACK_STALE);
    assert_int_equal(stacks.now.state.serial, 3);
    assert_int_equal(change(&stacks, state_of(4, "")), STACK_HELD);
    assert_string_equal(stacks.now.holder, "{\"ID\":\"one\"}");

    assert_true(journal_view_open(stacks.bench.path, &view, &err));
    arena_init(&arena, memory, sizeof(memory));
    struct journal_state_filter filter = {
        .name = "network", .environment = "prod", .serial = -1, .limit = VIEW_ROWS_MAX};
    assert_true(journal_view_states(view, &filter, &arena, &rows, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].state.serial, 3);
    assert_int_equal(rows[0].state.length, 30);
    assert_int_equal(rows[0].run, 7);
    assert_string_equal(rows[0].lock_id, "one");
    assert_string_equal(rows[0].actor, "ci");
    filter.serial = 1;
    assert_true(journal_view_states(view, &filter, &arena, &rows, &count, &err));
    assert_int_equal(count, 1);
    assert_true(journal_view_stacks(view, NULL, NULL, &arena, &all, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(all[0].version_count, 2);
    assert_string_equal(all[0].who, "ci@builder");
    assert_int_equal(all[0].newest.state.serial, 3);

    assert_int_equal(change(&stacks, wish_of(STACK_UNLOCK, "one")), STACK_DONE);
    assert_int_equal(change(&stacks, wish_of(STACK_DELETE, "")), STACK_DONE);
    filter = (struct journal_state_filter){
        .name = "network", .environment = "prod", .serial = -1, .is_living = true, .limit = 1};
    assert_true(journal_view_states(view, &filter, &arena, &rows, &count, &err));
    assert_int_equal(count, 0);
    assert_int_equal(number(&stacks, "SELECT count(*) FROM states WHERE deleted_ms > 0"), 2);
    /* What was deleted stands in nobody's way. */
    assert_int_equal(change(&stacks, state_of(1, "")), STACK_DONE);
    check_chain(&stacks, 6); /* lock, two states, unlock, deletion, state; no row of what was refused */
    journal_view_close(view);
    bench_end(&stacks.bench);
}

static void of_two_at_once_one_gets_the_lock(void **unused)
{
    struct stacks first = {0};
    struct stacks second = {0};
    const struct stack_wish one = wish_of(STACK_LOCK, "one");
    const struct stack_wish two = wish_of(STACK_LOCK, "two");

    (void)unused;
    bench_begin(&first.bench);
    second.bench = first.bench;
    add(&first, &one);
    add(&second, &two);
    assert_true(loop_run_until(first.bench.loop, &second.is_done, PATIENCE_MS));
    assert_true(first.is_done);
    assert_int_equal(first.outcome, STACK_DONE);
    assert_int_equal(second.outcome, STACK_HELD);
    assert_string_equal(second.now.lock_id, "one");

    bench_reopen(&first.bench); /* a lock outlives the daemon */
    assert_int_equal(change(&first, two), STACK_HELD);
    assert_int_equal(change(&first, one), STACK_SAME);
    assert_int_equal(change(&first, wish_of(STACK_UNLOCK, "two")), STACK_HELD);
    assert_int_equal(change(&first, wish_of(STACK_BREAK, "")), STACK_DONE);
    assert_int_equal(change(&first, wish_of(STACK_BREAK, "")), STACK_NOT_HELD);
    assert_int_equal(change(&first, state_of(1, "one")), STACK_NOT_HELD);
    assert_int_equal(change(&first, two), STACK_DONE);
    check_chain(&first, 3);
    bench_end(&first.bench);
}

static void there_are_so_many_stacks(void **unused)
{
    struct stacks stacks = {0};
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&stacks.bench);
    assert_true(sql_open(&sql, stacks.bench.path, SQL_WRITES, &err));
    assert_true(sql_execute(&sql,
                            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1023)"
                            " INSERT INTO stacks(name, environment) SELECT 's' || i, 'prod' FROM n"));
    sql_close(&sql);
    struct stack_wish wish = wish_of(STACK_LOCK, "one");
    assert_int_equal(change(&stacks, wish), STACK_DONE);
    (void)snprintf(wish.stack, sizeof(wish.stack), "another");
    assert_int_equal(change(&stacks, wish), STACK_MANY);
    (void)snprintf(wish.stack, sizeof(wish.stack), "s7");
    assert_int_equal(change(&stacks, wish), STACK_DONE);
    bench_end(&stacks.bench);
}

/* The database itself refuses what the code above it must not ask for. */
static void guards_hold(void **unused)
{
    static const char *const bad[] = {
        "DELETE FROM states", "UPDATE states SET serial = 9", "UPDATE states SET sha256 = x'00'",
        "INSERT INTO states SELECT 99, stack, serial, lineage, length, md5, sha256, actor,"
        " lock_id, run, deployment, wall_ms, 0 FROM states",
        "INSERT INTO states SELECT 99, stack, serial + 1, 'b', length, md5, sha256, actor,"
        " lock_id, run, deployment, wall_ms, 0 FROM states"};
    struct stacks stacks = {0};
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&stacks.bench);
    assert_int_equal(change(&stacks, state_of(1, "")), STACK_DONE);
    assert_true(sql_open(&sql, stacks.bench.path, SQL_WRITES, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_false(sql_execute(&sql, bad[i]));
        assert_true(sql_is_refused(&sql));
        sql_forget_error(&sql);
    }
    assert_true(sql_execute(&sql, "UPDATE states SET deleted_ms = 5"));
    assert_false(sql_execute(&sql, "UPDATE states SET deleted_ms = 0"));
    sql_close(&sql);
    bench_end(&stacks.bench);
}

static void a_journal_of_schema_6_gets_its_tables(void **unused)
{
    static const char *const undone[] = {"DROP TABLE stack_looks",
                                         "DROP TABLE approvals",
                                         "DROP TABLE drifts",
                                         "DROP TABLE states",
                                         "DROP TABLE stacks",
                                         "ALTER TABLE deployments DROP COLUMN traceparent",
                                         "ALTER TABLE runs DROP COLUMN traceparent",
                                         "UPDATE meta SET schema = 6"};
    struct stacks stacks = {0};
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&stacks.bench);
    journal_close(stacks.bench.journal);
    assert_true(sql_open(&sql, stacks.bench.path, SQL_WRITES, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(undone); i++)
        assert_true(sql_execute(&sql, undone[i]));
    sql_close(&sql);
    bench_open(&stacks.bench);
    assert_int_equal(number(&stacks, "SELECT schema FROM meta"), JOURNAL_SCHEMA);
    assert_int_equal(change(&stacks, state_of(1, "")), STACK_DONE);
    assert_int_equal(change(&stacks, state_of(1, "")), STACK_SAME);
    bench_end(&stacks.bench);
}

/* ---- files ---- */

static const char bytes[] = "{\"serial\":1,\"lineage\":\"a0c1\"}";

static struct stack_state described(const char *text)
{
    struct stack_state state = {.length = (int64_t)strlen(text)};

    digest_sha256(text, strlen(text), state.sha256);
    return state;
}

static mode_t mode_of(const struct folder *folder, const char *name)
{
    char path[FOLDER_PATH_MAX];
    struct stat status;

    assert_int_equal(stat(folder_path(folder, name, path), &status), 0);
    return status.st_mode & 07777;
}

static size_t count_files(const struct folder *folder, const char *name)
{
    char path[FOLDER_PATH_MAX];
    DIR *files = opendir(folder_path(folder, name, path));
    size_t count = 0;

    assert_non_null(files);
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files))
        count += file->d_name[0] != '.';
    (void)closedir(files);
    return count;
}

static void what_was_written_is_read(void **unused)
{
    struct folder folder = folder_make();
    char top[FOLDER_PATH_MAX];
    char name[FOLDER_PATH_MAX];
    char hash[DIGEST_SHA256_HEX_SIZE];
    const struct stack_state state = described(bytes);
    char *found = NULL;
    struct err err = {0};

    (void)unused;
    (void)folder_path(&folder, "iac", top);
    for (int i = 0; i < 2; i++) /* once more is the same */
        if (!state_file_write(top, "network", "prod", &state, bytes, &err))
            fail_msg("%s", err.text);
    assert_true(state_file_read(top, "network", "prod", &state, &found, &err));
    assert_memory_equal(found, bytes, sizeof(bytes) - 1);
    free(found);
    digest_hex(state.sha256, sizeof(state.sha256), hash);
    (void)snprintf(name, sizeof(name), "iac/network/prod/%s.tfstate", hash);
    assert_int_equal(mode_of(&folder, name), 0600);
    assert_int_equal(mode_of(&folder, "iac"), 0700);
    assert_int_equal(mode_of(&folder, "iac/network/prod"), 0700);
    assert_int_equal(count_files(&folder, "iac/network/prod"), 1);

    /* What a killed daemon left goes; states stay. */
    folder_write(&folder, "iac/network/prod/0123.part", "half");
    state_file_sweep(top);
    assert_int_equal(count_files(&folder, "iac/network/prod"), 1);
    state_file_sweep("/nonexistent/iac");

    /* What is not what was written is nobody's state. */
    folder_write(&folder, name, "{\"serial\":2,\"lineage\":\"a0c1\"}");
    assert_false(state_file_read(top, "network", "prod", &state, &found, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    folder_write(&folder, name, "{");
    assert_false(state_file_read(top, "network", "prod", &state, &found, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_false(state_file_read(top, "network", "staging", &state, &found, &err));
    assert_int_equal(err.code, ERR_IO);
    folder_write(&folder, "file", "");
    assert_false(state_file_write(folder_path(&folder, "file", top), "network", "prod", &state, bytes, &err));
    assert_int_equal(err.code, ERR_IO);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_is_kept),
        cmocka_unit_test(of_two_at_once_one_gets_the_lock),
        cmocka_unit_test(there_are_so_many_stacks),
        cmocka_unit_test(guards_hold),
        cmocka_unit_test(a_journal_of_schema_6_gets_its_tables),
        cmocka_unit_test(what_was_written_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
