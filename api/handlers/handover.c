/* The note for the next shift (交接班): what came in, and of what is open: what is overdue, falls
 * due in the next shift, hangs, is supervised or is nobody's. Two questions to the core, one note;
 * JSON, text, or HTML for printing, all from one table of sections. */
#include "api/handlers/asking.h"
#include "api/handlers/fleet.h"
#include "api/handlers/print.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_MAX    1000u /* cases looked at, of each question */
#define SHIFT_HOURS 8u
#define HOUR_MS     INT64_C(3600000)
#define PLACE_MAX   256

static request_answer came_answer, note_answer;

struct note {
    struct case_request came, open;
    struct case_figures figures;
    uint32_t came_by_source[CASE_SOURCE_COUNT]; /* all of them, listed or not */
    int64_t now_ms, span_ms;                    /* city time */
    struct case_image cases[2][NOTE_MAX];
};

/* --- the sections --- */

static bool is_new(const struct note *note, const struct case_image *c)
{
    (void)note;
    (void)c;
    return true;
}

static bool is_overdue(const struct note *note, const struct case_image *c)
{
    const int64_t due = case_due_next(c);

    return (c->flags & CASE_IS_OVERDUE) != 0 || (due != 0 && due < note->now_ms);
}

static bool is_due(const struct note *note, const struct case_image *c)
{
    const int64_t due = case_due_next(c);

    return due >= note->now_ms && due <= note->now_ms + note->span_ms;
}

static bool is_suspended(const struct note *note, const struct case_image *c)
{
    (void)note;
    return c->status == STATUS_SUSPENDED;
}

static bool is_escalated(const struct note *note, const struct case_image *c)
{
    (void)note;
    return c->escalated > 0;
}

static bool is_orphan(const struct note *note, const struct case_image *c)
{
    (void)note;
    return case_is_orphan(c);
}

static const struct section {
    enum case_label label;
    bool of_new; /* of what came in; else of what is open */
    bool (*holds)(const struct note *note, const struct case_image *c);
} sections[] = {
    {LABEL_CAME_IN,   true,  is_new      },
    {LABEL_OVERDUE,   false, is_overdue  },
    {LABEL_DUE_SOON,  false, is_due      },
    {LABEL_SUSPENDED, false, is_suspended},
    {LABEL_ESCALATED, false, is_escalated},
    {LABEL_ORPHANS,   false, is_orphan   },
};

static const struct case_request *request_of(const struct note *note, const struct section *section)
{
    return section->of_new ? &note->came : &note->open;
}

/* The next case of a section from *at on, NULL at the end. */
static const struct case_image *section_next(const struct note *note, const struct section *section,
                                             uint32_t *at)
{
    const struct case_request *request = request_of(note, section);

    while (*at < request->case_count) {
        const struct case_image *c = &request->cases[(*at)++];

        if (section->holds(note, c)) {
            return c;
        }
    }
    return NULL;
}

static uint32_t section_count(const struct note *note, const struct section *section)
{
    uint32_t at = 0;
    uint32_t n = 0;

    for (unsigned i = 0; section->of_new && i < CASE_SOURCE_COUNT; i++) {
        n += note->came_by_source[i];
    }
    while (!section->of_new && section_next(note, section, &at) != NULL) {
        n++;
    }
    return n;
}

/* --- the questions --- */

