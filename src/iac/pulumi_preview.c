/* pulumi_preview.c - steps and the summary of a preview; one line for each change, sorted.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_preview.h"

#include "base/text.h"
#include "io/buffer.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_MAX = 100000,
    DIAGNOSTICS_MAX = 100000,
    WORD_MAX = 64,
    MESSAGE_MAX = 64 * 1024,
    COUNT_TEXT = 32,
    REASONS_MAX = 1000,
    TEXT_MAX = 2 * PLAN_JSON_MAX
};
/* What is put behind a name to make it the only one: "-1a2b3c4". */
enum { ENDING_MIN = 4, ENDING_MAX = 40 };

/* ---- one step as a line ---- */

struct line {
    struct buffer buffer;
    const char *name; /* NULL: every text is compared as it is */
    bool *is_full;    /* set where there is no room for it */
};

static void put(struct line *line, const char *text)
{
    if (!buffer_add(&line->buffer, text, strlen(text)))
        *line->is_full = true;
}

/* The resource's name with letters and digits behind it. */
static bool is_made_anew(const char *text, const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t length = strlen(name);

    if (length == 0 || strncmp(text, name, length) != 0)
        return false;
    const char *ending = text + length + strspn(text + length, "-_");
    size_t count = strspn(ending, letters);
    return ending[count] == '\0' && count >= ENDING_MIN && count <= ENDING_MAX &&
           strpbrk(ending, "0123456789") != NULL;
}

/* Such that two values have one text where they are equal, and else never. */
static void put_value(struct line *line, const struct json_node *value);

static void put_member(struct line *line, const struct json_node *member)
{
    char length[COUNT_TEXT];
    const char *name = json_name(member);

    if (name != NULL) {
        (void)snprintf(length, sizeof(length), "%zu:", strlen(name));
        put(line, length);
        put(line, name);
    }
    put(line, "=");
    put_value(line, member);
    put(line, ",");
}

static void put_value(struct line *line, const struct json_node *value)
{
    const char *text = "";

    if (json_is_object(value) || json_is_array(value)) {
        put(line, json_is_object(value) ? "{" : "[");
        for (struct json_node one = json_first(value); one.item != NULL; one = json_next(value, &one))
            put_member(line, &one);
        put(line, "]");
        return;
    }
    if (line->name != NULL && json_as_text(value, TEXT_MAX, &text, NULL) && is_made_anew(text, line->name)) {
        put(line, "*");
        return;
    }
    char *printed = json_print(value->item);
    put(line, printed);
    free(printed);
}

/* What it shall be; what it will say of itself is not known yet. */
static void put_wanted(struct line *line, const struct json_node *wanted, bool without_inputs)
{
    put(line, "to ");
    for (struct json_node one = json_first(wanted); one.item != NULL; one = json_next(wanted, &one))
        if (strcmp(json_name(&one), "outputs") != 0 &&
            !(without_inputs && strcmp(json_name(&one), "inputs") == 0))
            put_member(line, &one);
}

static const char *name_in(const char *urn)
{
    const char *at = urn;

    for (const char *next = NULL; (next = strstr(at, "::")) != NULL;)
        at = next + 2;
    return at;
}

static char *line_of(const struct json_node *step, const struct pulumi_step *what, enum pulumi_values values,
                     bool *is_full)
{
    static const char *const members[] = {"provider",    "oldState",       "newState",
                                          "diffReasons", "replaceReasons", "detailedDiff"};
    bool is_made = pulumi_op_makes(what->op);
    struct line line = {.is_full = is_full};

    buffer_init(&line.buffer, TEXT_MAX);
    put(&line, pulumi_op_name(what->op));
    put(&line, " ");
    put(&line, what->urn);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        struct json_node member = json_member(step, members[i]);
        put(&line, " ");
        if (member.item == NULL)
            continue;
        bool is_wanted = strcmp(members[i], "newState") == 0 && json_is_object(&member);
        line.name = is_wanted && is_made ? name_in(what->urn) : NULL;
        if (is_wanted)
            put_wanted(&line, &member, is_made && values == PULUMI_VALUES_SAVED);
        else
            put_member(&line, &member);
    }
    put(&line, "\n");
    return buffer_take(&line.buffer);
}

