/* test_journal_faults.c - a journal that is killed, filled up, damaged, or whose disk fails.
 * SPDX-License-Identifier: MIT */
#include "store/ballast.h"
#include "store/journal_audit.h"
#include "store/journal_recovery.h"
#include "store/sql.h"
#include "support/journal_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum {
    KILLS = 50,
    WAYS_BACK = 200,
    BIG_TEXT = 256 * 1024,
    PAGES_FEW = 400,
    SMALL_BALLAST = 8 * 1024 * 1024 /* more than the log holds before it is put into the file */
};

/* What is in the journal: attempts of deployment 1, and how many deployments go on. */
struct found {
    uint32_t attempt;
    size_t count;
};

static void see_target(void *data, const struct target_state *target)
{
    (void)data;
    (void)target;
}

static bool see_deployment(void *data, const struct journal_recovered *recovered, struct err *err)
{
    struct found *found = data;

    (void)err;
    found->count++;
    if (recovered->deployment.id == 1)
        found->attempt = recovered->deployment.state.attempt;
    return true;
}

static struct found look(struct bench *bench)
{
    struct found found = {0};
    struct journal_recovery recovery = {.data = &found, .target = see_target, .deployment = see_deployment};
    struct err err = {0};
    uint64_t next = 0;

    if (!journal_recover(bench->journal, &recovery, &next, &err))
        fail_msg("%s", err.text);
    return found;
}

/* kill -9 */

struct shared {
    atomic_uint acknowledged; /* attempt of the newest commit that was answered */
};

