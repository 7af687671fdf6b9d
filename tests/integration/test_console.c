/* test_console.c - the console's files over a real socket: to everybody, and with nothing that a browser
 * should not run.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "support/api_bench.h"
#include "web/web.h"

#include <stdlib.h>
#include <string.h>

static void the_page_needs_no_token(void **state)
{
    struct api_bench *bench = *state;

    bench->token = "vd_0000000000000000_nobody";
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/", NULL);
    assert_int_equal(call->status, 200);
    assert_string_equal(call->type, "text/html; charset=utf-8");
    assert_non_null(strstr(call->body, "console/app.js"));
    assert_int_equal(api_bench_ask(bench, "GET", "/v1/status", NULL)->status, 401);
    assert_int_equal(api_bench_ask(bench, "GET", "/console/none.js", NULL)->status, 404);
    assert_int_equal(api_bench_ask(bench, "GET", "/console/", NULL)->status, 404);
    assert_int_equal(api_bench_ask(bench, "POST", "/", "{}")->status, 405);
}

static void nothing_but_its_own_files_may_run(void **state)
{
    static const char *const wanted[] = {"default-src 'none'", "script-src 'self'", "style-src 'self'",
                                         "connect-src 'self'", "frame-ancestors 'none'"};
    struct api_bench *bench = *state;
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/console/app.js", NULL);

    assert_string_equal(call->type, "text/javascript; charset=utf-8");
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++)
        assert_non_null(strstr(call->policy, wanted[i]));
    assert_null(strstr(call->policy, "unsafe"));
}

static void a_known_file_is_304(void **state)
{
    struct api_bench *bench = *state;
    char etag[96];

    assert_true(text_copy(etag, sizeof(etag), api_bench_ask(bench, "GET", "/console/style.css", NULL)->etag));
    assert_int_equal(etag[0], '"');
    const struct api_bench_call *call =
        api_bench_ask_with(bench, "GET", "/console/style.css", NULL, "If-None-Match", etag);
    assert_int_equal(call->status, 304);
    call = api_bench_ask_with(bench, "GET", "/", NULL, "If-None-Match", etag);
    assert_int_equal(call->status, 200);
}

static void it_can_be_switched_off(void **state)
{
    struct api_bench *bench = *state;

    bench->api->env.hides_console = true;
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/", NULL);
    assert_int_equal(call->status, 404);
    assert_non_null(strstr(api_bench_field(call, ".detail"), "console = false"));
    assert_int_equal(api_bench_ask(bench, "GET", "/console/app.js", NULL)->status, 404);
}

static void it_knows_who_asks(void **state)
{
    struct api_bench *bench = *state;
    const struct api_bench_call *call = api_bench_ask(bench, "GET", "/v1/tokens/self", NULL);

    assert_string_equal(api_bench_field(call, ".scopes[5]"), "admin");
    char *token =
        api_bench_token(bench, "{\"principal\":\"alice\",\"person\":true,\"scopes\":[\"read\",\"approve\"]}");
    bench->token = token;
    call = api_bench_ask(bench, "GET", "/v1/tokens/self", NULL);
    assert_string_equal(api_bench_field(call, ".principal"), "alice");
    assert_string_equal(api_bench_field(call, ".scopes[1]"), "approve");
    assert_string_equal(api_bench_field(call, ".scopes[2]"), "");
    assert_null(strstr(call->body, token));
    free(token);
}

/* All that the page asks for is there, and together the files are no more than a slow line takes at once. */
static void the_files_are_whole_and_small(void **state)
{
    static const char folder[] = "\"console/";
    const struct web_file *page = web_find("index.html");
    char text[8 * 1024] = "";
    size_t named = 0;
    size_t total = 0;

    (void)state;
    assert_non_null(page);
    assert_true(page->length < sizeof(text));
    memcpy(text, page->bytes, page->length);
    for (char *at = strstr(text, folder); at != NULL; at = strstr(at, folder)) {
        char *name = at + strlen(folder);
        at = name + strcspn(name, "\"");
        *at++ = '\0';
        if (web_find(name) == NULL)
            fail_msg("there is no %s", name);
        named++;
    }
    assert_true(named > 3);
    for (size_t i = 0; i < web_file_count; i++) {
        assert_true(web_files[i].length > 0);
        total += web_files[i].length;
    }
    assert_true(total < (size_t)150 * 1024);
}

/* Texts of others become text nodes: no file of ours has a way to make them markup or code, or to ask another
 * host. */
static void no_file_makes_markup_of_text(void **state)
{
    static const char *const words[] = {
        "innerHTML", "outerHTML",   "insertAdjacentHTML", "document.write", "eval(",
        "Function(", "srcdoc",      "DOMParser",          " onclick=",      " style=",
        "<style",    "javascript:", "createPolicy"};

    (void)state;
    for (size_t i = 0; i < web_file_count; i++)
        for (size_t k = 0; k < ARRAY_LENGTH(words); k++)
            if (memmem(web_files[i].bytes, web_files[i].length, words[k], strlen(words[k])) != NULL)
                fail_msg("%s has %s", web_files[i].name, words[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_API(the_page_needs_no_token),
        WITH_API(nothing_but_its_own_files_may_run),
        WITH_API(a_known_file_is_304),
        WITH_API(it_can_be_switched_off),
        WITH_API(it_knows_who_asks),
        cmocka_unit_test(the_files_are_whole_and_small),
        cmocka_unit_test(no_file_makes_markup_of_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
