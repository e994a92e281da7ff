/* What the journal's dump says of cases, their rows and stays. */
#include "gateway/cli/journal_case.h"

void journal_case_number(struct json_writer *w, const char *name, uint64_t id)
{
    char number[CASE_NUMBER_LEN + 1];

    if (id == 0) {
        json_kv_null(w, name);
        return;
    }
    case_id_format(id, number);
    json_kv_str(w, name, number);
}

/* -1: null. */
static int64_t moment(int64_t ms)
{
    return ms > 0 ? ms : -1;
}

static void write_case(struct json_writer *w, const struct case_image *c)
{
    journal_case_number(w, "case", c->id);
    json_kv_str(w, "of", case_kind_word((enum case_kind)c->kind)->code);
    json_kv_str(w, "status", case_status_word((enum case_status)c->status)->code);
    json_kv_str(w, "stage", case_stage_word((enum case_stage)c->stage)->code);
    json_kv_str(w, "source", case_source_word((enum case_source)c->source)->code);
    json_kv_u64(w, "version", c->version);
    json_kv_u64(w, "rows", c->row_count);
    json_kv_place(w, "place", c->place);
    json_kv_str(w, "vehicle", c->vehicle);
    json_kv_str(w, "unit", c->unit);
    json_kv_str(w, "person", c->person);
    json_kv_time(w, "reported", c->reported_ms);
    json_kv_time(w, "changed", c->changed_ms);
    json_kv_time(w, "due", moment(c->due_ms));
    json_kv_time(w, "stage_due", moment(c->stage_due_ms));
    json_kv_time(w, "closed", moment(c->closed_ms));
}

static void write_row(struct json_writer *w, const struct case_row_image *row)
{
    journal_case_number(w, "case", row->id);
    json_kv_u64(w, "number", row->number);
    json_kv_str(w, "event", case_event_word((enum case_event)row->event)->code);
    json_kv_str(w, "role", case_role_code((enum case_role)row->role));
    json_kv_str(w, "status", case_status_word((enum case_status)row->status)->code);
    json_kv_str(w, "stage", case_stage_word((enum case_stage)row->stage)->code);
    json_kv_time(w, "time", row->at_ms);
    json_kv_str(w, "actor", row->actor);
    json_kv_str(w, "unit", row->unit);
    json_kv_str(w, "note", row->note);
    json_kv_str(w, "document", row->document);
    json_kv_time(w, "until", moment(row->until_ms));
    json_kv_str(w, "evidence", row->uri);
}

void journal_case_image(struct json_writer *w, const struct image *image)
{
    if (image->kind == IMAGE_CASE) {
        write_case(w, &image->case_);
    } else if (image->kind == IMAGE_CASE_ROW) {
        write_row(w, &image->case_row);
    } else {
        json_kv_place(w, "place", image->stay.key);
        json_kv_bool(w, "set", image->stay.set);
        json_kv_time(w, "since", image->stay.since_ms);
        json_kv_time(w, "released", moment(image->stay.released_ms));
        json_kv_u64(w, "gap_s", image->stay.gap_s);
    }
}
