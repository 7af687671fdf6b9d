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

static bool load(const struct option_value *option, struct secret *secret, struct err *err)
{
    return option->text == NULL || secret_load(option->text, secret, err);
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

bool access_open(struct access *access, const struct option_value *options, struct err *err)
{
    *access = (struct access){.user = memory_copy_text(options[ACCESS_USER].text),
                              .ca_file = access_copy_path(options[ACCESS_CA].text),
                              .certificate_file = access_copy_path(options[ACCESS_CERTIFICATE].text),
                              .key_file = access_copy_path(options[ACCESS_KEY].text)};
    copy_headers(access, &options[ACCESS_HEADERS]);
    if (access->user != NULL && options[ACCESS_PASSWORD].text == NULL)
        return err_set(err, ERR_INVALID, "user needs a password");
    return load(&options[ACCESS_PASSWORD], &access->password, err) &&
           load(&options[ACCESS_BEARER], &access->bearer, err);
}

bool access_add_secrets(struct access *access, const struct option_value *headers, struct err *err)
{
    for (size_t i = 0; i + 1 < headers->list_length && i < (size_t)2 * ACCESS_SECRET_HEADERS_MAX; i += 2) {
        CLEANUP(secret_drop) struct secret secret = {0};
        if (!secret_load(headers->list[i + 1], &secret, err))
            return err_wrap(err, "header %.60s", headers->list[i]);
        access_add_header(access, headers->list[i], secret.bytes);
    }
    return true;
}

void access_close(struct access *access)
{
    free(access->user);
    free(access->ca_file);
    free(access->certificate_file);
    free(access->key_file);
    secret_drop(&access->password);
    secret_drop(&access->bearer);
    for (size_t i = 0; i < access->header_count; i++) {
        free((char *)(uintptr_t)access->headers[i].name);
        explicit_bzero((char *)(uintptr_t)access->headers[i].value, strlen(access->headers[i].value));
        free((char *)(uintptr_t)access->headers[i].value);
    }
    *access = (struct access){0};
}

void access_apply(const struct access *access, struct http_request *request)
{
    request->user = access->user;
    request->password = access->user != NULL ? &access->password : NULL;
    request->bearer = access->bearer.bytes != NULL ? &access->bearer : NULL;
    request->ca_file = access->ca_file;
    request->client_cert_file = access->certificate_file;
    request->client_key_file = access->key_file;
    request->headers = access->headers;
    request->header_count = access->header_count;
}
