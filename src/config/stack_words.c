/* stack_words.c - settings of Amazon's tools: which tool takes which, and words that the runner lets pass.
 * SPDX-License-Identifier: MIT */
#include "config/stack_words.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { WORD_SIZE = 1024 };

bool stack_words_merge(const struct build *build, const struct node *here,
                       struct option_value values[STACK_FILLED_COUNT])
{
    static const char *const parts[] = {"variables", "approval", "notify", NULL};
    static const struct shape shape = {
        .options = stack_options + STACK_REGION, .count = STACK_PLACE_COUNT, .parts = parts};
    struct option_value own[STACK_PLACE_COUNT] = {{0}};

    if (!options_read(build, here, &shape, own, NULL))
        return false;
    for (size_t i = 0; i < STACK_PLACE_COUNT; i++)
        if (own[i].is_set)
            values[STACK_REGION + i] = own[i];
    return true;
}

static bool is_amazon(const struct option_value values[STACK_FILLED_COUNT])
{
    return values[STACK_TOOL].choice == STACK_CLOUDFORMATION || values[STACK_TOOL].choice == STACK_CDK;
}

/* As verdict-runner takes words from outside. */
static bool is_safe(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@=+~-";

    return word[0] != '\0' && word[strspn(word, letters)] == '\0' && word[0] != '/' && word[0] != '-' &&
           strstr(word, "..") == NULL && strlen(word) < WORD_SIZE / 2;
}

static bool check_text(const struct build *build, const struct node *stack, const char *name,
                       const char *text)
{
    return is_safe(text) ||
           report_node(build->report, stack,
                       "%s: '%.60s' is not of letters, digits and ._:@=+~- alone, or a path that leads below",
                       name, text);
}

static bool check_capabilities(const struct build *build, const struct node *stack,
                               const struct option_value *value)
{
    bool is_good = true;

    for (size_t i = 0; i < value->list_length; i++)
        if (strncmp(value->list[i], "CAPABILITY_", 11) != 0 || !is_safe(value->list[i]))
            is_good = report_node(build->report, stack,
                                  "capabilities: '%.60s' is not like \"CAPABILITY_IAM\"", value->list[i]);
    return is_good;
}

bool stack_words_check(const struct build *build, const struct node *stack,
                       const struct option_value values[STACK_FILLED_COUNT])
{
    bool is_good = true;

    for (int i = STACK_REGION; i <= STACK_CAPABILITIES; i++) {
        const char *name = stack_options[i].name;
        if (values[i].is_set &&
            (!is_amazon(values) || (i == STACK_TEMPLATE && values[STACK_TOOL].choice == STACK_CDK)))
            is_good = report_node(build->report, stack, "%s: %s takes none", name, values[STACK_TOOL].text);
        else if (values[i].is_set && i != STACK_CAPABILITIES)
            is_good = check_text(build, stack, name, values[i].text) && is_good;
    }
    if (!is_amazon(values))
        return is_good;
    if (!values[STACK_REGION].is_set)
        is_good =
            report_node(build->report, stack, "region is missing (%s)", stack_options[STACK_REGION].help);
    if (strcmp(values[STACK_STATE].text, "own") != 0)
        is_good =
            report_node(build->report, stack, "state: %s keeps it itself: own", values[STACK_TOOL].text);
    return check_capabilities(build, stack, &values[STACK_CAPABILITIES]) && is_good;
}

static bool add(const struct build *build, const struct node *stack, const char *name, const char *value,
                const char **words, size_t *count)
{
    char text[WORD_SIZE];

    (void)snprintf(text, sizeof(text), "%s=%s", name, value);
    words[*count] = options_keep(build, stack, text);
    return words[(*count)++] != NULL;
}

bool stack_words_add(const struct build *build, const struct node *stack,
                     const struct option_value values[STACK_FILLED_COUNT], const char **words, size_t *count)
{
    const struct option_value *capabilities = &values[STACK_CAPABILITIES];
    bool is_good = true;

    for (int i = STACK_REGION; is_good && i < STACK_CAPABILITIES; i++)
        if (values[i].is_set)
            is_good = add(build, stack, stack_options[i].name, values[i].text, words, count);
    for (size_t i = 0; is_good && i < capabilities->list_length; i++)
        is_good = add(build, stack, "capability", capabilities->list[i], words, count);
    return is_good;
}
