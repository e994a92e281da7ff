/* Any topic and payload (split at the first newline) as an MQTT message, through each envelope:
 * every message ends as readings of known values or under a counter, one an item. */
#include "sensors/hearing.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/field_fixture.h"

#define WALL_MS INT64_C(1790000000000)

static const struct device_row rows[] = {
    {"dev-1",            "city",      "native",       0, 2 },
    {"dev-x",            "elsewhere", "native",       0, 1 },
    {"0101010101010101", "city",      "bosch_tps110", 0, 1 },
    {"0202020202020202", "city",      "libelium_v3",  0, 1 },
    {"0303030303030303", "city",      "nwave_nps310", 0, 1 },
    {"0404040404040404", "city",      "nwave_nps405", 0, 70},
};

static struct fixture *f;
static struct hearing hearing;

static uint64_t counted(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < COUNTER_COUNT; i++) {
        sum += count_get(&f->counters, (enum counter)i);
    }
    return sum;
}

static void take(const struct envelope *envelope, const struct heard_message *message)
{
    uint64_t before = counted();

    fixture_forget(f);
    claim(hearing_take(&hearing, envelope, message) == ERR_OK);
    claim(fixture_heard(f) != 0 || counted() > before);
    for (uint32_t i = 0; i < f->heard_count; i++) {
        const struct reading *r = &f->heard[i];

        claim(r->value < VALUE_COUNT_ && r->type < TYPE_COUNT_ && r->device_len <= DEVICE_ID_MAX);
        claim(r->sensor < 76 && r->root != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    size_t topic_len = end == NULL ? size : (size_t)(end - data);
    const char *payload = (const char *)data + topic_len + (end != NULL);
    struct heard_message message = {.payload = payload, .wall_ms = WALL_MS};
    char topic[2 * TOPIC_MAX] = "";
    size_t envelopes;

    if (f == NULL) {
        f = fixture_create(rows, sizeof rows / sizeof rows[0]);
        hearing_init(&hearing, &f->params, "city");
    }
    memcpy(topic, data, topic_len < sizeof topic ? topic_len : sizeof topic - 1);
    message.topic = topic;
    message.len = size - (size_t)(payload - (const char *)data);
    for (size_t i = 0; i < 2; i++) {
        message.retained = i == 1;
        for (size_t e = 0; e < (envelope_all(&envelopes), envelopes); e++) {
            take(envelope_all(&envelopes)[e], &message);
        }
    }
    return 0;
}
