/* terraform.c - plan, apply, verify, drift and destroy by terraform or tofu.
 * SPDX-License-Identifier: MIT */
#include "iac/terraform.h"

#include "iac/approved.h"
#include "iac/errored_file.h"
#include "iac/report.h"
#include "iac/terraform_call.h"
#include "iac/unsaved.h"
#include "io/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_SIZE = WORK_PATH_MAX + 64, HAS_CHANGES = 2 /* status of -detailed-exitcode */ };

#define VARIABLES "variables.tfvars.json"
#define LOCK_FILE ".terraform.lock.hcl"

/* A path of the run's folder behind an option. */
static const char *option(const struct job *job, const char *name, const char *file, char to[OPTION_SIZE])
{
    (void)snprintf(to, OPTION_SIZE, "%s%s/%s", name, job->work.run_path, file);
    return to;
}

static const char *lock_timeout(const struct job *job, char to[OPTION_SIZE])
{
    (void)snprintf(to, OPTION_SIZE, "-lock-timeout=%llds", (long long)job_wait_s(job));
    return to;
}

/* Modules and providers; the code's own lock of providers is kept as it is. */
static enum iac_exit init(struct job *job)
{
    const char *arguments[8] = {"init", "-input=false", "-no-color"};
    char backend[OPTION_SIZE];
    size_t count = 3;

    if (access(LOCK_FILE, F_OK) == 0)
        arguments[count++] = "-lockfile=readonly";
    if (job->state == JOB_STATE_LOCAL) {
        (void)snprintf(backend, sizeof(backend), "-backend-config=path=%s/state/terraform.tfstate",
                       job->work.stack_path);
        arguments[count++] = backend;
    }
    return terraform_call(job, arguments, 0, NULL);
}

/* A plan of some kind in the run's folder. */
static enum iac_exit make_plan(struct job *job, const char *kind, bool *ret_has_changes)
{
    char out[OPTION_SIZE];
    char variables[OPTION_SIZE];
    char wait[OPTION_SIZE];
    const char *const arguments[] = {"plan",
                                     "-input=false",
                                     "-no-color",
                                     lock_timeout(job, wait),
                                     "-detailed-exitcode",
                                     option(job, "-out=", APPROVED_PLAN, out),
                                     option(job, "-var-file=", VARIABLES, variables),
                                     kind,
                                     NULL};
    struct err err = {0};
    int status = 0;

    if (!work_save(&job->work, VARIABLES, job->variables, strlen(job->variables), &err))
        return job_complain(job, &err);
    enum iac_exit end = init(job);
    if (end == IAC_EXIT_DONE)
        end = unsaved_settle(job);
    if (end == IAC_EXIT_DONE)
        end = terraform_call(job, arguments, HAS_CHANGES, &status);
    *ret_has_changes = status == HAS_CHANGES;
    return end;
}

static enum iac_exit show_plan(struct job *job, struct plan_counts *ret_counts)
{
    char plan[OPTION_SIZE];
    const char *const arguments[] = {"show", "-json", "-no-color", option(job, "", APPROVED_PLAN, plan),
                                     NULL};
    CLEANUP(memory_free_at) char *json = NULL;
    struct err err = {0};
    size_t length = 0;

    enum iac_exit end = terraform_read(job, arguments, APPROVED_JSON, &json, &length);
    if (end != IAC_EXIT_DONE)
        return end;
    return report_plan(job, json, length, ret_counts, &err) ? IAC_EXIT_DONE : job_complain(job, &err);
}

static void drop_plan(const struct job *job)
{
    work_remove(&job->work, APPROVED_PLAN);
    work_remove(&job->work, APPROVED_JSON);
    work_remove(&job->work, VARIABLES);
}

/* Nobody is asked to approve what cannot be applied. */
static enum iac_exit check_folder(struct job *job)
{
    struct err err = {0};
    int bar = -1;

    if (!errored_file_bar(&job->signals, &bar, &err))
        return job_complain(job, &err);
    errored_file_unbar(bar);
    return IAC_EXIT_DONE;
}

static enum iac_exit plan(struct job *job, const char *kind)
{
    struct plan_counts counts = {.outputs = 0};
    bool has_changes = false;

    work_sweep(&job->work);
    enum iac_exit end = errored_file_check(job);
    if (end == IAC_EXIT_DONE)
        end = check_folder(job);
    if (end == IAC_EXIT_DONE)
        end = make_plan(job, kind, &has_changes);
    if (end == IAC_EXIT_DONE)
        end = show_plan(job, &counts);
    if (end == IAC_EXIT_DONE)
        end = approved_tell(job);
    if (end == IAC_EXIT_DONE) {
        report_counts(job, &counts, has_changes);
        job_tell_number(job, IAC_OUTPUT_RESOURCES, counts.resources);
    } else {
        drop_plan(job);
    }
    return end;
}

enum iac_exit terraform_plan(struct job *job)
{
    return plan(job, NULL);
}

enum iac_exit terraform_plan_destroy(struct job *job)
{
    return plan(job, "-destroy");
}

/* ---- apply ---- */

static enum iac_exit tell_outputs(struct job *job)
{
    static const char *const arguments[] = {"output", "-json", "-no-color", NULL};
    CLEANUP(memory_free_at) char *json = NULL;
    struct err err = {0};
    size_t length = 0;

    enum iac_exit end = terraform_read(job, arguments, "outputs.json", &json, &length);
    work_remove(&job->work, "outputs.json");
    if (end != IAC_EXIT_DONE)
        return end;
    return report_outputs(job, json, length, &err) ? IAC_EXIT_DONE : job_complain(job, &err);
}

