/* test_iac_change_set.c - change sets read, counted and written down the same whatever order they came in.
 * SPDX-License-Identifier: MIT */
#include "iac/change_set.h"

#include "base/attributes.h"
#include "base/text.h"
#include "iac/canonical.h"
#include "iac/stack_described.h"
#include "io/json.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARN          "arn:set"
#define CHANGE(what) "<member><Type>Resource</Type><ResourceChange>" what "</ResourceChange></member>"
#define NAMED(what)  CHANGE("<LogicalResourceId>Queue</LogicalResourceId>" what)
#define PAGE(inside) "<r><ChangeSetId>" ARN "</ChangeSetId><StackId>arn:stack</StackId>" inside "</r>"
#define OF(action)   PAGE("<Changes>" NAMED("<Action>" action "</Action>") "</Changes>")
#define TYPED(type)                                                                                          \
    PAGE("<Changes><member><Type>" type "</Type><ResourceChange><LogicalResourceId>Q</LogicalResourceId>"    \
         "</ResourceChange></member></Changes>")
#define MODIFIED(replacement)                                                                                \
    PAGE("<Changes>" NAMED("<Action>Modify</Action><Replacement>" replacement "</Replacement>") "</"         \
                                                                                                "Changes>")

struct told {
    char text[1024];
    size_t length;
};

static void note(void *data, enum plan_action action, const char *address, const char *reason)
{
    struct told *told = data;

    told->length += (size_t)snprintf(told->text + told->length, sizeof(told->text) - told->length,
                                     "%s %s (%s); ", plan_count_name(action), address, reason);
}

static bool add(struct change_set *set, size_t which, const char *page, struct err *err)
{
    CLEANUP(xml_free_at) struct xml *xml = NULL;

    assert_true(xml_parse(page, strlen(page), &xml, err));
    return change_set_add(set, which, xml_root(xml), err);
}

/* What is told and counted, or what is wrong. */
static const char *read_page(const char *page, struct told *told)
{
    CLEANUP(change_set_done) struct change_set set;
    const struct plan_reader reader = {.data = told, .change = note};
    struct err err = {0};

    *told = (struct told){.length = 0};
    change_set_init(&set, ARN);
    if (!add(&set, 0, page, &err)) {
        (void)snprintf(told->text, sizeof(told->text), "%s", err.text);
        return told->text;
    }
    change_set_end(&set);
    change_set_tell(&set, &reader);
    (void)snprintf(told->text + told->length, sizeof(told->text) - told->length, "%zu/%zu/%zu/%zu",
                   set.counts.of[PLAN_CREATE], set.counts.of[PLAN_UPDATE], set.counts.of[PLAN_DELETE],
                   set.counts.of[PLAN_REPLACE]);
    return told->text;
}

