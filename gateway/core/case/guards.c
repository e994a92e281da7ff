/* The guards of the transition table: what must hold beside status, stage and role. One function
 * and one sentence of refusal each; they look only at the deed. */
#include "bowei/base/city_clock.h"
#include "gateway/core/case/transitions.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 96

typedef bool (*guard_fn)(const struct case_deed *deed, char value[VALUE_MAX]);

static bool note_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->move->note[0] != '\0';
}

static bool evidence_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->move->uri[0] != '\0';
}

static bool feature_seen(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%u", deed->move->features);
    return deed->move->features != 0 && deed->move->features < 1u << CASE_FEATURE_COUNT;
}

static bool unit_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    const char *zh;
    const char *en;

    (void)snprintf(value, VALUE_MAX, "%s", deed->move->unit);
    /* what the machine takes from the routes is there; people are told of slips */
    return deed->move->unit[0] != '\0' &&
           (deed->role == CASE_BY_MACHINE || territory_unit(deed->inv, deed->move->unit, &zh, &en));
}

static bool person_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->move->person[0] != '\0';
}

static bool duty_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->move->duty[0] != '\0';
}

/* A city time as people said and read it. */
static void time_text(const struct case_deed *deed, int64_t at_ms, char out[RFC3339_LEN + 1])
{
    rfc3339_format(at_ms + deed->shift_ms, out);
}

static bool deadline_to_come(const struct case_deed *deed, char value[VALUE_MAX])
{
    char until[RFC3339_LEN + 1];

    time_text(deed, deed->move->until_ms, until);
    (void)snprintf(value, VALUE_MAX, "%s", until);
    return deed->move->until_ms > deed->now_ms;
}

static bool score_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->move->has_score;
}

static bool other_unit(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%s", deed->move->unit);
    return strcmp(deed->move->unit, deed->case_->unit) != 0;
}

static const struct case_assist *assist_of(const struct case_deed *deed)
{
    for (unsigned i = 0; i < deed->case_->assist_count; i++) {
        if (strcmp(deed->case_->assists[i].unit, deed->move->unit) == 0) {
            return &deed->case_->assists[i];
        }
    }
    return NULL;
}

static bool assist_room(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%s", deed->move->unit);
    return assist_of(deed) == NULL && deed->case_->assist_count < CASE_ASSISTS_MAX;
}

static bool assisting(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%s", deed->move->unit);
    return assist_of(deed) != NULL;
}

static bool extension(const struct case_deed *deed, char value[VALUE_MAX])
{
    char until[RFC3339_LEN + 1];
    char due[RFC3339_LEN + 1];

    time_text(deed, deed->move->until_ms, until);
    time_text(deed, deed->case_->due_ms, due);
    (void)snprintf(value, VALUE_MAX, "%s; later than the present deadline %s", until, due);
    return (deed->case_->flags & CASE_IS_OVERDUE) == 0 && deed->case_->due_ms > deed->now_ms &&
           deed->move->until_ms > deed->case_->due_ms;
}

static bool document_given(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->move->document[0] != '\0';
}

static bool channel_known(const struct case_deed *deed, char value[VALUE_MAX])
{
    static const char *const channels[] = {"sticker", "call", "operator", "web"};

    (void)snprintf(value, VALUE_MAX, "%s", deed->move->channel);
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        if (strcmp(channels[i], deed->move->channel) == 0) {
            return true;
        }
    }
    return false;
}

static bool notice_long_enough(const struct case_deed *deed, char value[VALUE_MAX])
{
    const uint32_t hours = deed->rules->zombie[deed->case_->kind].notice_hours;

    (void)snprintf(value, VALUE_MAX, "%" PRIu32, hours);
    return deed->move->until_ms == 0 ||
           deed->move->until_ms >= deed->now_ms + (int64_t)hours * 3600000;
}

static bool stage_over(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%s",
                   case_stage_word((enum case_stage)deed->case_->stage)->code);
    return deed->case_->stage_due_ms != 0 && deed->now_ms >= deed->case_->stage_due_ms;
}

