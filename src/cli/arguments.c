/* arguments.c - argv → verb, words and option values.
 * SPDX-License-Identifier: MIT */
#include "cli/arguments.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64, USAGE_SIZE = 256, COLUMN = 26, CANDIDATES_MAX = 64 };
/* Of what --help prints. */
enum {
    WIDTH = 100,
    HELP_SIZE = 512,
    USAGE_INDENT = 8,
    NAME_COLUMNS = 14,
    ARGUMENTS_COLUMNS = 32,
    SUMMARY_COLUMN = NAME_COLUMNS + ARGUMENTS_COLUMNS + 1
};

struct short_name {
    char letter;
    const char *name;
};

static const struct short_name short_names[] = {
    {'h', "help"}, {'q', "quiet"}, {'w', "watch"}, {'o', "output"}, {'n', "limit"}, {'f', "follow"},
};

const struct arguments_flag arguments_flags[] = {
    {"json", "the daemon's answer as it is, as JSON"},
    {"plain", "one record on each line, without colours and without redrawing"},
    {"quiet", "results and errors alone (-q)"},
    {"no-color", "no colours; a live tree stays one"},
    {"no-input", "nothing is asked, as ever: no verb waits for an answer of yours"},
    {"help", "what a verb does and takes (-h)"},
    {"version", "the version of this program, where the verb takes no version itself"},
    {NULL, NULL},
};

/* False: there is none of that name. */
static bool set_flag(struct cli *cli, const char *name)
{
    bool ignored = false;
    bool *const flags[] = {&cli->is_json, &cli->is_plain, &cli->is_quiet,  &cli->is_colorless,
                           &ignored,      &cli->is_help,  &cli->is_version};

    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
        if (strcmp(arguments_flags[i].name, name) == 0)
            return *flags[i] = true;
    return false;
}

static bool refuse_option(const struct cli *cli, const char *name, struct err *err)
{
    const char *candidates[CANDIDATES_MAX];
    size_t count = 0;

    for (size_t i = 0; cli->entry != NULL && i < cli->entry->option_count; i++)
        candidates[count++] = cli->entry->options[i].name;
    for (size_t i = 0; arguments_flags[i].name != NULL; i++)
        candidates[count++] = arguments_flags[i].name;
    const char *near = text_nearest(name, candidates, count);
    if (near != NULL)
        return err_set(err, ERR_INVALID, "--%s is not known here; did you mean --%s?", name, near);
    if (cli->entry == NULL)
        return err_set(err, ERR_INVALID,
                       "--%s is not known before the verb; options of a verb stand behind it", name);
    return err_set(err, ERR_INVALID, "--%s is not known here; `verdict %s --help` lists what is", name,
                   cli->entry->name);
}

/* A list that is given once more goes on. */
static bool append(struct cli *cli, const struct option_value *more, struct option_value *value,
                   struct err *err)
{
    const char **list = arena_take_array(&cli->arena, value->list_length + more->list_length, sizeof(*list));

    if (list == NULL)
        return err_set(err, ERR_LIMIT, "the arguments are larger than their memory");
    memcpy(list, value->list, value->list_length * sizeof(*list));
    memcpy(list + value->list_length, more->list, more->list_length * sizeof(*list));
    value->list = list;
    value->list_length += more->list_length;
    return true;
}

static bool take_flag(struct cli *cli, const char *name, const char *value, struct err *err)
{
    if (!set_flag(cli, name))
        return refuse_option(cli, name, err);
    return value == NULL || err_set(err, ERR_INVALID, "--%s takes no value", name);
}

/* One option; *at is the index of argv, and moves on where the value is the next word. */
static bool take_option(struct cli *cli, const char *name, const char *value, int count, char **values,
                        int *at, struct err *err)
{
    if (cli->entry == NULL)
        return take_flag(cli, name, value, err);
    const struct option *table = cli->entry->options;
    size_t index = option_find(table, cli->entry->option_count, name);
    if (index == cli->entry->option_count)
        return take_flag(cli, name, value, err);
    if (table[index].type == OPTION_BOOL && value == NULL)
        value = "true";
    if (value == NULL && *at + 1 < count)
        value = values[++*at];
    if (value == NULL)
        return err_set(err, ERR_INVALID, "--%s wants a value", name);
    struct option_value taken = {.is_set = false};
    if (!option_parse(&table[index], value, &cli->arena, &taken, err))
        return false;
    if (table[index].type == OPTION_LIST && cli->values[index].is_set)
        return append(cli, &taken, &cli->values[index], err);
    cli->values[index] = taken;
    return true;
}

static bool take_long(struct cli *cli, const char *text, int count, char **values, int *at, struct err *err)
{
    char name[NAME_SIZE];
    size_t length = strcspn(text, "=");

    if (length >= sizeof(name))
        return err_set(err, ERR_INVALID, "--%.40s... is not known", text);
    memcpy(name, text, length);
    name[length] = '\0';
    return take_option(cli, name, text[length] == '=' ? text + length + 1 : NULL, count, values, at, err);
}

