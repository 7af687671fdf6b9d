/* ledger.c - the files of the keys. SPDX-License-Identifier: MIT */
#include "runner/ledger.h"

#include "base/text.h"
#include "runner/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What replace.h leaves of a supervisor that is killed while it writes the result. */
#define LEDGER_UNFINISHED ".exit.verdict-new"

enum { HOUR_S = 3600, KEEP_S = 7 * 24 * HOUR_S, KEEP_LEAST_S = 25 * HOUR_S, KEEP_PASSING_S = 2 * HOUR_S };

const char *ledger_name(const char *key, const char *suffix, char *to)
{
    struct text text;
    text_init(&text, to, LEDGER_NAME_MAX);
    text_add(&text, "%s%s", key, suffix);
    return to;
}

int ledger_open(int folder, const char *key, const char *suffix, int flags)
{
    char name[LEDGER_NAME_MAX];
    return openat(folder, ledger_name(key, suffix, name), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

long ledger_read(int folder, const char *key, const char *suffix, char *to, size_t size)
{
    int fd = ledger_open(folder, key, suffix, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    long length = read(fd, to, size - 1);
    close(fd);
    if (length >= 0)
        to[length] = '\0';
    return length;
}

/* A lock that cannot be had for another reason than its owner counts as held: running is the careful answer.
 */
static bool is_locked(int fd)
{
    return flock(fd, LOCK_SH | LOCK_NB) != 0;
}

static bool has_result(int folder, const char *key, struct runner_result *ret_result)
{
    char record[RECORD_MAX];
    return ledger_read(folder, key, LEDGER_RESULT, record, sizeof(record)) >= 0 &&
           record_parse_result(record, ret_result);
}

enum runner_state ledger_state(int folder, const char *key, struct runner_result *ret_result)
{
    if (has_result(folder, key, ret_result))
        return RUNNER_STATE_ENDED;
    int fd = ledger_open(folder, key, LEDGER_INTENT, O_RDONLY);
    if (fd < 0)
        return errno == ENOENT ? RUNNER_STATE_ABSENT : RUNNER_STATE_LOST;
    bool is_alive = is_locked(fd);
    close(fd);
    if (is_alive)
        return RUNNER_STATE_RUNNING;
    /* It may have ended between the two looks. */
    return has_result(folder, key, ret_result) ? RUNNER_STATE_ENDED : RUNNER_STATE_LOST;
}

bool ledger_supervisor(int folder, const char *key, struct identity *ret_identity)
{
    char record[RECORD_MAX];
    return ledger_read(folder, key, LEDGER_INTENT, record, sizeof(record)) > 0 &&
           record_parse_identity(record, ret_identity);
}

/* The key of a file called KEY`suffix`; false for other files. */
static bool split_name(const char *name, const char *suffix, char *ret_key)
{
    size_t length = strlen(name), suffix_length = strlen(suffix);
    if (length <= suffix_length || length - suffix_length > RUNNER_KEY_MAX ||
        strcmp(name + length - suffix_length, suffix) != 0)
        return false;
    memcpy(ret_key, name, length - suffix_length);
    ret_key[length - suffix_length] = '\0';
    return runner_key_is_valid(ret_key);
}

static DIR *open_folder(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *files = copy < 0 ? NULL : fdopendir(copy);
    if (files == NULL && copy >= 0)
        close(copy);
    return files;
}

void ledger_each_open(int folder, void (*found)(void *data, const char *key), void *data)
{
    DIR *files = open_folder(folder);
    if (files == NULL)
        return;
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        char key[RUNNER_KEY_MAX + 1];
        char name[LEDGER_NAME_MAX];
        if (split_name(file->d_name, LEDGER_INTENT, key) &&
            faccessat(folder, ledger_name(key, LEDGER_RESULT, name), F_OK, 0) != 0)
            found(data, key);
    }
    closedir(files);
}

/* Puts the key in its place among those that were found; the last one goes where there are too many. */
static size_t insert_key(char (*to)[RUNNER_KEY_MAX + 1], size_t count, size_t max, const char *key)
{
    size_t place = count;
    while (place > 0 && runner_key_order(to[place - 1], key) > 0)
        place--;
    if (place == max)
        return count;
    size_t kept = count < max ? count : max - 1;
    memmove(to[place + 1], to[place], (kept - place) * sizeof(*to));
    memcpy(to[place], key, strlen(key) + 1);
    return kept + 1;
}

size_t ledger_find(int folder, const char *prefix, const char *after, char (*to)[RUNNER_KEY_MAX + 1],
                   size_t max)
{
    DIR *files = open_folder(folder);
    size_t count = 0;
    if (files == NULL)
        return 0;
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        char key[RUNNER_KEY_MAX + 1];
        if (strncmp(file->d_name, prefix, strlen(prefix)) == 0 &&
            split_name(file->d_name, LEDGER_INTENT, key) &&
            (after == NULL || runner_key_order(key, after) > 0))
            count = insert_key(to, count, max, key);
    }
    closedir(files);
    return count;
}

/* Of whichever key. */
static bool is_ours(const char *name, char key[RUNNER_KEY_MAX + 1])
{
    static const char *const suffixes[] = {LEDGER_INTENT, LEDGER_OUTPUT, LEDGER_VALUES,
                                           LEDGER_REPORT, LEDGER_RESULT, LEDGER_UNFINISHED};
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++)
        if (split_name(name[0] == '.' ? name + 1 : name, suffixes[i], key))
            return true;
    return false;
}

static size_t sweep_older(int folder, int64_t before_s, int64_t passing_before_s)
{
    DIR *files = open_folder(folder);
    size_t keys_count = 0;
    if (files == NULL)
        return 0;
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        struct stat status;
        char key[RUNNER_KEY_MAX + 1];
        if (!is_ours(file->d_name, key) || fstatat(folder, file->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        int64_t end_s = runner_key_is_passing(key) ? passing_before_s : before_s;
        if (status.st_mtime < end_s && unlinkat(folder, file->d_name, 0) == 0)
            continue;
        keys_count += split_name(file->d_name, LEDGER_INTENT, key);
    }
    closedir(files);
    return keys_count;
}

size_t ledger_sweep(int folder, int64_t now_s)
{
    int64_t keep_s = KEEP_S;
    size_t keys_count = sweep_older(folder, now_s - keep_s, now_s - KEEP_PASSING_S);
    while (keys_count > LEDGER_KEYS_MAX && keep_s > KEEP_LEAST_S) {
        keep_s = keep_s / 2 > KEEP_LEAST_S ? keep_s / 2 : KEEP_LEAST_S;
        keys_count = sweep_older(folder, now_s - keep_s, now_s - KEEP_PASSING_S);
    }
    return keys_count;
}
