/* rrd_file.c - one series as one RRD file: create, update, fetch through librrd.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_file.h"

#include "base/text.h"
#include "io/memory.h"

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
    FULL_PATH_MAX = 4096,
    VALUE_TEXT_MAX = 96,
    UPDATES_PER_CALL = 128,
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
    char full[FULL_PATH_MAX];
    const struct rrd_file_shape *shape;
    int64_t last_s; /* end of the newest step in the file */
};

static const char *const column_names[RRD_FILE_KIND_COUNT][RRD_FILE_COLUMNS_MAX] = {
    [RRD_FILE_GAUGE] = {"value"},
    [RRD_FILE_COUNT] = {"events", "total"},
};

static const char *const consolidation_names[RRD_FILE_CONSOLIDATION_COUNT] = {
    [RRD_FILE_AVERAGE] = "AVERAGE", [RRD_FILE_MIN] = "MIN", [RRD_FILE_MAX] = "MAX"};

size_t rrd_file_columns(enum rrd_file_kind kind)
{
    return kind == RRD_FILE_COUNT ? 2 : 1;
}

size_t rrd_file_archives_default(int64_t step_s, struct rrd_file_archive *ret_archives)
{
    static const struct {
        int64_t row_s, span_s;
    } wanted[] = {{1, 2 * DAY_S}, {60, 30 * DAY_S}, {3600, 730 * DAY_S}};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
        int64_t row_s = (wanted[i].row_s + step_s - 1) / step_s * step_s;
        if (count > 0 && ret_archives[count - 1].row_s == row_s)
            count--;
        ret_archives[count++] = (struct rrd_file_archive){.consolidation = RRD_FILE_AVERAGE,
                                                          .row_s = row_s,
                                                          .rows = (wanted[i].span_s + row_s - 1) / row_s};
    }
    return count;
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
    if (shape->kind >= RRD_FILE_KIND_COUNT || shape->step_s < 1 || shape->step_s > RRD_FILE_STEP_MAX_S)
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

/* librrd keeps its error per thread until the next; gives it over as ours. */
static bool library_failed(struct err *err, const char *path, const char *doing)
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

static bool full_path(const char *root, const char *path, char *to, struct err *err)
{
    int length = snprintf(to, FULL_PATH_MAX, "%s/%s", root, path);

    if (length < 0 || length >= FULL_PATH_MAX)
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
                       (long long)(archives[i].row_s / shape->step_s), (long long)archives[i].rows);
    }
    return count;
}

static bool create_file(struct target *target, int64_t first_s, struct err *err)
{
    char texts[RRD_FILE_COLUMNS_MAX + RRD_FILE_ARCHIVES_MAX][ARCHIVE_TEXT_MAX];
    const char *arguments[RRD_FILE_COLUMNS_MAX + RRD_FILE_ARCHIVES_MAX];
    const struct rrd_file_shape *shape = target->shape;
    size_t count = rrd_file_columns(shape->kind);

    if (!make_folders(target, err))
        return false;
    for (size_t i = 0; i < count; i++)
        (void)snprintf(texts[i], ARCHIVE_TEXT_MAX, "DS:%s:GAUGE:%lld:U:U", column_names[shape->kind][i],
                       (long long)(HEARTBEAT_STEPS * shape->step_s));
    count += describe_archives(shape, texts + count);
    for (size_t i = 0; i < count; i++)
        arguments[i] = texts[i];
    rrd_clear_error();
    errno = 0;
    if (rrd_create_r2(target->full, (unsigned long)shape->step_s, (time_t)first_s, 1, NULL, NULL, (int)count,
                      arguments) != 0)
        return library_failed(err, target->path, "creating");
    if (fchmodat(target->root_fd, target->path, FILE_MODE, 0) != 0)
        return system_failed(err, target->path, "creating");
    target->last_s = first_s;
    return true;
}

