#ifndef TESTS_UNIT_CITY_FIXTURE_H
#define TESTS_UNIT_CITY_FIXTURE_H

#include "gateway/inventory/draft.h"
#include "tests/unit/dice.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cities for the tests of inventory and view. */

/* A key of site `site`, number `number` of 150402001R. */
static inline space_key city_key(uint32_t site, uint32_t number)
{
    char body[18];
    space_key key = 0;

    (void)snprintf(body, sizeof body, "150402001R%03u%04u", site % 1000, number % 10000);
    assert(space_id_parse_body(body, 17, &key) == ID_OK);
    return key;
}

/* The same over more streets, for cities of up to five million spaces. */
static inline space_key city_wide_key(uint32_t i)
{
    char body[18];
    space_key key = 0;

    (void)snprintf(body, sizeof body, "150402%03uR%03u%04u", 1 + i / 9000000 % 599,
                   1 + i / 9000 % 999, 1 + i % 9000);
    assert(space_id_parse_body(body, 17, &key) == ID_OK);
    return key;
}

static inline void city_lot_add(struct draft *d, space_key key, struct position_e7 at)
{
    struct draft_lot *lot = draft_row_add(d, TABLE_LOT);

    assert(lot != NULL);
    lot->key = key;
    lot->at = at;
}

static inline void city_space_add(struct draft *d, space_key key, struct position_e7 at)
{
    struct draft_space *space = draft_row_add(d, TABLE_SPACE);

    assert(space != NULL);
    space->key = key;
    space->lot = space_key_site(key);
    space->at = at;
}

static inline void city_device_add(struct draft *d, const char *id, uint16_t channel,
                                   space_key target, uint8_t rank)
{
    struct draft_device *device = draft_row_add(d, TABLE_DEVICE);
    struct draft_binding *binding;

    assert(device != NULL && draft_text_add(d, id, strlen(id), -1, &device->id) == ERR_OK);
    assert(draft_text_add(d, "lora", 4, 0, &device->source) == ERR_OK);
    assert(draft_text_add(d, "bosch_tps110", 12, 1, &device->model) == ERR_OK);
    binding = draft_row_add(d, TABLE_BINDING);
    assert(binding != NULL && draft_text_add(d, id, strlen(id), -1, &binding->device) == ERR_OK);
    binding->channel = channel;
    binding->target = target;
    binding->rank = rank;
}

/* Completes a draft made by hand and builds it. */
static inline struct inventory *city_build(struct draft *d, const struct inventory *previous,
                                           uint64_t version)
{
    struct import_report report = {0};
    struct inventory *inv = NULL;
    uint16_t file;

    assert(draft_file_add(d, "test", &file) == ERR_OK);
    assert(draft_complete(d, NULL, true, true, &report) == ERR_OK);
    if (report.fault_count != 0) {
        (void)fprintf(stderr, "%s: %s\n", report.faults[0].field, report.faults[0].reason);
    }
    assert(report.fault_count == 0);
    assert(inventory_build(d, version, previous, NULL, &inv) == ERR_OK);
    import_report_finish(&report);
    return inv;
}

#endif