/* The child: one commit after the other, until it is killed. Leaves by _exit only. */
static void commit_for_ever(const struct journal_settings *settings, struct shared *shared, uint32_t attempt)
{
    struct bench bench = {.settings = *settings};
    struct deployment_state state = new_state(1, PHASE_RUNNING);

    bench.loop = bench.settings.loop = loop_new();
    bench.batch = memory_take(sizeof(*bench.batch));
    bench.texts = (struct journal_texts){.request_count = 1, .requests = &bench.request};
    bench_open(&bench);
    for (;;) {
        state.attempt = ++attempt;
        if (attempt == 1)
            add_new(&bench, &state);
        else
            add_row(&bench, ROW_DEPLOYMENT, &state);
        add_trace(&bench, &state, TRACE_STEP, 0, attempt);
        if (bench_commit(&bench) != JOURNAL_FINE)
            _exit(1);
        atomic_store(&shared->acknowledged, attempt);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Kills the child somewhere inside a commit after the wanted one. */
static void kill_after(pid_t child, struct shared *shared, uint32_t wanted, int64_t more_us)
{
    int64_t deadline_us = now_us() + PATIENCE_MS * INT64_C(1000);
    int status = 0;

    while (atomic_load(&shared->acknowledged) < wanted && now_us() < deadline_us)
        (void)sched_yield();
    int64_t end_us = now_us() + more_us;
    while (now_us() < end_us)
        (void)sched_yield();
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* it did not end by itself */
    assert_true(atomic_load(&shared->acknowledged) >= wanted);
}

static void test_what_was_acknowledged_survives_a_kill(void **unused)
{
    struct bench bench = {0};
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct err err = {0};
    uint64_t seed = 20260131;
    uint64_t events = 0;
    uint32_t kept = 0;
    unsigned unanswered = 0;

    (void)unused;
    assert_true(shared != MAP_FAILED);
    bench_begin(&bench);
    for (int round = 0; round < KILLS; round++) {
        journal_close(bench.journal);
        loop_free(bench.loop);
        uint32_t wanted = kept + 1 + (uint32_t)(next_random(&seed) % 8);
        pid_t child = fork();
        if (child == 0)
            commit_for_ever(&bench.settings, shared, kept);
        kill_after(child, shared, wanted, (int64_t)(next_random(&seed) % 1500));
        bench.loop = bench.settings.loop = loop_new();
        bench_open(&bench);
        uint32_t acknowledged = atomic_load(&shared->acknowledged);
        kept = look(&bench).attempt;
        assert_in_range(kept, acknowledged, acknowledged + 1);
        unanswered += kept != acknowledged;
        if (!journal_audit_verify(bench.path, &events, &err))
            fail_msg("%s", err.text);
        assert_int_equal(events, kept + 1); /* "accepted", then one per attempt */
        atomic_store(&shared->acknowledged, kept);
    }
    print_message("%d kills, %u commits were durable and not yet answered\n", KILLS, unanswered);
    (void)munmap(shared, sizeof(*shared));
    bench_end(&bench);
}

/* full */

static off_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? status.st_size : -1;
}

static char *big_text(char fill)
{
    char *text = memory_take(BIG_TEXT + 1);

    memset(text, fill, BIG_TEXT);
    return text;
}

/* So that no two are stored once. */
static void mark_text(char *text, uint64_t number)
{
    (void)snprintf(text, 20, "%019llu", (unsigned long long)number);
    text[19] = ' ';
}

/* Starts deployments with a long text of their own until one is refused; how many were taken. */
static uint64_t fill_up(struct bench *bench, enum journal_fault *ret_fault)
{
    char *text = big_text('a');
    uint64_t count = 0;

    *ret_fault = JOURNAL_FINE;
    while (*ret_fault == JOURNAL_FINE && count < 1000) {
        struct deployment_state state = new_state(count + 1, PHASE_QUEUED);
        mark_text(text, count);
        bench->start.sealed = text;
        add_new(bench, &state);
        *ret_fault = bench_commit(bench);
        count += *ret_fault == JOURNAL_FINE;
    }
    free(text);
    bench->start.sealed = "";
    return count;
}

static void test_a_full_journal_loses_nothing(void **unused)
{
    struct bench bench = {0};
    enum journal_fault fault = JOURNAL_FINE;
    char ballast[128];

    (void)unused;
    bench_begin(&bench);
    journal_close(bench.journal);
    bench.settings.pages_max = PAGES_FEW;
    bench.settings.ballast_bytes = 65536;
    bench_open(&bench);
    (void)snprintf(ballast, sizeof(ballast), "%s.ballast", bench.path);
    assert_int_equal(size_of(ballast), 65536);
    uint64_t count = fill_up(&bench, &fault);
    assert_int_equal(size_of(ballast), -1);
    assert_int_equal(fault, JOURNAL_FULL);
    assert_in_range(count, 1, 20);
    assert_true(journal_health(bench.journal).is_low);
    assert_false(journal_health(bench.journal).is_broken);
    assert_int_equal(look(&bench).count, count);
    bench.settings.pages_max = 0;
    bench_reopen(&bench);
    struct deployment_state state = new_state(count + 1, PHASE_QUEUED);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_int_equal(look(&bench).count, count + 1);
    bench_end(&bench);
}

/* disk that fails */

/* A write past this size fails with EFBIG, which is an I/O error and no full disk. */
static struct rlimit limit_files(rlim_t bytes)
{
    struct rlimit before;

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, before.rlim_max}), 0);
    return before;
}

static void limit_no_more(struct rlimit before)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
}

static void test_a_failed_write_breaks_the_journal_until_a_restart(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_RUNNING);

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    struct rlimit before = limit_files(1024);
    state.attempt = 1;
    add_row(&bench, ROW_DEPLOYMENT, &state);
    enum journal_fault fault = bench_commit(&bench);
    limit_no_more(before);
    assert_int_equal(fault, JOURNAL_BROKEN);
    add_row(&bench, ROW_DEPLOYMENT, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_BROKEN); /* also when the disk would write again */
    assert_true(journal_health(bench.journal).is_broken);
    bench_reopen(&bench);
    assert_int_equal(look(&bench).count, 1);
    assert_int_equal(look(&bench).attempt, 0);
    add_row(&bench, ROW_DEPLOYMENT, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_end(&bench);
}

/* What is read of the log after a failed sync may be on no disk: until it is written once more, none of it
 * may go into the file, where a power cut would leave half of a transaction. */
