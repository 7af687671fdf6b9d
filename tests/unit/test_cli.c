/* test_cli.c - arguments, exit codes and the drawn tree of the CLI.
 * SPDX-License-Identifier: MIT */
#include "cli/arguments.h"
#include "cli/field.h"
#include "cli/tree.h"
#include "cli/waiting.h"
#include "io/json.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- arguments ---- */

struct line {
    struct cli cli;
    struct err err;
    void *memory;
    bool is_good;
};

/* Reads a line of words, split at single spaces. */
static struct line read_line(const char *words)
{
    struct line line = {.memory = memory_take(VERB_MEMORY)};
    char *values[32];
    int count = 0;

    arena_init(&line.cli.arena, line.memory, VERB_MEMORY);
    for (const char *at = words; count < 32; at++) {
        size_t length = strcspn(at, " ");
        char *word = arena_take(&line.cli.arena, length + 1);
        memcpy(word, at, length);
        values[count++] = word;
        at += length;
        if (*at == '\0')
            break;
    }
    line.is_good = arguments_read(count, values, &line.cli, &line.err);
    return line;
}

static void arguments_come_from_the_tables(void **state)
{
    struct line line =
        read_line("verdict start shop/prod --version=2.0.0 --wait --timeout 90s --on-cancel abort -q --json");

    (void)state;
    assert_true(line.is_good);
    assert_string_equal(line.cli.entry->name, "start");
    assert_int_equal(line.cli.word_count, 1);
    assert_string_equal(line.cli.words[0], "shop/prod");
    assert_string_equal(verb_text(&line.cli, "version"), "2.0.0");
    assert_true(verb_flag(&line.cli, "wait"));
    assert_false(verb_flag(&line.cli, "exit-when-held"));
    assert_int_equal(verb_value(&line.cli, "timeout")->duration_ms, 90000);
    assert_string_equal(verb_text(&line.cli, "on-cancel"), "abort");
    assert_string_equal(verb_text(&line.cli, "reason"), "");
    assert_true(line.cli.is_quiet && line.cli.is_json);
    free(line.memory);
    line = read_line("verdict get -w dep_1");
    assert_true(line.is_good && verb_flag(&line.cli, "watch"));
    free(line.memory);
    line = read_line("verdict start --group checkout --version cart=1 --version pay=2");
    assert_true(line.is_good);
    assert_int_equal(line.cli.word_count, 0);
    assert_int_equal(verb_value(&line.cli, "version")->list_length, 2);
    assert_string_equal(verb_value(&line.cli, "version")->list[0], "cart=1");
    assert_string_equal(verb_value(&line.cli, "version")->list[1], "pay=2");
    free(line.memory);
    line = read_line("verdict --json -q --no-color ls --plain --no-input");
    assert_true(line.is_good && line.cli.is_json && line.cli.is_quiet && line.cli.is_colorless);
    assert_true(line.cli.is_plain && !line.cli.is_help && strcmp(line.cli.entry->name, "ls") == 0);
    free(line.memory);
    line = read_line("verdict ls --no-color");
    assert_true(line.is_good && !line.cli.is_plain);
    free(line.memory);
    line = read_line("verdict get --version");
    assert_true(line.is_good && line.cli.is_version);
    free(line.memory);
    line = read_line("verdict start shop/prod --version 2");
    assert_true(line.is_good && !line.cli.is_version);
    free(line.memory);
    line = read_line("verdict --version");
    assert_true(line.is_good && line.cli.is_version && line.cli.entry == NULL);
    free(line.memory);
    line = read_line("verdict --json help get");
    assert_true(line.is_good && line.cli.is_help && strcmp(line.cli.entry->name, "get") == 0);
    free(line.memory);
    line = read_line("verdict --jsn ls");
    assert_false(line.is_good);
    assert_non_null(strstr(line.err.text, "did you mean --json?"));
    free(line.memory);
    line = read_line("verdict --limit 3 ls");
    assert_false(line.is_good);
    assert_non_null(strstr(line.err.text, "options of a verb stand behind it"));
    free(line.memory);
    line = read_line("verdict ls --json=no");
    assert_false(line.is_good);
    assert_string_equal(line.err.text, "--json takes no value");
    free(line.memory);
    line = read_line("verdict check -- --odd.rules");
    assert_true(line.is_good);
    assert_string_equal(line.cli.words[0], "--odd.rules");
    free(line.memory);
}

