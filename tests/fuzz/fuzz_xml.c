/* fuzz_xml.c - libFuzzer: any bytes as the XML of a web service, as keys, as an error, as a rule of a load
 * balancer.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "drivers/balancer_rule.h"
#include "io/aws_error.h"
#include "io/aws_keys.h"
#include "io/memory.h"
#include "io/xml.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_as_rule(const struct xml_element *root)
{
    const struct balancer_split split = {.groups = {"arn:1", "arn:2"}, .weights = {95, 5}};
    char form[4096];
    struct text text;
    struct err err = {0};
    uint16_t share = 0;
    const char *state = NULL;

    if (balancer_read(root, &split, &share, &err) && share > 10000)
        abort();
    text_init(&text, form, sizeof(form));
    if (!balancer_add_actions(root, "Actions", &split, &text, &err) && err.text[0] == '\0')
        abort();
    (void)balancer_healthy(root, &state);
}

/* What is refused says why; every element ends below its parent. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    struct http_answer answer = {.status = 400, .body = text, .length = size, .headers = ""};
    struct aws_error error;
    struct aws_keys keys = {0};
    struct xml *xml = NULL;
    struct err err = {0};

    aws_error_read(&answer, &error);
    if (error.text[0] == '\0')
        abort();
    if (aws_keys_from_sts(text, size, &keys, NULL) || aws_keys_from_json(text, size, &keys, NULL) ||
        aws_keys_from_profile(text, "a", &keys, NULL))
        aws_keys_drop(&keys);
    if (!xml_parse(text, size, &xml, &err)) {
        if (err.text[0] == '\0')
            abort();
    } else {
        read_as_rule(xml_root(xml));
        xml_free(xml);
    }
    free(text);
    return 0;
}