static void test_a_log_that_cannot_be_saved_stays_as_it_is(void **unused)
{
    struct bench bench = {0};
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct err err = {0};
    char log[128];

    (void)unused;
    assert_true(shared != MAP_FAILED);
    bench_begin(&bench);
    (void)snprintf(log, sizeof(log), "%s-wal", bench.path);
    journal_close(bench.journal);
    loop_free(bench.loop);
    pid_t child = fork();
    if (child == 0)
        commit_for_ever(&bench.settings, shared, 0);
    kill_after(child, shared, 20, 0);
    bench.loop = bench.settings.loop = loop_new();
    off_t log_size = size_of(log);
    off_t file_size = size_of(bench.path);
    uint32_t acknowledged = atomic_load(&shared->acknowledged);
    struct rlimit before = limit_files((rlim_t)log_size - 1);
    bool is_open = journal_open(&bench.settings, &bench.journal, &err);
    limit_no_more(before);
    assert_false(is_open);
    assert_non_null(strstr(err.text, "its log"));
    assert_int_equal(size_of(log), log_size); /* not put into the file and deleted */
    assert_int_equal(size_of(bench.path), file_size);
    bench_open(&bench);
    assert_in_range(look(&bench).attempt, acknowledged, acknowledged + 1);
    (void)munmap(shared, sizeof(*shared));
    bench_end(&bench);
}

/* damage */

static void overwrite(const char *path, off_t from, size_t length)
{
    static const unsigned char junk[4096] = {0xde, 0xad, 0xbe, 0xef};
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    for (size_t done = 0; done < length; done += sizeof(junk))
        assert_int_equal(pwrite(fd, junk, sizeof(junk), from + (off_t)done), sizeof(junk));
    assert_int_equal(close(fd), 0);
}

static void not_opened(struct bench *bench)
{
    struct journal *journal = NULL;
    struct err err = {0};
    char copy[128];
    off_t size = size_of(bench->path);

    assert_false(journal_open(&bench->settings, &journal, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    (void)snprintf(copy, sizeof(copy), "%s.corrupt", bench->path);
    assert_non_null(strstr(err.text, copy));
    assert_int_equal(size_of(copy), size);
    assert_int_equal(size_of(bench->path), size);
}

static void test_a_damaged_file_is_kept_and_not_used(void **unused)
{
    struct bench bench = {0};
    enum journal_fault fault = JOURNAL_FINE;

    (void)unused;
    bench_begin(&bench);
    journal_close(bench.journal);
    bench.settings.pages_max = PAGES_FEW;
    bench_open(&bench);
    (void)fill_up(&bench, &fault);
    journal_close(bench.journal);
    bench.journal = NULL;
    bench.settings.pages_max = 0;
    overwrite(bench.path, 8192, 65536);
    not_opened(&bench);
    not_opened(&bench); /* the copy is there already */
    overwrite(bench.path, 0, 4096);
    not_opened(&bench); /* not even a database */
    bench_end(&bench);
}

/* the rest */

static void test_closing_writes_what_waits(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_RUNNING);

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &state);
    bench.batch->now_ms = journal_clock_ms(bench.journal);
    journal_commit(bench.journal, bench.batch, &bench.texts, bench_done, &bench);
    journal_close(bench.journal);
    assert_true(bench.is_done);
    assert_int_equal(bench.result.fault, JOURNAL_FINE);
    bench_open(&bench);
    assert_int_equal(look(&bench).count, 1);
    bench_end(&bench);
}

static void test_the_log_is_put_into_the_file(void **unused)
{
    enum { ROUNDS = 60, WAL_MAX = 8 * 1024 * 1024 };
    struct bench bench = {0};
    char *text = big_text('b');
    char log[128];

    (void)unused;
    bench_begin(&bench);
    (void)snprintf(log, sizeof(log), "%s-wal", bench.path);
    for (uint64_t id = 1; id <= ROUNDS; id++) {
        struct deployment_state state = new_state(id, PHASE_QUEUED);
        mark_text(text, id);
        bench.start.sealed = text;
        add_new(&bench, &state);
        assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
        assert_in_range(size_of(log), 1, WAL_MAX);
    }
    assert_true(size_of(bench.path) > ROUNDS / 2 * (off_t)BIG_TEXT);
    free(text);
    bench_end(&bench);
}

