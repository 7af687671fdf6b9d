/* fuzz_payload.c - libFuzzer: any bytes as an MQTT payload, read by every decoder.
 * SPDX-License-Identifier: MIT */
#include "collectors/decode.h"
#include "io/memory.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_many(struct decode_message *message, enum decoder decoder, const struct selector *selector)
{
    struct prometheus_vector vector = {0};
    struct err err = {0};

    if (!decode_selected(message, decoder, selector, &vector, &err) && err.text[0] == '\0')
        abort();
    prometheus_vector_done(&vector);
}

static void read_one(struct decode_message *message, enum decoder decoder, const char *place)
{
    struct err err = {0};
    double number = 0;

    if (decode_number(message, decoder, place, &number, &err) ? !isfinite(number) : err.text[0] == '\0')
        abort();
}

/* What is refused says why; a number is finite. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct selector *selector = NULL;
    struct decode_message message;
    char *text = memory_copy_bytes(bytes, size);

    if (!selector_new("a.b{c!='d'}", &selector, NULL))
        abort();
    decode_init(&message, text, size, INT64_C(1700000000) * 1000);
    read_one(&message, DECODER_NUMBER, ".");
    read_one(&message, DECODER_JSON, ".a");
    read_one(&message, DECODER_COLLECTD, "0");
    read_many(&message, DECODER_INFLUX, selector);
    read_many(&message, DECODER_OPENMETRICS, selector);
    decode_done(&message);
    selector_free(selector);
    free(text);
    return 0;
}