static void mistakes_are_named(void **state)
{
    static const char *const rows[][2] = {
        {"verdict strat shop/prod", "did you mean `verdict start`"},
        {"verdict start shop/prod --verson 2", "did you mean --version"},
        {"verdict start shop/prod", "version"},
        {"verdict start", "SERVICE/ENV is missing"},
        {"verdict wait a b", "b is too much"},
        {"verdict wait dep_1 --timeout soon", "timeout"},
        {"verdict wait dep_1 --timeout", "wants a value"},
        {"verdict wait dep_1 --on-cancel explode", "on-cancel"},
        {"verdict wait dep_1 -z", "-z is not known"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct line line = read_line(rows[i][0]);
        if (line.is_good || strstr(line.err.text, rows[i][1]) == NULL)
            fail_msg("%s: %s", rows[i][0], line.err.text);
        free(line.memory);
    }
}

static void help_needs_nothing_else(void **state)
{
    struct line line = read_line("verdict start --help");

    (void)state;
    assert_true(line.is_good && line.cli.is_help);
    free(line.memory);
    line = read_line("verdict help start");
    assert_true(line.is_good && line.cli.is_help);
    assert_string_equal(line.cli.entry->name, "start");
    free(line.memory);
    line = read_line("verdict --help");
    assert_true(line.is_good && line.cli.is_help && line.cli.entry == NULL);
    free(line.memory);
}

static void every_verb_fits_its_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        assert_true(verb_table[i].option_count <= VERB_OPTIONS_MAX);
        assert_true(verb_table[i].words_max <= VERB_WORDS_MAX);
        assert_non_null(verb_table[i].run);
    }
}

/* ---- exit codes ---- */

