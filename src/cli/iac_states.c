/* iac_states.c - verdict iac ls, state, restore, unlock: what the daemon keeps of stacks.
 * SPDX-License-Identifier: MIT */
#include "cli/iac_states.h"

#include "cli/act.h"
#include "cli/field.h"
#include "cli/output.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "/v1/iac/STACK/ENV"; false: complained. */
static bool make_place(const struct cli *cli, char to[VERB_PATH_SIZE])
{
    const char *stack = cli->words[1];
    const char *environment = cli->words[2];

    if (!text_is_name(stack) || !text_is_name(environment)) {
        verb_complain(cli, "%s %s: must be the names of a stack and an environment, such as network prod",
                      stack, environment);
        return false;
    }
    (void)snprintf(to, VERB_PATH_SIZE, "/v1/iac/%s/%s", stack, environment);
    return true;
}

/* ---- ls ---- */

static long long whole(const cJSON *object, const char *name)
{
    double number = field_number(object, name);

    return isfinite(number) ? (long long)number : 0;
}

static void print_lock(const cJSON *lock)
{
    if (lock == NULL)
        (void)printf("-");
    else
        (void)printf("locked by %s (%s) since %s, lock %s", field_text(lock, "who"),
                     field_text(lock, "actor"), field_text(lock, "since"), field_text(lock, "id"));
}

static void print_verified(const cJSON *verified)
{
    if (verified != NULL)
        (void)printf("  verified serial %lld (%s)", whole(verified, "serial"), field_text(verified, "run"));
}

static void print_drift(const cJSON *drift)
{
    if (drift == NULL)
        return;
    if (strcmp(field_text(drift, "found"), "found") == 0)
        (void)printf("  drift of %lld since %s", whole(drift, "resources"), field_text(drift, "since"));
    else
        (void)printf("  drift %s", field_text(drift, "found"));
    (void)printf(" (%s, %s%s)", field_text(drift, "run"), field_text(drift, "looked_at"),
                 cJSON_IsTrue(field_part(drift, "failing")) ? ": could not be looked for" : "");
}

static void print_stack(const cJSON *row)
{
    const cJSON *state = field_part(row, "state");

    (void)printf("%s/%s  ", field_text(row, "stack"), field_text(row, "environment"));
    if (state == NULL)
        (void)printf("no state  %lld versions  ", whole(row, "versions"));
    else
        (void)printf("serial %lld  %lld bytes  %s  %s  lineage %s  %lld versions  ", whole(state, "serial"),
                     whole(state, "bytes"), field_text(state, "time"), field_text(state, "actor"),
                     field_text(state, "lineage"), whole(row, "versions"));
    print_lock(field_part(row, "lock"));
    print_verified(field_part(row, "verified"));
    print_drift(field_part(row, "drift"));
    (void)printf("\n");
}

static void print_state(const cJSON *state)
{
    const char *run = field_text(state, "run");

    (void)printf("%-8lld %-21s %-20s %lld bytes  %s  %s%s%s%s\n", whole(state, "serial"),
                 field_text(state, "time"), field_text(state, "actor"), whole(state, "bytes"),
                 field_text(state, "lineage"), run[0] == '\0' ? field_text(state, "deployment") : run,
                 cJSON_IsTrue(field_part(state, "verified")) ? "  verified" : "",
                 field_text(state, "deleted")[0] == '\0' ? "" : "  deleted ", field_text(state, "deleted"));
}

int iac_states_list(struct cli *cli)
{
    char place[VERB_PATH_SIZE];

    if (cli->word_count == 1)
        return verb_list(cli, "/v1/iac", "stacks", print_stack);
    return make_place(cli, place) ? verb_list(cli, place, "states", print_state) : VERB_REFUSED;
}

/* ---- state ---- */

