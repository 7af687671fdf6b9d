/* run_tree.c - a run drawn as text.
 * SPDX-License-Identifier: MIT */
#include "cli/run_tree.h"

#include "cli/field.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { NAME_WIDTH = 16 };

struct mark {
    const char *states; /* names, each with a space behind it */
    const char *sign;   /* UTF-8 */
    const char *plain;  /* ASCII */
    enum terminal_color color;
};

static const struct mark marks[] = {
    {"done ", "✔", "+", COLOR_GOOD},
    {"skipped ", "✔", "-", COLOR_DIM},
    {"failed stopped aborted ", "✖", "x", COLOR_BAD},
    {"running resting stopping ", "●", ">", COLOR_BOLD},
    {"waiting awaiting asking ", "●", "?", COLOR_BOLD},
    {"", "◌", ".", COLOR_DIM},
};

static bool is_one_of(const char *states, const char *state)
{
    size_t length = strlen(state);

    for (const char *at = states; *at != '\0'; at += strcspn(at, " ") + 1)
        if (strncmp(at, state, length) == 0 && at[length] == ' ')
            return true;
    return states[0] == '\0';
}

static void add_mark(const struct terminal *terminal, const char *state, struct text *text)
{
    size_t i = 0;

    while (!is_one_of(marks[i].states, state))
        i++;
    text_add(text, "%s%s%s", terminal_color(terminal, marks[i].color),
             terminal->has_utf8 ? marks[i].sign : marks[i].plain, terminal_color(terminal, COLOR_NONE));
}

static void add_waits(const cJSON *task, struct text *text)
{
    const cJSON *name = NULL;
    bool is_first = true;

    cJSON_ArrayForEach(name, field_part(task, "waits_for"))
    {
        text_add(text, "%s %s", is_first ? ", waits for" : ",", cJSON_GetStringValue(name));
        is_first = false;
    }
}

/* ", 1 of 2 approve (alice)", where several have to. */
static void add_approvals(const cJSON *task, struct text *text)
{
    const cJSON *people = field_part(task, "approved_by");
    const cJSON *name = NULL;
    bool is_first = true;

    if (!(field_number(task, "need") > 1))
        return;
    text_add(text, ", %d of %.0f approve", cJSON_GetArraySize(people), field_number(task, "need"));
    cJSON_ArrayForEach(name, people)
    {
        text_add(text, "%s%s", is_first ? " (" : ", ", cJSON_GetStringValue(name));
        is_first = false;
    }
    text_add(text, is_first ? "" : ")");
}

/* Is it one of those that something goes on with? */
static bool is_now(const char *state)
{
    return is_one_of("running resting stopping waiting awaiting asking failed ", state);
}

static void draw_task(const cJSON *task, const struct terminal *terminal, struct page *page)
{
    struct text *text = &page->text;
    const char *state = field_text(task, "state");
    const char *deployment = field_text(task, "deployment");
    const char *why = field_text(task, "why");

    text_add(text, "     ");
    add_mark(terminal, state, text);
    text_add(text, " %-*s %s", NAME_WIDTH, field_text(task, "name"), state);
    if (field_number(task, "tries") > 1)
        text_add(text, ", try %.0f", field_number(task, "tries"));
    if (field_text(task, "version")[0] != '\0')
        text_add(text, "  %s", field_text(task, "version"));
    if (deployment[0] != '\0')
        text_add(text, "  %s", deployment);
    add_waits(task, text);
    add_approvals(task, text);
    if (why[0] == '\0')
        why = field_text(task, "cause");
    if (why[0] != '\0')
        text_add(text, "  (%s)", why);
    page_end_line(page, is_now(state) ? PAGE_NOW : PAGE_OTHER);
}

static void draw_stage(const cJSON *stage, const struct terminal *terminal, struct page *page)
{
    const char *state = field_text(stage, "state");
    const cJSON *task = NULL;

    text_add(&page->text, " ");
    add_mark(terminal, state, &page->text);
    text_add(&page->text, " %s", field_text(stage, "name"));
    page_end_line(page, is_now(state) ? PAGE_NOW : PAGE_OTHER);
    cJSON_ArrayForEach(task, field_part(stage, "tasks")) draw_task(task, terminal, page);
}

void run_tree_draw(const cJSON *run, const struct terminal *terminal, struct page *page)
{
    struct text *text = &page->text;
    const char *digest = field_text(run, "digest");
    const char *group = field_text(run, "group");
    const char *stack = field_text(run, "stack");
    const char *trace = field_text(run, "trace_id");
    const cJSON *stage = NULL;

    if (stack[0] != '\0')
        text_add(text, "%s/%s", stack, field_text(run, "environment"));
    text_add(text, "%s %s  %s%s%s",
             stack[0] != '\0'   ? ""
             : group[0] == '\0' ? field_text(run, "pipeline")
                                : group,
             field_text(run, "version"), field_text(run, "id"), digest[0] == '\0' ? "" : "  ", digest);
    page_end_line(page, PAGE_HEAD);
    text_add(text, "%s: %s", field_text(run, "state"), field_text(run, "summary"));
    page_end_line(page, PAGE_HEAD);
    if (trace[0] != '\0') {
        text_add(text, "%strace %s%s", terminal_color(terminal, COLOR_DIM), trace,
                 terminal_color(terminal, COLOR_NONE));
        page_end_line(page, PAGE_SPACE);
    }
    cJSON_ArrayForEach(stage, field_part(run, "stages")) draw_stage(stage, terminal, page);
}
