/* replace.h - replaces whole files: readers see the old one or the new one, also after a power cut.
 * SPDX-License-Identifier: MIT
 *
 * The new file is written beside the old one as ".NAME.verdict-new", synced, renamed over it, and its folder
 * synced. Two writers of one name at once are a mistake of the caller. */
#ifndef RUNNER_REPLACE_H
#define RUNNER_REPLACE_H

#include "base/attributes.h"
#include "io/runner_protocol.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct replace_look {
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* In an open folder, owned by this process, mode 0600. False: errno says why. */
MUST_CHECK bool replace_at(int folder, const char *name, struct runner_bytes content);

/* By its path. An old regular file keeps owner, group and mode (not its access lists); a new one gets `mode`.
 * A symbolic link or anything else that is no regular file is refused (ELOOP). False: errno says why. */
MUST_CHECK bool replace_path(const char *path, mode_t mode, struct runner_bytes content);

/* The two halves of it, in an open folder: written beside and synced; put in place and the folder synced.
 * What fails leaves nothing beside. */
MUST_CHECK bool replace_write(int folder, const char *name, const struct replace_look *look,
                              struct runner_bytes content);
MUST_CHECK bool replace_move(int folder, const char *name);
void replace_drop(int folder, const char *name); /* instead of moving it; errno stays */
MUST_CHECK bool replace_beside_name(const char *name, char to[NAME_MAX + 1]);

#endif
