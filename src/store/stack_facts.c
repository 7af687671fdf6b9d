/* stack_facts.c - numbers about stacks, as lines of text and back.
 * SPDX-License-Identifier: MIT */
#include "store/stack_facts.h"

#include "base/text.h"
#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64, VALUE_SIZE = 64 };

static const char *const names[STACK_FACT_COUNT] = {
    [FACT_CREATES] = "creates",   [FACT_UPDATES] = "updates",   [FACT_DELETES] = "deletes",
    [FACT_REPLACES] = "replaces", [FACT_CHANGES] = "changes",   [FACT_RESOURCES] = "resources",
    [FACT_DRIFTS] = "drifts",     [FACT_COST] = "monthly_cost", [FACT_COST_BEFORE] = "monthly_cost_before",
    [FACT_CRITICAL] = "critical", [FACT_HIGH] = "high",         [FACT_MEDIUM] = "medium",
    [FACT_LOW] = "low",           [FACT_UNKNOWN] = "unknown",   [FACT_ERRORS] = "errors",
    [FACT_WARNINGS] = "warnings", [FACT_NOTES] = "notes",       [FACT_FINDINGS] = "findings",
    [FACT_SERIAL] = "serial",
};

const char *stack_fact_name(enum stack_fact fact)
{
    return names[fact];
}

void stack_facts_clear(struct stack_facts *facts)
{
    for (int i = 0; i < STACK_FACT_COUNT; i++)
        facts->of[i] = (double)NAN;
}

void stack_facts_put(struct stack_facts *facts, const char *name, const char *value)
{
    double number = 0.0;

    for (int i = 0; i < STACK_FACT_COUNT; i++)
        if (strcmp(names[i], name) == 0 && text_to_number(value, &number) && isfinite(number))
            facts->of[i] = number;
}

void stack_facts_format(const struct stack_facts *facts, char to[STACK_FACTS_TEXT_SIZE])
{
    char number[JSON_NUMBER_MAX];
    struct text text;

    text_init(&text, to, STACK_FACTS_TEXT_SIZE);
    for (int i = 0; i < STACK_FACT_COUNT; i++)
        if (isfinite(facts->of[i]))
            text_add(&text, "%s=%s\n", names[i], json_format_number(facts->of[i], number));
}

static void take_line(struct stack_facts *facts, const char *line, size_t length)
{
    const char *equals = memchr(line, '=', length);
    char name[NAME_SIZE];
    char value[VALUE_SIZE];

    if (equals == NULL)
        return;
    size_t name_length = (size_t)(equals - line);
    size_t value_length = length - name_length - 1;
    if (name_length >= sizeof(name) || value_length >= sizeof(value))
        return;
    (void)snprintf(name, sizeof(name), "%.*s", (int)name_length, line);
    (void)snprintf(value, sizeof(value), "%.*s", (int)value_length, equals + 1);
    stack_facts_put(facts, name, value);
}

void stack_facts_read(const char *lines, struct stack_facts *facts)
{
    const char *line = lines;

    stack_facts_clear(facts);
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        take_line(facts, line, length);
        line += length + (line[length] == '\n');
    }
}
