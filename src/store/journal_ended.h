/* journal_ended.h - deployments that are over, with what is measured of them: for figures over a span.
 * SPDX-License-Identifier: MIT
 *
 * A read covers a range of ids, so that none takes long however few of them fit: whoever wants all asks for
 * one range after the other, and other readers of the view come in between. */
#ifndef STORE_JOURNAL_ENDED_H
#define STORE_JOURNAL_ENDED_H

#include "store/journal_view.h"

enum { JOURNAL_UNKNOWN = -1 }; /* of times: nobody knows */

/* One that ended, or that hangs on its way back until a person helps (is_escalated). Times in milliseconds;
 * JOURNAL_UNKNOWN where they are not known, or there was none. */
struct journal_ended {
    uint64_t id;
    enum plan_kind kind;
    uint64_t taken_back; /* kind rollback: of which deployment; 0 none */
    enum deployment_phase phase;
    enum ending ending;
    bool is_escalated;
    const char *service, *environment, *strategy; /* until the return of who takes it */
    int64_t created_ms;                           /* wall clock */
    int64_t ended_ms;                             /* wall clock; 0: it hangs */
    int64_t elapsed_ms;  /* from its start to its end, by the engine's clock: nobody can set that */
    int64_t working_ms;  /* its actions, from intent to result: rehearsing, commands, smoke tests, routes;
                            neither gates nor what came after the end; commands of several hosts at the
                            same time count once */
    int64_t back_ms;     /* from the begin of the way back to its end; of a kind rollback: of all of it */
    int64_t recovery_ms; /* from the first FAIL (a rule that held it counts) to the end of the way back;
                            where no rule failed and people did not want it, as back_ms */
    int64_t disaster_ms; /* from the begin of disaster recovery to the end of the way back, found well */
    int64_t downtime_ms; /* nothing served for so long, or all users were on a version that a rule had failed.
                            Known where traffic was routed or one version took the place of the other before
                            our eyes; else nobody looked */
};

struct journal_ended_span {
    uint64_t from, before; /* ids; before is beyond the last */
    int64_t since_ms;      /* wall clock: those that ended before are left out */
};

/* Newest first; `take` may not read the view. ERR_IO, ERR_INVALID. */
MUST_CHECK bool journal_view_ended(struct journal_view *view, const struct journal_ended_span *span,
                                   void (*take)(void *data, const struct journal_ended *row), void *data,
                                   struct err *err);

/* The newest deployment's id; 0: there is none. */
MUST_CHECK bool journal_view_newest(struct journal_view *view, uint64_t *ret_id, struct err *err);

#endif
