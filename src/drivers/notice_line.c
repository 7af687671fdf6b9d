/* notice_line.c - blanks, and the facts that fill them.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_line.h"

#include "base/attributes.h"
#include "base/placeholder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 32 };

/* Where a fact lies: a text, or (is_number) a number. */
struct blank {
    const char *name;
    size_t offset;
    bool is_number;
};

#define BLANK(name)                                                                                          \
    {                                                                                                        \
#name, offsetof(struct notice_facts, name), false                                                    \
    }
#define NUMBER(name)                                                                                         \
    {                                                                                                        \
#name, offsetof(struct notice_facts, name), true                                                     \
    }

/* In the order of notice_blanks. */
static const struct blank blanks[] = {
    BLANK(action), BLANK(actor),     BLANK(answer),  BLANK(approvers),   BLANK(author), NUMBER(bound),
    BLANK(commit), BLANK(condition), NUMBER(count),  BLANK(environment), BLANK(event),  BLANK(evidence),
    BLANK(about),  BLANK(link),      BLANK(metric),  BLANK(pipeline),    BLANK(plan),   BLANK(previous),
    BLANK(reason), BLANK(rule),      BLANK(service), NUMBER(share),      BLANK(stack),  BLANK(summary),
    BLANK(time),   NUMBER(value),    BLANK(version), BLANK(why),
};

const char *const notice_blanks[] = {"action", "actor",     "answer",  "approvers",   "author", "bound",
                                     "commit", "condition", "count",   "environment", "event",  "evidence",
                                     "about",  "link",      "metric",  "pipeline",    "plan",   "previous",
                                     "reason", "rule",      "service", "share",       "stack",  "summary",
                                     "time",   "value",     "version", "why",         NULL};

static const char *fact_of(const struct notice_facts *facts, const struct blank *blank,
                           char memory[NUMBER_SIZE])
{
    const char *at = (const char *)facts + blank->offset;

    if (!blank->is_number) {
        const char *const *text = (const void *)at;
        return *text == NULL ? "" : *text;
    }
    const double *number = (const void *)at;
    if (!isfinite(*number))
        return "";
    (void)snprintf(memory, NUMBER_SIZE, "%.4g", *number);
    return memory;
}

static void add_fact(struct text *to, const struct notice_facts *facts, const char *name,
                     enum notice_escape escape)
{
    char memory[NUMBER_SIZE];

    for (size_t i = 0; i < ARRAY_LENGTH(blanks); i++)
        if (strcmp(blanks[i].name, name) == 0)
            notice_text_add(to, fact_of(facts, &blanks[i], memory), escape);
}

/* A text that was checked has no other blanks; of one that was not, the rest stays as it is. */
const char *notice_line(const struct notice_facts *facts, const char *text, enum notice_escape escape,
                        char *to, size_t size)
{
    struct text line;

    if (text == NULL)
        return notice_text(facts->summary, escape, to, size);
    text_init(&line, to, size);
    struct placeholder found = placeholder_find(text);
    for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(text)) {
        text_add_bytes(&line, text, found.before);
        add_fact(&line, facts, found.name, escape);
        text = found.after;
    }
    text_add(&line, "%s", text);
    return to;
}
