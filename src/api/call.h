/* call.h - one request on its way: who asks, what is still to come for it, and its one answer.
 * SPDX-License-Identifier: MIT
 *
 * A call lives until it is over (answered, or its client is gone) and nothing of its own is under way any
 * more. Answering a call that is over does nothing. */
#ifndef API_CALL_H
#define API_CALL_H

#include "api/auth.h"
#include "api/reading.h"
#include "api/route.h"
#include "io/trace_lists.h"

#include <sys/queue.h>

struct json_elements;
struct cJSON;
struct loop_timer;

enum { CALL_REASON_SIZE = 256 };

/* GET ?wait=: sleeps until the deployment changes. */
struct call_poll {
    bool is_on;          /* this request may wait */
    bool is_sleeping;    /* nothing is read now */
    bool is_changed;     /* something came while it was read */
    bool is_late;        /* its time is up */
    bool is_run;         /* it is about a run, not a deployment */
    uint64_t deployment; /* 0: not known yet */
    const char *known;   /* If-None-Match, as long as the request; NULL: none */
    struct loop_timer *timer;
    void (*done)(struct call *call); /* of every reading */
};

struct call {
    LIST_ENTRY(call) link;
    struct api *api;
    struct http_server_request *request; /* NULL: it is over */
    const struct route *route;
    struct route_match match;
    struct principal principal;
    unsigned holds;     /* callbacks that come whatever happens (workers, journal) */
    unsigned env_holds; /* callbacks of the daemon: none after api_free() */
    struct reading *reading;
    struct call_poll poll;
    const char *text; /* the request's body, or its own where it came with an event */
    size_t text_length;
    struct cJSON *body; /* of the text, where it was read */
    char reason[CALL_REASON_SIZE];
    char key[256];            /* start: idempotency key, "" none */
    uint64_t deployment;      /* verbs: concerned */
    uint64_t run;             /* the same of runs */
    unsigned status;          /* of the answer once a deployment is read: 200, 201 */
    enum verb verb;           /* verbs */
    unsigned readings;        /* approvals: those that something happened after */
    struct cJSON *answer;     /* tokens: prepared until the journal has it */
    struct events_in *events; /* of a request that brought some; else NULL */
    struct call *parent; /* whose event it is: that is answered in its place, and lives longer; or NULL */
    size_t place;        /* among the events of that */
    struct trace_given trace; /* of that event; no traceparent: the request's headers count */
};

struct call *call_new(struct api *api, struct http_server_request *request);

/* The trace that whoever asks is in. */
struct trace_given call_trace(const struct call *call);

/* One event of `parent`, as if it had come as `route`'s request with the body `text`, which it takes over
 * (malloc'ed). Still to be handled. */
struct call *call_new_event(struct call *parent, size_t place, const struct route *route, char *text);

/* Who asked is gone: nobody hears an answer any more. */
void call_forget(struct call *call);

/* The client is gone, or the answer is out: frees once nothing is under way. The caller's pointer is dead. */
void call_settle(struct call *call);

/* The answer. `headers`: beside Content-Type and what every answer has. */
void call_answer(struct call *call, unsigned status, const char *type,
                 const struct http_server_header *headers, size_t header_count, const char *body,
                 size_t length);

/* The same with these headers alone, for what is no answer of the API. */
void call_answer_bare(struct call *call, unsigned status, const struct http_server_header *headers,
                      size_t header_count, const void *body, size_t length);

/* Takes over `json`. */
void call_answer_json(struct call *call, unsigned status, struct cJSON *json);

/* api_told of a call, which it holds: 200 with what was told, or why it was refused. */
void call_told(void *call, const char *json, const struct err *err);

/* Reads the request's JSON object into call->body: members in `names` only; an empty body is an empty object
 * where `allows_empty`. False: answered with 400. */
MUST_CHECK bool call_read_body(struct call *call, const char *const *names, size_t count, bool allows_empty);

/* The same of an object with a long array beside those members, whose elements are walked over one by one
 * (json_elements_next(), json_elements_done()). Without one: answered with 422. */
MUST_CHECK bool call_split_body(struct call *call, const char *const *names, size_t count, const char *array,
                                struct json_elements *ret_elements);

/* Optional member `name` of the body: one line of at most `size` - 1 bytes; "" where missing. False:
 * answered. */
MUST_CHECK bool call_body_line(struct call *call, const char *name, size_t size, char *to);
/* "actor": who caused it, where that is not who asks; only somebody who is no person may say so. */
MUST_CHECK bool call_body_actor(struct call *call, size_t size, char *to);
/* As a line, but it must be there and fit (is_good says so; `what` names the form). */
MUST_CHECK bool call_body_name(struct call *call, const char *name, bool (*is_good)(const char *text),
                               const char *what, size_t size, char *to);
/* Optional flag, false where missing. */
MUST_CHECK bool call_body_flag(struct call *call, const char *name, bool *ret_flag);

/* Optional number of the query, as it was where it is missing. False: answered with 400. */
MUST_CHECK bool call_query_number(struct call *call, const char *name, int64_t min, int64_t max,
                                  int64_t *number);

/* The principal has this right here ("" and "": anywhere); false: answered with 403. */
MUST_CHECK bool call_allowed(struct call *call, unsigned right, const char *service, const char *environment);

#endif
