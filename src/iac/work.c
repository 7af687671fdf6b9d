/* work.c - private folders, one lock, and an end to all that holds secrets.
 * SPDX-License-Identifier: MIT */
#include "iac/work.h"

#include "base/text.h"
#include "io/buffer.h"
#include "io/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0700,
    FILE_MODE = 0600,
    DAY_S = 24 * 3600,
    DEPTH_MAX = 16,
    PIECE = 64 * 1024,
    HOLDER_SIZE = 160
};

static const char *const parts[] = {"state", "archive", "runs"};

static bool fail(struct err *err, const char *what, const char *name)
{
    return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s %s: %s", what, name, strerror(errno));
}

static bool is_private(int fd, const char *name, struct err *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fail(err, "looking at", name);
    if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
        return err_set(err, ERR_FORBIDDEN, "%s: must belong to us, and to nobody else (chmod 700)", name);
    return true;
}

/* Made where it is missing; -1: *err. */
static int enter(int at, const char *name, struct err *err)
{
    if (mkdirat(at, name, FOLDER_MODE) != 0 && errno != EEXIST) {
        (void)fail(err, "making", name);
        return -1;
    }
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        (void)fail(err, "opening", name);
        return -1;
    }
    if (is_private(fd, name, err))
        return fd;
    (void)close(fd);
    return -1;
}

/* Goes on from `at`, which is closed. */
static int enter_next(int at, const char *name, struct err *err)
{
    int fd = at < 0 ? -1 : enter(at, name, err);

    if (at >= 0)
        (void)close(at);
    return fd;
}

/* "run_5 (apply)", as whoever has a lock wrote into it. */
static bool tell_holder(int fd, const char *what, int64_t wait_s, struct err *err)
{
    char holder[HOLDER_SIZE + 1] = "";
    ssize_t length = pread(fd, holder, HOLDER_SIZE, 0);

    holder[length > 0 ? length : 0] = '\0';
    return err_set(err, ERR_CONFLICT, "%s works on this %s, and did not end in %lld s",
                   holder[0] == '\0' ? "somebody else" : holder, what, (long long)wait_s);
}

static bool wait_for(int fd, const char *what, const struct work_place *place,
                     struct invocation_signals *signals, struct err *err)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    time_t until_s = now.tv_sec + place->wait_s;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool is_held = errno == EWOULDBLOCK || errno == EINTR;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (!is_held)
            return fail(err, "locking", what);
        if (now.tv_sec >= until_s)
            return tell_holder(fd, what, place->wait_s, err);
        if (!invocation_pause(signals))
            return err_set(err, ERR_UNAVAILABLE, "interrupted before the %s was free", what);
    }
    return true;
}

static bool take_lock(struct work *work, const struct work_place *place, struct invocation_signals *signals,
                      struct err *err)
{
    work->lock = openat(work->stack, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (work->lock < 0)
        return fail(err, "opening", "lock");
    if (!wait_for(work->lock, "stack", place, signals, err))
        return false;
    if (ftruncate(work->lock, 0) == 0)
        (void)dprintf(work->lock, "%.*s (%.16s)", HOLDER_SIZE - 24, place->run, place->verb);
    return true;
}

static bool open_run(struct work *work, const char *run, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        int part = enter(work->stack, parts[i], err);
        if (part < 0)
            return false;
        if (strcmp(parts[i], "runs") == 0)
            work->run = enter(part, run, err);
        (void)close(part);
    }
    return work->run >= 0;
}

bool work_open(const struct work_place *place, struct invocation_signals *signals, struct work *ret_work,
               struct err *err)
{
    struct work work = {.stack = -1, .run = -1, .lock = -1};
    int length = snprintf(work.stack_path, sizeof(work.stack_path), "%s/%s/%s", place->root, place->stack,
                          place->environment);
    int whole = snprintf(work.run_path, sizeof(work.run_path), "%s/%s/%s/runs/%s", place->root, place->stack,
                         place->environment, place->run);

