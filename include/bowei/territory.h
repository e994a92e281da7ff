#ifndef BOWEI_TERRITORY_H
#define BOWEI_TERRITORY_H

#include "bowei/base/geo.h"
#include "bowei/base/space_id.h"
#include <stdbool.h>
#include <stdint.h>

/* Who is responsible for a place: the third part of the inventory snapshot. Unit-grid polygons,
 * streets, units (单位), wardens (片长/街长/路长), and who owns and manages a place. Pure reads of
 * an immutable snapshot, any thread. */

struct inventory;

#define UNIT_CODE_MAX   16 /**< letters, digits, hyphen */
#define PERSON_CODE_MAX 24 /**< staff code of a person, no name; letters, digits, hyphen */
#define NO_GRID         0

enum warden_level {
    WARDEN_AREA,
    WARDEN_STREET,
    WARDEN_ROAD,
    WARDEN_LEVEL_COUNT
}; /* 片长 街长 路长 */

const char *warden_level_code(enum warden_level level); /**< "area", "street", "road" */

/** Why a case goes where it goes; the documented precedence, first match wins. */
enum route_rule {
    ROUTE_BY_PLACE_MANAGER, /**< the place's own manage_unit, when that unit serves the trade */
    ROUTE_BY_GRID,          /**< a unit of this trade for this grid cell */
    ROUTE_BY_STREET,        /**< a unit of this trade for this street */
    ROUTE_BY_DISTRICT,      /**< a unit of this trade for the whole district */
    ROUTE_BY_STREET_OFFICE, /**< the street's own unit, whatever the trade */
    ROUTE_NONE,             /**< nobody: an orphan, listed by the sweep */
    ROUTE_RULE_COUNT
};

const char *route_rule_code(enum route_rule rule);

/* clang-format off: tables are included */
enum unit_kind {

#define UNIT_KIND(name, code, en, zh) UNIT_##name,
#include "bowei/unit_kinds.def"
#undef UNIT_KIND
    UNIT_KIND_COUNT
};

enum gap_kind {

#define GAP_KIND(name, code, en, zh) GAP_##name,
#include "bowei/gap_kinds.def"
#undef GAP_KIND
    GAP_KIND_COUNT
};

/* clang-format on */

const char *unit_kind_code(enum unit_kind kind);
/** Code and text of a gap; lang 0 = English, 1 = Chinese. */
const char *gap_kind_code(enum gap_kind kind);
const char *gap_kind_text(enum gap_kind kind, bool chinese);

#define TRADES_MAX 16
/** The trades (行业) of the case kinds, each once: "motor", ...; NULL behind the last. */
const char *territory_trade(unsigned trade);

struct responsibility {
    enum route_rule rule;
    char unit[UNIT_CODE_MAX + 1];     /**< "" with ROUTE_NONE */
    char person[PERSON_CODE_MAX + 1]; /**< who of that unit; "" = not named: a gap */
    char owner[UNIT_CODE_MAX + 1];    /**< 权属单位 of the place, "" = not given */
    char manager[UNIT_CODE_MAX + 1];  /**< 管理单位 of the place, "" = not given */
    char wardens[WARDEN_LEVEL_COUNT][PERSON_CODE_MAX + 1]; /**< "" = none: a gap */
    uint64_t grid; /**< 14 or 15 digits as a number, NO_GRID = in none */
};

/** Whom a case of this trade at this place concerns. place 0: by the position alone; at: position
 * of the place or of the finding. Street and district are those of the place's ID, without a place
 * those of the grid. person: the narrowest warden of the place who belongs to the unit, else the
 * unit's own. Never fails: what is missing is "" and ROUTE_NONE. */
void territory_route(const struct inventory *inv, const char *trade, space_key place,
                     struct position_e7 at, struct responsibility *out);
/** Who of a unit is responsible at a place, by the same rule; "" = the unit is not known, or nobody
 * is named. */
void territory_person_of(const struct inventory *inv, const char *unit, space_key place,
                         struct position_e7 at, char out[PERSON_CODE_MAX + 1]);
/** Has the place a permit for long stays? Then no zombie clock runs. The column `permit` of the
 * place or of its lot decides; without it, only a space for residents has one. */
bool territory_permit(const struct inventory *inv, space_key place);
/** The place's component code (城市部件编码), 16 digits as a number; 0 = not given. */
uint64_t territory_component(const struct inventory *inv, space_key place);
/** The unit's name in both languages, "" when not given; false: no such unit. Texts live with the
 * snapshot. */
bool territory_unit(const struct inventory *inv, const char *code, const char **name_zh,
                    const char **name_en);

#endif
