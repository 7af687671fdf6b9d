/* output.c - an answer, as it came, into the file that --output names.
 * SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static FILE *open_file(const char *name, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

    if (file == NULL && fd >= 0)
        (void)close(fd);
    return file;
}

int output_put(const struct cli *cli, const struct client_answer *answer, mode_t mode)
{
    const char *name = verb_text(cli, "output");
    bool is_standard = name[0] == '\0' || strcmp(name, "-") == 0;
    FILE *file = is_standard ? stdout : open_file(name, mode);

    if (file == NULL) {
        verb_complain(cli, "%s: %s", name, strerror(errno));
        return VERB_UNKNOWN;
    }
    bool is_written = fwrite(answer->body, 1, answer->length, file) == answer->length;
    is_written = (is_standard ? fflush(file) : fclose(file)) == 0 && is_written;
    if (!is_written && !is_standard) /* of stdout main() says it */
        verb_complain(cli, "%s could not be written", name);
    return is_written ? VERB_DONE : VERB_UNKNOWN;
}