    if (place->root[0] != '/' || length >= (int)sizeof(work.stack_path) ||
        whole >= (int)sizeof(work.run_path))
        return err_set(err, ERR_INVALID, "the work folder must be an absolute path, and not too long");
    work.stack =
        enter_next(enter_next(enter(AT_FDCWD, place->root, err), place->stack, err), place->environment, err);
    if (work.stack >= 0 && (place->purpose == WORK_WITH_RUN || take_lock(&work, place, signals, err)) &&
        open_run(&work, place->run, err) && wait_for(work.run, "run", place, signals, err)) {
        *ret_work = work;
        return true;
    }
    work_close(&work);
    return err->code != ERR_CONFLICT && err_wrap(err, "%s", work.run_path);
}

void work_close(struct work *work)
{
    int all[] = {work->run, work->stack, work->lock};

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (all[i] >= 0)
            (void)close(all[i]);
    work->run = work->stack = work->lock = -1;
}

static int open_file(int at, const char *name, int flags, struct err *err)
{
    int fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        (void)fail(err, "opening", name);
    return fd;
}

int work_create(const struct work *work, const char *name, struct err *err)
{
    return open_file(work->run, name, O_RDWR | O_CREAT | O_TRUNC, err);
}

int work_read(const struct work *work, const char *name, struct err *err)
{
    return open_file(work->run, name, O_RDONLY, err);
}

static bool read_all(int fd, const char *name, struct buffer *buffer, struct err *err)
{
    CLEANUP(memory_free_at) char *piece = memory_take(PIECE);
    ssize_t length = 0;

    while ((length = read(fd, piece, PIECE)) > 0)
        if (!buffer_add(buffer, piece, (size_t)length))
            return err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", name, buffer->length_max);
    return length == 0 || fail(err, "reading", name);
}

static bool load(int at, const char *name, size_t length_max, char **ret_text, size_t *ret_length,
                 struct err *err)
{
    struct buffer buffer;
    int fd = open_file(at, name, O_RDONLY, err);

    if (fd < 0)
        return false;
    buffer_init(&buffer, length_max);
    bool is_good = read_all(fd, name, &buffer, err);
    (void)close(fd);
    if (is_good) {
        *ret_length = buffer.length;
        *ret_text = buffer_take(&buffer);
    }
    buffer_done(&buffer);
    return is_good;
}

bool work_load(const struct work *work, const char *name, size_t length_max, char **ret_text,
               size_t *ret_length, struct err *err)
{
    return load(work->run, name, length_max, ret_text, ret_length, err);
}

bool work_load_of_stack(const struct work *work, const char *name, size_t length_max, char **ret_text,
                        size_t *ret_length, struct err *err)
{
    return load(work->stack, name, length_max, ret_text, ret_length, err);
}

static bool write_all(int fd, const char *name, const char *bytes, size_t length, struct err *err)
{
    size_t done = 0;

    while (done < length) {
        ssize_t count = write(fd, bytes + done, length - done);
        if (count <= 0 && errno != EINTR)
            return fail(err, "writing", name);
        done += count > 0 ? (size_t)count : 0;
    }
    return true;
}

bool work_save(const struct work *work, const char *name, const char *bytes, size_t length, struct err *err)
{
    int fd = work_create(work, name, err);

    if (fd < 0)
        return false;
    bool is_good = write_all(fd, name, bytes, length, err);
    (void)close(fd);
    return is_good;
}

bool work_save_of_stack(const struct work *work, const char *name, const char *bytes, size_t length,
                        struct err *err)
{
    char part[NAME_MAX + 1];

    (void)snprintf(part, sizeof(part), ".%.240s.part", name);
    int fd = open_file(work->stack, part, O_WRONLY | O_CREAT | O_TRUNC, err);
    if (fd < 0)
        return false;
    bool is_good = write_all(fd, name, bytes, length, err) && (fsync(fd) == 0 || fail(err, "writing", name));
    (void)close(fd);
    is_good = is_good && (renameat(work->stack, part, work->stack, name) == 0 || fail(err, "naming", name)) &&
              (fsync(work->stack) == 0 || fail(err, "writing", name));
    if (!is_good)
        (void)unlinkat(work->stack, part, 0);
    return is_good;
}

void work_remove_of_stack(const struct work *work, const char *name)
{
    (void)unlinkat(work->stack, name, 0);
}

void work_remove(const struct work *work, const char *name)
{
    (void)unlinkat(work->run, name, 0);
}

