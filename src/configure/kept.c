/* kept.c - records, each written whole and before what it is about is done.
 * SPDX-License-Identifier: MIT */
#include "configure/kept.h"

#include "base/text.h"
#include "io/memory.h"
#include "runner/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, FILE_MODE = 0600, PAUSE_MS = 50, NAME_SIZE = 128, LINE_SIZE = 512, WORDS = 6 };

#define OURS   "ours"
#define RECORD ".record"

static bool fail(struct err *err, const char *name)
{
    return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", name, strerror(errno));
}

/* Made where it is missing, and nobody else's. -1: *err. */
static int enter(int at, const char *name, struct err *err)
{
    struct stat status;
    int fd = -1;

    if (mkdirat(at, name, FOLDER_MODE) == 0 || errno == EEXIST)
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        (void)fail(err, name);
        return -1;
    }
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0)
        return fd;
    (void)err_set(err, ERR_FORBIDDEN, "%s: must belong to us, and to nobody else (chmod 700)", name);
    (void)close(fd);
    return -1;
}

static bool take_lock(struct kept *kept, struct err *err)
{
    int64_t until_ms = identity_now_ms() + KEPT_LOCK_MS;

    kept->lock = openat(kept->folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (kept->lock < 0)
        return fail(err, "lock");
    while (flock(kept->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(err, "lock");
        if (identity_now_ms() >= until_ms)
            return err_set(err, ERR_CONFLICT, "somebody else works on it for %d s already",
                           KEPT_LOCK_MS / 1000);
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return true;
}

static struct runner_bytes bytes_of(const char *text)
{
    return (struct runner_bytes){(const unsigned char *)text, strlen(text)};
}

static bool write_file(const struct kept *kept, const char *name, struct runner_bytes bytes, struct err *err)
{
    return replace_at(kept->folder, name, bytes) || fail(err, name);
}

bool kept_open(const char *root, const char *path, const char *key, struct kept *ret_kept, struct err *err)
{
    struct kept kept = {.folder = -1, .lock = -1, .key = key};
    char name[DIGEST_SHA256_HEX_SIZE];
    int top = enter(AT_FDCWD, root, err);

    if (top < 0)
        return false;
    digest_sha256_hex(path, strlen(path), name);
    kept.folder = enter(top, name, err);
    bool is_synced = fsync(top) == 0;
    (void)close(top);
    if (kept.folder >= 0 && is_synced && take_lock(&kept, err) &&
        write_file(&kept, "path", bytes_of(path), err)) {
        *ret_kept = kept;
        return true;
    }
    kept_close(&kept);
    return false;
}

void kept_close(struct kept *kept)
{
    if (kept->lock >= 0)
        (void)close(kept->lock);
    if (kept->folder >= 0)
        (void)close(kept->folder);
    kept->lock = kept->folder = -1;
}

/* A line of ours; false and ERR_NOT_FOUND: the file is not there. */
static bool read_line(const struct kept *kept, const char *name, char line[LINE_SIZE], struct err *err)
{
    int fd = openat(kept->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return fail(err, name);
    ssize_t length = read(fd, line, LINE_SIZE - 1);
    (void)close(fd);
    if (length <= 0 || line[length - 1] != '\n')
        return err_set(err, ERR_INTERNAL, "%s: is not as it was written", name);
    line[length - 1] = '\0';
    return true;
}

/* Words between single blanks, in place; how many there are, at most `max`. */
static size_t split(char *line, char **words, size_t max)
{
    size_t count = 0;

    for (char *at = line; at != NULL && count < max; count++) {
        words[count] = at;
        at = strchr(at, ' ');
        if (at != NULL)
            *at++ = '\0';
    }
    return count;
}

bool kept_is_ours(const struct kept *kept, const char *hash, bool *ret_is_ours, bool *ret_is_first,
                  struct err *err)
{
    char line[LINE_SIZE];
    char *words[WORDS];

    *ret_is_first = faccessat(kept->folder, OURS, F_OK, 0) != 0 && errno == ENOENT;
    *ret_is_ours = false;
    if (*ret_is_first)
        return true;
    if (!read_line(kept, OURS, line, err))
        return false;
    size_t count = split(line, words, WORDS);
    for (size_t i = 0; i < count; i++)
        *ret_is_ours = *ret_is_ours || strcmp(words[i], hash) == 0;
    return true;
}

bool kept_note_ours(const struct kept *kept, const char *hash, const char *other, struct err *err)
{
    char memory[LINE_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%s%s%s\n", hash, other == NULL ? "" : " ", other == NULL ? "" : other);
    return write_file(kept, OURS, bytes_of(memory), err);
}

static const char *part(const struct kept *kept, const char *ending, char name[NAME_SIZE])
{
    struct text text;

    text_init(&text, name, NAME_SIZE);
    text_add(&text, "%s%s", kept->key, ending);
    return name;
}

static bool is_hash(const char *text)
{
    unsigned char hash[DIGEST_SHA256_SIZE];

    return strcmp(text, PLACE_ABSENT) == 0 || digest_hex_decode(text, hash, sizeof(hash));
}

static bool take_words(char *const *words, struct kept_record *record)
{
    int64_t mode = 0, uid = 0, gid = 0;

    if (strcmp(words[0], "1") != 0 || !is_hash(words[1]) || !is_hash(words[5]) ||
        !text_to_integer(words[2], 0, 07777, &mode) || !text_to_integer(words[3], 0, UINT32_MAX, &uid) ||
        !text_to_integer(words[4], 0, UINT32_MAX, &gid))
        return false;
    record->look = (struct replace_look){(mode_t)mode, (uid_t)uid, (gid_t)gid};
    record->was_there = strcmp(words[1], PLACE_ABSENT) != 0;
    return text_copy(record->before, sizeof(record->before), words[1]) &&
           text_copy(record->after, sizeof(record->after), words[5]);
}

bool kept_read(const struct kept *kept, struct kept_record *ret_record, struct err *err)
{
    char name[NAME_SIZE], line[LINE_SIZE];
    char *words[WORDS];
    struct kept_record record = {.was_there = false};

    if (!read_line(kept, part(kept, RECORD, name), line, err))
        return false;
    if (split(line, words, WORDS) != WORDS || !take_words(words, &record))
        return err_set(err, ERR_INTERNAL, "%s: is not as it was written", name);
    *ret_record = record;
    return true;
}

static int by_age(const struct stat *a, const struct stat *b)
{
    if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
        return a->st_mtim.tv_sec < b->st_mtim.tv_sec ? -1 : 1;
    return a->st_mtim.tv_nsec < b->st_mtim.tv_nsec ? -1 : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static bool is_record(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > strlen(RECORD) && length < NAME_SIZE &&
           strcmp(name + length - strlen(RECORD), RECORD) == 0;
}

/* How many records there are; the oldest one's key. */
static size_t count_records(DIR *entries, char oldest[NAME_SIZE])
{
    struct stat oldest_status = {.st_mtim = {.tv_sec = 0}};
    const struct dirent *entry = NULL;
    size_t count = 0;

    while ((entry = readdir(entries)) != NULL) {
        struct stat status;
        if (!is_record(entry->d_name) ||
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (count++ == 0 || by_age(&status, &oldest_status) < 0) {
            size_t length = strlen(entry->d_name) - strlen(RECORD);
            memcpy(oldest, entry->d_name, length);
            oldest[length] = '\0';
            oldest_status = status;
        }
    }
    return count;
}

/* Room for one more. The record goes first: without it nothing of the others means anything. */
static void forget_oldest(const struct kept *kept)
{
    static const char *const endings[] = {RECORD, ".bytes", ".found"};
    char oldest[NAME_SIZE] = "", name[NAME_SIZE];
    int folder = openat(kept->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);

    if (entries == NULL)
        return;
    size_t count = count_records(entries, oldest);
    (void)closedir(entries);
    struct kept old = {.folder = kept->folder, .key = oldest};
    for (size_t i = 0; count >= KEPT_RECORDS_MAX && i < ARRAY_LENGTH(endings); i++)
        (void)unlinkat(kept->folder, part(&old, endings[i], name), 0);
}

static bool write_record(const struct kept *kept, const struct kept_record *record, struct err *err)
{
    char memory[LINE_SIZE], name[NAME_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    text_add(&text, "1 %s %u %u %u %s\n", record->before, record->look.mode, record->look.uid,
             record->look.gid, record->after);
    return write_file(kept, part(kept, RECORD, name), bytes_of(memory), err);
}

static bool write_bytes(const struct kept *kept, const char *ending, const struct place_content *content,
                        struct err *err)
{
    char name[NAME_SIZE];
    struct runner_bytes bytes = {(const unsigned char *)content->bytes, content->length};

    return !content->is_there || write_file(kept, part(kept, ending, name), bytes, err);
}

bool kept_write(const struct kept *kept, const struct place_content *before, const char *after,
                struct err *err)
{
    struct kept_record record = {.was_there = before->is_there, .look = before->look};

    forget_oldest(kept);
    return text_copy(record.before, sizeof(record.before), before->hash) &&
           text_copy(record.after, sizeof(record.after), after) && write_bytes(kept, ".bytes", before, err) &&
           write_record(kept, &record, err);
}

bool kept_forget(const struct kept *kept, struct err *err)
{
    char name[NAME_SIZE];

    return (unlinkat(kept->folder, part(kept, RECORD, name), 0) == 0 && fsync(kept->folder) == 0) ||
           fail(err, name);
}

bool kept_before(const struct kept *kept, const struct kept_record *record, struct place_content *ret_content,
                 struct err *err)
{
    char name[NAME_SIZE];
    const struct place place = {.folder = kept->folder, .name = part(kept, ".bytes", name)};

    if (!record->was_there) {
        *ret_content = (struct place_content){.hash = PLACE_ABSENT};
        return true;
    }
    if (!place_read(&place, ret_content, err))
        return false;
    if (strcmp(ret_content->hash, record->before) != 0) {
        place_drop(ret_content);
        return err_set(err, ERR_INTERNAL, "%s: is not what stood there before", name);
    }
    ret_content->look = record->look;
    return true;
}

bool kept_keep_found(const struct kept *kept, const struct place_content *found, struct err *err)
{
    return write_bytes(kept, ".found", found, err);
}
