/* logs_text.c - outputs as lines: a head that says whose they are and what came of it, then what was printed.
 * SPDX-License-Identifier: MIT */
#include "cli/logs_text.h"

#include "base/text.h"
#include "cli/field.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static bool is_command(const cJSON *entry)
{
    return strcmp(field_text(entry, "kind"), "command") == 0;
}

/* How the command itself ended. */
static void add_end(const cJSON *entry, struct text *to)
{
    double status = field_number(entry, "exit_status");
    double signal = field_number(entry, "signal");

    if (field_flag(entry, "timed_out"))
        text_add(to, "stopped at its deadline");
    else if (field_flag(entry, "cancelled"))
        text_add(to, "cancelled");
    else if (signal > 0)
        text_add(to, "ended by signal %.0f", signal);
    else if (field_text(entry, "error")[0] != '\0')
        text_add(to, "not executed: %s", field_text(entry, "error"));
    else if (status > 0)
        text_add(to, "ended with status %.0f", status);
    else
        text_add(to, "done");
}

/* What the journal says of the action. */
static void add_result(const cJSON *entry, struct text *to)
{
    static const char *const words[][2] = {
        {"done", "done"}, {"again", "to be tried again"}, {"failed", "failed"}, {"unknown", "fate unknown"}};
    const char *result = field_text(entry, "result");

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i][0], result) == 0) {
            text_add(to, "%s", words[i][1]);
            return;
        }
    text_add(to, field_flag(entry, "over") ? "left undone" : "under way");
}

static bool is_task(const cJSON *entry)
{
    return field_text(entry, "stage")[0] != '\0';
}

/* A task's end is more than its command's: a plan may be refused that was made well. */
static void add_task_outcome(const cJSON *entry, struct text *to)
{
    const char *result = field_text(entry, "result");
    const char *deployment = field_text(entry, "deployment");

    text_add(to, "%s%s%s", result, deployment[0] == '\0' ? "" : ", ", deployment);
    if (strcmp(result, "running") != 0 && field_text(entry, "why")[0] != '\0')
        text_add(to, ": %s", field_text(entry, "why"));
}

static void add_outcome(const cJSON *entry, struct text *to)
{
    const char *state = field_text(entry, "state");

    if (is_task(entry))
        add_task_outcome(entry, to);
    else if (strcmp(state, "ended") == 0)
        add_end(entry, to);
    else if (state[0] == '\0')
        add_result(entry, to);
    else
        text_add(to, "%s", state);
}

static void add_name(const cJSON *entry, struct text *to)
{
    const char *kind = field_text(entry, "kind");
    const char *name = field_text(entry, "name");
    const cJSON *share = cJSON_GetObjectItemCaseSensitive(entry, "share");

    if ((!is_command(entry) && !is_task(entry)) || name[0] == '\0')
        text_add(to, "%s%s", kind, name[0] == '\0' ? "" : " ");
    text_add(to, "%s", name);
    if (cJSON_IsNumber(share))
        text_add(to, " %g %%", share->valuedouble);
    if (field_text(entry, "host")[0] != '\0')
        text_add(to, ", host %s", field_text(entry, "host"));
    if (field_number(entry, "try") > 1)
        text_add(to, ", try %.0f", field_number(entry, "try"));
    if (field_flag(entry, "rollback"))
        text_add(to, ", on the way back");
}

static void make_head(const cJSON *entry, char head[LOGS_HEAD_SIZE])
{
    struct text to;

    text_init(&to, head, LOGS_HEAD_SIZE);
    text_add(&to, "== %s  ", field_text(entry, "time"));
    if (field_text(entry, "stage")[0] != '\0')
        text_add(&to, "stage %s  ", field_text(entry, "stage"));
    else
        text_add(&to, "step %.0f  ", field_number(entry, "step") + 1);
    add_name(entry, &to);
    text_add(&to, ": ");
    add_outcome(entry, &to);
}

static struct logs_piece *piece_of(struct logs_text *text, const char *place)
{
    for (size_t i = text->count; i > 0; i--)
        if (strcmp(text->pieces[i - 1].place, place) == 0)
            return &text->pieces[i - 1];
    text->pieces = memory_resize(text->pieces, (text->count + 1) * sizeof(*text->pieces));
    struct logs_piece *piece = &text->pieces[text->count++];
    *piece = (struct logs_piece){.length = 0};
    (void)snprintf(piece->place, sizeof(piece->place), "%s", place);
    return piece;
}

static enum terminal_color color_of(const cJSON *entry)
{
    struct text to;
    char outcome[LOGS_HEAD_SIZE];

    text_init(&to, outcome, sizeof(outcome));
    add_outcome(entry, &to);
    if (strcmp(outcome, "done") == 0)
        return COLOR_GOOD;
    return strcmp(outcome, "running") == 0 || strcmp(outcome, "under way") == 0 ? COLOR_BOLD : COLOR_BAD;
}

static void print_head(struct logs_text *text, const cJSON *entry, const char *head)
{
    if (strcmp(head, text->head) == 0)
        return;
    (void)snprintf(text->head, sizeof(text->head), "%s", head);
    (void)fprintf(text->to, "%s%s%s\n", terminal_color(text->terminal, color_of(entry)), head,
                  terminal_color(text->terminal, COLOR_NONE));
}

static void print_lines(FILE *to, const char *lines)
{
    size_t length = strlen(lines);

    (void)fputs(lines, to);
    if (length > 0 && lines[length - 1] != '\n')
        (void)fputs("\n", to);
}

/* Lines below the head of their output. */
static void print_below(struct logs_text *text, const cJSON *entry, const char *head, const char *lines)
{
    if (text->wanted == NULL) {
        print_head(text, entry, head);
        print_lines(text->to, lines);
        return;
    }
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        if (memmem(lines, length, text->wanted, strlen(text->wanted)) != NULL) {
            print_head(text, entry, head);
            (void)fprintf(text->to, "%.*s\n", (int)length, lines);
        }
        lines += length + (lines[length] == '\n');
    }
}

/* Where nothing was printed, or what was is not known. */
static const char *remark_of(const cJSON *entry)
{
    if (field_text(entry, "output")[0] != '\0' || is_task(entry))
        return "";
    if (field_text(entry, "why")[0] != '\0')
        return field_text(entry, "why");
    if (is_command(entry) && field_text(entry, "state")[0] == '\0' && field_flag(entry, "over"))
        return "(nothing is kept of what it printed)";
    return "";
}

bool logs_text_add(struct logs_text *text, const cJSON *entry)
{
    const char *output = field_text(entry, "output");
    size_t length = strlen(output);
    bool is_tail = field_flag(entry, "tail");
    char head[LOGS_HEAD_SIZE];

    if (text->is_following && is_command(entry) && field_text(entry, "state")[0] == '\0' &&
        !field_flag(entry, "over"))
        return false;
    make_head(entry, head);
    struct logs_piece *piece = piece_of(text, field_text(entry, "place"));
    bool is_known = strcmp(piece->head, head) == 0;
    if (is_tail && piece->length > 0) /* its beginning was shown; what of this is new nobody knows */
        length = 0;
    if (is_known && length <= piece->length)
        return false;
    print_below(text, entry, head, length > piece->length ? output + piece->length : remark_of(entry));
    if (length > piece->length)
        piece->length = length;
    (void)snprintf(piece->head, sizeof(piece->head), "%s", head);
    (void)fflush(text->to);
    return true;
}

void logs_text_done(struct logs_text *text)
{
    free(text->pieces);
    text->pieces = NULL;
    text->count = 0;
}
