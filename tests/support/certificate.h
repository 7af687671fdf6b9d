/* certificate.h - a key and the certificate that it signs itself, made by openssl for a test.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

/* Writes both files. `names` as subjectAltName takes them, "DNS:localhost"; a failure fails the test. */
void certificate_make(const char *common_name, const char *names, const char *days, const char *key,
                      const char *certificate);

#endif