static bool not_confirmer(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%s", deed->actor);
    return strcmp(deed->actor, deed->case_->confirmer) != 0;
}

static bool not_quiet(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return !work_calendar_quiet(deed->rules->calendar, deed->now_ms + deed->shift_ms) ||
           (deed->move->emergency && deed->move->note[0] != '\0');
}

static bool not_handler(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%s", deed->actor);
    return strcmp(deed->actor, deed->case_->handler) != 0;
}

static bool proof(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return (deed->case_->flags & CASE_HAS_PROOF) != 0 || deed->move->uri[0] != '\0';
}

static bool other_case(const struct case_deed *deed, char value[VALUE_MAX])
{
    char number[CASE_NUMBER_LEN + 1];

    case_id_format(deed->move->other, number);
    (void)snprintf(value, VALUE_MAX, "%s", deed->move->other == 0 ? "" : number);
    return deed->other != NULL && deed->other->id != deed->case_->id &&
           deed->other->kind == deed->case_->kind &&
           case_status_open((enum case_status)deed->other->status);
}

static bool rating(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)snprintf(value, VALUE_MAX, "%u", deed->move->rating);
    return deed->case_->rating == 0 && deed->move->rating >= 1 && deed->move->rating <= 5;
}

static bool awaited(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->case_->checked_in_ms == 0;
}

static bool led(const struct case_deed *deed, char value[VALUE_MAX])
{
    (void)value;
    return deed->case_->unit[0] != '\0';
}

/* By bit. Each sentence has one %s: where the value goes. */
static const struct {
    guard_fn holds;
    enum err refusal;
    const char *sentence;
} guards[GUARD_COUNT_] = {
    {note_given,         ERR_UNPROCESSABLE, "note: a reason is needed%s"                                      },
    {evidence_given,     ERR_UNPROCESSABLE,
     "evidence: a reference is needed: uri, sha256, taken, device%s"                                          },
    {feature_seen,       ERR_UNPROCESSABLE, "features: %s; at least one of what the site check saw"           },
    {unit_given,         ERR_UNPROCESSABLE, "unit: \"%s\"; a unit of the territory is needed (定人)"        },
    {person_given,       ERR_UNPROCESSABLE, "person: a person is needed (定人)%s"                           },
    {duty_given,         ERR_UNPROCESSABLE, "duty: what is to be done is needed (定责)%s"                   },
    {deadline_to_come,   ERR_UNPROCESSABLE, "until: %s; a deadline later than now is needed (定时)"         },
    {score_given,        ERR_UNPROCESSABLE, "score: the effect on the assessment is needed (定奖惩)%s"     },
    {other_unit,         ERR_UNPROCESSABLE, "unit: \"%s\" leads the case already"                             },
    {assist_room,        ERR_CONFLICT,      "unit: \"%s\" is asked already, or four units are"                },
    {assisting,          ERR_CONFLICT,      "unit: \"%s\" was not asked to help"                              },
    {extension,          ERR_UNPROCESSABLE, "until: %s, and before that has passed"                           },
    {document_given,     ERR_UNPROCESSABLE, "document: its number is needed%s"                                },
    {channel_known,      ERR_UNPROCESSABLE,
     "channel: \"%s\" is not one of sticker, call, operator, web"                                             },
    {notice_long_enough, ERR_UNPROCESSABLE, "until: a notice is for %s hours at least"                        },
    {stage_over,         ERR_CONFLICT,      "stage: the time of %s has not run out"                           },
    {not_confirmer,      ERR_FORBIDDEN,
     "actor: \"%s\" confirmed on site; somebody else must authorise the move"                                 },
    {not_quiet,          ERR_CONFLICT,
     "emergency: no enforcement at night or on a holiday, but in an emergency with a note why%s"              },
    {not_handler,        ERR_FORBIDDEN,     "actor: \"%s\" handled the case; somebody else must verify"       },
    {proof,              ERR_UNPROCESSABLE, "evidence: no case is closed without evidence of its end%s"       },
    {other_case,         ERR_UNPROCESSABLE, "into: \"%s\" is no other open case of the same kind"             },
    {rating,             ERR_UNPROCESSABLE, "rating: %s; 1 to 5, and only once"                               },
    {awaited,            ERR_CONFLICT,      "the unit has reported in already%s"                              },
    {led,                ERR_CONFLICT,      "unit: nobody ever led the case; what stands there is a new one%s"},
};

