/* Cases, rows and stays as bytes; each layout once, for both directions. */
#include "gateway/keep/case_pack.h"

static void code_position(struct coder *c, struct position_e7 *at)
{
    code_i32(c, &at->lat);
    code_i32(c, &at->lon);
}

static void code_marks(struct coder *c, struct case_image *image)
{
    code_u8(c, &image->kind);
    code_u8(c, &image->status);
    code_u8(c, &image->stage);
    code_u8(c, &image->source);
    code_u8(c, &image->flags);
    code_u8(c, &image->reasons);
    code_u8(c, &image->features);
    code_u8(c, &image->severity);
    code_u8(c, &image->escalated);
    code_u8(c, &image->rating);
    code_u8(c, &image->rework_count);
    code_u8(c, &image->suspended_from);
    code_u8(c, &image->route_rule);
    if (image->kind >= CASE_KIND_COUNT || image->status >= CASE_STATUS_COUNT ||
        image->stage >= CASE_STAGE_COUNT || image->source >= CASE_SOURCE_COUNT ||
        image->suspended_from >= CASE_STATUS_COUNT || image->route_rule >= ROUTE_RULE_COUNT) {
        code_fail(c);
    }
}

static void code_responsible(struct coder *c, struct case_image *image)
{
    uint16_t score = (uint16_t)image->score_hundredths;

    code_text(c, image->unit, sizeof image->unit);
    code_text(c, image->person, sizeof image->person);
    code_text(c, image->duty, sizeof image->duty);
    code_u16(c, &score);
    image->score_hundredths = (int16_t)score;
    code_text(c, image->confirmer, sizeof image->confirmer);
    code_text(c, image->handler, sizeof image->handler);
    if (!code_count(c, &image->assist_count, CASE_ASSISTS_MAX)) {
        return;
    }
    for (unsigned i = 0; i < image->assist_count; i++) {
        code_text(c, image->assists[i].unit, sizeof image->assists[i].unit);
        code_u8(c, &image->assists[i].fed_back);
    }
}

static void code_times(struct coder *c, struct case_image *image)
{
    int64_t *const times[] = {
        &image->reported_ms, &image->filed_ms,     &image->dispatched_ms, &image->checked_in_ms,
        &image->fed_back_ms, &image->closed_ms,    &image->changed_ms,    &image->due_check_in_ms,
        &image->due_ms,      &image->stage_due_ms, &image->paused_ms,     &image->paused_total_ms,
        &image->since_ms,
    };

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        code_i64(c, times[i]);
    }
}

void case_code_case(struct coder *c, struct case_image *image)
{
    code_u64(c, &image->id);
    code_u64(c, &image->receipt);
    code_marks(c, image);
    code_u32(c, &image->version);
    code_u16(c, &image->row_count);
    code_u16(c, &image->evidence_count);
    code_u64(c, &image->place);
    code_text(c, image->vehicle, sizeof image->vehicle);
    code_position(c, &image->at);
    code_u64(c, &image->grid);
    code_responsible(c, image);
    code_u64(c, &image->former);
    code_u64(c, &image->merged_into);
    code_times(c, image);
    code_u32(c, &image->gap_s);
}

/* What was taken when and by what is said only with a reference to it. */
void case_code_row(struct coder *c, struct case_row_image *row)
{
    code_u64(c, &row->id);
    code_u16(c, &row->number);
    code_u8(c, &row->event);
    code_u8(c, &row->role);
    code_u8(c, &row->status);
    code_u8(c, &row->stage);
    code_u8(c, &row->features);
    code_u8(c, &row->emergency);
    code_i64(c, &row->at_ms);
    code_i64(c, &row->until_ms);
    code_text(c, row->actor, sizeof row->actor);
    code_text(c, row->unit, sizeof row->unit);
    code_text(c, row->note, sizeof row->note);
    code_text(c, row->document, sizeof row->document);
    code_text(c, row->channel, sizeof row->channel);
    code_text(c, row->uri, sizeof row->uri);
    if (row->event >= CASE_EVENT_COUNT || row->status >= CASE_STATUS_COUNT ||
        row->stage >= CASE_STAGE_COUNT) {
        code_fail(c);
    }
    if (row->uri[0] != '\0') {
        code_bytes(c, row->sha256, sizeof row->sha256);
        code_i64(c, &row->taken_ms);
        code_text(c, row->device, sizeof row->device);
        code_position(c, &row->taken_at);
    }
}

void case_code_stay(struct coder *c, struct stay_image *stay)
{
    uint8_t set = stay->set;

    code_u64(c, &stay->key);
    code_u8(c, &set);
    stay->set = set != 0;
    code_i64(c, &stay->since_ms);
    code_i64(c, &stay->released_ms);
    code_i64(c, &stay->back_ms);
    code_i64(c, &stay->gone_ms);
    code_i64(c, &stay->told_ms);
    code_u32(c, &stay->gap_s);
}
