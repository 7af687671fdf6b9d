/* secret.c - resolves references to secrets and wipes what it read.
 * SPDX-License-Identifier: MIT */
#include "io/secret.h"

#include "base/text.h"
#include "io/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_HERE = 255 };

typedef bool load_function(const char *name, bool is_public, struct secret *secret, struct err *err);

void secret_drop(struct secret *secret)
{
    if (secret->bytes != NULL)
        explicit_bzero(secret->bytes, secret->length);
    free(secret->bytes);
    *secret = (struct secret){0};
}

void secret_from_bytes(struct secret *secret, const void *bytes, size_t length)
{
    secret->bytes = memory_copy_bytes(bytes, length);
    secret->length = length;
}

/* From the open descriptor: the file cannot be exchanged between the check and the reading. */
static bool check_permissions(int fd, const char *path, bool is_public, struct err *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INVALID, "%s is not a file", path);
    if (is_public)
        return true;
    if ((status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
        return err_set(err, ERR_FORBIDDEN,
                       "%s holds a secret, but others may read or write it (mode %03o); chmod 600 it", path,
                       (unsigned)status.st_mode & 0777);
    return true;
}

/* One byte more than allowed is asked for, so that a file that is too long is noticed. */
static bool read_all(int fd, const char *path, char *to, size_t *ret_length, struct err *err)
{
    size_t length = 0;

    while (length <= SECRET_SIZE_MAX) {
        ssize_t got = read(fd, to + length, SECRET_SIZE_MAX + 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
        if (got == 0)
            break;
        length += (size_t)got;
    }
    if (length > SECRET_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "%s is longer than %d bytes", path, SECRET_SIZE_MAX);
    *ret_length = length;
    return true;
}

static bool load_file(const char *path, bool is_public, struct secret *secret, struct err *err)
{
    /* Non-blocking, because the open of a FIFO would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    struct secret whole = {.bytes = memory_take(SECRET_SIZE_MAX + 1), .length = SECRET_SIZE_MAX + 1};
    size_t length = 0;
    bool is_read =
        check_permissions(fd, path, is_public, err) && read_all(fd, path, whole.bytes, &length, err);
    if (is_read)
        secret_from_bytes(secret, whole.bytes, length);
    secret_drop(&whole);
    (void)close(fd);
    return is_read;
}

static bool load_path(const char *name, bool is_public, struct secret *secret, struct err *err)
{
    if (name[0] != '/')
        return err_set(err, ERR_INVALID, "file: takes an absolute path");
    return load_file(name, is_public, secret, err);
}

/* systemd gives the folder to the unit's user alone; the mode inside it is 0400 or, on old versions, 0440. */
static bool load_credential(const char *name, bool is_public, struct secret *secret, struct err *err)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[SECRET_REFERENCE_MAX];
    struct text text;

    if (strchr(name, '/') != NULL || name[0] == '.' || strlen(name) > NAME_MAX_HERE)
        return err_set(err, ERR_INVALID, "cred: takes the name of a credential, without a path");
    if (folder == NULL)
        return err_set(err, ERR_NOT_FOUND,
                       "cred:%s: there is no CREDENTIALS_DIRECTORY; LoadCredential= of the unit sets it",
                       name);
    text_init(&text, path, sizeof(path));
    text_add(&text, "%s/%s", folder, name);
    if (text.is_cut)
        return err_set(err, ERR_LIMIT, "cred:%s: the path is too long", name);
    return load_file(path, is_public, secret, err);
}

static bool load_variable(const char *name, bool is_public, struct secret *secret, struct err *err)
{
    const char *value = getenv(name);

    (void)is_public;
    if (value == NULL)
        return err_set(err, ERR_NOT_FOUND, "the environment has no %s", name);
    if (strlen(value) > SECRET_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "%s of the environment is longer than %d bytes", name,
                       SECRET_SIZE_MAX);
    secret_from_bytes(secret, value, strlen(value));
    return true;
}

static load_function *const loaders[] = {[REFERENCE_CREDENTIAL] = load_credential,
                                         [REFERENCE_FILE] = load_path,
                                         [REFERENCE_VARIABLE] = load_variable};

bool secret_is_reference(const char *text)
{
    return reference_check(text, NULL);
}

/* One line end, also that of an editor on Windows. */
static void strip_newline(struct secret *secret)
{
    if (secret->length == 0 || secret->bytes[secret->length - 1] != '\n')
        return;
    secret->bytes[--secret->length] = '\0';
    if (secret->length > 0 && secret->bytes[secret->length - 1] == '\r')
        secret->bytes[--secret->length] = '\0';
}

static bool check_content(const struct secret *secret, const char *reference, struct err *err)
{
    if (secret->length == 0)
        return err_set(err, ERR_INVALID, "%s is empty", reference);
    if (memchr(secret->bytes, '\0', secret->length) != NULL)
        return err_set(err, ERR_INVALID, "%s holds a NUL byte", reference);
    return true;
}

static bool load_named(const struct secret_keeper *keeper, const char *reference, bool is_public,
                       struct secret *secret, struct err *err)
{
    enum reference_kind kind = reference_kind(reference);

    if (kind != REFERENCE_VAULT)
        return loaders[kind](reference_name(reference), is_public, secret, err);
    if (keeper == NULL || keeper->find == NULL)
        return err_set(
            err, ERR_NOT_FOUND,
            "vault: there is none here (`vault` of verdictd.conf says where; only the daemon asks it)");
    return keeper->find(keeper->data, reference, secret, err);
}

static bool is_file(const char *reference)
{
    enum reference_kind kind = reference_kind(reference);

    return kind == REFERENCE_FILE || kind == REFERENCE_CREDENTIAL;
}

static bool load(const struct secret_keeper *keeper, const char *reference, bool is_public,
                 struct secret *ret_secret, struct err *err)
{
    struct secret secret = {0};

    if (!reference_check(reference, err))
        return false;
    if (keeper != NULL && keeper->find_file != NULL && is_file(reference))
        return keeper->find_file(keeper->data, reference, ret_secret, err);
    if (!load_named(keeper, reference, is_public, &secret, err))
        return false;
    strip_newline(&secret);
    if (!check_content(&secret, reference, err)) {
        secret_drop(&secret);
        return false;
    }
    *ret_secret = secret;
    return true;
}

bool secret_load(const struct secret_keeper *keeper, const char *reference, struct secret *ret_secret,
                 struct err *err)
{
    return load(keeper, reference, false, ret_secret, err);
}

bool secret_load_public(const char *reference, struct secret *ret_secret, struct err *err)
{
    return load(NULL, reference, true, ret_secret, err);
}
