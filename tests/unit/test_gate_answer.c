/* test_gate_answer.c - what opens a gate, and what never does.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "drivers/gate_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    int status;
    const char *body;
    enum gate_word word;
    const char *why;
} cases[] = {
    {200, "{\"open\": true}", GATE_WORD_OPEN, ""},
    {202, "{\"open\": true, \"ticket\": 7, \"reason\": \"CHG-7 is approved\"}", GATE_WORD_OPEN,
     "CHG-7 is approved"},
    {200, "{\"open\": false, \"reason\": \"CHG-7 waits\"}", GATE_WORD_CLOSED, "CHG-7 waits"},
    {200, "{\"open\": false, \"refused\": true}", GATE_WORD_REFUSED, ""},
    {200, "{\"open\": true, \"refused\": true}", GATE_WORD_SILENT, "it says both open and refused"},
    {200, "{\"open\": false, \"reason\": \"two\\nlines\\u001b[2J \\u202eturned\"}", GATE_WORD_CLOSED,
     "two lines [2J  turned"},
    {200, "{\"open\": \"true\"}", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "{\"open\": false, \"refused\": 1}", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "{\"open\": false, \"reason\": \"a\\u007fb\"}", GATE_WORD_CLOSED, "a b"},
    {200, "{\"open\": 1}", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "{\"open\": true", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "{\"open\": true, \"reason\": 5}", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "{\"open\": false, \"open\": true}", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "[true]", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "{}", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {200, "<html>OK</html>", GATE_WORD_SILENT, "its answer is not like {\"open\": true}"},
    {302, "{\"open\": true}", GATE_WORD_SILENT, "it answered 302"},
    {199, "{\"open\": true}", GATE_WORD_SILENT, "it answered 199"},
    {503, "{\"open\": true}", GATE_WORD_SILENT, "it answered 503"},
};

static void test_answers(void **state)
{
    char why[GATE_WHY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(gate_answer_read(cases[i].status, cases[i].body, strlen(cases[i].body), why),
                         cases[i].word);
        assert_string_equal(why, cases[i].why);
    }
}

/* Cut between characters. */
static void test_a_long_reason_is_cut(void **state)
{
    char body[1024];
    char why[GATE_WHY_MAX + 1];
    struct text text;

    (void)state;
    text_init(&text, body, sizeof(body));
    text_add(&text, "{\"open\": false, \"reason\": \"x");
    for (int i = 0; i < GATE_WHY_MAX; i++)
        text_add(&text, "\xc3\xa4");
    text_add(&text, "\"}");
    assert_int_equal(gate_answer_read(200, body, strlen(body), why), GATE_WORD_CLOSED);
    assert_int_equal(strlen(why), GATE_WHY_MAX - 1);
    assert_int_equal((unsigned char)why[GATE_WHY_MAX - 2], 0xa4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_a_long_reason_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
