/* stack_watch.c - events come newest first, and are told in their order.
 * SPDX-License-Identifier: MIT */
#include "iac/stack_watch.h"

#include "io/loop.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 40, EVENTS_MAX = 8000, EVENT_SIZE = 512, TOKEN_SIZE = 2048, BEGIN_MS = 10 * 60 * 1000 };

/* What one look found: events of ours that are new, newest first. */
struct look {
    struct xml *pages[PAGES_MAX];
    size_t page_count;
    const struct xml_element *events[EVENTS_MAX];
    size_t count;
    bool is_whole; /* there is nothing of ours behind them */
};

struct watching {
    struct job *job;
    struct amazon *amazon;
    const struct stack_watch *watch;
    struct stack_end end;
    char seen[EVENT_SIZE]; /* the newest one that was told */
    bool is_cancelled;
};

static const char *text_of(const struct xml_element *from, const char *name)
{
    const char *text = xml_text(from, name);

    return text == NULL ? "" : text;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void free_look(struct look *look)
{
    for (size_t i = 0; i < look->page_count; i++)
        xml_free(look->pages[i]);
    free(look);
}

static void take_page(const struct watching *watching, struct look *look, const struct xml_element *list)
{
    for (const struct xml_element *one = list == NULL ? NULL : list->first; one != NULL; one = one->next) {
        bool is_ours = strcmp(text_of(one, "ClientRequestToken"), watching->watch->token) == 0;
        bool is_old = is_ours && strcmp(text_of(one, "EventId"), watching->seen) == 0;
        look->is_whole = look->is_whole || is_old || (!is_ours && look->count > 0);
        if (look->is_whole || look->count == EVENTS_MAX)
            return;
        if (is_ours)
            look->events[look->count++] = one;
    }
}

static bool take_pages(const struct watching *watching, struct look *look, struct err *err)
{
    char next[TOKEN_SIZE] = "";

    do {
        CLEANUP(amazon_form_done) struct amazon_form form;
        amazon_form_init(&form, "DescribeStackEvents");
        amazon_form_add(&form, "StackName", watching->watch->stack);
        if (next[0] != '\0')
            amazon_form_add(&form, "NextToken", next);
        if (!amazon_ask(watching->amazon, &form, &look->pages[look->page_count], err))
            return false;
        const struct xml_element *result =
            xml_find(xml_root(look->pages[look->page_count++]), "DescribeStackEventsResult");
        take_page(watching, look, xml_find(result, "StackEvents"));
        if (!text_copy(next, sizeof(next), text_of(result, "NextToken")))
            return err_set(err, ERR_PROTOCOL, "CloudFormation: a NextToken that is too long");
    } while (next[0] != '\0' && !look->is_whole && look->page_count < PAGES_MAX);
    return true;
}

static bool is_the_stack(const struct watching *watching, const struct xml_element *event)
{
    return strcmp(text_of(event, "PhysicalResourceId"), watching->watch->stack) == 0;
}

/* What only stopped because something else failed is no reason. */
static void note_failure(struct watching *watching, const struct xml_element *event)
{
    const char *reason = text_of(event, "ResourceStatusReason");
    struct stack_end *end = &watching->end;

    if (end->reason[0] == '\0' && ends_with(text_of(event, "ResourceStatus"), "_FAILED") &&
        strstr(reason, "cancelled") == NULL)
        (void)snprintf(end->reason, sizeof(end->reason), "%.100s: %.280s",
                       text_of(event, "LogicalResourceId"), reason);
}

static void tell(struct watching *watching, const struct xml_element *event)
{
    const char *status = text_of(event, "ResourceStatus");
    const char *reason = text_of(event, "ResourceStatusReason");

    (void)printf("%s %.200s %s%s%s\n", text_of(event, "Timestamp"), text_of(event, "LogicalResourceId"),
                 status, reason[0] == '\0' ? "" : ": ", reason);
    note_failure(watching, event);
    if (is_the_stack(watching, event) && !ends_with(status, "_IN_PROGRESS"))
        (void)snprintf(watching->end.status, sizeof(watching->end.status), "%.60s", status);
}

static bool look_once(struct watching *watching, struct err *err)
{
    struct look *look = memory_take(sizeof(*look));
    bool is_good = take_pages(watching, look, err);

    for (size_t i = is_good ? look->count : 0; i > 0; i--)
        tell(watching, look->events[i - 1]);
    if (is_good && look->count > 0)
        (void)snprintf(watching->seen, sizeof(watching->seen), "%.500s", text_of(look->events[0], "EventId"));
    free_look(look);
    return is_good;
}

/* Where it cannot be taken back any more, it goes on to its end. */
static void cancel(struct watching *watching)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;
    struct err err = {0};

    watching->is_cancelled = true;
    amazon_form_init(&form, "CancelUpdateStack");
    amazon_form_add(&form, "StackName", watching->watch->stack);
    amazon_form_add(&form, "ClientRequestToken", watching->watch->token);
    (void)printf("interrupted: the update is to be taken back\n");
    if (!amazon_ask(watching->amazon, &form, &answer, &err))
        (void)fprintf(stderr, "verdict-iac: %s\n", err.text);
}

bool stack_watch(struct job *job, struct amazon *amazon, const struct stack_watch *watch,
                 struct stack_end *ret_end, struct err *err)
{
    struct watching watching = {.job = job, .amazon = amazon, .watch = watch};
    struct amazon_pace pace = {0};
    int64_t began_ms = loop_now_ms();

    amazon_see_through(amazon, AMAZON_LONG_PATIENCE_MS);
    for (;;) {
        if (!look_once(&watching, err))
            return false;
        if (watching.end.status[0] != '\0')
            break;
        if (watching.seen[0] == '\0' && loop_now_ms() - began_ms > BEGIN_MS)
            return err_set(err, ERR_TIMEOUT, "nothing happened to the stack for %d min", BEGIN_MS / 60000);
        if (watch->can_be_cancelled && !watching.is_cancelled && invocation_is_interrupted(&job->signals))
            cancel(&watching);
        (void)!amazon_pause(amazon, &pace);
    }
    *ret_end = watching.end;
    return true;
}
