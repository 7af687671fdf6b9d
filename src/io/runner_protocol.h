/* runner_protocol.h - what verdictd and verdict-runner say to each other: one message is one packet of a
 * Unix SOCK_SEQPACKET socket. SPDX-License-Identifier: MIT
 *
 * A packet is "vr", version (1 byte), operation (1 byte), request (8 bytes), then fields: tag (1 byte),
 * length (4 bytes), value. Numbers are little endian and 8 bytes long; texts carry their NUL. An unknown,
 * foreign, doubled or missing field or a stray byte refuses the whole packet. Both functions are pure. */
#ifndef IO_RUNNER_PROTOCOL_H
#define IO_RUNNER_PROTOCOL_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RUNNER_MESSAGE_MAX = 64 * 1024,      /* bytes of a packet */
    RUNNER_KEY_MAX = 128,                /* [A-Za-z0-9][A-Za-z0-9._-]*: a file name, never hidden */
    RUNNER_ARGUMENTS_MAX = 64,           /* argv, with the program */
    RUNNER_ENVIRONMENT_MAX = 64,         /* VERDICT_NAME=value pairs */
    RUNNER_SECRETS_MAX = 16,             /* NAME=value pairs that hold secrets */
    RUNNER_ARGUMENT_MAX = 4096,          /* bytes of an argument or a pair, with the NUL */
    RUNNER_PATH_MAX = 4096,              /* with the NUL */
    RUNNER_CONTENT_MAX = 48 * 1024,      /* bytes of a file to write */
    RUNNER_OUTPUT_CHUNK_MAX = 48 * 1024, /* bytes of output in one answer */
    RUNNER_OUTPUT_HALF = 32 * 1024,      /* of a long output the first and the last so many bytes are kept */
    RUNNER_OUTPUT_MAX = 2 * RUNNER_OUTPUT_HALF + 256, /* with the line between them */
    RUNNER_VALUES_MAX = 16 * 1024,                    /* of the file that VERDICT_OUTPUT names */
    RUNNER_REPORT_MAX = 1024 * 1024,                  /* of the file that VERDICT_REPORT names */
    RUNNER_LIST_MAX = 128                             /* keys in one answer */
};

/* The line between the two halves: begins and ends so, and says how much is missing. */
#define RUNNER_GAP_BEGIN "\n[... "
#define RUNNER_GAP_END   " bytes left out ...]\n"

#define RUNNER_DEADLINE_MAX_MS (INT64_C(24) * 3600 * 1000)
#define RUNNER_GRACE_MAX_MS    (INT64_C(3600) * 1000)

/* Keys that begin so are of commands that come often, as smoke tests: an hour at most, forgotten in two. */
#define RUNNER_PASSING_PREFIX          "x-"
#define RUNNER_PASSING_DEADLINE_MAX_MS (INT64_C(3600) * 1000)

enum runner_operation {
    RUNNER_RUN =
        1,         /* key, arguments, environment, secrets, deadline, directory?, grace?: STATE; once a key */
    RUNNER_STATUS, /* key: STATE */
    RUNNER_OUTPUT, /* key, stream, offset: CHUNK */
    RUNNER_CANCEL, /* key: TERM, after the grace KILL; STATE */
    RUNNER_WRITE,  /* path, mode, content: WRITTEN; one at a time, else REFUSED(busy) */
    RUNNER_LIST,   /* KEYS: what runs now */
    RUNNER_CHECK,  /* arguments, secrets ("NAME="), directory?: CHECKED where it might RUN; does nothing */
    RUNNER_FIND,   /* prefix, after?: KEYS, the next that begin so of all it knows, in runner_key_order() */

    RUNNER_STATE = 64, /* key, state and, where ended, the result */
    RUNNER_CHUNK,      /* key, content, total */
    RUNNER_WRITTEN,    /* path */
    RUNNER_KEYS,       /* keys */
    RUNNER_REFUSED,    /* refusal, reason: nothing was done */
    RUNNER_FINISHED,   /* pushed to every client with request 0: key, state and result */
    RUNNER_CHECKED
};

enum runner_state {
    RUNNER_STATE_ABSENT,  /* this runner never heard of the key (or forgot it: results are kept for 7 days) */
    RUNNER_STATE_RUNNING, /* a supervisor lives for it */
    RUNNER_STATE_ENDED,   /* the result is known */
    RUNNER_STATE_LOST,    /* it may have run; how far is not known. Only another key can run it again */
    RUNNER_STATE_COUNT
};

