/* A case as staff see it: JSON for lists and single answers, CSV for spreadsheets. Codes only; the
 * words of codes are GET /v1/words. */
#include "api/handlers/desk.h"
#include "api/handlers/fleet.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define HEX_MAX  65
#define GRID_MAX 21

struct case_reader case_reader_of(const struct request *rq)
{
    return (struct case_reader){rq->query.crs, rq->now.shift_ms};
}

static void number(struct json_writer *w, const char *name, case_id id)
{
    char text[CASE_NUMBER_LEN + 1];

    if (id == 0) {
        json_kv_null(w, name);
        return;
    }
    case_id_format(id, text);
    json_kv_str(w, name, text);
}

/* A text, null when empty. */
static void text_or_null(struct json_writer *w, const char *name, const char *text)
{
    if (text[0] == '\0') {
        json_kv_null(w, name);
    } else {
        json_kv_str(w, name, text);
    }
}

static void grid_text(uint64_t grid, char out[GRID_MAX])
{
    (void)snprintf(out, GRID_MAX, grid == NO_GRID ? "" : "%" PRIu64, grid);
}

static void location(const struct case_reader *reader, struct json_writer *w, const char *name,
                     struct position_e7 at)
{
    json_key(w, name);
    if (at.lat == 0 && at.lon == 0) {
        json_null(w);
    } else {
        fleet_location(reader->crs, w, at);
    }
}

static void features(struct json_writer *w, unsigned bits)
{
    json_key(w, "features");
    json_array(w);
    for (unsigned f = 0; f < CASE_FEATURE_COUNT; f++) {
        if (bits >> f & 1) {
            json_str(w, case_feature_word((enum case_feature)f)->code);
        }
    }
    json_array_end(w);
}

static void flags_write(struct json_writer *w, const struct case_image *c)
{
    json_kv_bool(w, "overdue", (c->flags & CASE_IS_OVERDUE) != 0);
    json_kv_bool(w, "recurring", (c->flags & CASE_IS_RECURRING) != 0);
    json_kv_bool(w, "emergency", (c->flags & CASE_IS_EMERGENCY) != 0);
    json_kv_bool(w, "gone", (c->flags & CASE_IS_GONE) != 0);
    json_kv_bool(w, "orphan", case_is_orphan(c));
    json_kv_u64(w, "escalated", c->escalated);
}

/* Who, what, by when, at what cost (定人、定责、定时、定奖惩). */
static void duty_write(struct json_writer *w, const struct case_image *c)
{
    text_or_null(w, "unit", c->unit);
    text_or_null(w, "person", c->person);
    text_or_null(w, "duty", c->duty);
    json_key(w, "score");
    json_decimal(w, c->score_hundredths, 2);
    json_kv_str(w, "route", route_rule_code((enum route_rule)c->route_rule));
    json_key(w, "assists");
    json_array(w);
    for (unsigned i = 0; i < c->assist_count && i < CASE_ASSISTS_MAX; i++) {
        json_object(w);
        json_kv_str(w, "unit", c->assists[i].unit);
        json_kv_bool(w, "fed_back", c->assists[i].fed_back != 0);
        json_object_end(w);
    }
    json_array_end(w);
    text_or_null(w, "confirmer", c->confirmer);
    text_or_null(w, "handler", c->handler);
}

static void suspicion_write(const struct case_reader *reader, struct json_writer *w,
                            const struct case_image *c)
{
    json_key(w, "reasons");
    json_array(w);
    for (unsigned r = 0; r < ZOMBIE_REASON_COUNT; r++) {
        if (c->reasons >> r & 1) {
            json_str(w, zombie_reason_word((enum zombie_reason)r)->code);
        }
    }
    json_array_end(w);
    features(w, c->features);
    fleet_time(reader->shift_ms, w, "since", c->since_ms);
    json_kv_u64(w, "gap_s", c->gap_s);
}

