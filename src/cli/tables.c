/* tables.c - the verbs and their options; --help, completion and parsing come from here.
 * SPDX-License-Identifier: MIT */
#include "cli/compare.h"
#include "cli/verb.h"

static const char *const on_cancel[] = {"leave", "abort", NULL};

#define OPTION_OF_REASON                                                                                     \
    {                                                                                                        \
        .name = "reason", .type = OPTION_TEXT, .help = "why; it is recorded"                                 \
    }
#define OPTION_OF_TIMEOUT                                                                                    \
    {                                                                                                        \
        .name = "timeout", .type = OPTION_DURATION, .min = 1, .max = 366.0 * 86400000.0, .fallback = "24h",  \
        .help = "longest wait"                                                                               \
    }
#define OPTION_OF_EXIT_WHEN_HELD                                                                             \
    {                                                                                                        \
        .name = "exit-when-held", .type = OPTION_BOOL,                                                       \
        .help = "end with 5 as soon as it is held or waits for people"                                       \
    }
#define OPTION_OF_ON_CANCEL                                                                                  \
    {                                                                                                        \
        .name = "on-cancel", .type = OPTION_CHOICE, .choices = on_cancel, .fallback = "leave",               \
        .help = "what Ctrl-C does to the deployment"                                                         \
    }

static const struct option start_options[] = {
    {.name = "version",
     .type = OPTION_LIST,
     .is_required = true,
     .help = "what goes out; of a group SERVICE=VERSION, once for each"},
    {.name = "group", .type = OPTION_TEXT, .help = "services that stand or fall together"},
    {.name = "digest", .type = OPTION_LIST, .help = "its digest, sha256:...; of a group SERVICE=DIGEST"},
    {.name = "strategy", .type = OPTION_TEXT, .help = "instead of the environment's own"},
    {.name = "run-url", .type = OPTION_TEXT, .help = "page of the pipeline's run"},
    {.name = "commit", .type = OPTION_TEXT, .help = "what it was built from"},
    {.name = "actor",
     .type = OPTION_TEXT,
     .help = "who caused it, told by a pipeline; a person speaks only for themselves"},
    OPTION_OF_REASON,
    {.name = "emergency",
     .type = OPTION_BOOL,
     .help = "past queue, window, lock, freeze, brakes, approvals and gates; needs override and a reason"},
    {.name = "stable-is-bad",
     .type = OPTION_BOOL,
     .help = "of an emergency: quarantines what serves; as bad as that is no fault"},
    {.name = "key",
     .type = OPTION_TEXT,
     .help = "idempotency key; the same one again is the same deployment"},
    {.name = "wait", .type = OPTION_BOOL, .help = "wait for the end; the exit code is the answer"},
    OPTION_OF_TIMEOUT,
    OPTION_OF_EXIT_WHEN_HELD,
    OPTION_OF_ON_CANCEL,
};
static const struct option run_options[] = {
    {.name = "version", .type = OPTION_TEXT, .is_required = true, .help = "what is built and goes out"},
    {.name = "digest", .type = OPTION_TEXT, .help = "of an artifact that is there already, sha256:..."},
    {.name = "run-url", .type = OPTION_TEXT, .help = "a page about it"},
    {.name = "commit", .type = OPTION_TEXT, .help = "what it is built from"},
    {.name = "actor",
     .type = OPTION_TEXT,
     .help = "who caused it, told by a pipeline; a person speaks only for themselves"},
    OPTION_OF_REASON,
    {.name = "wait", .type = OPTION_BOOL, .help = "wait for the end; the exit code is the answer"},
    OPTION_OF_TIMEOUT,
    OPTION_OF_EXIT_WHEN_HELD,
    OPTION_OF_ON_CANCEL,
};
static const struct option iac_options[] = {
    {.name = "plan", .type = OPTION_TEXT, .help = "approve: the plan that it is for, sha256:..."},
    {.name = "confirm", .type = OPTION_TEXT, .help = "destroy: STACK/ENV once more"},
    {.name = "run-url", .type = OPTION_TEXT, .help = "a page about it"},
    {.name = "commit", .type = OPTION_TEXT, .help = "of the stack's code"},
    {.name = "actor",
     .type = OPTION_TEXT,
     .help = "who caused it, told by a pipeline; a person speaks only for themselves"},
    OPTION_OF_REASON,
    {.name = "wait", .type = OPTION_BOOL, .help = "wait for the end; the exit code is the answer"},
    OPTION_OF_TIMEOUT,
    OPTION_OF_EXIT_WHEN_HELD,
    OPTION_OF_ON_CANCEL,
    {.name = "serial",
     .type = OPTION_INTEGER,
     .min = 0,
     .max = 9007199254740992.0,
     .help = "state: this one instead of the newest; restore: the one that comes back"},
    {.name = "output", .type = OPTION_TEXT, .help = "state: file to write (-o)"},
};
static const struct option runs_options[] = {{.name = "limit",
                                              .type = OPTION_INTEGER,
                                              .min = 1,
                                              .max = 100,
                                              .fallback = "20",
                                              .help = "how many (-n)"}};