enum runner_refusal {
    RUNNER_REFUSAL_BUSY,      /* too many at once: ask again */
    RUNNER_REFUSAL_FORBIDDEN, /* not on the allow list, or the program's file is not safe to run */
    RUNNER_REFUSAL_INVALID,   /* the request breaks a rule of the protocol */
    RUNNER_REFUSAL_FAILED,    /* a system call failed: the reason says which */
    RUNNER_REFUSAL_COUNT
};

enum runner_stream {
    RUNNER_STREAM_OUTPUT, /* stdout and stderr: UTF-8 without control characters but newline and tab */
    RUNNER_STREAM_VALUES, /* what the command wrote to $VERDICT_OUTPUT (same cleaning) */
    RUNNER_STREAM_REPORT, /* what it wrote to $VERDICT_REPORT: its bytes, as they are */
    RUNNER_STREAM_COUNT
};

/* How a command ended. A command that could not be executed has `error` set and exit status 127. */
struct runner_result {
    int exit_status; /* 0..255, or -1 where a signal ended it */
    int signal;      /* or 0 */
    bool timed_out;  /* its deadline passed and the runner ended it */
    bool cancelled;  /* CANCEL, or a SIGTERM of the whole machine */
    int error;       /* errno of execve, or 0 */
};

struct runner_bytes {
    const unsigned char *data;
    size_t length;
};

/* Which members count is said at the operations; the others are zero. Texts and bytes of a parsed message
 * point into the packet. */
struct runner_message {
    enum runner_operation operation;
    uint64_t request; /* chosen by the asker, quoted by the answer */
    const char *key;
    const char *prefix;                                  /* how keys begin; in the form of a key */
    const char *after;                                   /* a key, or NULL: from the first one on */
    const char *arguments[RUNNER_ARGUMENTS_MAX + 1];     /* ends with NULL */
    const char *environment[RUNNER_ENVIRONMENT_MAX + 1]; /* ends with NULL */
    const char *secrets[RUNNER_SECRETS_MAX + 1];         /* ends with NULL; never kept, never told */
    size_t arguments_count, environment_count, secrets_count;
    const char *directory; /* absolute, or NULL: "/" */
    int64_t deadline_ms;   /* 1..RUNNER_DEADLINE_MAX_MS, from its start */
    int64_t grace_ms;      /* from TERM to KILL, ≤ RUNNER_GRACE_MAX_MS; 0: the runner's 5 s */
    const char *path;
    int64_t mode; /* permission bits of a file that does not exist yet; an old one keeps its own */
    struct runner_bytes content;
    enum runner_stream stream;
    int64_t offset; /* first byte asked for */
    int64_t total;  /* bytes that there are now */
    enum runner_state state;
    struct runner_result result; /* of RUNNER_STATE_ENDED */
    enum runner_refusal refusal;
    const char *reason;
    const char *keys[RUNNER_LIST_MAX + 1]; /* ends with NULL */
    size_t keys_count;
};

bool runner_key_is_valid(const char *key);
bool runner_key_is_passing(const char *key);
/* As strcmp, but numbers in them count as such: "d1-2.1" comes before "d1-10.1". */
int runner_key_order(const char *a, const char *b);

/* NAME=value, with NAME = VERDICT_[A-Z0-9_]+ and any value: a reason that somebody typed must not stop a
 * rollback. Of a secret NAME is any other of [A-Z_][A-Z0-9_]*, which the runner's file must list. */
bool runner_pair_is_valid(const char *pair);
bool runner_secret_is_valid(const char *pair);

/* ERR_PROTOCOL where the packet breaks a rule; the text names it. */
MUST_CHECK bool runner_message_parse(const unsigned char *packet, size_t length,
                                     struct runner_message *ret_message, struct err *err);

/* At most `size` bytes (RUNNER_MESSAGE_MAX is enough for any valid message but a RUN or LIST with very long
 * members: ERR_LIMIT); refuses what the parser would refuse (ERR_INVALID). */
MUST_CHECK bool runner_message_format(const struct runner_message *message, unsigned char *to, size_t size,
                                      size_t *ret_length, struct err *err);

#endif
