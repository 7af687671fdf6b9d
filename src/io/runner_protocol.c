/* runner_protocol.c - packs and reads the packets of verdict-runner: one table of fields, one of operations.
 * SPDX-License-Identifier: MIT */
#include "io/runner_protocol.h"

#include <string.h>

enum {
    VERSION = 1,
    HEADER_SIZE = 12,
    FIELD_SIZE = 5, /* tag and length */
    NUMBER_SIZE = 8,
    REASON_MAX = 1024
};

enum tag {
    TAG_KEY = 1,
    TAG_ARGUMENT,
    TAG_PAIR,
    TAG_DIRECTORY,
    TAG_DEADLINE,
    TAG_PATH,
    TAG_MODE,
    TAG_CONTENT,
    TAG_STREAM,
    TAG_OFFSET,
    TAG_TOTAL,
    TAG_STATE,
    TAG_EXIT_STATUS,
    TAG_SIGNAL,
    TAG_TIMED_OUT,
    TAG_CANCELLED,
    TAG_ERROR,
    TAG_REFUSAL,
    TAG_REASON,
    TAG_LISTED_KEY,
    TAG_PREFIX,
    TAG_AFTER,
    TAG_SECRET,
    TAG_GRACE,
    TAG_COUNT
};

enum shape { SHAPE_TEXT, SHAPE_TEXTS, SHAPE_NUMBER, SHAPE_BYTES };

struct field {
    const char *name;
    enum shape shape;
    int64_t min, max;                   /* of numbers; of the others `max` bytes, with the NUL */
    bool (*is_valid)(const char *text); /* of texts, or NULL */
};