/* ---- the whole preview ---- */

struct reading {
    enum pulumi_values values;
    const struct plan_reader *reader;
    struct pulumi_preview *preview;
    char **lines; /* as many as steps */
    bool is_full; /* there was no room for all of them */
    size_t tally[PULUMI_OP_COUNT];
};

static void tell(const struct reading *reading, enum pulumi_op op, const char *urn, const char *reason)
{
    bool is_part = pulumi_op_action(op) == PLAN_REPLACE && op != PULUMI_REPLACE;

    if (reading->reader != NULL && !is_part)
        reading->reader->change(reading->reader->data, pulumi_op_action(op), urn, reason);
}

/* The first property that needs a new resource. */
static bool read_reason(const struct json_node *step, const char **ret_reason, struct err *err)
{
    struct json_node reasons = {0};
    size_t count = 0;

    if (!json_array(step, "replaceReasons", JSON_OPTIONAL, REASONS_MAX, &reasons, &count, err))
        return false;
    struct json_node first = count == 0 ? (struct json_node){0} : json_first(&reasons);
    return first.item == NULL || json_as_text(&first, MESSAGE_MAX, ret_reason, err);
}

static bool read_step(struct reading *reading, const struct json_node *node, struct err *err)
{
    struct pulumi_preview *preview = reading->preview;
    enum pulumi_op op = PULUMI_SAME;
    const char *urn = "";
    const char *reason = "";

    if (!json_as_object(node, err) || !pulumi_op_read(node, "op", &op, err) ||
        !json_text(node, "urn", JSON_REQUIRED, PULUMI_URN_MAX, &urn, err) || !read_reason(node, &reason, err))
        return false;
    reading->tally[op]++;
    if (!pulumi_op_changes(op))
        return true;
    struct pulumi_step *step = &preview->steps[preview->step_count];
    *step = (struct pulumi_step){.op = op, .urn = memory_copy_text(urn)};
    reading->lines[preview->step_count++] = line_of(node, step, reading->values, &reading->is_full);
    tell(reading, op, urn, reason);
    return true;
}

static bool read_steps(struct reading *reading, const struct json_node *root, struct err *err)
{
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(root, "steps", JSON_OPTIONAL, STEPS_MAX, &all, &count, err))
        return false;
    reading->preview->steps = memory_take_array(count + 1, sizeof(*reading->preview->steps));
    reading->lines = memory_take_array(count + 1, sizeof(*reading->lines));
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one))
        if (!read_step(reading, &one, err))
            return false;
    return true;
}

