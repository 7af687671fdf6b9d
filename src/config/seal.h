/* seal.h - a tree as canonical libconfig text.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_SEAL_H
#define CONFIG_SEAL_H

#include "config/tree.h"

/* malloc'ed, ends with NUL; reads as the same tree. */
char *seal_write(const struct node *root);

#endif