static bool is_path(const char *text)
{
    if (text[0] != '/')
        return false;
    for (const char *part = text; part != NULL; part = strchr(part, '/')) {
        part++;
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

static const struct field FIELDS[TAG_COUNT] = {
    [TAG_KEY] = {"key", SHAPE_TEXT, 0, RUNNER_KEY_MAX + 1, runner_key_is_valid},
    [TAG_ARGUMENT] = {"argument", SHAPE_TEXTS, 0, RUNNER_ARGUMENT_MAX, NULL},
    [TAG_PAIR] = {"environment", SHAPE_TEXTS, 0, RUNNER_ARGUMENT_MAX, runner_pair_is_valid},
    [TAG_DIRECTORY] = {"directory", SHAPE_TEXT, 0, RUNNER_PATH_MAX, is_path},
    [TAG_DEADLINE] = {"deadline", SHAPE_NUMBER, 1, RUNNER_DEADLINE_MAX_MS, NULL},
    [TAG_PATH] = {"path", SHAPE_TEXT, 0, RUNNER_PATH_MAX, is_path},
    [TAG_MODE] = {"mode", SHAPE_NUMBER, 0, 0777, NULL},
    [TAG_CONTENT] = {"content", SHAPE_BYTES, 0, RUNNER_CONTENT_MAX, NULL},
    [TAG_STREAM] = {"stream", SHAPE_NUMBER, 0, RUNNER_STREAM_COUNT - 1, NULL},
    [TAG_OFFSET] = {"offset", SHAPE_NUMBER, 0, INT32_MAX, NULL},
    [TAG_TOTAL] = {"total", SHAPE_NUMBER, 0, INT32_MAX, NULL},
    [TAG_STATE] = {"state", SHAPE_NUMBER, 0, RUNNER_STATE_COUNT - 1, NULL},
    [TAG_EXIT_STATUS] = {"exit_status", SHAPE_NUMBER, -1, 255, NULL},
    [TAG_SIGNAL] = {"signal", SHAPE_NUMBER, 0, 127, NULL},
    [TAG_TIMED_OUT] = {"timed_out", SHAPE_NUMBER, 0, 1, NULL},
    [TAG_CANCELLED] = {"cancelled", SHAPE_NUMBER, 0, 1, NULL},
    [TAG_ERROR] = {"error", SHAPE_NUMBER, 0, 4095, NULL},
    [TAG_REFUSAL] = {"refusal", SHAPE_NUMBER, 0, RUNNER_REFUSAL_COUNT - 1, NULL},
    [TAG_REASON] = {"reason", SHAPE_TEXT, 0, REASON_MAX, NULL},
    [TAG_LISTED_KEY] = {"listed_key", SHAPE_TEXTS, 0, RUNNER_KEY_MAX + 1, runner_key_is_valid},
    [TAG_PREFIX] = {"prefix", SHAPE_TEXT, 0, RUNNER_KEY_MAX + 1, runner_key_is_valid},
    [TAG_AFTER] = {"after", SHAPE_TEXT, 0, RUNNER_KEY_MAX + 1, runner_key_is_valid},
    [TAG_SECRET] = {"secret", SHAPE_TEXTS, 0, RUNNER_ARGUMENT_MAX, runner_secret_is_valid},
    [TAG_GRACE] = {"grace", SHAPE_NUMBER, 0, RUNNER_GRACE_MAX_MS, NULL},
};

#define BIT(tag) (UINT32_C(1) << (tag))
#define RESULT_BITS                                                                                          \
    (BIT(TAG_STATE) | BIT(TAG_EXIT_STATUS) | BIT(TAG_SIGNAL) | BIT(TAG_TIMED_OUT) | BIT(TAG_CANCELLED) |     \
     BIT(TAG_ERROR))

struct operation {
    enum runner_operation operation;
    uint32_t required;
    uint32_t optional;
};

static const struct operation OPERATIONS[] = {
    {RUNNER_RUN, BIT(TAG_KEY) | BIT(TAG_ARGUMENT) | BIT(TAG_DEADLINE),
     BIT(TAG_PAIR) | BIT(TAG_SECRET) | BIT(TAG_DIRECTORY) | BIT(TAG_GRACE)},
    {RUNNER_STATUS, BIT(TAG_KEY), 0},
    {RUNNER_OUTPUT, BIT(TAG_KEY) | BIT(TAG_STREAM) | BIT(TAG_OFFSET), 0},
    {RUNNER_CANCEL, BIT(TAG_KEY), 0},
    {RUNNER_WRITE, BIT(TAG_PATH) | BIT(TAG_MODE) | BIT(TAG_CONTENT), 0},
    {RUNNER_LIST, 0, 0},
    {RUNNER_CHECK, BIT(TAG_ARGUMENT), BIT(TAG_SECRET) | BIT(TAG_DIRECTORY)},
    {RUNNER_FIND, BIT(TAG_PREFIX), BIT(TAG_AFTER)},
    {RUNNER_STATE, BIT(TAG_KEY) | RESULT_BITS, 0},
    {RUNNER_CHUNK, BIT(TAG_KEY) | BIT(TAG_CONTENT) | BIT(TAG_TOTAL), 0},
    {RUNNER_WRITTEN, BIT(TAG_PATH), 0},
    {RUNNER_KEYS, 0, BIT(TAG_LISTED_KEY)},
    {RUNNER_REFUSED, BIT(TAG_REFUSAL) | BIT(TAG_REASON), 0},
    {RUNNER_FINISHED, BIT(TAG_KEY) | RESULT_BITS, 0},
    {RUNNER_CHECKED, 0, 0},
};

/* The values of a message by tag, so that packing and reading need no code per field. */
struct values {
    const char *texts[TAG_COUNT];
    int64_t numbers[TAG_COUNT];
};

static bool is_alphanumeric(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
}

bool runner_key_is_valid(const char *key)
{
    size_t length = strlen(key);
    if (length == 0 || length > RUNNER_KEY_MAX || !is_alphanumeric(key[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_alphanumeric(key[i]) && key[i] != '.' && key[i] != '_' && key[i] != '-')
            return false;
    return true;
}

bool runner_key_is_passing(const char *key)
{
    return strncmp(key, RUNNER_PASSING_PREFIX, sizeof(RUNNER_PASSING_PREFIX) - 1) == 0;
}

int runner_key_order(const char *a, const char *b)
{
    return strverscmp(a, b);
}

bool runner_pair_is_valid(const char *pair)
{
    static const char prefix[] = "VERDICT_";
    if (strncmp(pair, prefix, sizeof(prefix) - 1) != 0)
        return false;
    const char *letter = pair + sizeof(prefix) - 1;
    const char *name = letter;
    while ((*letter >= 'A' && *letter <= 'Z') || (*letter >= '0' && *letter <= '9') || *letter == '_')
        letter++;
    return letter != name && *letter == '=';
}

bool runner_secret_is_valid(const char *pair)
{
    size_t length = strspn(pair, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return length > 0 && pair[length] == '=' && !(pair[0] >= '0' && pair[0] <= '9') &&
           strncmp(pair, "VERDICT_", 8) != 0;
}

static const struct operation *find_operation(int number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(OPERATIONS); i++)
        if ((int)OPERATIONS[i].operation == number)
            return &OPERATIONS[i];
    return NULL;
}

static uint64_t read_number(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = size; i > 0; i--)
        number = number << 8 | bytes[i - 1];
    return number;
}

static bool refuse(struct err *err, enum tag tag, const char *what)
{
    return err_set(err, ERR_PROTOCOL, "field %s %s", FIELDS[tag].name, what);
}

/* Where the texts of a repeated field go. */
struct list {
    const char **texts;
    size_t *count;
    size_t max;
};

static struct list list_of(struct runner_message *message, enum tag tag)
{
    if (tag == TAG_ARGUMENT)
        return (struct list){message->arguments, &message->arguments_count, RUNNER_ARGUMENTS_MAX};
    if (tag == TAG_PAIR)
        return (struct list){message->environment, &message->environment_count, RUNNER_ENVIRONMENT_MAX};
    if (tag == TAG_SECRET)
        return (struct list){message->secrets, &message->secrets_count, RUNNER_SECRETS_MAX};
    return (struct list){message->keys, &message->keys_count, RUNNER_LIST_MAX};
}

static bool parse_text(enum tag tag, struct runner_bytes bytes, const char **ret_text, struct err *err)
{
    if (bytes.length == 0 || memchr(bytes.data, '\0', bytes.length) != bytes.data + bytes.length - 1)
        return refuse(err, tag, "does not end at its only NUL");
    const char *text = (const char *)bytes.data;
    if (FIELDS[tag].is_valid != NULL && !FIELDS[tag].is_valid(text))
        return refuse(err, tag, "uses letters or a form that it must not have");
    *ret_text = text;
    return true;
}

static bool parse_number(enum tag tag, struct runner_bytes bytes, int64_t *ret_number, struct err *err)
{
    if (bytes.length != NUMBER_SIZE)
        return refuse(err, tag, "is not a number of 8 bytes");
    int64_t number = (int64_t)read_number(bytes.data, NUMBER_SIZE);
    if (number < FIELDS[tag].min || number > FIELDS[tag].max)
        return refuse(err, tag, "is out of range");
    *ret_number = number;
    return true;
}

static bool parse_value(enum tag tag, struct runner_bytes bytes, struct runner_message *message,
                        struct values *values, struct err *err)
{
    switch (FIELDS[tag].shape) {
    case SHAPE_NUMBER:
        return parse_number(tag, bytes, &values->numbers[tag], err);
    case SHAPE_TEXT:
        return parse_text(tag, bytes, &values->texts[tag], err);
    case SHAPE_BYTES:
        message->content = bytes;
        return true;
    case SHAPE_TEXTS:
        break;
    }
    struct list list = list_of(message, tag);
    if (*list.count == list.max)
        return refuse(err, tag, "comes too often");
    return parse_text(tag, bytes, &list.texts[(*list.count)++], err);
}

/* The field at `at`, and where the next one starts. */
static bool parse_field(const unsigned char *packet, size_t length, size_t *at, enum tag *ret_tag,
                        struct runner_bytes *ret_bytes, struct err *err)
{
    if (length - *at < FIELD_SIZE)
        return err_set(err, ERR_PROTOCOL, "stray bytes at the end of the packet");
    int tag = packet[*at];
    size_t size = (size_t)read_number(packet + *at + 1, 4);
    if (tag < TAG_KEY || tag >= TAG_COUNT)
        return err_set(err, ERR_PROTOCOL, "unknown field %d", tag);
    size_t limit = FIELDS[tag].shape == SHAPE_NUMBER ? NUMBER_SIZE : (size_t)FIELDS[tag].max;
    if (size > limit)
        return refuse(err, (enum tag)tag, "is too long");
    if (size > length - *at - FIELD_SIZE)
        return refuse(err, (enum tag)tag, "reaches past the end of the packet");
    *ret_tag = (enum tag)tag;
    *ret_bytes = (struct runner_bytes){packet + *at + FIELD_SIZE, size};
    *at += FIELD_SIZE + size;
    return true;
}

static void values_to_message(const struct values *values, struct runner_message *message)
{
    const int64_t *numbers = values->numbers;
    message->key = values->texts[TAG_KEY];
    message->prefix = values->texts[TAG_PREFIX];
    message->after = values->texts[TAG_AFTER];
    message->directory = values->texts[TAG_DIRECTORY];
    message->path = values->texts[TAG_PATH];
    message->reason = values->texts[TAG_REASON];
    message->deadline_ms = numbers[TAG_DEADLINE];
    message->grace_ms = numbers[TAG_GRACE];
    message->mode = numbers[TAG_MODE];
    message->stream = (enum runner_stream)numbers[TAG_STREAM];
    message->offset = numbers[TAG_OFFSET];
    message->total = numbers[TAG_TOTAL];
    message->state = (enum runner_state)numbers[TAG_STATE];
    message->refusal = (enum runner_refusal)numbers[TAG_REFUSAL];
    message->result = (struct runner_result){
        .exit_status = (int)numbers[TAG_EXIT_STATUS],
        .signal = (int)numbers[TAG_SIGNAL],
        .timed_out = numbers[TAG_TIMED_OUT] != 0,
        .cancelled = numbers[TAG_CANCELLED] != 0,
        .error = (int)numbers[TAG_ERROR],
    };
}

static void message_to_values(const struct runner_message *message, struct values *values)
{
    int64_t *numbers = values->numbers;
    values->texts[TAG_KEY] = message->key;
    values->texts[TAG_PREFIX] = message->prefix;
    values->texts[TAG_AFTER] = message->after;
    values->texts[TAG_DIRECTORY] = message->directory;
    values->texts[TAG_PATH] = message->path;
    values->texts[TAG_REASON] = message->reason;
    numbers[TAG_DEADLINE] = message->deadline_ms;
    numbers[TAG_GRACE] = message->grace_ms;
    numbers[TAG_MODE] = message->mode;
    numbers[TAG_STREAM] = (int64_t)message->stream;
    numbers[TAG_OFFSET] = message->offset;
    numbers[TAG_TOTAL] = message->total;
    numbers[TAG_STATE] = (int64_t)message->state;
    numbers[TAG_REFUSAL] = (int64_t)message->refusal;
    numbers[TAG_EXIT_STATUS] = message->result.exit_status;
    numbers[TAG_SIGNAL] = message->result.signal;
    numbers[TAG_TIMED_OUT] = message->result.timed_out;
    numbers[TAG_CANCELLED] = message->result.cancelled;
    numbers[TAG_ERROR] = message->result.error;
}

static bool parse_header(const unsigned char *packet, size_t length, const struct operation **ret_operation,
                         struct err *err)
{
    if (length < HEADER_SIZE || length > RUNNER_MESSAGE_MAX || packet[0] != 'v' || packet[1] != 'r')
        return err_set(err, ERR_PROTOCOL, "not a packet of verdict-runner");
    if (packet[2] != VERSION)
        return err_set(err, ERR_PROTOCOL, "version %d of the protocol, wanted %d", packet[2], VERSION);
    const struct operation *operation = find_operation(packet[3]);
    if (operation == NULL)
        return err_set(err, ERR_PROTOCOL, "unknown operation %d", packet[3]);
    *ret_operation = operation;
    return true;
}

static bool parse_fields(const unsigned char *packet, size_t length, const struct operation *operation,
                         struct runner_message *message, struct err *err)
{
    struct values values = {0};
    uint32_t seen = 0;
    for (size_t at = HEADER_SIZE; at < length;) {
        enum tag tag = TAG_COUNT;
        struct runner_bytes bytes = {0};
        if (!parse_field(packet, length, &at, &tag, &bytes, err))
            return false;
        if (((operation->required | operation->optional) & BIT(tag)) == 0)
            return refuse(err, tag, "does not belong to this operation");
        if ((seen & BIT(tag)) != 0 && FIELDS[tag].shape != SHAPE_TEXTS)
            return refuse(err, tag, "comes twice");
        seen |= BIT(tag);
        if (!parse_value(tag, bytes, message, &values, err))
            return false;
    }
    for (unsigned tag = TAG_KEY; tag < TAG_COUNT; tag++)
        if ((operation->required & ~seen & BIT(tag)) != 0)
            return refuse(err, (enum tag)tag, "is missing");
    values_to_message(&values, message);
    return true;
}

bool runner_message_parse(const unsigned char *packet, size_t length, struct runner_message *ret_message,
                          struct err *err)
{
    const struct operation *operation = NULL;
    if (!parse_header(packet, length, &operation, err) || operation == NULL)
        return false;
    struct runner_message message = {.operation = operation->operation,
                                     .request = read_number(packet + 4, NUMBER_SIZE)};
    if (!parse_fields(packet, length, operation, &message, err))
        return false;
    *ret_message = message;
    return true;
}

struct writer {
    unsigned char *to;
    size_t size;
    size_t length; /* counts on past `size`: then the packet did not fit */
};

static void write_bytes(struct writer *writer, const void *bytes, size_t length)
{
    if (length > 0 && writer->length <= writer->size && length <= writer->size - writer->length)
        memcpy(writer->to + writer->length, bytes, length);
    writer->length += length;
}

static void write_number(struct writer *writer, uint64_t number, size_t size)
{
    unsigned char bytes[NUMBER_SIZE];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    write_bytes(writer, bytes, size);
}

static void write_field(struct writer *writer, enum tag tag, const void *bytes, size_t length)
{
    write_number(writer, (uint64_t)tag, 1);
    write_number(writer, length, 4);
    write_bytes(writer, bytes, length);
}

static void write_text(struct writer *writer, enum tag tag, const char *text)
{
    if (text != NULL)
        write_field(writer, tag, text, strlen(text) + 1);
}

static void write_value(struct writer *writer, enum tag tag, struct runner_message *message,
                        const struct values *values)
{
    switch (FIELDS[tag].shape) {
    case SHAPE_TEXT:
        write_text(writer, tag, values->texts[tag]);
        return;
    case SHAPE_NUMBER:
        write_number(writer, (uint64_t)tag, 1);
        write_number(writer, NUMBER_SIZE, 4);
        write_number(writer, (uint64_t)values->numbers[tag], NUMBER_SIZE);
        return;
    case SHAPE_BYTES:
        write_field(writer, tag, message->content.data, message->content.length);
        return;
    case SHAPE_TEXTS:
        break;
    }
    struct list list = list_of(message, tag);
    for (size_t i = 0; i < *list.count && i <= list.max; i++)
        write_text(writer, tag, list.texts[i]);
}

/* An optional number that is 0 is not there. */
static bool is_written(const struct operation *operation, enum tag tag, const struct values *values)
{
    bool is_idle = FIELDS[tag].shape == SHAPE_NUMBER && values->numbers[tag] == 0;

    return (operation->required & BIT(tag)) != 0 || ((operation->optional & BIT(tag)) != 0 && !is_idle);
}

bool runner_message_format(const struct runner_message *message, unsigned char *to, size_t size,
                           size_t *ret_length, struct err *err)
{
    const struct operation *operation = find_operation((int)message->operation);
    if (operation == NULL)
        return err_set(err, ERR_INVALID, "unknown operation %d", (int)message->operation);
    struct writer writer = {to, size < RUNNER_MESSAGE_MAX ? size : RUNNER_MESSAGE_MAX, 0};
    struct runner_message copy = *message; /* list_of serves the parser too, and so wants to write */
    struct values values = {0};
    message_to_values(message, &values);
    write_bytes(&writer, "vr", 2);
    write_number(&writer, VERSION, 1);
    write_number(&writer, (uint64_t)message->operation, 1);
    write_number(&writer, message->request, NUMBER_SIZE);
    for (unsigned tag = TAG_KEY; tag < TAG_COUNT; tag++)
        if (is_written(operation, (enum tag)tag, &values))
            write_value(&writer, (enum tag)tag, &copy, &values);
    if (writer.length > writer.size)
        return err_set(err, ERR_LIMIT, "a packet of %zu bytes is too long (at most %zu)", writer.length,
                       writer.size);
    struct runner_message check;
    if (!runner_message_parse(to, writer.length, &check, err)) {
        if (err != NULL)
            err->code = ERR_INVALID;
        return false;
    }
    *ret_length = writer.length;
    return true;
}
