/* list.c - verdict ls: deployments, newest first.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/verb.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { ESCAPED_MAX = 192 };

/* Of a query: letters, digits and -._, are themselves. */
static void add_parameter(struct text *path, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    text_add(path, "%s%s=", strchr(path->data, '?') == NULL ? "?" : "&", name);
    for (; *value != '\0'; value++) {
        bool is_plain = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z') ||
                        (*value >= '0' && *value <= '9') || strchr("-._,", *value) != NULL;
        text_add(path, is_plain ? "%c" : "%%%02X", (unsigned char)*value);
    }
}

/* What its state leaves open: in a group it may wait for another one. */
static const char *more_of(const cJSON *row)
{
    if (field_flag(row, "escalated"))
        return "!";
    if (field_text(row, "hold")[0] != '\0')
        return ",held";
    return cJSON_GetArraySize(field_part(row, "waits_for")) > 0 ? ",waits" : "";
}

static void print_row(const cJSON *row)
{
    char name[ESCAPED_MAX];
    char state[ESCAPED_MAX];

    (void)snprintf(name, sizeof(name), "%s/%s", field_text(row, "service"), field_text(row, "environment"));
    (void)snprintf(state, sizeof(state), "%s%s", field_text(row, "state"), more_of(row));
    (void)printf("%-9s %-20s %-14s %-14s %5g %%  %-20s %s\n", field_text(row, "id"), name,
                 field_text(row, "version"), state, field_number(row, "share"), field_text(row, "created"),
                 field_text(row, "actor"));
}

int list_run(struct cli *cli)
{
    static const char *const names[] = {"service", "environment", "state"};
    char memory[1024];
    char limit[16];
    struct text path;

    text_init(&path, memory, sizeof(memory));
    text_add(&path, "/v1/deployments");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        add_parameter(&path, names[i], verb_text(cli, names[i]));
    (void)snprintf(limit, sizeof(limit), "%.0f", verb_value(cli, "limit")->number);
    add_parameter(&path, "limit", limit);
    return verb_list(cli, memory, "deployments", print_row);
}
