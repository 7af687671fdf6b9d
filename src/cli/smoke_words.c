/* smoke_words.c - smoke tests in plain words.
 * SPDX-License-Identifier: MIT */
#include "cli/smoke_words.h"

#include "base/duration.h"

static const char *span(int64_t ms, char text[DURATION_TEXT_MAX])
{
    (void)duration_format(ms, text, DURATION_TEXT_MAX);
    return text;
}

static void add_question(const struct smoke_definition *smoke, const struct smoke_check *check,
                         struct text *text)
{
    switch (check->kind) {
    case SMOKE_HTTP:
        text_add(text, "%s %s%s", check->method, smoke->base_url, check->path);
        break;
    case SMOKE_TCP:
        text_add(text, "connects to %s", check->place);
        break;
    case SMOKE_TLS:
        text_add(text, "shakes hands with %s, whose certificate must be trusted", check->place);
        break;
    case SMOKE_EXEC:
        text_add(text, "runs");
        for (size_t i = 0; i < check->argument_count; i++)
            text_add(text, " %s", check->arguments[i]);
        break;
    }
}

static void add_check(const struct smoke_definition *smoke, const struct smoke_check *check, bool is_first,
                      struct text *text)
{
    text_add(text, "  %-12s %s: ", is_first ? "asks" : "", check->name);
    add_question(smoke, check, text);
    text_add(text, "\n");
    if (check->text != NULL)
        text_add(text, "               passes when %s\n", check->text);
    if (check->kind == SMOKE_EXEC)
        text_add(text, "               exit 75 says nothing, and neither does a command that verdict-runner "
                       "does not start\n");
}

void smoke_words_add(const struct smoke_definition *smoke, struct text *text)
{
    char settle[DURATION_TEXT_MAX];
    char timeout[DURATION_TEXT_MAX];
    char every[DURATION_TEXT_MAX];

    for (size_t i = 0; i < smoke->check_count; i++)
        add_check(smoke, &smoke->checks[i], i == 0, text);
    text_add(text, "  where        at every address of the candidate, %s after the step begins\n",
             span(smoke->settle_ms, settle));
    text_add(text, "  patience     %s for an answer; %u attempts, %s apart: one that passes is enough\n",
             span(smoke->timeout_ms, timeout), smoke->attempts, span(smoke->every_ms, every));
    text_add(text,
             "  then         every check passed: the plan goes on; one did not: back, before users see it\n"
             "  without data no answer is a failure; where nothing can be said it goes back for want of "
             "evidence\n");
}