static const struct option wait_options[] = {OPTION_OF_TIMEOUT, OPTION_OF_EXIT_WHEN_HELD,
                                             OPTION_OF_ON_CANCEL};
static const struct option get_options[] = {
    {.name = "watch", .type = OPTION_BOOL, .help = "go on showing it until it ends (-w)"}};
static const struct option logs_options[] = {
    {.name = "follow", .type = OPTION_BOOL, .help = "go on until the deployment or the run is over (-f)"},
    {.name = "step",
     .type = OPTION_INTEGER,
     .min = 1,
     .max = 1000,
     .help = "only of this step of the plan, as `verdict get` counts them"},
    {.name = "task", .type = OPTION_TEXT, .help = "of a run: only of this task, NAME or STAGE/NAME"},
    {.name = "grep", .type = OPTION_TEXT, .help = "only lines that hold this text, as it stands"}};
static const struct option list_options[] = {
    {.name = "service", .type = OPTION_TEXT, .help = "only of this one"},
    {.name = "environment", .type = OPTION_TEXT, .help = "only in this one"},
    {.name = "state", .type = OPTION_TEXT, .help = "active, or names such as held,promoted"},
    {.name = "limit",
     .type = OPTION_INTEGER,
     .min = 1,
     .max = 100,
     .fallback = "20",
     .help = "how many (-n)"},
};
static const struct option reason_options[] = {OPTION_OF_REASON};
static const struct option promote_options[] = {
    {.name = "full", .type = OPTION_BOOL, .help = "override what is left; needs the right and a reason"},
    OPTION_OF_REASON};
static const struct option rollback_options[] = {
    {.name = "past-no-return",
     .type = OPTION_BOOL,
     .help = "also past a command that the old version cannot run on; needs the right and a reason"},
    OPTION_OF_REASON};
static const struct option comment_options[] = {
    {.name = "comment", .type = OPTION_TEXT, .help = "is recorded with your answer"},
    {.name = "plan", .type = OPTION_TEXT, .help = "of a run: the plan that is approved, sha256:..."}};
static const struct option adopt_options[] = {
    {.name = "version", .type = OPTION_TEXT, .is_required = true, .help = "what serves now"},
    {.name = "slot", .type = OPTION_TEXT, .fallback = "", .help = "where it serves"},
    {.name = "digest", .type = OPTION_TEXT, .help = "its digest, sha256:..."},
    {.name = "reason", .type = OPTION_TEXT, .is_required = true, .help = "why; it is recorded"},
};
static const struct option freeze_options[] = {
    {.name = "reason", .type = OPTION_TEXT, .is_required = true, .help = "why; it is recorded"},
    {.name = "until",
     .type = OPTION_TEXT,
     .help = "when it ends by itself: 8h, 2026-12-18T09:00Z, \"2026-12-18 09:00 Europe/Berlin\""}};
