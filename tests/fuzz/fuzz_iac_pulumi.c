/* fuzz_iac_pulumi.c - libFuzzer: any bytes as a preview of pulumi, as one of its events, and as variables.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_config.h"
#include "iac/pulumi_event.h"
#include "iac/pulumi_preview.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void note(void *data, enum plan_action action, const char *address, const char *reason)
{
    size_t *told = data;

    told[action]++;
    if (address == NULL || reason == NULL)
        abort();
}

static void say(void *data, const char *message)
{
    (void)data;
    if (message == NULL)
        abort();
}

/* What is told is counted, what is shown is allowed, and the same preview is the same text. */
static void read_preview(const char *text, size_t size)
{
    size_t told[PLAN_ACTION_COUNT] = {0};
    const struct plan_reader reader = {.data = told, .change = note};
    struct pulumi_preview one = {.text = NULL};
    struct pulumi_preview other = {.text = NULL};
    struct err err = {0};
    size_t left = 0;

    pulumi_preview_complaints(text, size, say, NULL);
    (void)!pulumi_export_count(text, size, &left, NULL);
    if (!pulumi_preview_read(text, size, PULUMI_VALUES_COMPARED, &reader, &one, &err)) {
        if (err.text[0] == '\0')
            abort();
        return;
    }
    for (int i = 0; i < PLAN_ACTION_COUNT; i++)
        if (one.counts.of[i] < told[i])
            abort();
    for (size_t i = 0; i < one.step_count; i++)
        if (!pulumi_preview_allows(&one, one.steps[i].op, one.steps[i].urn))
            abort();
    if (!pulumi_preview_read(text, size, PULUMI_VALUES_COMPARED, NULL, &other, &err) ||
        strcmp(one.text, other.text) != 0)
        abort();
    pulumi_preview_done(&one);
    pulumi_preview_done(&other);
}

static void read_event(const char *text, size_t size)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct pulumi_event event = {.kind = PULUMI_EVENT_OTHER};
    struct err err = {0};

    if (!json_parse(text, size, &plan_json_limits, &tree, &err))
        return;
    struct json_node root = json_root(tree);
    bool is_good = pulumi_event_read(&root, &event, &err);
    if (is_good == (err.text[0] != '\0'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pulumi_config config;
    char *text = malloc(size + 1);

    memcpy(text, bytes, size);
    text[size] = '\0';
    read_preview(text, size);
    read_event(text, size);
    (void)!pulumi_config_read(text, &config, NULL);
    pulumi_config_done(&config);
    free(text);
    return 0;
}
