/* stack_words.h - what a stack says for the tools of Amazon's, as words of verdict-iac.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_STACK_WORDS_H
#define CONFIG_STACK_WORDS_H

#include "config/options.h"
#include "config/stack_options.h"

enum { STACK_WORDS_MAX = STACK_PLACE_COUNT + 1 + STACK_CAPABILITIES_MAX };

/* What an environment says of its own takes the place of what its stack says. False: findings. */
MUST_CHECK bool stack_words_merge(const struct build *build, const struct node *here,
                                  struct option_value values[STACK_FILLED_COUNT]);

/* Are they those that the tool takes, and all that it needs? False: findings. */
MUST_CHECK bool stack_words_check(const struct build *build, const struct node *stack,
                                  const struct option_value values[STACK_FILLED_COUNT]);

/* "region=eu-west-1" and so on, in the arena, at the end of `words`. False: findings. */
MUST_CHECK bool stack_words_add(const struct build *build, const struct node *stack,
                                const struct option_value values[STACK_FILLED_COUNT], const char **words,
                                size_t *count);

#endif
