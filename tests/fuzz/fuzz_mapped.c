/* Any mapping before any message: the first twelve lines are the mapping's texts in the order of
 * struct mapping, the rest is the message. A mapping that the configuration would refuse is passed
 * over. */
#include "bowei/mapping.h"
#include "sensors/mqtt/envelopes/mapped.h"
#include "tests/fuzz/opened.h"

#define TEXTS    12
#define TEXT_MAX 400 /* settings.def: the longest text of a mapping */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char texts[TEXTS][TEXT_MAX + 1] = {0};
    struct mapping m = {.name = texts[0]};
    char **const fields[TEXTS] = {&m.items,         &m.device, &m.occupied, &m.states,
                                  &m.type,          &m.types,  &m.time,     &m.battery_v,
                                  &m.temperature_c, &m.rssi,   &m.counter,  &m.channel};
    const struct envelope envelope = {.name = "mapped", .open = mapped_open, .mapping = &m};
    size_t at = 0;

    for (size_t i = 0; i < TEXTS; i++) {
        const uint8_t *end = at < size ? memchr(data + at, '\n', size - at) : NULL;
        size_t len = end == NULL ? 0 : (size_t)(end - data) - at;

        if (end == NULL || len > TEXT_MAX || memchr(data + at, '\0', len) != NULL) {
            return 0;
        }
        memcpy(texts[i], data + at, len);
        *fields[i] = len > 0 ? texts[i] : NULL;
        at += len + 1;
    }
    if (m.device == NULL || mapping_fault(&m).key != NULL) {
        return 0;
    }
    opened_check(&envelope, "any/topic", (const char *)data + at, size - at);
    return 0;
}
