/* tree.c - a deployment drawn as text.
 * SPDX-License-Identifier: MIT */
#include "cli/tree.h"

#include "base/duration.h"
#include "cli/field.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BAR_WIDTH = 20,
    MARK_WIDTH = 3,
    NAME_WIDTH = 16,
    CONDITION_WIDTH = 34,
    CONDITION_LEAST = 10,
    CELL_SIZE = 256,
    LEVELS = 8
};

struct mark {
    const char *state;
    const char *sign;  /* UTF-8 */
    const char *plain; /* ASCII */
    enum terminal_color color;
};

static const struct mark step_marks[] = {
    {"done", "✔", "+", COLOR_GOOD},
    {"current", "●", ">", COLOR_BOLD},
    {"todo", "◌", ".", COLOR_DIM},
    {"failed", "✖", "x", COLOR_BAD},
};

static const struct mark verdict_marks[] = {
    {"pass", "✔", "+", COLOR_GOOD},
    {"fail", "✖", "x", COLOR_BAD},
    {"inconclusive", "◌", "?", COLOR_DIM},
};

struct drawing {
    const struct terminal *terminal;
    struct text *text; /* the page's */
    struct page *page;
};

static void end_line(struct drawing *drawing, enum page_rank rank)
{
    page_end_line(drawing->page, rank);
}

static void add_colored(const struct drawing *drawing, enum terminal_color color, const char *words)
{
    text_add(drawing->text, "%s%s%s", terminal_color(drawing->terminal, color), words,
             terminal_color(drawing->terminal, COLOR_NONE));
}

static void add_mark(const struct drawing *drawing, const struct mark *marks, size_t count, const char *state)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(marks[i].state, state) == 0) {
            add_colored(drawing, marks[i].color,
                        drawing->terminal->has_utf8 ? marks[i].sign : marks[i].plain);
            return;
        }
    text_add(drawing->text, " ");
}

void tree_value(double value, const char *unit, struct text *text)
{
    bool is_ratio = strcmp(unit, "ratio") == 0;
    double shown = is_ratio ? value * 100.0 : value;

    if (!isfinite(value)) {
        text_add(text, "?");
        return;
    }
    text_add(text, fabs(shown) >= 1000.0 ? "%.0f" : "%.3g", shown);
    if (is_ratio)
        text_add(text, " %%");
    else if (unit[0] != '\0')
        text_add(text, " %s", unit);
}

static enum terminal_color color_of_state(const cJSON *deployment)
{
    const char *state = field_text(deployment, "state");

    if (field_flag(deployment, "escalated") || strncmp(state, "roll", 4) == 0 ||
        strcmp(state, "rejected") == 0)
        return COLOR_BAD;
    if (strcmp(state, "promoted") == 0)
        return COLOR_GOOD;
    return field_text(deployment, "hold")[0] != '\0' ? COLOR_WARN : COLOR_BOLD;
}

static void draw_header(struct drawing *drawing, const cJSON *deployment)
{
    const char *previous = field_text(deployment, "previous");
    const char *trace = field_text(deployment, "trace_id");
    char line[CELL_SIZE];

    (void)snprintf(line, sizeof(line), "%s/%s %s", field_text(deployment, "service"),
                   field_text(deployment, "environment"), field_text(deployment, "version"));
    add_colored(drawing, COLOR_BOLD, line);
    if (previous[0] != '\0')
        text_add(drawing->text, "  in place of %s", previous);
    text_add(drawing->text, "  %s", field_text(deployment, "id"));
    end_line(drawing, PAGE_HEAD);
    add_colored(drawing, color_of_state(deployment), field_text(deployment, "state"));
    if (field_flag(deployment, "emergency"))
        text_add(drawing->text,
                 field_flag(deployment, "stable_is_bad") ? ", emergency, stable is bad" : ", emergency");
    if (field_flag(deployment, "escalated"))
        text_add(drawing->text, ", escalated");
    text_add(drawing->text, ": %s", field_text(deployment, "summary"));
    end_line(drawing, PAGE_HEAD);
    if (trace[0] == '\0')
        return;
    (void)snprintf(line, sizeof(line), "trace %s", trace);
    add_colored(drawing, COLOR_DIM, line);
    end_line(drawing, PAGE_SPACE);
}

