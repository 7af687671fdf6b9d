/* secrets.h - what must never be shown. SPDX-License-Identifier: MIT */
#ifndef DAEMON_SECRETS_H
#define DAEMON_SECRETS_H

#include "daemon/daemon.h"
#include "io/secret.h"

/* Reads every secret that the settings name, so that it is struck out of what is shown; again whenever one
 * may have changed, and older ones stay known. */
void daemon_learn_secrets(struct daemon *daemon);
void daemon_forget_secrets(struct daemon *daemon);

/* Keeps values of files in memory from now on: who needs one on the loop does not wait for a disk. */
void daemon_keep_files(struct daemon *daemon); /* before the Vault is opened */
void daemon_drop_files(struct daemon *daemon);

/* Asks for the settings' Vault from now on, where they name one. */
void daemon_open_vault(struct daemon *daemon);

/* secrets_check.c, for --check, without a loop: adds a finding for every reference that Vault does not answer
 * with a value. */
void daemon_check_secrets(struct daemon *daemon);

/* For secret_load() on the loop; NULL: there is none (--check). */
const struct secret_keeper *daemon_keeper(const struct daemon *daemon);

/* Secrets of commands: `names` has the name of a variable and a reference, `count` times. The first reads
 * them ahead, so that their values are there when they are needed. */
void daemon_name_secrets(struct daemon *daemon, const char *const *names, size_t count);
/* Those of all tasks of a run. */
void daemon_name_run_secrets(struct daemon *daemon, const struct run_definition *definition);

enum { COMMAND_SECRET_NAME_SIZE = 80 };

/* "NAME=value" of each, for a command that starts now. */
struct command_secrets {
    size_t count;
    struct secret pairs[DEFINITION_SECRETS_MAX];
    const char *texts[DEFINITION_SECRETS_MAX + 1]; /* ends with NULL */
};
MUST_CHECK bool daemon_take_secrets(struct daemon *daemon, const char *const *names, size_t count,
                                    struct command_secrets *ret_secrets, struct err *err);
void command_secrets_drop(struct command_secrets *secrets); /* wipes; may be used as CLEANUP */

/* "NAME=" of each, for the runner to say whether it would take them. */
struct command_secret_names {
    char names[DEFINITION_SECRETS_MAX][COMMAND_SECRET_NAME_SIZE];
    const char *texts[DEFINITION_SECRETS_MAX + 1];
};
void command_secrets_name(const char *const *names, size_t count, struct command_secret_names *ret_names);

/* A secret that a worker will load: of Vault it is taken now, since that table is the loop's; of all else
 * `to` stays empty. */
MUST_CHECK bool daemon_take_ahead(const struct daemon *daemon, const char *reference, struct secret *to,
                                  struct err *err);

#endif
