/* form_kind.h - how kinds of files write the values of a form.
 * SPDX-License-Identifier: MIT
 *
 * | kind             | a text                                            | a list                    |
 * | plain            | as it is                                          | a,b                       |
 * | ini              | as it is; without ; # and outer blanks            | a,b                       |
 * | shell            | 'between single quotes'; lines NAME=VALUE only    | 'a b'                     |
 * | json, yaml, toml | "between quotes, escaped"; without new quotes     | [ "a", "b" ]; not between |
 * |                  | where the blank stands between quotes already     | quotes                    |
 *
 * Numbers and truth values have no quotes anywhere. */
#ifndef BASE_FORM_KIND_H
#define BASE_FORM_KIND_H

#include "base/attributes.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum form_kind { FORM_PLAIN, FORM_INI, FORM_SHELL, FORM_JSON, FORM_YAML, FORM_TOML, FORM_KIND_COUNT };

/* "plain", ..., ends with NULL: as enum form_kind. */
extern const char *const form_kind_names[FORM_KIND_COUNT + 1];

/* Kinds whose texts stand between quotes, which the text itself may have already. */
bool form_kind_is_quoting(enum form_kind kind);

/* Why this kind of file cannot hold the text, or the element of a list; NULL: it can. */
const char *form_kind_refusal(enum form_kind kind, bool is_element, const char *text);

/* `value`: the text, or with `is_list` texts, one a line. */
void form_kind_write(enum form_kind kind, const char *value, bool is_bare, bool is_list, bool is_quoted,
                     struct text *to);

/* Why a file of shell assignments cannot have this line, whose blanks are not filled in yet; NULL: it can. */
const char *form_kind_refuse_line(const char *line, size_t length);

#endif
