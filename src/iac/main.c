/* main.c - verdict-iac: one verb of one tool on one stack; started by verdict-runner, or by hand.
 * SPDX-License-Identifier: MIT */
#include "base/manual.h"
#include "base/text.h"
#include "iac/tool.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char HELP[] =
    "Usage: verdict-iac VERB TOOL STACK ENVIRONMENT [state=own|local|daemon]\n"
    "Runs an infrastructure tool on the code in the present folder. verdict-runner starts it for verdictd.\n"
    "\n"
    "  VERB   plan          makes a plan, counts it, and reports its hash\n"
    "         plan-destroy  the same, of taking everything away\n"
    "         apply         applies exactly the plan with the hash in VERDICT_OUT_PLAN\n"
    "         destroy       archives the state and applies a plan of plan-destroy\n"
    "         verify        makes a second plan, which must be empty, and reports the outputs\n"
    "         drift         counts what is not as it was made\n"
    "         forget        removes what a run left in its work folder\n"
    "  TOOL   terraform or tofu, found in PATH\n"
    "  state  own: as the code says; local: in the work folder, with backend \"local\" { } in the code;\n"
    "         daemon: with verdictd, with backend \"http\" { } in the code\n"
    "\n"
    "The work folder is IAC_WORK (" WORK_ROOT "). VERDICT_VARIABLES holds the stack's\n"
    "variables as a JSON object, VERDICT_RUN names the run, VERDICT_OUTPUT the file that takes what is "
    "reported.\n"
    "IAC_URL is where verdictd answers and IAC_TOKEN the reference of a token for it (file:/PATH, "
    "cred:NAME), for\n"
    "state=daemon.\n"
    "Ends with 0 done; 1 failed; 2 usage; 3 the plan is stale; 4 it is another plan than the approved one; 5 "
    "a\n"
    "second plan is not empty; 6 drift; 7 interrupted; 75 somebody else holds the stack or its state.\n";

enum { PAGE_SIZE = 8192, MANUAL_SECTION = 8 };

/* What --help says, as a page for man(1). */
static int print_manual(void)
{
    char memory[PAGE_SIZE];
    struct text page;

    text_init(&page, memory, sizeof(memory));
    manual_title(&page, "verdict-iac", MANUAL_SECTION);
    text_add(&page, ".SH NAME\nverdict-iac \\- runs infrastructure tools for verdictd, a plan at a time\n");
    text_add(&page, ".SH DESCRIPTION\n");
    manual_text(&page, HELP);
    manual_section(&page, "SEE ALSO", "verdict-runner(8), verdict(1)");
    return page.is_cut || fputs(page.data, stdout) < 0;
}

/* Where nothing is left, nothing is to be forgotten. */
static enum iac_exit forget(struct job *job)
{
    work_forget(&job->work, job->run);
    return IAC_EXIT_DONE;
}

static enum iac_exit run_verb(struct job *job)
{
    const struct iac_tool *tool = job->tool;
    const struct {
        const char *name;
        enum iac_exit (*run)(struct job *job);
    } verbs[] = {{"plan", tool->plan},     {"plan-destroy", tool->plan_destroy},
                 {"apply", tool->apply},   {"destroy", tool->destroy},
                 {"verify", tool->verify}, {"drift", tool->drift},
                 {"forget", forget}};

    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (strcmp(verbs[i].name, job->verb) == 0)
            return verbs[i].run(job);
    (void)fprintf(stderr, "verdict-iac: %s: no such verb; see --help\n", job->verb);
    return IAC_EXIT_USAGE;
}

static bool take_option(struct job *job, const char *text, struct err *err)
{
    static const char *const states[] = {"state=own", "state=local", "state=daemon"}; /* as enum job_state */

    for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
        if (strcmp(text, states[i]) == 0) {
            job->state = (enum job_state)i;
            return true;
        }
    return err_set(err, ERR_INVALID, "%s: no such option; see --help", text);
}

