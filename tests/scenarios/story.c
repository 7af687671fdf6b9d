/* story.c - scenario files, line by line.
 * SPDX-License-Identifier: MIT */
#include "scenarios/story.h"

#include "base/duration.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

bool story_time(const char *word, int64_t *ret_ms)
{
    return duration_parse(word, ret_ms);
}

bool story_share(const char *word, uint16_t *ret_share)
{
    char number[16];
    double percent = 0;
    size_t length = strlen(word);

    if (length < 2 || length > sizeof(number) || word[length - 1] != '%')
        return false;
    memcpy(number, word, length - 1);
    number[length - 1] = '\0';
    if (!text_to_number(number, &percent) || percent < 0 || percent > 100)
        return false;
    *ret_share = (uint16_t)(percent * SHARE_WHOLE / 100);
    return true;
}

const char *story_option(const struct story_words *words, const char *name)
{
    for (int i = 1; i + 1 < words->count; i++)
        if (strcmp(words->at[i], name) == 0)
            return words->at[i + 1];
    return NULL;
}

static int find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (names[i] != NULL && strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int story_command(const struct story *story, const char *name)
{
    return find(story->command_names, STORY_COMMANDS_MAX, name);
}

int story_rule(const struct story *story, const char *name)
{
    return find(story->rule_names, STORY_RULES_MAX, name);
}

static bool split(char *line, struct story_words *words)
{
    words->count = 0;
    for (line += strspn(line, " \t"); *line != '\0'; line += strspn(line, " \t")) {
        if (words->count == STORY_WORDS_MAX)
            return false;
        words->at[words->count++] = line;
        line += strcspn(line, " \t");
        if (*line != '\0')
            *line++ = '\0';
    }
    return true;
}

/* at TIME WHAT... */
static bool read_event(struct story *story, int line, const struct story_words *words, struct err *err)
{
    struct story_event *event = &story->events[story->event_count];
    int64_t before_ms = story->event_count == 0 ? 0 : event[-1].at_ms;

    if (story->event_count == STORY_EVENTS_MAX)
        return err_set(err, ERR_LIMIT, "too many events");
    if (words->count < 3 || !story_time(words->at[1], &event->at_ms))
        return err_set(err, ERR_INVALID, "write `at TIME WHAT`");
    if (event->at_ms < before_ms)
        return err_set(err, ERR_INVALID, "this happens before the event above it");
    event->line = line;
    event->words.count = words->count - 2;
    memcpy(event->words.at, &words->at[2], (size_t)event->words.count * sizeof(words->at[0]));
    story->event_count++;
    return true;
}

/* expect [TIME] TEXT, never TEXT; the text keeps its spaces. */
static bool read_expect(struct story *story, int line, char *text, struct err *err)
{
    struct story_expect *expect = &story->expects[story->expect_count];
    char word[DURATION_TEXT_MAX];

    if (story->expect_count == STORY_EXPECTS_MAX)
        return err_set(err, ERR_LIMIT, "too many expectations");
    *expect = (struct story_expect){.line = line, .is_never = text[0] == 'n', .at_ms = STORY_ANY_TIME};
    text += strcspn(text, " ");
    text += strspn(text, " ");
    size_t length = strcspn(text, " ");
    if (length < sizeof(word) && !expect->is_never) {
        memcpy(word, text, length);
        word[length] = '\0';
        if (story_time(word, &expect->at_ms))
            text += length + strspn(text + length, " ");
    }
    if (text[0] == '\0')
        return err_set(err, ERR_INVALID, "nothing is expected here");
    expect->text = text;
    story->expect_count++;
    return true;
}

static bool read_line(struct story *story, int line, char *text, struct err *err)
{
    struct story_words words;

    text += strspn(text, " \t");
    if (text[0] == '\0' || text[0] == '#')
        return true;
    if (strncmp(text, "expect ", 7) == 0 || strncmp(text, "never ", 6) == 0)
        return read_expect(story, line, text, err);
    if (!split(text, &words) || words.count == 0)
        return err_set(err, ERR_INVALID, "too many words");
    if (strcmp(words.at[0], "at") == 0)
        return read_event(story, line, &words, err);
    if (strcmp(words.at[0], "end") == 0 && words.count == 2)
        return story_time(words.at[1], &story->end_ms) || err_set(err, ERR_INVALID, "write `end TIME`");
    return story_plan_line(story, &words, err);
}

static bool read_bytes(const char *path, char bytes[STORY_BYTES_MAX], struct err *err)
{
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return err_set(err, ERR_IO, "%s cannot be read", path);
    size_t length = fread(bytes, 1, STORY_BYTES_MAX - 1, file);
    bool is_whole = feof(file) != 0 && ferror(file) == 0;
    (void)fclose(file);
    if (!is_whole)
        return err_set(err, ERR_LIMIT, "%s is too long", path);
    bytes[length] = '\0';
    return true;
}

bool story_read(const char *path, struct story *ret_story, struct err *err)
{
    int line = 0;

    memset(ret_story, 0, sizeof(*ret_story));
    story_start_plan(ret_story);
    if (!read_bytes(path, ret_story->bytes, err))
        return false;
    for (char *at = ret_story->bytes, *next = NULL; at != NULL; at = next) {
        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (!read_line(ret_story, ++line, at, err))
            return err_wrap(err, "%s:%d", path, line);
    }
    if (ret_story->end_ms == 0)
        return err_set(err, ERR_INVALID, "%s: says no `end TIME`", path);
    return true;
}
