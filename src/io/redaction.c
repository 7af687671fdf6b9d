/* redaction.c - a list of texts, the longest first, and one walk over what is to be shown.
 * SPDX-License-Identifier: MIT */
#include "io/redaction.h"

#include "io/digest.h"
#include "io/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 };

struct hidden {
    char *bytes;
    size_t length;
};

struct redaction {
    pthread_mutex_t lock;
    struct hidden *texts; /* by their first byte, of each the longest first */
    size_t count;
    size_t from[FIRST_BYTES + 1]; /* where those with that first byte begin */
};

struct redaction *redaction_new(void)
{
    struct redaction *redaction = memory_take(sizeof(*redaction));

    pthread_mutex_init(&redaction->lock, NULL);
    return redaction;
}

void redaction_free(struct redaction *redaction)
{
    if (redaction == NULL)
        return;
    for (size_t i = 0; i < redaction->count; i++) {
        explicit_bzero(redaction->texts[i].bytes, redaction->texts[i].length);
        free(redaction->texts[i].bytes);
    }
    pthread_mutex_destroy(&redaction->lock);
    free(redaction->texts);
    free(redaction);
}

static bool is_known(const struct redaction *redaction, const char *bytes, size_t length)
{
    unsigned char first = (unsigned char)bytes[0];

    for (size_t i = redaction->from[first]; i < redaction->from[first + 1]; i++)
        if (redaction->texts[i].length == length && memcmp(redaction->texts[i].bytes, bytes, length) == 0)
            return true;
    return false;
}

static void add(struct redaction *redaction, const char *bytes, size_t length)
{
    unsigned char first = (unsigned char)bytes[0];
    size_t place = redaction->from[first];

    if (redaction->count == REDACTION_TEXTS_MAX || is_known(redaction, bytes, length))
        return;
    redaction->texts = memory_resize(redaction->texts, (redaction->count + 1) * sizeof(*redaction->texts));
    while (place < redaction->from[first + 1] && redaction->texts[place].length >= length)
        place++;
    memmove(&redaction->texts[place + 1], &redaction->texts[place],
            (redaction->count - place) * sizeof(*redaction->texts));
    redaction->texts[place] = (struct hidden){.bytes = memory_copy_bytes(bytes, length), .length = length};
    redaction->count++;
    for (size_t i = first + 1U; i <= FIRST_BYTES; i++)
        redaction->from[i]++;
}

/* Of base64 what the text alone determines, behind 0, 1 or 2 bytes that stand before it ("user:" ...). */
static void add_base64(struct redaction *redaction, const char *bytes, size_t length, size_t before)
{
    static const size_t foreign[] = {0, 2, 3}; /* letters that belong to what stands before, too */
    size_t whole = before + length;
    char *input = memory_take(whole);
    char *letters = memory_take(DIGEST_BASE64_SIZE(whole));
    size_t count = whole * 8 / 6;

    memcpy(input + before, bytes, length);
    digest_base64_encode(input, whole, letters);
    add(redaction, letters + foreign[before], count - foreign[before]);
    for (size_t i = 0; i < count; i++)
        letters[i] = letters[i] == '+' ? '-' : letters[i] == '/' ? '_' : letters[i];
    add(redaction, letters + foreign[before], count - foreign[before]);
    explicit_bzero(input, whole);
    explicit_bzero(letters, count);
    free(input);
    free(letters);
}

enum { ESCAPED_MAX = 6 }; /* bytes that one may become */

/* What a byte becomes there; returns how many bytes. */
typedef size_t escape(unsigned char byte, char to[ESCAPED_MAX]);

static size_t put_hex(unsigned char byte, const char *digits, char *to)
{
    to[0] = digits[byte >> 4];
    to[1] = digits[byte & 15];
    return 2;
}

/* Without its NUL. */
static size_t put_text(const char *text, char *to)
{
    size_t length = 0;

    for (; text[length] != '\0'; length++)
        to[length] = text[length];
    return length;
}

static const char large_digits[] = "0123456789ABCDEF";
static const char small_digits[] = "0123456789abcdef";

static size_t escape_hex(unsigned char byte, char to[ESCAPED_MAX])
{
    return put_hex(byte, small_digits, to);
}

static size_t escape_large_hex(unsigned char byte, char to[ESCAPED_MAX])
{
    return put_hex(byte, large_digits, to);
}

/* As in a URL or a form: all but letters, digits and - . _ ~ as %XX. */
static size_t escape_percent(unsigned char byte, char to[ESCAPED_MAX])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    to[0] = (char)byte;
    if (byte != '\0' && strchr(plain, byte) != NULL)
        return 1;
    to[0] = '%';
    return 1 + put_hex(byte, large_digits, to + 1);
}

