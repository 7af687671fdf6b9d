/* report.c - plans and outputs in words and numbers.
 * SPDX-License-Identifier: MIT */
#include "iac/report.h"

#include "base/text.h"
#include "io/json.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 1000, OUTPUTS_MAX = 32, NAME_SIZE = 64, VALUE_SIZE = 1024 };

void report_change(struct report_shown *shown, enum plan_action action, const char *address,
                   const char *reason)
{
    static const char *const signs[PLAN_ACTION_COUNT] = {
        [PLAN_CREATE] = "+", [PLAN_UPDATE] = "~", [PLAN_DELETE] = "-", [PLAN_REPLACE] = "-/+"};

    shown->count++;
    if (shown->count <= SHOWN_MAX)
        (void)printf("%-3s %s%s%s%s\n", signs[action], address, reason[0] == '\0' ? "" : " (", reason,
                     reason[0] == '\0' ? "" : ")");
}

void report_summary(const struct job *job, const struct report_shown *shown, const struct plan_counts *counts)
{
    if (shown->count > SHOWN_MAX)
        (void)printf("... and %zu more\n", shown->count - SHOWN_MAX);
    (void)printf("%s/%s: %zu to create, %zu to update, %zu to delete, %zu to replace, %zu outputs change\n",
                 job->stack, job->environment, counts->of[PLAN_CREATE], counts->of[PLAN_UPDATE],
                 counts->of[PLAN_DELETE], counts->of[PLAN_REPLACE], counts->outputs);
}

static void show_change(void *data, enum plan_action action, const char *address, const char *reason)
{
    report_change(data, action, address, reason);
}

struct plan_reader report_reader(struct report_shown *shown)
{
    return (struct plan_reader){.data = shown, .change = show_change};
}

bool report_plan(const struct job *job, const char *json, size_t length, struct plan_counts *ret_counts,
                 struct err *err)
{
    struct report_shown shown = {0};
    const struct plan_reader reader = report_reader(&shown);
    struct plan_counts counts = {.outputs = 0};

    if (!plan_read(json, length, &reader, &counts, err))
        return false;
    report_summary(job, &shown, &counts);
    *ret_counts = counts;
    return true;
}

void report_counts(const struct job *job, const struct plan_counts *counts, bool has_changes)
{
    size_t changes = counts->outputs;

    for (int i = 0; i < PLAN_ACTION_COUNT; i++) {
        job_tell_number(job, plan_count_name((enum plan_action)i), counts->of[i]);
        changes += counts->of[i];
    }
    job_tell_number(job, IAC_OUTPUT_CHANGES, changes == 0 && has_changes ? 1 : changes);
}

void report_output(const struct job *job, const char *name, const char *value)
{
    char whole[NAME_SIZE];

    if (strlen(value) < VALUE_SIZE && snprintf(whole, sizeof(whole), IAC_OUTPUT_OF "%s", name) < NAME_SIZE)
        job_tell(job, whole, value);
}

/* Lists and what is too long are left out: they are in the state. */
static void tell_value(const struct job *job, const char *name, const struct json_node *value)
{
    char text[VALUE_SIZE];

    if (value->item != NULL && json_value_text(value->item, text, sizeof(text)))
        report_output(job, name, text);
}

/* {"sensitive": false, "value": ...} */
static void tell_output(const struct job *job, const struct json_node *one)
{
    struct json_node value = {0};
    bool is_secret = true;

    if (!json_is_object(one) || !json_bool(one, "sensitive", JSON_REQUIRED, &is_secret, NULL) || is_secret)
        return;
    value = json_member(one, "value");
    tell_value(job, json_name(one), &value);
}

static void tell_plain(const struct job *job, const struct json_node *one)
{
    const char *text = "";

    if (!json_as_text(one, VALUE_SIZE, &text, NULL) || strcmp(text, "[secret]") != 0)
        tell_value(job, json_name(one), one);
}

static bool tell_each(const struct job *job, const char *json, size_t length,
                      void (*tell_one)(const struct job *job, const struct json_node *one), struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    size_t count = 0;

    if (!json_parse(json, length, NULL, &tree, err))
        return err_wrap(err, "its outputs");
    struct json_node root = json_root(tree);
    if (!json_as_object(&root, err))
        return err_wrap(err, "its outputs");
    for (struct json_node one = json_first(&root); one.item != NULL && count < OUTPUTS_MAX;
         one = json_next(&root, &one), count++)
        tell_one(job, &one);
    return true;
}

bool report_outputs(const struct job *job, const char *json, size_t length, struct err *err)
{
    return tell_each(job, json, length, tell_output, err);
}

bool report_values(const struct job *job, const char *json, size_t length, struct err *err)
{
    return tell_each(job, json, length, tell_plain, err);
}
