/* test_weight_document.c - weights found by JSON pointers.
 * SPDX-License-Identifier: MIT */
#include "drivers/weight_document.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct weight_places one = {.pointers = {"/w"}, .count = 1, .scale = 100};
static const struct weight_places two = {.pointers = {"/r/0/w", "/r/1/w"}, .count = 2, .scale = 10000};

static cJSON *parsed(const char *text)
{
    struct cJSON *root = NULL;

    assert_true(json_parse(text, strlen(text), NULL, &root, NULL));
    return root;
}

static void expect_read(const struct weight_places *places, const char *text, uint16_t share)
{
    cJSON *root = parsed(text);
    uint16_t read = UINT16_MAX;
    struct err err;

    if (!weight_document_read(root, places, &read, &err))
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(read, share);
    json_free(root);
}

static void expect_refused(const struct weight_places *places, const char *text, enum err_code code)
{
    cJSON *root = parsed(text);
    uint16_t read = UINT16_MAX;
    struct err err = {0};

    assert_false(weight_document_read(root, places, &read, &err));
    if (err.code != code)
        fail_msg("%s: %s", text, err.text);
    json_free(root);
}

static void expect_set(const struct weight_places *places, const char *text, uint16_t share,
                       const char *after)
{
    cJSON *root = parsed(text);
    struct err err;

    if (!weight_document_set(root, places, share, &err))
        fail_msg("%s: %s", text, err.text);
    char *now = json_print(root);
    assert_string_equal(now, after);
    free(now);
    json_free(root);
    expect_read(places, after, share);
}

static void knows_pointers(void **state)
{
    (void)state;
    assert_true(weight_is_pointer(""));
    assert_true(weight_is_pointer("/a/0/b~1c~0"));
    assert_false(weight_is_pointer("a"));
    assert_false(weight_is_pointer("/a~2"));
    assert_false(weight_is_pointer("/a~"));
}

static void reads_weights(void **state)
{
    (void)state;
    const struct weight_places odd = {.pointers = {"/a~1b~0c/"}, .count = 1, .scale = 1};
    const struct weight_places root = {.pointers = {""}, .count = 1, .scale = 1000};

    expect_read(&one, "{\"w\":25}", 2500);
    expect_read(&one, "{\"w\":0.01}", 1);
    expect_read(&two, "{\"r\":[{\"w\":3},{\"w\":1}]}", 2500);
    expect_read(&odd, "{\"a/b~c\":{\"\":1}}", 10000);
    expect_read(&root, "125", 1250);
}

static void refuses_what_is_no_weight(void **state)
{
    (void)state;
    const struct weight_places index = {.pointers = {"/01"}, .count = 1, .scale = 1};

    expect_refused(&one, "{}", ERR_NOT_FOUND);
    expect_refused(&one, "{\"w\":\"25\"}", ERR_NOT_FOUND);
    expect_refused(&one, "{\"w\":101}", ERR_INVALID);
    expect_refused(&one, "{\"w\":-1}", ERR_INVALID);
    expect_refused(&two, "{\"r\":[{\"w\":0},{\"w\":0}]}", ERR_INVALID);
    expect_refused(&two, "{\"r\":[{\"w\":-1},{\"w\":2}]}", ERR_INVALID);
    expect_refused(&two, "{\"r\":[{\"w\":1}]}", ERR_NOT_FOUND);
    expect_refused(&two, "{\"r\":7}", ERR_NOT_FOUND);
    expect_refused(&index, "[0,1]", ERR_NOT_FOUND);
}

static void sets_weights(void **state)
{
    (void)state;
    struct err err;

    expect_set(&one, "{\"w\":0,\"x\":[1,\"2\",null]}", 2500, "{\"w\":25,\"x\":[1,\"2\",null]}");
    expect_set(&two, "{\"r\":[{\"w\":1},{\"w\":0}]}", 1, "{\"r\":[{\"w\":9999},{\"w\":1}]}");
    cJSON *root = parsed("{\"w\":7}");
    assert_false(weight_document_set(root, &one, 1, &err)); /* 0.01 % of 100 */
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(weight_document_set(root, &two, 1, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    json_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_pointers),
        cmocka_unit_test(reads_weights),
        cmocka_unit_test(refuses_what_is_no_weight),
        cmocka_unit_test(sets_weights),
    };

    return cmocka_run_group_tests_name("weight_document", tests, NULL, NULL);
}
