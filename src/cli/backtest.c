/* backtest.c - verdict backtest: what these rules would have done to the deployments of the past.
 * SPDX-License-Identifier: MIT */
#include "base/duration.h"
#include "cli/kept.h"
#include "cli/listed.h"
#include "cli/schemas.h"
#include "cli/tally.h"
#include "cli/verb.h"
#include "config/config.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { PROGRESS_MS = 2000, LIMITS_MAX = 8, LIMIT_SIZE = 512, NOTHING_JUDGED = VERB_UNKNOWN };

struct backtest {
    const struct cli *cli;
    struct option_schemas *schemas;
    struct config *config;
    struct tally tally;
    struct rejudged rules[PLAN_RULES_MAX];
    int64_t told_ms; /* when progress was told last */
    size_t limit_count;
    char texts[LIMITS_MAX][LIMIT_SIZE];
    const char *limits[LIMITS_MAX];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void add_limit(struct backtest *backtest, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_limit(struct backtest *backtest, const char *format, ...)
{
    va_list list;

    if (backtest->limit_count == LIMITS_MAX)
        return;
    char *text = backtest->texts[backtest->limit_count];
    va_start(list, format);
    (void)vsnprintf(text, LIMIT_SIZE, format, list);
    va_end(list);
    backtest->limits[backtest->limit_count++] = text;
}

static bool judge_past(void *arg, struct past *past, struct err *err)
{
    struct backtest *backtest = arg;
    uint32_t judged = 0;
    int64_t now_ms = clock_ms(CLOCK_MONOTONIC);

    if (!past_judge(past, backtest->rules, &judged, err))
        return err_wrap(err, "%s", past->id);
    tally_add(&backtest->tally, past, backtest->rules, judged);
    if (now_ms - backtest->told_ms >= PROGRESS_MS) {
        backtest->told_ms = now_ms;
        verb_say(backtest->cli, "%zu deployments judged", backtest->tally.total.judged);
    }
    return true;
}

static void name_limits(struct backtest *backtest, const struct kept_counts *counts)
{
    if (counts->not_ruled > 0)
        add_limit(backtest, "%zu deployments left out, such as of %s: %.200s", counts->not_ruled,
                  counts->unruled, counts->why);
    if (counts->unreadable > 0)
        add_limit(backtest, "%zu deployments left out, whose text this version cannot read: %.200s",
                  counts->unreadable, counts->why);
    if (counts->not_routed > 0)
        add_limit(backtest, "%zu deployments left out: they had no traffic, or go on", counts->not_routed);
    if (backtest->tally.coarse > 0)
        add_limit(backtest,
                  "%zu deployments are older than the single steps that are kept: judged on averages, so "
                  "short peaks and delays are not exact",
                  backtest->tally.coarse);
    add_limit(backtest, "what was taken back has no values after that: a slower rule looks like a miss");
    add_limit(backtest, "a gap is a gap: why a source was silent is not kept, nor how late it answered");
}

static bool read_only(const struct cli *cli, char service[NAME_MAX_LENGTH + 1],
                      char environment[NAME_MAX_LENGTH + 1], struct err *err)
{
    const char *only = verb_text(cli, "service");

    if (strchr(only, '/') != NULL)
        return verb_target(cli, only, service, environment) ||
               err_set(err, ERR_INVALID, "--service is SERVICE or SERVICE/ENV");
    return text_copy(service, NAME_MAX_LENGTH + 1, only) ||
           err_set(err, ERR_INVALID, "--service is too long");
}

static bool read_kept(struct backtest *backtest, struct err *err)
{
    const struct cli *cli = backtest->cli;
    char service[NAME_MAX_LENGTH + 1] = "";
    char environment[NAME_MAX_LENGTH + 1] = "";
    struct kept_counts counts;

    if (!read_only(cli, service, environment, err))
        return false;
    const struct kept_request request = {
        .data = verb_text(cli, "data"),
        .config = backtest->config,
        .schemas = backtest->schemas,
        .service = service,
        .environment = environment,
        .since_ms = clock_ms(CLOCK_REALTIME) - verb_value(cli, "since")->duration_ms,
        .arg = backtest,
        .each = judge_past,
    };
    if (!kept_read(&request, &counts, err))
        return false;
    name_limits(backtest, &counts);
    return true;
}

static struct settings *read_settings(const struct backtest *backtest, struct err *err)
{
    struct config_report *report = memory_take(sizeof(*report));
    struct settings *settings = settings_read(verb_text(backtest->cli, "config"), backtest->schemas, report);

    if (settings == NULL)
        (void)err_set(err, ERR_INVALID, "%.200s:%u: %.300s", report->findings[0].file,
                      report->findings[0].line, report->findings[0].text);
    free(report);
    return settings;
}

static void complain_about(const struct cli *cli, const struct listed *listed)
{
    for (size_t i = 0; i < listed->finding_count && i < LISTED_FINDINGS_MAX; i++)
        verb_complain(cli, "%s", listed->findings[i]);
}

static bool ask_listed(struct backtest *backtest, struct listed *listed, struct settings *settings,
                       struct err *err)
{
    char service[NAME_MAX_LENGTH + 1] = "";
    char environment[NAME_MAX_LENGTH + 1] = "";
    char why[ERR_TEXT_MAX];
    const struct listed_request request = {.path = verb_text(backtest->cli, "deployments"),
                                           .config = backtest->config,
                                           .settings = settings,
                                           .schemas = backtest->schemas,
                                           .service = service,
                                           .environment = environment,
                                           .arg = backtest,
                                           .each = judge_past};

    if (!read_only(backtest->cli, service, environment, err))
        return false;
    listed_check(listed, &request);
    complain_about(backtest->cli, listed);
    if (listed->finding_count > 0)
        return err_set(err, ERR_INVALID, "%zu lines of the list are not good", listed->finding_count);
    if (!listed_ask(listed, &request, why, err))
        return false;
    if (why[0] != '\0')
        add_limit(backtest, "not every history could be had, such as: %.300s", why);
    add_limit(backtest, "all traffic counts from the start of each line: shares and steps are not known");
    add_limit(backtest, "values are those that the sources keep, at their own intervals; how late they came "
                        "is not known");
    return true;
}

static bool read_listed(struct backtest *backtest, struct err *err)
{
    CLEANUP(memory_free_at) struct listed *listed = memory_take(sizeof(*listed));
    struct settings *settings = NULL;

    if (!listed_read(verb_text(backtest->cli, "deployments"), listed, err))
        return false;
    bool is_good =
        (settings = read_settings(backtest, err)) != NULL && ask_listed(backtest, listed, settings, err);
    if (settings != NULL)
        settings_free(settings);
    listed_done(listed);
    return is_good;
}

static bool read_past(struct backtest *backtest, struct err *err)
{
    bool is_listed = verb_value(backtest->cli, "deployments")->is_set;

    return is_listed ? read_listed(backtest, err) : read_kept(backtest, err);
}

/* A source that is not there is nothing that the caller said wrongly. */
static int code_of(const struct err *err)
{
    return err->code == ERR_UNAVAILABLE || err->code == ERR_TIMEOUT ? VERB_UNKNOWN : VERB_REFUSED;
}

static bool read_rules(struct backtest *backtest, struct err *err)
{
    const struct cli *cli = backtest->cli;
    struct config_report *report = memory_take(sizeof(*report));
    struct stat status;
    bool is_folder = cli->word_count == 1 && stat(cli->words[0], &status) == 0 && S_ISDIR(status.st_mode);

    backtest->config = is_folder ? config_read_folder(cli->words[0], NULL, backtest->schemas, report)
                                 : config_read_files(cli->words, cli->word_count, backtest->schemas, report);
    bool is_good =
        report->count == 0 || err_set(err, ERR_INVALID, "%.200s:%u: %.300s", report->findings[0].file,
                                      report->findings[0].line, report->findings[0].text);
    free(report);
    return is_good;
}

static void print(struct backtest *backtest)
{
    if (!backtest->cli->is_json) {
        tally_print(&backtest->tally, backtest->limits, backtest->limit_count);
        return;
    }
    cJSON *answer = tally_json(&backtest->tally, backtest->limits, backtest->limit_count);
    char *text = json_print(answer);
    verb_print_json(backtest->cli, text);
    free(text);
    cJSON_Delete(answer);
}

int backtest_run(struct cli *cli)
{
    struct backtest *backtest = memory_take(sizeof(*backtest));
    struct err err = {0};
    int code = VERB_DONE;

    backtest->cli = cli;
    backtest->schemas = schemas_new();
    backtest->told_ms = clock_ms(CLOCK_MONOTONIC);
    tally_init(&backtest->tally, cli->is_json);
    if (!read_rules(backtest, &err) || !read_past(backtest, &err)) {
        verb_complain(cli, "%s", err.text);
        code = code_of(&err);
    } else {
        print(backtest);
        code = backtest->tally.total.judged == 0 ? NOTHING_JUDGED : VERB_DONE;
    }
    tally_done(&backtest->tally);
    config_free(backtest->config);
    free(backtest->schemas);
    free(backtest);
    return code;
}
