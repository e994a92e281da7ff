/* Any bytes as the inside of a journal record whose length and sum are right, and as the sensors
 * that Redis keeps: what is accepted packs into a record that says the same. */
#include "bowei/base/bytes.h"
#include "gateway/keep/journal/record.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

#define SUMMED 8 /* bytes before what the sum covers: bowei/journal.h */

static void record_check(const uint8_t *data, size_t size)
{
    static uint8_t bytes[RECORD_MAX];
    static uint8_t once[RECORD_MAX];
    static uint8_t twice[RECORD_MAX];
    struct record record;
    struct record again;
    size_t len = SUMMED + size;
    size_t packed;

    if (len > sizeof bytes) {
        return;
    }
    memcpy(bytes + SUMMED, data, size);
    le32_put(bytes, (uint32_t)len);
    le32_put(bytes + 4, crc32c(0, data, size));
    if (record_decode(bytes, len, &record) == 0) {
        return;
    }
    packed = record_encode(&record, once);
    claim(packed > 0 && record_decode(once, packed, &again) == packed);
    claim(record_encode(&again, twice) == packed && memcmp(once, twice, packed) == 0);
}

static void sensors_check(const uint8_t *data, size_t size)
{
    struct space_image space = {0};
    struct space_image again = {0};
    uint8_t bytes[SENSORS_PACK_MAX];
    int n = image_unpack_sensors(data, size, 0, &space);

    claim(n <= SENSORS_PER_SPACE_MAX);
    if (n >= 1 && n <= 2) {
        size_t len = image_pack_sensors(&space, 0, (unsigned)n, bytes);

        claim(len > 0 && len <= sizeof bytes && image_unpack_sensors(bytes, len, 0, &again) == n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    record_check(data, size);
    sensors_check(data, size);
    return 0;
}
