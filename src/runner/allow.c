/* allow.c - matches argument vectors against the allow list. SPDX-License-Identifier: MIT */
#include "runner/allow.h"

#include <string.h>

static bool is_any(const char *element)
{
    return strcmp(element, "*") == 0;
}

static bool is_rest(const char *element)
{
    return strcmp(element, "**") == 0;
}

static bool has_part(const char *path, const char *part)
{
    size_t length = strlen(part);
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        if (*at == '/')
            at++;
        if (strncmp(at, part, length) == 0 && (at[length] == '/' || at[length] == '\0'))
            return true;
    }
    return false;
}

bool allow_check(const struct allow_pattern *pattern, struct err *err)
{
    if (pattern->count == 0 || pattern->arguments[0][0] != '/')
        return err_set(err, ERR_INVALID, "an allowed command begins with the absolute path of a program");
    if (has_part(pattern->arguments[0], ".."))
        return err_set(err, ERR_INVALID, "%s: write the path without \"..\"", pattern->arguments[0]);
    for (size_t i = 0; i + 1 < pattern->count; i++)
        if (is_rest(pattern->arguments[i]))
            return err_set(err, ERR_INVALID, "%s: \"**\" must come last", pattern->arguments[0]);
    return true;
}

bool allow_is_safe(const char *argument)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@=+~-";
    return argument[0] != '\0' && strchr(first, argument[0]) != NULL &&
           argument[strspn(argument, all)] == '\0' && !has_part(argument, "..");
}

static bool matches(const struct allow_pattern *pattern, const char *const *arguments, size_t count)
{
    size_t fixed = pattern->count;
    bool has_rest = is_rest(pattern->arguments[fixed - 1]);
    if (has_rest)
        fixed--;
    if (count < fixed || (count > fixed && !has_rest) || count == 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        bool is_free = i >= fixed || (i > 0 && is_any(pattern->arguments[i]));
        if (is_free ? !allow_is_safe(arguments[i]) : strcmp(pattern->arguments[i], arguments[i]) != 0)
            return false;
    }
    return true;
}

bool allow_matches(const struct allow_list *list, const char *const *arguments, size_t count)
{
    for (size_t i = 0; i < list->count; i++)
        if (matches(&list->patterns[i], arguments, count))
            return true;
    return false;
}

bool allow_directory(const char *const *folders, size_t count, const char *directory)
{
    if (directory[0] != '/' || has_part(directory, "..") || has_part(directory, "."))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(folders[i]);
        if (strncmp(directory, folders[i], length) == 0 &&
            (directory[length] == '\0' || directory[length] == '/'))
            return true;
    }
    return false;
}
