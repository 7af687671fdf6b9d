/* vault_answer.c - statuses and JSON of Vault.
 * SPDX-License-Identifier: MIT */
#include "io/vault_answer.h"

#include "base/text.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 8192, LEASE_MAX_S = 10 * 366 * 24 * 3600, SECOND_MS = 1000 };

/* Depth, keys and values of other people's secrets; numbers among them are not read. */
static const struct json_limits limits = {.size_max = VAULT_ANSWER_MAX,
                                          .depth_max = 32,
                                          .keys_max = 8192,
                                          .allows_rounding = true,
                                          .allows_infinity = true};

struct vault_values {
    struct cJSON *root;
    struct json_node data;
};

/* cJSON frees what it does not wipe. The depth is bounded by the limits. */
static void wipe(const cJSON *item)
{
    for (; item != NULL; item = item->next) {
        if (cJSON_IsString(item) && item->valuestring != NULL)
            explicit_bzero(item->valuestring, strlen(item->valuestring));
        wipe(item->child);
    }
}

static void free_tree(struct cJSON **root)
{
    wipe(*root);
    json_free(*root);
    *root = NULL;
}

/* What 503 says decides nothing but the sentence. */
static bool is_sealed(const struct http_answer *answer)
{
    return strstr(answer->body, "sealed") != NULL;
}

static bool refuse_status(const struct http_answer *answer, struct err *err)
{
    int status = answer->status;

    if (status >= 300 && status < 400)
        return err_set(err, ERR_PROTOCOL,
                       "Vault redirects (%d), which is not followed: name its active server", status);
    switch (status) {
    case 400:
        return err_set(err, ERR_INVALID, "Vault refuses the request (400)");
    case 403:
        return err_set(err, ERR_FORBIDDEN, "Vault does not let us (403)");
    case 404:
        return err_set(err, ERR_NOT_FOUND, "Vault has nothing there (404)");
    case 429:
        return err_set(err, ERR_UNAVAILABLE, "Vault wants to be asked less often (429)");
    case 503:
        return err_set(err, ERR_UNAVAILABLE, "Vault is %s (503)",
                       is_sealed(answer) ? "sealed" : "not available");
    default:
        return err_set(err, status >= 500 ? ERR_UNAVAILABLE : ERR_PROTOCOL, "Vault answers with status %d",
                       status);
    }
}

bool vault_answer_check(const struct http_answer *answer, struct err *err)
{
    if (answer->status == 0)
        return err_set(err, answer->err.code, "%s", answer->err.text);
    return answer->status == 200 || refuse_status(answer, err);
}

/* What is wrong with it is not said: a part of it may be a secret. */
static bool parse(const struct http_answer *answer, struct cJSON **ret_root, struct err *err)
{
    struct cJSON *root = NULL;

    if (!vault_answer_check(answer, err))
        return false;
    if (json_parse(answer->body, answer->length, &limits, &root, NULL) && cJSON_IsObject(root)) {
        *ret_root = root;
        return true;
    }
    free_tree(&root);
    return err_set(err, ERR_PROTOCOL, "what answers is not Vault: it is no JSON object");
}

static bool read_lease(const struct cJSON *root, struct vault_lease *lease, struct err *err)
{
    struct json_node node = json_root(root);
    struct json_node auth = {0};
    const char *token = NULL;
    int64_t lease_s = 0;

    if (!json_object(&node, "auth", JSON_REQUIRED, &auth, NULL) ||
        !json_text(&auth, "client_token", JSON_REQUIRED, TOKEN_MAX, &token, NULL) || token[0] == '\0' ||
        !json_integer(&auth, "lease_duration", JSON_REQUIRED, 0, LEASE_MAX_S, &lease_s, NULL) ||
        !json_bool(&auth, "renewable", JSON_REQUIRED, &lease->is_renewable, NULL))
        return err_set(err, ERR_PROTOCOL, "Vault's answer has no token with a lease");
    lease->lease_ms = lease_s * SECOND_MS;
    secret_from_bytes(&lease->token, token, strlen(token));
    return true;
}

bool vault_answer_lease(const struct http_answer *answer, struct vault_lease *ret_lease, struct err *err)
{
    struct vault_lease lease = {0};
    struct cJSON *root = NULL;

    if (!parse(answer, &root, err))
        return false;
    bool is_good = read_lease(root, &lease, err);
    if (is_good)
        *ret_lease = lease;
    free_tree(&root);
    return is_good;
}

void vault_lease_drop(struct vault_lease *lease)
{
    secret_drop(&lease->token);
    *lease = (struct vault_lease){0};
}

bool vault_answer_values(const struct http_answer *answer, struct vault_values **ret_values, struct err *err)
{
    struct cJSON *root = NULL;
    struct json_node outer = {0};
    struct json_node data = {0};

    if (!parse(answer, &root, err))
        return false;
    struct json_node node = json_root(root);
    if (!json_object(&node, "data", JSON_REQUIRED, &outer, NULL) ||
        !json_object(&outer, "data", JSON_REQUIRED, &data, NULL)) {
        free_tree(&root);
        return err_set(err, ERR_PROTOCOL,
                       "Vault's answer has no .data.data: the mount is no key-value store of version 2");
    }
    struct vault_values *values = memory_take(sizeof(*values));
    values->root = root;
    values->data = data;
    *ret_values = values;
    return true;
}

bool vault_values_find(const struct vault_values *values, const char *key, struct secret *ret_secret,
                       struct err *err)
{
    struct json_node member = json_member(&values->data, key);

    if (member.item == NULL)
        return err_set(err, ERR_NOT_FOUND, "it has no such key");
    if (!cJSON_IsString(member.item))
        return err_set(err, ERR_INVALID, "the value is no text");
    size_t length = strlen(member.item->valuestring);
    if (length == 0)
        return err_set(err, ERR_INVALID, "the value is empty");
    if (length > SECRET_SIZE_MAX)
        return err_set(err, ERR_INVALID, "the value is longer than %d bytes", SECRET_SIZE_MAX);
    secret_from_bytes(ret_secret, member.item->valuestring, length);
    return true;
}

void vault_values_free(struct vault_values *values)
{
    if (values == NULL)
        return;
    free_tree(&values->root);
    free(values);
}

char *vault_login_body(const char *role_id, const struct secret *secret_id)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "role_id", role_id);
    cJSON_AddStringToObject(body, "secret_id", secret_id->bytes);
    char *text = json_print(body);
    wipe(body);
    cJSON_Delete(body);
    return text;
}

void vault_text_free(char *text)
{
    explicit_bzero(text, strlen(text));
    free(text);
}