static const struct option mark_options[] = {{.name = "weight",
                                              .type = OPTION_TEXT,
                                              .is_required = true,
                                              .help = "what the pipeline routes, such as 25%"}};
static const struct option judge_options[] = {{.name = "for",
                                               .type = OPTION_DURATION,
                                               .min = 1,
                                               .max = 86400000.0,
                                               .fallback = "10m",
                                               .help = "how long to watch"}};
static const struct option quarantine_options[] = {
    {.name = "version", .type = OPTION_TEXT, .help = "of add and clear"},
    {.name = "digest", .type = OPTION_TEXT, .help = "of add: its digest"},
    OPTION_OF_REASON,
};
static const struct option token_options[] = {
    {.name = "scope",
     .type = OPTION_TEXT,
     .fallback = "read",
     .help = "read,deploy,approve,rollback,override,admin"},
    {.name = "person", .type = OPTION_BOOL, .help = "a person's: may approve"},
    {.name = "service", .type = OPTION_TEXT, .help = "only for these: a,b"},
    {.name = "environment", .type = OPTION_TEXT, .help = "only in these: a,b"},
    {.name = "expires", .type = OPTION_TEXT, .help = "after this time, such as 90d"},
};
static const struct option report_options[] = {
    {.name = "html",
     .type = OPTION_BOOL,
     .help = "one page that needs nothing else, for people and archives"},
    {.name = "output", .type = OPTION_TEXT, .help = "with --html: file to write (-o)"}};
static const struct option graph_options[] = {
    {.name = "output", .type = OPTION_TEXT, .help = "file to write (-o): FILE.svg or FILE.png"}};
static const struct option explain_options[] = {{.name = "rules",
                                                 .type = OPTION_TEXT,
                                                 .help = "rule file or folder where the rule stands; "
                                                         "/etc/verdictd/rules.d"}};
static const struct option audit_options[] = {
    {.name = "limit",
     .type = OPTION_INTEGER,
     .min = 1,
     .max = 100,
     .fallback = "20",
     .help = "how many rows (-n)"},
    {.name = "head", .type = OPTION_TEXT, .help = "verify: a hash that an earlier one printed"},
    {.name = "journal",
     .type = OPTION_TEXT,
     .help = "verify: this file (DATA/journal.db), which is only read, and not what the daemon says"}};
static const struct option rehearse_options[] = {
    {.name = "version", .type = OPTION_TEXT, .help = "as if this one came; the one that serves now"},
    OPTION_OF_REASON,
    OPTION_OF_TIMEOUT,
    OPTION_OF_EXIT_WHEN_HELD,
    OPTION_OF_ON_CANCEL,
};
static const struct option check_options[] = {
    {.name = "online", .type = OPTION_BOOL, .help = "ask the daemon to try what they name"}};

static const struct option backtest_options[] = {
    {.name = "since",
     .type = OPTION_DURATION,
     .min = 1,
     .max = 366.0 * 86400000.0,
     .fallback = "30d",
     .help = "kept deployments that began no longer ago"},
    {.name = "service", .type = OPTION_TEXT, .help = "only SERVICE, or SERVICE/ENV"},
    {.name = "data",
     .type = OPTION_TEXT,
     .fallback = "/var/lib/verdictd",
     .help = "the daemon's data folder; it is only read"},
    {.name = "deployments",
     .type = OPTION_TEXT,
     .help = "a CSV file of deployments instead, with values from their source's history"},
    {.name = "config",
     .type = OPTION_TEXT,
     .fallback = "/etc/verdictd/verdictd.conf",
     .help = "with --deployments: the settings that say where the sources are"}};

