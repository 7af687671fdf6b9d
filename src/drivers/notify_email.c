/* notify_email.c - notices as letters to a mail server.
 * SPDX-License-Identifier: MIT */
#include "drivers/delivery.h"
#include "drivers/mail_text.h"
#include "drivers/notice_line.h"
#include "io/memory.h"
#include "io/smtp_letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_URL,
    OPTION_FROM,
    OPTION_TO,
    OPTION_USER,
    OPTION_PASSWORD,
    OPTION_TLS,
    OPTION_LINE,
    OPTION_TIMEOUT,
    OPTION_CA,
    OPTION_COUNT
};
enum { TLS_OFFERED, TLS_REQUIRED };

static const char *const tls_choices[] = {"offered", "required", NULL};

static const struct option options[OPTION_COUNT] = {
    [OPTION_URL] = {.name = "url",
                    .type = OPTION_TEXT,
                    .is_required = true,
                    .help = "the mail server, smtp://host:25 or smtps://host:465"},
    [OPTION_FROM] = {.name = "from",
                     .type = OPTION_TEXT,
                     .is_required = true,
                     .help = "the sender's address"},
    [OPTION_TO] = {.name = "to",
                   .type = OPTION_LIST,
                   .is_required = true,
                   .min = 1,
                   .max = SMTP_RECIPIENTS_MAX,
                   .help = "who gets it"},
    [OPTION_USER] = {.name = "user", .type = OPTION_TEXT, .help = "login at the server"},
    [OPTION_PASSWORD] = {.name = "password", .type = OPTION_SECRET, .help = "its password, by reference"},
    [OPTION_TLS] = {.name = "tls",
                    .type = OPTION_CHOICE,
                    .choices = tls_choices,
                    .fallback = "offered",
                    .help =
                        "offered: encrypted where the server can; required: or not at all, as with a login"},
    [OPTION_LINE] = NOTIFY_OPTION_OF_TEXT,
    [OPTION_TIMEOUT] = {.name = "timeout",
                        .type = OPTION_DURATION,
                        .min = 100,
                        .max = 120000,
                        .fallback = "30s",
                        .help = "for one try"},
    [OPTION_CA] = {.name = "ca", .type = OPTION_TEXT, .help = "file with the authorities to trust"},
};

struct notifier {
    struct notifier_env env;
    char *url, *from, *user, *password, *ca,
        *text; /* password: a reference, read at each use; text: NULL none */
    char **to;
    size_t to_count;
    bool must_encrypt;
    int64_t timeout_ms;
    struct delivery *deliveries; /* on their way */
};

static bool check_addresses(const struct option_value *values, struct err *err)
{
    if (!mail_is_address(values[OPTION_FROM].text))
        return err_set(err, ERR_INVALID, "from: '%s' is no address like verdictd@example.org",
                       values[OPTION_FROM].text);
    for (size_t i = 0; i < values[OPTION_TO].list_length; i++)
        if (!mail_is_address(values[OPTION_TO].list[i]))
            return err_set(err, ERR_INVALID, "to: '%s' is no address like sre@example.org",
                           values[OPTION_TO].list[i]);
    return true;
}

static bool check_options(const struct option_value *values, struct err *err)
{
    const char *url = values[OPTION_URL].text;
    const char *password = values[OPTION_PASSWORD].text;

    if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0)
        return err_set(err, ERR_INVALID, "url: starts with smtp:// or smtps://");
    if (strchr(url, '@') != NULL)
        return err_set(err, ERR_INVALID, "url: holds no user and password; they are user and password");
    if (password != NULL && !secret_is_reference(password))
        return err_set(err, ERR_INVALID,
                       "password: takes a reference such as file:/path or cred:name, not the password");
    if ((password == NULL) != (values[OPTION_USER].text == NULL))
        return err_set(err, ERR_INVALID, "user and password belong together");
    return check_addresses(values, err);
}

