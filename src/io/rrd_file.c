/* rrd_file.c - one series as one RRD file: create and update through librrd.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_file.h"

#include "base/text.h"
#include "io/memory.h"
#include "io/rrd_columns.h"
#include "io/rrd_file_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TIME_TEXT_MAX = 24,
    VALUE_TEXT_MAX = 24,
    UPDATES_PER_CALL = 128,
    UPDATES_TEXT_MAX = UPDATES_PER_CALL * (TIME_TEXT_MAX + 2 * VALUE_TEXT_MAX),
    HEARTBEAT_STEPS = 2,
    ARCHIVE_TEXT_MAX = 64,
    FOLDER_MODE = 0700,
    FILE_MODE = 0600
};

#define WHOLE_MAX 0x1p53
#define DAY_S     INT64_C(86400)

/* Where a file and the write to it stand. */
struct target {
    int root_fd;
    const char *path;
    char full[RRD_FILE_FULL_PATH_MAX];
    const struct rrd_file_shape *shape;
    int64_t last_s; /* end of the newest step in the file */
};

static const char *const consolidation_names[RRD_FILE_CONSOLIDATION_COUNT] = {
    [RRD_FILE_AVERAGE] = "AVERAGE", [RRD_FILE_MIN] = "MIN", [RRD_FILE_MAX] = "MAX"};

const char *rrd_file_consolidation_name(enum rrd_file_consolidation consolidation)
{
    return consolidation_names[consolidation];
}

static int64_t larger(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

size_t rrd_file_archives(const struct rrd_file_span *spans, size_t span_count, int64_t step_s,
                         struct rrd_file_archive *ret_archives)
{
    size_t count = 0;

    for (size_t i = 0; i < span_count; i++) {
        int64_t row_s = (larger(spans[i].row_s, 1) + step_s - 1) / step_s * step_s;
        int64_t rows = (spans[i].span_s + row_s - 1) / row_s;
        if (count > 0 && ret_archives[count - 1].row_s == row_s) {
            rows = larger(rows, ret_archives[count - 1].rows);
            count--;
        }
        ret_archives[count++] =
            (struct rrd_file_archive){.consolidation = RRD_FILE_AVERAGE, .row_s = row_s, .rows = rows};
    }
    return count;
}

size_t rrd_file_archives_default(int64_t step_s, struct rrd_file_archive *ret_archives)
{
    static const struct rrd_file_span spans[] = {{0, 2 * DAY_S}, {60, 30 * DAY_S}, {3600, 730 * DAY_S}};

    return rrd_file_archives(spans, ARRAY_LENGTH(spans), step_s, ret_archives);
}

static int64_t rows_first(enum rrd_file_kind kind, const struct rrd_file_archive *archives, size_t index)
{
    int64_t first = index == 0 ? RRD_FILE_ROWS_FIRST : RRD_FILE_ROWS_FIRST_COARSE;

    if (kind == RRD_FILE_BUCKETS)
        first /= RRD_FILE_ROWS_FIRST_BUCKETS_PART;
    return archives[index].rows < first ? archives[index].rows : first;
}

static bool is_path_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._+~-", c) != NULL);
}

bool rrd_file_is_path(const char *path)
{
    size_t length = strlen(path);
    size_t depth = 0;

    if (length < sizeof(".rrd") || length > RRD_FILE_PATH_MAX || strcmp(path + length - 4, ".rrd") != 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool is_first = i == 0 || path[i - 1] == '/';
        if (is_first && (path[i] == '.' || path[i] == '/'))
            return false;
        if (path[i] == '/')
            depth++;
        else if (!is_path_character(path[i]))
            return false;
    }
    return depth <= RRD_FILE_DEPTH_MAX;
}

static bool is_archive(const struct rrd_file_archive *archive, int64_t step_s)
{
    return archive->consolidation < RRD_FILE_CONSOLIDATION_COUNT && archive->row_s >= step_s &&
           archive->row_s % step_s == 0 && archive->rows >= 1 && archive->rows <= RRD_FILE_ROWS_MAX;
}

bool rrd_file_is_shape(const struct rrd_file_shape *shape)
{
    if (shape->kind >= RRD_FILE_KIND_COUNT || shape->step_s < 1 || shape->step_s > RRD_FILE_STEP_MAX_S ||
        (shape->buckets != NULL) != (shape->kind == RRD_FILE_BUCKETS))
        return false;
    if (shape->buckets != NULL && !rrd_columns_are_bounds(shape->buckets->bounds, shape->buckets->count))
        return false;
    if (shape->archives == NULL)
        return true;
    if (shape->archive_count < 1 || shape->archive_count > RRD_FILE_ARCHIVES_MAX)
        return false;
    for (size_t i = 0; i < shape->archive_count; i++) {
        if (!is_archive(&shape->archives[i], shape->step_s))
            return false;
    }
    return true;
}

