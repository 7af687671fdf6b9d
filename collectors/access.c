/* access.c - options become parts of requests.
 * SPDX-License-Identifier: MIT */
#include "collectors/access.h"

#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

char *access_copy_path(const char *path)
{
    static const char prefix[] = "file:";

    if (path != NULL && strncmp(path, prefix, sizeof(prefix) - 1) == 0)
        path += sizeof(prefix) - 1;
    return memory_copy_text(path);
}

static bool load(const struct access *access, const char *reference, struct secret *secret, struct err *err)
{
    secret_drop(secret);
    return reference == NULL || secret_load(access->secrets, reference, secret, err);
}

/* At the opening: what Vault has may come later. */
static bool may_load(const struct access *access, const char *reference, struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};

    return reference == NULL || reference_kind(reference) == REFERENCE_VAULT ||
           secret_load(access->secrets, reference, &secret, err);
}

void access_add_header(struct access *access, const char *name, const char *value)
{
    assert(access->header_count < ARRAY_LENGTH(access->headers));
    access->headers[access->header_count++] =
        (struct http_header){.name = memory_copy_text(name), .value = memory_copy_text(value)};
}

static void copy_headers(struct access *access, const struct option_value *option)
{
    for (size_t i = 0; i + 1 < option->list_length && access->header_count < ACCESS_HEADERS_MAX; i += 2)
        access_add_header(access, option->list[i], option->list[i + 1]);
}

bool access_open(struct access *access, const struct secret_keeper *secrets,
                 const struct option_value *options, struct err *err)
{
    *access = (struct access){.secrets = secrets,
                              .user = memory_copy_text(options[ACCESS_USER].text),
                              .password_reference = memory_copy_text(options[ACCESS_PASSWORD].text),
                              .bearer_reference = memory_copy_text(options[ACCESS_BEARER].text),
                              .ca_file = access_copy_path(options[ACCESS_CA].text),
                              .certificate_file = access_copy_path(options[ACCESS_CERTIFICATE].text),
                              .key_file = access_copy_path(options[ACCESS_KEY].text)};
    copy_headers(access, &options[ACCESS_HEADERS]);
    if (access->user != NULL && access->password_reference == NULL)
        return err_set(err, ERR_INVALID, "user needs a password");
    return may_load(access, access->password_reference, err) &&
           may_load(access, access->bearer_reference, err);
}

bool access_add_secrets(struct access *access, const struct option_value *headers, struct err *err)
{
    access->secret_headers = access->header_count;
    for (size_t i = 0; i + 1 < headers->list_length && i < (size_t)2 * ACCESS_SECRET_HEADERS_MAX; i += 2) {
        if (!may_load(access, headers->list[i + 1], err))
            return err_wrap(err, "header %.60s", headers->list[i]);
        access_add_header(access, headers->list[i], "");
        access->header_references[access->secret_header_count++] = memory_copy_text(headers->list[i + 1]);
    }
    return true;
}

static void wipe_value(struct http_header *header)
{
    explicit_bzero((char *)(uintptr_t)header->value, strlen(header->value));
    free((char *)(uintptr_t)header->value);
}

static bool load_header(struct access *access, size_t index, struct err *err)
{
    CLEANUP(secret_drop) struct secret secret = {0};
    struct http_header *header = &access->headers[access->secret_headers + index];

    if (!load(access, access->header_references[index], &secret, err))
        return err_wrap(err, "header %.60s", header->name);
    wipe_value(header);
    header->value = memory_copy_text(secret.bytes);
    return true;
}

static bool load_all(struct access *access, struct err *err)
{
    if (!load(access, access->password_reference, &access->password, err))
        return err_wrap(err, "password");
    if (!load(access, access->bearer_reference, &access->bearer, err))
        return err_wrap(err, "bearer");
    for (size_t i = 0; i < access->secret_header_count; i++)
        if (!load_header(access, i, err))
            return false;
    return true;
}

void access_close(struct access *access)
{
    free(access->user);
    free(access->password_reference);
    free(access->bearer_reference);
    free(access->ca_file);
    free(access->certificate_file);
    free(access->key_file);
    secret_drop(&access->password);
    secret_drop(&access->bearer);
    for (size_t i = 0; i < access->header_count; i++) {
        free((char *)(uintptr_t)access->headers[i].name);
        wipe_value(&access->headers[i]);
    }
    for (size_t i = 0; i < access->secret_header_count; i++)
        free(access->header_references[i]);
    *access = (struct access){0};
}

void access_apply(struct access *access, struct http_request *request)
{
    request->refused = load_all(access, &access->err) ? NULL : &access->err;
    request->user = access->user;
    request->password = access->user != NULL ? &access->password : NULL;
    request->bearer = access->bearer.bytes != NULL ? &access->bearer : NULL;
    request->ca_file = access->ca_file;
    request->client_cert_file = access->certificate_file;
    request->client_key_file = access->key_file;
    request->headers = access->headers;
    request->header_count = access->header_count;
}
