/* test_recording.c - recordings of `verdict test`: what they hold, and what is said of broken ones.
 * SPDX-License-Identifier: MIT */
#include "cli/recording.h"

#include "support/folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool read_text(const char *text, struct recording **ret_recording, struct err *err)
{
    struct folder folder = folder_make();
    char path[FOLDER_PATH_MAX];

    folder_write(&folder, "x.json", text);
    bool is_good = recording_read(folder_path(&folder, "x.json", path), ret_recording, err);
    folder_remove(&folder);
    return is_good;
}

static void test_a_recording(void **state)
{
    static const char text[] =
        "{\"about\":\"x\",\"rules\":[\"../a.rules\",\"/b.rules\"],\"for\":\"shop/prod\",\"routed\":\"10s\","
        "\"series\":[{\"metric\":\"m\",\"every\":\"1s\",\"from\":\"5s\",\"samples\":[{\"times\":30,\"value\":"
        "1},"
        "{\"gap\":true},{\"trouble\":\"no-data\"}]},"
        "{\"metric\":\"c\",\"side\":\"stable\",\"samples\":[{\"events\":1,\"total\":2}]},"
        "{\"metric\":\"h\",\"side\":\"before\",\"bounds\":[1],\"samples\":[{\"counts\":[1,2]},{\"counts\":[3,"
        "4]}]}],"
        "\"expect\":{\"r\":{},\"s\":{\"verdict\":\"fail\",\"by\":\"1m\"},"
        "\"t\":{\"verdict\":\"inconclusive\",\"reason\":\"limit\"}}}";
    struct recording *recording = NULL;
    struct err err = {0};

    (void)state;
    if (!read_text(text, &recording, &err))
        fail_msg("%s", err.text);
    assert_int_equal(recording->file_count, 2);
    assert_non_null(strstr(recording->files[0], "/../a.rules"));
    assert_string_equal(recording->files[1], "/b.rules");
    assert_string_equal(recording->service, "shop");
    assert_string_equal(recording->environment, "prod");
    assert_int_equal(recording->routed_ms, 10000);
    assert_int_equal(recording->until_ms, 37000);
    assert_int_equal(recording->series[0].sample_count, 3);
    assert_int_equal(recording->series[0].kind, SERIES_GAUGE);
    assert_true(recording->series[0].samples[1].is_gap);
    assert_int_equal(recording->series[0].samples[2].trouble, SERIES_NO_DATA);
    assert_int_equal(recording->series[1].kind, SERIES_COUNT);
    assert_int_equal(recording->series[1].side, SIDE_STABLE);
    assert_int_equal(recording->series[2].bound_count, 2);
    assert_true(isinf(recording->series[2].bounds[1]));
    assert_true(recording->counts[recording->series[2].samples[1].counts + 1] == 4);
    assert_int_equal(recording->expectation_count, 3);
    assert_int_equal(recording->expectations[0].verdict, VERDICT_PASS);
    assert_int_equal(recording->expectations[1].by_ms, 60000);
    assert_true(recording->expectations[2].has_reason);
    assert_int_equal(recording->expectations[2].reason, REASON_LIMIT);
    recording_free(recording);
}

static const struct {
    const char *text;
    const char *said;
} broken[] = {
    {"[]", "is an array, expected an object"},
    {"{\"rules\":[],\"series\":[],\"expect\":{\"r\":{}}}", "#/rules: names no rule file"},
    {"{\"rules\":[\"a\"],\"series\":[],\"expect\":{}}", "#/expect: expects nothing"},
    {"{\"rules\":[\"a\"],\"series\":[],\"expect\":{\"r\":{}}}", "it ends before the candidate is routed"},
    {"{\"rules\":[\"a\"],\"for\":\"shop\",\"series\":[],\"expect\":{\"r\":{}}}",
     "#/for: 'shop' is not like \"shop/prod\""},
    {"{\"rules\":[\"a\"],\"sries\":[]}", "did you mean \"series\"?"},
    {"{\"rules\":[\"a\"],\"series\":[{\"metric\":\"m\",\"every\":\"0s\",\"samples\":[]}]}",
     "#/series/0/every: is 0"},
    {"{\"rules\":[\"a\"],\"series\":[{\"metric\":\"m\",\"from\":\"soon\",\"samples\":[]}]}",
     "#/series/0/from: 'soon' is no time like \"30s\""},
    {"{\"rules\":[\"a\"],\"series\":[{\"metric\":\"m\",\"side\":\"stabel\",\"samples\":[]}]}",
     "#/series/0/side: unknown word 'stabel'; did you mean 'stable'?"},
    {"{\"rules\":[\"a\"],\"series\":[{\"metric\":\"m\",\"samples\":[{\"trouble\":\"xyz\"}]}]}",
     "#/series/0/samples/0/trouble: unknown word 'xyz'"},
    {"{\"rules\":[\"a\"],\"series\":[{\"metric\":\"m\",\"bounds\":[1,2],\"samples\":[{\"counts\":[1]}]}]}",
     "#/series/0/samples/0/counts: 1 numbers for 3 bounds"},
    {"{\"rules\":[\"a\"],\"series\":[{\"metric\":\"m\",\"samples\":[{}]}]}", "value"},
};

static void test_broken_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct recording *recording = NULL;
        struct err err = {0};
        if (read_text(broken[i].text, &recording, &err))
            fail_msg("%s: is taken", broken[i].text);
        if (strstr(err.text, broken[i].said) == NULL)
            fail_msg("%s:\n%s\nnot\n%s", broken[i].text, err.text, broken[i].said);
    }
    struct recording *recording = NULL;
    struct err err = {0};
    assert_false(recording_read("/nowhere/x.json", &recording, &err));
    assert_int_equal(err.code, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_recording),
                                       cmocka_unit_test(test_broken_ones)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