static void test_counts(void **state)
{
    static const struct {
        const char *page, *expected;
    } cases[] = {
        {PAGE(""), "0/0/0/0"},
        {PAGE("<Changes/>"), "0/0/0/0"},
        {OF("Add"), "creates Queue (); 1/0/0/0"},
        {OF("Remove"), "deletes Queue (); 0/0/1/0"},
        {OF("Import"), "updates Queue (); 0/1/0/0"},
        {OF("SyncWithActual"), "updates Queue (); 0/1/0/0"},
        {OF("Dynamic"), "replaces Queue (, perhaps); 0/0/0/1"},
        {OF("Modify"), "updates Queue (); 0/1/0/0"},
        {MODIFIED("False"), "updates Queue (); 0/1/0/0"},
        {MODIFIED("True"), "replaces Queue (); 0/0/0/1"},
        {MODIFIED("Conditional"), "replaces Queue (, perhaps); 0/0/0/1"},
        {PAGE("<Changes>" NAMED("<Action>Modify</Action><Replacement>False</Replacement><PolicyAction>"
                                "ReplaceAndRetain</PolicyAction>") "</Changes>"),
         "replaces Queue (, policy ReplaceAndRetain); 0/0/0/1"},
        {PAGE(
             "<Changes>" NAMED("<Action>Remove</Action><PolicyAction>Retain</PolicyAction><ResourceType>AWS::"
                               "SQS::Queue</ResourceType>") "</Changes>"),
         "deletes Queue (AWS::SQS::Queue, policy Retain); 0/0/1/0"},
        {OF("Burn"), "CloudFormation: Queue: action 'Burn' with replacement '' is not known here"},
        {MODIFIED("Maybe"),
         "CloudFormation: Queue: action 'Modify' with replacement 'Maybe' is not known here"},
        {PAGE("<Changes><member><Type>Hook</Type></member></Changes>"),
         "CloudFormation: a change of 'Hook', and not of a resource"},
        {PAGE("<Changes>" CHANGE("<Action>Add</Action>") "</Changes>"),
         "CloudFormation: a change of 'Resource', and not of a resource"},
        {TYPED("Hook"), "CloudFormation: a change of 'Hook', and not of a resource"},
        {PAGE("<Tags><member><Key>a</Key></member><x/></Tags>"), "CloudFormation: Tags is no list"},
        {"<r/>", "CloudFormation describes '', asked for arn:set"},
        {"<r><ChangeSetId>arn:other</ChangeSetId></r>",
         "CloudFormation describes 'arn:other', asked for arn:set"},
        {PAGE("<Changes>" NAMED("<Action>Add</Action><Scope>a</Scope><Scope>b</Scope>") "</Changes>"),
         "CloudFormation: ResourceChange has two Scope"},
        {PAGE("<Changes>" NAMED("<Action>Add</Action><Scope><member>a</member><x/></Scope>") "</Changes>"),
         "CloudFormation: Scope is no list"},
    };
    struct told told;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(read_page(cases[i].page, &told), cases[i].expected);
}

#define DETAILS(first, second)                                                                               \
    "<Scope><member>" first "</member><member>" second "</member></Scope><Details/>"

static char *text_of(const char *first, const char *second)
{
    CLEANUP(change_set_done) struct change_set set;
    struct err err = {0};

    change_set_init(&set, ARN);
    assert_true(add(&set, 0, first, &err));
    assert_true(add(&set, 0, second, &err));
    change_set_end(&set);
    CLEANUP(memory_free_at) char *head = json_print(set.head);
    CLEANUP(memory_free_at) char *changes = json_print(set.changes);
    size_t size = strlen(head) + strlen(changes) + 2;
    char *whole = memory_take(size);
    (void)snprintf(whole, size, "%s %s", head, changes);
    return whole;
}

/* Pages, lists and names in another order are the same text; a date is not in it, a value that differs is. */
static void test_the_same_text(void **state)
{
    static const char one[] =
        PAGE("<CreationTime>12:00</CreationTime><Status>CREATE_COMPLETE</Status><Changes>" CHANGE(
            "<LogicalResourceId>A</LogicalResourceId><Action>Add</Action>" DETAILS("x", "y")) "</Changes>");
    static const char two[] =
        PAGE("<Changes>" CHANGE("<LogicalResourceId>B</LogicalResourceId><Action>Add</Action>") "</Changes>");
    static const char same[] = PAGE("<Changes>" CHANGE(
        DETAILS("y", "x") "<Action>Add</Action><LogicalResourceId>A</"
                          "LogicalResourceId>") "</Changes><CreationTime>12:01</CreationTime>");
    static const char other[] = PAGE("<Changes>" CHANGE(
        "<LogicalResourceId>A</LogicalResourceId><Action>Add</Action>" DETAILS("x", "z")) "</Changes>");
    CLEANUP(memory_free_at) char *first = text_of(one, two);
    CLEANUP(memory_free_at) char *second = text_of(two, same);
    CLEANUP(memory_free_at) char *third = text_of(two, other);

    (void)state;
    assert_string_equal(first, second);
    assert_string_not_equal(first, third);
    assert_null(strstr(first, "12:00"));
    assert_non_null(strstr(first, "\"StackId\":\"arn:stack\""));
}

