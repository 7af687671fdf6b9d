/* fuzz_settings.c - libFuzzer: any bytes as verdictd.conf.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/settings.h"
#include "support/config_schemas.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Either settings or findings, and whoever comes in is named. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct config_report report;
    char path[64];
    int file = memfd_create("settings", MFD_CLOEXEC);

    if (file < 0 || write(file, bytes, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    memset(&report, 0, sizeof(report));
    struct settings *settings = settings_read(path, &test_schemas, &report);
    if ((settings == NULL) != (report.count > 0))
        abort();
    for (size_t i = 0; settings != NULL && i < settings->hook_count; i++)
        if (!text_is_name(settings->hooks[i].name) || settings->hooks[i].header == NULL)
            abort();
    settings_free(settings);
    (void)close(file);
    return 0;
}