static const char *const backtest_text[] = {
    "verdict backtest FILE...|FOLDER [--since 30d] [--service SERVICE[/ENV]] [--data FOLDER]\n"
    "verdict backtest FILE...|FOLDER --deployments FILE.csv [--service SERVICE[/ENV]] [--config FILE]",
    "Judges the deployments that the daemon keeps again, by these rules and the daemon's own judge: what "
    "would "
    "have been taken back, false alarms for each 100 good ones, bad ones missed, and the median time from "
    "the "
    "first traffic until a bad one was found. Good is what serves; bad is what a rule or a person took back. "
    "Exit code: 0 answered, 1 nothing to judge or a source that is not there, 2 unreadable.",
    "The list's first line names its columns: service, environment, version, start, end, and where they are "
    "known previous, slot, stable_slot and outcome (good, bad, unknown). Times are 2026-11-20T10:00:00Z or "
    "seconds since 1970; start is the first traffic. Only Prometheus has a history to ask.",
    NULL};

static const char *const quarantine_text[] = {
    "verdict quarantine ls\nverdict quarantine add SERVICE/ENV --version V --reason R\n"
    "verdict quarantine clear SERVICE/ENV --version V",
    NULL};
static const char *const explain_text[] = {
    "verdict explain ID\nverdict explain RULE [--rules FILE|FOLDER]",
    "A verdict as the daemon knows it, or a rule or smoke test of these files: what "
    "it reads, when it fires, what data it needs, what "
    "then.",
    NULL};
static const char *const graph_text[] = {
    "verdict graph ID METRIC -o FILE.svg\nverdict graph ID METRIC -o FILE.png",
    "Of a histogram METRIC is the 95 % quantile; METRIC.p50 and METRIC.p99 "
    "are the others. The files lie in "
    "DATA/series/SERVICE/ENVIRONMENT/, and any RRD tool draws them.",
    NULL};
static const char *const token_text[] = {
    "verdict token create NAME --scope read,deploy [--person] [--service a,b] [--environment a,b] "
    "[--expires 90d]\n"
    "verdict token ls\nverdict token revoke ID",
    NULL};

static const char *const audit_text[] = {
    "verdict audit [-n N]\nverdict audit verify [--head HASH] [--journal FILE]",
    "Whatever changes something has a row, and each row the hash of the one before it. `verify` hashes all "
    "of "
    "them again, names the first that does not fit, and prints the hash of the last one. Who keeps that "
    "elsewhere, and gives it as --head later, also finds that rows were cut off at the end, or that all were "
    "written anew. Exit code: 0 all fit, 1 could not find out, 2 usage, 3 one does not fit.",
    NULL};

static const char *const check_text[] = {
    "verdict check FILE...|FOLDER [--online]",
    "With --online, what is good is sent to the daemon, service by service, which asks for it as at an "
    "admission: "
    "the lever, the runner about every command, the places of smoke tests; and for each metric its source, "
    "whether there is a series of what serves now. It needs the sources and levers of the daemon's own "
    "settings, "
    "and the right `admin`, since these files say what it asks and where. A command of hosts_from is run. "
    "Exit code: 0 good, 1 findings, or the daemon did not answer, 2 usage.",
    NULL};

static const char *const logs_text[] = {
    "verdict logs ID [-f] [--step N] [--task NAME] [--grep TEXT]",
    "What each action came to, and what its commands printed: of a long output the first and the last 32 "
    "KiB, "
    "for seven days; of a command that runs its beginning, as far as whole lines are there. Known secrets "
    "are "
    "struck out. Exit code: 0 all was shown, 1 the daemon or the runner did not answer.",
    "Of a run: every try of every task; all of a plan is `verdict logs run_N --task plan`. Of what is older "
    "than seven days the last 4000 characters of each task's newest try.",
    NULL};

