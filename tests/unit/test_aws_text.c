/* test_aws_text.c - XML, keys and errors as Amazon's services write them, and what is none of these.
 * SPDX-License-Identifier: MIT */
#include "io/aws_error.h"
#include "io/aws_keys.h"
#include "io/memory.h"
#include "io/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_reads_xml(void **state)
{
    static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"http://x/\" b = "
                               "'c'>\n  <L><member>1</member><member>2 "
                               "&lt;&#x20AC;&#65;&amp;&gt;&quot;&apos;</member></L>\n  "
                               "<Empty/><Void></Void><p:N-1.x_y > z\n</p:N-1.x_y>\n</A >\n ";
    struct xml *xml = NULL;
    struct err err = {0};

    (void)state;
    /* A blank before "=" is more than we need to understand. */
    assert_false(xml_parse(text, sizeof(text) - 1, &xml, &err));
    char *good = memory_copy_text(text);
    memcpy(strstr(good, "b = 'c'"), "b='c d'", 7);
    if (!xml_parse(good, sizeof(text) - 1, &xml, &err))
        fail_msg("%s", err.text);
    const struct xml_element *root = xml_root(xml);
    assert_string_equal(root->name, "A");
    assert_string_equal(root->text, "");
    assert_string_equal(xml_text(root, "L/member"), "1");
    assert_string_equal(xml_find(root, "L/member")->next->text, "2 <\xE2\x82\xAC"
                                                                "A&>\"'");
    assert_null(xml_find(root, "L/member")->next->next);
    assert_string_equal(xml_text(root, "Empty"), "");
    assert_string_equal(xml_text(root, "Void"), "");
    assert_string_equal(xml_text(root, "p:N-1.x_y"), " z\n");
    assert_null(xml_text(root, "L/members"));
    assert_null(xml_text(root, "L/membe"));
    assert_null(xml_text(NULL, "L"));
    assert_ptr_equal(xml_find(root, ""), root);
    xml_free(xml);
    xml_free(NULL);
    free(good);
}

static void expect_refused(const char *text, const char *part)
{
    struct xml *xml = NULL;
    struct err err = {0};

    if (xml_parse(text, strlen(text), &xml, &err))
        fail_msg("taken: %s", text);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: \"%s\", not \"%s\"", text, err.text, part);
}

static void test_refuses_other_xml(void **state)
{
    static const char *const broken[] = {"",
                                         " ",
                                         "text",
                                         "<A>",
                                         "<A><B></A>",
                                         "<A></B>",
                                         "</A>",
                                         "<A></A><B/>",
                                         "<A></A>x",
                                         "<A>x<B/></A>",
                                         "<A><B/>x</A>",
                                         "<A b></A>",
                                         "<A b=c></A>",
                                         "<A b=\"<\"/>",
                                         "<1/>",
                                         "<A",
                                         "<A/",
                                         "<A /",
                                         "<A></A",
                                         "<A>&foo;</A>",
                                         "<A>&amp</A>",
                                         "<A>&#0;</A>",
                                         "<A>&#xD800;</A>",
                                         "<A>&#x110000;</A>",
                                         "<A>&#99999999;</A>",
                                         "<A>&#x;</A>",
                                         "<A>&#;</A>",
                                         "<A>&;</A>",
                                         "<A>&#12a;</A>",
                                         "<?xml ",
                                         "<A><!-- x --></A>",
                                         "<A><![CDATA[x]]></A>",
                                         "<!DOCTYPE A []><A/>",
                                         "<?php x?><A/>",
                                         "< A/>"};
    char *deep = memory_take(3 * (XML_DEPTH_MAX + 2) + 1);

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        expect_refused(broken[i], "offset ");
    for (size_t i = 0; i < XML_DEPTH_MAX + 2; i++)
        memcpy(deep + 3 * i, "<A>", 3);
    expect_refused(deep, "more elements");
    free(deep);
    expect_refused("<A>\xff</A>", "UTF-8");
    struct xml *xml = NULL;
    assert_false(xml_parse("<A>\0</A>", 8, &xml, NULL));
    size_t size = XML_SIZE_MAX + 1;
    char *large = memory_take(size + 1);
    memset(large, ' ', size);
    assert_false(xml_parse(large, size, &xml, NULL));
    memcpy(large, "<A>", 3);
    for (size_t i = 3; i + 4 < XML_SIZE_MAX; i += 4)
        memcpy(large + i, "<B/>", 4);
    assert_false(xml_parse(large, XML_SIZE_MAX, &xml, NULL));
    free(large);
    assert_null(xml);
}

