/* main.c - verdict-iac: one verb of one tool on one stack; started by verdict-runner, or by hand.
 * SPDX-License-Identifier: MIT */
#include "base/manual.h"
#include "base/text.h"
#include "iac/tool.h"
#include "io/memory.h"
#include "io/redaction.h"
#include "io/standard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char HELP[] =
    "Usage: verdict-iac VERB TOOL STACK ENVIRONMENT [NAME=VALUE...]\n"
    "Runs an infrastructure tool on the code in the present folder. verdict-runner starts it for verdictd.\n"
    "\n"
    "  VERB   plan          makes a plan, counts it, and reports its hash\n"
    "         plan-destroy  the same, of taking everything away\n"
    "         apply         applies exactly the plan with the hash in VERDICT_OUT_PLAN\n"
    "         destroy       archives the state and applies a plan of plan-destroy\n"
    "         verify        makes a second plan, which must be empty, and reports the outputs\n"
    "         drift         counts what is not as it was made\n"
    "         forget        removes what a run left in its work folder\n"
    "  TOOL   terraform, tofu or pulumi, found in PATH; cloudformation, by its API; cdk, whose app is run as "
    "cdk.json\n"
    "         says. For pulumi the environment is the name of its stack\n"
    "  state  own: as the code says; local: in the work folder, with backend \"local\" { } in the code;\n"
    "         daemon: with verdictd, with backend \"http\" { } in the code. Others than terraform and tofu: "
    "own\n"
    "  plan=saved  pulumi is held to a plan that it saves, too (--save-plan, --plan: experimental)\n"
    "  region, profile, stack_name, template, role, capability (once for each)\n"
    "         of cloudformation and cdk: where, with which keys, the stack's name there (STACK-ENVIRONMENT), "
    "the\n"
    "         template's file (template.yaml), the ARN of what CloudFormation works as, what the template "
    "may do\n"
    "\n"
    "The work folder is IAC_WORK (" WORK_ROOT "). VERDICT_VARIABLES holds the stack's\n"
    "variables as a JSON object, VERDICT_RUN names the run, VERDICT_OUTPUT the file that takes what is "
    "reported.\n"
    "IAC_URL is where verdictd answers and IAC_TOKEN the reference of a token for it (file:/PATH, "
    "cred:NAME), for\n"
    "state=daemon. IAC_SECRET_NAME is the reference of a secret that the tool gets as NAME in its "
    "environment.\n"
    "VERDICT_TIMEOUT_S and VERDICT_GRACE_S: how long all of it may take (900), and its end once it is "
    "interrupted\n"
    "(600). Locks are waited for a quarter of the one, at most a minute; whoever keeps a state is asked "
    "again "
    "for\n"
    "three eighths of the other.\n"
    "Ends with 0 done; 1 failed; 2 usage; 3 the plan is stale; 4 it is another plan than the approved one; 5 "
    "a\n"
    "second plan is not empty; 6 drift; 7 interrupted; 8 the state is refused, 9 it could not be saved: it "
    "is kept, and the next plan "
    "saves it\n"
    "first; 10 a secret is missing; 75 somebody else holds\n"
    "the stack or its state.\n";

enum {
    PAGE_SIZE = 8192,
    MANUAL_SECTION = 8,
    TIMEOUT_S = 900, /* as of a stack where nothing is said */
    GRACE_S = 600,
    SECONDS_MAX = 1000000
};

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
    if (job->tool->forget != NULL)
        job->tool->forget(job);
    else
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

/* NULL: it is another word. */
static const char *value_of(const char *text, const char *name)
{
    size_t length = strlen(name);

    return strncmp(text, name, length) == 0 && text[length] == '=' ? text + length + 1 : NULL;
}

static bool take_state(struct job *job, const char *text, struct err *err)
{
    static const char *const states[] = {"own", "local", "daemon"}; /* as enum job_state */

    for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
        if (strcmp(text, states[i]) == 0) {
            job->state = (enum job_state)i;
            return job->state == JOB_STATE_OWN || !job->tool->keeps_state ||
                   err_set(err, ERR_INVALID, "%s: %s keeps its state in a backend of its own: state=own",
                           text, job->tool->name);
        }
    return err_set(err, ERR_INVALID, "state=%s: own, local or daemon", text);
}

static bool take_capability(struct job_settings *settings, const char *text)
{
    if (settings->capability_count == JOB_CAPABILITIES_MAX || strncmp(text, "CAPABILITY_", 11) != 0)
        return false;
    settings->capabilities[settings->capability_count++] = text;
    return true;
}