static bool set_aside(const struct target *target, struct err *err)
{
    char name[RRD_FILE_PATH_MAX + 40];

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

/* 1 for a column of the shape, -1 for any other. */
static int compare_column(const struct rrd_file_shape *shape, const char *key)
{
    for (size_t i = 0; i < rrd_file_columns(shape->kind); i++) {
        char wanted[ARCHIVE_TEXT_MAX];
        (void)snprintf(wanted, sizeof(wanted), "ds[%s].index", column_names[shape->kind][i]);
        if (strcmp(key, wanted) == 0)
            return 1;
    }
    return -1;
}

/* Whether the file has our step and exactly our columns; its last update. */
static bool is_of_shape(const rrd_info_t *info, const struct rrd_file_shape *shape, int64_t *ret_last_s)
{
    int columns = 0;
    bool has_step = false;

    for (; info != NULL; info = info->next) {
        const char *dot = strrchr(info->key, '.');
        if (strcmp(info->key, "step") == 0)
            has_step = info->value.u_cnt == (unsigned long)shape->step_s;
        else if (strcmp(info->key, "last_update") == 0)
            *ret_last_s = (int64_t)info->value.u_cnt;
        else if (strncmp(info->key, "ds[", 3) == 0 && dot != NULL && strcmp(dot, ".index") == 0)
            columns += compare_column(shape, info->key);
    }
    return has_step && columns == (int)rrd_file_columns(shape->kind);
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

/* Looks into an existing file. False with *ret_is_foreign: set it aside; false without: an error. */
static bool examine(struct target *target, int64_t size, bool *ret_is_foreign, struct err *err)
{
    *ret_is_foreign = size == 0;
    if (size == 0 || !fill_holes(target, size, err))
        return false;
    rrd_clear_error();
    rrd_info_t *info = rrd_info_r(target->full);
    if (info == NULL) {
        const char *text = rrd_get_error();
        *ret_is_foreign = text == NULL || !is_system_trouble(text);
        return library_failed(err, target->path, "reading");
    }
    bool is_ours = is_of_shape(info, target->shape, &target->last_s);
    rrd_info_free(info);
    *ret_is_foreign = !is_ours;
    return is_ours;
}

/* Makes the target a file of its shape whose last_s is known. */
static bool open_target(struct target *target, int64_t first_s, struct rrd_file_result *result,
                        struct err *err)
{
    struct stat status;
    bool is_foreign = false;

    if (fstatat(target->root_fd, target->path, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(status.st_mode))
            return err_set(err, ERR_IO, "%s: not a regular file", target->path);
        if (examine(target, status.st_size, &is_foreign, err))
            return true;
        if (!is_foreign || !set_aside(target, err))
            return false;
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
    if (isfinite(value) && fabs(value) < WHOLE_MAX && trunc(value) == value)
        text_add(text, ":%.0f", value);
    else if (isfinite(value))
        text_add(text, ":%.15g", value);
    else
        text_add(text, ":U");
}

static void format_update(char *to, int64_t end_s, const double *values, size_t columns)
{
    struct text text;

    text_init(&text, to, VALUE_TEXT_MAX);
    text_add(&text, "%lld", (long long)end_s);
    for (size_t i = 0; i < columns; i++)
        add_value(&text, values != NULL ? values[i] : NAN);
}

/* Writes as many points as fit in one call; returns how many were used, 0 on failure. */
static size_t update_some(struct target *target, const struct rrd_file_point *points, size_t count)
{
    char texts[UPDATES_PER_CALL][VALUE_TEXT_MAX];
    const char *arguments[UPDATES_PER_CALL];
    size_t columns = rrd_file_columns(target->shape->kind);
    int64_t last_s = target->last_s;
    size_t used = 0;
    int updates = 0;

    for (; used < count && updates + 2 <= UPDATES_PER_CALL; used++) {
        if (points[used].time_s > last_s)
            format_update(texts[updates++], points[used].time_s, NULL, columns);
        last_s = points[used].time_s + target->shape->step_s;
        format_update(texts[updates++], last_s, points[used].values, columns);
    }
    for (int i = 0; i < updates; i++)
        arguments[i] = texts[i];
    rrd_clear_error();
    if (rrd_updatex_r(target->full, NULL, RRD_SKIP_PAST_UPDATES, updates, arguments) != 0)
        return 0;
    target->last_s = last_s;
    return used;
}

/* Points not after what the file has, or not after the one before, are late; moves the others to the front.
 */
static size_t keep_new(const struct target *target, const struct rrd_file_point *points, size_t count,
                       struct rrd_file_point *to)
{
    int64_t last_s = target->last_s;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (points[i].time_s < last_s)
            continue;
        to[kept++] = points[i];
        last_s = points[i].time_s + target->shape->step_s;
    }
    return kept;
}

static bool update_all(struct target *target, const struct rrd_file_point *points, size_t count,
                       struct rrd_file_result *result, struct err *err)
{
    struct rrd_file_point *fresh = memory_take_array(count, sizeof(*fresh));
    size_t fresh_count = keep_new(target, points, count, fresh);
    size_t done = 0;
    bool is_written = true;
    while (done < fresh_count && is_written) {
        size_t used = update_some(target, fresh + done, fresh_count - done);
        is_written = used > 0;
        done += used;
    }
    if (!is_written)
        (void)library_failed(err, target->path, "writing");
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
    if (!full_path(root, path, target.full, err))
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

/* One rrd_fetch_r; the data are librrd's, the names are given back at once. */
static bool fetch_range(const char *full, const char *path, int64_t start_s, int64_t end_s, int64_t row_s,
                        struct rrd_file_rows *ret_rows, struct err *err)
{
    time_t start = (time_t)start_s;
    time_t end = (time_t)end_s;
    unsigned long step = (unsigned long)row_s;
    unsigned long columns = 0;
    char **names = NULL;
    rrd_value_t *values = NULL;

    rrd_clear_error();
    if (rrd_fetch_r(full, "AVERAGE", &start, &end, &step, &columns, &names, &values) != 0)
        return library_failed(err, path, "reading");
    for (unsigned long i = 0; i < columns; i++)
        rrd_freemem(names[i]);
    rrd_freemem(names);
    int64_t step_s = (int64_t)step;
    int64_t wanted = (end_s - (int64_t)start + step_s - 1) / step_s;
    int64_t given = ((int64_t)end - (int64_t)start) / step_s;
    *ret_rows = (struct rrd_file_rows){.start_s = (int64_t)start,
                                       .row_s = step_s,
                                       .count = (size_t)(wanted < given ? wanted : given),
                                       .columns = columns,
                                       .values = values};
    return true;
}

bool rrd_file_fetch(const char *root, const char *path, int64_t start_s, int64_t end_s, int64_t row_s,
                    struct rrd_file_rows *ret_rows, struct err *err)
{
    char full[FULL_PATH_MAX];
    struct rrd_file_rows first;

    if (!rrd_file_is_path(path) || start_s < 0 || end_s <= start_s || row_s < 1)
        return err_set(err, ERR_INVALID, "%s: no range of rows", path);
    if (!full_path(root, path, full, err))
        return false;
    if (access(full, F_OK) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s: no such series", path);
    /* The archive is chosen by the start alone, so one row tells how many the whole span would be. */
    if (!fetch_range(full, path, start_s, start_s + 1, row_s, &first, err))
        return false;
    rrd_file_rows_done(&first);
    if ((end_s - start_s) / first.row_s > RRD_FILE_ROWS_MAX)
        return err_set(err, ERR_LIMIT, "%s: more than %d rows", path, RRD_FILE_ROWS_MAX);
    return fetch_range(full, path, start_s, end_s, row_s, ret_rows, err);
}

void rrd_file_rows_done(struct rrd_file_rows *rows)
{
    rrd_freemem((void *)(uintptr_t)rows->values);
    rows->values = NULL;
}
