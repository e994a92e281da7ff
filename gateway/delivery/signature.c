/* Signing of webhooks; see signature.h. */
#include "gateway/delivery/signature.h"
#include "bowei/base/bytes.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void signature_key_make(uint8_t key[SIGNATURE_KEY])
{
    randombytes_buf(key, SIGNATURE_KEY);
}

void signature_key_text(const uint8_t key[SIGNATURE_KEY], char *out, size_t cap)
{
    static const char head[] = "whsec_";

    memcpy(out, head, sizeof head - 1);
    base64_encode(key, SIGNATURE_KEY, out + sizeof head - 1, cap - (sizeof head - 1));
}

void signature_write(const uint8_t *key, size_t key_len, const char *id, int64_t timestamp_s,
                     const char *body, size_t len, char out[SIGNATURE_LEN])
{
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char stamp[32];
    const size_t stamp_len = (size_t)snprintf(stamp, sizeof stamp, ".%" PRId64 ".", timestamp_s);

    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)id, strlen(id));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)stamp, stamp_len);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)body, len);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(out, "v1,", 3);
    base64_encode(mac, sizeof mac, out + 3, SIGNATURE_LEN - 3);
    sodium_memzero(&state, sizeof state);
}
