/* pulumi_event.c - the events that matter to whoever watches.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_event.h"

#include "base/text.h"
#include "iac/pulumi_preview.h"

#include <string.h>

static bool read_step(const struct json_node *event, struct pulumi_event *to, struct err *err)
{
    struct json_node metadata = {0};

    return json_object(event, "metadata", JSON_REQUIRED, &metadata, err) &&
           pulumi_op_read(&metadata, "op", &to->op, err) &&
           json_text(&metadata, "urn", JSON_REQUIRED, PULUMI_URN_MAX, &to->urn, err);
}

/* What is gone the next moment is no message. */
static bool read_message(const struct json_node *event, struct pulumi_event *to, struct err *err)
{
    bool is_ephemeral = false;

    if (!json_bool(event, "ephemeral", JSON_OPTIONAL, &is_ephemeral, err))
        return false;
    to->text = json_text_of(event->item, "message");
    if (is_ephemeral || strcmp(json_text_of(event->item, "severity"), "debug") == 0)
        to->kind = PULUMI_EVENT_OTHER;
    return true;
}

static bool read_summary(const struct json_node *event, struct pulumi_event *to, struct err *err)
{
    bool is_corrupt = false;

    (void)to;
    return json_bool(event, "maybeCorrupt", JSON_OPTIONAL, &is_corrupt, err) &&
           (!is_corrupt || err_set(err, ERR_INVALID, "%s/maybeCorrupt: pulumi does not trust its own state",
                                   JSON_POINTER(event)));
}

bool pulumi_event_read(const struct json_node *root, struct pulumi_event *ret_event, struct err *err)
{
    static const struct {
        const char *name;
        enum pulumi_event_kind kind;
        bool (*read)(const struct json_node *event, struct pulumi_event *to, struct err *err);
    } known[] = {{"resourcePreEvent", PULUMI_EVENT_STEP, read_step},
                 {"resOpFailedEvent", PULUMI_EVENT_FAILED, read_step},
                 {"diagnosticEvent", PULUMI_EVENT_SAID, read_message},
                 {"stdoutEvent", PULUMI_EVENT_SAID, read_message},
                 {"summaryEvent", PULUMI_EVENT_SUMMARY, read_summary}};
    struct pulumi_event event = {.kind = PULUMI_EVENT_OTHER, .urn = "", .text = ""};
    struct json_node found = {0};

    if (!json_as_object(root, err))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (!json_object(root, known[i].name, JSON_OPTIONAL, &found, err))
            return false;
        if (found.item == NULL)
            continue;
        event.kind = known[i].kind;
        if (!known[i].read(&found, &event, err))
            return false;
        break;
    }
    *ret_event = event;
    return true;
}