static size_t escape_json(unsigned char byte, char to[ESCAPED_MAX])
{
    static const char escaped[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* in pairs */

    to[0] = '\\';
    for (size_t i = 0; escaped[i] != '\0'; i += 2)
        if ((unsigned char)escaped[i] == byte) {
            to[1] = escaped[i + 1];
            return 2;
        }
    if (byte >= ' ') {
        to[0] = (char)byte;
        return 1;
    }
    size_t length = put_text("\\u00", to);
    return length + put_hex(byte, small_digits, to + length);
}

/* The same of those who escape the slash, too. */
static size_t escape_slashed_json(unsigned char byte, char to[ESCAPED_MAX])
{
    if (byte != '/')
        return escape_json(byte, to);
    return put_text("\\/", to);
}

/* Within the quotes of a shell: ' becomes '\'' there. */
static size_t escape_shell(unsigned char byte, char to[ESCAPED_MAX])
{
    to[0] = (char)byte;
    return byte == '\'' ? put_text("'\\''", to) : 1;
}

static void add_escaped(struct redaction *redaction, const char *bytes, size_t length, escape *become)
{
    char *letters = memory_take(ESCAPED_MAX * length);
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += become((unsigned char)bytes[i], letters + count);
    add(redaction, letters, count);
    explicit_bzero(letters, count);
    free(letters);
}

static void add_encoded(struct redaction *redaction, const char *bytes, size_t length)
{
    static escape *const escapes[] = {escape_percent, escape_json,  escape_slashed_json,
                                      escape_hex,     escape_shell, escape_large_hex};

    for (size_t before = 0; before < 3; before++)
        add_base64(redaction, bytes, length, before);
    for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++)
        add_escaped(redaction, bytes, length, escapes[i]);
}

void redaction_add(struct redaction *redaction, const char *bytes, size_t length)
{
    const char *line = bytes;
    const char *end = bytes + length;

    if (length < REDACTION_MIN)
        return;
    pthread_mutex_lock(&redaction->lock);
    if (!is_known(redaction, bytes, length) && length >= REDACTION_LINE_MIN)
        add_encoded(redaction, bytes, length);
    add(redaction, bytes, length);
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = stop == NULL ? (size_t)(end - line) : (size_t)(stop - line);
        if (size >= REDACTION_LINE_MIN)
            add(redaction, line, size);
        line += size + 1;
    }
    pthread_mutex_unlock(&redaction->lock);
}

/* How many bytes at `at` belong to a text that is to be hidden; `left` are there. */
static size_t match(const struct redaction *redaction, const char *at, size_t left)
{
    unsigned char first = (unsigned char)*at;

    for (size_t i = redaction->from[first]; i < redaction->from[first + 1]; i++) {
        const struct hidden *hidden = &redaction->texts[i];
        size_t length = hidden->length < left ? hidden->length : left;
        if (length >= REDACTION_MIN && memcmp(at, hidden->bytes, length) == 0)
            return length;
    }
    return 0;
}

/* The same of the end of one, whose beginning is not there. */
static size_t match_end(const struct redaction *redaction, const char *at, size_t left)
{
    size_t longest = 0;

    for (size_t i = 0; i < redaction->count; i++) {
        const struct hidden *hidden = &redaction->texts[i];
        size_t length = hidden->length - 1 < left ? hidden->length - 1 : left;
        while (length > longest && memcmp(at, hidden->bytes + hidden->length - length, length) != 0)
            length--;
        longest = length > longest ? length : longest;
    }
    return longest < REDACTION_MIN ? 0 : longest;
}

/* `length` bytes from `text` to `to`, which is not behind it; returns the end. */
static char *strike_out(const struct redaction *redaction, char *to, const char *text, size_t length,
                        bool is_cut_before)
{
    static const char mark[] = "***";
    size_t hidden = is_cut_before ? match_end(redaction, text, length) : 0;

    while (length > 0) {
        hidden = hidden > 0 ? hidden : match(redaction, text, length);
        size_t taken = hidden == 0 ? 1 : hidden;
        if (hidden > 0) {
            memcpy(to, mark, sizeof(mark) - 1);
            to += sizeof(mark) - 1;
        } else
            *to++ = *text;
        text += taken;
        length -= taken;
        hidden = 0;
    }
    return to;
}

void redaction_apply(struct redaction *redaction, char *text)
{
    if (redaction == NULL)
        return;
    pthread_mutex_lock(&redaction->lock);
    *strike_out(redaction, text, text, strlen(text), false) = '\0';
    pthread_mutex_unlock(&redaction->lock);
}

void redaction_apply_around(struct redaction *redaction, char *text, const char *gap)
{
    char *to = text;
    bool is_cut_before = false;

    if (redaction == NULL)
        return;
    pthread_mutex_lock(&redaction->lock);
    for (const char *middle = strstr(text, gap); middle != NULL; middle = strstr(text, gap)) {
        const char *rest = middle + strlen(gap);
        size_t length = strcspn(rest, "\n");
        length += rest[length] == '\n';
        to = strike_out(redaction, to, text, (size_t)(middle - text), is_cut_before);
        memmove(to, middle, strlen(gap));
        to = strike_out(redaction, to + strlen(gap), rest, length, false);
        text += (rest - text) + (ptrdiff_t)length;
        is_cut_before = true;
    }
    *strike_out(redaction, to, text, strlen(text), is_cut_before) = '\0';
    pthread_mutex_unlock(&redaction->lock);
}
