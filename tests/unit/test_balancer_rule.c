/* test_balancer_rule.c - weights for every share, and actions of a load balancer's rule read and sent back.
 * SPDX-License-Identifier: MIT */
#include "drivers/balancer_rule.h"

#include "base/text.h"
#include "io/xml.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FORM_SIZE = 4096 };

static const struct balancer_split split = {.groups = {"arn:blue", "arn:green"}, .weights = {95, 5}};

#define WEIGHT(group, weight)                                                                                \
    "<member><TargetGroupArn>arn:" group "</TargetGroupArn><Weight>" weight "</Weight></member>"
#define FORWARD(groups)                                                                                      \
    "<A><member><Type>forward</Type><ForwardConfig><TargetGroups>" groups                                    \
    "</TargetGroups></ForwardConfig></member></A>"

/* Exact, or refused; every tenth of a percent is possible. */
static void test_weights(void **state)
{
    struct err err = {0};

    (void)state;
    for (uint16_t share = 0; share <= 10000; share++) {
        unsigned weights[2] = {0, 0};
        if (!balancer_weights(share, weights, &err)) {
            assert_true(share % 10 != 0);
            continue;
        }
        assert_true(weights[0] <= BALANCER_WEIGHT_MAX && weights[1] <= BALANCER_WEIGHT_MAX);
        assert_int_equal(weights[1] * 10000U, share * (weights[0] + weights[1]));
    }
}

static struct xml *parse(const char *text)
{
    struct xml *xml = NULL;
    struct err err = {0};

    if (!xml_parse(text, strlen(text), &xml, &err))
        fail_msg("%s: %s", text, err.text);
    return xml;
}

static void expect_share(const char *text, uint16_t wanted)
{
    struct xml *xml = parse(text);
    struct err err = {0};
    uint16_t share = UINT16_MAX;

    if (!balancer_read(xml_root(xml), &split, &share, &err))
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(share, wanted);
    xml_free(xml);
}

static void expect_refused(const char *text, enum err_code code, const char *part)
{
    struct xml *xml = parse(text);
    struct err err = {0};
    uint16_t share = 0;

    assert_false(balancer_read(xml_root(xml), &split, &share, &err));
    if (err.code != code || strstr(err.text, part) == NULL)
        fail_msg("%s: \"%s\"", text, err.text);
    xml_free(xml);
}

static void test_reads(void **state)
{
    (void)state;
    expect_share(FORWARD(WEIGHT("blue", "100") WEIGHT("green", "0")), 0);
    expect_share(FORWARD(WEIGHT("green", "1") WEIGHT("blue", "2")), 3333);
    expect_share(FORWARD(WEIGHT("green", "7") WEIGHT("blue", "0") WEIGHT("red", "0")), 10000);
    expect_share(FORWARD("<member><TargetGroupArn>arn:blue</TargetGroupArn></member>" WEIGHT("green", "1")),
                 5000);
    expect_refused(FORWARD(WEIGHT("blue", "0") WEIGHT("green", "0")), ERR_INVALID, "the weight 0");
    expect_refused(FORWARD(WEIGHT("blue", "1000") WEIGHT("green", "0")), ERR_INVALID, "none");
    expect_refused(FORWARD(WEIGHT("blue", "-1") WEIGHT("green", "0")), ERR_INVALID, "none");
    expect_refused(FORWARD("<member><Weight>1</Weight></member>"), ERR_INVALID, "none");
    expect_refused(FORWARD(WEIGHT("blue", "1") WEIGHT("green", "1") WEIGHT("red", "1")), ERR_INVALID,
                   "arn:red");
    expect_refused(FORWARD(""), ERR_NOT_FOUND, "arn:blue");
    expect_refused("<A/>", ERR_NOT_FOUND, "does not forward");
    expect_refused("<A><member/><member><Type>redirect</Type></member></A>", ERR_NOT_FOUND,
                   "does not forward");
    expect_refused("<A><member><Type>forward</Type><TargetGroupArn>arn:blue</TargetGroupArn></member></A>",
                   ERR_NOT_FOUND, "arn:green");
}

static void test_unfolds(void **state)
{
    static const char text[] =
        "<A><member><Type>authenticate-oidc</Type><Order>1</Order><AuthenticateOidcConfig><ClientId>a "
        "b</ClientId>"
        "<Extra><entry><key>k</key><value>v</value></entry><entry><key>l</key><value/></entry></Extra>"
        "</AuthenticateOidcConfig></member><member><Type>forward</Type><TargetGroupArn>arn:x</"
        "TargetGroupArn><Order>2</Order>"
        "<ForwardConfig><TargetGroups>" WEIGHT("green", "1")
            WEIGHT("red", "9") "</TargetGroups>"
                               "<TargetGroupStickinessConfig><Enabled>false</Enabled></"
                               "TargetGroupStickinessConfig></ForwardConfig></member></A>";
    struct xml *xml = parse(text);
    char memory[FORM_SIZE];
    struct text form;
    struct err err = {0};

    (void)state;
    text_init(&form, memory, sizeof(memory));
    assert_true(balancer_add_actions(xml_root(xml), "Actions", &split, &form, &err));
    assert_string_equal(memory,
                        "&Actions.member.1.Type=authenticate-oidc&Actions.member.1.Order=1"
                        "&Actions.member.1.AuthenticateOidcConfig.ClientId=a%20b"
                        "&Actions.member.1.AuthenticateOidcConfig.Extra.entry.1.key=k"
                        "&Actions.member.1.AuthenticateOidcConfig.Extra.entry.1.value=v"
                        "&Actions.member.1.AuthenticateOidcConfig.Extra.entry.2.key=l"
                        "&Actions.member.1.AuthenticateOidcConfig.Extra.entry.2.value="
                        "&Actions.member.1.AuthenticateOidcConfig.UseExistingClientSecret=true"
                        "&Actions.member.2.Type=forward&Actions.member.2.Order=2"
                        "&Actions.member.2.ForwardConfig.TargetGroups.member.1.Weight=95"
                        "&Actions.member.2.ForwardConfig.TargetGroups.member.1.TargetGroupArn=arn%3Ablue"
                        "&Actions.member.2.ForwardConfig.TargetGroups.member.2.Weight=5"
                        "&Actions.member.2.ForwardConfig.TargetGroups.member.2.TargetGroupArn=arn%3Agreen"
                        "&Actions.member.2.ForwardConfig.TargetGroupStickinessConfig.Enabled=false");
    for (size_t size = 1; size < strlen(memory) + 1; size += 7) { /* a form that does not fit is not sent */
        char small[FORM_SIZE];
        text_init(&form, small, size);
        assert_false(balancer_add_actions(xml_root(xml), "Actions", &split, &form, &err));
    }
    xml_free(xml);
    xml = parse("<A><member><Type>redirect</Type></member></A>");
    assert_false(balancer_add_actions(xml_root(xml), "Actions", &split, &form, &err));
    xml_free(xml);
}

static void test_health(void **state)
{
    struct xml *xml = parse(
        "<R><TargetHealthDescriptions><member><TargetHealth><State>healthy</State></TargetHealth></member>"
        "<member><TargetHealth><State>initial</State></TargetHealth></member><member/>"
        "</TargetHealthDescriptions></R>");
    const char *other = NULL;

    (void)state;
    assert_int_equal(balancer_healthy(xml_root(xml), &other), 1);
    assert_string_equal(other, "initial");
    xml_free(xml);
    assert_int_equal(balancer_healthy(NULL, &other), 0);
    assert_string_equal(other, "it has none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_unfolds),
        cmocka_unit_test(test_health),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
