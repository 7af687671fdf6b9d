/* test_redaction.c - secrets vanish from texts: whole, cut off, line by line.
 * SPDX-License-Identifier: MIT */
#include "io/redaction.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct redaction *redaction, const char *text, const char *wanted)
{
    char memory[256];

    (void)snprintf(memory, sizeof(memory), "%s", text);
    redaction_apply(redaction, memory);
    assert_string_equal(memory, wanted);
}

static void add(struct redaction *redaction, const char *text)
{
    redaction_add(redaction, text, strlen(text));
}

static void hides_every_occurrence(void **state)
{
    struct redaction *redaction = redaction_new();

    (void)state;
    expect(redaction, "nothing is hidden yet", "nothing is hidden yet");
    add(redaction, "hunter22");
    add(redaction, "hunter22");
    add(redaction, "hunter22-and-more");
    expect(redaction, "", "");
    expect(redaction, "hunter22", "***");
    expect(redaction, "a hunter22, hunter22hunter22.", "a ***, ******.");
    expect(redaction, "hunter22-and-more is one", "*** is one");
    expect(redaction, "Hunter22 hunter2x", "Hunter22 hunter2x");
    expect(NULL, "hunter22", "hunter22");
    redaction_free(redaction);
    redaction_free(NULL);
}

/* "user:hunter22" of basic authentication, wherever the secret begins in it; URLs and forms. */
static void hides_what_was_encoded(void **state)
{
    struct redaction *redaction = redaction_new();

    (void)state;
    add(redaction, "hun/er+2?>");
    expect(redaction, "aHVuL2VyKzI/Pg==", "***g==");
    expect(redaction, "Basic dTpodW4vZXIrMj8+", "Basic dTp***");
    expect(redaction, "Basic YWI6aHVuL2VyKzI/Pg== sent", "Basic YWI6***g== sent");
    expect(redaction, "YWJjOmh1bi9lcisyPz4=", "YWJjOm***4=");
    expect(redaction, "?key=hun%2Fer%2B2%3F%3E&x", "?key=***&x");
    expect(redaction, "aHVuL2VyKzI_Pg", "***g");
    expect(redaction, "68756e2f65722b323f3e 68756E2F65722B323F3E", "*** ***");
    expect(redaction, "{\"key\":\"hun\\/er+2?>\"}", "{\"key\":\"***\"}");
    add(redaction, "a \"b\\c\" \x01'd'");
    expect(redaction, "{\"key\":\"a \\\"b\\\\c\\\" \\u0001'd'\"}", "{\"key\":\"***\"}");
    expect(redaction, "echo 'a \"b\\c\" \x01'\\''d'\\'''", "echo '***'");
    add(redaction, "short");
    expect(redaction, "c2hvcnQ=", "c2hvcnQ=");
    redaction_free(redaction);
}

/* What follows may be the rest of a secret that did not fit. */
static void hides_what_was_cut_off(void **state)
{
    struct redaction *redaction = redaction_new();

    (void)state;
    add(redaction, "hunter22");
    expect(redaction, "ends with hunt", "ends with ***");
    expect(redaction, "ends with hunter2", "ends with ***");
    expect(redaction, "ends with hun", "ends with hun");
    redaction_free(redaction);
}

static void expect_around(struct redaction *redaction, const char *text, const char *expected)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    redaction_apply_around(redaction, copy, "\n[... ");
    assert_string_equal(copy, expected);
    free(copy);
}

/* The halves of an output that was too long. */
static void hides_what_the_middle_took_away(void **state)
{
    struct redaction *redaction = redaction_new();

    (void)state;
    add(redaction, "hunter22");
    add(redaction, "longer-than-hunter22");
    expect_around(redaction, "hunter22", "***");
    expect_around(redaction, "a hunt\n[... 9 bytes ...]\nb", "a ***\n[... 9 bytes ...]\nb");
    expect_around(redaction, "a\n[... 9 bytes ...]\nnter22 hunter22", "a\n[... 9 bytes ...]\n*** ***");
    expect_around(redaction, "a\n[... 9 bytes ...]\nr-than-hunter22 b", "a\n[... 9 bytes ...]\n*** b");
    expect_around(redaction, "a\n[... 9 bytes ...]\nr22 nter22", "a\n[... 9 bytes ...]\nr22 nter22");
    expect_around(redaction, "hunter22\n[... 1\nhunte\n[... 2\nter22hunter2",
                  "***\n[... 1\n***\n[... 2\n******");
    expect_around(redaction, "a\n[... token=hunter22 ...]\nb", "a\n[... token=*** ...]\nb");
    expect_around(redaction, "a\n[... hunter22", "a\n[... ***");
    expect_around(redaction, "a\n[... ", "a\n[... ");
    expect_around(redaction, "", "");
    expect_around(NULL, "hunter22", "hunter22");
    redaction_free(redaction);
}

static void hides_the_lines_of_a_key(void **state)
{
    struct redaction *redaction = redaction_new();

    (void)state;
    add(redaction, "-----BEGIN KEY-----\nMIIBVgIBADANBg\nshort\nkqhkiG9w0BAQE\n-----END KEY-----");
    expect(redaction, "a kqhkiG9w0BAQE b", "a *** b");
    expect(redaction, "MIIBVgIBADANBg\nshort\nx", "***\nshort\nx");
    redaction_free(redaction);
}

static void knows_its_bounds(void **state)
{
    struct redaction *redaction = redaction_new();
    char text[64];

    (void)state;
    add(redaction, "abc");
    expect(redaction, "abc", "abc");
    for (int i = 0; i <= REDACTION_TEXTS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "s-%05d", i); /* too short to be looked for encoded */
        add(redaction, text);
    }
    expect(redaction, "s-00000 s-16383 s-16384 .", "*** *** s-16384 .");
    redaction_free(redaction);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_every_occurrence),   cmocka_unit_test(hides_what_was_encoded),
        cmocka_unit_test(hides_what_was_cut_off),   cmocka_unit_test(hides_what_the_middle_took_away),
        cmocka_unit_test(hides_the_lines_of_a_key), cmocka_unit_test(knows_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