static void test_the_ballast_comes_back_when_there_is_room(void **unused)
{
    struct bench bench = {0};
    struct ballast ballast;
    char path[128];

    (void)unused;
    bench_begin(&bench);
    (void)snprintf(path, sizeof(path), "%s.ballast", bench.path);
    ballast_init(&ballast, bench.path, 65536);
    assert_int_equal(size_of(path), 65536);
    assert_true(ballast_release(&ballast));
    assert_int_equal(size_of(path), -1);
    assert_false(ballast_release(&ballast)); /* once */
    assert_false(ballast_restore(&ballast)); /* not at once */
    ballast.tried_ms -= 10000;
    ballast.bytes = INT64_MAX / 4; /* no disk is as large */
    assert_false(ballast_restore(&ballast));
    ballast.tried_ms -= 10000;
    ballast.bytes = 65536;
    assert_true(ballast_restore(&ballast));
    assert_int_equal(size_of(path), 65536);
    ballast_done(&ballast);
    bench_end(&bench);
}

/* Last, for it leaves the process with mounts of its own. */
static void test_a_full_disk_leaves_room_for_the_way_back(void **unused)
{
    struct bench bench = {0};
    enum journal_fault fault = JOURNAL_FINE;
    char ballast[128];

    (void)unused;
    bench_begin(&bench);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", bench.folder, "tmpfs", 0, "size=24m") != 0) {
        print_message("not run: a small disk takes the right to mount one (%s)\n", strerror(errno));
        bench_end(&bench);
        skip();
    }
    struct journal *elsewhere = bench.journal; /* its files are below the mount */
    (void)snprintf(ballast, sizeof(ballast), "%s.ballast", bench.path);
    bench.settings.ballast_bytes = SMALL_BALLAST;
    bench_open(&bench);
    assert_int_equal(size_of(ballast), SMALL_BALLAST);
    uint64_t count = fill_up(&bench, &fault);
    assert_int_equal(fault, JOURNAL_FULL);
    assert_in_range(count, 2, 90);
    assert_int_equal(size_of(ballast), -1);
    assert_true(journal_health(bench.journal).is_low && !journal_health(bench.journal).is_broken);

    /* Going on and going back are written down, starting is not. */
    for (uint32_t attempt = 1; attempt <= WAYS_BACK; attempt++) {
        struct deployment_state state = new_state(1, PHASE_ROLLING_BACK);
        state.attempt = state.last_sequence = attempt;
        add_row(&bench, ROW_DEPLOYMENT, &state);
        add_route(&bench, &state, 0);
        assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    }
    struct deployment_state next = new_state(count + 1, PHASE_QUEUED);
    add_new(&bench, &next);
    assert_int_equal(bench_commit(&bench), JOURNAL_FULL);
    bench_reopen(&bench);
    assert_int_equal(look(&bench).count, count);
    assert_int_equal(look(&bench).attempt, WAYS_BACK);
    journal_close(bench.journal);
    assert_int_equal(umount(bench.folder), 0);
    bench.journal = elsewhere;
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_acknowledged_survives_a_kill),
        cmocka_unit_test(test_a_full_journal_loses_nothing),
        cmocka_unit_test(test_a_failed_write_breaks_the_journal_until_a_restart),
        cmocka_unit_test(test_a_log_that_cannot_be_saved_stays_as_it_is),
        cmocka_unit_test(test_a_damaged_file_is_kept_and_not_used),
        cmocka_unit_test(test_closing_writes_what_waits),
        cmocka_unit_test(test_the_log_is_put_into_the_file),
        cmocka_unit_test(test_the_ballast_comes_back_when_there_is_room),
        cmocka_unit_test(test_a_full_disk_leaves_room_for_the_way_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