static bool take_short(struct cli *cli, const char *text, int count, char **values, int *at, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(short_names); i++)
        if (short_names[i].letter == text[0] && text[1] == '\0')
            return take_option(cli, short_names[i].name, NULL, count, values, at, err);
    return err_set(err, ERR_INVALID, "-%s is not known", text);
}

static bool take_word(struct cli *cli, const char *word, struct err *err)
{
    if (cli->word_count == VERB_WORDS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d arguments", VERB_WORDS_MAX);
    cli->words[cli->word_count++] = word;
    return true;
}

static bool find_verb(struct cli *cli, const char *name, struct err *err)
{
    const char *candidates[CANDIDATES_MAX];

    for (size_t i = 0; i < verb_count; i++) {
        candidates[i] = verb_table[i].name;
        if (strcmp(name, verb_table[i].name) == 0)
            cli->entry = &verb_table[i];
    }
    if (cli->entry != NULL)
        return true;
    const char *near = text_nearest(name, candidates, verb_count);
    if (near != NULL)
        return err_set(err, ERR_INVALID, "%s is no verb; did you mean `verdict %s`?", name, near);
    return err_set(err, ERR_INVALID, "%s is no verb; `verdict --help` lists them", name);
}

/* --group stands in the place of what names one. */
static bool has_group(const struct cli *cli)
{
    size_t index = option_find(cli->entry->options, cli->entry->option_count, "group");

    return index < cli->entry->option_count && cli->values[index].is_set;
}

/* Which word is missing; where they are a choice of words, all of them. */
static bool refuse_missing(const struct cli *cli, struct err *err)
{
    const struct verb_entry *entry = cli->entry;
    const char *at = entry->arguments;

    if (at[0] >= 'a' && at[0] <= 'z')
        return err_set(err, ERR_INVALID, "say which: verdict %s %s", entry->name, entry->arguments);
    for (size_t i = 0; i < cli->word_count; i++)
        at += strcspn(at, " ") + 1;
    return err_set(err, ERR_INVALID, "%.*s is missing: verdict %s %s", (int)strcspn(at, " "), at, entry->name,
                   entry->arguments);
}

static bool check_words(struct cli *cli, struct err *err)
{
    const struct verb_entry *entry = cli->entry;

    if (cli->is_help || cli->is_version)
        return true;
    if (cli->word_count < entry->words_min && !has_group(cli))
        return refuse_missing(cli, err);
    if (cli->word_count > entry->words_max)
        return err_set(err, ERR_INVALID, "%s is too much: verdict %s %s", cli->words[entry->words_max],
                       entry->name, entry->arguments);
    return option_complete(entry->options, entry->option_count, &cli->arena, cli->values, err);
}

static bool take(struct cli *cli, bool is_rest, int count, char **values, int *at, struct err *err)
{
    const char *text = values[*at];

    if (!is_rest && strncmp(text, "--", 2) == 0)
        return take_long(cli, text + 2, count, values, at, err);
    if (!is_rest && text[0] == '-' && text[1] != '\0')
        return take_short(cli, text + 1, count, values, at, err);
    return take_word(cli, text, err);
}

/* What stands before the verb; *at is then the verb's index, or `count`. `help` is a flag there too. */
static bool take_early(int count, char **values, struct cli *cli, int *at, struct err *err)
{
    for (; *at < count; ++*at) {
        const char *text = values[*at];
        if (strcmp(text, "help") == 0)
            cli->is_help = true;
        else if (text[0] != '-' || text[1] == '\0' || strcmp(text, "--") == 0)
            return true;
        else if (!take(cli, false, count, values, at, err))
            return false;
    }
    return true;
}

bool arguments_read(int count, char **values, struct cli *cli, struct err *err)
{
    bool is_rest = false;
    int verb = 1;

    if (!take_early(count, values, cli, &verb, err))
        return false;
    if (verb >= count)
        return true;
    if (!find_verb(cli, values[verb], err))
        return false;
    for (int at = verb + 1; at < count; at++) {
        if (!is_rest && strcmp(values[at], "--") == 0)
            is_rest = true;
        else if (!take(cli, is_rest, count, values, &at, err))
            return false;
    }
    return check_words(cli, err);
}

void arguments_option(const struct option *option, struct text *text)
{
    static const char *const shapes[] = {
        [OPTION_TEXT] = "TEXT",     [OPTION_SECRET] = "REFERENCE",
        [OPTION_INTEGER] = "N",     [OPTION_NUMBER] = "NUMBER",
        [OPTION_DURATION] = "5m",   [OPTION_BOOL] = "",
        [OPTION_CHOICE] = "",       [OPTION_LIST] = "TEXT",
        [OPTION_MAP] = "NAME=TEXT", [OPTION_SECRET_MAP] = "NAME=REFERENCE",
    };

    text_add(text, "--%s %s", option->name, shapes[option->type]);
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        text_add(text, "%s%s", i == 0 ? "" : "|", option->choices[i]);
}

void arguments_option_help(const struct option *option, struct text *text)
{
    text_add(text, "%s%s", option->help, option->is_required ? " (needed)" : "");
    if (option->fallback != NULL && option->fallback[0] != '\0')
        text_add(text, " (default %s)", option->fallback);
}

/* Words with line ends before they pass WIDTH; the first stands at column `at`, those of further lines at
 * `indent`. */
static void print_wrapped(const char *words, size_t length, int at, int indent)
{
    const char *end = words + length;
    bool is_first = true; /* on its line */

    while (words < end) {
        int word = (int)strcspn(words, " \n");
        word = word < end - words ? word : (int)(end - words);
        if (!is_first && at + 1 + word > WIDTH) {
            (void)printf("\n%*s", indent, "");
            at = indent;
            is_first = true;
        }
        at += printf("%s%.*s", is_first ? "" : " ", word, words);
        is_first = false;
        words += word + 1;
    }
    (void)printf("\n");
}

/* Line by line. */
static void print_paragraph(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        print_wrapped(text, length, 0, strncmp(text, "verdict ", 8) == 0 ? USAGE_INDENT : 0);
        text += length + (text[length] == '\n');
    }
}

