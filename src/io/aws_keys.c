/* aws_keys.c - keys read from files and answers.
 * SPDX-License-Identifier: MIT */
#include "io/aws_keys.h"

#include "base/calendar.h"
#include "base/text.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/xml.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 128, SECRET_MAX = 512, TOKEN_MAX = 16 * 1024, FIELD_MAX = 4 };

void aws_keys_drop(struct aws_keys *keys)
{
    free(keys->id);
    secret_drop(&keys->secret);
    secret_drop(&keys->token);
    *keys = (struct aws_keys){0};
}

static bool is_printable(const char *text, size_t length_max)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return length > 0 && length <= length_max;
}

bool aws_keys_set(const char *id, const char *secret, const char *token, int64_t expires_s,
                  struct aws_keys *ret_keys, struct err *err)
{
    struct aws_keys keys = {.expires_s = expires_s};

    if (!is_printable(id, ID_MAX) || strchr(id, '/') != NULL || strchr(id, ':') != NULL)
        return err_set(err, ERR_INVALID, "the access key's id is none");
    if (!is_printable(secret, SECRET_MAX))
        return err_set(err, ERR_INVALID, "the secret key is none");
    if (token != NULL && token[0] != '\0' && !is_printable(token, TOKEN_MAX))
        return err_set(err, ERR_INVALID, "the session token is none");
    keys.id = memory_copy_text(id);
    secret_from_bytes(&keys.secret, secret, strlen(secret));
    if (token != NULL && token[0] != '\0')
        secret_from_bytes(&keys.token, token, strlen(token));
    *ret_keys = keys;
    return true;
}

/* ---- the shared file ---- */

/* One line of it between its blanks. */
struct line {
    const char *at;
    size_t length;
};

static struct line next_line(const char **text)
{
    static const char blanks[] = " \t\r";
    struct line line = {.at = *text, .length = strcspn(*text, "\n")};

    *text += line.length + ((*text)[line.length] == '\n');
    while (line.length > 0 && strchr(blanks, *line.at) != NULL) {
        line.at++;
        line.length--;
    }
    while (line.length > 0 && strchr(blanks, line.at[line.length - 1]) != NULL)
        line.length--;
    return line;
}

static bool is_section(const struct line *line, const char *profile)
{
    size_t length = strlen(profile);

    return line->length == length + 2 && memcmp(line->at + 1, profile, length) == 0 &&
           line->at[line->length - 1] == ']';
}

/* The value of a line "name = value" of that name, copied; NULL where it is another. */
static char *value_of(const struct line *line, const char *name)
{
    size_t length = strlen(name);

    if (line->length <= length || memcmp(line->at, name, length) != 0)
        return NULL;
    size_t at = length + strspn(line->at + length, " \t");
    if (at >= line->length || line->at[at] != '=')
        return NULL;
    at++;
    while (at < line->length && (line->at[at] == ' ' || line->at[at] == '\t'))
        at++;
    return memory_copy_bytes(line->at + at, line->length - at);
}

enum { PROFILE_ID, PROFILE_SECRET, PROFILE_TOKEN, PROFILE_VALUES };

static void take_line(const struct line *line, char *values[PROFILE_VALUES])
{
    static const char *const names[PROFILE_VALUES] = {"aws_access_key_id", "aws_secret_access_key",
                                                      "aws_session_token"};

    for (size_t i = 0; i < PROFILE_VALUES; i++)
        if (values[i] == NULL)
            values[i] = value_of(line, names[i]);
}

static void drop_values(char *values[PROFILE_VALUES])
{
    for (size_t i = 0; i < PROFILE_VALUES; i++) {
        if (values[i] != NULL)
            explicit_bzero(values[i], strlen(values[i]));
        free(values[i]);
    }
}

