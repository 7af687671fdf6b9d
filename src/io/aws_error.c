/* aws_error.c - codes and what they mean.
 * SPDX-License-Identifier: MIT */
#include "io/aws_error.h"

#include "io/json.h"
#include "io/xml.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 16 * 1024, MESSAGE_SHOWN = 200 };

/* Parts of codes, since every service has its own spelling. */
static const char *const throttled[] = {"Throttl",         "TooManyRequests",      "RequestLimitExceeded",
                                        "SlowDown",        "BandwidthLimit",       "ServiceUnavailable",
                                        "InternalFailure", "InternalServiceFault", "InternalServerError"};
static const char *const refused[] = {"Signature",
                                      "ExpiredToken",
                                      "InvalidClientTokenId",
                                      "UnrecognizedClient",
                                      "RequestExpired",
                                      "MissingAuthenticationToken",
                                      "InvalidAccessKeyId",
                                      "InvalidToken",
                                      "AuthFailure",
                                      "RequestTimeTooSkewed",
                                      "ExpiredIdentityToken"};
static const char *const denied[] = {"AccessDenied", "NotAuthorized", "UnauthorizedOperation",
                                     "OptInRequired"};

static bool has_part(const char *code, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(code, parts[i]) != NULL)
            return true;
    return false;
}

/* "com.amazonaws.x#Throttling:http://..." is "Throttling". */
static void take_code(struct aws_error *error, const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *sharp = strchr(text, '#');

    text = sharp != NULL ? sharp + 1 : text;
    (void)snprintf(error->code, sizeof(error->code), "%.*s",
                   (int)(strspn(text, letters) < AWS_CODE_SIZE ? strspn(text, letters) : AWS_CODE_SIZE - 1),
                   text);
}

static void copy_message(char *to, const char *message)
{
    size_t length = 0;

    for (; message != NULL && *message != '\0' && length < MESSAGE_SHOWN; message++)
        to[length++] = (unsigned char)*message < ' ' || *message == 0x7f ? ' ' : *message;
    to[length] = '\0';
}

static void read_json(const struct http_answer *answer, struct aws_error *error, char *message)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    const char *text = NULL;
    const char *said = NULL;

    if (!json_parse(answer->body, answer->length, NULL, &root, NULL))
        return;
    struct json_node node = json_root(root);
    if (!json_is_object(&node))
        return;
    if (json_text(&node, "__type", JSON_OPTIONAL, MESSAGE_MAX, &text, NULL) && text != NULL)
        take_code(error, text);
    if (!json_text(&node, "message", JSON_OPTIONAL, MESSAGE_MAX, &said, NULL) || said == NULL)
        (void)!json_text(&node, "Message", JSON_OPTIONAL, MESSAGE_MAX, &said, NULL);
    copy_message(message, said);
}

static void read_xml(const struct http_answer *answer, struct aws_error *error, char *message)
{
    CLEANUP(xml_free_at) struct xml *xml = NULL;

    if (!xml_parse(answer->body, answer->length, &xml, NULL))
        return;
    const struct xml_element *said = xml_find(xml_root(xml), "Error");
    const char *code = xml_text(said, "Code");
    if (code != NULL)
        take_code(error, code);
    copy_message(message, xml_text(said, "Message"));
}

/* What is said of a signature quotes the request, with its token. */
void aws_error_read(const struct http_answer *answer, struct aws_error *ret_error)
{
    struct aws_error *error = ret_error;
    char message[MESSAGE_SHOWN + 1] = "";

    *error = (struct aws_error){0};
    if (answer->body[0] == '{')
        read_json(answer, error, message);
    else
        read_xml(answer, error, message);
    error->is_refused = has_part(error->code, refused, ARRAY_LENGTH(refused));
    error->is_denied = !error->is_refused && has_part(error->code, denied, ARRAY_LENGTH(denied));
    error->is_throttled = answer->status == 429 || answer->status >= 500 ||
                          has_part(error->code, throttled, ARRAY_LENGTH(throttled));
    if (error->code[0] == '\0')
        (void)snprintf(error->text, sizeof(error->text), "it answered %d", answer->status);
    else if (error->is_refused)
        (void)snprintf(error->text, sizeof(error->text), "it refuses the credentials (%s)", error->code);
    else
        (void)snprintf(error->text, sizeof(error->text), "%s%s%s", error->code,
                       message[0] != '\0' ? ": " : "", message);
}

void aws_form_add(struct text *form, const char *value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *value != '\0'; value++) {
        if (strchr(plain, *value) != NULL)
            text_add_bytes(form, value, 1);
        else
            text_add(form, "%%%02X", (unsigned)(unsigned char)*value);
    }
}
