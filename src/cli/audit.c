/* audit.c - verdict audit: its newest rows; verdict audit verify: the whole chain, from the daemon's answers
 * or from the journal's file, hashed again here.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"
#include "cli/verb.h"
#include "io/digest.h"
#include "io/json.h"
#include "store/journal_audit.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DOES_NOT_FIT = 3 }; /* the exit code */

enum { PAGE_ROWS = 100, PAGE_SIZE_MAX = 4 * 1024 * 1024, PAGE_KEYS_MAX = 4096, TEXT_MAX = 64 * 1024 };

/* A column says what a deployment, a run (in front of the reason) or a target this is about. */
static void print_row(const cJSON *row)
{
    char place[2 * NAME_MAX_LENGTH + 2] = "";

    if (field_text(row, "deployment")[0] != '\0')
        (void)snprintf(place, sizeof(place), "%s", field_text(row, "deployment"));
    else if (field_text(row, "service")[0] != '\0')
        (void)snprintf(place, sizeof(place), "%s/%s", field_text(row, "service"),
                       field_text(row, "environment"));
    (void)printf("%7.0f  %-20s %-16s %s\n", field_number(row, "event"), field_text(row, "time"), place,
                 field_text(row, "text"));
}

static int list(struct cli *cli)
{
    char path[VERB_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "/v1/audit?limit=%.0f", verb_value(cli, "limit")->number);
    return verb_list(cli, path, "audit", print_row);
}

static bool take_number(const struct json_node *row, const char *name, int64_t max, uint64_t *ret_number,
                        struct err *err)
{
    int64_t number = 0;

    if (!json_integer(row, name, JSON_REQUIRED, 0, max, &number, err))
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

static bool take_small(const struct json_node *row, const char *name, uint32_t *ret_number, struct err *err)
{
    uint64_t number = 0;

    if (!take_number(row, name, UINT32_MAX, &number, err))
        return false;
    *ret_number = (uint32_t)number;
    return true;
}

static bool take_hash(const struct json_node *row, const char *name, unsigned char to[JOURNAL_HASH_SIZE],
                      struct err *err)
{
    const char *text = "";

    return json_text(row, name, JSON_REQUIRED, AUDIT_HASH_HEX_SIZE - 1, &text, err) &&
           (digest_hex_decode(text, to, JOURNAL_HASH_SIZE) ||
            err_set(err, ERR_PROTOCOL, "%s/%s: is no hash", JSON_POINTER(row), name));
}

/* "dep_17", or null. */
static bool take_deployment(const struct json_node *row, uint64_t *ret_deployment, struct err *err)
{
    const char *text = "";
    int64_t number = 0;

    if (!json_text(row, "deployment", JSON_OPTIONAL, VERB_PATH_SIZE, &text, err))
        return false;
    if (text[0] != '\0' &&
        (strncmp(text, "dep_", 4) != 0 || !text_to_integer(text + 4, 1, INT64_MAX, &number)))
        return err_set(err, ERR_PROTOCOL, "%s/deployment: is none", JSON_POINTER(row));
    *ret_deployment = (uint64_t)number;
    return true;
}

static bool take_times(const struct json_node *row, struct chain_row *audit, struct err *err)
{
    return json_integer(row, "wall_ms", JSON_REQUIRED, -JSON_INTEGER_MAX, JSON_INTEGER_MAX, &audit->wall_ms,
                        err) &&
           json_integer(row, "engine_ms", JSON_REQUIRED, -JSON_INTEGER_MAX, JSON_INTEGER_MAX,
                        &audit->engine_ms, err);
}

static bool follow_row(struct audit_walk *walk, const struct json_node *row, struct err *err)
{
    unsigned char prev[JOURNAL_HASH_SIZE];
    unsigned char hash[JOURNAL_HASH_SIZE];
    struct chain_row audit = {0};
    bool is_withheld = false;

    if (!json_bool(row, "withheld", JSON_OPTIONAL, &is_withheld, err))
        return false;
    if (is_withheld)
        return take_number(row, "event", JSON_INTEGER_MAX, &audit.event, err) &&
               take_hash(row, "prev", prev, err) && take_hash(row, "hash", hash, err) &&
               audit_walk_withheld(walk, audit.event, prev, hash, err);
    return take_number(row, "event", JSON_INTEGER_MAX, &audit.event, err) && take_times(row, &audit, err) &&
           take_deployment(row, &audit.deployment, err) && take_small(row, "target", &audit.target, err) &&
           json_text(row, "what", JSON_REQUIRED, TEXT_MAX, &audit.what, err) &&
           take_small(row, "a", &audit.a, err) && take_small(row, "b", &audit.b, err) &&
           take_small(row, "step", &audit.step, err) && take_small(row, "attempt", &audit.attempt, err) &&
           json_text(row, "actor", JSON_REQUIRED, TEXT_MAX, &audit.actor, err) &&
           json_text(row, "reason", JSON_REQUIRED, TEXT_MAX, &audit.reason, err) &&
           take_hash(row, "prev", prev, err) && take_hash(row, "hash", hash, err) &&
           audit_walk_row(walk, &audit, prev, hash, err);
}

/* Texts stay as they are: they are hashed, not shown. */
static bool follow_page(struct audit_walk *walk, const struct client_answer *answer, size_t *ret_count,
                        struct err *err)
{
    static const struct json_limits limits = {
        .size_max = PAGE_SIZE_MAX, .depth_max = 8, .keys_max = PAGE_KEYS_MAX};
    struct cJSON *json = NULL;
    struct json_node page = {0};

