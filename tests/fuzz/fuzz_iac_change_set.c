/* fuzz_iac_change_set.c - libFuzzer: any bytes as what CloudFormation says of a change set.
 * SPDX-License-Identifier: MIT */
#include "iac/change_set.h"

#include "io/json.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void note(void *data, enum plan_action action, const char *address, const char *reason)
{
    size_t *told = data;

    told[action]++;
    if (address[0] == '\0' || reason == NULL)
        abort();
}

/* What is counted is what is told, and the text is JSON that the strict reader takes. */
static void check(struct change_set *set)
{
    static const struct json_limits limits = {
        .size_max = PLAN_JSON_MAX, .depth_max = JSON_DEPTH_MAX, .keys_max = 1000 * 1000};
    size_t told[PLAN_ACTION_COUNT] = {0};
    const struct plan_reader reader = {.data = told, .change = note};
    struct cJSON *tree = NULL;

    change_set_end(set);
    change_set_tell(set, &reader);
    for (int i = 0; i < PLAN_ACTION_COUNT; i++)
        if (set->counts.of[i] != told[i])
            abort();
    char *text = json_print(set->changes);
    if (!json_parse(text, strlen(text), &limits, &tree, NULL))
        abort();
    json_free(tree);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct xml *xml = NULL;
    struct change_set set;
    struct err err = {0};

    if (!xml_parse((const char *)bytes, size, &xml, NULL))
        return 0;
    const char *arn = xml_text(xml_root(xml), "ChangeSetId");
    change_set_init(&set, arn == NULL ? "" : arn);
    if (change_set_add(&set, 0, xml_root(xml), &err))
        check(&set);
    else if (err.text[0] == '\0')
        abort();
    change_set_done(&set);
    xml_free(xml);
    return 0;
}