static enum iac_exit call_apply(struct job *job)
{
    char plan_path[OPTION_SIZE];
    char wait[OPTION_SIZE];
    const char *const arguments[] = {"apply",
                                     "-input=false",
                                     "-no-color",
                                     lock_timeout(job, wait),
                                     option(job, "", APPROVED_PLAN, plan_path),
                                     NULL};
    struct err err = {0};

    if (!errored_file_bar(&job->signals, &job->bar, &err))
        return job_complain(job, &err);
    enum iac_exit end = terraform_call(job, arguments, 0, NULL);
    errored_file_unbar(job->bar);
    job->bar = 0;
    return end;
}

/* Whoever keeps the state may be there again by now; where not, what was said stays. */
static enum iac_exit save_after_all(struct job *job, enum iac_exit end)
{
    char sentence[IAC_WHY_SIZE];

    if (!unsaved_is_there(job)) {
        job_say(
            job,
            "the state could not be saved, and was not told either: what was made is in no state; import it");
        return end;
    }
    bool is_all = job->lacks_state_alone;
    (void)snprintf(sentence, sizeof(sentence), "%s", job->sentence);
    enum iac_exit saved = unsaved_settle(job);
    if (saved == IAC_EXIT_REFUSED || (saved == IAC_EXIT_DONE && is_all))
        return saved;
    if (saved == IAC_EXIT_DONE)
        job_say(
            job,
            "not all was done, and the state was saved at the second time only; the next plan says what is "
            "left: verdict retry %s",
            job->run);
    else
        job_say(job, "%s", sentence);
    return saved == IAC_EXIT_DONE ? IAC_EXIT_FAILED : end;
}

/* Once it was begun, the plan is used up; where somebody holds the state it was not. */
static enum iac_exit apply_plan(struct job *job)
{
    enum iac_exit end = approved_check(job);
    if (end == IAC_EXIT_DONE)
        end = unsaved_settle(job);
    if (end == IAC_EXIT_DONE)
        end = call_apply(job);
    if (end == IAC_EXIT_UNSAVED || end == IAC_EXIT_REFUSED)
        end = save_after_all(job, end);
    if (end != IAC_EXIT_AGAIN)
        drop_plan(job);
    return end;
}

enum iac_exit terraform_apply(struct job *job)
{
    enum iac_exit end = apply_plan(job);

    return end == IAC_EXIT_DONE ? tell_outputs(job) : end;
}

/* ---- destroy ---- */

static enum iac_exit archive(struct job *job)
{
    static const char *const arguments[] = {"state", "pull", NULL};
    struct err err = {0};
    int fd = work_archive(&job->work, job->run, &err);

    if (fd < 0)
        return job_complain(job, &err);
    enum iac_exit end = terraform_write(job, arguments, fd);
    (void)close(fd);
    if (end == IAC_EXIT_DONE)
        (void)printf("the state as it was is kept as archive/%s of %s/%s\n", job->run, job->stack,
                     job->environment);
    return end;
}

static enum iac_exit check_nothing_left(struct job *job)
{
    static const char *const arguments[] = {"state", "list", NULL};
    CLEANUP(memory_free_at) char *left = NULL;
    size_t length = 0;

    enum iac_exit end = terraform_read(job, arguments, "left", &left, &length);
    work_remove(&job->work, "left");
    if (end == IAC_EXIT_DONE && length == 0)
        job_tell_number(job, IAC_OUTPUT_RESOURCES, 0);
    if (end != IAC_EXIT_DONE || length == 0)
        return end;
    (void)fprintf(stderr, "verdict-iac: these are left:\n%s", left);
    return IAC_EXIT_NOT_EMPTY;
}

enum iac_exit terraform_destroy(struct job *job)
{
    enum iac_exit end = archive(job);

    if (end == IAC_EXIT_DONE)
        end = apply_plan(job);
    return end == IAC_EXIT_DONE ? check_nothing_left(job) : end;
}

/* ---- verify and drift ---- */

enum iac_exit terraform_verify(struct job *job)
{
    struct plan_counts counts = {.outputs = 0};
    bool has_changes = false;

    enum iac_exit end = make_plan(job, NULL, &has_changes);
    if (end == IAC_EXIT_DONE)
        end = show_plan(job, &counts);
    drop_plan(job);
    if (end != IAC_EXIT_DONE)
        return end;
    job_tell_number(job, IAC_OUTPUT_RESOURCES, counts.resources);
    return has_changes ? IAC_EXIT_NOT_EMPTY : tell_outputs(job);
}

/* A refresh that changes nothing but an output has status 2 as well: what counts is what drifted. */
enum iac_exit terraform_drift(struct job *job)
{
    struct plan_counts counts = {.outputs = 0};
    bool has_changes = false;

    enum iac_exit end = make_plan(job, "-refresh-only", &has_changes);
    if (end == IAC_EXIT_DONE)
        end = show_plan(job, &counts);
    drop_plan(job);
    if (end != IAC_EXIT_DONE)
        return end;
    job_tell_number(job, IAC_OUTPUT_DRIFTS, counts.drifts);
    (void)printf("%zu resources drifted\n", counts.drifts);
    return counts.drifts > 0 ? IAC_EXIT_DRIFTED : IAC_EXIT_DONE;
}

/* What is needed once more goes with a later plan. */
void terraform_forget(struct job *job)
{
    if (!unsaved_is_in_run(job))
        work_forget(&job->work, job->run);
}
