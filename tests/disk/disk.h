/* disk.h - a disk in memory below SQLite, which forgets and fails as disks do: torn, lost and reordered
 * writes, EIO, a full one.
 * SPDX-License-Identifier: MIT
 *
 * Registered as SQLite's only file system of this process. What was written but not synced is kept as single
 * changes: a power cut keeps any of them, sector by sector, and loses the others. Everything random comes
 * from the seed. */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum disk_trouble {
    DISK_FINE,
    DISK_ERRS,  /* EIO, once: of a write, which may be half done, or of a sync, which may then have lost what
                   it was to write */
    DISK_LOSES, /* the same, of a sync alone */
    DISK_FULL,  /* from then on until disk_calm() */
    DISK_STOPS  /* the process or the machine is gone in the middle of it: nothing gets through any more */
};

enum { DISK_SECTOR = 512 };

void disk_register(void);

/* Empty but for an empty file of this name. */
void disk_begin(const char *name, uint64_t seed);
void disk_end(void);

/* The `after`-th operation from now on (1: the next) that changes a file meets this. */
void disk_arm(enum disk_trouble trouble, uint32_t after);
void disk_calm(void);
MUST_CHECK bool disk_is_hit(void); /* since disk_arm() */

/* As DISK_STOPS, now. Then, after all handles are closed: */
void disk_stop(void);
/* The machine is there again; without a power cut what was written is still in its memory. */
void disk_restart(bool is_power_cut);

/* How often each was met, for the figures. */
struct disk_tally {
    uint64_t writes, syncs, errors, full, stops, power_cuts, lost_sectors, kept_sectors;
};

const struct disk_tally *disk_tally(void);

#endif
