/* The table of envelopes, out of envelopes.def. A link looks each subscription's envelope up once
 * at start. */
#include "bowei/envelope.h"
#include "bowei/base/err.h"
#include "bowei/config.h"
#include "sensors/mqtt/envelopes/mapped.h"
#include <string.h>

#define ENVELOPE(name) extern const struct envelope envelope_##name;
#include "sensors/mqtt/envelopes/envelopes.def"
#undef ENVELOPE

/* clang-format off */
static const struct envelope *const envelopes[] = {
#define ENVELOPE(name) &envelope_##name,
#include "sensors/mqtt/envelopes/envelopes.def"
#undef ENVELOPE
};

/* clang-format on */

const struct envelope *const *envelope_all(size_t *count)
{
    *count = ARRAY_LEN(envelopes);
    return envelopes;
}

const struct envelope *envelope_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(envelopes); i++) {
        if (strcmp(envelopes[i]->name, name) == 0) {
            return envelopes[i];
        }
    }
    return NULL;
}

const struct envelope *envelope_choose(const struct config *config, const char *name,
                                       struct envelope *room)
{
    for (uint32_t i = 0; i < config->mapping_count; i++) {
        if (strcmp(config->mappings[i].name, name) == 0) {
            *room = (struct envelope){.name = config->mappings[i].name,
                                      .doc = "a mapping of the configuration",
                                      .open = mapped_open,
                                      .mapping = &config->mappings[i]};
            return room;
        }
    }
    return envelope_find(name);
}

enum decode_fault envelope_open(const struct envelope *envelope, const char *topic,
                                const struct json_doc *doc, uint32_t item, struct uplink *out)
{
    out->kind = UPLINK_NOTHING;
    out->item = item;
    out->more = false;
    if (item == 0) {
        out->at = 0;
        out->sighting = (struct sighting){0}; /* of the message before: who listened then */
    }
    out->fport = 0;
    out->len = 0;
    out->model = NULL;
    decoded_clear(&out->decoded);
    return envelope->open(envelope, topic, doc, out);
}