static const char *const rehearse_text[] = {
    "verdict rehearse SERVICE/ENV [STRATEGY] [--version V]\nverdict rehearse SERVICE/ENV recovery [--reason "
    "R]",
    "Asks what an admission asks: the lever, the runner about every command that the plan may need, on every "
    "host, and the places that its smoke tests will ask. Nothing is started but the command that names the "
    "hosts (hosts_from), where there is one. 0: it would be admitted, 5: rejected.",
    "recovery: runs the recovery plan of SERVICE/ENV on the stand-in that its rule file names (`rehearse`), "
    "and "
    "nowhere else, waits for its end, and says how long each step and all of it took. 0: the stand-in is "
    "well, "
    "5: a step failed, or it is not.",
    NULL};

static const char *const notify_text[] = {
    "verdict notify test slack:deploys",
    "The name is a receiver's of verdictd.conf, as `notify` of a service has it. The notice says that it is "
    "a "
    "test, and wakes nobody. 0: delivered, 5: not, with what the receiver answered. Takes the right `admin`.",
    NULL};

static const char *const start_text[] = {
    "verdict start SERVICE/ENV --version V [--wait]\n"
    "verdict start --group G --version S=V --version S=V [--wait]",
    "The services of a group are deployed together: none takes a step that gives it more traffic before all "
    "have what they need for it, and where one goes wrong all are taken back. It is a run: get, wait, abort "
    "and retry take its run_N.",
    NULL};

static const char *const run_text[] = {"verdict run PIPELINE --version V [--wait]\n"
                                       "get, wait, abort and retry take a run_N like a deployment",
                                       NULL};

static const char *const iac_text[] = {
    "verdict iac apply STACK ENV [--wait]\n"
    "verdict iac approve run_N --plan sha256:...\n"
    "verdict iac destroy STACK ENV --confirm STACK/ENV",
    "An apply makes a plan, waits for the approval of exactly that one "
    "where the environment asks for it, applies it, "
    "and looks whether a second plan is empty. A plan that went stale is "
    "not applied: `verdict retry run_N` makes and "
    "asks for a new one. What takes everything away is always asked for.",
    "verdict iac ls [STACK ENV]\nverdict iac state STACK ENV [--serial N] [-o FILE]\n"
    "verdict iac restore STACK ENV --serial N --reason R\nverdict iac unlock STACK ENV --reason R",
    "The daemon keeps the states of terraform (backend \"http\"), every version of them. `ls` lists stacks "
    "with "
    "who holds their locks, or the versions of one. `state` prints one as it came: it holds secrets, and "
    "takes "
    "the right `deploy`. `restore` writes an older one again as the newest, with the serial that comes next, "
    "while nobody holds the lock and no run is at work: what was built since is then in no state, and the "
    "next "
    "plan tells. `unlock` breaks the lock of whoever holds it, and takes the right `override`: "
    "whatever "
    "holds it must be gone.",
    NULL};

static const struct option status_options[] = {
    {.name = "span",
     .type = OPTION_DURATION,
     .min = 60000,
     .max = 366.0 * 86400000.0,
     .fallback = "30d",
     .help = "what the figures are about, back from now"},
    {.name = "environment", .type = OPTION_TEXT, .help = "deployments of this one alone"},
};

static const char *const get_text[] = {
    "verdict get ID [-w]",
    "With --plain, fields with tabs between them: `deployment` ID SERVICE ENV VERSION PREVIOUS STATE SHARE "
    "ASKED SUMMARY; `step` NUMBER STATE TEXT; `approval` GOT NEEDED APPROVERS COMMAND; `rule` NAME VERDICT "
    "REASON VALUE BOUND UNIT RATIO MODE MUTED CONDITION. Of a run `run` ID PIPELINE GROUP STACK ENV VERSION "
    "DIGEST STATE SUMMARY; `stage` NAME STATE; `task` STAGE NAME STATE VERSION DEPLOYMENT WHY. With -w, one "
    "sentence whenever something changes.",
    NULL};