enum err case_evidence_check(const struct case_move *move, char detail[160])
{
    static const uint8_t none[sizeof move->sha256];
    const char *missing = NULL;

    if (move->features >= 1u << CASE_FEATURE_COUNT) {
        (void)snprintf(detail, 160, "features: %u; not all are known words", move->features);
        return ERR_UNPROCESSABLE;
    }
    if (move->uri[0] == '\0') {
        return ERR_OK;
    }
    if (strstr(move->uri, "://") == NULL) {
        /* data: would carry the picture itself, which is kept nowhere here */
        missing = "uri: a reference with a scheme and ://, never the picture itself";
    } else if (memcmp(move->sha256, none, sizeof none) == 0) {
        missing = "sha256: is needed with uri";
    } else if (move->taken_ms <= 0) {
        missing = "taken: is needed with uri";
    } else if (move->device[0] == '\0') {
        missing = "device: what took it is needed with uri";
    }
    if (missing == NULL) {
        return ERR_OK;
    }
    (void)snprintf(detail, 160, "%s", missing);
    return ERR_UNPROCESSABLE;
}

/* Behind a refusal: what else whoever asks may do with a case that is there, as far as it fits. */
static void alternatives_write(const struct case_deed *deed, char *detail, size_t cap)
{
    size_t count;
    const struct case_transition *rows = case_transitions(&count);
    size_t n = strlen(detail);
    const char *lead = "; it takes ";

    for (size_t i = 0; i < count; i++) {
        const char *code = case_event_word(rows[i].event)->code;

        if (rows[i].event == CASE_EVENT_REPORT || (rows[i].roles & deed->role) == 0 ||
            (rows[i].statuses >> deed->case_->status & 1) == 0 ||
            (rows[i].stages >> deed->case_->stage & 1) == 0) {
            continue;
        }
        if (n + strlen(lead) + strlen(code) + sizeof ", ..." > cap) {
            (void)snprintf(detail + n, cap - n, ", ...");
            return;
        }
        n += (size_t)snprintf(detail + n, cap - n, "%s%s", lead, code);
        lead = ", ";
    }
}

enum err case_transition_check(const struct case_deed *deed, const struct case_transition **row,
                               char detail[160])
{
    const struct case_transition *found =
        case_transition_find((enum case_status)deed->case_->status,
                             (enum case_stage)deed->case_->stage, deed->move->event);
    const enum case_stage stage = (enum case_stage)deed->case_->stage;

    if (found == NULL) {
        (void)snprintf(detail, 160, "event: a case that is %s%s%s takes no %s",
                       case_status_word((enum case_status)deed->case_->status)->code,
                       stage == STAGE_NONE ? "" : ", ",
                       stage == STAGE_NONE ? "" : case_stage_word(stage)->code,
                       case_event_word(deed->move->event)->code);
        alternatives_write(deed, detail, 160);
        return ERR_CONFLICT;
    }
    if ((found->roles & deed->role) == 0) {
        (void)snprintf(detail, 160, "event: %s is not for the role %s",
                       case_event_word(deed->move->event)->code, case_role_code(deed->role));
        return ERR_FORBIDDEN;
    }
    for (unsigned i = 0; i < GUARD_COUNT_; i++) {
        char value[VALUE_MAX] = "";

        if ((found->guards & 1u << i) != 0 && !guards[i].holds(deed, value)) {
            const char *gap = strstr(guards[i].sentence, "%s");

            (void)snprintf(detail, 160, "%.*s%s%s", (int)(gap - guards[i].sentence),
                           guards[i].sentence, value, gap + 2);
            return guards[i].refusal;
        }
    }
    *row = found;
    return case_evidence_check(deed->move, detail);
}