static void times_write(const struct case_reader *reader, struct json_writer *w,
                        const struct case_image *c)
{
    const struct {
        const char *name;
        int64_t at_ms;
    } rows[] = {
        {"reported_at",   c->reported_ms  },
        {"filed_at",      c->filed_ms     },
        {"dispatched_at", c->dispatched_ms},
        {"checked_in_at", c->checked_in_ms},
        {"fed_back_at",   c->fed_back_ms  },
        {"closed_at",     c->closed_ms    },
        {"changed_at",    c->changed_ms   },
        {"paused_since",  c->paused_ms    },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fleet_time(reader->shift_ms, w, rows[i].name, rows[i].at_ms);
    }
    json_kv_i64(w, "paused_total_s", c->paused_total_ms / 1000);
    json_key(w, "due");
    json_object(w);
    fleet_time(reader->shift_ms, w, "next", case_due_next(c));
    fleet_time(reader->shift_ms, w, "check_in", c->due_check_in_ms);
    fleet_time(reader->shift_ms, w, "handle", c->due_ms);
    fleet_time(reader->shift_ms, w, "stage", c->stage_due_ms);
    json_object_end(w);
}

static void evidence_write(const struct case_reader *reader, struct json_writer *w,
                           const struct case_row_image *row)
{
    char hex[HEX_MAX];

    sodium_bin2hex(hex, sizeof hex, row->sha256, sizeof row->sha256);
    json_key(w, "evidence");
    json_object(w);
    json_kv_str(w, "uri", row->uri);
    json_kv_str(w, "sha256", hex);
    json_kv_time(w, "taken_at", row->taken_ms > 0 ? row->taken_ms : -1);
    text_or_null(w, "device", row->device);
    location(reader, w, "location", row->taken_at);
    json_object_end(w);
}

static void row_write(const struct case_reader *reader, struct json_writer *w,
                      const struct case_row_image *row)
{
    json_object(w);
    json_kv_u64(w, "number", row->number);
    json_kv_str(w, "event", case_event_word((enum case_event)row->event)->code);
    fleet_time(reader->shift_ms, w, "at", row->at_ms);
    text_or_null(w, "actor", row->actor);
    json_kv_str(w, "role", case_role_code((enum case_role)row->role));
    json_kv_str(w, "status", case_status_word((enum case_status)row->status)->code);
    json_kv_str(w, "stage", case_stage_word((enum case_stage)row->stage)->code);
    if (row->unit[0] != '\0') {
        json_kv_str(w, "unit", row->unit);
    }
    if (row->note[0] != '\0') {
        json_kv_str(w, "note", row->note);
    }
    if (row->document[0] != '\0') {
        json_kv_str(w, "document", row->document);
    }
    if (row->channel[0] != '\0') {
        json_kv_str(w, "channel", row->channel);
    }
    if (row->until_ms != 0) {
        fleet_time(reader->shift_ms, w, "until", row->until_ms);
    }
    if (row->features != 0) {
        features(w, row->features);
    }
    if (row->emergency != 0) {
        json_kv_bool(w, "emergency", true);
    }
    if (row->uri[0] != '\0') {
        evidence_write(reader, w, row);
    }
    json_object_end(w);
}

