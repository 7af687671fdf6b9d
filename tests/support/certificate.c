/* certificate.c - one call of openssl.
 * SPDX-License-Identifier: MIT */
#include "support/certificate.h"

#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { TEXT_MAX = 256, OUTPUT_MAX = 8192, DEADLINE_MS = 20000 };

void certificate_make(const char *common_name, const char *names, const char *days, const char *key,
                      const char *certificate)
{
    char subject[TEXT_MAX];
    char extension[TEXT_MAX];
    char output[OUTPUT_MAX];

    (void)snprintf(subject, sizeof(subject), "/CN=%s", common_name);
    (void)snprintf(extension, sizeof(extension), "subjectAltName=%s", names);
    const char *const argv[] = {
        "openssl", "req",   "-x509", "-newkey",   "ec",    "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes",  "-days", days,    "-subj",     subject, "-addext",  extension,
        "-keyout", key,     "-out",  certificate, NULL};
    assert_int_equal(process_run(argv, output, sizeof(output), DEADLINE_MS), 0);
}