/* Whatever is cut off or changed by one byte: refused or read, never more. */
static void test_bears_every_byte(void **state)
{
    static const char text[] = "<?xml version=\"1.0\"?><R a=\"1\"><E><C>x &amp; &#65;</C><D/></E>\n</R>";
    char copy[sizeof(text)];

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        for (int byte = 1; byte < 256; byte++) {
            struct xml *xml = NULL;
            memcpy(copy, text, sizeof(text));
            copy[i] = (char)byte;
            if (xml_parse(copy, sizeof(text) - 1, &xml, NULL))
                xml_free(xml);
            xml = NULL;
            if (byte == 1 && xml_parse(text, i, &xml, NULL))
                fail_msg("%zu bytes are a document", i);
        }
}

static void test_reads_times(void **state)
{
    static const char *const broken[] = {"",
                                         "2026",
                                         "2026-11-26",
                                         "2026-11-26T12:34:56",
                                         "2026-11-26T12:34:56.",
                                         "2026-11-26T12:34:56.1",
                                         "2026-13-26T12:34:56Z",
                                         "2026-02-29T12:34:56Z",
                                         "2026-11-26T24:34:56Z",
                                         "2026-11-26 12:34:56Z",
                                         "2026-11-26T12:34:56ZZ",
                                         "1969-11-26T12:34:56Z"};
    int64_t at_s = 0;

    (void)state;
    assert_true(aws_time_parse("1970-01-01T00:00:00Z", &at_s) && at_s == 0);
    assert_true(aws_time_parse("2026-11-26T12:34:56Z", &at_s) && at_s == 1795696496);
    assert_true(aws_time_parse("2024-02-29T23:59:60.123Z", &at_s) && at_s == 1709251200);
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        if (aws_time_parse(broken[i], &at_s))
            fail_msg("a time: %s", broken[i]);
}

