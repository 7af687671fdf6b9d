/* fuzz_vault.c - libFuzzer: any bytes as an answer of Vault, and as a reference.
 * SPDX-License-Identifier: MIT */
#include "base/reference.h"
#include "io/memory.h"
#include "io/vault_answer.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_values(const struct http_answer *answer)
{
    struct vault_values *values = NULL;
    struct secret secret = {0};
    struct err err = {0};

    if (!vault_answer_values(answer, &values, &err)) {
        if (err.text[0] == '\0')
            abort();
        return;
    }
    if (vault_values_find(values, "a", &secret, &err) && strlen(secret.bytes) != secret.length)
        abort();
    secret_drop(&secret);
    vault_values_free(values);
}

/* What is refused says why; what is taken as a reference can stand in a path. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    const struct http_answer answer = {.status = 200, .body = text, .length = size, .headers = ""};
    struct reference_vault vault;
    struct vault_lease lease = {0};
    struct err err = {0};

    if (vault_answer_lease(&answer, &lease, &err))
        vault_lease_drop(&lease);
    else if (err.text[0] == '\0')
        abort();
    read_values(&answer);
    if (reference_parse_vault(text, &vault, NULL) &&
        (strpbrk(vault.path, "?#% ") != NULL || strchr(vault.mount, '/') != NULL))
        abort();
    free(text);
    return 0;
}
