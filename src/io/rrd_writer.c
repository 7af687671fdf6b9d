/* rrd_writer.c - the thread that owns librrd, and the two queues between it and the loop.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_writer.h"

#include "base/text.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/rrd_batch.h"
#include "io/rrd_files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

enum { ROOT_MAX = 2048 };

enum job_kind { JOB_BATCH, JOB_FLUSH, JOB_FETCH, JOB_END, JOB_KIND_COUNT };

/* Belongs to the loop, then to the thread, then to the loop again. */
struct job {
    STAILQ_ENTRY(job) link;
    enum job_kind kind;
    struct rrd_batch batch;     /* BATCH */
    struct rrd_written written; /* BATCH */
    char *path;                 /* FETCH */
    int64_t start_s, end_s, row_s;
    struct rrd_file_rows rows;
    bool has_rows;
    rrd_writer_flushed *flushed;
    rrd_writer_fetched *fetched;
    void *data;
    struct err err; /* FETCH */
};

STAILQ_HEAD(job_queue, job);

struct rrd_writer {
    struct rrd_writer_settings settings;
    struct rrd_writer_callbacks callbacks;
    void *data;
    char root[ROOT_MAX];
    int root_fd;
    struct loop_timer *timer;
    struct loop_wake *wake;
    struct rrd_batch pending;
    uint64_t batch_number; /* of the pending one */
    size_t room;           /* of the batches with the thread, as of struct rrd_batch */
    struct rrd_writer_counts counts;
    int64_t batch_ms; /* when the newest batch went out, by the loop's clock */
    size_t batches;   /* with the thread */
    size_t requests;  /* with the thread */
    bool is_ending;
    void (*ended)(void *data);
    void *ended_data;
    pthread_t thread;
    pthread_mutex_t lock; /* of the two queues; nothing else is shared */
    pthread_cond_t has_work;
    struct job_queue work, finished;
    struct rrd_files *files; /* the thread's own */
};

static void do_batch(struct rrd_writer *writer, struct job *job)
{
    rrd_files_write(writer->files, &job->batch, &job->written);
}

static void do_fetch(struct rrd_writer *writer, struct job *job)
{
    job->has_rows =
        rrd_file_fetch(writer->root, job->path, job->start_s, job->end_s, job->row_s, &job->rows, &job->err);
}

static void do_nothing(struct rrd_writer *writer, struct job *job)
{
    (void)writer;
    (void)job;
}

static struct job *take_work(struct rrd_writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    while (STAILQ_EMPTY(&writer->work))
        (void)pthread_cond_wait(&writer->has_work, &writer->lock);
    struct job *job = STAILQ_FIRST(&writer->work);
    STAILQ_REMOVE_HEAD(&writer->work, link);
    (void)pthread_mutex_unlock(&writer->lock);
    return job;
}

static void *run_thread(void *data)
{
    static void (*const doers[JOB_KIND_COUNT])(struct rrd_writer *, struct job *) = {
        [JOB_BATCH] = do_batch, [JOB_FLUSH] = do_nothing, [JOB_FETCH] = do_fetch, [JOB_END] = do_nothing};
    struct rrd_writer *writer = data;
    bool is_end = false;

    while (!is_end) {
        struct job *job = take_work(writer);
        doers[job->kind](writer, job);
        is_end = job->kind == JOB_END;
        (void)pthread_mutex_lock(&writer->lock);
        STAILQ_INSERT_TAIL(&writer->finished, job, link);
        (void)pthread_mutex_unlock(&writer->lock);
        loop_wake_send(writer->wake);
    }
    return NULL;
}

static struct job *new_job(enum job_kind kind)
{
    struct job *job = memory_take(sizeof(*job));

    job->kind = kind;
    return job;
}

static void submit(struct rrd_writer *writer, struct job *job)
{
    (void)pthread_mutex_lock(&writer->lock);
    STAILQ_INSERT_TAIL(&writer->work, job, link);
    (void)pthread_cond_signal(&writer->has_work);
    (void)pthread_mutex_unlock(&writer->lock);
}

