/* smoke_words.h - a smoke test in plain words: what each check asks, what must hold, how long it may take.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_SMOKE_WORDS_H
#define CLI_SMOKE_WORDS_H

#include "base/text.h"
#include "config/definition.h"

void smoke_words_add(const struct smoke_definition *smoke, struct text *text);

#endif
