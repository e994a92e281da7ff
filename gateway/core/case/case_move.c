/* The effects of events beside status and stage: one function an event that has any. */
#include "gateway/core/case/case_move.h"
#include "gateway/core/case/clocks.h"
#include <string.h>

#define HOUR_MS   3600000LL
#define DAY_MS    (24 * HOUR_MS)
#define MINUTE_MS 60000LL

typedef void (*effect_fn)(struct case_image *image, const struct case_deed *deed);

static void handled(struct case_image *image, const struct case_deed *deed)
{
    memset(image->handler, 0, sizeof image->handler);
    memcpy(image->handler, deed->actor, strnlen(deed->actor, COMMAND_ACTOR_MAX - 1));
}

static void file(struct case_image *image, const struct case_deed *deed)
{
    image->filed_ms = deed->now_ms;
}

static void confirm(struct case_image *image, const struct case_deed *deed)
{
    image->filed_ms = deed->now_ms;
    memset(image->confirmer, 0, sizeof image->confirmer);
    memcpy(image->confirmer, deed->actor, strnlen(deed->actor, COMMAND_ACTOR_MAX - 1));
}

static void whistle(struct case_image *image, const struct case_deed *deed)
{
    image->checked_in_ms = 0;
    image->due_check_in_ms =
        deed->rules->check_in_min == 0 ? 0 : deed->now_ms + deed->rules->check_in_min * MINUTE_MS;
}

static void lead(struct case_image *image, const struct case_deed *deed)
{
    memcpy(image->unit, deed->move->unit, sizeof image->unit);
    memcpy(image->person, deed->move->person, sizeof image->person);
    /* chosen; casebook_auto_dispatch says by which rule otherwise */
    image->route_rule = ROUTE_NONE;
    if (deed->move->duty[0] != '\0') {
        memcpy(image->duty, deed->move->duty, sizeof image->duty);
    }
    if (deed->move->has_score) {
        image->score_hundredths = deed->move->score_hundredths;
    }
    whistle(image, deed);
}

static void dispatch(struct case_image *image, const struct case_deed *deed)
{
    lead(image, deed);
    image->dispatched_ms = deed->now_ms;
    image->due_ms = deed->move->until_ms;
    image->flags &= (uint8_t)~CASE_IS_OVERDUE; /* a new clock; the history has the former one */
}

static void check_in(struct case_image *image, const struct case_deed *deed)
{
    image->checked_in_ms = deed->now_ms;
    image->due_check_in_ms = 0;
}

/* Not this unit's: the clock begins with the next dispatch. */
static void give_back(struct case_image *image, const struct case_deed *deed)
{
    (void)deed;
    memset(image->unit, 0, sizeof image->unit);
    memset(image->person, 0, sizeof image->person);
    image->route_rule = ROUTE_NONE;
    image->due_ms = 0;
    image->due_check_in_ms = 0;
}

static void assist(struct case_image *image, const struct case_deed *deed)
{
    struct case_assist *one = &image->assists[image->assist_count++];

    memcpy(one->unit, deed->move->unit, sizeof one->unit);
    one->fed_back = 0;
}

static void assist_feedback(struct case_image *image, const struct case_deed *deed)
{
    for (unsigned i = 0; i < image->assist_count; i++) {
        if (strcmp(image->assists[i].unit, deed->move->unit) == 0) {
            image->assists[i].fed_back = 1;
        }
    }
}

static void suspend(struct case_image *image, const struct case_deed *deed)
{
    image->suspended_from = image->status;
    clocks_stop(image, deed->now_ms);
}

static void resume(struct case_image *image, const struct case_deed *deed)
{
    clocks_go_on(image, deed->rules, deed->now_ms, deed->shift_ms);
}

static void extend(struct case_image *image, const struct case_deed *deed)
{
    image->due_ms = deed->move->until_ms;
}

static void feedback(struct case_image *image, const struct case_deed *deed)
{
    handled(image, deed);
    image->fed_back_ms = deed->now_ms;
    image->stage_due_ms = 0;
}

/* To be done again, proof of it too; the deadline stays. */
static void rework(struct case_image *image, const struct case_deed *deed)
{
    (void)deed;
    image->rework_count = (uint8_t)(image->rework_count + (image->rework_count < UINT8_MAX));
    image->flags &= (uint8_t)~CASE_HAS_PROOF;
    image->fed_back_ms = 0;
}

static void rehandle(struct case_image *image, const struct case_deed *deed)
{
    (void)deed;
    image->flags &= (uint8_t)~CASE_IS_GONE; /* said to have left, found standing there */
}

static void end(struct case_image *image, const struct case_deed *deed)
{
    image->closed_ms = deed->now_ms;
    image->stage_due_ms = 0;
}

static void rate(struct case_image *image, const struct case_deed *deed)
{
    image->rating = deed->move->rating;
}

static void notice(struct case_image *image, const struct case_deed *deed)
{
    const int64_t least_ms = deed->rules->zombie[image->kind].notice_hours * HOUR_MS;

    image->stage_due_ms =
        deed->move->until_ms != 0 ? deed->move->until_ms : deed->now_ms + least_ms;
    clocks_wait(image, image->stage_due_ms - deed->now_ms);
}

static void notice_over(struct case_image *image, const struct case_deed *deed)
{
    (void)deed;
    image->stage_due_ms = 0;
}

