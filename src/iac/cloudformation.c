/* cloudformation.c - plan, apply and verify.
 * SPDX-License-Identifier: MIT */
#include "iac/cloudformation.h"

#include "iac/report.h"
#include "iac/stack_change.h"
#include "iac/stack_outputs.h"
#include "iac/stack_plan.h"
#include "iac/stack_watch.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* ---- plan ---- */

static char *text_of_plan(const struct job *job, const struct blueprint *blueprint,
                          const struct stack_change *change)
{
    char digest[IAC_DIGEST_SIZE];

    stack_plan_digest(blueprint->text, digest);
    const struct stack_plan_head head = {.kind = STACK_PLAN_CHANGE,
                                         .region = job->settings.region,
                                         .profile = job->settings.profile,
                                         .role = job->settings.role,
                                         .name = blueprint->name,
                                         .stack = change->stack,
                                         .change_set = change->arn,
                                         .template = digest};
    bool is_empty = change->arn[0] == '\0';
    return stack_plan_text(&head, is_empty ? NULL : cJSON_Duplicate(change->set.head, true),
                           cJSON_Duplicate(change->set.changes, true));
}

static void show_change(void *data, enum plan_action action, const char *address, const char *reason)
{
    report_change(data, action, address, reason);
}

static void tell_change(const struct job *job, const struct stack_change *change)
{
    struct report_shown shown = {0};
    const struct plan_reader reader = {.data = &shown, .change = show_change};

    change_set_tell(&change->set, &reader);
    report_summary(job, &shown, &change->set.counts);
}

static bool keep_plan(const struct job *job, const struct blueprint *blueprint,
                      const struct stack_change *change, struct err *err)
{
    CLEANUP(memory_free_at) char *text = text_of_plan(job, blueprint, change);
    char path[WORK_PATH_MAX + sizeof("/" BLUEPRINT_TEMPLATE)];

    if (!blueprint_save(job, blueprint, err) || !stack_plan_save(job, text, err))
        return false;
    (void)snprintf(path, sizeof(path), "%s/" BLUEPRINT_TEMPLATE, job->work.run_path);
    job_tell(job, IAC_OUTPUT_TEMPLATE_FILE, path);
    report_counts(job, &change->set.counts, change->arn[0] != '\0');
    return true;
}

static bool make_plan(struct job *job, struct amazon *amazon, const struct blueprint *blueprint,
                      struct err *err)
{
    CLEANUP(stack_change_done) struct stack_change change = {.arn = ""};

    if (!stack_change_make(job, amazon, blueprint, &change, err))
        return false;
    tell_change(job, &change);
    if (keep_plan(job, blueprint, &change, err))
        return true;
    if (change.arn[0] != '\0')
        stack_change_remove(amazon, change.arn, change.stack);
    return false;
}

static void drop_plan(const struct job *job)
{
    stack_plan_remove(job);
    blueprint_remove(job);
}

/* A plan of this run before, that nobody applied. */
static void remove_older(struct job *job, struct amazon *amazon)
{
    CLEANUP(stack_plan_done) struct stack_plan plan = {0};

    if (stack_plan_load(job, &plan, NULL) && plan.head.change_set[0] != '\0')
        stack_change_remove(amazon, plan.head.change_set, plan.head.stack);
    drop_plan(job);
}

enum iac_exit cloudformation_plan(struct job *job)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    CLEANUP(blueprint_done) struct blueprint blueprint = {0};
    struct err err = {0};

    work_sweep(&job->work);
    if (!amazon_open(job, &amazon, &err))
        return job_complain(job, &err);
    bool is_drawn = job->tool->draw(job, &blueprint, &err); /* first: an app inherits no connection */
    remove_older(job, amazon);
    if (is_drawn && make_plan(job, amazon, &blueprint, &err))
        return IAC_EXIT_DONE;
    drop_plan(job);
    return job_complain(job, &err);
}

/* ---- apply ---- */

