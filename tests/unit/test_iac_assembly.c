/* test_iac_assembly.c - cloud assemblies of the CDK: the stack that is meant, and why one cannot be made.
 * SPDX-License-Identifier: MIT */
#include "iac/assembly.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANIFEST(artifacts) "{\"version\":\"55.0.0\",\"artifacts\":{" artifacts "}}"
#define STACK(name, more)                                                                                    \
    "\"" name "\":{\"type\":\"aws:cloudformation:stack\",\"properties\":{\"templateFile\":\"" name           \
    ".json\"}" more "}"
#define ASSETS               "\"A.assets\":{\"type\":\"cdk:asset-manifest\",\"properties\":{\"file\":\"A.assets.json\"}}"
#define DEPENDENCY           ",\"dependencies\":[\"A.assets\"]"
#define PLACE(url)           ",\"environment\":\"" url "\""
#define PLAIN(more)          MANIFEST("\"A\":{\"type\":\"aws:cloudformation:stack\"" more "}")
#define OF(properties)       PLAIN(",\"properties\":{" properties "}")
#define DEPENDS_ON(artifact) MANIFEST(STACK("A", DEPENDENCY) ",\"A.assets\":{" artifact "}")
#define LONG_WORD            "0123456789012345678901234567890123456789"
#define LONG_NAME            LONG_WORD LONG_WORD LONG_WORD LONG_WORD

/* "NAME TEMPLATE ASSETS ACCOUNT REGION", or what is wrong. */
static const char *read(const char *json, const char *wanted, char *to, size_t size)
{
    struct assembly_stack stack;
    struct err err = {0};

    if (!assembly_read(json, strlen(json), wanted, &stack, &err))
        (void)snprintf(to, size, "%s", err.text);
    else
        (void)snprintf(to, size, "%s %s %s %s %s", stack.name, stack.template_file, stack.assets_file,
                       stack.account, stack.region);
    return to;
}

