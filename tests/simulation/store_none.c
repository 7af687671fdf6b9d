/* store_none.c - `simulate` has its own ledger alone.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/store_hook.h"

#include <stddef.h>

const struct store_hook *store_hook(void)
{
    return NULL;
}