void cases_handover(struct request *rq)
{
    const uint32_t hours = rq->query.hours == 0 ? SHIFT_HOURS : rq->query.hours;
    struct note *note;

    if (!asking_open_kept(rq, COMMAND_CASES, came_answer)) {
        return;
    }
    note = calloc(1, sizeof *note);
    if (note == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    rq->pending->own = note;
    rq->pending->command.cases = &note->came;
    note->now_ms = rq->now.at_ms;
    note->span_ms = hours * HOUR_MS;
    note->came.cases = note->cases[0];
    note->came.limit = NOTE_MAX;
    note->came.by_source = note->came_by_source;
    note->came.filter.from_ms = note->now_ms - note->span_ms;
    note->open.cases = note->cases[1];
    note->open.limit = NOTE_MAX;
    note->open.order = CASES_DUE_NEXT;
    note->open.filter.open = true;
    note->open.audited = true;
    note->open.figures = &note->figures;
    asking_submit(rq);
}

static void came_answer(struct request *rq)
{
    struct note *note = rq->pending->own;

    rq->pending->own = NULL;
    if (!asking_open(rq, COMMAND_CASES, 0, note_answer)) {
        free(note);
        return;
    }
    rq->pending->own = note;
    rq->pending->command.cases = &note->open;
    asking_submit(rq);
}

/* --- as JSON --- */

static void note_json(struct request *rq, const struct note *note)
{
    const struct case_reader reader = case_reader_of(rq);
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + reader.shift_ms);
    fleet_time(reader.shift_ms, &w, "from", note->now_ms - note->span_ms);
    fleet_time(reader.shift_ms, &w, "until", note->now_ms + note->span_ms);
    json_kv_u64(&w, "outstanding", note->figures.outstanding);
    json_kv_bool(&w, "complete", !note->came.more && !note->open.more);
    json_key(&w, "by_source");
    json_object(&w);
    for (unsigned i = 0; i < CASE_SOURCE_COUNT; i++) {
        json_kv_u64(&w, case_source_word((enum case_source)i)->code, note->came_by_source[i]);
    }
    json_object_end(&w);
    for (size_t s = 0; s < ARRAY_LEN(sections); s++) {
        const struct case_image *c;
        uint32_t at = 0;

        json_key(&w, case_label_word(sections[s].label)->code);
        json_array(&w);
        while ((c = section_next(note, &sections[s], &at)) != NULL) {
            case_write(&reader, &w, c, NULL, 0);
        }
        json_array_end(&w);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

/* --- as text and as a page: a line a case --- */

/* What of a case goes into a line. */
struct line {
    char number[CASE_NUMBER_LEN + 1];
    char kind[LABEL_MAX], status[LABEL_MAX], place[PLACE_MAX], due[PRINT_TIME_LEN + 1];
    const char *unit, *person;
};

static void line_fill(const struct request *rq, const struct case_image *c, struct line *line)
{
    const enum print_lang lang = rq->query.lang;
    const int64_t due = case_due_next(c);

    case_id_format(c->id, line->number);
    (void)case_word_in(lang, case_kind_word((enum case_kind)c->kind), line->kind);
    (void)case_word_in(lang, case_status_word((enum case_status)c->status), line->status);
    print_place(rq, lang, c->place, line->place, sizeof line->place);
    print_time(rq, due, line->due);
    line->unit = c->unit;
    line->person = c->person;
}

static void note_text(struct request *rq, const struct note *note)
{
    char time[2][PRINT_TIME_LEN + 1];
    char label[LABEL_MAX];
    struct strbuf out = {0};
    struct line line;

    print_time(rq, note->now_ms - note->span_ms, time[0]);
    print_time(rq, note->now_ms, time[1]);
    strbuf_printf(&out, "%s\n%s - %s\n", case_label_in(rq->query.lang, LABEL_HANDOVER_TITLE, label),
                  time[0], time[1]);
    for (size_t s = 0; s < ARRAY_LEN(sections); s++) {
        const struct case_image *c;
        uint32_t at = 0;

        strbuf_printf(&out, "\n%s: %u\n", case_label_in(rq->query.lang, sections[s].label, label),
                      section_count(note, &sections[s]));
        while ((c = section_next(note, &sections[s], &at)) != NULL) {
            line_fill(rq, c, &line);
            strbuf_printf(&out, "  %s  %s  %s  %s  %s  %s  %s\n", line.number, line.kind,
                          line.status, line.place, line.unit, line.person, line.due);
        }
    }
    if (note->came.more || note->open.more) {
        strbuf_printf(&out, "\n%s\n", case_label_in(rq->query.lang, LABEL_MORE, label));
    }
    respond_text(rq, 200, type_text, &out);
}

static void section_page(struct print *p, const struct request *rq, const struct note *note,
                         const struct section *section)
{
    static const enum case_label heads[] = {LABEL_CASE_NUMBER, LABEL_KIND, LABEL_STATUS,
                                            LABEL_PLACE,       LABEL_UNIT, LABEL_PERSON,
                                            LABEL_DUE};
    const struct case_image *c;
    struct line line;
    char label[LABEL_MAX];
    uint32_t at = 0;

    html_open(&p->h, "h2", NULL);
    html_printf(&p->h, "%s: %u", case_label_in(p->lang, section->label, label),
                section_count(note, section));
    html_close(&p->h);
    if (section_count(note, section) == 0) {
        return;
    }
    html_open(&p->h, "table", "list");
    print_heads(p, heads, ARRAY_LEN(heads));
    while ((c = section_next(note, section, &at)) != NULL) {
        line_fill(rq, c, &line);
        html_open(&p->h, "tr", NULL);
        html_leaf(&p->h, "td", NULL, line.number);
        html_leaf(&p->h, "td", NULL, line.kind);
        html_leaf(&p->h, "td", NULL, line.status);
        html_leaf(&p->h, "td", NULL, line.place);
        html_leaf(&p->h, "td", NULL, line.unit);
        html_leaf(&p->h, "td", NULL, line.person);
        html_leaf(&p->h, "td", NULL, line.due);
        html_close(&p->h);
    }
    html_close(&p->h);
}

static void note_page(struct request *rq, const struct note *note)
{
    char time[2][PRINT_TIME_LEN + 1];
    struct print p;

    print_begin(&p, rq, LABEL_HANDOVER_TITLE);
    print_time(rq, note->now_ms - note->span_ms, time[0]);
    print_time(rq, note->now_ms, time[1]);
    print_label(&p, "h1", LABEL_HANDOVER_TITLE);
    html_open(&p.h, "p", "number");
    html_printf(&p.h, "%s - %s", time[0], time[1]);
    html_close(&p.h);
    for (size_t s = 0; s < ARRAY_LEN(sections); s++) {
        section_page(&p, rq, note, &sections[s]);
    }
    if (note->came.more || note->open.more) {
        print_label(&p, "p", LABEL_MORE);
    }
    html_open(&p.h, "div", "seal");
    print_label(&p, "p", LABEL_HANDED_OVER);
    html_close(&p.h);
    print_reply(&p, rq);
}

static void note_answer(struct request *rq)
{
    const struct note *note = rq->pending->own;

    switch (rq->query.sheet) {
    case SHEET_JSON: note_json(rq, note); break;
    case SHEET_HTML: note_page(rq, note); break;
    case SHEET_TEXT: note_text(rq, note); break;
    }
}