/* What is described is what was approved, and can still be executed. */
static enum iac_exit check_change(struct job *job, struct amazon *amazon, const struct stack_plan *plan)
{
    CLEANUP(stack_change_done) struct stack_change change = {.arn = ""};
    struct err err = {0};
    bool is_stale = false;

    if (!stack_change_read(amazon, plan->head.change_set, plan->head.stack, &change, &is_stale, &err))
        return job_complain(job, &err);
    if (is_stale)
        return IAC_EXIT_STALE;
    CLEANUP(memory_free_at)
    char *text = stack_plan_text(&plan->head, cJSON_Duplicate(change.set.head, true),
                                 cJSON_Duplicate(change.set.changes, true));
    if (strcmp(text, plan->text) == 0)
        return IAC_EXIT_DONE;
    (void)fprintf(stderr, "verdict-iac: the change set is not described any more as it was\n");
    return IAC_EXIT_OTHER_PLAN;
}

static enum iac_exit execute(struct job *job, struct amazon *amazon, const struct stack_plan *plan,
                             const char *token)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;
    struct err err = {0};

    if (invocation_is_interrupted(&job->signals)) {
        (void)err_set(&err, ERR_UNAVAILABLE, "interrupted before anything was applied");
        return job_complain(job, &err);
    }
    stack_plan_remove(job); /* from here on it is used up, whatever becomes of us */
    amazon_see_through(amazon, AMAZON_LONG_PATIENCE_MS);
    amazon_form_init(&form, "ExecuteChangeSet");
    amazon_form_add(&form, "ChangeSetName", plan->head.change_set);
    amazon_form_add(&form, "ClientRequestToken", token);
    if (amazon_ask(amazon, &form, &answer, &err))
        return IAC_EXIT_DONE;
    if (amazon_refused_with(amazon, "ChangeSetNotFound", "") ||
        amazon_refused_with(amazon, "InvalidChangeSetStatus", ""))
        return IAC_EXIT_STALE;
    return job_complain(job, &err);
}

static enum iac_exit judge_end(const struct job *job, const struct stack_plan *plan,
                               const struct stack_end *end)
{
    static const char *const good[] = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"};

    if (job->signals.is_interrupted)
        (void)fprintf(stderr, "verdict-iac: the stack %s is %s\n", plan->head.name, end->status);
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        if (strcmp(end->status, good[i]) == 0)
            return IAC_EXIT_DONE; /* an interrupt that came too late changed nothing */
    if (job->signals.is_interrupted)
        return IAC_EXIT_INTERRUPTED;
    (void)fprintf(stderr, "verdict-iac: the stack %s is %s: %s\n", plan->head.name, end->status,
                  end->reason[0] == '\0' ? "no reason is given" : end->reason);
    return IAC_EXIT_FAILED;
}

/* The token is the plan's: whoever asks twice is understood once. */
static void token_of(const struct job *job, char to[WATCH_TOKEN_SIZE])
{
    (void)snprintf(to, WATCH_TOKEN_SIZE, "verdict-%s", strchr(job->approved, ':') + 1);
}

static enum iac_exit apply_change(struct job *job, struct amazon *amazon, const struct stack_plan *plan)
{
    CLEANUP(stack_described_done) struct stack_described before = {.phase = STACK_ABSENT};
    char token[WATCH_TOKEN_SIZE];
    struct stack_end last = {.reason = ""};
    struct err err = {0};

    enum iac_exit end = check_change(job, amazon, plan);
    if (end != IAC_EXIT_DONE)
        return end;
    if (!stack_describe(amazon, plan->head.stack, &before, &err))
        return job_complain(job, &err);
    token_of(job, token);
    end = execute(job, amazon, plan, token);
    if (end != IAC_EXIT_DONE)
        return end;
    const struct stack_watch watch = {
        .stack = plan->head.stack, .token = token, .can_be_cancelled = before.phase == STACK_SETTLED};
    if (!stack_watch(job, amazon, &watch, &last, &err))
        return job_complain(job, &err);
    return judge_end(job, plan, &last);
}