static bool open_email(const struct notifier_type *type, const struct notifier_env *env, const char *name,
                       const struct option_value *values, struct notifier **ret_notifier, struct err *err)
{
    (void)type;
    (void)name;
    if (!check_options(values, err))
        return false;
    struct notifier *notifier = memory_take(sizeof(*notifier));
    notifier->env = *env;
    notifier->url = memory_copy_text(values[OPTION_URL].text);
    notifier->from = memory_copy_text(values[OPTION_FROM].text);
    notifier->user = memory_copy_text(values[OPTION_USER].text);
    notifier->password = memory_copy_text(values[OPTION_PASSWORD].text);
    notifier->ca = memory_copy_text(values[OPTION_CA].text);
    notifier->text = memory_copy_text(values[OPTION_LINE].text);
    notifier->must_encrypt = values[OPTION_TLS].choice == TLS_REQUIRED;
    notifier->timeout_ms = values[OPTION_TIMEOUT].duration_ms;
    notifier->to_count = values[OPTION_TO].list_length;
    notifier->to = memory_take_array(notifier->to_count, sizeof(*notifier->to));
    for (size_t i = 0; i < notifier->to_count; i++)
        notifier->to[i] = memory_copy_text(values[OPTION_TO].list[i]);
    *ret_notifier = notifier;
    return true;
}

static void close_email(struct notifier *notifier)
{
    delivery_drop_all(&notifier->deliveries);
    for (size_t i = 0; i < notifier->to_count; i++)
        free(notifier->to[i]);
    free(notifier->to);
    free(notifier->url);
    free(notifier->from);
    free(notifier->user);
    free(notifier->password);
    free(notifier->ca);
    free(notifier->text);
    free(notifier);
}

/* 550 to 554 mean these recipients, or this letter; other codes may come right (a login, a full disk). */
static enum notice_fate fate_of(int status)
{
    if (status >= 200 && status < 300)
        return NOTICE_DELIVERED;
    return status >= 550 && status <= 554 ? NOTICE_REFUSED : NOTICE_RETRY;
}

static void answered(void *data, const struct http_answer *answer)
{
    char said[ERR_TEXT_MAX / 2];
    char why[ERR_TEXT_MAX];

    (void)notice_text(answer->body, NOTICE_PLAIN, said, sizeof(said));
    if (answer->status == 0)
        (void)snprintf(why, sizeof(why), "%s", answer->err.text);
    else
        (void)snprintf(why, sizeof(why), "the mail server answered %d: %s", answer->status, said);
    delivery_end(data, fate_of(answer->status), 0, why);
}

static bool hand_over(struct delivery *delivery, const struct text *text)
{
    const struct notifier *notifier = delivery->notifier;
    CLEANUP(secret_drop) struct secret password = {0};

    if (notifier->password != NULL &&
        !secret_load(notifier->env.secrets, notifier->password, &password, &delivery->err))
        return err_wrap(&delivery->err, "password");
    const struct smtp_letter letter = {.url = notifier->url,
                                       .from = notifier->from,
                                       .to = (const char *const *)notifier->to,
                                       .to_count = notifier->to_count,
                                       .text = text->data,
                                       .length = text->length,
                                       .user = notifier->user,
                                       .password = password.bytes == NULL ? NULL : &password,
                                       .must_encrypt = notifier->must_encrypt,
                                       .ca_file = notifier->ca,
                                       .timeout_ms = notifier->timeout_ms};
    delivery->call = smtp_letter_start(notifier->env.http, &letter, answered, delivery);
    return true;
}

/* False: it cannot be written. */
static bool write_letter(struct delivery *delivery, const struct notice *notice, struct text *text)
{
    const struct notifier *notifier = delivery->notifier;
    struct notice_facts facts;
    char line[NOTICE_LINE_SIZE];

    if (!notice_facts_read(notice->body, &facts, &delivery->err))
        return false;
    bool is_whole = mail_write(&facts, notice_line(&facts, notifier->text, NOTICE_PLAIN, line, sizeof(line)),
                               notifier->from, (const char *const *)notifier->to, notifier->to_count, text);
    notice_facts_done(&facts);
    return is_whole ||
           err_set(&delivery->err, ERR_LIMIT, "the letter is longer than %d bytes", MAIL_TEXT_SIZE);
}

static void send_notice(struct notifier *notifier, const struct notice *notice, notifier_done *done,
                        void *data)
{
    struct delivery *delivery = delivery_begin(notifier, &notifier->env, &notifier->deliveries, done, data);
    char *memory = memory_take(MAIL_TEXT_SIZE);
    struct text text;

    delivery->fate = NOTICE_REFUSED;
    text_init(&text, memory, MAIL_TEXT_SIZE);
    if (write_letter(delivery, notice, &text)) {
        delivery->fate = NOTICE_RETRY; /* a password that is missing may come back */
        (void)hand_over(delivery, &text);
    }
    free(memory);
    if (delivery->call == NULL)
        delivery_end_soon(delivery);
}

const struct notifier_type notifier_email = {
    .name = "email",
    .options = options,
    .option_count = OPTION_COUNT,
    .open = open_email,
    .close = close_email,
    .send = send_notice,
};
