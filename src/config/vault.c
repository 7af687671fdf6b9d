/* vault.c - where Vault is, who we are there, and how long a value is good.
 * SPDX-License-Identifier: MIT */
#include "config/vault.h"

#include "base/reference.h"
#include "base/text.h"

#include <string.h>

enum {
    VAULT_URL,
    VAULT_ROLE_ID,
    VAULT_SECRET_ID,
    VAULT_TOKEN,
    VAULT_LOGIN,
    VAULT_NAMESPACE,
    VAULT_CA,
    VAULT_CACHE,
    VAULT_MAX_AGE,
    VAULT_TIMEOUT,
    VAULT_OPTION_COUNT
};
enum { SECOND_MS = 1000, DAY_MS = 24 * 3600 * 1000, URL_LENGTH_MAX = 512 };

static const struct option options[VAULT_OPTION_COUNT] = {
    [VAULT_URL] = {.name = "url", .type = OPTION_TEXT, .is_required = true, .help = "address of the server"},
    [VAULT_ROLE_ID] = {.name = "role_id", .type = OPTION_TEXT, .help = "our AppRole, with secret_id"},
    [VAULT_SECRET_ID] = {.name = "secret_id",
                         .type = OPTION_SECRET,
                         .help = "the other half of our AppRole, by reference"},
    [VAULT_TOKEN] = {.name = "token",
                     .type = OPTION_SECRET,
                     .help = "instead of an AppRole: a token, by reference; one that is exchanged counts"},
    [VAULT_LOGIN] = {.name = "login",
                     .type = OPTION_TEXT,
                     .fallback = "approle",
                     .help = "where the AppRole method is mounted, below auth/"},
    [VAULT_NAMESPACE] = {.name = "namespace", .type = OPTION_TEXT, .help = "namespace of mounts and login"},
    [VAULT_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
    [VAULT_CACHE] = {.name = "cache",
                     .type = OPTION_DURATION,
                     .min = SECOND_MS,
                     .max = DAY_MS,
                     .fallback = "5m",
                     .help = "how long a value is good before it is read again"},
    [VAULT_MAX_AGE] = {.name = "max_age",
                       .type = OPTION_DURATION,
                       .min = SECOND_MS,
                       .max = 30.0 * DAY_MS,
                       .help = "an older value is not used while Vault is away; without it the last one is"},
    [VAULT_TIMEOUT] = {.name = "timeout",
                       .type = OPTION_DURATION,
                       .min = 100,
                       .max = 60000,
                       .fallback = "5s",
                       .help = "for one answer"},
};

/* It is asked before there is anything to ask it with. */
static bool check_own(const struct build *build, const struct node *group, const char *name,
                      const struct option_value *value)
{
    if (!value->is_set || reference_kind(value->text) != REFERENCE_VAULT)
        return true;
    return report_node(build->report, tree_find(group, name),
                       "%s: what opens Vault cannot lie in it; take cred:, file: or env:", name);
}

static bool check_identity(const struct build *build, const struct node *group,
                           const struct option_value *values)
{
    bool has_role = values[VAULT_ROLE_ID].is_set;
    bool has_secret = values[VAULT_SECRET_ID].is_set;

    if (has_role != has_secret || has_role == values[VAULT_TOKEN].is_set)
        return report_node(build->report, group, "vault: takes role_id and secret_id, or a token");
    return check_own(build, group, "secret_id", &values[VAULT_SECRET_ID]) &&
           check_own(build, group, "token", &values[VAULT_TOKEN]);
}

static bool is_mount(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/");

    return length > 0 && text[length] == '\0' && text[0] != '/' && text[length - 1] != '/';
}

static bool check_place(const struct build *build, const struct node *group,
                        const struct option_value *values)
{
    const char *url = values[VAULT_URL].text;

    if (!text_is_private_url(url) || strlen(url) > URL_LENGTH_MAX || strpbrk(url, "?#@") != NULL)
        return report_node(
            build->report, tree_find(group, "url"),
            "url: secrets are asked for by https://, or on this machine; without user and query");
    if (!is_mount(values[VAULT_LOGIN].text))
        return report_node(build->report, tree_find(group, "login"), "login: '%s' is not like \"approle\"",
                           values[VAULT_LOGIN].text);
    if (values[VAULT_NAMESPACE].is_set && !is_mount(values[VAULT_NAMESPACE].text))
        return report_node(build->report, tree_find(group, "namespace"),
                           "namespace: '%s' is not like \"team/shop\"", values[VAULT_NAMESPACE].text);
    return true;
}

static const char *path_of(const struct option_value *value)
{
    return value->is_set && reference_kind(value->text) == REFERENCE_FILE ? reference_name(value->text)
                                                                          : value->text;
}

/* Whoever refers to Vault needs to know where it is. */
static bool check_uses(const struct build *build, const struct node *root, const struct settings *settings)
{
    bool is_good = true;

    for (size_t i = 0; i < settings->references.count; i++) {
        const struct reference_use *use = &settings->references.uses[i];
        if (reference_kind(use->text) == REFERENCE_VAULT)
            is_good = report_add(build->report, root->source, use->line,
                                 "'%.200s' needs a group `vault` here that says where it is", use->text);
    }
    return is_good;
}

bool vault_read(const struct build *build, const struct node *root, struct settings *settings)
{
    static const struct shape shape = {.options = options, .count = VAULT_OPTION_COUNT};
    const struct node *group = tree_find(root, "vault");
    struct option_value values[VAULT_OPTION_COUNT] = {{0}};

    if (group == NULL)
        return check_uses(build, root, settings);
    if (!options_read(build, group, &shape, values, NULL) || !check_identity(build, group, values) ||
        !check_place(build, group, values))
        return false;
    settings->vault = (struct settings_vault){
        .url = values[VAULT_URL].text,
        .role_id = values[VAULT_ROLE_ID].text,
        .secret_id = values[VAULT_SECRET_ID].text,
        .token = values[VAULT_TOKEN].text,
        .login = values[VAULT_LOGIN].text,
        .name_space = values[VAULT_NAMESPACE].text,
        .ca = path_of(&values[VAULT_CA]),
        .cache_ms = values[VAULT_CACHE].duration_ms,
        .max_age_ms = values[VAULT_MAX_AGE].duration_ms,
        .timeout_ms = values[VAULT_TIMEOUT].duration_ms,
    };
    return true;
}

struct settings_table vault_table(void)
{
    return (struct settings_table){"vault", "vault: { ... };", options, VAULT_OPTION_COUNT};
}