/* How many there are; the one that was changed last before all others in `to`. */
static size_t find_oldest(DIR *archive, char to[NAME_MAX + 1])
{
    struct dirent *entry = NULL;
    time_t oldest_s = 0;
    size_t count = 0;

    while ((entry = readdir(archive)) != NULL) {
        struct stat status;
        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(archive), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (count++ > 0 && status.st_mtime >= oldest_s)
            continue;
        oldest_s = status.st_mtime;
        (void)snprintf(to, NAME_MAX + 1, "%s", entry->d_name);
    }
    return count;
}

static void make_room(const struct work *work)
{
    struct err err;
    char oldest[NAME_MAX + 1] = "";
    int folder = enter(work->stack, "archive", &err);
    DIR *archive = folder < 0 ? NULL : fdopendir(folder);

    if (archive == NULL)
        return;
    if (find_oldest(archive, oldest) >= WORK_ARCHIVE_MAX)
        (void)unlinkat(dirfd(archive), oldest, 0);
    (void)closedir(archive);
}

int work_archive(const struct work *work, const char *run, struct err *err)
{
    make_room(work);
    int folder = enter(work->stack, "archive", err);
    int fd = folder < 0 ? -1 : open_file(folder, run, O_RDWR | O_CREAT | O_TRUNC, err);

    if (folder >= 0)
        (void)close(folder);
    return fd;
}

static void remove_all(int at, const char *name, unsigned depth);

static void remove_inside(int folder, unsigned depth)
{
    DIR *entries = fdopendir(folder);
    struct dirent *entry = NULL;

    if (entries == NULL) {
        (void)close(folder);
        return;
    }
    while ((entry = readdir(entries)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_all(dirfd(entries), entry->d_name, depth + 1);
    (void)closedir(entries);
}

static void remove_all(int at, const char *name, unsigned depth)
{
    if (unlinkat(at, name, 0) == 0 || depth > DEPTH_MAX)
        return;
    int folder = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0)
        remove_inside(folder, depth);
    (void)unlinkat(at, name, AT_REMOVEDIR);
}

void work_remove_folder(const struct work *work, const char *name)
{
    remove_all(work->run, name, 0);
}

void work_forget(const struct work *work, const char *run)
{
    struct err err;
    int runs = enter(work->stack, "runs", &err);

    if (runs < 0)
        return;
    remove_all(runs, run, 0);
    (void)close(runs);
}

static bool is_ours(const struct work *work, int folder)
{
    struct stat ours;
    struct stat other;

    return fstat(work->run, &ours) != 0 || fstat(folder, &other) != 0 ||
           (ours.st_dev == other.st_dev && ours.st_ino == other.st_ino);
}

void work_each(const struct work *work, const char *name, void (*take)(void *data, const char *run, int fd),
               void *data)
{
    struct err err;
    int folder = enter(work->stack, "runs", &err);
    DIR *runs = folder < 0 ? NULL : fdopendir(folder);
    struct dirent *entry = NULL;

    while (runs != NULL && (entry = readdir(runs)) != NULL) {
        int run = entry->d_name[0] == '.'
                      ? -1
                      : openat(dirfd(runs), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int fd = run < 0 || is_ours(work, run) ? -1 : openat(run, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0) {
            take(data, entry->d_name, fd);
            (void)close(fd);
        }
        if (run >= 0)
            (void)close(run);
    }
    if (runs != NULL)
        (void)closedir(runs);
}

static void sweep(DIR *runs)
{
    time_t now_s = time(NULL);
    struct dirent *entry = NULL;

    while ((entry = readdir(runs)) != NULL) {
        struct stat status;
        if (entry->d_name[0] == '.' || fstatat(dirfd(runs), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (now_s - status.st_mtime > (time_t)WORK_KEEP_DAYS * DAY_S)
            remove_all(dirfd(runs), entry->d_name, 0);
    }
}

void work_sweep(const struct work *work)
{
    struct err err;
    int folder = enter(work->stack, "runs", &err);
    DIR *runs = folder < 0 ? NULL : fdopendir(folder);

    if (runs == NULL)
        return;
    sweep(runs);
    (void)closedir(runs);
}