static void test_reads_keys(void **state)
{
    static const char good[] = "{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
                               "\"Expiration\":\"2026-11-26T12:34:56Z\",\"Code\":\"Success\"}";
    static const char *const broken[] = {
        "",
        "{}",
        "[]",
        "{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"soon\"}",
        "{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2026-11-26T12:34:56Z\"}",
        "{\"AccessKeyId\":\"AS "
        "IA\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-11-26T12:34:56Z\"}",
        "{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"\",\"Token\":\"t\",\"Expiration\":\"2026-11-26T12:"
        "34:56Z\"}"};
    CLEANUP(aws_keys_drop) struct aws_keys keys = {0};
    struct err err = {0};

    (void)state;
    assert_true(aws_keys_from_json(good, sizeof(good) - 1, &keys, &err));
    assert_string_equal(keys.id, "ASIA1");
    assert_string_equal(keys.token.bytes, "t");
    assert_int_equal(keys.expires_s, 1795696496);
    aws_keys_drop(&keys);
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++)
        assert_false(aws_keys_from_json(broken[i], strlen(broken[i]), &keys, &err));
    assert_false(aws_keys_from_sts("<A/>", 4, &keys, &err));
    assert_false(aws_keys_from_sts("<A>", 3, &keys, &err));
    assert_true(
        aws_keys_from_profile("[a]\n[b]\naws_access_key_id=K\naws_secret_access_key=S\naws_session_token=T\n"
                              "[c]\naws_access_key_id=other",
                              "b", &keys, &err));
    assert_true(strcmp(keys.id, "K") == 0 && strcmp(keys.token.bytes, "T") == 0 && keys.expires_s == 0);
    struct aws_keys none = {0};
    assert_false(aws_keys_from_profile("[ab]\n", "a", &none, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(aws_keys_from_profile("[c]\naws_access_key_id\naws_secret_access_key", "c", &none, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_null(none.id);
}

/* "ID SECRET TOKEN", or what is wrong. */
static const char *profile_of(const char *text, char *to, size_t size)
{
    struct aws_keys keys = {0};
    struct err err = {0};

    if (!aws_keys_from_profile(text, "b", &keys, &err))
        (void)snprintf(to, size, "%.200s", err.text);
    else
        (void)snprintf(to, size, "%s %s %s", keys.id, keys.secret.bytes,
                       keys.token.length == 0 ? "-" : keys.token.bytes);
    aws_keys_drop(&keys);
    return to;
}

static void test_reads_profiles(void **state)
{
    static const char missing[] = "profile 'b' has no aws_access_key_id and aws_secret_access_key";
    static const char no_id[] = "the access key's id is none";
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[b]\r\n\t aws_access_key_id \t= \tK \r\n\naws_secret_access_key=S\t\n", "K S -"},
        {"[b]\naws_access_key_id=K\naws_secret_access_key=S\naws_session_token=\n", "K S -"},
        {"[b]\naws_access_key_id=K\naws_access_key_id=L\naws_secret_access_key=S", "K S -"},
        {"[b\naws_access_key_id=K", "there is no profile 'b'"},
        {"[b)\naws_access_key_id=K", "there is no profile 'b'"},
        {"[b]\naws_access_key_id=K", missing},
        {"[b]\naws_access_key_id \naws_secret_access_key=S", missing},
        {"[b]\naws_access_key_id_of=K\naws_secret_access_key=S", missing},
        {"[b]\naws_access_key_id=\t \naws_secret_access_key=S", no_id},
        {"[b]\naws_access_key_id=K/1\naws_secret_access_key=S", no_id},
        {"[b]\naws_access_key_id=K:1\naws_secret_access_key=S", no_id},
        {"[b]\naws_access_key_id=K\x7f\naws_secret_access_key=S", no_id},
        {"[b]\naws_access_key_id=K\naws_secret_access_key=a b", "the secret key is none"},
        {"[b]\naws_access_key_id=K\naws_secret_access_key=S\naws_session_token=a b",
         "the session token is none"},
    };
    char found[256];
    char text[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (strcmp(profile_of(cases[i].text, found, sizeof(found)), cases[i].expected) != 0)
            fail_msg("case %zu: %s", i, found);
    (void)snprintf(text, sizeof(text), "[b]\naws_access_key_id=%0300d\naws_secret_access_key=S", 0);
    assert_string_equal(profile_of(text, found, sizeof(found)), no_id);
}

#define STS(id, secret, token, expiration)                                                                   \
    "<R><AssumeRoleWithWebIdentityResult><Credentials>" id secret token expiration                           \
    "</Credentials></AssumeRoleWithWebIdentityResult></R>"
#define STS_ID     "<AccessKeyId>K</AccessKeyId>"
#define STS_SECRET "<SecretAccessKey>S</SecretAccessKey>"
#define STS_TOKEN  "<SessionToken>T</SessionToken>"
#define STS_END    "<Expiration>2026-11-26T12:34:56Z</Expiration>"

static void test_reads_answers_with_keys(void **state)
{
    static const char *const broken[] = {
        STS("", STS_SECRET, STS_TOKEN, STS_END), STS(STS_ID, "", STS_TOKEN, STS_END),
        STS(STS_ID, STS_SECRET, "", STS_END), STS(STS_ID, STS_SECRET, STS_TOKEN, "")};
    static const char *const broken_json[][2] = {
        {"{\"AccessKeyId\":\"K\"}", "the keys: #/SecretAccessKey: is missing"},
        {"{\"AccessKeyId\":\"K\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}",
         "the keys: #/Expiration: is missing"},
        {"{\"AccessKeyId\":\"K\",\"SecretAccessKey\":\"S\",\"Token\":5}",
         "the keys: #/Token: is a number, expected a text"}};
    static const char good[] = STS(STS_ID, STS_SECRET, STS_TOKEN, STS_END);
    struct aws_keys keys = {0};
    struct err err = {0};

    (void)state;
    assert_true(aws_keys_from_sts(good, strlen(good), &keys, &err));
    assert_true(strcmp(keys.id, "K") == 0 && strcmp(keys.secret.bytes, "S") == 0 &&
                keys.expires_s == 1795696496);
    aws_keys_drop(&keys);
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++) {
        assert_false(aws_keys_from_sts(broken[i], strlen(broken[i]), &keys, &err));
        assert_string_equal(err.text, "the answer has no credentials");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(broken_json); i++) {
        assert_false(aws_keys_from_json(broken_json[i][0], strlen(broken_json[i][0]), &keys, &err));
        assert_string_equal(err.text, broken_json[i][1]);
    }
}

static struct aws_error read_error(int status, const char *body)
{
    struct http_answer answer = {.status = status, .body = body, .length = strlen(body), .headers = ""};
    struct aws_error error;

    aws_error_read(&answer, &error);
    return error;
}

static void test_reads_errors(void **state)
{
    struct aws_error error = read_error(
        400, "{\"__type\":\"com.amazon.coral#ThrottlingException\",\"Message\":\"Rate\\nexceeded\"}");

    (void)state;
    assert_string_equal(error.text, "ThrottlingException: Rate exceeded");
    assert_true(error.is_throttled && !error.is_refused);
    error = read_error(403, "<E><Error><Code>SignatureDoesNotMatch</"
                            "Code><Message>x-amz-security-token:SECRET</Message></Error></E>");
    assert_string_equal(error.text, "it refuses the credentials (SignatureDoesNotMatch)");
    assert_true(error.is_refused);
    error = read_error(
        403, "{\"__type\":\"AccessDeniedException:http://x/\",\"message\":\"User: arn is not authorized\"}");
    assert_string_equal(error.text, "AccessDeniedException: User: arn is not authorized");
    assert_true(error.is_denied);
    assert_string_equal(read_error(502, "<html>").text, "it answered 502");
    assert_true(read_error(502, "<html>").is_throttled);
    assert_string_equal(read_error(404, "[]").text, "it answered 404");
    assert_string_equal(read_error(404, "{}").text, "it answered 404");
    assert_string_equal(read_error(404, "{\"__type\":5,\"message\":{}}").text, "it answered 404");
    assert_string_equal(read_error(404, "{\"__type\":").text, "it answered 404");
    assert_string_equal(read_error(400, "{\"__type\":\"Burnt\"}").text, "Burnt");
    assert_string_equal(read_error(404, "<E><Error><Message>x</Message></Error></E>").text,
                        "it answered 404");
    assert_string_equal(
        read_error(400, "<E><Error><Code>Burnt</Code><Message>a\x7f\tb</Message></Error></E>").text,
        "Burnt: a  b");
    assert_true(read_error(429, "<html>").is_throttled);
}

/* What is too long is cut. */
static void test_cuts_errors(void **state)
{
    char body[2048];
    char expected[512];

    (void)state;
    (void)snprintf(body, sizeof(body), "{\"__type\":\"%0*d\",\"message\":\"%0999d\"}", AWS_CODE_SIZE + 1, 0,
                   0);
    (void)snprintf(expected, sizeof(expected), "%0*d: %0200d", AWS_CODE_SIZE - 1, 0, 0);
    struct aws_error error = read_error(400, body);
    assert_int_equal(strlen(error.code), AWS_CODE_SIZE - 1);
    assert_string_equal(error.text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_xml),
        cmocka_unit_test(test_refuses_other_xml),
        cmocka_unit_test(test_bears_every_byte),
        cmocka_unit_test(test_reads_times),
        cmocka_unit_test(test_reads_keys),
        cmocka_unit_test(test_reads_errors),
        cmocka_unit_test(test_cuts_errors),
        cmocka_unit_test(test_reads_profiles),
        cmocka_unit_test(test_reads_answers_with_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
