/* disk_files.h - the disk's files, for what SQLite calls.
 * SPDX-License-Identifier: MIT */
#ifndef DISK_DISK_FILES_H
#define DISK_DISK_FILES_H

#include "tests/disk/disk.h"
#include "tests/simulation/random.h"

#include <stddef.h>

enum { DISK_NAME_MAX = 128, DISK_REGIONS_MAX = 64, DISK_SHARED_LOCKS = 8 };

struct disk_bytes {
    unsigned char *at;
    size_t length, room;
};

struct disk_change {
    struct disk_change *next;
    bool is_cut;
    size_t offset, length;
    unsigned char bytes[];
};

struct disk_file {
    char name[DISK_NAME_MAX];
    bool exists;
    bool is_named;          /* its folder knows it, also after a power cut */
    bool may_return;        /* was deleted, which its folder may not know after a power cut */
    struct disk_bytes seen; /* what a read gives */
    struct disk_bytes safe; /* what a power cut leaves at least */
    struct disk_change *changes, **changes_end;
    int handles;
    /* Locks of the file, and of what its connections share. */
    int readers;
    const void *reserved_by, *pending_by, *exclusive_by;
    void *regions[DISK_REGIONS_MAX];
    int shared[DISK_SHARED_LOCKS];
    const void *owner[DISK_SHARED_LOCKS];
};

/* By its name; made where it is not there and `is_made`. */
struct disk_file *disk_file(const char *name, bool is_made);

/* To be asked before each change: what it meets. */
enum disk_trouble disk_operation(bool is_sync);
bool disk_has_stopped(void);
struct dice *disk_dice(void);

void disk_file_write(struct disk_file *file, size_t offset, const void *data, size_t length);
void disk_file_cut(struct disk_file *file, size_t length);
void disk_file_sync(struct disk_file *file);
void disk_file_lose(struct disk_file *file);
void disk_file_delete(struct disk_file *file, bool is_synced);

#endif
