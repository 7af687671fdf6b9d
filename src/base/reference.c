/* reference.c - the forms of references.
 * SPDX-License-Identifier: MIT */
#include "base/reference.h"

#include "base/text.h"

#include <string.h>

static const char *const beginnings[] = {[REFERENCE_CREDENTIAL] = "cred:",
                                         [REFERENCE_FILE] = "file:",
                                         [REFERENCE_VARIABLE] = "env:",
                                         [REFERENCE_VAULT] = "vault:"};

enum reference_kind reference_kind(const char *text)
{
    for (size_t i = REFERENCE_CREDENTIAL; i < ARRAY_LENGTH(beginnings); i++) {
        size_t length = strlen(beginnings[i]);
        if (strncmp(text, beginnings[i], length) == 0 && text[length] != '\0')
            return (enum reference_kind)i;
    }
    return REFERENCE_NONE;
}

const char *reference_name(const char *text)
{
    enum reference_kind kind = reference_kind(text);

    return kind == REFERENCE_NONE ? text : text + strlen(beginnings[kind]);
}

/* `length` bytes copied; false where they do not fit. */
static bool take(char *to, size_t size, const char *from, size_t length)
{
    if (length == 0 || length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

/* Parts between slashes that can stand in a URL as they are. */
static bool is_path(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~@=+:-";

    for (;;) {
        size_t length = strspn(text, letters);
        bool is_dots = strspn(text, ".") == length && length <= 2; /* also none at all */
        if (is_dots || (text[length] != '/' && text[length] != '\0'))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static bool is_key(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || *text == '#')
            return false;
    return true;
}

bool reference_parse_vault(const char *text, struct reference_vault *ret_vault, struct err *err)
{
    const char *name = reference_name(text);
    const char *slash = strchr(name, '/');
    const char *hash = strchr(name, '#');
    struct reference_vault vault;

    if (slash == NULL || hash == NULL || hash < slash)
        return err_set(err, ERR_INVALID, "'%.200s' is not like \"vault:kv/shop#password\"", text);
    if (!take(vault.mount, sizeof(vault.mount), name, (size_t)(slash - name)) ||
        !take(vault.path, sizeof(vault.path), slash + 1, (size_t)(hash - slash - 1)) ||
        !take(vault.key, sizeof(vault.key), hash + 1, strlen(hash + 1)))
        return err_set(err, ERR_INVALID,
                       "'%.200s': mount, path and key have 1 to %d, %d and %d bytes, like "
                       "\"vault:kv/shop#password\"",
                       text, REFERENCE_MOUNT_MAX - 1, REFERENCE_PATH_MAX - 1, REFERENCE_KEY_MAX - 1);
    if (!is_path(vault.mount) || !is_path(vault.path))
        return err_set(err, ERR_INVALID,
                       "'%.200s': mount and path are of letters, digits and . _ ~ @ = + : -, without empty "
                       "parts, \".\" and \"..\"",
                       text);
    if (!is_key(vault.key))
        return err_set(err, ERR_INVALID, "'%.200s': the key has a blank, a # or a letter beyond ASCII", text);
    *ret_vault = vault;
    return true;
}

bool reference_check(const char *text, struct err *err)
{
    struct reference_vault vault;
    enum reference_kind kind = reference_kind(text);

    if (kind == REFERENCE_NONE)
        return err_set(err, ERR_INVALID, "a secret is named, never written down: " REFERENCE_FORMS);
    if (strlen(text) >= REFERENCE_MAX)
        return err_set(err, ERR_INVALID, "a reference has at most %d bytes", REFERENCE_MAX - 1);
    return kind != REFERENCE_VAULT || reference_parse_vault(text, &vault, err);
}