/* A nested stack's own change set is read, too, and its deletion is one. */
static void test_nested(void **state)
{
    static const char above[] = PAGE("<Changes>" CHANGE(
        "<LogicalResourceId>Net</LogicalResourceId><Action>Modify</Action><Replacement>False"
        "</Replacement><ChangeSetId>arn:nested</ChangeSetId>") "</Changes>");
    static const char below[] =
        "<r><ChangeSetId>arn:nested</ChangeSetId><Changes>" NAMED("<Action>Remove</Action>") "</Changes></r>";
    CLEANUP(change_set_done) struct change_set set;
    struct told told = {.length = 0};
    const struct plan_reader reader = {.data = &told, .change = note};
    struct err err = {0};

    (void)state;
    change_set_init(&set, ARN);
    assert_true(add(&set, 0, above, &err));
    assert_int_equal(set.nested_count, 2);
    assert_true(add(&set, 1, below, &err));
    change_set_end(&set);
    change_set_tell(&set, &reader);
    assert_string_equal(told.text, "updates Net (); deletes Net/Queue (); ");
    assert_int_equal(set.counts.of[PLAN_DELETE], 1);
    for (int i = 2; i < CHANGE_SETS_MAX; i++)
        assert_true(add(&set, 0, above, &err));
    assert_false(add(&set, 0, above, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

#define TEN(text) text text text text text text text text text text

static void test_too_much(void **state)
{
    static const char above[] = PAGE("<Changes>" CHANGE(
        "<LogicalResourceId>" TEN(TEN("nested")) "</LogicalResourceId><Action>Add</Action>"
                                                 "<ChangeSetId>arn:nested</ChangeSetId>") "</Changes>");
    static const char named[] = PAGE("<Changes>" NAMED(
        "<Action>Add</Action><ChangeSetId>" TEN(TEN("nested")) "</ChangeSetId>") "</Changes>");
    static char many[64 * 1024];
    struct text page;
    struct told told;
    struct err err = {0};
    CLEANUP(change_set_done) struct change_set set;

    (void)state;
    assert_string_equal(read_page(above, &told),
                        "CloudFormation: nested stacks with names that are too long");
    assert_string_equal(read_page(named, &told),
                        "CloudFormation: nested stacks with names that are too long");
    change_set_init(&set, ARN);
    assert_false(change_set_add(&set, 0, NULL, &err));
    assert_string_equal(err.text, "CloudFormation describes '', asked for " ARN);
    text_init(&page, many, sizeof(many));
    text_add(&page, "<r><ChangeSetId>" ARN "</ChangeSetId><Changes>");
    for (int i = 0; i < 100; i++)
        text_add(&page, NAMED("<Action>Add</Action>"));
    text_add(&page, "</Changes></r>");
    for (int i = 0; i < CHANGES_MAX / 100; i++)
        assert_true(add(&set, 0, many, &err));
    assert_false(add(&set, 0, many, &err));
    assert_string_equal(err.text, "CloudFormation: more than 20000 changes");
    assert_int_equal(set.counts.of[PLAN_CREATE], CHANGES_MAX);
}

static void test_phases(void **state)
{
    static const struct {
        const char *status;
        enum stack_phase phase;
    } cases[] = {
        {"DELETE_COMPLETE", STACK_ABSENT},
        {"REVIEW_IN_PROGRESS", STACK_IN_VIEW},
        {"CREATE_COMPLETE", STACK_SETTLED},
        {"UPDATE_ROLLBACK_COMPLETE", STACK_SETTLED},
        {"UPDATE_IN_PROGRESS", STACK_BUSY},
        {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", STACK_BUSY},
        {"ROLLBACK_COMPLETE", STACK_BROKEN},
        {"UPDATE_ROLLBACK_FAILED", STACK_BROKEN},
        {"DELETE_FAILED", STACK_BROKEN},
        {"_IN_PROGRESS", STACK_BROKEN},
        {"", STACK_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(stack_phase_of(cases[i].status), cases[i].phase);
    assert_true(
        change_set_is_empty_reason("The submitted information didn't contain changes. Submit different "
                                   "information to create a change set."));
    assert_true(change_set_is_empty_reason("No updates are to be performed."));
    assert_false(change_set_is_empty_reason("Requires capabilities : [CAPABILITY_IAM]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts), cmocka_unit_test(test_the_same_text),
                                       cmocka_unit_test(test_nested), cmocka_unit_test(test_too_much),
                                       cmocka_unit_test(test_phases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