static void waits_end_as_the_table_says(void **state)
{
    static const struct {
        struct waiting_view view;
        int wanted;
    } rows[] = {
        {{.is_done = true, .exit_code = 0}, 0},
        {{.is_done = true, .exit_code = 3}, 3},
        {{.is_done = true, .exit_code = 4}, 4},
        {{.is_done = true, .exit_code = 7, .is_time_up = true}, 7},
        {{.is_done = true, .exit_code = -1}, 1},
        {{.exit_code = -1}, -1},
        {{.exit_code = 5}, -1},
        {{.exit_code = 5, .exits_when_held = true}, 5},
        {{.exit_code = -1, .exits_when_held = true}, -1},
        {{.exit_code = 5, .is_time_up = true}, 5},
        {{.exit_code = -1, .is_time_up = true}, 124},
        {{.exit_code = -1, .is_time_up = true, .is_lost = true}, 1},
        {{.exit_code = -1, .is_lost = true}, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (waiting_verdict(&rows[i].view) != rows[i].wanted)
            fail_msg("row %zu: %d", i, waiting_verdict(&rows[i].view));
}

/* ---- the tree ---- */

static const char deployment[] =
    "{\"id\":\"dep_5\",\"service\":\"shop\",\"environment\":\"prod\",\"version\":\"2.0.0\",\"previous\":\"1."
    "0.0\","
    "\"state\":\"running\",\"summary\":\"it runs\",\"share\":25,\"desired_share\":50,\"hold\":null,"
    "\"step\":{\"kind\":\"observe\",\"state\":\"observing\",\"observed_s\":61.5},\"approvals\":null,"
    "\"steps\":[{\"index\":0,\"text\":\"route 25 %\",\"state\":\"done\"},"
    "{\"index\":1,\"text\":\"observe for 5m\",\"state\":\"current\"},{\"index\":2,\"text\":\"route 100 "
    "%\",\"state\":\"todo\"}],"
    "\"rules\":[{\"name\":\"errors\",\"condition\":\"error_rate > 5%\",\"mode\":\"act\",\"unit\":\"ratio\","
    "\"verdict\":\"pass\",\"reason\":\"decided\",\"value\":0.01,\"bound\":0.05},"
    "{\"name\":\"slow\",\"condition\":\"p95 > "
    "1s\",\"mode\":\"record\",\"unit\":\"s\",\"verdict\":\"inconclusive\","
    "\"reason\":\"too-few\",\"value\":null,\"bound\":null}]}";

static char *draw(const struct terminal *terminal, const struct tree_history *history, unsigned *ret_lines)
{
    struct cJSON *json = field_parse(deployment, strlen(deployment));
    char *memory = memory_take(TREE_TEXT_SIZE);
    struct page *page = memory_take(sizeof(*page));

    assert_non_null(json);
    page_init(page, memory, TREE_TEXT_SIZE);
    tree_draw(json, terminal, history, page);
    *ret_lines = page->count;
    free(page);
    json_free(json);
    return memory;
}

static void the_tree_is_plain_ascii_without_a_terminal(void **state)
{
    const struct terminal terminal = {.width = 80};
    unsigned lines = 0;
    char *text = draw(&terminal, NULL, &lines);

    (void)state;
    assert_string_equal(text,
                        "shop/prod 2.0.0  in place of 1.0.0  dep_5\n"
                        "running: it runs\n"
                        "traffic #####--------------- 25 % (asked for: 50 %)\n"
                        "\n"
                        " +  1 route 25 %\n"
                        " >  2 observe for 5m  observed for 1m1s\n"
                        " .  3 route 100 %\n"
                        "\n"
                        " + errors           error_rate > 5%                     1 % / 5 %\n"
                        " ? slow             p95 > 1s                            (too-few)  only records\n");
    assert_int_equal(lines, 10);
    free(text);
}

static void the_tree_has_marks_colours_and_curves_on_one(void **state)
{
    const struct terminal terminal = {.is_terminal = true, .has_color = true, .has_utf8 = true, .width = 80};
    struct tree_history *history = memory_take(sizeof(*history));
    struct cJSON *json = field_parse(deployment, strlen(deployment));
    unsigned lines = 0;

    (void)state;
    for (int i = 0; i < TREE_HISTORY + 3; i++)
        tree_note(history, json);
    assert_int_equal(history->counts[0], TREE_HISTORY);
    assert_int_equal(history->counts[1], 0);
    history->values[0][0] = 0.5;
    char *text = draw(&terminal, history, &lines);
    assert_int_equal(lines, 10);
    assert_non_null(strstr(text, "\033[32m✔\033[0m errors"));
    assert_non_null(strstr(text, "█████░"));
    assert_non_null(strstr(text, "█▁▁"));
    free(text);
    json_free(json);
    free(history);
}

static size_t widest(const char *text)
{
    size_t most = 0;
    size_t columns = 0;

    for (; *text != '\0'; text++) {
        columns = *text == '\n' ? 0 : columns + (((unsigned char)*text & 0xC0U) != 0x80U);
        most = columns > most ? columns : most;
    }
    return most;
}

/* Curves give way to conditions, and both to numbers. */
static void numbers_stand_within_the_window(void **state)
{
    static const char rule[] =
        "{\"rules\":[{\"name\":\"errors\",\"condition\":\"error_rate of all pages > 5% for 2 minutes\","
        "\"unit\":\"ratio\",\"verdict\":\"pass\",\"value\":0.0123,\"bound\":0.05,\"estimate\":1.25}]}";
    struct cJSON *json = field_parse(rule, strlen(rule));
    struct tree_history *history = memory_take(sizeof(*history));
    struct page *page = memory_take(sizeof(*page));
    char memory[4096];

    (void)state;
    for (int i = 0; i < TREE_HISTORY; i++)
        tree_note(history, json);
    for (int width = 50; width < 140; width++) {
        const struct terminal terminal = {.is_terminal = true, .has_utf8 = true, .width = width};
        page_init(page, memory, sizeof(memory));
        tree_draw(json, &terminal, history, page);
        assert_true(widest(memory) <= (size_t)width);
        assert_non_null(strstr(memory, "  1.23 % / 5 %  ratio 1.25"));
        assert_true(width < 80 || strstr(memory, "▁▁▁") != NULL);
        assert_non_null(strstr(memory, width < 100 ? "…" : "error_rate of all pages > 5%"));
    }
    json_free(json);
    free(history);
    free(page);
}

/* The head and what is under way stay longest. */
static void a_small_window_says_what_it_hides(void **state)
{
    const struct terminal terminal = {0};
    struct cJSON *json = field_parse(deployment, strlen(deployment));
    struct page *page = memory_take(sizeof(*page));
    char memory[4096];
    char shown[4096];
    struct text text;

    (void)state;
    page_init(page, memory, sizeof(memory));
    tree_draw(json, &terminal, NULL, page);
    text_init(&text, shown, sizeof(shown));
    assert_int_equal(page_fit(page, 0, &text), 10);
    assert_string_equal(shown, memory);
    text_init(&text, shown, sizeof(shown));
    assert_int_equal(page_fit(page, 10, &text), 10);
    text_init(&text, shown, sizeof(shown));
    assert_int_equal(page_fit(page, 7, &text), 7);
    assert_non_null(strstr(shown, "dep_5\nrunning"));
    assert_non_null(strstr(shown, " >  2 observe for 5m"));
    assert_non_null(strstr(shown, " + errors"));
    assert_null(strstr(shown, "route 100"));
    assert_non_null(strstr(shown, "... 4 more lines"));
    text_init(&text, shown, sizeof(shown));
    assert_int_equal(page_fit(page, 1, &text), 1);
    assert_string_equal(shown, "... 10 more lines need a larger window\n");
    json_free(json);
    free(page);
}

static void missing_members_do_no_harm(void **state)
{
    struct cJSON *json = field_parse("{\"step\":[],\"steps\":5,\"rules\":{}}", 30);
    const struct terminal terminal = {.has_utf8 = true};
    char memory[512];
    static struct page page;

    (void)state;
    page_init(&page, memory, sizeof(memory));
    tree_draw(json, &terminal, NULL, &page);
    json_free(json);
    tree_draw(NULL, &terminal, NULL, &page);
    assert_int_equal(field_exit_code(NULL), -1);
    assert_null(field_parse("{", 1));
}

static void nothing_steers_the_terminal(void **state)
{
    static const char json[] = "{\"why\":\"a\\u001b[2Jb\\nc\\u009bd\\u00e9\"}";
    struct cJSON *object = field_parse(json, strlen(json));
    char text[] = "one\ntwo\x1b[m\xff\xc3\xa9";

    (void)state;
    assert_string_equal(field_text(object, "why"), "a?[2Jb?c??d\xc3\xa9");
    json_free(object);
    field_clean(text, true);
    assert_string_equal(text, "one\ntwo?[m?\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_come_from_the_tables),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(every_verb_fits_its_room),
        cmocka_unit_test(waits_end_as_the_table_says),
        cmocka_unit_test(the_tree_is_plain_ascii_without_a_terminal),
        cmocka_unit_test(the_tree_has_marks_colours_and_curves_on_one),
        cmocka_unit_test(missing_members_do_no_harm),
        cmocka_unit_test(numbers_stand_within_the_window),
        cmocka_unit_test(a_small_window_says_what_it_hides),
        cmocka_unit_test(nothing_steers_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