static void draw_bar(struct drawing *drawing, const cJSON *deployment)
{
    double share = field_number(deployment, "share");
    double desired = field_number(deployment, "desired_share");
    double mirror = field_number(deployment, "mirror");
    bool has_utf8 = drawing->terminal->has_utf8;
    int filled = isfinite(share) ? (int)lround(share / 100.0 * BAR_WIDTH) : 0;

    text_add(drawing->text, "traffic ");
    for (int i = 0; i < BAR_WIDTH; i++)
        text_add(drawing->text, "%s", i < filled ? (has_utf8 ? "█" : "#") : (has_utf8 ? "░" : "-"));
    text_add(drawing->text, " %g %%", isfinite(share) ? share : 0.0);
    if (isfinite(desired) && desired != share)
        text_add(drawing->text, " (asked for: %g %%)", desired);
    if (mirror > 0)
        text_add(drawing->text, ", copies %g %%", mirror);
    end_line(drawing, PAGE_HEAD);
}

/* Where people are asked: whom, and the command that answers. */
static void draw_approval(struct drawing *drawing, const cJSON *deployment)
{
    const cJSON *approvals = field_part(deployment, "approvals");

    if (field_text(approvals, "answer")[0] == '\0')
        return;
    text_add(drawing->text, "      asked: %s", field_text(approvals, "approvers"));
    end_line(drawing, PAGE_NOW);
    text_add(drawing->text, "      answer: ");
    add_colored(drawing, COLOR_BOLD, field_text(approvals, "answer"));
    text_add(drawing->text, ", or verdict reject %s", field_text(deployment, "id"));
    end_line(drawing, PAGE_NOW);
}

/* Of the step under way: how far it is. */
static void add_progress(const struct drawing *drawing, const cJSON *deployment)
{
    const cJSON *step = field_part(deployment, "step");
    const cJSON *approvals = field_part(deployment, "approvals");
    double observed_s = field_number(step, "observed_s");
    char duration[DURATION_TEXT_MAX];

    if (step == NULL)
        return;
    if (strcmp(field_text(step, "kind"), "observe") == 0 && isfinite(observed_s))
        text_add(drawing->text, "  observed for %s",
                 duration_format((int64_t)observed_s * 1000, duration, sizeof(duration)));
    if (approvals != NULL)
        text_add(drawing->text, "  %g of %g", field_number(approvals, "got"),
                 field_number(approvals, "needed"));
    if (strcmp(field_text(step, "state"), "held") == 0) {
        text_add(drawing->text, "  ");
        add_colored(drawing, COLOR_WARN, "held");
    }
}

static void draw_steps(struct drawing *drawing, const cJSON *deployment)
{
    const cJSON *steps = field_part(deployment, "steps");
    const cJSON *step = NULL;

    if (cJSON_GetArraySize(steps) == 0)
        return;
    end_line(drawing, PAGE_SPACE);
    cJSON_ArrayForEach(step, steps)
    {
        const char *state = field_text(step, "state");
        text_add(drawing->text, " ");
        add_mark(drawing, step_marks, ARRAY_LENGTH(step_marks), state);
        text_add(drawing->text, " %2.0f %s", field_number(step, "index") + 1.0, field_text(step, "text"));
        bool is_current = strcmp(state, "current") == 0;
        if (is_current)
            add_progress(drawing, deployment);
        end_line(drawing, is_current ? PAGE_NOW : PAGE_OTHER);
        if (is_current)
            draw_approval(drawing, deployment);
    }
}

/* The last `count` values. */
static void add_curve(struct text *text, const struct tree_history *history, size_t rule, unsigned count)
{
    static const char *const levels[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    unsigned first = history->counts[rule] - count;
    double low = INFINITY;
    double high = -INFINITY;

    for (unsigned i = first; i < history->counts[rule]; i++) {
        low = fmin(low, history->values[rule][i]);
        high = fmax(high, history->values[rule][i]);
    }
    text_add(text, " ");
    for (unsigned i = first; i < history->counts[rule]; i++) {
        double part = high > low ? (history->values[rule][i] - low) / (high - low) : 0.0;
        text_add(text, "%s", levels[(size_t)(part * (LEVELS - 1) + 0.5)]);
    }
}

static void add_numbers(struct text *text, const cJSON *rule)
{
    const char *unit = field_text(rule, "unit");
    double estimate = field_number(rule, "estimate");
    const char *verdict = field_text(rule, "verdict");

    if (isfinite(field_number(rule, "value"))) {
        text_add(text, "  ");
        tree_value(field_number(rule, "value"), unit, text);
        text_add(text, " / ");
        tree_value(field_number(rule, "bound"), unit, text);
    }
    if (isfinite(estimate))
        text_add(text, "  ratio %.3g", estimate);
    if (strcmp(verdict, "inconclusive") == 0)
        text_add(text, "  (%s)", field_text(rule, "reason"));
    if (field_flag(rule, "muted") || strcmp(field_text(rule, "mode"), "record") == 0)
        text_add(text, "  only records");
}

/* Columns of a text without escape sequences: characters, as far as the API's texts go. */
static unsigned columns_of(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0U) != 0x80U;
    return count;
}

