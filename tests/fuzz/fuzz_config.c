/* fuzz_config.c - libFuzzer: any bytes as a rule file; what loads must seal, and the seal must resolve.
 * SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "support/config_schemas.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void seal_and_unseal(void *data, const char *service, const char *environment)
{
    struct err err = {0};
    char *sealed = config_seal(data, service, environment, NULL, false, &err);
    struct definition *resolved = config_resolve(data, service, environment, NULL, false, &err);

    if (sealed == NULL || resolved == NULL)
        abort();
    struct definition *unsealed = config_unseal(sealed, &test_schemas, &err);
    if (unsealed == NULL || memcmp(unsealed->plan, resolved->plan, sizeof(*resolved->plan)) != 0)
        abort();
    definition_free(unsealed);
    definition_free(resolved);
    free(sealed);
}

/* As a sealed text too: that one comes from our own journal, damaged at worst. */
static void unseal(const uint8_t *bytes, size_t size)
{
    char *text = calloc(1, size + 1);
    struct err err = {0};

    if (text == NULL)
        abort();
    memcpy(text, bytes, size);
    definition_free(config_unseal(text, &test_schemas, &err));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct config_report report;
    char path[64];
    const char *const paths[] = {path};
    int file = memfd_create("rules", MFD_CLOEXEC);

    if (file < 0 || write(file, bytes, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_files(paths, 1, &test_schemas, &report);
    config_each_service(config, seal_and_unseal, config);
    config_free(config);
    (void)close(file);
    unseal(bytes, size);
    return 0;
}
