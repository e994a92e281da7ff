/* Prints of one case: the notice to the keeper (告知书), and the file with everything that is kept
 * of it (一车一档). A4, no scripts; the notice has no plate, only a line to write one by hand. */
#include "api/handlers/print.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PLACE_MAX 256
#define HEX_MAX   65

static request_answer notice_answer, file_answer;

void case_notice_get(struct request *rq)
{
    desk_read_one(rq, notice_answer);
}

void case_file_get(struct request *rq)
{
    desk_read_one(rq, file_answer);
}

/* "积尘、瘪胎" of bits, in the language. */
static void words_of(enum print_lang lang, unsigned bits, unsigned count,
                     const struct case_word *(*word)(unsigned i), char *out, size_t cap)
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < count && n < cap; i++) {
        char text[LABEL_MAX];

        if (bits >> i & 1) {
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n == 0 ? "" : "; ",
                                  case_word_in(lang, word(i), text));
        }
    }
}

static const struct case_word *feature_at(unsigned i)
{
    return case_feature_word((enum case_feature)i);
}

static const struct case_word *reason_at(unsigned i)
{
    return zombie_reason_word((enum zombie_reason)i);
}

static void place_lines(struct print *p, const struct request *rq, const struct case_image *c)
{
    char text[PLACE_MAX];

    print_place(rq, p->lang, c->place, text, sizeof text);
    print_line(p, LABEL_PLACE, text);
    if (c->at.lat != 0 || c->at.lon != 0) {
        (void)snprintf(text, sizeof text, "%.6f, %.6f", c->at.lat / 1e7, c->at.lon / 1e7);
        print_line(p, LABEL_POSITION, text);
    }
}

/* --- the notice --- */

static const struct case_word *channel_word(const char *channel)
{
    static const enum case_label labels[] = {LABEL_STICKER, LABEL_CALL, LABEL_OPERATOR, LABEL_WEB};

    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (strcmp(case_label_word(labels[i])->code, channel) == 0) {
            return case_label_word(labels[i]);
        }
    }
    return NULL;
}

/* The newest notice of a history, NULL when none was given. */
static const struct case_row_image *notice_row(const struct case_request *request)
{
    for (uint32_t i = request->row_count; i > 0; i--) {
        if (request->rows[i - 1].event == CASE_EVENT_NOTICE) {
            return &request->rows[i - 1];
        }
    }
    return NULL;
}

/* Its deadline: the case's own, which an extension may have moved, while the notice runs. */
static int64_t notice_until(const struct case_image *c, const struct case_row_image *row)
{
    return c->stage == STAGE_NOTICED && c->stage_due_ms != 0 ? c->stage_due_ms : row->until_ms;
}

static void notice_table(struct print *p, const struct request *rq, const struct case_image *c,
                         const struct case_row_image *row)
{
    char text[PLACE_MAX];

    html_open(&p->h, "table", NULL);
    print_line(p, LABEL_NOTICE_NUMBER, row->document);
    print_line_word(p, LABEL_KIND, case_kind_word((enum case_kind)c->kind));
    place_lines(p, rq, c);
    print_line(p, LABEL_VEHICLE, c->vehicle);
    print_line_time(p, LABEL_STANDING_SINCE, c->since_ms);
    words_of(p->lang, c->features, CASE_FEATURE_COUNT, feature_at, text, sizeof text);
    print_line(p, LABEL_FOUND, text);
    if (c->vehicle[0] == '\0') {
        print_line(p, LABEL_PLATE_BY_HAND, " ");
    }
    print_line_time(p, LABEL_NOTICED_AT, row->at_ms);
    print_line_time(p, LABEL_DEADLINE, notice_until(c, row));
    if (channel_word(row->channel) != NULL) {
        print_line_word(p, LABEL_CHANNEL, channel_word(row->channel));
    }
    print_unit(rq, p->lang, c->unit, text, sizeof text);
    print_line(p, LABEL_UNIT, text);
    print_line(p, LABEL_PHONE_BY_HAND, " ");
    html_close(&p->h);
}

static void notice_answer(struct request *rq)
{
    const struct case_request *request = &desk_of(rq)->request;
    const struct case_image *c = &request->cases[0];
    const struct case_row_image *row = notice_row(request);
    char number[CASE_NUMBER_LEN + 1];
    struct print p;

    if (row == NULL) {
        respond_problem(rq, ERR_CONFLICT, "no notice has been given in this case yet");
        return;
    }
    case_id_format(c->id, number);
    print_begin(&p, rq, LABEL_NOTICE_TITLE);
    print_label(&p, "h1", LABEL_NOTICE_TITLE);
    print_code(&p, rq, c->id);
    html_leaf(&p.h, "p", "number", number);
    notice_table(&p, rq, c, row);
    print_label(&p, "p", LABEL_NOTICE_TEXT);
    print_label(&p, "p", LABEL_NOTICE_RIGHTS);
    html_open(&p.h, "div", "seal");
    print_label(&p, "p", LABEL_SEAL);
    html_close(&p.h);
    print_reply(&p, rq);
}

/* --- the file --- */

