/* disk_sqlite.c - what SQLite asks of a file system.
 * SPDX-License-Identifier: MIT */
#include "io/memory.h"
#include "tests/disk/disk_files.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

struct handle {
    sqlite3_file base; /* first: SQLite knows it alone */
    struct disk_file *file;
    int level;
    unsigned shared_mask, exclusive_mask;
};

/* Connections of one process, on two threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define LOCKED(result)                                                                                       \
    do {                                                                                                     \
        (void)pthread_mutex_lock(&lock);                                                                     \
        int locked_result = (result);                                                                        \
        (void)pthread_mutex_unlock(&lock);                                                                   \
        return locked_result;                                                                                \
    } while (0)

/* Reading and writing */

static int read_some(const struct disk_file *file, void *to, size_t length, size_t offset)
{
    size_t there = offset < file->seen.length ? file->seen.length - offset : 0;
    size_t got = there < length ? there : length;

    if (disk_has_stopped())
        return SQLITE_IOERR_READ;
    if (got > 0)
        memcpy(to, file->seen.at + offset, got);
    if (got == length)
        return SQLITE_OK;
    memset((unsigned char *)to + got, 0, length - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int on_read(sqlite3_file *base, void *to, int length, sqlite3_int64 offset)
{
    LOCKED(read_some(((struct handle *)base)->file, to, (size_t)length, (size_t)offset));
}

/* What is half done ends at a sector. */
static size_t torn(size_t length)
{
    size_t sectors = (length + DISK_SECTOR - 1) / DISK_SECTOR;
    size_t kept = dice_below(disk_dice(), (uint32_t)sectors + 1) * (size_t)DISK_SECTOR;

    return kept < length ? kept : length;
}

static int write_some(struct disk_file *file, const void *from, size_t length, size_t offset)
{
    bool was_stopped = disk_has_stopped();
    enum disk_trouble trouble = disk_operation(false);

    if (trouble == DISK_FULL)
        return SQLITE_FULL;
    size_t done = trouble == DISK_FINE ? length : was_stopped ? 0 : torn(length);
    if (done > 0)
        disk_file_write(file, offset, from, done);
    return trouble == DISK_FINE ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int on_write(sqlite3_file *base, const void *from, int length, sqlite3_int64 offset)
{
    LOCKED(write_some(((struct handle *)base)->file, from, (size_t)length, (size_t)offset));
}

static int cut(struct disk_file *file, size_t length)
{
    if (disk_operation(false) != DISK_FINE)
        return SQLITE_IOERR_TRUNCATE;
    disk_file_cut(file, length);
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 length)
{
    LOCKED(cut(((struct handle *)base)->file, (size_t)length));
}

static int sync_all(struct disk_file *file)
{
    enum disk_trouble trouble = disk_operation(true);

    if (trouble == DISK_ERRS)
        disk_file_lose(file);
    if (trouble == DISK_ERRS || trouble == DISK_STOPS)
        return SQLITE_IOERR_FSYNC;
    disk_file_sync(file); /* a full disk still syncs what it took */
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    LOCKED(sync_all(((struct handle *)base)->file));
}

static int on_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    (void)pthread_mutex_lock(&lock);
    *ret_size = (sqlite3_int64)((struct handle *)base)->file->seen.length;
    (void)pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

/* Locks of the file */

static int unlock_to(struct handle *handle, int level)
{
    struct disk_file *file = handle->file;

    if (file->exclusive_by == handle)
        file->exclusive_by = NULL;
    if (file->pending_by == handle)
        file->pending_by = NULL;
    if (file->reserved_by == handle)
        file->reserved_by = NULL;
    if (level == SQLITE_LOCK_NONE && handle->level >= SQLITE_LOCK_SHARED)
        file->readers--;
    if (level < handle->level)
        handle->level = level;
    return SQLITE_OK;
}

static bool is_others(const void *owner, const struct handle *handle)
{
    return owner != NULL && owner != handle;
}

static int lock_to(struct handle *handle, int level)
{
    struct disk_file *file = handle->file;

    if (level <= handle->level)
        return SQLITE_OK;
    if (is_others(file->exclusive_by, handle) ||
        (level == SQLITE_LOCK_SHARED && is_others(file->pending_by, handle)))
        return SQLITE_BUSY;
    if (level >= SQLITE_LOCK_RESERVED && is_others(file->reserved_by, handle))
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED)
        file->readers++;
    if (level >= SQLITE_LOCK_RESERVED)
        file->reserved_by = handle;
    if (level == SQLITE_LOCK_EXCLUSIVE && file->readers > 1) {
        file->pending_by = handle;
        handle->level = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    if (level == SQLITE_LOCK_EXCLUSIVE)
        file->exclusive_by = handle;
    handle->level = level;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *base, int level)
{
    LOCKED(lock_to((struct handle *)base, level));
}

static int on_unlock(sqlite3_file *base, int level)
{
    LOCKED(unlock_to((struct handle *)base, level));
}

static int on_reserved(sqlite3_file *base, int *ret_is_reserved)
{
    (void)pthread_mutex_lock(&lock);
    *ret_is_reserved = ((struct handle *)base)->file->reserved_by != NULL;
    (void)pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

/* What connections share */

static int share_region(struct disk_file *file, int number, int size, int is_made, void volatile **ret_at)
{
    *ret_at = NULL;
    if (number >= DISK_REGIONS_MAX || disk_has_stopped())
        return SQLITE_IOERR_SHMMAP;
    if (file->regions[number] == NULL && is_made)
        file->regions[number] = memory_take((size_t)size);
    *ret_at = file->regions[number];
    return SQLITE_OK;
}

static int on_shm_map(sqlite3_file *base, int number, int size, int is_made, void volatile **ret_at)
{
    LOCKED(share_region(((struct handle *)base)->file, number, size, is_made, ret_at));
}

static void give_back(struct handle *handle, int at)
{
    struct disk_file *file = handle->file;
    unsigned bit = 1U << at;

    if (handle->exclusive_mask & bit)
        file->owner[at] = NULL;
    if (handle->shared_mask & bit)
        file->shared[at]--;
    handle->exclusive_mask &= ~bit;
    handle->shared_mask &= ~bit;
}

static bool may_take(const struct handle *handle, int at, bool is_exclusive)
{
    const struct disk_file *file = handle->file;
    int own = (handle->shared_mask >> at) & 1U ? 1 : 0;

    return !is_others(file->owner[at], handle) && (!is_exclusive || file->shared[at] == own);
}

static void take(struct handle *handle, int at, bool is_exclusive)
{
    unsigned bit = 1U << at;

    if (is_exclusive) {
        handle->file->owner[at] = handle;
        handle->exclusive_mask |= bit;
    } else if (!(handle->shared_mask & bit)) {
        handle->file->shared[at]++;
        handle->shared_mask |= bit;
    }
}

static int lock_shared(struct handle *handle, int offset, int count, int flags)
{
    bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;

    for (int at = offset; at < offset + count; at++) {
        if (flags & SQLITE_SHM_UNLOCK)
            give_back(handle, at);
        else if (!may_take(handle, at, is_exclusive))
            return SQLITE_BUSY;
    }
    for (int at = offset; (flags & SQLITE_SHM_LOCK) && at < offset + count; at++)
        take(handle, at, is_exclusive);
    return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    LOCKED(lock_shared((struct handle *)base, offset, count, flags));
}

static void on_shm_barrier(sqlite3_file *base)
{
    (void)base;
    (void)pthread_mutex_lock(&lock);
    (void)pthread_mutex_unlock(&lock);
}

static int on_shm_unmap(sqlite3_file *base, int is_deleted)
{
    struct handle *handle = (struct handle *)base;

    (void)is_deleted;
    (void)pthread_mutex_lock(&lock);
    for (int at = 0; at < DISK_SHARED_LOCKS; at++)
        give_back(handle, at);
    (void)pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

/* The rest of a file */

static int on_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int on_traits(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int on_close(sqlite3_file *base)
{
    struct handle *handle = (struct handle *)base;

    (void)on_shm_unmap(base, 0);
    (void)pthread_mutex_lock(&lock);
    (void)unlock_to(handle, SQLITE_LOCK_NONE);
    handle->file->handles--;
    (void)pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

/* The file system */

static int open_file(struct handle *handle, const char *name, int flags, int *ret_flags)
{
    memset(handle, 0, sizeof(*handle));
    if (disk_has_stopped() || name == NULL)
        return SQLITE_CANTOPEN;
    handle->file = disk_file(name, (flags & SQLITE_OPEN_CREATE) != 0);
    if (handle->file == NULL)
        return SQLITE_CANTOPEN;
    handle->base.pMethods = &methods;
    handle->file->handles++;
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    (void)vfs;
    LOCKED(open_file((struct handle *)base, name, flags, ret_flags));
}

static int delete_file(const char *name, bool is_synced)
{
    struct disk_file *file = disk_file(name, false);

    if (file == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    if (disk_operation(false) != DISK_FINE)
        return SQLITE_IOERR_DELETE;
    disk_file_delete(file, is_synced);
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int is_synced)
{
    (void)vfs;
    LOCKED(delete_file(name, is_synced != 0));
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_is_there)
{
    (void)vfs;
    (void)flags;
    (void)pthread_mutex_lock(&lock);
    const struct disk_file *file = disk_file(name, false);
    *ret_is_there = file != NULL && file->seen.length > 0;
    (void)pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int on_path(sqlite3_vfs *vfs, const char *name, int room, char *to)
{
    (void)vfs;
    (void)sqlite3_snprintf(room, to, "%s", name);
    return SQLITE_OK;
}

/* Asked once in a process: luck of its own, so that a seed is the same whatever ran before. */
static int on_random(sqlite3_vfs *vfs, int length, char *to)
{
    struct dice dice = {.state = 1};

    (void)vfs;
    for (int i = 0; i < length; i++)
        to[i] = (char)dice_below(&dice, 256);
    return length;
}

void disk_register(void)
{
    static sqlite3_vfs vfs;

    vfs = *sqlite3_vfs_find(NULL);
    vfs.szOsFile = sizeof(struct handle);
    vfs.mxPathname = DISK_NAME_MAX;
    vfs.zName = "disk";
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    vfs.xAccess = on_access;
    vfs.xFullPathname = on_path;
    vfs.xRandomness = on_random;
    (void)sqlite3_vfs_register(&vfs, 1);
}
