/* stack_request.c - variables become parameters.
 * SPDX-License-Identifier: MIT */
#include "iac/stack_request.h"

#include "io/json.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_SIZE = IAC_VARIABLES_MAX + 64, LIST_MAX = 1000 };

static const char *text_of(const struct xml_element *from, const char *name)
{
    const char *text = xml_text(from, name);

    return text == NULL ? "" : text;
}

static const struct xml_element *first_of(const struct xml_element *from, const char *list)
{
    const struct xml_element *element = xml_find(from, list);

    return element == NULL ? NULL : element->first;
}

static const struct xml_element *find_parameter(const struct xml_element *summary, const char *name)
{
    const struct xml_element *one = first_of(summary, "Parameters");

    while (one != NULL && strcmp(text_of(one, "ParameterKey"), name) != 0)
        one = one->next;
    return one;
}

static bool take_value(const struct json_node *node, char to[VALUE_SIZE], struct err *err)
{
    char part[VALUE_SIZE];
    struct text text;

    text_init(&text, to, VALUE_SIZE);
    if (!json_is_array(node))
        return json_value_text(node->item, to, VALUE_SIZE) ||
               err_set(err, ERR_INVALID,
                       "variables: %s: a parameter is a text, a number, true or false, or a list",
                       json_name(node));
    for (struct json_node one = json_first(node); one.item != NULL; one = json_next(node, &one)) {
        if (!json_value_text(one.item, part, sizeof(part)) || strchr(part, ',') != NULL)
            return err_set(err, ERR_INVALID, "variables: %s: a list holds texts without commas",
                           json_name(node));
        text_add(&text, "%s%s", one.index == 0 ? "" : ",", part);
    }
    return true;
}

/* "the template has: A, B" */
static bool refuse_variable(const struct stack_request *request, const char *name, struct err *err)
{
    char memory[256];
    struct text all;

    text_init(&all, memory, sizeof(memory));
    for (const struct xml_element *one = first_of(request->summary, "Parameters"); one != NULL;
         one = one->next)
        text_add(&all, "%s%s", all.length == 0 ? "" : ", ", text_of(one, "ParameterKey"));
    return err_set(err, ERR_INVALID, "variables: %.100s is no parameter of the template; it has: %s", name,
                   all.length == 0 ? "none" : memory);
}

static bool add_variables(const struct stack_request *request, const struct json_node *variables,
                          struct amazon_form *form, size_t *count, struct err *err)
{
    for (struct json_node one = json_first(variables); one.item != NULL; one = json_next(variables, &one)) {
        const char *name = json_name(&one);
        char value[VALUE_SIZE];
        if (find_parameter(request->summary, name) == NULL) {
            if (request->job->tool->takes_context)
                continue;
            return refuse_variable(request, name, err);
        }
        if (!take_value(&one, value, err))
            return false;
        amazon_form_add_member(form, "Parameters", *count, "ParameterKey", name);
        amazon_form_add_member(form, "Parameters", (*count)++, "ParameterValue", value);
    }
    return true;
}

static void keep_hidden(const struct stack_request *request, const struct json_node *variables,
                        struct amazon_form *form, size_t *count)
{
    for (const struct xml_element *one = first_of(request->summary, "Parameters"); one != NULL;
         one = one->next) {
        const char *name = text_of(one, "ParameterKey");
        if (json_member(variables, name).item != NULL || !stack_hides(request->facts, name))
            continue;
        amazon_form_add_member(form, "Parameters", *count, "ParameterKey", name);
        amazon_form_add_member(form, "Parameters", (*count)++, "UsePreviousValue", "true");
    }
}

static bool is_granted(const struct job_settings *settings, const char *capability)
{
    bool is_granted = false;

    for (size_t i = 0; i < settings->capability_count; i++) {
        const char *one = settings->capabilities[i];
        is_granted = is_granted || strcmp(one, capability) == 0 ||
                     (strcmp(one, "CAPABILITY_NAMED_IAM") == 0 && strcmp(capability, "CAPABILITY_IAM") == 0);
    }
    return is_granted;
}

static bool add_capabilities(const struct stack_request *request, struct amazon_form *form, struct err *err)
{
    const struct job_settings *settings = &request->job->settings;

    for (const struct xml_element *one = first_of(request->summary, "Capabilities"); one != NULL;
         one = one->next)
        if (!is_granted(settings, one->text))
            return err_set(err, ERR_INVALID,
                           "the template needs `capabilities = [ \"%.60s\" ]` of the stack: %.300s",
                           one->text, text_of(request->summary, "CapabilitiesReason"));
    for (size_t i = 0; i < settings->capability_count; i++)
        amazon_form_add_member(form, "Capabilities", i, NULL, settings->capabilities[i]);
    return true;
}

bool stack_request_add(const struct stack_request *request, struct amazon_form *form, struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    const char *text = request->job->variables;
    size_t count = 0;

    if (!json_parse(text, strlen(text), NULL, &tree, err))
        return err_wrap(err, "variables");
    struct json_node variables = json_root(tree);
    if (!json_as_object(&variables, err) || !add_variables(request, &variables, form, &count, err))
        return false;
    keep_hidden(request, &variables, form, &count);
    return add_capabilities(request, form, err);
}