bool rrd_file_failed(struct err *err, const char *path, const char *doing)
{
    const char *text = rrd_get_error();

    (void)err_set(err, ERR_IO, "%s %s: %s", doing, path, text != NULL ? text : "unknown error");
    rrd_clear_error();
    return false;
}

static bool system_failed(struct err *err, const char *path, const char *doing)
{
    return err_set(err, ERR_IO, "%s %s: %s", doing, path, strerror(errno));
}

bool rrd_file_full_path(const char *root, const char *path, char *to, struct err *err)
{
    int length = snprintf(to, RRD_FILE_FULL_PATH_MAX, "%s/%s", root, path);

    if (length < 0 || length >= RRD_FILE_FULL_PATH_MAX)
        return err_set(err, ERR_LIMIT, "%s: path too long", path);
    return true;
}

static bool make_folders(const struct target *target, struct err *err)
{
    char name[RRD_FILE_PATH_MAX + 1];
    const char *part = target->path;
    int folder_fd = dup(target->root_fd);

    for (const char *slash = strchr(part, '/'); slash != NULL && folder_fd >= 0; slash = strchr(part, '/')) {
        size_t length = (size_t)(slash - part);
        memcpy(name, part, length);
        name[length] = '\0';
        part = slash + 1;
        if (mkdirat(folder_fd, name, FOLDER_MODE) != 0 && errno != EEXIST)
            break;
        int inner_fd = openat(folder_fd, name, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
        (void)close(folder_fd);
        folder_fd = inner_fd;
    }
    bool is_made = folder_fd >= 0 && strchr(part, '/') == NULL;
    if (!is_made)
        (void)system_failed(err, target->path, "making the folders of");
    if (folder_fd >= 0)
        (void)close(folder_fd);
    return is_made;
}

/* Rows are known when any step in them is: gauges polled every 5 s leave 4 of 5 steps unknown. */
static size_t describe_archives(const struct rrd_file_shape *shape, char (*texts)[ARCHIVE_TEXT_MAX])
{
    struct rrd_file_archive own[RRD_FILE_ARCHIVES_MAX];
    const struct rrd_file_archive *archives = shape->archives;
    size_t count = shape->archive_count;

    if (archives == NULL) {
        count = rrd_file_archives_default(shape->step_s, own);
        archives = own;
    }
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(texts[i], ARCHIVE_TEXT_MAX, "RRA:%s:0.9999:%lld:%lld",
                       consolidation_names[archives[i].consolidation],
                       (long long)(archives[i].row_s / shape->step_s),
                       (long long)rows_first(shape->kind, archives, i));
    }
    return count;
}

static bool create_file(struct target *target, int64_t first_s, struct err *err)
{
    char texts[RRD_FILE_BUCKETS_MAX + RRD_FILE_ARCHIVES_MAX][ARCHIVE_TEXT_MAX];
    const char *arguments[RRD_FILE_BUCKETS_MAX + RRD_FILE_ARCHIVES_MAX];
    char name[RRD_COLUMN_NAME_SIZE];
    const struct rrd_file_shape *shape = target->shape;
    size_t count = rrd_file_columns(shape);

    if (!make_folders(target, err))
        return false;
    for (size_t i = 0; i < count; i++)
        (void)snprintf(texts[i], ARCHIVE_TEXT_MAX, "DS:%s:GAUGE:%lld:U:U", rrd_column_name(shape, i, name),
                       (long long)(HEARTBEAT_STEPS * shape->step_s));
    count += describe_archives(shape, texts + count);
    for (size_t i = 0; i < count; i++)
        arguments[i] = texts[i];
    rrd_clear_error();
    errno = 0;
    if (rrd_create_r2(target->full, (unsigned long)shape->step_s, (time_t)first_s, 1, NULL, NULL, (int)count,
                      arguments) != 0)
        return rrd_file_failed(err, target->path, "creating");
    if (fchmodat(target->root_fd, target->path, FILE_MODE, 0) != 0)
        return system_failed(err, target->path, "creating");
    target->last_s = first_s;
    return true;
}

/* Of those with other buckets the newest stays: a source that cannot make up its mind fills no disk. */
static bool set_aside(const struct target *target, bool has_other_buckets, struct err *err)
{
    char name[RRD_FILE_PATH_MAX + 40];

    if (has_other_buckets)
        (void)snprintf(name, sizeof(name), "%s.former", target->path);
    else
        (void)snprintf(name, sizeof(name), "%s.corrupt-%lld", target->path, (long long)time(NULL));
    if (renameat(target->root_fd, target->path, target->root_fd, name) != 0)
        return system_failed(err, target->path, "setting aside");
    return true;
}

