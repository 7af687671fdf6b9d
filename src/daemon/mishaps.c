/* mishaps.c - counts the journal's faults and the process's own crashes over its lives.
 * SPDX-License-Identifier: MIT */
#include "daemon/mishaps.h"
#include "daemon/live_log.h"

#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BOOT_ID_SIZE = 64, LINE_SIZE = 128 };

/* The file `life`, mapped: what stands there when the process dies stays there. */
struct life {
    char boot_id[BOOT_ID_SIZE];
    uint64_t event;   /* newest of the journal when this life began */
    uint64_t crashes; /* of lives before that began at this event */
    uint64_t working_on;
};

static void path_of(const struct daemon *daemon, const char *name, char path[DAEMON_PATH_MAX + 32])
{
    (void)snprintf(path, DAEMON_PATH_MAX + 32, "%s/%s", daemon->runtime_folder, name);
}

static void read_boot_id(char id[BOOT_ID_SIZE])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    memset(id, 0, BOOT_ID_SIZE);
    if (file == NULL)
        return;
    if (fscanf(file, "%63s", id) != 1)
        id[0] = '\0';
    (void)fclose(file);
}

static int count_faults(FILE *file)
{
    char own[BOOT_ID_SIZE];
    char line[LINE_SIZE];
    int64_t now_ms = loop_now_ms();
    int64_t at_ms = 0;
    int count = 0;

    read_boot_id(own);
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t length = strcspn(line, " ");
        line[strcspn(line, "\n")] = '\0';
        bool is_ours = strncmp(line, own, length) == 0 && own[length] == '\0' && line[length] == ' ';
        count += is_ours && text_to_integer(line + length + 1, 0, now_ms, &at_ms) &&
                 at_ms > now_ms - MISHAPS_FAULTS_SPAN_MS;
    }
    return count;
}

static void look_at_faults(struct daemon *daemon)
{
    char path[DAEMON_PATH_MAX + 32];

    path_of(daemon, "journal_faults", path);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    int count = count_faults(file);
    (void)fclose(file);
    if (count == 0)
        (void)unlink(path);
    if (count >= MISHAPS_FAULTS_MAX)
        daemon->safe_why = "its journal could not be written three times within ten minutes";
}

void mishaps_journal_broke(struct daemon *daemon)
{
    char path[DAEMON_PATH_MAX + 32];
    char boot_id[BOOT_ID_SIZE];

    if (daemon->is_broken)
        return;
    daemon->is_broken = true;
    log_say(&daemon->log, LOG_LEVEL_ERROR,
            "the journal is broken: stopping, to recover from what is on disk");
    read_boot_id(boot_id);
    path_of(daemon, "journal_faults", path);
    FILE *file = fopen(path, "ae");
    if (file == NULL || fprintf(file, "%s %lld\n", boot_id, (long long)loop_now_ms()) < 0)
        log_say(&daemon->log, LOG_LEVEL_ERROR, "cannot write %s", path);
    if (file != NULL && fclose(file) != 0)
        log_say(&daemon->log, LOG_LEVEL_ERROR, "cannot write %s", path);
    loop_stop(daemon->loop);
}

/* NULL: without it crashes are not counted, and that is all. */
static struct life *map_life(const struct daemon *daemon)
{
    char path[DAEMON_PATH_MAX + 32];

    path_of(daemon, "life", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return NULL;
    void *memory = ftruncate(fd, sizeof(struct life)) != 0
                       ? MAP_FAILED
                       : mmap(NULL, sizeof(struct life), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

static void judge_crashes(struct daemon *daemon, const struct life *before)
{
    if (before->crashes < MISHAPS_CRASHES_MAX)
        return;
    daemon->suspect = before->working_on;
    if (daemon->suspect == 0) { /* killed from outside, or on something that no deployment asked for */
        log_say(
            &daemon->log, LOG_LEVEL_ERROR,
            "ended %llu times at event %llu of the journal without being stopped, at work on no deployment: "
            "going on",
            (unsigned long long)before->crashes, (unsigned long long)before->event);
        return;
    }
    live_log_of(daemon, daemon->suspect, LOG_LEVEL_ERROR,
                "crashed %llu times at event %llu of the journal, at work on deployment %llu: taking it back",
                (unsigned long long)before->crashes, (unsigned long long)before->event,
                (unsigned long long)daemon->suspect);
}

void mishaps_begin(struct daemon *daemon)
{
    uint64_t event = journal_health(daemon->journal).last_event;
    struct life *life = map_life(daemon);
    char boot_id[BOOT_ID_SIZE];

    read_boot_id(boot_id);
    look_at_faults(daemon);
    if (life == NULL)
        log_say(&daemon->log, LOG_LEVEL_WARN, "cannot write to %s: crashes are not counted",
                daemon->runtime_folder);
    daemon->life = life;
    if (life != NULL) {
        bool has_crashed = strcmp(life->boot_id, boot_id) == 0;
        life->crashes = !has_crashed ? 0 : life->event == event ? life->crashes + 1 : 1;
        judge_crashes(daemon, life);
        life->event = event;
        life->working_on = 0;
        memcpy(life->boot_id, boot_id, sizeof(life->boot_id));
    }
    daemon->calm_at_ms = loop_now_ms() + MISHAPS_CALM_MS;
    if (daemon->safe_why != NULL)
        log_say(&daemon->log, LOG_LEVEL_ERROR,
                "safe mode: %s; what is under way goes back, nothing new is accepted", daemon->safe_why);
}

bool mishaps_refuse(const struct daemon *daemon, struct err *ret_err)
{
    if (daemon->safe_why == NULL)
        return false;
    err_set(ret_err, ERR_UNAVAILABLE,
            "verdictd is in safe mode: %s; mend the cause and start it again, after ten minutes",
            daemon->safe_why);
    return true;
}

void mishaps_look(struct daemon *daemon)
{
    if (journal_health(daemon->journal).is_broken)
        mishaps_journal_broke(daemon);
    if (daemon->life != NULL && loop_now_ms() >= daemon->calm_at_ms)
        daemon->life->crashes = 0;
}

void mishaps_end(struct daemon *daemon)
{
    char path[DAEMON_PATH_MAX + 32];

    if (daemon->life == NULL)
        return;
    (void)munmap(daemon->life, sizeof(struct life));
    daemon->life = NULL;
    path_of(daemon, "life", path);
    (void)unlink(path);
}

void mishaps_stepping(void *data, uint64_t deployment)
{
    struct daemon *daemon = data;

    if (daemon->life != NULL)
        daemon->life->working_on = deployment;
}