int iac_states_get(struct cli *cli)
{
    char place[VERB_PATH_SIZE];
    char path[VERB_PATH_SIZE + 64];
    struct client_answer answer;
    int code = VERB_DONE;
    const struct option_value *serial = verb_value(cli, "serial");

    if (!make_place(cli, place))
        return VERB_REFUSED;
    if (serial->is_set)
        (void)snprintf(path, sizeof(path), "%s/state?serial=%lld", place, (long long)serial->number);
    else
        (void)snprintf(path, sizeof(path), "%s/state", place);
    if (!verb_ask(cli, "GET", path, NULL, &answer, &code))
        return code;
    if (answer.status == 204) {
        verb_complain(cli, "there is no state");
        code = VERB_REFUSED;
    } else {
        code = output_put(cli, &answer, S_IRUSR | S_IWUSR); /* it holds secrets */
    }
    client_answer_done(&answer);
    return code;
}

/* ---- restore ---- */

int iac_states_restore(struct cli *cli)
{
    const struct option_value *serial = verb_value(cli, "serial");
    char place[VERB_PATH_SIZE];
    char path[VERB_PATH_SIZE + 64];
    struct client_answer answer;
    int code = VERB_REFUSED;

    if (!serial->is_set || verb_text(cli, "reason")[0] == '\0') {
        verb_complain(cli,
                      "--serial says which state (verdict iac ls STACK ENV), --reason why it comes back");
        return VERB_REFUSED;
    }
    if (!make_place(cli, place))
        return VERB_REFUSED;
    cJSON *body = act_body(cli);
    cJSON_AddNumberToObject(body, "serial", serial->number);
    char *text = json_print(body);
    cJSON_Delete(body);
    (void)snprintf(path, sizeof(path), "%s/restore", place);
    bool is_good = verb_ask(cli, "POST", path, text, &answer, &code);
    free(text);
    if (!is_good)
        return code;
    cJSON *restored = field_parse(answer.body, answer.length);
    (void)printf("serial %lld has what serial %lld had\n", whole(restored, "serial"),
                 whole(restored, "restored"));
    json_free(restored);
    client_answer_done(&answer);
    return VERB_DONE;
}

/* ---- unlock ---- */

/* Who asks has looked at this lock, not at one that comes meanwhile. */
static bool find_lock(struct cli *cli, const char *place, cJSON *body, int *ret_code)
{
    struct client_answer answer;

    if (!verb_ask(cli, "GET", place, NULL, &answer, ret_code))
        return false;
    struct cJSON *page = field_parse(answer.body, answer.length);
    const cJSON *lock = field_part(page, "lock");
    if (lock != NULL) {
        cJSON_AddStringToObject(body, "id", field_text(lock, "id"));
        verb_say(cli, "lock %s of %s (%s) since %s", field_text(lock, "id"), field_text(lock, "who"),
                 field_text(lock, "actor"), field_text(lock, "since"));
    } else {
        verb_complain(cli, "nobody holds its lock");
        *ret_code = VERB_REFUSED;
    }
    bool is_found = lock != NULL;
    json_free(page);
    client_answer_done(&answer);
    return is_found;
}

int iac_states_unlock(struct cli *cli)
{
    char place[VERB_PATH_SIZE];
    char path[VERB_PATH_SIZE + 64];
    struct client_answer answer;
    int code = VERB_REFUSED;

    if (verb_text(cli, "reason")[0] == '\0') {
        verb_complain(cli, "--reason says why the lock is broken");
        return VERB_REFUSED;
    }
    if (!make_place(cli, place))
        return VERB_REFUSED;
    cJSON *body = act_body(cli);
    bool is_good = find_lock(cli, place, body, &code);
    char *text = json_print(body);
    cJSON_Delete(body);
    (void)snprintf(path, sizeof(path), "%s/lock", place);
    is_good = is_good && verb_ask(cli, "DELETE", path, text, &answer, &code);
    free(text);
    if (!is_good)
        return code;
    client_answer_done(&answer);
    verb_say(cli, "it is broken");
    return VERB_DONE;
}