static void impound(struct case_image *image, const struct case_deed *deed)
{
    const int64_t claim_ms = deed->rules->zombie[image->kind].claim_days * DAY_MS;
    const int64_t announce_ms = deed->rules->zombie[image->kind].announce_days * DAY_MS;

    handled(image, deed);
    image->stage_due_ms = deed->now_ms + claim_ms;
    clocks_wait(image, claim_ms + announce_ms);
    image->flags |= deed->move->emergency ? CASE_IS_EMERGENCY : 0;
}

static void announce(struct case_image *image, const struct case_deed *deed)
{
    image->stage_due_ms = deed->now_ms + deed->rules->zombie[image->kind].announce_days * DAY_MS;
}

static void self_clear(struct case_image *image, const struct case_deed *deed)
{
    clocks_go_on(image, deed->rules, deed->now_ms, deed->shift_ms);
    feedback(image, deed);
    image->flags |= CASE_IS_GONE;
}

static void merge(struct case_image *image, const struct case_deed *deed)
{
    image->merged_into = deed->move->other;
    image->flags |= CASE_IS_MERGED;
    end(image, deed);
}

/* One thing is told, in the order of casebook_due.c, and once. */
static void escalate(struct case_image *image, const struct case_deed *deed)
{
    image->escalated = (uint8_t)(image->escalated + (image->escalated < UINT8_MAX));
    if (clocks_check_in_missed(image, deed->now_ms)) {
        image->due_check_in_ms = 0;
    } else if (clocks_deadline_missed(image, deed->now_ms)) {
        image->flags |= CASE_IS_OVERDUE;
    }
}

static const effect_fn effects[CASE_EVENT_COUNT] = {
    [CASE_EVENT_FILE] = file,
    [CASE_EVENT_CONFIRM] = confirm,
    [CASE_EVENT_VOID] = end,
    [CASE_EVENT_DISPATCH] = dispatch,
    [CASE_EVENT_CHECK_IN] = check_in,
    [CASE_EVENT_RETURN] = give_back,
    [CASE_EVENT_TRANSFER] = lead,
    [CASE_EVENT_ASSIST] = assist,
    [CASE_EVENT_ASSIST_FEEDBACK] = assist_feedback,
    [CASE_EVENT_SUSPEND] = suspend,
    [CASE_EVENT_RESUME] = resume,
    [CASE_EVENT_EXTEND] = extend,
    [CASE_EVENT_FEEDBACK] = feedback,
    [CASE_EVENT_REWORK] = rework,
    [CASE_EVENT_REHANDLE] = rehandle,
    [CASE_EVENT_CLOSE] = end,
    [CASE_EVENT_RATE] = rate,
    [CASE_EVENT_NOTICE] = notice,
    [CASE_EVENT_NOTICE_OVER] = notice_over,
    [CASE_EVENT_IMPOUND] = impound,
    [CASE_EVENT_ANNOUNCE] = announce,
    [CASE_EVENT_CLAIM] = feedback,
    [CASE_EVENT_DISPOSE] = feedback,
    [CASE_EVENT_SELF_CLEAR] = self_clear,
    [CASE_EVENT_MERGE] = merge,
    [CASE_EVENT_ESCALATE] = escalate,
    [CASE_EVENT_URGE] = whistle,
};

static void evidence(struct case_image *image, const struct case_move *move)
{
    if (move->uri[0] == '\0') {
        return;
    }
    image->evidence_count =
        (uint16_t)(image->evidence_count + (image->evidence_count < UINT16_MAX));
    if (image->status == STATUS_FEEDBACK || image->status == STATUS_CHECKING ||
        image->status == STATUS_CLOSED) {
        image->flags |= CASE_HAS_PROOF;
    }
}

void case_apply(struct case_image *image, const struct case_deed *deed,
                const struct case_transition *row)
{
    if (effects[row->event] != NULL) {
        effects[row->event](image, deed);
    }
    if (row->to_status == CASE_RETURNS) {
        image->status = image->suspended_from;
    } else if (row->to_status != CASE_STAYS) {
        image->status = row->to_status;
    }
    if (row->to_stage != CASE_STAYS) {
        image->stage = row->to_stage;
    }
    image->features |= deed->move->features;
    evidence(image, deed->move);
    image->version++;
    image->row_count++;
    image->changed_ms = deed->now_ms;
}

void case_row_of(const struct case_image *image, const struct case_deed *deed,
                 struct case_row_image *out)
{
    const struct case_move *move = deed->move;

    memset(out, 0, sizeof *out);
    out->id = image->id;
    out->number = image->row_count;
    out->event = (uint8_t)move->event;
    out->role = (uint8_t)deed->role;
    out->status = image->status;
    out->stage = image->stage;
    out->features = move->features;
    out->emergency = move->emergency;
    out->at_ms = deed->now_ms;
    memcpy(out->actor, deed->actor, strnlen(deed->actor, sizeof out->actor - 1));
    memcpy(out->unit, move->unit, strnlen(move->unit, sizeof out->unit - 1));
    memcpy(out->note, move->note, strnlen(move->note, sizeof out->note - 1));
    memcpy(out->document, move->document, strnlen(move->document, sizeof out->document - 1));
    memcpy(out->channel, move->channel, strnlen(move->channel, sizeof out->channel - 1));
    out->until_ms = move->until_ms;
    if (move->uri[0] != '\0') {
        memcpy(out->uri, move->uri, strnlen(move->uri, sizeof out->uri - 1));
        memcpy(out->sha256, move->sha256, sizeof out->sha256);
        out->taken_ms = move->taken_ms;
        memcpy(out->device, move->device, strnlen(move->device, sizeof out->device - 1));
        out->taken_at = move->taken_at;
    }
}