/* librrd writes through a mapping, where a hole (of a copied file) on a full disk would be a SIGBUS. */
static bool fill_holes(const struct target *target, int64_t size, struct err *err)
{
    int fd = openat(target->root_fd, target->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return system_failed(err, target->path, "opening");
    bool is_filled = fallocate(fd, 0, 0, size) == 0 || errno == EOPNOTSUPP;
    if (!is_filled)
        (void)system_failed(err, target->path, "allocating");
    (void)close(fd);
    return is_filled;
}

/* What a file turned out to be. */
enum nature { NATURE_UNKNOWN, NATURE_OURS, NATURE_FOREIGN, NATURE_OTHER_BUCKETS };

/* The columns of a file beside those of the shape. */
struct columns {
    size_t count, ours, buckets;
};

/* `key`: "ds[NAME].index". */
static void compare_column(const struct rrd_file_shape *shape, const char *key, size_t index,
                           struct columns *columns)
{
    char name[ARCHIVE_TEXT_MAX];
    char wanted[RRD_COLUMN_NAME_SIZE];
    double bound = 0;

    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(key + 3, "]"), key + 3);
    columns->count++;
    columns->buckets += rrd_column_bound(name, &bound);
    columns->ours +=
        index < rrd_file_columns(shape) && strcmp(name, rrd_column_name(shape, index, wanted)) == 0;
}

/* Whether the file has our step and exactly our columns; its last update. */
static enum nature nature_of(const rrd_info_t *info, const struct rrd_file_shape *shape, int64_t *ret_last_s)
{
    struct columns columns = {.count = 0};
    bool has_step = false;

    for (; info != NULL; info = info->next) {
        const char *dot = strrchr(info->key, '.');
        if (strcmp(info->key, "step") == 0)
            has_step = info->value.u_cnt == (unsigned long)shape->step_s;
        else if (strcmp(info->key, "last_update") == 0)
            *ret_last_s = (int64_t)info->value.u_cnt;
        else if (strncmp(info->key, "ds[", 3) == 0 && dot != NULL && strcmp(dot, ".index") == 0)
            compare_column(shape, info->key, info->value.u_cnt, &columns);
    }
    if (has_step && columns.count == rrd_file_columns(shape) && columns.ours == columns.count)
        return NATURE_OURS;
    bool has_buckets = shape->kind == RRD_FILE_BUCKETS && columns.buckets == columns.count;
    return has_step && has_buckets ? NATURE_OTHER_BUCKETS : NATURE_FOREIGN;
}