static void submit_batch(struct rrd_writer *writer, struct rrd_batch *batch)
{
    if (batch->points == 0) {
        rrd_batch_done(batch);
        return;
    }
    struct job *job = new_job(JOB_BATCH);
    job->batch = *batch;
    rrd_batch_init(batch);
    writer->room += job->batch.room;
    writer->batches++;
    submit(writer, job);
}

static void submit_pending(struct rrd_writer *writer)
{
    writer->batch_ms = loop_now_ms();
    writer->batch_number++;
    submit_batch(writer, &writer->pending);
}

/* librrd opens each file anew, however few its values are; so many files wait for more of them, for a while.
 */
static bool is_due(const struct rrd_writer *writer)
{
    int64_t waited_ms = loop_now_ms() - writer->batch_ms;

    return waited_ms >= writer->settings.wait_max_ms ||
           (int64_t)writer->pending.count * 1000 <= waited_ms * (int64_t)writer->settings.files_per_s;
}

static void flush_on_time(void *data)
{
    struct rrd_writer *writer = data;

    if (writer->batches == 0 && is_due(writer))
        submit_pending(writer);
}

static void report_batch(struct rrd_writer *writer, const struct job *job)
{
    struct rrd_writer_trouble trouble = {.path = job->written.failed_path,
                                         .text = job->written.err.text,
                                         .file_count = job->written.failed_files};

    for (size_t i = 0; i < job->batch.count && writer->callbacks.on_set_aside != NULL; i++) {
        const struct rrd_series *series = &job->batch.series[i];
        if (series->was_set_aside)
            writer->callbacks.on_set_aside(writer->data, series->path, series->had_other_buckets);
    }
    if (job->written.failed_files > 0 && writer->callbacks.on_trouble != NULL)
        writer->callbacks.on_trouble(writer->data, &trouble);
}

static void finish_batch(struct rrd_writer *writer, struct job *job)
{
    writer->batches--;
    writer->counts.written += job->written.counts.written;
    writer->counts.late += job->written.counts.late;
    writer->counts.failed += job->written.counts.failed;
    writer->counts.created += job->written.counts.created;
    writer->counts.grown += job->written.counts.grown;
    writer->counts.set_aside += job->written.counts.set_aside;
    writer->counts.waiting -= job->batch.points;
    writer->room -= job->batch.room;
    report_batch(writer, job);
    rrd_batch_done(&job->batch);
}

static void finish_flush(struct rrd_writer *writer, struct job *job)
{
    writer->requests--;
    if (job->flushed != NULL)
        job->flushed(job->data);
}

static void finish_fetch(struct rrd_writer *writer, struct job *job)
{
    writer->requests--;
    job->fetched(job->data, job->has_rows ? &job->rows : NULL, &job->err);
    if (job->has_rows)
        rrd_file_rows_done(&job->rows);
    free(job->path);
}

static void destroy(struct rrd_writer *writer)
{
    loop_timer_stop(writer->timer);
    loop_wake_stop(writer->wake);
    rrd_batch_done(&writer->pending);
    (void)pthread_cond_destroy(&writer->has_work);
    (void)pthread_mutex_destroy(&writer->lock);
    (void)close(writer->root_fd);
    rrd_files_free(writer->files);
    free(writer);
}

static void finish_end(struct rrd_writer *writer, struct job *job)
{
    void (*ended)(void *data) = writer->ended;
    void *ended_data = writer->ended_data;

    (void)job;
    (void)pthread_join(writer->thread, NULL);
    destroy(writer);
    if (ended != NULL)
        ended(ended_data);
}