static bool take_setting(struct job_settings *settings, const char *word)
{
    const struct {
        const char *name, **to;
    } known[] = {{"region", &settings->region},
                 {"profile", &settings->profile},
                 {"stack_name", &settings->name},
                 {"template", &settings->template},
                 {"role", &settings->role}};
    const char *capability = value_of(word, "capability");

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        const char *value = value_of(word, known[i].name);
        if (value != NULL && value[0] != '\0') {
            *known[i].to = value;
            return true;
        }
    }
    return capability != NULL && take_capability(settings, capability);
}

static bool take_option(struct job *job, const char *word, struct err *err)
{
    const char *state = value_of(word, "state");

    if (state != NULL)
        return take_state(job, state, err);
    job->is_saved = job->is_saved || strcmp(word, "plan=saved") == 0;
    if (strcmp(word, "plan=saved") == 0)
        return job->tool->saves_plans ||
               err_set(err, ERR_INVALID, "%s: %s needs no such thing: its plans are saved", word,
                       job->tool->name);
    return (job->tool->draw != NULL && take_setting(&job->settings, word)) ||
           err_set(err, ERR_INVALID, "%s: no such option of %s; see --help", word, job->tool->name);
}

static bool is_below(const char *path)
{
    return path[0] != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 &&
           strstr(path, "/../") == NULL;
}

/* A run is forgotten without them: its plan says where it was. */
static bool check_settings(const struct job *job, struct err *err)
{
    if (job->tool->draw == NULL || strcmp(job->verb, "forget") == 0)
        return true;
    if (job->settings.region == NULL)
        return err_set(err, ERR_INVALID, "%s needs a region; see --help", job->tool->name);
    return is_below(job->settings.template) ||
           err_set(err, ERR_INVALID, "template: %s: is a path below the stack's folder",
                   job->settings.template);
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

static bool take_seconds(const char *name, int64_t *seconds, struct err *err)
{
    const char *text = environment_text(name, NULL);

    return text == NULL || text_to_integer(text, 0, SECONDS_MAX, seconds) ||
           err_set(err, ERR_INVALID, "%s=%s: must be seconds", name, text);
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
    if (!check_settings(job, err))
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
    if (!take_seconds("VERDICT_TIMEOUT_S", &job->timeout_s, err) ||
        !take_seconds("VERDICT_GRACE_S", &job->grace_s, err))
        return false;
    return text_is_version(job->run) ||
           err_set(err, ERR_INVALID, "VERDICT_RUN=%s: is no name of a run", job->run);
}

/* The others have a sentence of their own that says all. */
static void tell_why(const struct job *job, enum iac_exit end)
{
    bool is_told = end == IAC_EXIT_FAILED || end == IAC_EXIT_USAGE || end == IAC_EXIT_AGAIN ||
                   end == IAC_EXIT_REFUSED || end == IAC_EXIT_UNSAVED || end == IAC_EXIT_NO_SECRET;

    if (is_told && job->sentence[0] != '\0')
        job_tell(job, IAC_OUTPUT_WHY, job->sentence);
}

int main(int count, char **texts)
{
    struct job job = {.state = JOB_STATE_OWN,
                      .settings = {.template = "template.yaml"},
                      .timeout_s = TIMEOUT_S,
                      .grace_s = GRACE_S};
    struct err err = {0};
    char sentence[IAC_WHY_SIZE] = "";

    standard_open();
    job.sentence = sentence;
    if (count == 2 && (strcmp(texts[1], "--help") == 0 || strcmp(texts[1], "--version") == 0)) {
        (void)fputs(strcmp(texts[1], "--help") == 0 ? HELP : "verdict-iac " VERDICT_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    if (count == 2 && strcmp(texts[1], "--man") == 0)
        return print_manual();
    (void)setvbuf(stdout, NULL, _IONBF, 0); /* in order with what the tool says */
    (void)umask(077);
    invocation_signals_init(&job.signals);
    job.hidden = redaction_new();
    if (!read_arguments(count, texts, &job, &err)) {
        (void)fprintf(stderr, "verdict-iac: %s\n", err.text);
        return IAC_EXIT_USAGE;
    }
    const struct work_place place = {.root = environment_text("IAC_WORK", WORK_ROOT),
                                     .stack = job.stack,
                                     .environment = job.environment,
                                     .run = job.run,
                                     .verb = job.verb,
                                     .wait_s = job_wait_s(&job),
                                     .purpose =
                                         strcmp(job.verb, "forget") == 0 ? WORK_WITH_RUN : WORK_WITH_STACK};
    bool is_open = work_open(&place, &job.signals, &job.work, &err);
    enum iac_exit end = is_open ? run_verb(&job) : job_complain(&job, &err);
    tell_why(&job, end);
    const char *text = iac_exit_text((int)end);
    if (text != NULL)
        (void)fprintf(stderr, "verdict-iac: %s\n", text);
    if (is_open)
        work_close(&job.work);
    redaction_free(job.hidden);
    return (int)end;
}
