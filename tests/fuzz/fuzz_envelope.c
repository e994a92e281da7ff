/* Any topic and payload (split at the first newline) through the envelope FUZZ_ENVELOPE: one target
 * a row of envelopes.def. */
#include "tests/fuzz/opened.h"

#define TOPIC_ROOM 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct envelope *envelope = envelope_find(FUZZ_ENVELOPE);
    const uint8_t *end = memchr(data, '\n', size);
    size_t topic_len = end == NULL ? 0 : (size_t)(end - data);
    size_t skip = end == NULL ? 0 : topic_len + 1;
    char topic[TOPIC_ROOM] = "";

    claim(envelope != NULL);
    memcpy(topic, data, topic_len < sizeof topic ? topic_len : sizeof topic - 1);
    opened_check(envelope, topic, (const char *)data + skip, size - skip);
    return 0;
}
