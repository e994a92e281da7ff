/* Any frame (model, port, bytes) through a sensor model's decoder: what it accepts lies in the
 * ranges that reading.h names. */
#include "bowei/sensor_model.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decoded out;
    struct frame frame;
    size_t count;
    const struct sensor_model *const *models = sensor_models(&count);
    enum decode_fault fault;

    if (size < 2) {
        return 0;
    }
    frame = (struct frame){.bytes = data + 2, .len = size - 2, .fport = data[1]};
    decoded_clear(&out);
    fault = models[data[0] % count]->decode(&frame, &out);
    claim(fault < DECODE_FAULT_COUNT && decode_fault_name(fault) != NULL);
    claim(out.extra_count <= DECODED_EXTRAS);
    for (uint8_t i = 0; i < out.extra_count; i++) {
        claim(out.extras[i].name != NULL && out.extras[i].kind <= EXTRA_LIST);
        claim(out.extras[i].kind == EXTRA_LIST
                  ? out.extras[i].number >= 0 && out.extras[i].number <= EXTRA_LIST_MAX
                  : memchr(out.extras[i].text, '\0', sizeof out.extras[i].text) != NULL);
    }
    if (fault == DECODE_OK) {
        claim(out.reading.value < VALUE_COUNT_ && out.reading.type < TYPE_COUNT_);
        claim(out.reading.device_len <= DEVICE_ID_MAX);
        claim(out.occupied_bit >= -1 && out.occupied_bit <= 1);
    }
    return 0;
}
