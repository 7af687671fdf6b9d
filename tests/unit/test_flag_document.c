/* test_flag_document.c - one flag's share in flagd's file.
 * SPDX-License-Identifier: MIT */
#include "drivers/flag_document.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct flag_names names = {.flag = "cart", .on = "on", .off = "off"};

#define FLAG(rest)                                                                                           \
    "{\"flags\":{\"cart\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false}," rest "}}}"
#define SPLIT(rest) FLAG("\"defaultVariant\":\"off\",\"targeting\":{\"fractional\":[" rest "]}")

static cJSON *parsed(const char *text)
{
    struct cJSON *root = NULL;
    struct err err;

    if (!json_parse(text, strlen(text), NULL, &root, &err))
        fail_msg("%s", err.text);
    return root;
}

static void expect_read(const char *text, uint16_t share)
{
    cJSON *root = parsed(text);
    uint16_t read = UINT16_MAX;
    struct err err;

    if (!flag_document_read(root, &names, &read, &err))
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(read, share);
    json_free(root);
}

static void expect_refused(const char *text, enum err_code code)
{
    cJSON *root = parsed(text);
    uint16_t read = UINT16_MAX;
    struct err err = {0};

    assert_false(flag_document_read(root, &names, &read, &err));
    if (err.code != code)
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(read, UINT16_MAX);
    json_free(root);
}

static void reads_shares(void **state)
{
    (void)state;
    expect_read(SPLIT("[\"on\",25],[\"off\",75]"), 2500);
    expect_read(SPLIT("[\"off\",9999],[\"on\",1]"), 1);
    expect_read(SPLIT("{\"var\":\"user\"},[\"on\",1],[\"off\",3]"), 2500);
    expect_read(SPLIT("[\"on\"],[\"off\"]"), 5000);
    expect_read(SPLIT("[\"on\",1],[\"on\",1],[\"off\",2]"), 5000);
    expect_read(SPLIT("[\"on\",100]"), 10000);
    expect_read(FLAG("\"defaultVariant\":\"on\""), 10000);
    expect_read(FLAG("\"defaultVariant\":\"off\",\"targeting\":{}"), 0);
    expect_read(FLAG("\"defaultVariant\":\"off\",\"targeting\":{\"if\":[{\"var\":\"tester\"},\"on\","
                     "{\"fractional\":[[\"on\",10],[\"off\",90]]}]}"),
                1000);
    expect_read("{\"flags\":{\"cart\":{\"state\":\"DISABLED\",\"variants\":{\"on\":1,\"off\":2},"
                "\"defaultVariant\":\"on\"}}}",
                0);
}

static void refuses_what_is_no_split(void **state)
{
    (void)state;
    expect_refused("{}", ERR_NOT_FOUND);
    expect_refused("[]", ERR_NOT_FOUND);
    expect_refused("{\"flags\":{\"basket\":{}}}", ERR_NOT_FOUND);
    expect_refused("{\"flags\":{\"cart\":7}}", ERR_NOT_FOUND);
    expect_refused("{\"flags\":{\"cart\":{\"variants\":{\"on\":1}}}}", ERR_NOT_FOUND);
    expect_refused(FLAG("\"defaultVariant\":\"beta\""), ERR_INVALID);
    expect_refused(FLAG("\"defaultVariant\":null"), ERR_INVALID);
    expect_refused(SPLIT(""), ERR_INVALID);
    expect_refused(SPLIT("[\"on\",0],[\"off\",0]"), ERR_INVALID);
    expect_refused(SPLIT("[\"on\",-1],[\"off\",2]"), ERR_INVALID);
    expect_refused(SPLIT("[\"on\",\"1\"],[\"off\",2]"), ERR_INVALID);
    expect_refused(SPLIT("[\"on\",1],[\"beta\",2]"), ERR_INVALID);
    expect_refused(SPLIT("[\"on\",1],{\"var\":\"x\"}"), ERR_INVALID);
    expect_refused(SPLIT("[\"on\",1,2]"), ERR_INVALID);
    expect_refused(FLAG("\"targeting\":{\"if\":[{\"var\":\"tester\"},\"on\",\"off\"]}"), ERR_INVALID);
    expect_refused(FLAG("\"targeting\":\"on\""), ERR_INVALID);
}

static void expect_set(const char *before, uint16_t share, const char *after)
{
    cJSON *root = parsed(before);
    struct err err;

    if (!flag_document_set(root, &names, share, &err))
        fail_msg("%s: %s", before, err.text);
    char *text = json_print(root);
    assert_string_equal(text, after);
    free(text);
    json_free(root);
    expect_read(after, share);
}

#define BUCKET "{\"cat\":[{\"var\":\"$flagd.flagKey\"},{\"var\":\"targetingKey\"}]}"

static void sets_shares(void **state)
{
    (void)state;
    expect_set(FLAG("\"defaultVariant\":\"off\""), 2500, SPLIT(BUCKET ",[\"on\",25],[\"off\",75]"));
    expect_set(SPLIT("[\"on\",1],[\"off\",3]"), 5, SPLIT(BUCKET ",[\"on\",5],[\"off\",9995]"));
    expect_set(SPLIT("{\"var\":\"user\"},[\"off\",3]"), 0,
               SPLIT("{\"var\":\"user\"},[\"on\",0],[\"off\",100]"));
    expect_set(SPLIT(BUCKET ",[\"on\",25],[\"off\",75]"), 10000,
               FLAG("\"defaultVariant\":\"on\",\"targeting\":{\"fractional\":[" BUCKET
                    ",[\"on\",100],[\"off\",0]]}"));
    expect_set(FLAG("\"defaultVariant\":\"on\",\"targeting\":{\"if\":[{\"var\":\"tester\"},\"on\","
                    "{\"fractional\":[[\"on\",10],[\"off\",90]]}]}"),
               2000,
               FLAG("\"defaultVariant\":\"off\",\"targeting\":{\"if\":[{\"var\":\"tester\"},\"on\","
                    "{\"fractional\":[" BUCKET ",[\"on\",20],[\"off\",80]]}]}"));
    /* What is no split gives way: nothing keeps from going back. */
    expect_set(FLAG("\"defaultVariant\":\"on\",\"targeting\":{\"var\":\"x\"}"), 0,
               FLAG("\"defaultVariant\":\"off\",\"targeting\":{\"fractional\":[" BUCKET
                    ",[\"on\",0],[\"off\",100]]}"));
}

static void sets_nothing_where_it_would_not_count(void **state)
{
    (void)state;
    cJSON *root = parsed("{\"flags\":{\"cart\":{\"state\":\"DISABLED\",\"variants\":{\"on\":1,\"off\":2}}}}");
    struct err err;

    assert_false(flag_document_set(root, &names, 100, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_true(flag_document_set(root, &names, 0, &err));
    json_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_shares),
        cmocka_unit_test(refuses_what_is_no_split),
        cmocka_unit_test(sets_shares),
        cmocka_unit_test(sets_nothing_where_it_would_not_count),
    };

    return cmocka_run_group_tests_name("flag_document", tests, NULL, NULL);
}
