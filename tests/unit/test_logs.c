/* test_logs.c - places of outputs, hosts by their names, and the lines that `verdict logs` makes of entries.
 * SPDX-License-Identifier: MIT */
#include "api/logs_shape.h"
#include "cli/field.h"
#include "cli/logs_text.h"
#include "config/hosts.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void places_survive_the_way_there_and_back(void **state)
{
    static const char *const good[] = {"0.0", "7", "7.1", "4294967295.65534", "10.2-h0", "10.2-h511"};
    static const char *const bad[] = {"",           "7-h1",  "7.",           ".1",
                                      "7.1-",       "7.1-h", "7.1-hx",       "7.1-h01",
                                      "07.1",       "7.1 ",  "4294967296.1", "7.65535",
                                      "7.1-h65535", "-7.1",  "7.1-h1x",      "77777777777777777777.1"};
    struct api_place place;
    char text[API_PLACE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_true(api_place_parse(good[i], &place));
        api_place_format(&place, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        if (api_place_parse(bad[i], &place))
            fail_msg("%s was taken", bad[i]);
}

static cJSON *parse(const char *text)
{
    cJSON *json = NULL;

    assert_true(json_parse(text, strlen(text), NULL, &json, NULL));
    return json;
}

/* Those that the definition names, and a number where it cannot be read. */
static void hosts_have_their_names(void **state)
{
    static char said[] = "said";
    static const struct host_definition hosts[] = {{.name = "m1"}, {.name = "m2"}};
    const struct definition definition = {.host_count = 2, .hosts = hosts};
    const struct api_output outputs[] = {
        {.place = {3, 0, 1}, .kind = RUNNER_ENDED, .result = {.error = 2}, .text = said},
        {.place = {3, 0, 2}, .kind = RUNNER_UNKNOWN, .text = said}};
    cJSON *actions = parse("[{\"sequence\":3,\"kind\":\"command\",\"step\":0,\"result\":null}]");
    const struct logs logs = {
        .actions = actions, .definition = &definition, .step = -1, .outputs = outputs, .output_count = 2};
    cJSON *entries = logs_shape(&logs);

    (void)state;
    assert_int_equal(cJSON_GetArraySize(entries), 2);
    assert_string_equal(json_text_of(cJSON_GetArrayItem(entries, 0), "host"), "m2");
    assert_string_equal(json_text_of(cJSON_GetArrayItem(entries, 0), "error"), strerror(2));
    assert_string_equal(json_text_of(cJSON_GetArrayItem(entries, 1), "host"), "#3");
    assert_string_equal(json_text_of(cJSON_GetArrayItem(entries, 1), "state"), "lost");
    cJSON_Delete(entries);
    cJSON_Delete(actions);
}

/* ---- lines ---- */

struct page {
    struct logs_text text;
    char *printed;
    size_t size;
};

static const struct terminal plain = {.width = 80};

static struct page *page_new(bool is_following)
{
    struct page *page = calloc(1, sizeof(*page));

    assert_non_null(page);
    page->text = (struct logs_text){
        .to = open_memstream(&page->printed, &page->size), .terminal = &plain, .is_following = is_following};
    assert_non_null(page->text.to);
    return page;
}

/* Adds one that has these members beside the usual ones. */
static bool add(struct page *page, const char *members)
{
    char json[1024];

    (void)snprintf(json, sizeof(json),
                   "{\"time\":\"T\",\"step\":0,\"kind\":\"command\",\"name\":\"deploy\",%s}", members);
    struct cJSON *entry = field_parse(json, strlen(json));
    assert_non_null(entry);
    bool has_news = logs_text_add(&page->text, entry);
    json_free(entry);
    return has_news;
}

static void expect(struct page *page, const char *text)
{
    (void)fclose(page->text.to);
    assert_string_equal(page->printed, text);
    logs_text_done(&page->text);
    free(page->printed);
    free(page);
}

static void only_what_is_new_is_printed(void **state)
{
    struct page *page = page_new(true);

    (void)state;
    assert_false(add(page, "\"place\":\"1.0\",\"over\":false,\"result\":null"));
    assert_true(add(page, "\"place\":\"1.1\",\"state\":\"running\",\"output\":\"a\\n\""));
    assert_false(add(page, "\"place\":\"1.1\",\"state\":\"running\",\"output\":\"a\\n\""));
    assert_true(add(page, "\"place\":\"1.1\",\"state\":\"running\",\"output\":\"a\\nb\\n\""));
    assert_true(add(page, "\"place\":\"2.1-h3\",\"host\":\"m1\",\"state\":\"running\",\"output\":\"x\\n\""));
    assert_true(
        add(page, "\"place\":\"1.1\",\"state\":\"ended\",\"exit_status\":3,\"output\":\"a\\nb\\nc\""));
    assert_true(add(page, "\"place\":\"2.1-h3\",\"host\":\"m1\",\"state\":\"ended\",\"exit_status\":0,"
                          "\"output\":\"x\\n\",\"over\":true"));
    assert_false(add(page, "\"place\":\"2.1-h3\",\"host\":\"m1\",\"state\":\"ended\",\"exit_status\":0,"
                           "\"output\":\"x\\n\",\"over\":true"));
    expect(page, "== T  step 1  deploy: running\na\nb\n"
                 "== T  step 1  deploy, host m1: running\nx\n"
                 "== T  step 1  deploy: ended with status 3\nc\n"
                 "== T  step 1  deploy, host m1: done\n");
}

static void heads_say_what_came_of_it(void **state)
{
    struct page *page = page_new(false);

    (void)state;
    (void)add(page, "\"place\":\"1.0\",\"over\":false,\"result\":null");
    (void)add(page, "\"place\":\"2.0\",\"over\":true,\"result\":null");
    (void)add(page, "\"place\":\"3.0\",\"over\":true,\"result\":\"failed\",\"why\":\"no disk\"");
    (void)add(page, "\"place\":\"4.1\",\"state\":\"ended\",\"timed_out\":true,\"output\":\"\"");
    (void)add(page, "\"place\":\"5.1\",\"state\":\"ended\",\"cancelled\":true,\"output\":\"\"");
    (void)add(page, "\"place\":\"6.1\",\"state\":\"ended\",\"signal\":11,\"output\":\"\"");
    (void)add(page,
              "\"place\":\"7.2\",\"try\":2,\"rollback\":true,\"state\":\"ended\",\"error\":\"No such file\"");
    (void)add(page, "\"place\":\"8.0\",\"over\":false,\"result\":\"again\"");
    (void)add(page, "\"place\":\"9.1\",\"state\":\"lost\",\"output\":\"half\"");
    expect(page, "== T  step 1  deploy: under way\n"
                 "== T  step 1  deploy: left undone\n(nothing is kept of what it printed)\n"
                 "== T  step 1  deploy: failed\nno disk\n"
                 "== T  step 1  deploy: stopped at its deadline\n"
                 "== T  step 1  deploy: cancelled\n"
                 "== T  step 1  deploy: ended by signal 11\n"
                 "== T  step 1  deploy, try 2, on the way back: not executed: No such file\n"
                 "== T  step 1  deploy: to be tried again\n"
                 "== T  step 1  deploy: lost\nhalf\n");
}

static void lines_are_found(void **state)
{
    struct page *page = page_new(true);

    (void)state;
    page->text.wanted = "b.*";
    (void)add(page, "\"place\":\"1.1\",\"state\":\"running\",\"output\":\"a\\nxb.*y\\n\"");
    (void)add(page, "\"place\":\"2.1\",\"state\":\"ended\",\"output\":\"b\\n\\nb.\"");
    (void)add(page, "\"place\":\"3.0\",\"over\":true,\"result\":\"failed\",\"why\":\"no b.* there\"");
    (void)add(page, "\"place\":\"1.1\",\"state\":\"ended\",\"exit_status\":0,\"output\":\"a\\nxb.*y\\nb.*\"");
    expect(page, "== T  step 1  deploy: running\nxb.*y\n"
                 "== T  step 1  deploy: failed\nno b.* there\n"
                 "== T  step 1  deploy: done\nb.*\n");
}

/* What a command printed goes to a terminal. */
static void control_characters_are_not_shown(void **state)
{
    struct page *page = page_new(false);

    (void)state;
    (void)add(page, "\"place\":\"1.1\",\"state\":\"ended\",\"output\":\"a\\tb\\u001b[2Jc\\r\\nd\"");
    expect(page, "== T  step 1  deploy: done\na\tb?[2Jc?\nd\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_survive_the_way_there_and_back), cmocka_unit_test(hosts_have_their_names),
        cmocka_unit_test(only_what_is_new_is_printed),           cmocka_unit_test(heads_say_what_came_of_it),
        cmocka_unit_test(control_characters_are_not_shown),      cmocka_unit_test(lines_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
