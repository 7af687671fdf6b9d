/* test_digest.c - hashes against published vectors, base64 both ways, comparison.
 * SPDX-License-Identifier: MIT */
#include "io/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* FIPS 180-4's example and the empty message. */
static void test_sha256(void **state)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    (void)state;
    digest_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 1321, appendix A.5. */
static void test_md5(void **state)
{
    unsigned char hash[DIGEST_MD5_SIZE];
    char hex[2 * DIGEST_MD5_SIZE + 1];

    (void)state;
    digest_md5("", 0, hash);
    digest_hex(hash, sizeof(hash), hex);
    assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
    digest_md5("message digest", 14, hash);
    digest_hex(hash, sizeof(hash), hex);
    assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0");
}

/* RFC 4231, test cases 1 and 2. */
static void test_hmac(void **state)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    char base64[DIGEST_SHA256_BASE64_SIZE];
    unsigned char key[20];

    (void)state;
    memset(key, 0x0b, sizeof(key));
    digest_hmac_sha256_hex(key, sizeof(key), "Hi There", 8, hex);
    assert_string_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    digest_hmac_sha256_hex("Jefe", 4, "what do ya want for nothing?", 28, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    digest_hmac_sha256_base64("Jefe", 4, "what do ya want for nothing?", 28, base64);
    assert_string_equal(base64, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    digest_hmac_sha256_hex("", 0, "", 0, hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 4648, section 10. */
static void test_base64(void **state)
{
    static const struct {
        const char *plain;
        const char *text;
    } vectors[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"},
                   {"\xFB\xFF", "+/8="}};
    static const char *const bad[] = {"Z",    "Zg",       "Zg=",   "Zm9vY===", "Z===", "====",   "Zh==",
                                      "Zm9=", "Zg==Zg==", "Zm 9v", "Zm9v\n",   "Zm-_", "Zm9vYmE"};
    char text[DIGEST_BASE64_SIZE(6)];
    unsigned char plain[6];
    size_t length = 99;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
        digest_base64_encode(vectors[i].plain, strlen(vectors[i].plain), text);
        assert_string_equal(text, vectors[i].text);
        assert_true(digest_base64_decode(text, plain, strlen(vectors[i].plain), &length));
        assert_int_equal(length, strlen(vectors[i].plain));
        assert_memory_equal(plain, vectors[i].plain, length);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(digest_base64_decode(bad[i], plain, sizeof(plain), &length));
    assert_false(digest_base64_decode("Zm9vYmFy", plain, 5, &length));
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(digest_equal_text("abc", "abc"));
    assert_false(digest_equal_text("abc", "abd"));
    assert_false(digest_equal_text("abc", "abcd"));
    assert_true(digest_equal("", 0, "", 0));
}

static void test_random_differs(void **state)
{
    unsigned char first[32] = {0};
    unsigned char second[32] = {0};

    (void)state;
    digest_random(first, sizeof(first));
    digest_random(second, sizeof(second));
    assert_memory_not_equal(first, second, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256), cmocka_unit_test(test_md5),   cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_base64), cmocka_unit_test(test_equal), cmocka_unit_test(test_random_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
