/* rule_words.h - a rule in plain words: what it reads, when it fires, what data it needs, what happens then,
 * and
 * what happens without data. SPDX-License-Identifier: MIT */
#ifndef CLI_RULE_WORDS_H
#define CLI_RULE_WORDS_H

#include "base/text.h"
#include "config/definition.h"

enum { RULE_WORDS_SIZE = 64 * 1024 };

void rule_words_add(const struct definition *definition, size_t rule, struct text *text);

#endif