static void state_lines(struct print *p, const struct case_image *c)
{
    char text[PLACE_MAX];

    print_line_word(p, LABEL_KIND, case_kind_word((enum case_kind)c->kind));
    print_line_word(p, LABEL_SOURCE, case_source_word((enum case_source)c->source));
    print_line_word(p, LABEL_STATUS, case_status_word((enum case_status)c->status));
    if (c->stage != STAGE_NONE) {
        print_line_word(p, LABEL_STAGE, case_stage_word((enum case_stage)c->stage));
    }
    words_of(p->lang, c->reasons, ZOMBIE_REASON_COUNT, reason_at, text, sizeof text);
    print_line(p, LABEL_REASONS, text);
    words_of(p->lang, c->features, CASE_FEATURE_COUNT, feature_at, text, sizeof text);
    print_line(p, LABEL_FOUND, text);
    print_line_time(p, LABEL_STANDING_SINCE, c->since_ms);
}

static void duty_lines(struct print *p, const struct request *rq, const struct case_image *c)
{
    char text[LABEL_MAX];

    print_unit(rq, p->lang, c->unit, text, sizeof text);
    print_line(p, LABEL_UNIT,
               c->unit[0] != '\0' ? text : case_label_in(p->lang, LABEL_NOBODY, text));
    print_line(p, LABEL_PERSON, c->person);
    print_line(p, LABEL_DUTY, c->duty);
    print_line_time(p, LABEL_DUE, c->stage_due_ms != 0 ? c->stage_due_ms : c->due_ms);
    if (c->score_hundredths != 0) {
        (void)snprintf(text, sizeof text, "%.2f", c->score_hundredths / 100.0);
        print_line(p, LABEL_SCORE, text);
    }
    if (c->former != 0) {
        case_id_format(c->former, text);
        print_line(p, LABEL_FORMER, text);
    }
}

static void history_row(struct print *p, const struct case_row_image *row)
{
    char text[LABEL_MAX];
    char time[PRINT_TIME_LEN + 1];

    print_time(p->rq, row->at_ms, time);
    html_open(&p->h, "tr", NULL);
    html_open(&p->h, "td", NULL);
    html_printf(&p->h, "%u", row->number);
    html_close(&p->h);
    html_leaf(&p->h, "td", NULL, time);
    html_leaf(&p->h, "td", NULL,
              case_word_in(p->lang, case_event_word((enum case_event)row->event), text));
    html_leaf(&p->h, "td", NULL,
              row->actor[0] != '\0' ? row->actor : case_label_in(p->lang, LABEL_MACHINE, text));
    html_leaf(&p->h, "td", NULL, row->unit);
    html_leaf(&p->h, "td", NULL, row->document);
    html_leaf(&p->h, "td", NULL, row->note);
    html_close(&p->h);
}

static void history_table(struct print *p, const struct case_request *request)
{
    static const enum case_label heads[] = {LABEL_NUMBER, LABEL_TIME,     LABEL_EVENT, LABEL_ACTOR,
                                            LABEL_UNIT,   LABEL_DOCUMENT, LABEL_NOTE};

    print_label(p, "h2", LABEL_HISTORY);
    html_open(&p->h, "table", "list");
    print_heads(p, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < request->row_count; i++) {
        history_row(p, &request->rows[i]);
    }
    html_close(&p->h);
}

static void evidence_row(struct print *p, const struct case_row_image *row)
{
    char hex[HEX_MAX];
    char time[PRINT_TIME_LEN + 1];

    sodium_bin2hex(hex, sizeof hex, row->sha256, sizeof row->sha256);
    print_wall_time(p->rq, row->taken_ms, time);
    html_open(&p->h, "tr", NULL);
    html_open(&p->h, "td", NULL);
    html_printf(&p->h, "%u", row->number);
    html_close(&p->h);
    html_leaf(&p->h, "td", NULL, time);
    html_leaf(&p->h, "td", NULL, row->device);
    html_open(&p->h, "td", "small");
    html_link(&p->h, row->uri, row->uri);
    html_close(&p->h);
    html_leaf(&p->h, "td", "small", hex);
    html_close(&p->h);
}

static void evidence_table(struct print *p, const struct case_request *request)
{
    static const enum case_label heads[] = {LABEL_NUMBER, LABEL_TIME, LABEL_DEVICE, LABEL_REFERENCE,
                                            LABEL_DIGEST};

    if (request->cases[0].evidence_count == 0) {
        return;
    }
    print_label(p, "h2", LABEL_EVIDENCE);
    html_open(&p->h, "table", "list");
    print_heads(p, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < request->row_count; i++) {
        if (request->rows[i].uri[0] != '\0') {
            evidence_row(p, &request->rows[i]);
        }
    }
    html_close(&p->h);
}

static void file_answer(struct request *rq)
{
    const struct case_request *request = &desk_of(rq)->request;
    const struct case_image *c = &request->cases[0];
    char number[CASE_NUMBER_LEN + 1];
    struct print p;

    case_id_format(c->id, number);
    print_begin(&p, rq, LABEL_FILE_TITLE);
    print_label(&p, "h1", LABEL_FILE_TITLE);
    print_code(&p, rq, c->id);
    html_leaf(&p.h, "p", "number", number);
    html_open(&p.h, "table", NULL);
    state_lines(&p, c);
    place_lines(&p, rq, c);
    print_line(&p, LABEL_VEHICLE, c->vehicle);
    duty_lines(&p, rq, c);
    html_close(&p.h);
    evidence_table(&p, request);
    history_table(&p, request);
    print_reply(&p, rq);
}
