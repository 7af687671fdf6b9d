/* complaint.c - sentences of terraform's, looked for.
 * SPDX-License-Identifier: MIT */
#include "iac/complaint.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define ERROR_BEGIN  "Error: "
#define NOT_UNLOCKED "Error: Error releasing the state lock"
#define NOT_LOCKED   "Error acquiring the state lock"

/* Blanks of the one are any white space of the other. */
static bool begins(const char *text, const char *what)
{
    for (; *what != '\0'; what++) {
        size_t blanks = *what == ' ' ? strspn(text, " \n") : 0;
        if (*what == ' ' ? blanks == 0 : *text != *what)
            return false;
        text += *what == ' ' ? blanks : 1;
    }
    return true;
}

static bool says(const char *text, const char *what)
{
    while (*text != '\0' && !begins(text, what))
        text++;
    return *text != '\0';
}

static bool is_refused(const char *text)
{
    return says(text, "HTTP error: 409") || says(text, "cannot import state with") ||
           says(text, "cannot overwrite existing state with");
}

/* Of an apply, and of a push. */
static enum complaint_kind read_state(const char *text)
{
    if (is_refused(text))
        return COMPLAINT_REFUSED;
    if (says(text, "Failed to save state") || says(text, "Failed to persist state") ||
        says(text, "Failed to write state"))
        return COMPLAINT_UNSAVED;
    return COMPLAINT_OTHER;
}

/* Where nobody answers, a later try may find somebody. */
static enum complaint_kind read_lock(const char *text)
{
    if (says(text, "giving up after"))
        return COMPLAINT_UNHEARD;
    return says(text, "requires auth") || says(text, "invalid auth") || says(text, "HTTP response code")
               ? COMPLAINT_OTHER
               : COMPLAINT_HELD;
}

enum complaint_kind complaint_read(const char *text)
{
    enum complaint_kind state = read_state(text);
    const char *unlocked = strstr(text, NOT_UNLOCKED);

    if (state != COMPLAINT_OTHER)
        return state;
    if (says(text, "Saved plan is stale"))
        return COMPLAINT_STALE;
    if (says(text, NOT_LOCKED))
        return read_lock(text);
    if (unlocked != NULL && strstr(text, ERROR_BEGIN) == unlocked)
        return COMPLAINT_UNRELEASED;
    return COMPLAINT_OTHER;
}

/* "  Who:       root@here\n" */
static void take_field(const char *text, const char *name, char to[COMPLAINT_FIELD_SIZE])
{
    const char *at = strstr(text, name);

    to[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(name);
    at += strspn(at, " ");
    (void)snprintf(to, COMPLAINT_FIELD_SIZE, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* Of the http backend terraform tells what it said of itself, and of the holder the ID alone. */
void complaint_holder(const char *text, struct complaint_holder *ret_holder)
{
    const char *info = strstr(text, "already locked: ID=") == NULL ? strstr(text, "Lock Info:") : NULL;
    const char *from = info == NULL ? "" : info;

    take_field(from, "  ID:", ret_holder->id);
    take_field(from, "  Who:", ret_holder->who);
    take_field(from, "  Operation:", ret_holder->operation);
    take_field(from, "  Created:", ret_holder->since);
}

bool complaint_lock(const char *text, char to[COMPLAINT_FIELD_SIZE])
{
    const char *at = strstr(text, "Failed to upload state: POST");

    at = at == NULL ? NULL : strstr(at, "ID=");
    if (at == NULL)
        return false;
    at += strlen("ID=");
    size_t length = strspn(at, "0123456789abcdefABCDEF-");
    if (length == 0 || length >= COMPLAINT_FIELD_SIZE)
        return false;
    (void)snprintf(to, COMPLAINT_FIELD_SIZE, "%.*s", (int)length, at);
    return true;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end == NULL ? NULL : end + 1;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r")] == '\n' || line[strspn(line, " \t\r")] == '\0';
}

static bool is_error(const char *line)
{
    return strncmp(line, ERROR_BEGIN, strlen(ERROR_BEGIN)) == 0;
}

/* What follows from another error is not what went wrong. */
static bool is_consequence(const char *line)
{
    static const char *const known[] = {NOT_UNLOCKED, "Error: Failed to persist state to backend",
                                        "Error: Failed to create local state file"};
    bool is_one = false;

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        is_one = is_one || strncmp(line, known[i], strlen(known[i])) == 0;
    return is_one;
}

bool complaint_is_of_state_alone(const char *text)
{
    static const char saving[] = "Error: Failed to save state";

    for (const char *line = text; line != NULL; line = next_line(line))
        if (is_error(line) && strncmp(line, saving, strlen(saving)) != 0 && !is_consequence(line))
            return false;
    return true;
}

static const char *find_error(const char *text)
{
    const char *found = NULL;
    const char *last = NULL;

    for (const char *line = text; line != NULL; line = next_line(line)) {
        if (!is_blank(line))
            last = line;
        if (is_error(line) && (found == NULL || !is_consequence(line)))
            found = line;
    }
    return found == NULL ? last : found;
}

static void add_line(struct text *to, const char *line)
{
    line += strspn(line, " \t");
    text_add(to, "%.*s", (int)strcspn(line, "\r\n"), line);
}

void complaint_error(const char *text, char to[COMPLAINT_SIZE])
{
    const char *line = find_error(text);
    struct text whole;

    text_init(&whole, to, COMPLAINT_SIZE);
    if (line == NULL)
        return;
    bool has_more = is_error(line);
    add_line(&whole, line);
    do
        line = next_line(line);
    while (line != NULL && is_blank(line) && line[0] != '\0');
    for (const char *between = ": "; has_more && line != NULL && !is_blank(line); line = next_line(line)) {
        text_add(&whole, "%s", between);
        add_line(&whole, line);
        between = " ";
    }
}