/* END is the last job there is, so the writer lives until the loop's end. */
static void take_finished(void *data)
{
    static void (*const finishers[JOB_KIND_COUNT])(struct rrd_writer *,
                                                   struct job *) = {[JOB_BATCH] = finish_batch,
                                                                    [JOB_FLUSH] = finish_flush,
                                                                    [JOB_FETCH] = finish_fetch,
                                                                    [JOB_END] = finish_end};
    struct rrd_writer *writer = data;
    struct job_queue jobs = STAILQ_HEAD_INITIALIZER(jobs);

    (void)pthread_mutex_lock(&writer->lock);
    STAILQ_CONCAT(&jobs, &writer->finished);
    (void)pthread_mutex_unlock(&writer->lock);
    while (!STAILQ_EMPTY(&jobs)) {
        struct job *job = STAILQ_FIRST(&jobs);
        STAILQ_REMOVE_HEAD(&jobs, link);
        finishers[job->kind](writer, job);
        free(job);
    }
}

static bool open_root(struct rrd_writer *writer, const char *root, struct err *err)
{
    if (!text_copy(writer->root, sizeof(writer->root), root) || root[0] != '/')
        return err_set(err, ERR_INVALID, "%s is not an absolute path", root);
    writer->root_fd = open(root, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (writer->root_fd < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", root, strerror(errno));
    return true;
}

/* Signals are the loop's. */
static bool start_thread(struct rrd_writer *writer, struct err *err)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&writer->thread, NULL, run_thread, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0)
        return err_set(err, ERR_IO, "starting the thread of the series files: %s", strerror(code));
    return true;
}

static size_t size_or(size_t given, size_t fallback)
{
    return given != 0 ? given : fallback;
}

static void take_settings(struct rrd_writer *writer, const struct rrd_writer_settings *settings)
{
    writer->settings = *settings;
    writer->settings.root = writer->root;
    writer->settings.flush_ms = settings->flush_ms != 0 ? settings->flush_ms : RRD_WRITER_FLUSH_MS;
    writer->settings.files_per_s = size_or(settings->files_per_s, RRD_WRITER_FILES_PER_S);
    writer->settings.wait_max_ms =
        settings->wait_max_ms != 0 ? settings->wait_max_ms : RRD_WRITER_WAIT_MAX_MS;
    writer->settings.series_max = size_or(settings->series_max, RRD_WRITER_SERIES_MAX);
    writer->settings.points_per_series_max =
        size_or(settings->points_per_series_max, RRD_WRITER_POINTS_PER_SERIES_MAX);
    writer->settings.points_max = size_or(settings->points_max, RRD_WRITER_POINTS_MAX);
}

bool rrd_writer_new(struct loop *loop, const struct rrd_writer_settings *settings,
                    const struct rrd_writer_callbacks *callbacks, void *data, struct rrd_writer **ret_writer,
                    struct err *err)
{
    struct rrd_writer *writer = memory_take(sizeof(*writer));

    if (!open_root(writer, settings->root, err)) {
        free(writer);
        return false;
    }
    take_settings(writer, settings);
    writer->callbacks = *callbacks;
    writer->data = data;
    writer->files = rrd_files_new(writer->root_fd, writer->root);
    STAILQ_INIT(&writer->work);
    STAILQ_INIT(&writer->finished);
    (void)pthread_mutex_init(&writer->lock, NULL);
    (void)pthread_cond_init(&writer->has_work, NULL);
    writer->wake = loop_wake_start(loop, take_finished, writer);
    writer->batch_ms = loop_now_ms();
    writer->batch_number = 1;
    writer->timer =
        loop_timer_start(loop, writer->settings.flush_ms, writer->settings.flush_ms, flush_on_time, writer);
    if (!start_thread(writer, err)) {
        destroy(writer);
        return false;
    }
    *ret_writer = writer;
    return true;
}

void rrd_writer_free(struct rrd_writer *writer, void (*done)(void *data), void *data)
{
    assert(!writer->is_ending);
    writer->is_ending = true;
    writer->ended = done;
    writer->ended_data = data;
    submit_pending(writer);
    submit(writer, new_job(JOB_END));
}

