#ifndef TESTS_UNIT_FENCE_TEXTS_H
#define TESTS_UNIT_FENCE_TEXTS_H

/* Texts of fences and of the tables that come with them, and drafts of these. Included by one
 * source a program. */
#include "tests/unit/draft_files.h"

#include "tests/unit/fence_fixture.h"

#define F  "150402001F00100006"
#define F2 "150402001F0020000B"
#define N  "150402001N0010000U"

/* A file of one fence; the rows mark with @ where the message must point. */
#define FENCE(id, properties, type, coordinates)                                                   \
    "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":\"" id           \
    "\",\"properties\":{\"type\":\"fence\"" properties "},\"geometry\":{\"type\":" type            \
    ",\"coordinates\":" coordinates "}}]}"
#define CAPACITY       ",\"capacity\":20"
#define POLYGON(c)     FENCE(F, CAPACITY, "\"Polygon\"", c)
#define SQUARE         "[118.1,42.1],[118.101,42.1],[118.101,42.101],[118.1,42.101],[118.1,42.1]"
#define ROW(member, r) "{\"type\":\"FeatureCollection\",\"features\":[],\"" member "\":[\n" r "]}"

/* --- what only the whole shows --- */

#define TABLES(rows)                                                                               \
    "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":\"" F            \
    "\",\"properties\":{\"type\":\"fence\",\"capacity\":20},\"geometry\":{\"type\":\"Polygon\","   \
    "\"coordinates\":[[" SQUARE "]]}}],\"operators\":[{\"operator\":\"OP\",\"mac_prefixes\":"      \
    "[\"1918FC\"],\"uuids\":[\"11111111-2222-3333-4444-555555555555\"]}]" rows "}"

/* --- merging --- */

static inline struct draft *draft_of(const char *text, const struct draft *current, bool replace,
                                     struct import_report *report)
{
    struct draft *d = draft_create();

    assert_int_equal(draft_text_read(d, "fences.json", text, strlen(text), report), ERR_OK);
    assert_int_equal(report->fault_count, 0);
    assert_int_equal(draft_complete(d, current, replace, replace, report), ERR_OK);
    return d;
}

#endif