/* A column of that width, or more where nothing is in the way; what is too long ends with dots. */
static void add_column(const struct drawing *drawing, const char *text, unsigned width, bool is_bound)
{
    const char *dots = drawing->terminal->has_utf8 ? "…" : "~";
    unsigned columns = columns_of(text);

    text_add(drawing->text, " ");
    if (!is_bound || columns <= width) {
        text_add(drawing->text, "%s%*s", text, columns < width ? (int)(width - columns) : 0, "");
        return;
    }
    for (unsigned i = 0; i + 1 < width; i++) {
        size_t length = 1;
        while (((unsigned char)text[length] & 0xC0U) == 0x80U)
            length++;
        text_add_bytes(drawing->text, text, length);
        text += length;
    }
    text_add(drawing->text, "%s", width > 0 ? dots : "");
}

/* " ✔ name condition  1 % / 5 % ▁▂▃": of what does not fit the curve loses its oldest values, then the
 * condition its end. */
static void draw_rule(struct drawing *drawing, const cJSON *rule, const struct tree_history *history,
                      size_t index)
{
    const struct terminal *terminal = drawing->terminal;
    const char *name = field_text(rule, "name");
    bool is_bound = terminal->is_terminal && terminal->width > 0;
    bool has_curve = history != NULL && index < TREE_RULES_MAX && terminal->has_utf8;
    unsigned curve = has_curve ? history->counts[index] : 0;
    unsigned condition = CONDITION_WIDTH;
    char memory[CELL_SIZE];
    struct text numbers;

    text_init(&numbers, memory, sizeof(memory));
    add_numbers(&numbers, rule);
    if (is_bound) {
        unsigned taken = MARK_WIDTH + (columns_of(name) > NAME_WIDTH ? columns_of(name) : NAME_WIDTH) +
                         columns_of(memory) + 2;
        unsigned room = (unsigned)terminal->width > taken ? (unsigned)terminal->width - taken : 0;
        unsigned least = room < CONDITION_LEAST ? room : CONDITION_LEAST;
        curve = curve < room - least ? curve : room - least;
        condition = room - curve < CONDITION_WIDTH ? room - curve : CONDITION_WIDTH;
    }
    text_add(drawing->text, " ");
    add_mark(drawing, verdict_marks, ARRAY_LENGTH(verdict_marks), field_text(rule, "verdict"));
    add_column(drawing, name, NAME_WIDTH, false);
    add_column(drawing, field_text(rule, "condition"), condition, is_bound);
    text_add(drawing->text, "%s", memory);
    if (has_curve && curve > 0)
        add_curve(drawing->text, history, index, curve);
    end_line(drawing, PAGE_NUMBERS);
}

static void draw_rules(struct drawing *drawing, const cJSON *deployment, const struct tree_history *history)
{
    const cJSON *rules = field_part(deployment, "rules");
    const cJSON *rule = NULL;
    size_t index = 0;

    if (cJSON_GetArraySize(rules) == 0)
        return;
    end_line(drawing, PAGE_SPACE);
    cJSON_ArrayForEach(rule, rules) draw_rule(drawing, rule, history, index++);
}

void tree_draw(const cJSON *deployment, const struct terminal *terminal, const struct tree_history *history,
               struct page *page)
{
    struct drawing drawing = {.terminal = terminal, .text = &page->text, .page = page};

    draw_header(&drawing, deployment);
    draw_bar(&drawing, deployment);
    draw_steps(&drawing, deployment);
    draw_rules(&drawing, deployment, history);
}

void tree_note(struct tree_history *history, const cJSON *deployment)
{
    const cJSON *rule = NULL;
    size_t index = 0;

    cJSON_ArrayForEach(rule, field_part(deployment, "rules"))
    {
        double value = field_number(rule, "value");
        if (index >= TREE_RULES_MAX)
            return;
        double *values = history->values[index];
        unsigned *count = &history->counts[index++];
        if (!isfinite(value))
            continue;
        if (*count == TREE_HISTORY) {
            memmove(values, values + 1, (TREE_HISTORY - 1) * sizeof(*values));
            (*count)--;
        }
        values[(*count)++] = value;
    }
}
