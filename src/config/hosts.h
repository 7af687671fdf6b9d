/* hosts.h - `hosts = [ "m1.prod", "m2=10.0.0.2:8080" ]`: the hosts of a rolling group.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_HOSTS_H
#define CONFIG_HOSTS_H

#include "config/options.h"

/* Names are unique. */
struct host_definition {
    const char *name;    /* {{host}} */
    const char *address; /* {{address}}: where it answers, with its port if it has one */
};

/* Is it written like one? */
bool hosts_is_host(const char *text);

/* False: findings were added. After the slots and the traffic driver, which exclude hosts. */
MUST_CHECK bool hosts_build(const struct build *build, const struct node *hosts,
                            struct definition *definition);

/* What is about one host stands in no place that is not, and the other way round. `at`: where to report. */
MUST_CHECK bool hosts_check(const struct build *build, const struct node *at,
                            const struct definition *definition);

#endif