static bool count_answer(struct rrd_writer_counts *counts, enum rrd_batch_answer answer)
{
    bool is_taken = answer == RRD_BATCH_TAKEN || answer == RRD_BATCH_TAKEN_FOR_OLDEST;

    counts->added += is_taken ? 1 : 0;
    counts->waiting += answer == RRD_BATCH_TAKEN ? 1 : 0;
    counts->late += answer == RRD_BATCH_LATE ? 1 : 0;
    counts->dropped += answer == RRD_BATCH_FULL || answer == RRD_BATCH_TAKEN_FOR_OLDEST ? 1 : 0;
    return is_taken;
}

/* librrd takes a step far ahead, and then refuses every normal time for ever. */
static bool is_of_now(struct rrd_writer *writer, int64_t time_s)
{
    bool is_good = time_s > 0 && time_s <= (int64_t)time(NULL) + RRD_WRITER_FUTURE_S;

    writer->counts.future += is_good ? 0 : 1;
    return is_good;
}

static bool put(struct rrd_writer *writer, size_t index, int64_t time_s, const double *values)
{
    const struct rrd_file_shape *shape = &writer->pending.series[index].shape;
    struct rrd_file_wide_point wide = {.point = {.time_s = time_s - time_s % shape->step_s}};
    struct rrd_batch_limits limits = {.points_per_series_max = writer->settings.points_per_series_max,
                                      .room_left =
                                          writer->settings.points_max - writer->pending.room - writer->room};

    memcpy((char *)&wide + offsetof(struct rrd_file_point, values), values,
           rrd_file_columns(shape) * sizeof(*values));
    return count_answer(&writer->counts, rrd_batch_put(&writer->pending, index, &wide.point, &limits));
}

bool rrd_writer_add(struct rrd_writer *writer, const char *path, const struct rrd_file_shape *shape,
                    int64_t time_s, const double *values, struct rrd_writer_place *place)
{
    struct rrd_writer_place found = {.batch = writer->batch_number};

    assert(!writer->is_ending && rrd_file_is_path(path) && rrd_file_is_shape(shape));
    if (!is_of_now(writer, time_s))
        return false;
    if (!rrd_batch_find(&writer->pending, path, shape, writer->settings.series_max, &found.index))
        return count_answer(&writer->counts, RRD_BATCH_FULL);
    if (place != NULL)
        *place = found;
    return put(writer, found.index, time_s, values);
}

bool rrd_writer_add_again(struct rrd_writer *writer, const struct rrd_writer_place *place, int64_t time_s,
                          const double *values)
{
    assert(!writer->is_ending);
    if (place->batch != writer->batch_number)
        return false;
    if (is_of_now(writer, time_s))
        (void)put(writer, place->index, time_s, values);
    return true;
}

void rrd_writer_flush(struct rrd_writer *writer, const char *folder)
{
    struct rrd_batch batch;

    rrd_batch_init(&batch);
    rrd_batch_move(&writer->pending, folder, &batch);
    submit_batch(writer, &batch);
}

static bool begin_request(struct rrd_writer *writer)
{
    assert(!writer->is_ending);
    if (writer->requests >= RRD_WRITER_REQUESTS_MAX)
        return false;
    writer->requests++;
    return true;
}

bool rrd_writer_sync(struct rrd_writer *writer, const char *folder, rrd_writer_flushed *done, void *data)
{
    if (!begin_request(writer))
        return false;
    rrd_writer_flush(writer, folder);
    struct job *job = new_job(JOB_FLUSH);
    job->flushed = done;
    job->data = data;
    submit(writer, job);
    return true;
}

bool rrd_writer_fetch(struct rrd_writer *writer, const char *path, int64_t start_s, int64_t end_s,
                      int64_t row_s, rrd_writer_fetched *done, void *data)
{
    assert(rrd_file_is_path(path));
    if (!begin_request(writer))
        return false;
    struct job *job = new_job(JOB_FETCH);
    job->path = memory_copy_text(path);
    job->start_s = start_s;
    job->end_s = end_s;
    job->row_s = row_s;
    job->fetched = done;
    job->data = data;
    submit(writer, job);
    return true;
}

struct rrd_writer_counts rrd_writer_counts(const struct rrd_writer *writer)
{
    return writer->counts;
}
