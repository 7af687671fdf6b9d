/* test_journal_token.c - who holds a token comes in, until it is revoked or its time is over.
 * SPDX-License-Identifier: MIT */
#include "store/journal_token.h"
#include "support/journal_fixture.h"

static struct journal_token make_token(struct bench *bench, unsigned rights, int64_t expires_ms,
                                       char text[JOURNAL_TOKEN_TEXT_SIZE])
{
    struct journal_token token = {.principal = "alice",
                                  .is_person = true,
                                  .rights = rights,
                                  .service_count = 2,
                                  .services = {"shop", "mailer"},
                                  .environment_count = 1,
                                  .environments = {"prod"},
                                  .expires_ms = expires_ms};
    struct err err = {0};

    if (!journal_token_create(bench->journal, &token, "root", text, bench_done, bench, &err))
        fail_msg("%s", err.text);
    assert_null(journal_token_find(bench->journal, text, 0)); /* not durable yet */
    bench_wait(bench);
    assert_int_equal(bench->result.fault, JOURNAL_FINE);
    return token;
}

static void test_tokens_open_doors_until_they_are_revoked(void **unused)
{
    struct bench bench = {0};
    char text[JOURNAL_TOKEN_TEXT_SIZE];
    char other[JOURNAL_TOKEN_TEXT_SIZE];
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    struct journal_token made = make_token(&bench, TOKEN_READ | TOKEN_APPROVE, 0, text);
    (void)make_token(&bench, TOKEN_ADMIN, 0, other);
    assert_int_equal(journal_health(bench.journal).last_event, 2); /* each is an audit row */
    bench_reopen(&bench); /* both by what is in memory and by what was read */
    const struct journal_token *found = journal_token_find(bench.journal, text, 5000);
    assert_non_null(found);
    assert_string_equal(found->id, made.id);
    assert_string_equal(found->principal, "alice");
    assert_true(found->is_person);
    assert_true(journal_token_allows(found, TOKEN_APPROVE, "mailer", "prod"));
    assert_false(journal_token_allows(found, TOKEN_DEPLOY, "mailer", "prod"));
    assert_false(journal_token_allows(found, TOKEN_APPROVE, "billing", "prod"));
    assert_false(journal_token_allows(found, TOKEN_APPROVE, "shop", "staging"));
    assert_ptr_equal(journal_token_at(bench.journal, 0), found);
    assert_non_null(journal_token_at(bench.journal, 1));
    assert_null(journal_token_at(bench.journal, 2));

    assert_true(journal_token_revoke(bench.journal, made.id, "root", bench_done, &bench, &err));
    bench_wait(&bench);
    assert_int_equal(journal_health(bench.journal).last_event, 3);
    assert_null(journal_token_find(bench.journal, text, 5000));
    assert_non_null(journal_token_find(bench.journal, other, 5000));
    assert_false(journal_token_revoke(bench.journal, made.id, "root", bench_done, &bench, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    bench_reopen(&bench);
    assert_null(journal_token_find(bench.journal, text, 5000));
    bench_end(&bench);
}

static void test_wrong_tokens_open_nothing(void **unused)
{
    struct bench bench = {0};
    char text[JOURNAL_TOKEN_TEXT_SIZE];
    char wrong[JOURNAL_TOKEN_TEXT_SIZE];
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    (void)make_token(&bench, TOKEN_ALL, 9000, text);
    assert_non_null(journal_token_find(bench.journal, text, 8999));
    assert_null(journal_token_find(bench.journal, text, 9000));
    for (size_t i = 0; i < strlen(text); i++) {
        memcpy(wrong, text, sizeof(wrong));
        wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
        assert_null(journal_token_find(bench.journal, wrong, 0));
    }
    assert_null(journal_token_find(bench.journal, "", 0));
    assert_null(journal_token_find(bench.journal, "vd_", 0));
    text[strlen(text) - 1] = '\0';
    assert_null(journal_token_find(bench.journal, text, 0));

    struct journal_token bad = {.principal = "alice"};
    assert_false(journal_token_create(bench.journal, &bad, "root", text, bench_done, &bench, &err));
    bad.rights = 64;
    assert_false(journal_token_create(bench.journal, &bad, "root", text, bench_done, &bench, &err));
    bad.rights = TOKEN_READ;
    bad.service_count = 1;
    (void)snprintf(bad.services[0], sizeof(bad.services[0]), "two words");
    assert_false(journal_token_create(bench.journal, &bad, "root", text, bench_done, &bench, &err));
    assert_int_equal(err.code, ERR_INVALID);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_open_doors_until_they_are_revoked),
        cmocka_unit_test(test_wrong_tokens_open_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
