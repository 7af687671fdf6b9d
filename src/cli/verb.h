/* verb.h - the verbs of the CLI as a table, and what one run of it has at hand.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "base/option.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/terminal.h"

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum {
    VERB_WORDS_MAX = 64,
    VERB_OPTIONS_MAX = 16,
    VERB_PATH_SIZE = 256,
    VERB_MEMORY = 256 * 1024 /* of option texts */
};

/* states.md, "How it ends". */
enum verb_exit {
    VERB_DONE = 0,
    VERB_UNKNOWN = 1, /* could not find out */
    VERB_REFUSED = 2, /* usage, or refused at the door */
    VERB_TAKEN_BACK = 3,
    VERB_HELD = 5,
    VERB_INCONCLUSIVE = 6,
    VERB_TIMEOUT = 124,
    VERB_INTERRUPTED = 130
};

struct cli {
    const struct verb_entry *entry;
    const char *words[VERB_WORDS_MAX]; /* what is no option */
    size_t word_count;
    struct option_value values[VERB_OPTIONS_MAX]; /* of the entry's table */
    bool is_json, is_plain, is_quiet, is_colorless, is_help, is_version;
    struct terminal terminal;
    struct client *client; /* NULL: the verb works offline */
    struct arena arena;
};

struct verb_entry {
    const char *name;
    const char *arguments;   /* "SERVICE/ENV|ID" */
    const char *summary;     /* one line without a full stop */
    const char *const *text; /* more for --help: paragraphs, ends with NULL; or NULL */
    const struct option *options;
    size_t option_count;
    size_t words_min, words_max;
    bool is_offline;
    int (*run)(struct cli *cli);
    const char *value; /* the verb's own */
};

extern const struct verb_entry verb_table[];
extern const size_t verb_count;

/* Value of the entry's option of that name (which must exist). */
const struct option_value *verb_value(const struct cli *cli, const char *name);
bool verb_flag(const struct cli *cli, const char *name);
/* "" where it is not set. */
const char *verb_text(const struct cli *cli, const char *name);

/* Is it the word of verbs that list? */
bool verb_is_list(const char *word);

/* Talk goes to stderr, nowhere with --quiet; errors always. */
void verb_say(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
void verb_complain(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* False: something that was to go to stdout could not be written, now or before; main() says so at the end.
 */
MUST_CHECK bool verb_is_printed(void);

/* "/v1/deployments/ID" + tail, of a run "/v1/runs/ID" + tail; false (said): `id` is neither dep_N nor run_N
 * nor SERVICE/ENV. */
MUST_CHECK bool verb_deployment_path(const struct cli *cli, const char *id, const char *tail,
                                     char to[VERB_PATH_SIZE]);
/* "SERVICE/ENV" into its halves. */
MUST_CHECK bool verb_target(const struct cli *cli, const char *text, char service[NAME_MAX_LENGTH + 1],
                            char environment[NAME_MAX_LENGTH + 1]);

/* Asks; false: complained, and *ret_exit says how to end. The answer is 2xx otherwise (its done is the
 * caller's). `body` NULL: none. */
MUST_CHECK bool verb_ask(struct cli *cli, const char *method, const char *path, const char *body,
                         struct client_answer *ret_answer, int *ret_exit);
/* Exit code of an answer that is no success, after complaining. */
int verb_refused(const struct cli *cli, const struct client_answer *answer);

/* Prints an answer's JSON, indented on a terminal. */
void verb_print_json(const struct cli *cli, const char *json);
/* Asks for a page and prints it: its JSON, or each row of its array `member`. Returns how to end. */
MUST_CHECK int verb_list(struct cli *cli, const char *path, const char *member,
                         void (*print_row)(const struct cJSON *row));

/* One file each. */
int start_run(struct cli *cli);
int wait_run(struct cli *cli);
int get_run(struct cli *cli);
int list_run(struct cli *cli);
int logs_run(struct cli *cli);
int status_run(struct cli *cli);
int act_run(struct cli *cli);
int promote_run(struct cli *cli);
int rollback_run(struct cli *cli);
int mute_run(struct cli *cli);
int approve_run(struct cli *cli);
int adopt_run(struct cli *cli);
int freeze_run(struct cli *cli);
int quarantine_run(struct cli *cli);
int mark_run(struct cli *cli);
int judge_run(struct cli *cli);
int report_run(struct cli *cli);
int explain_run(struct cli *cli);
int test_run(struct cli *cli);
int backtest_run(struct cli *cli);
int graph_run(struct cli *cli);
int check_run(struct cli *cli);
int rehearse_run(struct cli *cli);
int notify_run(struct cli *cli);
int compare_run(struct cli *cli);
int token_run(struct cli *cli);
int audit_run(struct cli *cli);
int completion_run(struct cli *cli);
int man_run(struct cli *cli);
int run_run(struct cli *cli);
int runs_run(struct cli *cli);
int iac_run(struct cli *cli);

#endif