static const char *const status_text[] = {
    "Figures of deployments and runs that ended in the span, each with its target: met, missed, or ? where "
    "it "
    "is not known.",
    "A pipeline's tasks report some of them as outputs: `coverage` (percent), `artifact_bytes`, and "
    "`commit_time` (seconds since 1970).",
    "Stacks of infrastructure stand there with their resources, the last plan and apply, what they cost a "
    "month and how much dearer that is, "
    "findings by severity, and drift, each with when it was looked.",
    "With --plain, fields with tabs between them: `fleet` FROZEN UNTIL BRAKED UNTIL; `service` SERVICE ENV "
    "FROZEN UNTIL BRAKED UNTIL QUARANTINED STABLE; `deployment` ID SERVICE ENV VERSION STATE SHARE SUMMARY; "
    "`run` LIST ID STATE SUMMARY; `stack` STACK ENV RESOURCES LOCKED; `figure` NAME VALUE UNIT COUNT MET "
    "WHY; "
    "`recovery` SERVICE ENV STAND-IN RUN PASSED SECONDS AGE.",
    NULL};

static const char *const retry_text[] = {
    "verdict retry ID --reason R\n"
    "Of a deployment that ended without being promoted: a new one of the same version, by the rule files of "
    "today. Its version leaves the quarantine, which takes the right `override`.",
    NULL};

#define TABLE(options) (options), ARRAY_LENGTH(options)

