/* rrd_writer.c - the thread that owns librrd, and the two queues between it and the loop.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_writer.h"

#include "base/text.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/rrd_batch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KNOWN_FILES = 65536, ROOT_MAX = 2048 };

enum job_kind { JOB_BATCH, JOB_FLUSH, JOB_FETCH, JOB_END, JOB_KIND_COUNT };

/* Belongs to the loop, then to the thread, then to the loop again. */
struct job {
    struct job *next;
    enum job_kind kind;
    struct rrd_batch batch;          /* BATCH */
    struct rrd_writer_counts counts; /* BATCH: what writing it added */
    const char *failed_path;         /* of the first file that failed; in the batch */
    size_t failed_files;
    char *path; /* FETCH */
    int64_t start_s, end_s, row_s;
    struct rrd_file_rows rows;
    bool has_rows;
    rrd_writer_flushed *flushed;
    rrd_writer_fetched *fetched;
    void *data;
    struct err err; /* BATCH: of the first file that failed */
};

struct queue {
    struct job *first;
    struct job **end;
};

/* The end of the newest step of a file that this process has examined; one per hash, the newest stays. */
struct known_file {
    uint64_t hash;
    int64_t last_s;
};

struct rrd_writer {
    struct rrd_writer_settings settings;
    struct rrd_writer_callbacks callbacks;
    void *data;
    char root[ROOT_MAX];
    int root_fd;
    struct loop_timer *timer;
    struct loop_wake *wake;
    struct rrd_batch pending;
    struct rrd_writer_counts counts;
    size_t batches;  /* with the thread */
    size_t requests; /* with the thread */
    bool is_ending;
    void (*ended)(void *data);
    void *ended_data;
    pthread_t thread;
    pthread_mutex_t lock; /* of the two queues; nothing else is shared */
    pthread_cond_t has_work;
    struct queue work;
    struct queue finished;
    struct known_file *known; /* the thread's own */
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static void write_series(struct rrd_writer *writer, struct job *job, struct rrd_series *series)
{
    struct known_file *known = &writer->known[series->hash % KNOWN_FILES];
    int64_t last_s = known->hash == series->hash ? known->last_s : 0;
    struct rrd_file_result result;
    struct err err = {0};

    if (!rrd_file_write(writer->root_fd, writer->root, series->path, &series->shape, series->points,
                        series->count, last_s, &result, &last_s, &err)) {
        if (job->failed_files++ == 0) {
            job->failed_path = series->path;
            job->err = err;
        }
        job->counts.failed += series->count - result.written - result.late;
    }
    *known = (struct known_file){.hash = series->hash, .last_s = last_s};
    series->was_set_aside = result.was_set_aside;
    job->counts.written += result.written;
    job->counts.late += result.late;
    job->counts.created += result.was_created ? 1 : 0;
    job->counts.set_aside += result.was_set_aside ? 1 : 0;
}

static void do_batch(struct rrd_writer *writer, struct job *job)
{
    for (size_t i = 0; i < job->batch.count; i++) {
        if (job->batch.series[i].count > 0)
            write_series(writer, job, &job->batch.series[i]);
    }
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
    while (writer->work.first == NULL)
        (void)pthread_cond_wait(&writer->has_work, &writer->lock);
    struct job *job = writer->work.first;
    writer->work.first = job->next;
    if (job->next == NULL)
        queue_init(&writer->work);
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
        queue_push(&writer->finished, job);
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
    queue_push(&writer->work, job);
    (void)pthread_cond_signal(&writer->has_work);
    (void)pthread_mutex_unlock(&writer->lock);
}

static void submit_pending(struct rrd_writer *writer)
{
    if (writer->pending.points == 0)
        return;
    struct job *job = new_job(JOB_BATCH);
    job->batch = writer->pending;
    rrd_batch_init(&writer->pending);
    writer->batches++;
    submit(writer, job);
}

static void flush_on_time(void *data)
{
    struct rrd_writer *writer = data;

    if (writer->batches == 0)
        submit_pending(writer);
}

static void report_batch(struct rrd_writer *writer, const struct job *job)
{
    struct rrd_writer_trouble trouble = {
        .path = job->failed_path, .text = job->err.text, .file_count = job->failed_files};

    for (size_t i = 0; i < job->batch.count && writer->callbacks.on_set_aside != NULL; i++) {
        if (job->batch.series[i].was_set_aside)
            writer->callbacks.on_set_aside(writer->data, job->batch.series[i].path);
    }
    if (job->failed_files > 0 && writer->callbacks.on_trouble != NULL)
        writer->callbacks.on_trouble(writer->data, &trouble);
}

static void finish_batch(struct rrd_writer *writer, struct job *job)
{
    writer->batches--;
    writer->counts.written += job->counts.written;
    writer->counts.late += job->counts.late;
    writer->counts.failed += job->counts.failed;
    writer->counts.created += job->counts.created;
    writer->counts.set_aside += job->counts.set_aside;
    writer->counts.waiting -= job->batch.points;
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
    free(writer->known);
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

    (void)pthread_mutex_lock(&writer->lock);
    struct job *job = writer->finished.first;
    queue_init(&writer->finished);
    (void)pthread_mutex_unlock(&writer->lock);
    while (job != NULL) {
        struct job *next = job->next;
        finishers[job->kind](writer, job);
        free(job);
        job = next;
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
    writer->known = memory_take_array(KNOWN_FILES, sizeof(*writer->known));
    queue_init(&writer->work);
    queue_init(&writer->finished);
    (void)pthread_mutex_init(&writer->lock, NULL);
    (void)pthread_cond_init(&writer->has_work, NULL);
    writer->wake = loop_wake_start(loop, take_finished, writer);
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

static enum rrd_batch_answer collect(struct rrd_writer *writer, const char *path,
                                     const struct rrd_file_shape *shape, const struct rrd_file_point *point)
{
    struct rrd_batch_limits limits = {.series_max = writer->settings.series_max,
                                      .points_per_series_max = writer->settings.points_per_series_max,
                                      .points_left = writer->settings.points_max - writer->counts.waiting};

    return rrd_batch_add(&writer->pending, path, shape, point, &limits);
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

bool rrd_writer_add(struct rrd_writer *writer, const char *path, const struct rrd_file_shape *shape,
                    int64_t time_s, const double *values)
{
    struct rrd_file_point point = {.time_s = time_s - time_s % shape->step_s};

    assert(!writer->is_ending && rrd_file_is_path(path) && rrd_file_is_shape(shape));
    /* librrd takes a step far ahead, and then refuses every normal time for ever. */
    if (time_s <= 0 || time_s > (int64_t)time(NULL) + RRD_WRITER_FUTURE_S) {
        writer->counts.future++;
        return false;
    }
    memcpy(point.values, values, rrd_file_columns(shape->kind) * sizeof(*values));
    return count_answer(&writer->counts, collect(writer, path, shape, &point));
}

/* Room for one more request, what waits goes out before it. */
static bool begin_request(struct rrd_writer *writer)
{
    assert(!writer->is_ending);
    if (writer->requests >= RRD_WRITER_REQUESTS_MAX)
        return false;
    writer->requests++;
    submit_pending(writer);
    return true;
}

bool rrd_writer_flush(struct rrd_writer *writer, rrd_writer_flushed *done, void *data)
{
    if (!begin_request(writer))
        return false;
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
