/* Loading the inventory of the state folder: at start and on SIGHUP. Main thread. */

#include "gateway/reload.h"

#include "bowei/base/log.h"
#include "bowei/field.h"

#include <stdio.h>
#include <string.h>

static enum err build(const struct config *config, const char *path, uint64_t version,
                      const struct inventory *previous, struct inventory **out)
{
    const struct timing_source timing = field_timing(config);
    struct draft *draft = NULL;
    enum err e = ERR_OK;

    if (version == 0) {
        draft = draft_create();
        e = draft == NULL ? ERR_NO_MEMORY : ERR_OK;
    } else {
        e = draft_load(path, &draft, &version);
    }
    if (e != ERR_OK) {
        return e;
    }
    e = inventory_build(draft, version, previous, &timing, out);
    draft_destroy(draft);
    return e;
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
    struct inventory *built = NULL;
    e = build(config, path, version, previous, &built);
    if (e == ERR_OK) {
        *out = built;
    }
    return e;
}

enum err load_inventory_again(const struct config *config, const struct inventory *inventory,
                              uint32_t number, struct inventory **out)
{
    char folder[512], path[640] = "";
    enum err e = ERR_OK;
    snprintf(folder, sizeof folder, "%s/inventory", config->state_folder);
    if (inventory->version > 0) {
        e = inventory_store_find(folder, inventory->version, path, sizeof path);
    }
    if (e == ERR_OK) {
        e = build(config, path, inventory->version, inventory, out);
    }
    if (e == ERR_OK) {
        (*out)->build = number;
    }
    return e;
}
