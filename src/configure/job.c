/* job.c - words and variables of one job.
 * SPDX-License-Identifier: MIT */
#include "configure/job.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_FOLDER "/var/lib/verdict-runner/configure" /* where CONFIGURE_KEEP names no other one */

enum { OCTAL = 8, MODE_MAX = 0777 };

static const char *environment_text(const char *name, const char *fallback)
{
    const char *text = getenv(name);

    return text == NULL || text[0] == '\0' ? fallback : text;
}

static bool is_separator(const char *word)
{
    return strcmp(word, "--") == 0;
}

static bool take_path(const char *word, const char *what, const char **ret_path, struct err *err)
{
    char memory[FORM_NUMBER_SIZE];

    if (form_type_read(FORM_PATH, word, memory) == NULL || word[strlen(word) - 1] == '/')
        return err_set(err, ERR_INVALID, "%s '%s' is no absolute path of a file", what, word);
    *ret_path = word;
    return true;
}

static bool take_kind(struct job_file *file, const char *name, struct err *err)
{
    for (int i = 0; i < FORM_KIND_COUNT; i++)
        if (strcmp(form_kind_names[i], name) == 0) {
            file->kind = (enum form_kind)i;
            return true;
        }
    return err_set(err, ERR_INVALID, "no kind of file is called '%s'", name);
}

static bool take_mode(struct job_file *file, const char *text, struct err *err)
{
    char *end = NULL;
    unsigned long mode = strtoul(text, &end, OCTAL);

    if (text[0] != '0' || *end != '\0' || mode > MODE_MAX)
        return err_set(err, ERR_INVALID, "mode=%s is not like mode=0640", text);
    file->mode = (mode_t)mode;
    file->has_mode = true;
    return true;
}

static bool begins(const char *word, const char *with, const char **ret_rest)
{
    *ret_rest = word + strlen(with);
    return strncmp(word, with, strlen(with)) == 0;
}

static bool take_option(struct job_file *file, const char *word, struct err *err)
{
    const char *rest = NULL;

    if (begins(word, "kind=", &rest))
        return take_kind(file, rest, err);
    if (begins(word, "mode=", &rest))
        return take_mode(file, rest, err);
    if (begins(word, "sha256=", &rest))
        file->hash = rest;
    else if (begins(word, "owner=", &rest))
        file->owner = rest;
    else if (begins(word, "group=", &rest))
        file->group = rest;
    else if (strcmp(word, "overwrite") == 0)
        file->overwrites = true;
    else
        return err_set(err, ERR_INVALID, "%s: no such option; see --help", word);
    return true;
}

/* The words of one file, up to the next one's. */
static bool take_file(char *const *words, size_t count, struct job_file *file, struct err *err)
{
    if (count < 2)
        return err_set(err, ERR_INVALID, "a file needs its place and its template");
    if (!take_path(words[0], "the place", &file->to, err) ||
        !take_path(words[1], "the template", &file->template, err))
        return false;
    for (size_t i = 2; i < count; i++) {
        if (strcmp(words[i], "check") == 0 && i + 1 < count) {
            file->check = words + i + 1;
            file->check_count = count - i - 1;
            return true;
        }
        if (!take_option(file, words[i], err))
            return false;
    }
    return true;
}

static bool take_places(size_t count, char *const *words, struct job *job, struct err *err)
{
    for (size_t i = 0; i < count && job->count < JOB_FILES_MAX; i++)
        if (!take_path(words[i], "the place", &job->files[job->count++].to, err))
            return false;
    return true;
}

/* The words up to the next "--". */
static size_t length_of(size_t count, char *const *words)
{
    size_t length = 0;

    while (length < count && !is_separator(words[length]))
        length++;
    return length;
}

static bool take_files(size_t count, char *const *words, struct job *job, struct err *err)
{
    for (size_t from = 0, length = 0; from < count && job->count < JOB_FILES_MAX; from += length + 1) {
        length = length_of(count - from, words + from);
        if (!take_file(words + from, length, &job->files[job->count++], err))
            return false;
    }
    return true;
}

/* Each has at least a word of its own, so none that is one too many is left out unseen. */
static bool check_count(const struct job *job, size_t count, char *const *words, struct err *err)
{
    size_t separators = 0;

    for (size_t i = 0; i < count && !job->is_restore; i++)
        separators += is_separator(words[i]);
    size_t wanted = job->is_restore ? count : separators + 1;
    return (job->count > 0 && job->count == wanted) ||
           err_set(err, ERR_INVALID, "one to %d files belong here; see --help", JOB_FILES_MAX);
}

static bool check_twice(const struct job *job, struct err *err)
{
    for (size_t i = 0; i < job->count; i++) {
        assert(job->files[i].to != NULL);
        for (size_t j = 0; j < i; j++)
            if (strcmp(job->files[i].to, job->files[j].to) == 0)
                return err_set(err, ERR_INVALID, "%s is named twice", job->files[i].to);
    }
    return true;
}

bool job_read(int count, char *const *words, struct job *ret_job, struct err *err)
{
    struct job job = {.keep = environment_text("CONFIGURE_KEEP", KEEP_FOLDER)};

    if (count < 2)
        return err_set(err, ERR_INVALID, "apply or restore, and files, are needed; see --help");
    job.is_restore = strcmp(words[1], "restore") == 0;
    if (!job.is_restore && strcmp(words[1], "apply") != 0)
        return err_set(err, ERR_INVALID, "%s: no such verb; see --help", words[1]);
    /* What takes a promoted deployment back is a deployment of its own. */
    job.key = environment_text("VERDICT_TAKES_BACK", environment_text("VERDICT_DEPLOYMENT", ""));
    if (!text_is_version(job.key) || strlen(job.key) > JOB_KEY_MAX)
        return err_set(err, ERR_INVALID, "VERDICT_DEPLOYMENT names no deployment");
    if (job.keep[0] != '/')
        return err_set(err, ERR_INVALID, "CONFIGURE_KEEP is no absolute path");
    bool is_taken = job.is_restore ? take_places((size_t)count - 2, words + 2, &job, err)
                                   : take_files((size_t)count - 2, words + 2, &job, err);
    if (!is_taken || !check_count(&job, (size_t)count - 2, words + 2, err) || !check_twice(&job, err))
        return false;
    *ret_job = job;
    return true;
}

const char *job_value(size_t index, const struct form_blank *blank)
{
    char memory[METRIC_MAX_LENGTH + sizeof("VERDICT_FILE_99_")];
    struct text name;

    text_init(&name, memory, sizeof(memory));
    if (blank->type != FORM_SECRET)
        text_add(&name, "VERDICT_FILE_%zu_", index + 1);
    for (const char *at = blank->name; *at != '\0'; at++)
        text_add(&name, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    return getenv(memory);
}
