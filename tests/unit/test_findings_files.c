/* test_findings_files.c - what an environment needs, and its files: what is said of those that are wrong,
 * what is sealed of the others, and that a template is what it was when rule files were read.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "support/config_cases.h"

#define PROD(more)                                                                                           \
    SERVICE("strategy = \"recreate\"; slots: { blue: { address = \"a:1\"; }; }; commands: { deploy: { exec " \
            "= [ \"/d\" ]; }; };\n" more)
#define FILE_OF(more) PROD("files: { app: { to = \"/etc/x\"; template = \"x.in\"; " more " }; };")
#define VALUES        "values: { port = 8080; name = \"a b\"; };"

struct file_case {
    const char *template; /* x.in; NULL: there is none */
    const char *rules, *expected;
};

#define FORM "p={{port:port}}\nn={{name:string}}\n"

static const struct file_case cases[] = {
    {FORM, FILE_OF(VALUES), ""},
    {FORM,
     FILE_OF("kind = \"ini\"; mode = \"0640\"; owner = \"shop\"; group = \"shop\"; overwrite = true; check = "
             "[ \"/bin/check\", \"%s\" ]; " VALUES),
     ""},
    {FORM "s={{pw:secret}}\n", FILE_OF(VALUES " secrets = { pw = \"vault:kv/x#y\"; };"), ""},
    {"l={{l:list}} v={{v:string}}",
     FILE_OF("values: { l = [ \"a\", \"b\" ]; v = \"{{version}}-{{slot}}\"; };"), ""},
    {NULL, FILE_OF(VALUES), "x.rules:3: template: FOLDER/x.in cannot be opened: No such file or directory"},
    {"a\n {{port:prot}}", FILE_OF(VALUES),
     "x.in:2: column 2: no type is called 'prot'; did you mean 'port'?\nx.rules:1: shop/prod cannot be used "
     "as long "
     "as what it names has findings"},
    {FORM, FILE_OF("values: { port = 8080; };"),
     "x.in:2: column 3: 'name' has no value; 'app' of line 3 in FOLDER/x.rules gives one in "
     "`values`\nx.rules:1: "
     "shop/prod cannot be used as long as what it names has findings"},
    {FORM, FILE_OF("values: { port = 80800; name = \"x\"; };"),
     "x.rules:3: port: '80800' is not a whole number from 1 to 65535"},
    {FORM, FILE_OF("values: { prot = 1; port = 8; name = \"x\"; };"),
     "x.rules:3: FOLDER/x.in has no blank {{prot:...}}; did you mean 'port'?"},
    {FORM, FILE_OF("values: { port = { a = 1; }; name = \"x\"; };"),
     "x.rules:3: port: takes one value or a list of them"},
    {FORM, FILE_OF("values = 5;"),
     "x.in:1: column 3: 'port' has no value; 'app' of line 3 in FOLDER/x.rules gives one in "
     "`values`\nx.in:2: column "
     "3: 'name' has no value; 'app' of line 3 in FOLDER/x.rules gives one in `values`\nx.rules:1: shop/prod "
     "cannot be "
     "used as long as what it names has findings"},
    {FORM, FILE_OF("secrets = { port = \"cred:port\"; name = \"cred:name\"; };"),
     "x.in:1: column 3: 'port' has no value; 'app' of line 3 in FOLDER/x.rules gives one in "
     "`values`\nx.in:2: column "
     "3: 'name' has no value; 'app' of line 3 in FOLDER/x.rules gives one in `values`\nx.rules:3: name: its "
     "blank in "
     "FOLDER/x.in is a string and no secret\nx.rules:3: port: its blank in FOLDER/x.in is a port and no "
     "secret"},
    {"{{pw:secret}}", FILE_OF("values: { pw = \"hunter2\"; };"),
     "x.in:1: column 1: 'pw' has no value; 'app' of line 3 in FOLDER/x.rules gives one in "
     "`secrets`\nx.rules:3: pw: is a "
     "secret in FOLDER/x.in; give it by reference, in `secrets`"},
    {"{{pw:secret}}", FILE_OF("secrets = { pw = \"hunter2\"; };"),
     "x.rules:3: pw: a secret is a reference, cred:NAME, file:/PATH, env:NAME or vault:MOUNT/PATH#KEY in "
     "quotes, never "
     "the secret itself"},
    {"{{verdict_x:secret}}", FILE_OF("secrets = { verdict_x = \"cred:x\"; };"),
     "x.rules:3: secrets: 'verdict_x' would be VERDICT_..., which is ours"},
    {FORM, FILE_OF(VALUES " sha256 = \"x\";"), "x.rules:3: unknown key 'sha256'"},
    {FORM, FILE_OF(VALUES " mode = \"640\";"), "x.rules:3: mode: '640' is not like \"0640\""},
    {FORM, FILE_OF(VALUES " kind = \"jsno\";"),
     "x.rules:3: kind: 'jsno' is not one of plain, ini, shell, json, yaml, toml; did you mean 'json'?"},
    {FORM, FILE_OF(VALUES " check = [ \"nginx\", \"-t\" ];"),
     "x.rules:3: check: must begin with the absolute path of a program"},
    {FORM, PROD("files: { app: { to = \"etc/x\"; template = \"x.in\"; " VALUES " }; };"),
     "x.rules:3: to: 'etc/x' is no absolute path of a file"},
    {FORM, PROD("files: { app: { template = \"x.in\"; " VALUES " }; };"),
     "x.rules:3: to is missing (where it is, absolute)"},
    {FORM, PROD("files: { app: { to = \"/x\"; }; };"),
     "x.rules:3: sha256 is missing (of the template; it is sealed)\nx.rules:3: template is missing (its "
     "template; seen "
     "from the folder of the rule file)"},
    {FORM, PROD("files: { app: { to = \"/x\"; template = \"{{slot}}.in\"; }; };"),
     "x.rules:3: template: what differs by side cannot stand in its name"},
    {"x",
     PROD("files: { a: { to = \"/x\"; template = \"x.in\"; }; b: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:3: to: another file is '/x' already"},
    {"x", PROD("files: { timeout = \"1m\"; };"), "x.rules:3: files: takes 1 to 8 of them"},
    {"x", PROD("files = 5;"), "x.rules:3: files: takes a group { NAME: { to = \"/...\"; }; }"},
    {"x", PROD("files: { a_b: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:3: file 'a_b' is no name: small letters, digits, -"},
    {"x", PROD("files: { program = \"configure\"; a: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:3: program: must be an absolute path"},
    {"x", PROD("files: { tiemout = \"1m\"; a: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:3: unknown key 'tiemout'; did you mean 'timeout'?"},
    {"{{p:secret}}",
     PROD("files: { a: { to = \"/x\"; template = \"x.in\"; secrets = { p = \"cred:a\"; }; }; b: { to = "
          "\"/y\"; template = \"x.in\"; secrets = { p = \"cred:b\"; }; }; };"),
     "x.rules:3: secrets: 'p' of another file is another one; call one of them differently"},
    {"x",
     SERVICE("strategy = \"recreate\"; slots: { blue: { address = \"a:1\"; }; }; commands: { configure: { "
             "exec = [ "
             "\"/d\" ]; }; }; files: { a: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:2: files: `configure` is the command that writes them; call yours differently"},
    {"x", SERVICE("strategy = \"follow\"; " SLOTS " files: { a: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:2: to: each slot has its own file; put {{slot}} into its path"},
    {"x",
     SERVICE("strategy = \"follow\"; " SLOTS " files: { a: { to = \"/{{slot}}\"; template = \"x.in\"; }; };"),
     ""},
    {"x",
     SERVICE("strategy = \"follow\"; hosts = [ \"m1\" ]; files: { a: { to = \"/{{host}}\"; template = "
             "\"x.in\"; }; };"),
     "x.rules:2: files: strategy 'follow' replaces no hosts, so nobody would write them"},
    {"x",
     SERVICE("strategy = \"rolling\"; hosts = [ \"m1\" ]; commands: { deploy: { exec = [ \"/d\" ]; }; }; "
             "files: { a: { "
             "to = \"/etc/x\"; template = \"x.in\"; }; };"),
     "x.rules:2: to: each host has its own file; put {{host}} into its path"},
    {"x",
     SERVICE("strategy = \"rolling\"; hosts = [ \"m1\" ]; commands: { deploy: { exec = [ \"/d\" ]; }; }; "
             "files: { via "
             "= [ \"/usr/bin/ssh\", \"-oSendEnv=VERDICT_*\", \"root@{{host}}\" ]; a: { to = "
             "\"/etc/x-{{version}}\"; "
             "template = \"x.in\"; }; };"),
     ""},
    {"x", PROD("files: { via = [ \"ssh\" ]; a: { to = \"/x\"; template = \"x.in\"; }; };"),
     "x.rules:3: via: must begin with the absolute path of a program"},
    {"x", PROD("files: { via = [ \"/ssh\", \"a b\" ]; a: { to = \"/x;y\"; template = \"x.in\"; }; };"),
     "x.rules:3: files: '/x;y' would be read by a shell on the other side of `via`"},
    {"x", PROD("files: { via = [ \"/ssh\" ]; a: { to = \"/x{{address}}\"; template = \"x.in\"; }; };"),
     "x.rules:3: files: '/x{{address}}' would be read by a shell on the other side of `via`"},
    {"x", PROD("files: { via = [ \"/ssh\" ]; a: { to = \"/$x{{slot}}\"; template = \"x.in\"; }; };"),
     "x.rules:3: files: '/$x{{slot}}' would be read by a shell on the other side of `via`"},
};

static void replace_folder(char *text, size_t size, const char *folder)
{
    char whole[8192];
    struct text to;

    text_init(&to, whole, sizeof(whole));
    for (const char *at = text; *at != '\0';) {
        if (strncmp(at, folder, strlen(folder)) == 0) {
            text_add(&to, "FOLDER");
            at += strlen(folder);
        } else {
            text_add_bytes(&to, at++, 1);
        }
    }
    (void)snprintf(text, size, "%s", whole);
}

static struct config *read_in(const struct folder *folder, const char *template, const char *rules,
                              const struct config *previous, char *found, size_t size)
{
    if (template != NULL)
        folder_write(folder, "x.in", template);
    folder_write(folder, "x.rules", rules);
    memset(&report, 0, sizeof(report));
    struct config *config = config_read_folder(folder->path, previous, &test_schemas, &report);
    (void)report_text(&report, found, size);
    replace_folder(found, size, folder->path);
    return config;
}

static void test_findings(void **state)
{
    char found[8192];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct folder folder;
        folder_make(&folder);
        config_free(read_in(&folder, cases[i].template, cases[i].rules, NULL, found, sizeof(found)));
        folder_drop(&folder);
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu\n%s\n--- says\n%s\n--- not\n%s\n", i, cases[i].rules, found,
                     cases[i].expected);
    }
}

static const struct finding_case needs[] = {
    {PROD("prepare: { replicas = 3; resources: { cpu = 0.25; memory = \"512MiB\"; disk = \"2GB\"; }; health: "
          "{ path = "
          "\"/h\"; port = 80; every = \"5s\"; timeout = \"500ms\"; failures = 3; grace = \"1m\"; }; };"),
     ""},
    {PROD("prepare: { replicas = 0; };"), "x.rules:3: replicas: 0 is not from 1 to 10000"},
    {PROD("prepare: { command = \"make\"; };"), "x.rules:3: command: the environment has no command 'make'"},
    {PROD("prepare: { command = \"deploy\"; };"), "x.rules:3: command: `deploy` has its own time"},
    {PROD("prepare: { resources: { memory = \"512\"; cpu = 0.25; }; };"), ""},
    {PROD("prepare: { resources: { memory = \"512M\"; }; };"),
     "x.rules:3: memory: '512M' is no size like \"512MiB\" or \"2GB\""},
    {PROD("prepare: { resources: { gpu = 1; }; };"), "x.rules:3: unknown key 'gpu'; did you mean 'cpu'?"},
    {PROD("prepare: { health: { path = \"h\"; }; };"), "x.rules:3: path: 'h' is not like \"/healthz\""},
    {PROD("prepare = 3;"), "x.rules:3: takes a group { }, not a whole number"},
};

static void test_needs(void **state)
{
    (void)state;
    assert_cases(needs, ARRAY_LENGTH(needs));
}

static void assert_pairs(const char *const *pairs, size_t count, const char *expected)
{
    char memory[1024];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (size_t i = 0; i < count; i++)
        text_add(&text, "%s%s=%s", i == 0 ? "" : " ", pairs[2 * i], pairs[2 * i + 1]);
    assert_string_equal(memory, expected);
}

static void assert_words(const struct command_definition *command, const char *folder, const char *expected)
{
    char memory[4096];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (size_t i = 0; i < command->argument_count; i++)
        text_add(&text, "%s%s", i == 0 ? "" : " ", command->arguments[i]);
    replace_folder(memory, sizeof(memory), folder);
    assert_string_equal(memory, expected);
}

static const char whole[] = SERVICE("strategy = \"recreate\"; slots: { blue: { address = \"a:1\"; }; }; "
                                    "commands: { make: { exec = [ \"/m\" ]; }; deploy: { "
                                    "exec = [ \"/d\" ]; }; };\nprepare: { command = \"make\"; replicas = 3; "
                                    "resources: { cpu = 0.29; }; };\nfiles: { app: { to "
                                    "= \"/etc/x\"; template = \"x.in\"; kind = \"json\"; mode = \"0600\"; "
                                    "overwrite = true; check = [ \"/c\", \"%s\" ]; "
                                    "values: { l = [ \"a\", \"b\" ]; n = 1.5; }; secrets = { pw = "
                                    "\"cred:pw\"; }; }; more: { to = \"/etc/y\"; template = "
                                    "\"y.in\"; }; };");

static void assert_whole(const struct definition *definition, const char *folder)
{
    assert_non_null(definition);
    assert_int_equal(definition->command_count, 4);
    const struct command_definition *command = &definition->commands[definition->configure];
    assert_string_equal(command->name, "configure");
    assert_words(command, folder,
                 "/usr/bin/verdict-configure apply /etc/x FOLDER/x.in "
                 "sha256=2c5773176709a48d7e8be981dba5250d975c9b65e732888a6d225236b5710c4f kind=json "
                 "mode=0600 overwrite check /c %s -- "
                 "/etc/y FOLDER/y.in "
                 "sha256=2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 kind=plain");
    assert_words(&definition->commands[command->undo], folder,
                 "/usr/bin/verdict-configure restore /etc/x /etc/y");
    assert_pairs(command->values, command->value_count, "FILE_1_L=a\nb FILE_1_N=1.5");
    assert_pairs(command->secrets, command->secret_count, "PW=cred:pw");
    assert_pairs(definition->values, definition->value_count, "REPLICAS=3 CPU_MILLICORES=290");
    assert_int_equal(definition->plan->steps[0].reference, definition->prepare);
    assert_int_equal(definition->plan->steps[1].reference, definition->configure);
    assert_true(definition->plan->steps[1].is_undone_first);
}

static void test_a_command_is_made(void **state)
{
    char found[8192];
    struct folder folder;
    struct err err = {0};

    (void)state;
    folder_make(&folder);
    folder_write(&folder, "y.in", "x");
    struct config *config = read_in(&folder, "{\"l\": {{l:list}}, \"n\": {{n:number}}, \"p\": {{pw:secret}}}",
                                    whole, NULL, found, sizeof(found));
    assert_string_equal(found, "");
    struct definition *definition = config_resolve(config, "shop", "prod", NULL, false, &err);
    assert_whole(definition, folder.path);
    definition_free(definition);
    char *sealed = config_seal(config, "shop", "prod", NULL, false, &err);
    folder_remove(&folder, "x.in");
    definition = config_unseal(sealed, &test_schemas, &err);
    assert_whole(definition, folder.path);
    definition_free(definition);
    free(sealed);
    config_free(config);
    folder_drop(&folder);
}

/* What breaks later is told, and what was there goes on, template and all. */
static void test_a_broken_template_leaves_the_last_good_one(void **state)
{
    char found[8192];
    struct folder folder;
    struct err err = {0};

    (void)state;
    folder_make(&folder);
    struct config *before =
        read_in(&folder, "v={{port:port}}", FILE_OF("values: { port = 1; };"), NULL, found, sizeof(found));
    char *sealed = config_seal(before, "shop", "prod", NULL, false, &err);
    struct config *after =
        read_in(&folder, "v={{port:prot}}", FILE_OF("values: { port = 1; };"), before, found, sizeof(found));
    assert_non_null(strstr(found, "x.in:1: column 3: no type is called 'prot'"));
    char *again = config_seal(after, "shop", "prod", NULL, false, &err);
    assert_non_null(again);
    assert_string_equal(again, sealed);
    free(again);
    free(sealed);
    config_free(after);
    config_free(before);
    folder_drop(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_a_command_is_made),
        cmocka_unit_test(test_a_broken_template_leaves_the_last_good_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
