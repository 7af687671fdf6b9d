/* test_nginx_split.c - nginx's generated file and its marker.
 * SPDX-License-Identifier: MIT */
#include "drivers/nginx_split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"blue", "green", "red"};
static const struct option_value loose = {0};

static struct traffic_split from(uint8_t candidate)
{
    return (struct traffic_split){
        .slot_count = 2, .slot_names = names, .candidate = candidate, .stable = !candidate};
}

static struct nginx_split split_of(const char *backend, const struct option_value *sticky, uint8_t candidate)
{
    struct traffic_split split = from(candidate);
    struct nginx_split nginx;

    assert_true(nginx_split_init(&nginx, backend, sticky, &split, NULL));
    return nginx;
}

static void makes_the_file(void **state)
{
    (void)state;
    const struct option_value sticky = {.is_set = true, .text = "cookie:SID"};
    struct nginx_split split = split_of("my-shop", &sticky, 1);
    struct nginx_marker marker = {.share = 7, .mirror = 10000, .number = 42};
    char memory[NGINX_FILE_MAX];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    nginx_split_file(&split, &marker, &text);
    assert_string_equal(memory, "# my-shop: written by verdictd; what is changed here by hand is lost.\n"
                                "map $cookie_SID $my_shop_draw {\n"
                                "    \"\" $request_id;\n"
                                "    default $cookie_SID;\n"
                                "}\n"
                                "split_clients \"$my_shop_draw\" $my_shop_upstream {\n"
                                "    0.07% my-shop_green;\n"
                                "    * \"my-shop_blue\";\n"
                                "}\n"
                                "split_clients \"$request_id\" $my_shop_mirror {\n"
                                "    * my-shop_green;\n"
                                "}\n"
                                "map \"\" $my_shop_split {\n"
                                "    default \"green 7 10000 42\";\n"
                                "}\n");
}

static void reads_the_marker(void **state)
{
    (void)state;
    struct nginx_split split = split_of("shop", &loose, 0);
    struct nginx_marker marker;

    assert_true(nginx_split_parse(&split, "blue 500 100 18014398509481985", &marker, NULL));
    assert_int_equal(marker.share, 500);
    assert_int_equal(marker.mirror, 100);
    assert_int_equal(marker.number, UINT64_C(18014398509481985));
    assert_true(nginx_split_parse(&split, "green 500 100 1", &marker, NULL)); /* the other slot's trial */
    assert_int_equal(marker.share, 9500);
    assert_int_equal(marker.mirror, 0);
}

static void refuses_what_is_no_marker(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "blue",
                                        "blue 1 2",
                                        "blue 1 2 3 ",
                                        "blue 1 2 3 4",
                                        "red 1 2 3",
                                        "blue 10001 0 1",
                                        "blue 1 10001 1",
                                        "blue -1 0 1",
                                        "blue 1 0 x",
                                        "blue  1 0 1",
                                        "blue 1 0 9999999999999999999999"};
    struct nginx_split split = split_of("shop", &loose, 0);
    struct nginx_marker marker;
    struct err err;

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_false(nginx_split_parse(&split, wrong[i], &marker, &err));
        assert_int_equal(err.code, ERR_PROTOCOL);
    }
}

static void refuses_names(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "a b", "a;b", "$a", "a{", "a123456789012345678901234567890123456789012345678901234567890123"};
    const struct option_value header = {.is_set = true, .text = "header:X"};
    const struct option_value odd = {.is_set = true, .text = "cookie:a-b"};
    const struct option_value none = {.is_set = true, .text = "cookie:"};
    struct traffic_split split = from(1);
    struct nginx_split nginx;

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        assert_false(nginx_split_init(&nginx, wrong[i], &loose, &split, NULL));
    assert_false(nginx_split_init(&nginx, "shop", &header, &split, NULL));
    assert_false(nginx_split_init(&nginx, "shop", &odd, &split, NULL));
    assert_false(nginx_split_init(&nginx, "shop", &none, &split, NULL));
    split.slot_count = 3;
    assert_false(nginx_split_init(&nginx, "shop", &loose, &split, NULL));
    split.stable = split.candidate;
    assert_true(nginx_split_init(&nginx, "shop", &loose, &split, NULL));
    assert_true(nginx.is_single);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_file),
        cmocka_unit_test(reads_the_marker),
        cmocka_unit_test(refuses_what_is_no_marker),
        cmocka_unit_test(refuses_names),
    };

    return cmocka_run_group_tests_name("nginx_split", tests, NULL, NULL);
}
