/* size.h - amounts of memory as people write them ("512MiB", "2GB", "64k"), in bytes.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

#define SIZE_BYTES_MAX (INT64_C(1) << 60)

/* A whole number and a unit: none or B; kB MB GB TB (1000); KiB MiB GiB TiB, and Ki Mi Gi Ti (1024). From 0
 * to SIZE_BYTES_MAX. */
MUST_CHECK bool size_parse(const char *text, int64_t *ret_bytes);

#endif
