/* evidence.c - verdicts, actions and audit rows of a deployment as JSON.
 * SPDX-License-Identifier: MIT */
#include "api/evidence.h"

#include "api/shape.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <string.h>

static const char *const result_names[] = {
    [RESULT_DONE] = "done",
    [RESULT_AGAIN] = "again",
    [RESULT_FAILED] = "failed",
    [RESULT_UNKNOWN] = "unknown",
};

static const struct rule_definition *rule_of(const struct reading *reading, uint32_t rule)
{
    const struct definition *definition = reading->definition;

    return definition != NULL && rule < definition->rule_count ? &definition->rules[rule] : NULL;
}

/* Rows of a page that still fit; sets is_cut where some do not. */
static size_t room_for(struct reading *reading, const cJSON *array, size_t count)
{
    size_t room = READING_REPORT_ROWS_MAX - (size_t)cJSON_GetArraySize(array);

    if (count <= room)
        return count;
    reading->is_cut = true;
    return room;
}

/* From and to of the values that were judged, at the wall clock of the moment when the verdict was journaled.
 */
static void add_span(cJSON *object, const struct journal_verdict *row)
{
    const struct judgement *judgement = &row->judgement;
    bool is_known = judgement->to_ms != 0 && row->wall_ms != 0;
    int64_t behind_ms = row->wall_ms - row->engine_ms;

    shape_time(object, "from", is_known ? judgement->from_ms + behind_ms : 0);
    shape_time(object, "to", is_known ? judgement->to_ms + behind_ms : 0);
}

static cJSON *shape_verdict(const struct reading *reading, const struct journal_verdict *row)
{
    const struct rule_definition *rule = rule_of(reading, row->rule);
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "rule", rule == NULL ? "" : rule->name);
    cJSON_AddStringToObject(object, "condition", rule == NULL ? "" : rule->text);
    cJSON_AddStringToObject(object, "unit", rule == NULL ? "" : record_unit(reading->definition, row->rule));
    cJSON_AddNumberToObject(object, "step", row->step);
    cJSON_AddNumberToObject(object, "attempt", row->attempt);
    shape_time(object, "time", row->wall_ms);
    add_span(object, row);
    if (rule == NULL)
        shape_judgement(object, &row->judgement);
    else
        shape_rule_judgement(object, reading->definition, row->rule, &row->judgement);
    return object;
}

static bool read_verdicts(struct reading *reading, struct err *err)
{
    uint64_t after = 0;
    size_t count = VIEW_ROWS_MAX;

    while (count == VIEW_ROWS_MAX && !reading->is_cut) {
        const struct journal_verdict *rows = NULL;
        arena_reset(&reading->page);
        if (!journal_view_verdicts(reading->view, reading->rows[0].id, after, VIEW_ROWS_MAX, &reading->page,
                                   &rows, &count, err))
            return false;
        size_t taken = room_for(reading, reading->verdicts, count);
        for (size_t i = 0; i < taken; i++) {
            cJSON_AddItemToArray(reading->verdicts, shape_verdict(reading, &rows[i]));
            after = rows[i].id;
        }
    }
    return true;
}

static cJSON *shape_action(const struct reading *reading, const struct journal_action *row)
{
    const struct definition *definition = reading->definition;
    cJSON *object = cJSON_CreateObject();
    bool is_command = row->kind == ACTION_COMMAND || row->kind == ACTION_CANCEL;
    bool is_smoke = row->kind == ACTION_SMOKE || row->kind == ACTION_VERIFY;

    cJSON_AddNumberToObject(object, "sequence", row->sequence);
    cJSON_AddStringToObject(object, "kind", action_kind_name(row->kind));
    if (definition != NULL && is_command && row->reference < definition->command_count)
        cJSON_AddStringToObject(object, "name", definition->commands[row->reference].name);
    if (definition != NULL && is_smoke && row->reference < definition->smoke_count)
        cJSON_AddStringToObject(object, "name", definition->smokes[row->reference].name);
    if (row->kind == ACTION_ROUTE || row->kind == ACTION_MIRROR)
        cJSON_AddNumberToObject(object, "share", row->share / 100.0);
    cJSON_AddNumberToObject(object, "step", row->step);
    cJSON_AddNumberToObject(object, "attempt", row->attempt);
    cJSON_AddNumberToObject(object, "tries", row->tries);
    cJSON_AddBoolToObject(object, "rollback", row->is_rollback);
    shape_time(object, "time", row->wall_ms);
    if (row->has_result) {
        cJSON_AddStringToObject(object, "result", result_names[row->result]);
        cJSON_AddNumberToObject(object, "took_ms", (double)(row->result_ms - row->intent_ms));
    } else {
        cJSON_AddNullToObject(object, "result");
    }
    return object;
}

