/* test_json_pointer.c - every value of a tree says where it stands, also what is not there, and elements of a
 * text that was split.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "base/text.h"
#include "io/json_pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static struct cJSON *parse(const char *text)
{
    struct cJSON *root = NULL;
    struct err err = {0};

    if (!json_parse(text, strlen(text), NULL, &root, &err))
        fail_msg("%s: %s", text, err.text);
    return root;
}

/* Follows names ("a") and indexes ("0" to "9" of arrays), one character each. */
static struct json_node walk(struct json_node node, const char *way)
{
    static const char *const names[] = {['a'] = "a", ['b'] = "b", ['~'] = "x~y/z", ['/'] = "/", ['e'] = ""};

    for (; *way != '\0'; way++)
        node = *way >= '0' && *way <= '9' ? json_element(&node, (size_t)(*way - '0'))
                                          : json_member(&node, names[(unsigned char)*way]);
    return node;
}

static void every_place_has_a_pointer(void **state)
{
    static const struct {
        const char *text, *way, *pointer;
        bool is_there;
    } cases[] = {{"5", "", "#", true},
                 {"{\"a\":5}", "a", "#/a", true},
                 {"{\"a\":[1,[2,{\"b\":3}]]}", "a11b", "#/a/1/1/b", true},
                 {"[[],[[],[4]]]", "1100", "#/1/1/0/0", false},
                 {"[[],[[],[4]]]", "110", "#/1/1/0", true},
                 {"{\"b\":{\"a\":1},\"a\":{\"a\":2}}", "aa", "#/a/a", true}, /* not the first of that name */
                 {"{\"x~y/z\":{\"/\":{\"\":7}}}", "~/e", "#/x~0y~1z/~1/", true},
                 {"{\"a\":{}}", "ab", "#/a/b", false},
                 {"{\"a\":{}}", "b", "#/b", false},
                 {"[{\"a\":1},{\"a\":1}]", "1a", "#/1/a", true}}; /* equal values are two places */

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct cJSON *root = parse(cases[i].text);
        struct json_node node = walk(json_root(root), cases[i].way);
        assert_string_equal(JSON_POINTER(&node), cases[i].pointer);
        assert_int_equal(node.item != NULL, cases[i].is_there);
        json_free(root);
    }
}

static void walked_children_have_one_too(void **state)
{
    struct cJSON *root = parse("{\"a\":[10,{\"b\":null}],\"b\":true}");
    struct json_node object = json_root(root);
    struct json_node a = json_first(&object);
    struct json_node b = json_next(&object, &a);
    struct json_node first = json_first(&a);
    struct json_node second = json_next(&a, &first);
    struct json_node inner = json_first(&second);

    (void)state;
    assert_string_equal(JSON_POINTER(&a), "#/a");
    assert_string_equal(JSON_POINTER(&b), "#/b");
    assert_string_equal(JSON_POINTER(&first), "#/a/0");
    assert_string_equal(JSON_POINTER(&second), "#/a/1");
    assert_string_equal(JSON_POINTER(&inner), "#/a/1/b");
    assert_string_equal(json_name(&inner), "b");
    assert_null(json_name(&second));
    json_free(root);
}

/* As deep as a text may be, and a pointer longer than its buffer. */
static void the_ends_of_it(void **state)
{
    static const struct json_limits deep = {
        .size_max = 4096, .depth_max = JSON_DEPTH_MAX, .keys_max = JSON_DEPTH_MAX};
    char pointer[JSON_POINTER_MAX];
    struct cJSON *root = NULL;
    struct err err = {0};
    struct text text;
    char memory[4096];

    (void)state;
    text_init(&text, memory, sizeof(memory));
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        text_add(&text, "{\"name%d\":", i);
    text_add(&text, "1");
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        text_add(&text, "}");
    assert_true(json_parse(memory, text.length, &deep, &root, &err));
    struct json_node node = json_root(root);
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        node = json_first(&node);
    assert_memory_equal(json_pointer(&node, pointer), "#/name1/name2/name3/", 20);
    assert_int_equal(strlen(pointer), JSON_POINTER_MAX - 1);
    json_free(root);
    const struct json_node nothing = {0};
    const struct json_node of_nothing = json_member(&nothing, "a");
    assert_string_equal(JSON_POINTER(&nothing), "#");
    assert_string_equal(JSON_POINTER(&of_nothing), "#/a");
}

