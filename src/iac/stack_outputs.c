/* stack_outputs.c - outputs, without what is not to be shown.
 * SPDX-License-Identifier: MIT */
#include "iac/stack_outputs.h"

#include "iac/report.h"
#include "io/json.h"

#include <string.h>

enum { OUTPUTS_MAX = 32 };

/* CloudFormation shows a secret parameter in the clear where an output names it. */
static bool holds_secret(const struct stack_described *facts, const struct json_node *variables,
                         const char *value)
{
    char secret[IAC_VARIABLES_MAX];

    for (struct json_node one = json_first(variables); one.item != NULL; one = json_next(variables, &one))
        if (stack_hides(facts, json_name(&one)) && json_value_text(one.item, secret, sizeof(secret)) &&
            secret[0] != '\0' && strstr(value, secret) != NULL)
            return true;
    return false;
}

bool stack_outputs_tell(const struct job *job, struct amazon *amazon, const char *stack, struct err *err)
{
    CLEANUP(stack_described_done) struct stack_described facts = {.phase = STACK_ABSENT};
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    size_t count = 0;

    if (!json_parse(job->variables, strlen(job->variables), NULL, &tree, err) ||
        !stack_describe(amazon, stack, &facts, err))
        return err_wrap(err, "its outputs");
    struct json_node variables = json_root(tree);
    const struct xml_element *all = xml_find(facts.member, "Outputs");
    const struct xml_element *one = all == NULL ? NULL : all->first;
    for (; one != NULL && count < OUTPUTS_MAX; one = one->next, count++) {
        const char *name = xml_text(one, "OutputKey");
        const char *value = xml_text(one, "OutputValue");
        if (name != NULL && value != NULL && !holds_secret(&facts, &variables, value))
            report_output(job, name, value);
    }
    return true;
}
