/* test_probe_extract.c - what an expectation needs, out of one answer, and the words for people.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe_extract.h"

#include "base/attributes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS_SIZE = 1024 };

#define BODY "{\"n\":5,\"s\":\"up\",\"t\":\"7.5\",\"o\":{},\"b\":true}"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct http_answer http = {.status = 200, .headers = "X-Version: 2.0.0\nServer: shop\n"};

struct extract_case {
    struct smoke_extract extract;
    double number;
    const char *words;
};

static void assert_extracts(const struct probe_answer *answer, const struct extract_case *cases, size_t count)
{
    char memory[WORDS_SIZE];

    for (size_t i = 0; i < count; i++) {
        struct probe_extract extract;
        struct text words;
        double number = -1;
        text_init(&words, memory, sizeof(memory));
        probe_extract_init(&extract, &cases[i].extract);
        probe_extract_take(&extract, 1, answer, &number, &words);
        probe_extract_done(&extract);
        bool is_same = isnan(cases[i].number) ? isnan(number) : number == cases[i].number;
        if (!is_same || strcmp(memory, cases[i].words) != 0)
            fail_msg("case %zu: %g, %s", i, number, memory);
    }
}

static void test_of_http(void **state)
{
    static const struct extract_case cases[] = {
        {{.kind = EXTRACT_STATUS}, 200, "status 200"},
        {{.kind = EXTRACT_TIME_MS}, 12.4, "time 12 ms"},
        {{.kind = EXTRACT_JSON_NUMBER, .path = ".n"}, 5, ".n 5"},
        {{.kind = EXTRACT_JSON_NUMBER, .path = ".t"}, 7.5, ".t 7.5"},
        {{.kind = EXTRACT_JSON_NUMBER, .path = ".s"}, NAN, ".s no number"},
        {{.kind = EXTRACT_JSON_NUMBER, .path = ".x"}, NAN, ".x no number"},
        {{.kind = EXTRACT_JSON_EQUALS, .path = ".s", .text = "up"}, 1, ".s 'up'"},
        {{.kind = EXTRACT_JSON_EQUALS, .path = ".s", .text = "down"}, 0, ".s 'up'"},
        {{.kind = EXTRACT_JSON_EQUALS, .path = ".o", .text = "up"}, NAN, ".o missing"},
        {{.kind = EXTRACT_JSON_EQUALS, .path = ".x", .text = "up"}, NAN, ".x missing"},
        {{.kind = EXTRACT_HEADER_EQUALS, .path = "x-version", .text = "2.0.0"},
         1,
         "header x-version '2.0.0'"},
        {{.kind = EXTRACT_HEADER_EQUALS, .path = "X-Version", .text = "1.0.0"},
         0,
         "header X-Version '2.0.0'"},
        {{.kind = EXTRACT_HEADER_EQUALS, .path = "X-Other", .text = "1"}, NAN, "no header X-Other"},
        {{.kind = EXTRACT_BODY_MATCHES, .path = "\"s\": *\"up\""}, 1, "body matches"},
        {{.kind = EXTRACT_BODY_MATCHES, .path = "^up"}, 0, "body does not match"},
        {{.kind = EXTRACT_BODY_MATCHES, .path = "("}, NAN, "body with a pattern that cannot be searched"},
        {{.kind = EXTRACT_BODY_MATCHES}, NAN, "body with a pattern that cannot be searched"},
        {{.kind = EXTRACT_DAYS_LEFT}, 30.25, "days_left 30.2"},
    };
    const struct probe_answer answer = {.status = 200,
                                        .time_ms = 12.4,
                                        .days_left = 30.25,
                                        .body = BODY,
                                        .length = strlen(BODY),
                                        .http = &http};

    (void)state;
    assert_extracts(&answer, cases, ARRAY_LENGTH(cases));
}

static void test_of_others(void **state)
{
    static const struct extract_case banner[] = {
        {{.kind = EXTRACT_BANNER_MATCHES, .path = "^220 "}, 1, "banner '220 ready' matches"},
        {{.kind = EXTRACT_BANNER_MATCHES, .path = "^421"}, 0, "banner '220 ready' does not match"},
        {{.kind = EXTRACT_OUTPUT_MATCHES, .path = "line"}, 1, "output '220 ready' matches"},
        {{.kind = EXTRACT_EXIT}, 3, "exit 3: '220 ready'"},
        {{.kind = EXTRACT_HEADER_EQUALS, .path = "Server", .text = "shop"}, NAN, "no header Server"},
        {{.kind = EXTRACT_JSON_NUMBER, .path = ".n"}, NAN, ".n no number"},
        {{.kind = EXTRACT_DAYS_LEFT}, NAN, "the certificate's end is unknown"},
    };
    static const struct extract_case silent[] = {
        {{.kind = EXTRACT_EXIT}, 3, "exit 3"},
        {{.kind = EXTRACT_OUTPUT_MATCHES, .path = "^$"}, 1, "output '' matches"},
    };
    static const struct extract_case good[] = {{{.kind = EXTRACT_EXIT}, 0, "exit 0"}};
    static const struct extract_case loud[] = {
        {{.kind = EXTRACT_BANNER_MATCHES, .path = "9$"},
         1,
         "banner '012345678901234567890123456789012345678901234567890123456789' matches"},
    };
    static const char text[] = "220 ready\r\nnext line";
    struct probe_answer answer = {.status = 3, .days_left = NAN, .body = text, .length = strlen(text)};

    (void)state;
    assert_extracts(&answer, banner, ARRAY_LENGTH(banner));
    answer.status = 0;
    assert_extracts(&answer, good, ARRAY_LENGTH(good));
    answer.body = LONG;
    answer.length = strlen(LONG);
    assert_extracts(&answer, loud, ARRAY_LENGTH(loud));
    answer.status = 3;
    answer.body = "";
    answer.length = 0;
    assert_extracts(&answer, silent, ARRAY_LENGTH(silent));
}

/* The body is parsed once, whatever it is, and each is told behind the other. */
static void test_several(void **state)
{
    static const struct smoke_extract from[] = {{.kind = EXTRACT_STATUS},
                                                {.kind = EXTRACT_JSON_NUMBER, .path = ".n"},
                                                {.kind = EXTRACT_JSON_EQUALS, .path = ".b", .text = "true"}};
    const struct probe_answer answer = {.status = 201, .body = BODY, .length = strlen(BODY)};
    struct probe_extract extracts[ARRAY_LENGTH(from)];
    double numbers[ARRAY_LENGTH(from)];
    char memory[WORDS_SIZE];
    struct text words;

    (void)state;
    text_init(&words, memory, sizeof(memory));
    for (size_t i = 0; i < ARRAY_LENGTH(from); i++)
        probe_extract_init(&extracts[i], &from[i]);
    probe_extract_take(extracts, ARRAY_LENGTH(from), &answer, numbers, &words);
    assert_string_equal(memory, "status 201, .n 5, .b 'true'");
    assert_true(numbers[0] == 201 && numbers[1] == 5 && numbers[2] == 1);
    for (size_t i = 0; i < ARRAY_LENGTH(from); i++)
        probe_extract_done(&extracts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_of_http), cmocka_unit_test(test_of_others),
                                       cmocka_unit_test(test_several)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
