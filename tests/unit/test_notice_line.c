/* test_notice_line.c - the sentence of a notice in an operator's words: each blank, escaped for where it
 * stands.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "drivers/notice_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define BODY                                                                                                 \
    "{\"id\":\"msg_1\",\"source\":\"/verdict/x\",\"time\":\"2026-11-26T16:00:00Z\",\"data\":{"               \
    "\"event\":\"held\",\"deployment\":\"dep_7\",\"service\":\"shop\",\"environment\":\"prod\","             \
    "\"version\":\"2.0\",\"summary\":\"it is held\",\"actor\":\"al*ice <b>\",\"value\":0.125}}"

static struct notice_facts read_facts(void)
{
    struct notice_facts facts;
    struct err err;

    if (!notice_facts_read(BODY, &facts, &err))
        fail_msg("%s", err.text);
    return facts;
}

static void fills_blanks(void **state)
{
    static const struct {
        const char *text;
        enum notice_escape escape;
        const char *line;
    } cases[] = {
        {NULL, NOTICE_PLAIN, "it is held"},
        {"{{service}}/{{ environment }}", NOTICE_PLAIN, "shop/prod"},
        {"by {{actor}}.", NOTICE_PLAIN, "by al*ice <b>."},
        {"*by* {{actor}}", NOTICE_MARKDOWN, "*by* al\\*ice \\<b\\>"},
        {"<x> {{actor}}", NOTICE_ENTITIES, "<x> al*ice &lt;b&gt;"},
        {"{{value}} of {{bound}}, {{about}}", NOTICE_PLAIN, "0.125 of , dep_7"},
        {"{{action}}", NOTICE_PLAIN, "the traffic stays as it is until somebody resumes it or takes it back"},
        {"without any", NOTICE_PLAIN, "without any"},
        {"{{nothing}}: {{", NOTICE_PLAIN, ": {{"},
    };
    char memory[NOTICE_LINE_SIZE];
    struct notice_facts facts = read_facts();

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(notice_line(&facts, cases[i].text, cases[i].escape, memory, sizeof(memory)),
                            cases[i].line);
    assert_string_equal(notice_line(&facts, "{{summary}}{{summary}}", NOTICE_PLAIN, memory, 16),
                        "it is heldit...");
    notice_facts_done(&facts);
}

/* Each of them that check lets through is known here, in the same order. */
static void knows_all_blanks(void **state)
{
    char text[64];
    char memory[NOTICE_LINE_SIZE];
    struct notice_facts facts = read_facts();
    size_t filled = 0;

    (void)state;
    for (size_t i = 0; notice_blanks[i] != NULL; i++) {
        (void)snprintf(text, sizeof(text), "{{%s}}", notice_blanks[i]);
        filled += notice_line(&facts, text, NOTICE_PLAIN, memory, sizeof(memory))[0] != '\0';
    }
    assert_int_equal(filled, 10);
    notice_facts_done(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_blanks),
        cmocka_unit_test(knows_all_blanks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
