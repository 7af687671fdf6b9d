/* test_settings_vault.c - the group `vault` of verdictd.conf, and who refers to it.
 * SPDX-License-Identifier: MIT */
#include "config/settings.h"
#include "support/config_files.h"
#include "support/config_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROLE "role_id = \"r\";  secret_id = \"cred:s\"; "
#define HOOK "hooks: { github: { secret = \"vault:kv/hooks#github\"; }; };"

static struct config_report report;

static struct settings *read_settings(const char *text, char *found, size_t size)
{
    struct folder folder;
    char path[256];

    folder_make(&folder);
    folder_write(&folder, "v.conf", text);
    memset(&report, 0, sizeof(report));
    struct settings *settings = settings_read(folder_path(&folder, "v.conf", path), &test_schemas, &report);
    (void)report_text(&report, found, size);
    folder_drop(&folder);
    return settings;
}

static void test_whole_group(void **state)
{
    char found[1024];
    struct settings *settings = read_settings(
        "vault: { url = \"https://vault:8200\";  token = \"file:/run/token\";  ca = \"file:/etc/ca.pem\";\n"
        "  namespace = \"team/shop\";  login = \"ci/approle\";  cache = \"30s\";  max_age = \"1h\";  timeout "
        "= \"2s\"; };\n"
        "\n" HOOK,
        found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    assert_string_equal(settings->vault.url, "https://vault:8200");
    assert_string_equal(settings->vault.token, "file:/run/token");
    assert_null(settings->vault.role_id);
    assert_string_equal(settings->vault.ca, "/etc/ca.pem");
    assert_string_equal(settings->vault.name_space, "team/shop");
    assert_string_equal(settings->vault.login, "ci/approle");
    assert_int_equal(settings->vault.cache_ms, 30000);
    assert_int_equal(settings->vault.max_age_ms, 3600000);
    assert_int_equal(settings->vault.timeout_ms, 2000);
    assert_int_equal(settings->references.count, 2);
    assert_string_equal(settings->references.uses[0].text, "vault:kv/hooks#github");
    assert_int_equal(settings->references.uses[0].line, 4);
    assert_string_equal(settings->references.uses[1].text, "file:/run/token");
    settings_free(settings);
}

static void test_what_is_not_said(void **state)
{
    char found[1024];
    struct settings *settings =
        read_settings("vault: { url = \"http://127.0.0.1:8200\";  " ROLE "};", found, sizeof(found));

    (void)state;
    assert_string_equal(found, "");
    assert_string_equal(settings->vault.role_id, "r");
    assert_string_equal(settings->vault.secret_id, "cred:s");
    assert_string_equal(settings->vault.login, "approle");
    assert_null(settings->vault.ca);
    assert_null(settings->vault.name_space);
    assert_int_equal(settings->vault.cache_ms, 300000);
    assert_int_equal(settings->vault.max_age_ms, 0);
    settings_free(settings);
    settings = read_settings("", found, sizeof(found));
    assert_null(settings->vault.url);
    settings_free(settings);
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text, *finding;
    } cases[] = {
        {"vault: { " ROLE "};", "v.conf:1: url is missing (address of the server)"},
        {"vault: { url = \"https://v\"; };", "v.conf:1: vault: takes role_id and secret_id, or a token"},
        {"vault: { url = \"https://v\";  role_id = \"r\"; };",
         "v.conf:1: vault: takes role_id and secret_id, or a token"},
        {"vault: { url = \"https://v\";  " ROLE "  token = \"cred:t\"; };",
         "v.conf:1: vault: takes role_id and secret_id, or a token"},
        {"vault: { url = \"https://v\";\n  token = \"vault:kv/v#t\"; };",
         "v.conf:2: token: what opens Vault cannot lie in it; take cred:, file: or env:"},
        {"vault: { url = \"http://vault:8200\";  " ROLE "};",
         "v.conf:1: url: secrets are asked for by https://, or on this machine; without user and query"},
        {"vault: { url = \"https://u:p@vault\";  " ROLE "};",
         "v.conf:1: url: secrets are asked for by https://, or on this machine; without user and query"},
        {"vault: { url = \"https://v\";  login = \"/approle\";  " ROLE "};",
         "v.conf:1: login: '/approle' is not like \"approle\""},
        {"vault: { url = \"https://v\";  namespace = \"a b\";  " ROLE "};",
         "v.conf:1: namespace: 'a b' is not like \"team/shop\""},
        {"mode = \"act\";\n" HOOK,
         "v.conf:2: 'vault:kv/hooks#github' needs a group `vault` here that says where it is"},
        {"hooks: { github: { secret = \"vault:kv/hooks\"; }; };",
         "v.conf:1: secret: 'vault:kv/hooks' is not like \"vault:kv/shop#password\""},
        {"listen = ( { tls = \"0.0.0.0:8443\";  cert = \"file:/c\";  key = \"vault:kv/tls#key\"; } );\n"
         "vault: { url = \"https://v\";  " ROLE "};",
         "v.conf:1: cert, key and client_ca are needed before Vault has answered: take cred: or file:"},
    };
    char found[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(read_settings(cases[i].text, found, sizeof(found)));
        assert_string_equal(found, cases[i].finding);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_group),
        cmocka_unit_test(test_what_is_not_said),
        cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
