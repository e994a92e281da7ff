/* The words of the third part of the inventory: codes that files, API and dump share. */
#include "gateway/inventory/territory/territory_words.h"
#include "bowei/base/err.h"
#include "bowei/case.h"
#include <string.h>

const char *warden_level_code(enum warden_level level)
{
    static const char *const codes[WARDEN_LEVEL_COUNT] = {"area", "street", "road"};

    return (unsigned)level < WARDEN_LEVEL_COUNT ? codes[level] : "unknown";
}

const char *route_rule_code(enum route_rule rule)
{
    static const char *const codes[ROUTE_RULE_COUNT] = {
        [ROUTE_BY_PLACE_MANAGER] = "place_manager",
        [ROUTE_BY_GRID] = "grid",
        [ROUTE_BY_STREET] = "street",
        [ROUTE_BY_DISTRICT] = "district",
        [ROUTE_BY_STREET_OFFICE] = "street_office",
        [ROUTE_NONE] = "none",
    };

    return (unsigned)rule < ROUTE_RULE_COUNT ? codes[rule] : "unknown";
}

const char *unit_kind_code(enum unit_kind kind)
{
    static const char *const codes[UNIT_KIND_COUNT] = {
#define UNIT_KIND(name, code, en, zh) code,
#include "bowei/unit_kinds.def"
#undef UNIT_KIND
    };

    return (unsigned)kind < UNIT_KIND_COUNT ? codes[kind] : "unknown";
}

const char *permit_code(enum permit permit)
{
    static const char *const codes[PERMIT_COUNT] = {"",         "no",       "accessible",
                                                    "charging", "official", "resident"};

    return (unsigned)permit < PERMIT_COUNT ? codes[permit] : "unknown";
}

static const char *const gaps[GAP_KIND_COUNT][3] = {
#define GAP_KIND(name, code, en, zh) {code, en, zh},
#include "bowei/gap_kinds.def"
#undef GAP_KIND
};

const char *gap_kind_code(enum gap_kind kind)
{
    return (unsigned)kind < GAP_KIND_COUNT ? gaps[kind][0] : "unknown";
}

const char *gap_kind_text(enum gap_kind kind, bool chinese)
{
    return (unsigned)kind < GAP_KIND_COUNT ? gaps[kind][chinese ? 2 : 1] : "unknown";
}

/* Is it the first kind of its trade? */
static bool is_new_trade(unsigned kind)
{
    for (unsigned k = 0; k < kind; k++) {
        if (strcmp(case_kind_trade((enum case_kind)k), case_kind_trade((enum case_kind)kind)) ==
            0) {
            return false;
        }
    }
    return true;
}

const char *territory_trade(unsigned trade)
{
    for (unsigned k = 0; k < CASE_KIND_COUNT; k++) {
        if (is_new_trade(k) && trade-- == 0) {
            return case_kind_trade((enum case_kind)k);
        }
    }
    return NULL;
}

bool trade_find(const char *text, size_t len, unsigned *trade)
{
    const char *code;

    for (unsigned i = 0; i < TRADES_MAX && (code = territory_trade(i)) != NULL; i++) {
        if (strlen(code) == len && memcmp(code, text, len) == 0) {
            *trade = i;
            return true;
        }
    }
    return false;
}
