/* package_url.h - what a package URL says of an artifact ("pkg:oci/checkout@sha256%3A0b31...?tag=1.8.2").
 * SPDX-License-Identifier: MIT */
#ifndef API_PACKAGE_URL_H
#define API_PACKAGE_URL_H

#include "base/text.h"

/* Each "" where it does not say so, or says what we cannot take. */
struct package_url {
    char name[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1]; /* the tag, or what stands behind @ where that is no digest */
    char digest[DIGEST_MAX_LENGTH + 1];
};

/* Of text that is no package URL, nothing. */
struct package_url package_url_read(const char *text);

#endif
