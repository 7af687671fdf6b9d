/* traffic_types.c - the levers of this build.
 * SPDX-License-Identifier: MIT */
#include "drivers/traffic.h"

extern const struct traffic_type traffic_aws_alb;
extern const struct traffic_type traffic_command;
extern const struct traffic_type traffic_flagd;
extern const struct traffic_type traffic_haproxy;
extern const struct traffic_type traffic_http;
extern const struct traffic_type traffic_nginx;
extern const struct traffic_type traffic_systemd;

const struct traffic_type *const traffic_types[] = {
    &traffic_haproxy, &traffic_nginx,   &traffic_flagd,   &traffic_http,
    &traffic_aws_alb, &traffic_systemd, &traffic_command, NULL};
