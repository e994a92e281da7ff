/* Loading the inventory of the state folder: at start and on SIGHUP. Main thread. */

#include "gateway/reload.h"

#include "bowei/base/log.h"
#include "bowei/field.h"

#include <stdio.h>
#include <string.h>

static bool timing_find(void *ctx, const char *source, const char *device, const char *model,
                        struct sensor_timing *out)
{
    const struct config *config = ctx;
    const struct timing_source units = field_timing(config);
    if (units.timing(units.ctx, source, device, model, out)) {
        return true;
    }
    const struct sensor_model *found = sensor_model_find(model, strlen(model));
    if (found == NULL) {
        return false;
    }
    *out = found->timing;
    return true;
}

struct timing_source timing_of(const struct config *config)
{
    union {
        const struct config *in;
        void *ctx;
    } borrow = {.in = config}; /* only read through ctx */

    return (struct timing_source){timing_find, borrow.ctx};
}

enum err load_inventory(const struct config *config, const struct inventory *previous,
                        const struct inventory **out)
{
    uint64_t version = 0;
    char folder[512], path[640] = "";
    snprintf(folder, sizeof folder, "%s/inventory", config->state_folder);
    enum err e = inventory_store_newest(folder, &version, path, sizeof path);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    struct draft *draft = NULL;
    if (version == 0) {
        draft = draft_create();
        e = draft == NULL ? ERR_NO_MEMORY : ERR_OK;
    } else {
        e = draft_load(path, &draft, &version);
    }
    if (e != ERR_OK) {
        return e;
    }
    const struct timing_source timing = timing_of(config);
    struct inventory *built = NULL;
    e = inventory_build(draft, version, previous, &timing, &built);
    draft_destroy(draft);
    *out = built;
    return e;
}