static void print_option(const struct option *option)
{
    char tag_memory[ARGUMENTS_OPTION_SIZE];
    char help_memory[HELP_SIZE];
    struct text tag, help;

    text_init(&tag, tag_memory, sizeof(tag_memory));
    arguments_option(option, &tag);
    text_init(&help, help_memory, sizeof(help_memory));
    arguments_option_help(option, &help);
    (void)printf("  %-*s ", COLUMN, tag_memory);
    print_wrapped(help_memory, help.length, COLUMN + 3, COLUMN + 3);
}

static void print_flags(const char *title)
{
    (void)printf("\n%s\n", title);
    for (size_t i = 0; arguments_flags[i].name != NULL; i++)
        (void)printf("  --%-*s %s\n", COLUMN - 2, arguments_flags[i].name, arguments_flags[i].help);
}

static void print_verb(const struct verb_entry *entry)
{
    char usage[USAGE_SIZE];

    (void)snprintf(usage, sizeof(usage), "Usage: verdict %s%s%s%s", entry->name,
                   entry->arguments[0] == '\0' ? "" : " ", entry->arguments,
                   entry->option_count == 0 ? "" : " [options]");
    (void)printf("verdict %s: %s.\n\n", entry->name, entry->summary);
    print_wrapped(usage, strlen(usage), 0, USAGE_INDENT);
    for (size_t i = 0; entry->text != NULL && entry->text[i] != NULL; i++) {
        (void)printf("\n");
        print_paragraph(entry->text[i]);
    }
    if (entry->option_count > 0)
        (void)printf("\n");
    for (size_t i = 0; i < entry->option_count; i++)
        print_option(&entry->options[i]);
    print_flags("Everywhere, also before the verb:");
}

const struct arguments_overview arguments_overview = {
    .words = "ID is dep_N or run_N, or SERVICE/ENV: its active or last deployment.\n"
             "`verdict VERB --help` tells more.\n",
    .environment =
        "VERDICT_URL names the daemon (unix:/path, http://..., https://...; without it the socket\n"
        "unix:/run/verdictd/verdictd.sock), VERDICT_TOKEN says who asks (on that socket the user is known),\n"
        "VERDICT_CA is a file of certificates to trust, VERDICT_CERT and VERDICT_KEY are files with the\n"
        "certificate and key that we show to a daemon that wants one (client_ca), NO_COLOR is --no-color,\n"
        "TRACEPARENT the trace that what is started belongs to; TRACESTATE and BAGGAGE go with it.\n",
    .exits =
        "0 promoted or done; 1 could not find out, or check and test found something; 2 usage or refused;\n"
        "3 taken back; 4 escalated; 5 rejected, cancelled, held or waiting; 6 taken back for lack of\n"
        "evidence; 7 superseded; 8 a trial that passed and was taken away, as it was to be; 124 timeout;\n"
        "130 interrupted. Of start and wait only 0 means that the new version serves.\n",
};

/* Of the list of verbs: name, arguments, summary, each in its column; long arguments have lines of their own.
 */
static void print_line(const struct verb_entry *entry)
{
    int length = (int)strlen(entry->arguments);

    (void)printf("  %-11s ", entry->name);
    if (length <= ARGUMENTS_COLUMNS) {
        (void)printf("%-*s ", ARGUMENTS_COLUMNS, entry->arguments);
    } else {
        print_wrapped(entry->arguments, strlen(entry->arguments), NAME_COLUMNS, NAME_COLUMNS);
        (void)printf("%*s", SUMMARY_COLUMN, "");
    }
    print_wrapped(entry->summary, strlen(entry->summary), SUMMARY_COLUMN, SUMMARY_COLUMN);
}

void arguments_print_help(const struct verb_entry *entry)
{
    if (entry != NULL) {
        print_verb(entry);
        return;
    }
    (void)printf("verdict: talks to verdictd, which decides whether a deployment lives.\n\nUsage: verdict "
                 "VERB ...\n\n");
    for (size_t i = 0; i < verb_count; i++)
        print_line(&verb_table[i]);
    print_flags("With every verb, before or behind it:");
    (void)printf("\n%s%s\nExit codes: %s", arguments_overview.words, arguments_overview.environment,
                 arguments_overview.exits);
}
