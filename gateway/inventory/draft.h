#ifndef GATEWAY_INVENTORY_DRAFT_H
#define GATEWAY_INVENTORY_DRAFT_H

#include "bowei/inventory_file.h"
#include "gateway/inventory/draft_bikes.h"
#include "gateway/inventory/draft_territory.h"

/* The draft: the inventory as the files have it, one growing array per table and one text arena.
 * Reading appends rows as they come; draft_complete sorts, checks and merges them. */

struct draft_lot {
    space_key key;
    struct position_e7 at;
    struct row_origin origin;
    uint32_t capacity;                              /**< 0 with COUNT_SPACES */
    uint32_t name_zh, name_en, address, hours, fee; /**< offsets in text, 0 = none */
    uint32_t entrances;                             /**< first of entrance_count in entrances */
    uint16_t height_cm;
    uint8_t entrance_count;
    uint8_t counting; /**< enum lot_counting */
};

struct draft_space {
    space_key key;
    space_key lot;
    struct position_e7 at;
    struct row_origin origin;
    attribute_set attributes;
};

struct draft_device {
    struct row_origin origin;
    uint32_t id; /**< offsets in text */
    uint32_t source;
    uint32_t model;
    uint32_t heartbeat_s;   /**< 0 = of the model */
    uint32_t stale_limit_s; /**< 0 = by the rule */
    bool inverted;          /**< says free where it means occupied, and the other way round */
};

struct draft_binding {
    struct row_origin origin;
    space_key target; /**< space, or lot for a gate; 0 = takes the binding away */
    uint32_t device;  /**< offset in text */
    uint16_t channel;
    uint8_t rank;
};

struct draft_alias {
    struct row_origin origin;
    space_key key;
    uint32_t scheme, value; /**< offsets in text */
};

struct draft_retired {
    struct row_origin origin;
    space_key key;
    space_key replaced_by; /**< 0 = none */
};

/** The tables, in the order of struct import_report's figures and of the canonical file. */
enum draft_table {
    TABLE_LOT,
    TABLE_SPACE,
    TABLE_FENCE,
    TABLE_GRID,
    TABLE_DEVICE,
    TABLE_BINDING,
    TABLE_BEACON,
    TABLE_LISTENER,
    TABLE_OPERATOR,
    TABLE_VEHICLE,
    TABLE_UNIT,
    TABLE_WARDEN,
    TABLE_DUTY, /**< made of columns of lots, spaces and fences */
    TABLE_ALIAS,
    TABLE_RETIRED,
    TABLE_COUNT
};

/** A growing array of rows of one size. */
struct rows {
    char *data;
    uint32_t count, cap;
};

#define DRAFT_FILES_MAX 256

/** Texts that repeat from row to row; each remembers its last. */
enum draft_repeat { REPEAT_SOURCE, REPEAT_MODEL, REPEAT_OWNER, REPEAT_MANAGER, DRAFT_REPEATS };

struct draft {
    struct rows tables[TABLE_COUNT];
    struct position_e7 *entrances;
    uint32_t entrance_count, entrance_cap;
    struct draft_ring *rings;
    uint32_t ring_count, ring_cap;
    struct position_e7 *corners; /**< of all rings */
    uint32_t corner_count, corner_cap;
    char *text; /**< NUL-terminated texts; offset 0 is "" */
    uint32_t text_len, text_cap;
    uint32_t last_text[DRAFT_REPEATS]; /**< the texts added last that may repeat */
    char *files[DRAFT_FILES_MAX];
    uint32_t file_count;
    bool stored;      /**< read from the state folder: what an import took once is not refused */
    uint32_t unnamed; /**< rows that name a device as no message may; of a stored draft only */
};

#define DRAFT_ROWS(draft, table, type) ((struct type *)(void *)(draft)->tables[table].data)
#define DRAFT_LOTS(d)                  DRAFT_ROWS(d, TABLE_LOT, draft_lot)
#define DRAFT_SPACES(d)                DRAFT_ROWS(d, TABLE_SPACE, draft_space)
#define DRAFT_FENCES(d)                DRAFT_ROWS(d, TABLE_FENCE, draft_fence)
#define DRAFT_GRIDS(d)                 DRAFT_ROWS(d, TABLE_GRID, draft_grid)
#define DRAFT_UNITS(d)                 DRAFT_ROWS(d, TABLE_UNIT, draft_unit)
#define DRAFT_WARDENS(d)               DRAFT_ROWS(d, TABLE_WARDEN, draft_warden)
#define DRAFT_DUTIES(d)                DRAFT_ROWS(d, TABLE_DUTY, draft_duty)
#define DRAFT_BEACONS(d)               DRAFT_ROWS(d, TABLE_BEACON, draft_beacon)
#define DRAFT_LISTENERS(d)             DRAFT_ROWS(d, TABLE_LISTENER, draft_listener)
#define DRAFT_OPERATORS(d)             DRAFT_ROWS(d, TABLE_OPERATOR, draft_operator)
#define DRAFT_VEHICLES(d)              DRAFT_ROWS(d, TABLE_VEHICLE, draft_vehicle)
#define DRAFT_DEVICES(d)               DRAFT_ROWS(d, TABLE_DEVICE, draft_device)
#define DRAFT_BINDINGS(d)              DRAFT_ROWS(d, TABLE_BINDING, draft_binding)
#define DRAFT_ALIASES(d)               DRAFT_ROWS(d, TABLE_ALIAS, draft_alias)
#define DRAFT_RETIRED(d)               DRAFT_ROWS(d, TABLE_RETIRED, draft_retired)

static inline const char *draft_text(const struct draft *d, uint32_t offset)
{
    return d->text + offset;
}

extern const uint32_t draft_row_size[TABLE_COUNT];

/** Room for one more row of the table; NULL: no memory. */
void *draft_row_add(struct draft *draft, enum draft_table table);
/** Stores a text and gives its offset; "" is 0. repeat: look at the last text first (enum
 * draft_repeat, -1 = do not). */
enum err draft_text_add(struct draft *draft, const char *text, size_t len, int repeat,
                        uint32_t *offset) MUST_CHECK;
enum err draft_entrance_add(struct draft *draft, struct position_e7 at) MUST_CHECK;
/** Begins a ring; the corners added next are its own. */
enum err draft_ring_add(struct draft *draft, bool hole) MUST_CHECK;
enum err draft_corner_add(struct draft *draft, struct position_e7 at) MUST_CHECK;
/** Gives the file's number; its name is what messages show. */
enum err draft_file_add(struct draft *draft, const char *path, uint16_t *file) MUST_CHECK;

#endif
