/* Any bytes through the small parsers of the base library: IDs, times, base64, hex, UTF-8. What is
 * accepted comes back the same. */
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/space_id.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static void ids(const char *text, size_t size)
{
    char out[SPACE_ID_DISPLAY_LEN + 1];
    space_key key;
    space_key back;

    if (space_id_parse(text, size, &key) == ID_OK) {
        space_id_display(key, out);
        claim(space_id_parse(out, SPACE_ID_DISPLAY_LEN, &back) == ID_OK && back == key);
    }
    if (space_id_parse_body(text, size, &key) == ID_OK) {
        space_id_format(key, out);
        claim(space_id_parse(out, SPACE_ID_LEN, &back) == ID_OK && back == key);
    }
}

static void times(const char *text, size_t size)
{
    char out[RFC3339_LEN + 1];
    int64_t at_ms;
    int64_t back;

    if (rfc3339_parse(text, (uint32_t)size, &at_ms) == 0 && at_ms >= 0) {
        rfc3339_format(at_ms, out);
        claim(rfc3339_parse(out, RFC3339_LEN, &back) == 0 && back <= at_ms && at_ms - back < 1000);
    }
}

static void encodings(const char *text, size_t size)
{
    uint8_t bytes[1024];
    char again[1400];
    int n = base64_decode(text, size, bytes, sizeof bytes);

    if (n >= 0) {
        base64_encode(bytes, (size_t)n, again, sizeof again);
        claim(strlen(again) == size && memcmp(again, text, size) == 0);
    }
    n = hex_decode(text, size, bytes, sizeof bytes);
    claim(n < 0 || (size_t)n * 2 == size);
    (void)utf8_valid(text, size);
    claim(crc32c(crc32c(0, text, size / 3), text + size / 3, size - size / 3) ==
          crc32c(0, text, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    if (size > 4096) {
        return 0;
    }
    ids(text, size);
    times(text, size);
    encodings(text, size);
    return 0;
}
