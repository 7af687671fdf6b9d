/* test_selector.c - selections that are used again, what they have room for, and the keys of many selectors.
 * SPDX-License-Identifier: MIT */
#include "collectors/selector_index.h"

#include "base/attributes.h"
#include "base/text.h"
#include "collectors/prometheus_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 100, NOW_MS = 1000000 };

static struct selector *selector_of(const char *text)
{
    struct selector *selector = NULL;
    struct err err = {0};

    if (!selector_new(text, &selector, &err))
        fail_msg("%s: %s", text, err.text);
    return selector;
}

static struct labelled value_of(const char *name, const char *label)
{
    return (struct labelled){.name = name,
                             .label_count = 1,
                             .labels = {{.name = "a", .value = label}},
                             .is_number = true,
                             .value = 1};
}

static void add(struct selection *selection, const struct selector *selector, const struct labelled *value)
{
    struct err err = {0};

    if (!selection_add(selection, selector, "", value, NOW_MS, &err))
        fail_msg("%s", err.text);
}

/* What a few values needed is there for the next round; what many did is given back. */
static void a_selection_is_used_again(void **state)
{
    struct selector *selector = selector_of("up");
    struct selection selection = {0};
    struct prometheus_vector vector;
    char label[32];

    (void)state;
    for (int round = 0; round < 2; round++) {
        const struct labelled value = value_of("up", round == 0 ? "x" : "y");
        add(&selection, selector, &value);
        selection_show(&selection, &vector);
        assert_int_equal(vector.count, 1);
        assert_non_null(strstr(vector.samples[0].labels, round == 0 ? "x" : "y"));
        size_t had = selection.size;
        selection_reset(&selection);
        assert_int_equal(selection.count, 0);
        assert_int_equal(selection.size, had);
    }
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(label, sizeof(label), "%d", i);
        const struct labelled value = value_of("up", label);
        add(&selection, selector, &value);
    }
    assert_int_equal(selection.count, MANY);
    selection_reset(&selection);
    assert_int_equal(selection.count + selection.size + selection.texts_size, 0);
    char *longest = calloc(1, LABELLED_LINE_MAX);
    memset(longest, 'l', LABELLED_LINE_MAX - 1);
    const struct labelled one = value_of("up", longest);
    add(&selection, selector, &one);
    selection_reset(&selection); /* one value, but its texts are long */
    assert_int_equal(selection.texts_size, 0);
    free(longest);
    selection_done(&selection);
    selector_free(selector);
}

/* In whichever order they come. */
static void the_oldest_time_is_kept(void **state)
{
    static const int64_t times[] = {NOW_MS - 20, NOW_MS - 30, NOW_MS - 10};
    struct selector *selector = selector_of("up");
    struct selection selection = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        struct labelled value = value_of("up", "x");
        value.has_time = true;
        value.time_ms = times[i];
        add(&selection, selector, &value);
    }
    assert_int_equal(selection.timed, 3);
    assert_int_equal(selection.oldest_ms, NOW_MS - 30);
    selection_done(&selection);
    selector_free(selector);
}

static void there_are_only_so_many_series(void **state)
{
    struct selector *selector = selector_of("up");
    const struct labelled value = value_of("up", "x");
    struct selection selection = {0};
    struct err err = {0};

    (void)state;
    for (int i = 0; i < PROMETHEUS_SAMPLES_MAX; i++)
        add(&selection, selector, &value);
    assert_false(selection_add(&selection, selector, "", &value, NOW_MS, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    selection_done(&selection);
    selector_free(selector);
}

static void note(void *data, void *owner)
{
    text_add_text(data, owner);
}

/* Labels that say what they are make the key, in any order; patterns and others are compared afterwards. */
static void an_index_finds_who_may_want_it(void **state)
{
    static const char *const texts[] = {"up{a='x'}", "up{b='y',a='x'}", "up{a='x',b='y'}", "up{b=~'y',a='x'}",
                                        "up",        "up{a='z'}",       "down{a='x'}",     "up{a!='x',b=''}"};
    static char names[][2] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    struct selector *selectors[ARRAY_LENGTH(texts)];
    struct selector_entry entries[ARRAY_LENGTH(texts)];
    struct selector_index *index = selector_index_new(ARRAY_LENGTH(texts));
    struct labelled value = value_of("up", "x");
    char found[2 * ARRAY_LENGTH(texts)];
    struct text told;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        selectors[i] = selector_of(texts[i]);
        selector_index_add(index, &entries[i], selectors[i], names[i]);
    }
    value.labels[value.label_count++] = (struct label){.name = "b", .value = "y"};
    text_init(&told, found, sizeof(found));
    (void)selector_index_each(index, &value, note, &told);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        bool fits = false;
        assert_true(selector_fits(selectors[i], &value, &fits, NULL));
        if (fits && strstr(found, names[i]) == NULL)
            fail_msg("%s is not tried: %s", texts[i], found);
    }
    assert_null(strstr(found, "5"));
    assert_null(strstr(found, "6"));
    assert_int_equal(strlen(found), 6); /* each once */
    selector_index_free(index);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        selector_free(selectors[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_selection_is_used_again),
        cmocka_unit_test(the_oldest_time_is_kept),
        cmocka_unit_test(there_are_only_so_many_series),
        cmocka_unit_test(an_index_finds_who_may_want_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
