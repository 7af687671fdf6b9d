/* auth.c - who asks, and what they may do.
 * SPDX-License-Identifier: MIT */
#include "api/auth.h"

#include "io/digest.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PEOPLE_FIRST_UID = 1000, NOBODY_UID = 65534, CREDENTIALS_SIZE = 256, PASSWD_LINE_SIZE = 4096 };

struct right_name {
    unsigned right;
    const char *name;
};

static const struct right_name right_names[] = {
    {TOKEN_READ, "read"},         {TOKEN_DEPLOY, "deploy"},     {TOKEN_APPROVE, "approve"},
    {TOKEN_ROLLBACK, "rollback"}, {TOKEN_OVERRIDE, "override"}, {TOKEN_ADMIN, "admin"},
};

const char *auth_right_name(unsigned right)
{
    for (size_t i = 0; i < ARRAY_LENGTH(right_names); i++)
        if (right_names[i].right == right)
            return right_names[i].name;
    return "";
}

unsigned auth_right(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(right_names); i++)
        if (strcmp(right_names[i].name, name) == 0)
            return right_names[i].right;
    return 0;
}

static bool password_of(const char *encoded, char *to, size_t size)
{
    char credentials[CREDENTIALS_SIZE];
    size_t length = 0;

    if (!digest_base64_decode(encoded, credentials, sizeof(credentials) - 1, &length))
        return false;
    credentials[length] = '\0';
    const char *colon = strchr(credentials, ':');
    return colon != NULL && strlen(credentials) == length && text_copy(to, size, colon + 1);
}

bool auth_token_of(const char *header, char *to, size_t size)
{
    static const char bearer[] = "Bearer ";
    static const char basic[] = "Basic ";

    if (strncasecmp(header, bearer, sizeof(bearer) - 1) == 0)
        return text_copy(to, size, header + sizeof(bearer) - 1);
    if (strncasecmp(header, basic, sizeof(basic) - 1) == 0)
        return password_of(header + sizeof(basic) - 1, to, size);
    return false;
}

static bool is_plain(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return length > 0 && length <= NAME_MAX_LENGTH;
}

/* The system's own file only: a directory service may block for seconds. */
static bool find_user(uid_t uid, char name[NAME_MAX_LENGTH + 1])
{
    char line[PASSWD_LINE_SIZE];
    struct passwd entry;
    struct passwd *found = NULL;
    FILE *file = fopen("/etc/passwd", "re");
    bool is_found = false;

    if (file == NULL)
        return false;
    while (!is_found && fgetpwent_r(file, &entry, line, sizeof(line), &found) == 0)
        is_found = found->pw_uid == uid && is_plain(found->pw_name) &&
                   text_copy(name, NAME_MAX_LENGTH + 1, found->pw_name);
    (void)fclose(file);
    return is_found;
}

static void become_user(uid_t uid, struct principal *principal)
{
    *principal = (struct principal){.is_person = uid == 0 || (uid >= PEOPLE_FIRST_UID && uid != NOBODY_UID)};
    if (!find_user(uid, principal->name))
        (void)snprintf(principal->name, sizeof(principal->name), "uid:%lu", (unsigned long)uid);
}

static bool become_token(const struct journal *journal, const char *header, int64_t wall_ms,
                         struct principal *principal, const char **ret_why)
{
    char text[JOURNAL_TOKEN_TEXT_SIZE];

    if (!auth_token_of(header, text, sizeof(text))) {
        *ret_why = "the Authorization header holds no token of ours; send \"Bearer vd_...\"";
        return false;
    }
    const struct journal_token *token = journal_token_find(journal, text, wall_ms);
    explicit_bzero(text, sizeof(text));
    if (token == NULL) {
        *ret_why = "this token is not known, expired or revoked";
        return false;
    }
    *principal = (struct principal){.is_person = token->is_person, .has_token = true, .token = *token};
    memcpy(principal->name, token->principal, sizeof(principal->name));
    return true;
}

bool auth_find(const struct journal *journal, const struct http_server_request *request, int64_t wall_ms,
               struct principal *ret_principal, const char **ret_why)
{
    const char *header = http_server_header(request, "Authorization");

    if (header != NULL)
        return become_token(journal, header, wall_ms, ret_principal, ret_why);
    if (request->peer.is_unix) {
        become_user(request->peer.uid, ret_principal);
        return true;
    }
    *ret_why = "a token is wanted here: `verdict token create` makes one";
    return false;
}

/* A token bound to services does not allow what concerns all of them, but it may read lists: their rows are
 * looked at one by one. */
bool auth_allows(const struct principal *principal, unsigned right, const char *service,
                 const char *environment)
{
    if (right == 0 || !principal->has_token)
        return true;
    if (service[0] == '\0')
        return (principal->token.rights & right) != 0;
    return journal_token_allows(&principal->token, (enum token_right)right, service, environment);
}