static bool read_summary(const struct json_node *root, size_t tally[PULUMI_OP_COUNT], struct err *err)
{
    struct json_node all = {0};

    if (!json_object(root, "changeSummary", JSON_OPTIONAL, &all, err))
        return false;
    for (struct json_node one = json_first(&all); all.item != NULL && one.item != NULL;
         one = json_next(&all, &one)) {
        enum pulumi_op op = PULUMI_SAME;
        int64_t count = 0;
        if (!pulumi_op_find(json_name(&one), &op))
            return err_set(err, ERR_INVALID, "%s: is no operation that is known here", JSON_POINTER(&one));
        if (!json_integer(&all, json_name(&one), JSON_REQUIRED, 0, STEPS_MAX, &count, err))
            return false;
        tally[op] = (size_t)count;
    }
    return true;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct plan_counts count(const size_t tally[PULUMI_OP_COUNT])
{
    size_t made =
        tally[PULUMI_CREATE_REPLACEMENT] + tally[PULUMI_IMPORT_REPLACEMENT] + tally[PULUMI_READ_REPLACEMENT];
    size_t taken = tally[PULUMI_DELETE_REPLACED] + tally[PULUMI_DISCARD_REPLACED];
    struct plan_counts counts = {.outputs = 0};

    for (int i = 0; i < PULUMI_REPLACE; i++)
        if (pulumi_op_changes((enum pulumi_op)i))
            counts.of[pulumi_op_action((enum pulumi_op)i)] += tally[i];
    counts.of[PLAN_REPLACE] = larger(tally[PULUMI_REPLACE], larger(made, taken));
    for (int i = 0; i < PLAN_ACTION_COUNT; i++)
        counts.drifts += counts.of[i];
    return counts;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool join(struct reading *reading, struct err *err)
{
    size_t line_count = reading->preview->step_count;
    struct line whole = {.is_full = &reading->is_full};

    buffer_init(&whole.buffer, TEXT_MAX);
    if (line_count > 1)
        qsort(reading->lines, line_count, sizeof(*reading->lines), compare);
    for (size_t i = 0; i < line_count; i++)
        put(&whole, reading->lines[i]);
    reading->preview->text = buffer_take(&whole.buffer);
    return !reading->is_full || err_set(err, ERR_LIMIT, "it changes too much to be compared");
}

static bool read_root(struct reading *reading, const struct cJSON *tree, struct err *err)
{
    size_t summary[PULUMI_OP_COUNT] = {0};
    struct json_node root = json_root(tree);
    bool is_corrupt = false;

    if (!json_as_object(&root, err) || !json_bool(&root, "maybeCorrupt", JSON_OPTIONAL, &is_corrupt, err) ||
        !read_steps(reading, &root, err) || !read_summary(&root, summary, err))
        return false;
    if (is_corrupt)
        return err_set(err, ERR_INVALID, "#/maybeCorrupt: pulumi does not trust its own state");
    for (size_t i = 0; i < PULUMI_OP_COUNT; i++)
        summary[i] = larger(summary[i], reading->tally[i]);
    reading->preview->counts = count(summary);
    return join(reading, err);
}

bool pulumi_preview_read(const char *json, size_t length, enum pulumi_values values,
                         const struct plan_reader *reader, struct pulumi_preview *ret_preview,
                         struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct pulumi_preview preview = {.step_count = 0};
    struct reading reading = {.values = values, .reader = reader, .preview = &preview};

    bool is_good = json_parse(json, length, &plan_json_limits, &tree, err) && read_root(&reading, tree, err);
    for (size_t i = 0; i < preview.step_count; i++)
        free(reading.lines[i]);
    free(reading.lines);
    if (is_good)
        *ret_preview = preview;
    else
        pulumi_preview_done(&preview);
    return is_good;
}

void pulumi_preview_done(struct pulumi_preview *preview)
{
    for (size_t i = 0; i < preview->step_count; i++)
        free(preview->steps[i].urn);
    free(preview->steps);
    free(preview->text);
    *preview = (struct pulumi_preview){.step_count = 0};
}

bool pulumi_preview_allows(const struct pulumi_preview *preview, enum pulumi_op op, const char *urn)
{
    if (!pulumi_op_changes(op))
        return true;
    for (size_t i = 0; i < preview->step_count; i++)
        if (pulumi_op_is_within(op, preview->steps[i].op) && strcmp(preview->steps[i].urn, urn) == 0)
            return true;
    return false;
}

/* ---- what else it says ---- */

void pulumi_preview_complaints(const char *json, size_t length, void (*say)(void *data, const char *message),
                               void *data)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct json_node all = {0};
    size_t number = 0;

    if (!json_parse(json, length, &plan_json_limits, &tree, NULL))
        return;
    struct json_node root = json_root(tree);
    if (!json_is_object(&root) ||
        !json_array(&root, "diagnostics", JSON_OPTIONAL, DIAGNOSTICS_MAX, &all, &number, NULL) ||
        all.item == NULL)
        return;
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one)) {
        const char *severity = json_text_of(one.item, "severity");
        if (strcmp(severity, "error") == 0 || strcmp(severity, "warning") == 0)
            say(data, json_text_of(one.item, "message"));
    }
}

bool pulumi_export_count(const char *json, size_t length, size_t *ret_count, struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct json_node deployment = {0};
    struct json_node all = {0};
    size_t number = 0;

    if (!json_parse(json, length, &plan_json_limits, &tree, err))
        return false;
    struct json_node root = json_root(tree);
    if (!json_as_object(&root, err) || !json_object(&root, "deployment", JSON_REQUIRED, &deployment, err) ||
        !json_array(&deployment, "resources", JSON_OPTIONAL, STEPS_MAX, &all, &number, err))
        return false;
    *ret_count = number;
    return true;
}
