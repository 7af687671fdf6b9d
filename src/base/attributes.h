/* attributes.h - the few macros that this project allows itself.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

#define MUST_CHECK               __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define CLEANUP(function)        __attribute__((cleanup(function)))
#define ARRAY_LENGTH(array)      (sizeof(array) / sizeof((array)[0]))

#endif
