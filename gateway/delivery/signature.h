#ifndef GATEWAY_DELIVERY_SIGNATURE_H
#define GATEWAY_DELIVERY_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* Standard Webhooks 1.0: "v1," and base64 of HMAC-SHA256 over "id.timestamp.body"; the key is shown
 * as "whsec_" and base64. */

#define SIGNATURE_KEY 32 /**< bytes of a key; the standard asks for 24-64 */
#define SIGNATURE_LEN 48 /**< "v1," + 44 + NUL */

/** Bytes that nobody can guess. */
void signature_key_make(uint8_t key[SIGNATURE_KEY]);
/** "whsec_..."; cap 52 at least. */
void signature_key_text(const uint8_t key[SIGNATURE_KEY], char *out, size_t cap);
/** Signs exactly these bytes. */
void signature_write(const uint8_t *key, size_t key_len, const char *id, int64_t timestamp_s,
                     const char *body, size_t len, char out[SIGNATURE_LEN]);

#endif
