/* Where a page of a list goes on, as text for the outside: a kind byte and two 64-bit numbers in
 * base64url. Lists write it into `next`, params_page.c reads it back. */
#include "api/params.h"
#include <sodium.h>
#include <string.h>

#define CURSOR_BYTES 17

static void u64_put(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static uint64_t u64_get(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

/* Lists of what goes by number in one version of the inventory. */
static bool is_versioned(char kind)
{
    return kind == 'd' || kind == 'g';
}

size_t cursor_write(const struct cursor *cursor, char out[CURSOR_TEXT_MAX])
{
    uint8_t bytes[CURSOR_BYTES] = {(uint8_t)cursor->kind};

    u64_put(bytes + 1, cursor->key);
    u64_put(bytes + 9,
            is_versioned(cursor->kind) ? cursor->version : (uint64_t)cursor->distance_mm);
    sodium_bin2base64(out, CURSOR_TEXT_MAX, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(out);
}

bool cursor_read(const char *text, size_t len, struct cursor *out)
{
    uint8_t bytes[CURSOR_BYTES];
    size_t got = 0;

    if (sodium_base642bin(bytes, sizeof bytes, text, len, NULL, &got, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        got != sizeof bytes || strchr("nkdacuwg", bytes[0]) == NULL || bytes[0] == 0) {
        return false;
    }
    *out = (struct cursor){.kind = (char)bytes[0], .key = u64_get(bytes + 1)};
    if (is_versioned(out->kind)) {
        out->version = u64_get(bytes + 9);
    } else {
        out->distance_mm = (int64_t)u64_get(bytes + 9);
    }
    return out->distance_mm >= 0;
}
