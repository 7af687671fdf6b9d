/* rrd_growth.c - an RRD file written anew with longer archives, as librrd lays them out.
 * SPDX-License-Identifier: MIT */
#define RRD_EXPORT_DEPRECATED /* the layout of a file, without which librrd's header is silent about it */

#include "io/rrd_growth.h"

#include "io/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0600, FULL_SHARE = 4 /* grows when but one part of so many is free */ };

static const char suffix[] = ".growing";

/* A whole file in memory; the parts point into it. */
struct image {
    char *bytes;
    size_t size, header_size;
    const stat_head_t *head;
    rra_def_t *archives; /* [head->rra_cnt] */
    const live_head_t *live;
    rra_ptr_t *places; /* [head->rra_cnt] */
};

static bool failed(struct err *err, const char *path, const char *doing)
{
    return err_set(err, ERR_IO, "%s %s: %s", doing, path, strerror(errno));
}

static bool read_all(int fd, char *to, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(fd, to + done, size - done, (off_t)done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static bool read_image(int root_fd, const char *path, struct image *image, struct err *err)
{
    struct stat status;
    int fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return failed(err, path, "opening");
    bool is_read = fstat(fd, &status) == 0 && status.st_size > 0;
    if (is_read) {
        image->size = (size_t)status.st_size;
        image->bytes = memory_take(image->size);
        is_read = read_all(fd, image->bytes, image->size);
    }
    if (!is_read)
        (void)failed(err, path, "reading");
    (void)close(fd);
    return is_read;
}

static size_t row_size(const struct image *image)
{
    return image->head->ds_cnt * sizeof(rrd_value_t);
}

/* Whether its parts are where they must be, and nothing else. */
static bool find_parts(struct image *image, const struct rrd_file_shape *shape)
{
    const stat_head_t *head = (const stat_head_t *)(const void *)image->bytes;

    if (image->size < sizeof(*head) || strncmp(head->cookie, RRD_COOKIE, sizeof(head->cookie)) != 0 ||
        head->float_cookie != FLOAT_COOKIE || head->ds_cnt != rrd_file_columns(shape) || head->rra_cnt < 1 ||
        head->rra_cnt > RRD_FILE_ARCHIVES_MAX || head->pdp_step == 0 ||
        strcmp(head->version, RRD_VERSION3) < 0)
        return false;
    size_t archives_at = sizeof(*head) + head->ds_cnt * sizeof(ds_def_t);
    size_t live_at = archives_at + head->rra_cnt * sizeof(rra_def_t);
    size_t places_at = live_at + sizeof(live_head_t) + head->ds_cnt * sizeof(pdp_prep_t) +
                       head->rra_cnt * head->ds_cnt * sizeof(cdp_prep_t);
    image->head = head;
    image->header_size = places_at + head->rra_cnt * sizeof(rra_ptr_t);
    if (image->size < image->header_size)
        return false;
    image->archives = (rra_def_t *)(void *)(image->bytes + archives_at);
    image->live = (const live_head_t *)(const void *)(image->bytes + live_at);
    image->places = (rra_ptr_t *)(void *)(image->bytes + places_at);
    size_t size = image->header_size;
    for (size_t i = 0; i < head->rra_cnt; i++) {
        if (image->archives[i].row_cnt > RRD_FILE_ROWS_MAX ||
            image->places[i].cur_row >= image->archives[i].row_cnt)
            return false;
        size += image->archives[i].row_cnt * row_size(image);
    }
    return size == image->size;
}

/* How many rows the shape wants of such an archive; 0: it knows none. */
static size_t rows_wanted(const struct image *image, size_t index, const struct rrd_file_shape *shape)
{
    struct rrd_file_archive own[RRD_FILE_ARCHIVES_MAX];
    const struct rrd_file_archive *wanted = shape->archives == NULL ? own : shape->archives;
    size_t count =
        shape->archives == NULL ? rrd_file_archives_default(shape->step_s, own) : shape->archive_count;
    const rra_def_t *archive = &image->archives[index];
    int64_t row_s = (int64_t)(archive->pdp_cnt * image->head->pdp_step);

    for (size_t i = 0; i < count; i++)
        if (wanted[i].row_s == row_s &&
            strcmp(rrd_file_consolidation_name(wanted[i].consolidation), archive->cf_nam) == 0)
            return (size_t)wanted[i].rows;
    return 0;
}

static bool is_known_row(const struct image *image, const char *row)
{
    const rrd_value_t *values = (const rrd_value_t *)(const void *)row;

    for (size_t i = 0; i < image->head->ds_cnt; i++)
        if (!isnan(values[i]))
            return true;
    return false;
}

/* Rows from the oldest on that nothing was put in. */
static size_t free_rows(const struct image *image, size_t index, const char *rows)
{
    size_t count = image->archives[index].row_cnt;
    size_t oldest = image->places[index].cur_row + 1;
    size_t free_count = 0;

    while (free_count < count && !is_known_row(image, rows + (oldest + free_count) % count * row_size(image)))
        free_count++;
    return free_count;
}

/* What becomes of one archive. */
struct change {
    size_t rows;   /* afterwards */
    size_t spared; /* free rows afterwards */
    bool is_growing;
    bool is_final; /* it has what the shape wants */
};

static bool is_full(size_t rows, size_t needed)
{
    return needed + rows / FULL_SHARE >= rows;
}

/* Rows that pass, empty or not, until a value of `until_s` is in; 0 where not even the whole archive would
 * hold what it has now beside that. */
static size_t rows_ahead(const struct image *image, size_t index, size_t wanted, int64_t until_s)
{
    int64_t row_s = (int64_t)(image->archives[index].pdp_cnt * image->head->pdp_step);
    int64_t gap_s = until_s - (int64_t)image->live->last_up;
    int64_t rows = gap_s > 0 ? gap_s / row_s + 1 : 0;

    return rows < (int64_t)wanted ? (size_t)rows : 0;
}

static struct change change_of(const struct image *image, size_t index, const char *rows,
                               const struct rrd_file_shape *shape, const struct rrd_growth_turn *turn)
{
    size_t now = image->archives[index].row_cnt;
    size_t wanted = rows_wanted(image, index, shape);
    struct change change = {.rows = now, .is_final = now >= wanted};

    if (change.is_final)
        return change;
    change.spared = free_rows(image, index, rows);
    size_t ahead = change.spared == now ? 0 : rows_ahead(image, index, wanted, turn->until_s);
    size_t needed = now - change.spared + ahead;
    change.is_growing = turn->may_grow && is_full(now, needed);
    if (!change.is_growing)
        return change;
    while (is_full(change.rows, needed) && change.rows < wanted)
        change.rows *= RRD_GROWTH_FACTOR;
    change.rows = change.rows < wanted ? change.rows : wanted;
    change.spared += change.rows - now;
    change.is_final = change.rows == wanted;
    return change;
}

/* When the archive will have but its last part free. */
static int64_t look_again_s(const struct image *image, size_t index, const struct change *change)
{
    int64_t row_s = (int64_t)(image->archives[index].pdp_cnt * image->head->pdp_step);
    size_t reserve = change->rows / FULL_SHARE;
    int64_t rows = change->spared > reserve ? (int64_t)(change->spared - reserve) : 1;

    return change->is_final ? RRD_GROWTH_NEVER : (int64_t)image->live->last_up + rows * row_s;
}

/* Unknown rows first, which are the oldest then, and behind them the others in order of time. */
static char *put_rows(const struct image *image, size_t index, const char *rows, size_t rows_after, char *to)
{
    size_t count = image->archives[index].row_cnt;
    size_t oldest = (image->places[index].cur_row + 1) % count;
    size_t size = row_size(image);
    rrd_value_t *unknown = (rrd_value_t *)(void *)to;

    if (rows_after == count) {
        memcpy(to, rows, count * size);
        return to + count * size;
    }
    for (size_t i = 0; i < (rows_after - count) * image->head->ds_cnt; i++)
        unknown[i] = NAN;
    to += (rows_after - count) * size;
    memcpy(to, rows + oldest * size, (count - oldest) * size);
    memcpy(to + (count - oldest) * size, rows, oldest * size);
    return to + count * size;
}

/* The header is the old one, but for the number of rows and the place of the newest. */
static struct image grown(struct image *image, const struct change *changes)
{
    struct image after = *image;
    const char *rows = image->bytes + image->header_size;

    for (size_t i = 0; i < image->head->rra_cnt; i++)
        after.size += (changes[i].rows - image->archives[i].row_cnt) * row_size(image);
    after.bytes = memory_take(after.size);
    char *to = after.bytes + image->header_size;
    for (size_t i = 0; i < image->head->rra_cnt; i++) {
        size_t before = image->archives[i].row_cnt;
        to = put_rows(image, i, rows, changes[i].rows, to);
        rows += before * row_size(image);
        image->archives[i].row_cnt = changes[i].rows;
        if (changes[i].rows != before)
            image->places[i].cur_row = changes[i].rows - 1;
    }
    memcpy(after.bytes, image->bytes, image->header_size);
    return after;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t written = write(fd, bytes + done, size - done);
        if (written <= 0)
            return false;
        done += (size_t)written;
    }
    /* A rename that a power cut overtakes must not leave an empty file in the place of a full one. */
    return fdatasync(fd) == 0;
}

static bool replace(int root_fd, const char *path, const struct image *image, struct err *err)
{
    char name[RRD_FILE_PATH_MAX + sizeof(suffix)];

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    (void)unlinkat(root_fd, name, 0); /* of a process that ended before its rename */
    int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return failed(err, path, "growing");
    bool is_done = write_all(fd, image->bytes, image->size) && renameat(root_fd, name, root_fd, path) == 0;
    if (!is_done) {
        (void)failed(err, path, "growing");
        (void)unlinkat(root_fd, name, 0);
    }
    (void)close(fd);
    return is_done;
}

static bool tend(int root_fd, const char *path, struct image *image, const struct rrd_file_shape *shape,
                 const struct rrd_growth_turn *turn, bool *ret_has_grown, int64_t *ret_look_s,
                 struct err *err)
{
    struct change changes[RRD_FILE_ARCHIVES_MAX];
    const char *rows = image->bytes + image->header_size;
    int64_t look_s = RRD_GROWTH_NEVER;
    bool is_growing = false;

    for (size_t i = 0; i < image->head->rra_cnt; i++) {
        changes[i] = change_of(image, i, rows, shape, turn);
        rows += image->archives[i].row_cnt * row_size(image);
        int64_t again_s = look_again_s(image, i, &changes[i]);
        look_s = again_s < look_s ? again_s : look_s;
        is_growing = is_growing || changes[i].is_growing;
    }
    if (is_growing) {
        struct image after = grown(image, changes);
        bool is_written = replace(root_fd, path, &after, err);
        free(after.bytes);
        if (!is_written)
            return false;
    }
    *ret_has_grown = is_growing;
    *ret_look_s = look_s;
    return true;
}

bool rrd_growth_tend(int root_fd, const char *path, const struct rrd_file_shape *shape,
                     const struct rrd_growth_turn *turn, bool *ret_has_grown, int64_t *ret_look_s,
                     struct err *err)
{
    struct image image = {0};

    *ret_has_grown = false;
    *ret_look_s = RRD_GROWTH_NEVER;
    bool is_done = read_image(root_fd, path, &image, err);
    if (is_done && find_parts(&image, shape))
        is_done = tend(root_fd, path, &image, shape, turn, ret_has_grown, ret_look_s, err);
    free(image.bytes);
    return is_done;
}
