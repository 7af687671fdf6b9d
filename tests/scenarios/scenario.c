/* scenario.c - plays scenario files and compares what happened with what they expect.
 * `scenario [--trace] FILE...`; exit status 1: something else happened, 2: a file cannot be read.
 * SPDX-License-Identifier: MIT */
#include "scenarios/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AS_EXPECTED, ELSE_HAPPENED, NOT_READ };

static bool begins_with(const char *text, const char *words)
{
    size_t length = strlen(words);

    return strncmp(text, words, length) == 0 && (text[length] == '\0' || text[length] == ' ');
}

static int complain(const char *path, int line, const char *what, const char *text)
{
    (void)printf("%s:%d: %s: %s\n", path, line, what, text);
    return ELSE_HAPPENED;
}

/* The first line from `from` on that fits, or the count of all. */
static int find(const struct stage *stage, const struct story_expect *expect, int from)
{
    int i = from;

    while (i < stage->told_count &&
           (strcmp(stage->told[i].text, expect->text) != 0 ||
            (expect->at_ms != STORY_ANY_TIME && expect->at_ms != stage->told[i].at_ms)))
        i++;
    return i;
}

static int check_never(const struct stage *stage, const char *path, const struct story_expect *expect)
{
    for (int i = 0; i < stage->told_count; i++)
        if (begins_with(stage->told[i].text, expect->text))
            return complain(path, expect->line, "this must never happen", stage->told[i].text);
    return AS_EXPECTED;
}

/* All that is expected, in this order; and nothing strict besides. */
static int check(struct stage *stage, const struct story *story, const char *path)
{
    int outcome = AS_EXPECTED;
    int next = 0;

    for (int i = 0; i < story->expect_count && outcome == AS_EXPECTED; i++) {
        const struct story_expect *expect = &story->expects[i];
        if (expect->is_never) {
            outcome = check_never(stage, path, expect);
            continue;
        }
        int at = find(stage, expect, next);
        if (at == stage->told_count)
            return complain(path, expect->line, "did not happen, or not then", expect->text);
        stage->told[at].is_found = true;
        next = at + 1;
    }
    for (int i = 0; i < stage->told_count && outcome == AS_EXPECTED; i++)
        if (stage->told[i].is_strict && !stage->told[i].is_found)
            return complain(path, 0, "happened, and is not expected", stage->told[i].text);
    return outcome;
}

static void print_told(const struct stage *stage)
{
    for (int i = 0; i < stage->told_count; i++)
        (void)printf("  %9.3fs %c %s\n", (double)stage->told[i].at_ms / 1000,
                     stage->told[i].is_found    ? '='
                     : stage->told[i].is_strict ? '!'
                                                : ' ',
                     stage->told[i].text);
}

static bool play(struct stage *stage, const struct story *story, const char *path)
{
    struct err err = {0};

    for (int i = 0; i < story->event_count; i++) {
        const struct story_event *event = &story->events[i];
        stage_run(stage, event->at_ms);
        if (!stage_happen(stage, &event->words, &err)) {
            (void)printf("%s:%d: %s\n", path, event->line, err.text);
            return false;
        }
    }
    stage_run(stage, story->end_ms);
    return true;
}

static int run(const char *path, bool is_traced)
{
    struct story *story = calloc(1, sizeof(*story));
    struct stage *stage = calloc(1, sizeof(*stage));
    struct err err = {0};
    int outcome = NOT_READ;

    if (story == NULL || stage == NULL)
        abort();
    if (!story_read(path, story, &err) || !stage_open(stage, story, &err)) {
        (void)printf("%s\n", err.text);
    } else {
        if (play(stage, story, path))
            outcome = check(stage, story, path);
        if (is_traced || outcome == ELSE_HAPPENED)
            print_told(stage);
        stage_close(stage);
    }
    free(stage);
    free(story);
    return outcome;
}

int main(int count, char **arguments)
{
    bool is_traced = count > 1 && strcmp(arguments[1], "--trace") == 0;
    int worst = count > 1 + is_traced ? AS_EXPECTED : NOT_READ;

    for (int i = 1 + is_traced; i < count; i++) {
        int outcome = run(arguments[i], is_traced);
        worst = outcome > worst ? outcome : worst;
    }
    return worst;
}