    if (!json_parse(answer->body, answer->length, &limits, &json, err))
        return err_wrap(err, "the daemon's answer");
    struct json_node root = json_root(json);
    bool is_good = json_as_object(&root, err) &&
                   json_array(&root, "audit", JSON_REQUIRED, PAGE_ROWS, &page, ret_count, err);
    for (struct json_node row = json_first(&page); is_good && row.item != NULL; row = json_next(&page, &row))
        is_good = json_as_object(&row, err) && follow_row(walk, &row, err);
    json_free(json);
    return is_good;
}

/* The daemon may write on meanwhile: the last page ends it. False with a code: no answer came. */
static bool follow_daemon(struct cli *cli, struct audit_walk *walk, int *ret_exit, struct err *err)
{
    size_t count = PAGE_ROWS;
    bool is_good = true;

    while (is_good && count == PAGE_ROWS) {
        char path[VERB_PATH_SIZE];
        struct client_answer answer;
        (void)snprintf(path, sizeof(path), "/v1/audit?limit=%d&after=%" PRIu64, PAGE_ROWS, walk->at.event);
        if (!verb_ask(cli, "GET", path, NULL, &answer, ret_exit))
            return false;
        is_good = follow_page(walk, &answer, &count, err);
        client_answer_done(&answer);
    }
    const struct chain end = walk->at;
    return is_good && audit_walk_end(walk, &end, err);
}

static void print_head(const struct cli *cli, const struct audit_walk *walk)
{
    char head[AUDIT_HASH_HEX_SIZE];

    audit_walk_format(walk, head);
    if (cli->is_json)
        (void)printf("{\"rows\":%" PRIu64 ",\"withheld\":%" PRIu64 ",\"head\":\"%s\"}\n", walk->at.event,
                     walk->withheld_count, head);
    else
        (void)printf("%s\n", head);
    verb_say(cli, "all %" PRIu64 " audit rows fit; keep the hash of the last one elsewhere, for --head",
             walk->at.event);
    if (walk->withheld_count > 0)
        verb_say(cli,
                 "%" PRIu64 " of them are about tokens, and this token may not see them: they follow one "
                 "another, but what they say was not checked",
                 walk->withheld_count);
}

static int verify(struct cli *cli)
{
    const char *head = verb_text(cli, "head");
    const char *journal = verb_text(cli, "journal");
    struct audit_walk walk;
    struct err err = {0};
    int code = VERB_DONE;

    if (!audit_walk_begin(&walk, head[0] == '\0' ? NULL : head, &err)) {
        verb_complain(cli, "%s", err.text);
        return VERB_REFUSED;
    }
    bool is_good = journal[0] == '\0' ? follow_daemon(cli, &walk, &code, &err)
                                      : journal_audit_walk(journal, &walk, &err);
    if (is_good) {
        print_head(cli, &walk);
        return VERB_DONE;
    }
    if (code != VERB_DONE)
        return code;
    verb_complain(cli, "%s", err.text);
    return walk.is_broken ? DOES_NOT_FIT : VERB_UNKNOWN;
}

int audit_run(struct cli *cli)
{
    const char *what = cli->word_count == 0 ? "ls" : cli->words[0];

    if (verb_is_list(what))
        return list(cli);
    if (strcmp(what, "verify") == 0)
        return verify(cli);
    verb_complain(cli, "say: audit [ls] | audit verify [--head HASH] [--journal FILE]");
    return VERB_REFUSED;
}