/* No reader makes such a tree; whoever asks is not lost in it. */
static void deeper_than_any_text(void **state)
{
    cJSON *root = cJSON_CreateArray();
    cJSON *inner = root;

    (void)state;
    for (int i = 0; i <= JSON_DEPTH_MAX; i++) {
        cJSON *next = cJSON_CreateArray();
        cJSON_AddItemToArray(inner, next);
        inner = next;
    }
    const struct json_node deep = {.root = root, .parent = inner, .index = 7};
    assert_string_equal(JSON_POINTER(&deep), "#/7");
    cJSON_Delete(root);
}

struct told {
    const char *text, *elements; /* printed one after the other */
};

static void an_array_is_walked_over(void **state)
{
    static const struct told cases[] = {
        {"{\"list\":[]}", ""},
        {"{\"list\":[ ]}", ""},
        {"{\"list\":[1]}", "0:1 "},
        {" {\"a\":[2,3] , \"list\" : [ 1 ,\n{\"b\":[4,{}]}\t, \"],\\\"\" ,null] ,\"b\":{\"list\":[9]}}",
         "0:1 1:{\"b\":[4,{}]} 2:\"],\\\"\" 3:null "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_elements elements;
        struct cJSON *head = NULL;
        struct err err = {0};
        char memory[256];
        struct text told;
        assert_true(json_split(cases[i].text, strlen(cases[i].text), NULL, "list", &head, &elements, &err));
        struct json_node root = json_root(head);
        assert_null(json_member(&root, "list").item);
        text_init(&told, memory, sizeof(memory));
        for (struct json_node one = json_elements_next(&elements); one.item != NULL;
             one = json_elements_next(&elements)) {
            char *printed = json_print(one.item);
            text_add(&told, "%zu:%s ", elements.index, printed);
            free(printed);
        }
        assert_string_equal(memory, cases[i].elements);
        assert_null(json_elements_next(&elements).item); /* and so it stays */
        json_free(head);
    }
}

/* Left in the middle nothing is lost; what is wrong there is told by its place in the whole. */
static void an_element_knows_its_place(void **state)
{
    static const char text[] = "{\"a\":1,\"list\":[{\"b\":1},{\"b\":{\"a\":[true]}},3]}";
    struct json_elements elements;
    struct cJSON *head = NULL;
    struct err err = {0};
    double number = 0;

    (void)state;
    assert_true(json_split(text, strlen(text), NULL, "list", &head, &elements, &err));
    (void)json_elements_next(&elements);
    struct json_node one = json_elements_next(&elements);
    assert_string_equal(JSON_POINTER(&one), "#/list/1");
    struct json_node deep = walk(one, "ba0");
    assert_string_equal(JSON_POINTER(&deep), "#/list/1/b/a/0");
    assert_false(json_number(&one, "b", JSON_REQUIRED, &number, &err));
    assert_string_equal(err.text, "#/list/1/b: is an object, expected a number");
    json_elements_done(&elements);
    json_free(head);
}

static void what_cannot_be_split(void **state)
{
    static const struct {
        const char *text, *said;
        enum err_code code;
    } cases[] = {
        {"[]", "#: must be an object", ERR_INVALID},
        {"{\"list\":[1,]}", "offset 11: expected a value", ERR_INVALID},
        {"{\"a\":1}", "#/list: is missing, expected an array", ERR_NOT_FOUND},
        {"{\"list\":{\"list\":[]}}", "#/list: is something else, expected an array", ERR_NOT_FOUND},
        {"{\"l\\u0069st\":[1]}", "#/list: is missing, expected an array", ERR_NOT_FOUND},
        {"{\"list\":[],\"list\":[]}", "offset 11: \"list\" stands twice in one object", ERR_INVALID}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_elements elements;
        struct cJSON *head = NULL;
        struct err err = {0};
        assert_false(json_split(cases[i].text, strlen(cases[i].text), NULL, "list", &head, &elements, &err));
        assert_string_equal(err.text, cases[i].said);
        assert_int_equal(err.code, cases[i].code);
        assert_null(head);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_has_a_pointer),
        cmocka_unit_test(walked_children_have_one_too),
        cmocka_unit_test(the_ends_of_it),
        cmocka_unit_test(an_array_is_walked_over),
        cmocka_unit_test(an_element_knows_its_place),
        cmocka_unit_test(what_cannot_be_split),
        cmocka_unit_test(deeper_than_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