void case_write(const struct case_reader *reader, struct json_writer *w, const struct case_image *c,
                const struct case_row_image *rows, uint32_t row_count)
{
    const enum case_status status = (enum case_status)c->status;
    char grid[GRID_MAX];

    json_object(w);
    number(w, "id", c->id);
    json_kv_str(w, "kind", case_kind_word((enum case_kind)c->kind)->code);
    json_kv_str(w, "status", case_status_word(status)->code);
    json_kv_u64(w, "step", c->rating != 0 ? 7 : case_status_seventh(status));
    json_kv_str(w, "stage", case_stage_word((enum case_stage)c->stage)->code);
    json_kv_str(w, "source", case_source_word((enum case_source)c->source)->code);
    json_kv_u64(w, "severity", c->severity);
    flags_write(w, c);
    json_kv_place(w, "place", c->place);
    text_or_null(w, "vehicle", c->vehicle);
    location(reader, w, "location", c->at);
    grid_text(c->grid, grid);
    text_or_null(w, "grid", grid);
    duty_write(w, c);
    suspicion_write(reader, w, c);
    times_write(reader, w, c);
    number(w, "former", c->former);
    number(w, "merged_into", c->merged_into);
    json_kv_u64(w, "rework_count", c->rework_count);
    json_key(w, "rating");
    if (c->rating == 0) {
        json_null(w);
    } else {
        json_u64(w, c->rating);
    }
    json_kv_u64(w, "evidence_count", c->evidence_count);
    json_kv_u64(w, "row_count", c->row_count);
    json_kv_u64(w, "version", c->version);
    if (rows != NULL) {
        json_key(w, "history");
        json_array(w);
        for (uint32_t i = 0; i < row_count; i++) {
            row_write(reader, w, &rows[i]);
        }
        json_array_end(w);
    }
    json_object_end(w);
}

static const char csv_heading[] =
    "id,kind,status,stage,source,severity,overdue,recurring,orphan,escalated,place,vehicle,lat,lon,"
    "grid,unit,person,duty,reported_at,filed_at,dispatched_at,checked_in_at,fed_back_at,closed_at,"
    "due_next,due,stage_due,since,rework_count,rating,evidence_count,version";

static void csv_times(struct csv_text *csv, const struct case_image *c)
{
    const int64_t times[] = {c->reported_ms,  c->filed_ms,  c->dispatched_ms, c->checked_in_ms,
                             c->fed_back_ms,  c->closed_ms, case_due_next(c), c->due_ms,
                             c->stage_due_ms, c->since_ms};

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        csv_text_time(csv, times[i]);
    }
}

static void csv_row(const struct case_reader *reader, struct csv_text *csv,
                    const struct case_image *c)
{
    char id[CASE_NUMBER_LEN + 1];
    char place[SPACE_ID_LEN + 1] = "";
    char grid[GRID_MAX];

    case_id_format(c->id, id);
    if (c->place != 0) {
        space_id_format(c->place, place);
    }
    grid_text(c->grid, grid);
    csv_text_str(csv, id);
    csv_text_str(csv, case_kind_word((enum case_kind)c->kind)->code);
    csv_text_str(csv, case_status_word((enum case_status)c->status)->code);
    csv_text_str(csv, case_stage_word((enum case_stage)c->stage)->code);
    csv_text_str(csv, case_source_word((enum case_source)c->source)->code);
    csv_text_i64(csv, c->severity);
    csv_text_bool(csv, (c->flags & CASE_IS_OVERDUE) != 0);
    csv_text_bool(csv, (c->flags & CASE_IS_RECURRING) != 0);
    csv_text_bool(csv, case_is_orphan(c));
    csv_text_i64(csv, c->escalated);
    csv_text_str(csv, place);
    csv_text_str(csv, c->vehicle);
    if (c->at.lat == 0 && c->at.lon == 0) {
        csv_text_empty(csv, 2);
    } else {
        csv_text_position(csv, fleet_position(reader->crs, c->at));
    }
    csv_text_str(csv, grid);
    csv_text_str(csv, c->unit);
    csv_text_str(csv, c->person);
    csv_text_str(csv, c->duty);
    csv_times(csv, c);
    csv_text_i64(csv, c->rework_count);
    csv_text_i64(csv, c->rating);
    csv_text_i64(csv, c->evidence_count);
    csv_text_i64(csv, c->version);
    csv_text_row_end(csv);
}

void case_csv_write(const struct case_reader *reader, struct strbuf *out,
                    const struct case_image *cases, uint32_t count)
{
    struct csv_text csv;

    csv_text_begin(&csv, out, reader->shift_ms, csv_heading);
    for (uint32_t i = 0; i < count; i++) {
        csv_row(reader, &csv, &cases[i]);
    }
}