const struct verb_entry verb_table[] = {
    {"start", "SERVICE/ENV", "starts a deployment, or those of a group; prints its id", start_text,
     TABLE(start_options), 1, 1, false, start_run, NULL},
    {"run", "PIPELINE", "runs a pipeline and prints the id of its run", run_text, TABLE(run_options), 1, 1,
     false, run_run, NULL},
    {"iac",
     "plan|apply|verify|drift|destroy STACK ENV | approve|reject RUN | ls [STACK ENV] | "
     "state|restore|unlock STACK ENV",
     "infrastructure: plans, applies exactly what was approved, looks for drift; states and locks", iac_text,
     TABLE(iac_options), 1, 3, false, iac_run, NULL},
    {"runs", "[PIPELINE|GROUP|STACK/ENV]", "lists runs of pipelines, groups and stacks, newest first", NULL,
     TABLE(runs_options), 0, 1, false, runs_run, NULL},
    {"wait", "ID", "waits for the end; the exit code is the answer", NULL, TABLE(wait_options), 1, 1, false,
     wait_run, NULL},
    {"get", "ID", "shows one deployment: steps, weights, every rule", get_text, TABLE(get_options), 1, 1,
     false, get_run, NULL},
    {"logs", "ID", "shows what came of its actions, and what its commands printed", logs_text,
     TABLE(logs_options), 1, 1, false, logs_run, NULL},
    {"ls", "", "lists deployments, newest first", NULL, TABLE(list_options), 0, 0, false, list_run, NULL},
    {"status", "", "shows what serves, what is under way, and the figures of a span", status_text,
     TABLE(status_options), 0, 0, false, status_run, NULL},
    {"promote", "ID", "goes on where the step has its pass verdict", NULL, TABLE(promote_options), 1, 1,
     false, promote_run, NULL},
    {"hold", "ID", "stops it where it is; rules go on judging", NULL, TABLE(reason_options), 1, 1, false,
     act_run, "hold"},
    {"resume", "ID", "goes on after a hold", NULL, TABLE(reason_options), 1, 1, false, act_run, "resume"},
    {"abort", "ID", "stops it and goes back", NULL, TABLE(reason_options), 1, 1, false, act_run, "abort"},
    {"retry", "ID", "starts what failed once more: a run from its failed stage on", retry_text,
     TABLE(reason_options), 1, 1, false, act_run, "retry"},
    {"rollback", "ID", "takes it back", NULL, TABLE(rollback_options), 1, 1, false, rollback_run, NULL},
    {"mute", "ID RULE", "a rule only records from here on", NULL, TABLE(reason_options), 2, 2, false,
     mute_run, NULL},
    {"approve", "ID|RUN", "answers yes to what waits for people", NULL, TABLE(comment_options), 1, 1, false,
     approve_run, "approve"},
    {"reject", "ID|RUN", "answers no to what waits for people", NULL, TABLE(comment_options), 1, 1, false,
     approve_run, "reject"},
    {"adopt", "SERVICE/ENV", "records what serves now as stable", NULL, TABLE(adopt_options), 1, 1, false,
     adopt_run, NULL},
    {"freeze", "[SERVICE/ENV]",
     "nothing begins there, or anywhere; what is under way ends its step and waits", NULL,
     TABLE(freeze_options), 0, 1, false, freeze_run, "freeze"},
    {"unfreeze", "[SERVICE/ENV]", "lifts a freeze, of one or of the fleet, and opens its brake", NULL,
     TABLE(reason_options), 0, 1, false, freeze_run, "unfreeze"},
    {"quarantine", "ls|add|clear [SERVICE/ENV]", "versions that must not come back", quarantine_text,
     TABLE(quarantine_options), 0, 2, false, quarantine_run, NULL},
    {"mark", "ID", "tells what the pipeline of a follow deployment routes", NULL, TABLE(mark_options), 1, 1,
     false, mark_run, NULL},
    {"judge", "ID", "waits for one verdict: 0 pass, 3 fail, 6 inconclusive", NULL, TABLE(judge_options), 1, 1,
     false, judge_run, NULL},
    {"report", "ID", "prints all evidence of a deployment", NULL, TABLE(report_options), 1, 1, false,
     report_run, NULL},
    {"explain", "ID|RULE", "says in plain words what happened, with the numbers, or what a rule does",
     explain_text, TABLE(explain_options), 1, 1, false, explain_run, NULL},
    {"test", "FILE...", "judges recorded samples: 0 as expected, 1 not", NULL, NULL, 0, 1, VERB_WORDS_MAX,
     true, test_run, NULL},
    {"backtest", "RULES...", "judges the deployments of the past by these rules", backtest_text,
     TABLE(backtest_options), 1, VERB_WORDS_MAX, true, backtest_run, NULL},
    {"graph", "ID METRIC", "draws a metric of both sides, with steps, verdicts and bounds", graph_text,
     TABLE(graph_options), 2, 2, false, graph_run, NULL},
    {"check", "FILE...", "reads rule files as the daemon would: 0 good, 1 findings", check_text,
     TABLE(check_options), 1, VERB_WORDS_MAX, true, check_run, NULL},
    {"rehearse", "SERVICE/ENV [STRATEGY|recovery]",
     "asks what an admission would, and starts nothing; or runs the recovery plan on its stand-in",
     rehearse_text, TABLE(rehearse_options), 1, 2, false, rehearse_run, NULL},
    {"notify", "test NAME", "sends a notice to a receiver, and says whether it arrived", notify_text, NULL, 0,
     2, 2, false, notify_run, NULL},
    {"compare", "FILE.json|-", "runs statistical tests on given samples: 0 answered, 2 unreadable",
     compare_text, NULL, 0, 1, 1, true, compare_run, NULL},
    {"token", "create NAME | ls | revoke ID", "API tokens", token_text, TABLE(token_options), 1, 2, false,
     token_run, NULL},
    {"audit", "[ls|verify]", "what changed and who asked; or whether those rows are as they were written",
     audit_text, TABLE(audit_options), 0, 1, false, audit_run, NULL},
    {"completion", "bash|zsh", "prints a completion script", NULL, NULL, 0, 1, 1, true, completion_run, NULL},
    {"man", "[verdictd.conf]", "prints this manual, or that of the settings, as a page for man(1)", NULL,
     NULL, 0, 0, 1, true, man_run, NULL},
};

const size_t verb_count = ARRAY_LENGTH(verb_table);
