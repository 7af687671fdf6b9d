/* plan_fault.h - what can be wrong with a recipe, so that it makes no plan.
 * SPDX-License-Identifier: MIT */
#ifndef ORCHESTRATOR_PLAN_FAULT_H
#define ORCHESTRATOR_PLAN_FAULT_H

enum plan_fault {
    PLAN_FINE,
    PLAN_TOO_LONG,      /* more than PLAN_STEPS_MAX steps */
    PLAN_NO_TRAFFIC,    /* a route without a traffic driver */
    PLAN_NO_OBSERVE,    /* a share is raised with no observation behind the share before */
    PLAN_NOT_RISING,    /* shares must rise from step to step */
    PLAN_NOT_WHOLE,     /* the last share is not 100 %, or no watch follows it */
    PLAN_AT_MOST_SHORT, /* at_most is shorter than the observation */
    PLAN_NO_HOSTS,      /* a host is replaced where the environment names none */
    PLAN_NO_DEPLOY,     /* a host is replaced without a command `deploy` */
    PLAN_FEW_HOSTS,     /* more hosts are replaced than there are */
    PLAN_NOT_MORE,      /* no more hosts than the step before */
    PLAN_NOT_ALL,       /* some hosts are never replaced */
    PLAN_UNAVAILABLE,   /* a batch is larger than max_unavailable */
    PLAN_ROUTE_HOSTS,   /* hosts have no traffic that could be routed */
    PLAN_KEPT,          /* what is deployed to hosts would be kept by a rollback */
    PLAN_MIRROR_LATE,   /* requests are copied after some of them were routed */
    PLAN_MIRROR_HELD,   /* a command that holds on the way back, before the copies have ended */
    PLAN_NO_MIRROR,     /* a shadow that copies nothing */
    PLAN_TESTERS_LATE   /* a route of 0 % behind another one, or while requests are copied */
};

/* One sentence for people. */
const char *plan_fault_text(enum plan_fault fault);

#endif
