/* fuzz_runner.c - libFuzzer: any bytes as a packet between verdictd and verdict-runner.
 * SPDX-License-Identifier: MIT */
#include "io/runner_protocol.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

static void check(const struct runner_message *message)
{
    must(message->key == NULL || runner_key_is_valid(message->key));
    must(message->arguments_count <= RUNNER_ARGUMENTS_MAX &&
         message->environment_count <= RUNNER_ENVIRONMENT_MAX &&
         message->secrets_count <= RUNNER_SECRETS_MAX && message->keys_count <= RUNNER_LIST_MAX);
    must(message->arguments[message->arguments_count] == NULL && message->keys[message->keys_count] == NULL);
    for (size_t i = 0; i < message->environment_count; i++)
        must(runner_pair_is_valid(message->environment[i]));
    for (size_t i = 0; i < message->keys_count; i++)
        must(runner_key_is_valid(message->keys[i]) &&
             runner_key_order(message->keys[i], message->keys[i]) == 0);
    must(message->content.length <= RUNNER_MESSAGE_MAX && message->offset >= 0 && message->total >= 0);
}

/* What is taken can be said again, in one way. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned char first[RUNNER_MESSAGE_MAX];
    static unsigned char second[RUNNER_MESSAGE_MAX];
    struct runner_message message;
    struct runner_message again;
    struct err err = {0};
    size_t first_length = 0;
    size_t second_length = 0;

    if (!runner_message_parse(bytes, size, &message, &err)) {
        must(err.text[0] != '\0');
        return 0;
    }
    check(&message);
    must(runner_message_format(&message, first, sizeof(first), &first_length, &err));
    must(first_length <= size && runner_message_parse(first, first_length, &again, &err));
    must(runner_message_format(&again, second, sizeof(second), &second_length, &err));
    must(first_length == second_length && memcmp(first, second, first_length) == 0);
    return 0;
}
