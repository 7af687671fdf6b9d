/* permissions.h - what an administrator lets the runner do, from its own file (libconfig syntax).
 * SPDX-License-Identifier: MIT
 *
 *     allow = ( [ "/usr/local/bin/deploy" ], [ "/bin/systemctl", "stop", "*" ] );     # see allow.h
 *     write = [ "/etc/haproxy/split.map" ];                 # files that may be replaced
 *     directories = [ "/srv/build" ];                       # where commands may work, or below; "/" always
 *     environment = [ "PATH=/usr/bin:/bin" ];               # of every command, besides VERDICT_*
 *     secrets = [ "DB_PASSWORD" ];                          # variables that may be given with a command
 *     uids = [ 990 ];                                       # may connect, besides root and the runner's user
 *     users = [ "verdictd" ];                               # the same, by names
 *     commands_max = 8;                                     # at once, 1..64
 *
 * Everything is optional; what is not written may not be done. The file must belong to root or to the
 * runner's user and be writable by nobody else. Unknown settings and @include are errors. */
#ifndef RUNNER_PERMISSIONS_H
#define RUNNER_PERMISSIONS_H

#include "base/attributes.h"
#include "base/err.h"
#include "runner/allow.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    PERMISSIONS_FILE_MAX = 128 * 1024,
    PERMISSIONS_PATTERNS_MAX = 512,
    PERMISSIONS_LIST_MAX = 64,     /* entries of each of the other lists */
    PERMISSIONS_COMMANDS_MAX = 64, /* highest commands_max */
    PERMISSIONS_COMMANDS_DEFAULT = 8
};

struct permissions_texts {
    const char *const *items;
    size_t count;
};

struct permissions {
    void *memory; /* of all that the members point to */
    struct allow_list allow;
    struct permissions_texts write, directories, environment, secrets;
    uid_t uids[PERMISSIONS_LIST_MAX], users[PERMISSIONS_LIST_MAX];
    size_t uids_count, users_count;
    size_t commands_max;
};

/* Nothing is allowed. */
void permissions_init(struct permissions *permissions);

/* ERR_NOT_FOUND, ERR_FORBIDDEN (owner, mode), ERR_INVALID ("FILE:LINE: ..."), ERR_LIMIT. */
MUST_CHECK bool permissions_load(const char *path, struct permissions *ret_permissions, struct err *err);

void permissions_done(struct permissions *permissions);

/* Is it one of the users that may connect? */
bool permissions_names(const struct permissions *permissions, uid_t uid);

bool permissions_has(const struct permissions_texts *texts, const char *text);

#endif