/* Errors of the system, not of the file: the file stays where it is. */
static bool is_system_trouble(const char *text)
{
    static const char *const beginnings[] = {"opening ", "fstat ", "mmaping ", "allocating ", "malloc"};

    for (size_t i = 0; i < ARRAY_LENGTH(beginnings); i++) {
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

/* Looks into an existing file. UNKNOWN: an error. */
static enum nature examine(struct target *target, int64_t size, struct err *err)
{
    if (size == 0)
        return NATURE_FOREIGN;
    if (!fill_holes(target, size, err))
        return NATURE_UNKNOWN;
    rrd_clear_error();
    rrd_info_t *info = rrd_info_r(target->full);
    if (info == NULL) {
        const char *text = rrd_get_error();
        enum nature nature = text == NULL || !is_system_trouble(text) ? NATURE_FOREIGN : NATURE_UNKNOWN;
        (void)rrd_file_failed(err, target->path, "reading");
        return nature;
    }
    enum nature nature = nature_of(info, target->shape, &target->last_s);
    rrd_info_free(info);
    return nature;
}

/* Makes the target a file of its shape whose last_s is known. */
static bool open_target(struct target *target, int64_t first_s, struct rrd_file_result *result,
                        struct err *err)
{
    struct stat status;

    if (fstatat(target->root_fd, target->path, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(status.st_mode))
            return err_set(err, ERR_IO, "%s: not a regular file", target->path);
        enum nature nature = examine(target, status.st_size, err);
        if (nature == NATURE_OURS)
            return true;
        if (nature == NATURE_UNKNOWN || !set_aside(target, nature == NATURE_OTHER_BUCKETS, err))
            return false;
        result->had_other_buckets = nature == NATURE_OTHER_BUCKETS;
        result->was_set_aside = true;
    } else if (errno != ENOENT) {
        return system_failed(err, target->path, "looking for");
    }
    if (!create_file(target, first_s, err))
        return false;
    result->was_created = true;
    return true;
}

/* 15 digits: librrd reads digit by digit, and more of them only add its rounding, but to whole numbers. */
static void add_value(struct text *text, double value)
{
    if (isfinite(value) && fabs(value) < WHOLE_MAX && trunc(value) == value) {
        text_add_text(text, value < 0 ? ":-" : ":");
        text_add_whole(text, (uint64_t)fabs(value));
    } else if (isfinite(value)) {
        text_add(text, ":%.15g", value);
    } else {
        text_add_text(text, ":U");
    }
}

static void format_update(char *to, size_t size, int64_t end_s, const double *values, size_t columns)
{
    struct text text;

    text_init(&text, to, size);
    text_add_whole(&text, (uint64_t)end_s);
    for (size_t i = 0; i < columns; i++)
        add_value(&text, values != NULL ? values[i] : NAN);
}

/* Writes as many points as fit in one call; returns how many were used, 0 on failure. */
static size_t update_some(struct target *target, const struct rrd_file_point *points, size_t count)
{
    char texts[UPDATES_TEXT_MAX];
    const char *arguments[UPDATES_PER_CALL];
    size_t columns = rrd_file_columns(target->shape);
    size_t point_size = rrd_file_point_size(target->shape);
    size_t text_size = TIME_TEXT_MAX + columns * VALUE_TEXT_MAX;
    int64_t last_s = target->last_s;
    size_t used = 0;
    size_t updates = 0;

    for (; used < count && updates + 2 <= UPDATES_PER_CALL && (updates + 2) * text_size <= sizeof(texts);
         used++) {
        const struct rrd_file_point *point = rrd_file_point_at(points, used, point_size);
        if (point->time_s > last_s)
            format_update(&texts[updates++ * text_size], text_size, point->time_s, NULL, columns);
        last_s = point->time_s + target->shape->step_s;
        format_update(&texts[updates++ * text_size], text_size, last_s, rrd_file_values(point), columns);
    }
    for (size_t i = 0; i < updates; i++)
        arguments[i] = &texts[i * text_size];
    rrd_clear_error();
    if (rrd_updatex_r(target->full, NULL, RRD_SKIP_PAST_UPDATES, (int)updates, arguments) != 0)
        return 0;
    target->last_s = last_s;
    return used;
}

/* Points not after what the file has, or not after the one before, are late; moves the others to the front.
 */
static size_t keep_new(const struct target *target, const struct rrd_file_point *points, size_t count,
                       char *to)
{
    size_t size = rrd_file_point_size(target->shape);
    int64_t last_s = target->last_s;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct rrd_file_point *point = rrd_file_point_at(points, i, size);
        if (point->time_s < last_s)
            continue;
        memcpy(to + size * kept++, point, size);
        last_s = point->time_s + target->shape->step_s;
    }
    return kept;
}

static bool update_all(struct target *target, const struct rrd_file_point *points, size_t count,
                       struct rrd_file_result *result, struct err *err)
{
    size_t size = rrd_file_point_size(target->shape);
    struct rrd_file_point *fresh = memory_take_array(count, size);
    size_t fresh_count = keep_new(target, points, count, (char *)fresh);
    size_t done = 0;
    bool is_written = true;
    while (done < fresh_count && is_written) {
        size_t used = update_some(target, rrd_file_point_at(fresh, done, size), fresh_count - done);
        is_written = used > 0;
        done += used;
    }
    if (!is_written)
        (void)rrd_file_failed(err, target->path, "writing");
    free(fresh);
    result->late += count - fresh_count;
    result->written += done;
    return is_written;
}

bool rrd_file_write(int root_fd, const char *root, const char *path, const struct rrd_file_shape *shape,
                    const struct rrd_file_point *points, size_t count, int64_t last_s,
                    struct rrd_file_result *ret_result, int64_t *ret_last_s, struct err *err)
{
    struct target target = {.root_fd = root_fd, .path = path, .shape = shape, .last_s = last_s};
    struct rrd_file_result result = {0};

    assert(rrd_file_is_path(path) && rrd_file_is_shape(shape) && count > 0);
    *ret_result = result;
    *ret_last_s = 0;
    if (!rrd_file_full_path(root, path, target.full, err))
        return false;
    bool is_written = last_s != 0 && update_all(&target, points, count, &result, err);
    if (!is_written) {
        /* New to us, or no longer what we knew: look again. What was written is late then, not lost. */
        size_t written = result.written;
        result = (struct rrd_file_result){0};
        is_written = open_target(&target, points[0].time_s, &result, err) &&
                     update_all(&target, points, count, &result, err);
        result.written += written;
        result.late = result.late > written ? result.late - written : 0;
    }
    *ret_result = result;
    if (is_written)
        *ret_last_s = target.last_s;
    return is_written;
}