bool aws_keys_from_profile(const char *text, const char *profile, struct aws_keys *ret_keys, struct err *err)
{
    char *values[PROFILE_VALUES] = {NULL};
    bool is_inside = false;
    bool is_found = false;

    while (*text != '\0') {
        struct line line = next_line(&text);
        if (line.length > 0 && line.at[0] == '[') {
            is_inside = is_section(&line, profile);
            is_found = is_found || is_inside;
        } else if (is_inside)
            take_line(&line, values);
    }
    bool is_whole = values[PROFILE_ID] != NULL && values[PROFILE_SECRET] != NULL;
    bool is_good = is_whole && aws_keys_set(values[PROFILE_ID], values[PROFILE_SECRET], values[PROFILE_TOKEN],
                                            0, ret_keys, err);
    drop_values(values);
    if (!is_found)
        return err_set(err, ERR_NOT_FOUND, "there is no profile '%.60s'", profile);
    if (!is_whole)
        return err_set(err, ERR_INVALID, "profile '%.60s' has no aws_access_key_id and aws_secret_access_key",
                       profile);
    return is_good;
}

/* ---- answers ---- */

static bool take_digits(const char **at, size_t count, int64_t min, int64_t max, int64_t *ret_number)
{
    char digits[FIELD_MAX + 1] = "";

    if (strspn(*at, "0123456789") < count)
        return false;
    memcpy(digits, *at, count);
    *at += count;
    return text_to_integer(digits, min, max, ret_number);
}

bool aws_time_parse(const char *text, int64_t *ret_s)
{
    static const struct {
        size_t digits;
        int64_t min, max;
        const char *behind;
    } fields[] = {{4, 1970, 9999, "-"}, {2, 1, 12, "-"}, {2, 1, 31, "T"},
                  {2, 0, 23, ":"},      {2, 0, 59, ":"}, {2, 0, 60, ".Z"}};
    int64_t numbers[ARRAY_LENGTH(fields)] = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (!take_digits(&text, fields[i].digits, fields[i].min, fields[i].max, &numbers[i]) ||
            *text == '\0' || strchr(fields[i].behind, *text) == NULL)
            return false;
        if (*text++ == '.')
            text += strspn(text, "0123456789") + 1;
    }
    if (text[-1] != 'Z' || *text != '\0')
        return false;
    if (numbers[2] > calendar_month_days(numbers[0], (int32_t)numbers[1]))
        return false;
    int64_t days = calendar_days(numbers[0], (int32_t)numbers[1], (int32_t)numbers[2]);
    *ret_s = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5];
    return true;
}

static bool set_temporary(const char *id, const char *secret, const char *token, const char *expiration,
                          struct aws_keys *ret_keys, struct err *err)
{
    int64_t expires_s = 0;

    if (!aws_time_parse(expiration, &expires_s))
        return err_set(err, ERR_PROTOCOL, "the keys' expiration is no time");
    return aws_keys_set(id, secret, token, expires_s, ret_keys, err);
}

bool aws_keys_from_json(const char *bytes, size_t length, struct aws_keys *ret_keys, struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    const char *id = NULL;
    const char *secret = NULL;
    const char *token = NULL;
    const char *expiration = NULL;

    if (!json_parse(bytes, length, NULL, &root, NULL))
        return err_set(err, ERR_PROTOCOL, "the keys are no JSON");
    struct json_node node = json_root(root);
    if (!json_text(&node, "AccessKeyId", JSON_REQUIRED, ID_MAX, &id, err) ||
        !json_text(&node, "SecretAccessKey", JSON_REQUIRED, SECRET_MAX, &secret, err) ||
        !json_text(&node, "Token", JSON_REQUIRED, TOKEN_MAX, &token, err) ||
        !json_text(&node, "Expiration", JSON_REQUIRED, ID_MAX, &expiration, err))
        return err_wrap(err, "the keys");
    return set_temporary(id, secret, token, expiration, ret_keys, err);
}

bool aws_keys_from_sts(const char *bytes, size_t length, struct aws_keys *ret_keys, struct err *err)
{
    CLEANUP(xml_free_at) struct xml *xml = NULL;

    if (!xml_parse(bytes, length, &xml, err))
        return err_wrap(err, "the keys");
    const struct xml_element *keys = xml_find(xml_root(xml), "AssumeRoleWithWebIdentityResult/Credentials");
    const char *id = xml_text(keys, "AccessKeyId");
    const char *secret = xml_text(keys, "SecretAccessKey");
    const char *token = xml_text(keys, "SessionToken");
    const char *expiration = xml_text(keys, "Expiration");
    if (id == NULL || secret == NULL || token == NULL || expiration == NULL)
        return err_set(err, ERR_PROTOCOL, "the answer has no credentials");
    return set_temporary(id, secret, token, expiration, ret_keys, err);
}