static const struct iac_tool *find_tool(const char *name)
{
    for (size_t i = 0; i < iac_tool_count; i++)
        if (strcmp(iac_tools[i].name, name) == 0)
            return &iac_tools[i];
    return NULL;
}

static const char *environment_text(const char *name, const char *fallback)
{
    const char *text = getenv(name);

    return text == NULL || text[0] == '\0' ? fallback : text;
}

static bool read_arguments(int count, char **texts, struct job *job, struct err *err)
{
    enum { WORDS = 5 };

    if (count < WORDS)
        return err_set(err, ERR_INVALID, "VERB TOOL STACK ENVIRONMENT are needed; see --help");
    job->verb = texts[1];
    job->tool = find_tool(texts[2]);
    job->stack = texts[3];
    job->environment = texts[4];
    if (job->tool == NULL)
        return err_set(err, ERR_INVALID, "%s: no such tool; see --help", texts[2]);
    if (!text_is_name(job->stack) || !text_is_name(job->environment))
        return err_set(err, ERR_INVALID, "%s/%s: must be two names", job->stack, job->environment);
    for (int i = WORDS; i < count; i++)
        if (!take_option(job, texts[i], err))
            return false;
    job->url = environment_text("IAC_URL", NULL);
    job->token = environment_text("IAC_TOKEN", NULL);
    if (job->state == JOB_STATE_DAEMON && (job->url == NULL || job->token == NULL))
        return err_set(err, ERR_INVALID,
                       "state=daemon needs IAC_URL and IAC_TOKEN (`environment` of the runner)");
    job->run = environment_text("VERDICT_RUN", "by-hand");
    job->variables = environment_text("VERDICT_VARIABLES", "{}");
    job->approved = environment_text("VERDICT_OUT_PLAN", "");
    job->values = environment_text("VERDICT_OUTPUT", NULL);
    return text_is_version(job->run) ||
           err_set(err, ERR_INVALID, "VERDICT_RUN=%s: is no name of a run", job->run);
}

static enum iac_exit exit_of(const struct err *err)
{
    (void)fprintf(stderr, "verdict-iac: %s\n", err->text);
    return err->code == ERR_CONFLICT      ? IAC_EXIT_AGAIN
           : err->code == ERR_UNAVAILABLE ? IAC_EXIT_INTERRUPTED
                                          : IAC_EXIT_FAILED;
}

int main(int count, char **texts)
{
    struct job job = {.state = JOB_STATE_OWN};
    struct err err = {0};

    if (count == 2 && (strcmp(texts[1], "--help") == 0 || strcmp(texts[1], "--version") == 0)) {
        (void)fputs(strcmp(texts[1], "--help") == 0 ? HELP : "verdict-iac " VERDICT_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    if (count == 2 && strcmp(texts[1], "--man") == 0)
        return print_manual();
    (void)setvbuf(stdout, NULL, _IONBF, 0); /* in order with what the tool says */
    (void)umask(077);
    invocation_signals_init(&job.signals);
    if (!read_arguments(count, texts, &job, &err)) {
        (void)fprintf(stderr, "verdict-iac: %s\n", err.text);
        return IAC_EXIT_USAGE;
    }
    const struct work_place place = {.root = environment_text("IAC_WORK", WORK_ROOT),
                                     .stack = job.stack,
                                     .environment = job.environment,
                                     .run = job.run,
                                     .purpose =
                                         strcmp(job.verb, "forget") == 0 ? WORK_WITH_RUN : WORK_WITH_STACK};
    if (!work_open(&place, &job.signals, &job.work, &err))
        return (int)exit_of(&err);
    enum iac_exit end = run_verb(&job);
    const char *text = iac_exit_text((int)end);
    if (text != NULL)
        (void)fprintf(stderr, "verdict-iac: %s\n", text);
    work_close(&job.work);
    return (int)end;
}
