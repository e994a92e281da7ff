/* Any frame (port, bytes) through the decoder of the model FUZZ_MODEL: one target a row of
 * models.def. What it accepts lies in the ranges that reading.h names, is the same when it is asked
 * again, and only a bay's status or heartbeat says free or occupied. */
#include "bowei/sensor_model.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static void extras_check(const struct decoded *out)
{
    claim(out->extra_count <= DECODED_EXTRAS);
    for (uint8_t i = 0; i < out->extra_count; i++) {
        const struct extra *extra = &out->extras[i];

        claim(extra->name != NULL && extra->kind <= EXTRA_LIST);
        claim(extra->kind == EXTRA_LIST ? extra->number >= 0 && extra->number <= EXTRA_LIST_MAX
                                        : memchr(extra->text, '\0', sizeof extra->text) != NULL);
    }
}

static void reading_check(const struct sensor_model *model, const struct decoded *out)
{
    const struct reading *r = &out->reading;

    claim(r->value < VALUE_COUNT_ && r->type < TYPE_COUNT_);
    claim(r->device_len <= DEVICE_ID_MAX);
    claim(out->occupied_bit >= -1 && out->occupied_bit <= 1);
    if (r->value == VALUE_FREE || r->value == VALUE_OCCUPIED) {
        claim(model->kind == MODEL_BAY);
        claim(r->type == TYPE_STATUS || r->type == TYPE_HEARTBEAT);
        claim(out->occupied_bit == (r->value == VALUE_OCCUPIED));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sensor_model *model = sensor_model_find(FUZZ_MODEL, strlen(FUZZ_MODEL));
    struct decoded out;
    struct decoded again;
    struct frame frame;
    enum decode_fault fault;

    if (size < 1) {
        return 0;
    }
    claim(model != NULL);
    frame = (struct frame){.bytes = data + 1, .len = size - 1, .fport = data[0]};
    decoded_clear(&out);
    decoded_clear(&again);
    fault = model->decode(&frame, &out);
    claim(fault < DECODE_FAULT_COUNT && decode_fault_name(fault) != NULL);
    claim(model->decode(&frame, &again) == fault);
    extras_check(&out);
    if (fault == DECODE_OK) {
        reading_check(model, &out);
        claim(again.reading.value == out.reading.value && again.reading.has == out.reading.has);
        claim(again.extra_count == out.extra_count && again.occupied_bit == out.occupied_bit);
    }
    return 0;
}
