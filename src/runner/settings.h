/* settings.h - what an administrator lets the runner do, from its own file (libconfig syntax).
 * SPDX-License-Identifier: MIT
 *
 *     allow = ( [ "/usr/local/bin/deploy" ], [ "/bin/systemctl", "stop", "*" ] );     # see allow.h
 *     write = [ "/etc/haproxy/split.map" ];                 # files that may be replaced
 *     directories = [ "/srv/build" ];                       # where commands may work, or below; "/" always
 *     environment = [ "PATH=/usr/bin:/bin" ];               # of every command, besides VERDICT_*
 *     uids = [ 990 ];                                       # who may connect besides root and the runner's
 * user commands_max = 8;                                     # at once, 1..64
 *
 * Everything is optional; what is not written may not be done. The file must belong to root or to the
 * runner's user and be writable by nobody else. Unknown settings and @include are errors. */
#ifndef RUNNER_SETTINGS_H
#define RUNNER_SETTINGS_H

#include "base/attributes.h"
#include "base/err.h"
#include "runner/allow.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    SETTINGS_FILE_MAX = 128 * 1024,
    SETTINGS_PATTERNS_MAX = 512,
    SETTINGS_LIST_MAX = 64,     /* entries of each of the other lists */
    SETTINGS_COMMANDS_MAX = 64, /* highest commands_max */
    SETTINGS_COMMANDS_DEFAULT = 8
};

struct settings_texts {
    const char *const *items;
    size_t count;
};

struct settings {
    void *memory; /* of all that the members point to */
    struct allow_list allow;
    struct settings_texts write, directories, environment;
    uid_t uids[SETTINGS_LIST_MAX];
    size_t uids_count;
    size_t commands_max;
};

/* Nothing is allowed. */
void settings_init(struct settings *settings);

/* ERR_NOT_FOUND, ERR_FORBIDDEN (owner, mode), ERR_INVALID ("FILE:LINE: ..."), ERR_LIMIT. */
MUST_CHECK bool settings_load(const char *path, struct settings *ret_settings, struct err *err);

void settings_done(struct settings *settings);

bool settings_has(const struct settings_texts *texts, const char *text);

#endif