/* Whatever is said now. */
static void go_where_it_is(struct job *job, const struct stack_plan *plan)
{
    job->settings.region = plan->head.region;
    job->settings.profile = plan->head.profile[0] == '\0' ? NULL : plan->head.profile;
}

static enum iac_exit apply(struct job *job, const struct stack_plan *plan)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    enum iac_exit end = IAC_EXIT_DONE;
    struct err err = {0};

    go_where_it_is(job, plan);
    if (!amazon_open(job, &amazon, &err))
        return job_complain(job, &err);
    if (plan->head.change_set[0] != '\0')
        end = apply_change(job, amazon, plan);
    if (end != IAC_EXIT_DONE)
        return end;
    return stack_outputs_tell(job, amazon, plan->head.stack, &err) ? IAC_EXIT_DONE : job_complain(job, &err);
}

/* A change set that nobody executes. */
static void forget_change(struct job *job, const struct stack_plan *plan)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    struct err err = {0};

    if (plan->head.change_set == NULL || plan->head.change_set[0] == '\0')
        return;
    go_where_it_is(job, plan);
    if (amazon_open(job, &amazon, &err))
        stack_change_remove(amazon, plan->head.change_set, plan->head.stack);
    else
        (void)job_complain(job, &err);
}

static void forget_saved(struct job *job)
{
    CLEANUP(stack_plan_done) struct stack_plan plan = {0};

    if (stack_plan_load(job, &plan, NULL))
        forget_change(job, &plan);
}

/* Once it was tried, the plan is used up; a change set that nobody began to execute goes with it. */
enum iac_exit cloudformation_apply(struct job *job)
{
    CLEANUP(stack_plan_done) struct stack_plan plan = {0};

    enum iac_exit end =
        stack_plan_load_approved(job, STACK_PLAN_CHANGE, &plan) ? apply(job, &plan) : IAC_EXIT_OTHER_PLAN;
    if (end == IAC_EXIT_DONE) {
        stack_plan_remove(job);
        blueprint_is_applied(job);
        return end;
    }
    forget_saved(job);
    drop_plan(job);
    return end;
}

/* ---- verify ---- */

/* What this run applied is used up by that. */
static bool draw_applied(struct job *job, struct blueprint *blueprint, struct err *err)
{
    if (!blueprint_load_applied(job, blueprint, NULL))
        return job->tool->draw(job, blueprint, err);
    blueprint_remove(job);
    return true;
}

enum iac_exit cloudformation_verify(struct job *job)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    CLEANUP(blueprint_done) struct blueprint blueprint = {0};
    CLEANUP(stack_change_done) struct stack_change change = {.arn = ""};
    size_t count = 0;
    struct err err = {0};

    if (!amazon_open(job, &amazon, &err) || !draw_applied(job, &blueprint, &err) ||
        !stack_change_make(job, amazon, &blueprint, &change, &err))
        return job_complain(job, &err);
    tell_change(job, &change);
    if (change.arn[0] != '\0') {
        stack_change_remove(amazon, change.arn, change.stack);
        return IAC_EXIT_NOT_EMPTY;
    }
    if (!cloudformation_count(amazon, change.stack, &count, &err))
        return job_complain(job, &err);
    job_tell_number(job, IAC_OUTPUT_RESOURCES, count);
    return stack_outputs_tell(job, amazon, change.stack, &err) ? IAC_EXIT_DONE : job_complain(job, &err);
}

/* ---- forget ---- */

/* What is here goes first, and whatever is the matter there. */
void cloudformation_forget(struct job *job)
{
    CLEANUP(stack_plan_done) struct stack_plan plan = {0};
    bool has_plan = stack_plan_load(job, &plan, NULL);

    work_forget(&job->work, job->run);
    if (has_plan)
        forget_change(job, &plan);
}