static bool read_actions(struct reading *reading, struct err *err)
{
    uint32_t after = 0;
    size_t count = VIEW_ROWS_MAX;

    while (count == VIEW_ROWS_MAX && !reading->is_cut) {
        const struct journal_action *rows = NULL;
        arena_reset(&reading->page);
        if (!journal_view_actions(reading->view, reading->rows[0].id, after, VIEW_ROWS_MAX, &reading->page,
                                  &rows, &count, err))
            return false;
        size_t taken = room_for(reading, reading->actions, count);
        for (size_t i = 0; i < taken; i++) {
            cJSON_AddItemToArray(reading->actions, shape_action(reading, &rows[i]));
            after = rows[i].sequence;
        }
    }
    return true;
}

/* Shows all audit rows of the deployment to `note` until it says false. */
static bool read_audit(struct reading *reading, bool (*note)(struct reading *, const struct journal_audit *),
                       struct err *err)
{
    uint64_t after = 0;
    size_t count = VIEW_ROWS_MAX;
    bool goes_on = true;

    while (count == VIEW_ROWS_MAX && goes_on) {
        const struct journal_audit *rows = NULL;
        arena_reset(&reading->page);
        if (!journal_view_audit(reading->view, reading->rows[0].id, after, VIEW_ROWS_MAX, &reading->page,
                                &rows, &count, err))
            return false;
        for (size_t i = 0; i < count && goes_on; i++) {
            goes_on = note(reading, &rows[i]);
            after = rows[i].event;
        }
    }
    return true;
}

static bool note_row(struct reading *reading, const struct journal_audit *row)
{
    if (room_for(reading, reading->audit, 1) == 0)
        return false;
    cJSON_AddItemToArray(reading->audit, shape_audit(reading->definition, row));
    return true;
}

static bool note_result(struct reading *reading, const struct journal_audit *row)
{
    bool says_why = strcmp(row->what, trace_kind_name(TRACE_RESULT)) == 0 && row->reason[0] != '\0';

    return !says_why || note_row(reading, row);
}

static bool note_approver(struct reading *reading, const struct journal_audit *row)
{
    struct reading_approver *approver = &reading->approvers[reading->approver_count];

    if (strcmp(row->what, trace_kind_name(TRACE_APPROVED)) != 0 ||
        !text_copy(approver->name, sizeof(approver->name), row->actor))
        return true;
    approver->step = row->step;
    approver->attempt = row->attempt;
    return ++reading->approver_count < READING_APPROVERS_MAX;
}

bool evidence_read(struct reading *reading, struct err *err)
{
    reading->verdicts = cJSON_CreateArray();
    reading->actions = cJSON_CreateArray();
    reading->audit = cJSON_CreateArray();
    return read_verdicts(reading, err) && read_actions(reading, err) && read_audit(reading, note_row, err);
}

bool evidence_read_results(struct reading *reading, struct err *err)
{
    reading->actions = cJSON_CreateArray();
    reading->audit = cJSON_CreateArray();
    return read_actions(reading, err) && read_audit(reading, note_result, err);
}

bool evidence_read_approvers(struct reading *reading, struct err *err)
{
    return read_audit(reading, note_approver, err);
}
