/* disk.c - the files: what is seen, what is safe, and the changes in between.
 * SPDX-License-Identifier: MIT */
#include "tests/disk/disk.h"

#include "io/memory.h"
#include "tests/disk/disk_files.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 8 };

struct disk {
    struct dice dice;
    enum disk_trouble trouble;
    uint32_t after;
    bool is_hit, is_stopped;
    struct disk_tally tally;
    struct disk_file files[FILES_MAX];
};

static struct disk disk;

const struct disk_tally *disk_tally(void)
{
    return &disk.tally;
}

/* Bytes */

static void grow(struct disk_bytes *bytes, size_t length)
{
    if (length > bytes->room) {
        size_t room = bytes->room == 0 ? 65536 : bytes->room;
        while (room < length)
            room *= 2;
        bytes->at = memory_resize(bytes->at, room);
        bytes->room = room;
    }
    if (length > bytes->length)
        memset(bytes->at + bytes->length, 0, length - bytes->length);
    if (length > bytes->length)
        bytes->length = length;
}

static void put(struct disk_bytes *bytes, size_t offset, const void *data, size_t length)
{
    grow(bytes, offset + length);
    memcpy(bytes->at + offset, data, length);
}

static void copy_bytes(struct disk_bytes *to, const struct disk_bytes *from)
{
    to->length = 0;
    if (from->length > 0)
        put(to, 0, from->at, from->length);
}

/* Changes */

static void forget_changes(struct disk_file *file)
{
    while (file->changes != NULL) {
        struct disk_change *next = file->changes->next;
        free(file->changes);
        file->changes = next;
    }
    file->changes_end = &file->changes;
}

static void note_change(struct disk_file *file, bool is_cut, size_t offset, const void *data, size_t length)
{
    struct disk_change *change = memory_take(sizeof(*change) + length);

    *change = (struct disk_change){.is_cut = is_cut, .offset = offset, .length = length};
    if (length > 0)
        memcpy(change->bytes, data, length);
    *file->changes_end = change;
    file->changes_end = &change->next;
}

static void keep_whole(struct disk_file *file, const struct disk_change *change)
{
    if (change->is_cut)
        file->safe.length = change->offset < file->safe.length ? change->offset : file->safe.length;
    else
        put(&file->safe, change->offset, change->bytes, change->length);
}

/* Each sector of it by its own luck. */
static void keep_some(struct disk_file *file, const struct disk_change *change, uint32_t per_myriad)
{
    size_t done = 0;

    if (change->is_cut) {
        if (dice_chance(&disk.dice, per_myriad))
            keep_whole(file, change);
        return;
    }
    while (done < change->length) {
        size_t part = DISK_SECTOR - (change->offset + done) % DISK_SECTOR;
        if (part > change->length - done)
            part = change->length - done;
        bool is_kept = dice_chance(&disk.dice, per_myriad);
        if (is_kept)
            put(&file->safe, change->offset + done, change->bytes + done, part);
        disk.tally.kept_sectors += is_kept;
        disk.tally.lost_sectors += !is_kept;
        done += part;
    }
}

/* Trouble */

enum disk_trouble disk_operation(bool is_sync)
{
    if (disk.is_stopped)
        return DISK_STOPS;
    if (disk.trouble == DISK_FINE || (disk.trouble == DISK_LOSES && !is_sync) ||
        (disk.after > 0 && --disk.after > 0))
        return DISK_FINE;
    enum disk_trouble trouble = disk.trouble == DISK_LOSES ? DISK_ERRS : disk.trouble;
    disk.is_hit = true;
    disk.tally.errors += trouble == DISK_ERRS;
    disk.tally.full += trouble == DISK_FULL;
    if (trouble == DISK_ERRS)
        disk.trouble = DISK_FINE;
    if (trouble == DISK_STOPS)
        disk_stop();
    return trouble;
}

bool disk_has_stopped(void)
{
    return disk.is_stopped;
}

struct dice *disk_dice(void)
{
    return &disk.dice;
}

void disk_arm(enum disk_trouble trouble, uint32_t after)
{
    disk.trouble = trouble;
    disk.after = after;
    disk.is_hit = false;
}

void disk_calm(void)
{
    disk.trouble = DISK_FINE;
}

bool disk_is_hit(void)
{
    return disk.is_hit;
}

