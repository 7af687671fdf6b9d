/* pulumi_op.c - one table of operations.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_op.h"

#include "base/text.h"

#include <string.h>

enum { WORD_MAX = 64 };

static const struct operation {
    const char *name;
    enum plan_action action;
    bool is_of_replace, makes;
} operations[PULUMI_OP_COUNT] = {
    [PULUMI_SAME] = {"same", PLAN_ACTION_COUNT, false, false},
    [PULUMI_READ] = {"read", PLAN_ACTION_COUNT, false, false},
    [PULUMI_REFRESH] = {"refresh", PLAN_ACTION_COUNT, false, false},
    [PULUMI_CREATE] = {"create", PLAN_CREATE, false, true},
    [PULUMI_IMPORT] = {"import", PLAN_CREATE, false, true},
    [PULUMI_UPDATE] = {"update", PLAN_UPDATE, false, false},
    [PULUMI_DELETE] = {"delete", PLAN_DELETE, false, false},
    [PULUMI_DISCARD] = {"discard", PLAN_DELETE, false, false},
    [PULUMI_REMOVE_PENDING_REPLACE] = {"remove-pending-replace", PLAN_DELETE, false, false},
    [PULUMI_REPLACE] = {"replace", PLAN_REPLACE, true, true},
    [PULUMI_CREATE_REPLACEMENT] = {"create-replacement", PLAN_REPLACE, true, true},
    [PULUMI_IMPORT_REPLACEMENT] = {"import-replacement", PLAN_REPLACE, true, true},
    [PULUMI_READ_REPLACEMENT] = {"read-replacement", PLAN_REPLACE, true, true},
    [PULUMI_DELETE_REPLACED] = {"delete-replaced", PLAN_REPLACE, true, false},
    [PULUMI_DISCARD_REPLACED] = {"discard-replaced", PLAN_REPLACE, true, false},
};

const char *pulumi_op_name(enum pulumi_op op)
{
    return operations[op].name;
}

bool pulumi_op_find(const char *name, enum pulumi_op *ret_op)
{
    for (size_t i = 0; i < ARRAY_LENGTH(operations); i++)
        if (strcmp(operations[i].name, name) == 0) {
            *ret_op = (enum pulumi_op)i;
            return true;
        }
    return false;
}

bool pulumi_op_read(const struct json_node *object, const char *name, enum pulumi_op *ret_op, struct err *err)
{
    const char *word = "";

    if (!json_text(object, name, JSON_REQUIRED, WORD_MAX, &word, err))
        return false;
    return pulumi_op_find(word, ret_op) ||
           err_set(err, ERR_INVALID, "%s/%s: '%s' is no operation that is known here", JSON_POINTER(object),
                   name, word);
}

bool pulumi_op_changes(enum pulumi_op op)
{
    return operations[op].action != PLAN_ACTION_COUNT;
}

enum plan_action pulumi_op_action(enum pulumi_op op)
{
    return operations[op].action;
}

bool pulumi_op_is_within(enum pulumi_op op, enum pulumi_op approved)
{
    return op == approved || !pulumi_op_changes(op) ||
           (approved == PULUMI_REPLACE && (operations[op].is_of_replace || op == PULUMI_UPDATE));
}

bool pulumi_op_makes(enum pulumi_op op)
{
    return operations[op].makes;
}
