/* test_mail_text.c - letters as text: addresses, headers, quoted-printable.
 * SPDX-License-Identifier: MIT */
#include "drivers/mail_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void knows_addresses(void **state)
{
    static const char *const good[] = {"a@b", "sre+verdict@example.org", "x_y.z-1@mail.example.org"};
    static const char *const bad[] = {"",      "a",     "@b",           "a@",    "a@b@c",
                                      "a b@c", "a@b,c", "a@b\r\nTo: c", "<a@b>", "\xC3\xA4@b"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_true(mail_is_address(good[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(mail_is_address(bad[i]));
}

static void expect_line(const char *line, const char *encoded)
{
    char memory[1024];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    mail_add_line(&text, line);
    assert_string_equal(memory, encoded);
}

static void encodes_lines(void **state)
{
    (void)state;
    expect_line("", "\r\n");
    expect_line("plain text.", "plain text.\r\n");
    expect_line("a=b", "a=3Db\r\n");
    expect_line("ends in a space ", "ends in a space=20\r\n");
    expect_line("\xC3\xA4", "=C3=A4\r\n");
    expect_line(
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901",
        "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n5678901\r\n");
    expect_line("01234567890123456789012345678901234567890123456789012345678901234567890123\xC3\xA4",
                "01234567890123456789012345678901234567890123456789012345678901234567890123=\r\n=C3=A4\r\n");
}

static struct notice_facts facts_of(const char *body)
{
    struct notice_facts facts;
    struct err err = {0};

    if (!notice_facts_read(body, &facts, &err))
        fail_msg("%s", err.text);
    return facts;
}

static void writes_headers(void **state)
{
    static const char *const to[] = {"a@example.org", "b@example.org"};
    static const char *const lines[] = {"From: verdictd <v@example.org>\r\n",
                                        "To: a@example.org,\r\n b@example.org\r\n",
                                        "Subject: shop/prod 1: held Bcc: x@y ?? z\r\n",
                                        "Date: Thu, 26 Nov 2026 16:00:00 +0000\r\n",
                                        "Message-ID: <msg_1@prod-1-.verdict>\r\n",
                                        "References: <dep_7@prod-1-.verdict>\r\n",
                                        "Auto-Submitted: auto-generated\r\n"};
    char memory[MAIL_TEXT_SIZE];
    struct text text;

    (void)state;
    struct notice_facts facts = facts_of(
        "{\"id\":\"msg_1\",\"source\":\"/verdict/prod-1>\",\"time\":\"2026-11-26T16:00:00Z\",\"data\":{"
        "\"event\":\"held\",\"deployment\":\"dep_7\",\"summary\":\"shop/prod 1: held\\nBcc: x@y "
        "\xC3\xA4 z\"}}");
    text_init(&text, memory, sizeof(memory));
    assert_true(mail_write(&facts, facts.summary, "v@example.org", to, 2, &text));
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        if (strstr(memory, lines[i]) == NULL)
            fail_msg("no %s in %s", lines[i], memory);
    text_init(&text, memory, 100);
    assert_false(mail_write(&facts, facts.summary, "v@example.org", to, 2, &text));
    notice_facts_done(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_addresses),
        cmocka_unit_test(encodes_lines),
        cmocka_unit_test(writes_headers),
    };
    return cmocka_run_group_tests_name("mail_text", tests, NULL, NULL);
}