void disk_stop(void)
{
    disk.tally.stops += !disk.is_stopped;
    disk.is_stopped = true;
    disk.trouble = DISK_FINE;
}

/* Files */

static void empty(struct disk_file *file)
{
    forget_changes(file);
    free(file->seen.at);
    free(file->safe.at);
    for (int i = 0; i < DISK_REGIONS_MAX; i++)
        free(file->regions[i]);
    memset(file, 0, sizeof(*file));
    file->changes_end = &file->changes;
}

struct disk_file *disk_file(const char *name, bool is_made)
{
    struct disk_file *place = NULL;

    for (int i = 0; i < FILES_MAX; i++) {
        if (disk.files[i].exists && strcmp(disk.files[i].name, name) == 0)
            return &disk.files[i];
        if (place == NULL && !disk.files[i].exists && disk.files[i].handles == 0 && !disk.files[i].may_return)
            place = &disk.files[i];
    }
    if (!is_made)
        return NULL;
    assert(place != NULL);
    for (int i = 0; i < FILES_MAX; i++) /* the new one takes the name of the one that was deleted */
        if (disk.files[i].may_return && strcmp(disk.files[i].name, name) == 0)
            disk.files[i].may_return = false;
    empty(place);
    place->exists = true;
    (void)snprintf(place->name, sizeof(place->name), "%s", name);
    return place;
}

void disk_file_write(struct disk_file *file, size_t offset, const void *data, size_t length)
{
    disk.tally.writes++;
    put(&file->seen, offset, data, length);
    note_change(file, false, offset, data, length);
}

void disk_file_cut(struct disk_file *file, size_t length)
{
    if (length < file->seen.length)
        file->seen.length = length;
    note_change(file, true, length, NULL, 0);
}

/* The first sync of a new file syncs its folder as well, as SQLite does: then that also knows what was
 * deleted in it. */
void disk_file_sync(struct disk_file *file)
{
    disk.tally.syncs++;
    for (int i = 0; i < FILES_MAX && !file->is_named; i++)
        disk.files[i].may_return = false;
    file->is_named = true;
    for (const struct disk_change *change = file->changes; change != NULL; change = change->next)
        keep_whole(file, change);
    forget_changes(file);
}

/* A sync that failed: some of it is there, the rest is taken for clean and will never be written. */
void disk_file_lose(struct disk_file *file)
{
    for (const struct disk_change *change = file->changes; change != NULL; change = change->next)
        keep_some(file, change, 5000);
    forget_changes(file);
}

void disk_file_delete(struct disk_file *file, bool is_synced)
{
    file->exists = false;
    file->may_return = !is_synced && file->is_named;
}

static void cut_power(struct disk_file *file, uint32_t per_myriad)
{
    if (file->may_return && dice_chance(&disk.dice, 5000)) {
        file->exists = true;
        file->may_return = false;
    }
    if (!file->exists || (!file->is_named && dice_chance(&disk.dice, 5000))) {
        empty(file);
        return;
    }
    for (const struct disk_change *change = file->changes; change != NULL; change = change->next)
        keep_some(file, change, per_myriad);
    forget_changes(file);
    copy_bytes(&file->seen, &file->safe);
}

void disk_restart(bool is_power_cut)
{
    static const uint32_t luck[] = {0, 1000, 5000, 9000, 10000};
    uint32_t per_myriad = luck[dice_below(&disk.dice, 5)];

    disk.tally.power_cuts += is_power_cut;
    disk.is_stopped = false;
    disk.trouble = DISK_FINE;
    for (int i = 0; i < FILES_MAX; i++) {
        struct disk_file *file = &disk.files[i];
        assert(file->handles == 0);
        for (int r = 0; r < DISK_REGIONS_MAX; r++) {
            free(file->regions[r]);
            file->regions[r] = NULL;
        }
        if (is_power_cut && (file->exists || file->may_return))
            cut_power(file, per_myriad);
    }
}

void disk_begin(const char *name, uint64_t seed)
{
    disk_end();
    disk.dice = (struct dice){.state = seed};
    disk.trouble = DISK_FINE;
    disk.is_stopped = disk.is_hit = false;
    disk_file(name, true)->is_named = true;
}

void disk_end(void)
{
    for (int i = 0; i < FILES_MAX; i++)
        empty(&disk.files[i]);
}