static const struct {
    const char *json, *wanted, *expected;
} stacks[] = {
    {MANIFEST(STACK("A", "")), NULL, "A A.json   "},
    {MANIFEST(STACK("A", DEPENDENCY) "," ASSETS), NULL, "A A.json A.assets.json  "},
    {MANIFEST(STACK("A", PLACE("aws://123456789012/eu-west-1"))), NULL, "A A.json  123456789012 eu-west-1"},
    {MANIFEST(STACK("A", PLACE("aws://unknown-account/eu-west-1"))), NULL, "A A.json   eu-west-1"},
    {MANIFEST(STACK("A", "") "," STACK("B", "")), "B", "B B.json   "},
    {MANIFEST(STACK("A", "") "," STACK("B", "")), NULL,
     "the app makes more than one stack (it makes: A, B); say which by `stack_name`"},
    {MANIFEST(STACK("A", "")), "C", "the app makes no stack C (it makes: A); say which by `stack_name`"},
    {MANIFEST("\"T\":{\"type\":\"cdk:tree\"}"), NULL,
     "the app makes no stack (it makes: none); say which by `stack_name`"},
    {MANIFEST(STACK("A", PLACE("123"))), NULL,
     "#/artifacts/A/environment: '123' is not like aws://ACCOUNT/REGION"},
    {MANIFEST(STACK("A", PLACE("aws://123"))), NULL,
     "#/artifacts/A/environment: 'aws://123' is not like aws://ACCOUNT/REGION"},
    {MANIFEST(STACK("A", DEPENDENCY)), NULL, "#/artifacts/A/dependencies/0: there is no artifact 'A.assets'"},
    {MANIFEST(STACK("../A", "")), NULL,
     "#/artifacts/..~1A/properties/templateFile: '../A.json' is no file beside the manifest"},
    {MANIFEST(STACK("A", ",\"metadata\":{\"/A/Page\":[{\"type\":\"aws:cdk:asset\"}]}")), NULL,
     "/A/Page has an asset, and publishing one is not done here: take it to its bucket or registry "
     "before, "
     "and name it there"},
    {"{\"version\":\"1\",\"artifacts\":{},\"missing\":[{\"key\":\"ami\"}]}", NULL,
     "the app asks for context that nobody has looked up (ami): keep cdk.context.json with the code"},
    {"{\"artifacts\":{}}", NULL, "#/version: is missing"},
    {"{\"version\":\"1\"}", NULL, "#/artifacts: is missing"},
    {"{\"version\":\"1\",\"artifacts\":{},\"missing\":5}", NULL, "#/missing: is a number, expected an array"},
    {"{\"version\":\"1\",\"artifacts\":{},\"missing\":[5]}", NULL,
     "#/missing/0: is a number, expected an object"},
    {"{\"version\":\"1\",\"artifacts\":{},\"missing\":[{}]}", NULL, "#/missing/0/key: is missing"},
    {MANIFEST("\"A\":5"), NULL, "#/artifacts/A: is a number, expected an object"},
    {MANIFEST("\"A\":{}"), NULL, "#/artifacts/A/type: is missing"},
    {PLAIN(""), NULL, "#/artifacts/A/properties: is missing"},
    {PLAIN(""), "B", "the app makes no stack B (it makes: A); say which by `stack_name`"},
    {OF(""), NULL, "#/artifacts/A/properties/templateFile: is missing"},
    {OF("\"stackName\":5"), NULL, "#/artifacts/A/properties/stackName: is a number, expected a text"},
    {OF("\"stackName\":\"B\",\"templateFile\":\"A.json\""), "B", "B A.json   "},
    {OF("\"templateFile\":\"\""), NULL,
     "#/artifacts/A/properties/templateFile: '' is no file beside the manifest"},
    {OF("\"templateFile\":\"a/b.json\""), NULL,
     "#/artifacts/A/properties/templateFile: 'a/b.json' is no file beside the manifest"},
    {MANIFEST("\"" LONG_NAME "\":{\"type\":\"aws:cloudformation:stack\",\"properties\":{"
              "\"templateFile\":\"A.json\"}}"),
     NULL, "#/artifacts/" LONG_NAME ": the stack's name is too long"},
    {MANIFEST(STACK("A", ",\"environment\":5")), NULL,
     "#/artifacts/A/environment: is a number, expected a text"},
    {MANIFEST(STACK("A", PLACE("aws:///eu-west-1"))), NULL,
     "#/artifacts/A/environment: 'aws:///eu-west-1' is not like aws://ACCOUNT/REGION"},
    {MANIFEST(STACK("A", PLACE("aws://" LONG_WORD "/eu-west-1"))), NULL,
     "#/artifacts/A/environment: 'aws://" LONG_WORD "/eu-west-1' is not like aws://ACCOUNT/REGION"},
    {MANIFEST(STACK("A", PLACE("aws://123/" LONG_WORD))), NULL,
     "#/artifacts/A/environment: 'aws://123/" LONG_WORD "' is not like aws://ACCOUNT/REGION"},
    {MANIFEST(STACK("A", ",\"metadata\":[]")), NULL,
     "#/artifacts/A/metadata: is an array, expected an object"},
    {MANIFEST(STACK("A", ",\"metadata\":{\"/A\":[5]}")), NULL,
     "#/artifacts/A/metadata/~1A/0: is a number, expected an object"},
    {MANIFEST(STACK("A", ",\"metadata\":{\"/A\":[{}]}")), NULL,
     "#/artifacts/A/metadata/~1A/0/type: is missing"},
    {MANIFEST(STACK("A", ",\"metadata\":{\"/A\":[{\"type\":\"aws:cdk:path\"}],\"/B\":[]}")), NULL,
     "A A.json   "},
    {MANIFEST(STACK("A", ",\"dependencies\":{}")), NULL,
     "#/artifacts/A/dependencies: is an object, expected an array"},
    {MANIFEST(STACK("A", ",\"dependencies\":[5]")), NULL,
     "#/artifacts/A/dependencies/0: is a number, expected a text"},
    {DEPENDS_ON("\"type\":\"cdk:tree\""), NULL, "A A.json   "},
    {DEPENDS_ON("\"type\":\"cdk:asset-manifest\""), NULL, "#/artifacts/A.assets/properties: is missing"},
    {DEPENDS_ON("\"type\":\"cdk:asset-manifest\",\"properties\":{}"), NULL,
     "#/artifacts/A.assets/properties/file: is missing"},
    {"{", NULL, "offset 1: the text ends, expected a name in quotes"},
    {"[]", NULL, "#: is an array, expected an object"},
};

static void test_stacks(void **state)
{
    char found[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(stacks); i++)
        assert_string_equal(read(stacks[i].json, stacks[i].wanted, found, sizeof(found)), stacks[i].expected);
}

static void test_assets(void **state)
{
    static const struct {
        const char *json;
        bool is_good;
    } cases[] = {
        {"{}", true},
        {"{\"files\":{},\"dockerImages\":{}}", true},
        {"{\"files\":{\"a\":{\"source\":{\"path\":\"A.json\"}}}}", true},
        {"{\"files\":{\"a\":{\"source\":{\"path\":\"A.json\"}},\"b\":{\"source\":{\"path\":\"b.zip\"}}}}",
         false},
        {"{\"files\":{\"a\":{}}}", false},
        {"{\"files\":{\"a\":{\"source\":{\"executable\":[\"A.json\"]}}}}", false},
        {"{\"files\":{\"a\":5}}", false},
        {"{\"files\":[]}", false},
        {"{\"files\":{\"a\":{\"source\":5}}}", false},
        {"{\"files\":{\"a\":{\"source\":{\"path\":5}}}}", false},
        {"[]", false},
        {"{\"dockerImages\":{\"a\":{\"source\":{\"directory\":\"x\"}}}}", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct err err = {0};
        bool is_good = assembly_check_assets(cases[i].json, strlen(cases[i].json), "A.json", &err);
        assert_int_equal(is_good, cases[i].is_good);
        assert_int_equal(err.text[0] == '\0', is_good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stacks), cmocka_unit_test(test_assets)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
