/* The common parts of prints. */
#include "api/handlers/print.h"
#include "api/qr.h"
#include "bowei/base/city_clock.h"
#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define URL_MAX   200

void print_wall_time(const struct request *rq, int64_t wall_ms, char out[PRINT_TIME_LEN + 1])
{
    char text[RFC3339_LEN + 1];

    out[0] = '\0';
    if (wall_ms > 0) {
        rfc3339_format(wall_ms + rq->api->p.config->calendar.utc_offset_min * MINUTE_MS, text);
        (void)snprintf(out, PRINT_TIME_LEN + 1, "%.10s %.5s", text, text + 11);
    }
}

void print_time(const struct request *rq, int64_t city_ms, char out[PRINT_TIME_LEN + 1])
{
    print_wall_time(rq, city_ms > 0 ? city_ms + rq->now.shift_ms : 0, out);
}

void print_begin(struct print *p, const struct request *rq, enum case_label title)
{
    char text[LABEL_MAX];

    *p = (struct print){.lang = rq->query.lang, .rq = rq};
    html_begin(&p->h, &p->out, p->lang == LANG_EN ? "en" : "zh-CN",
               case_label_in(p->lang, title, text));
}

void print_reply(struct print *p, struct request *rq)
{
    html_end(&p->h);
    respond_text(rq, 200, type_html, &p->out);
}

void print_label(struct print *p, const char *element, enum case_label label)
{
    char text[LABEL_MAX];

    html_leaf(&p->h, element, NULL, case_label_in(p->lang, label, text));
}

void print_line(struct print *p, enum case_label label, const char *text)
{
    if (text[0] == '\0') {
        return;
    }
    html_open(&p->h, "tr", NULL);
    print_label(p, "th", label);
    html_leaf(&p->h, "td", NULL, text);
    html_close(&p->h);
}

void print_line_word(struct print *p, enum case_label label, const struct case_word *word)
{
    char text[LABEL_MAX];

    print_line(p, label, case_word_in(p->lang, word, text));
}

void print_line_time(struct print *p, enum case_label label, int64_t city_ms)
{
    char text[PRINT_TIME_LEN + 1];

    print_time(p->rq, city_ms, text);
    print_line(p, label, text);
}

void print_heads(struct print *p, const enum case_label *labels, unsigned count)
{
    html_open(&p->h, "tr", NULL);
    for (unsigned i = 0; i < count; i++) {
        print_label(p, "th", labels[i]);
    }
    html_close(&p->h);
}

void print_code(struct print *p, const struct request *rq, case_id id)
{
    const char *base = rq->api->p.config->http.public_url;
    char number[CASE_NUMBER_LEN + 1];
    char url[URL_MAX];

    case_id_format(id, number);
    if (base == NULL) {
        (void)snprintf(url, sizeof url, "%s", number);
    } else {
        (void)snprintf(url, sizeof url, "%s/v1/cases/%s", base, number);
    }
    html_open(&p->h, "div", "qr");
    (void)qr_write(&p->h, url);
    print_label(p, "div", LABEL_SCAN);
    html_close(&p->h);
}

void print_unit(const struct request *rq, enum print_lang lang, const char *unit, char *out,
                size_t cap)
{
    const char *zh = "";
    const char *en = "";

    (void)snprintf(out, cap, "%s", unit);
    if (unit[0] != '\0' && territory_unit(rq->inv, unit, &zh, &en) &&
        (zh[0] != '\0' || en[0] != '\0')) {
        (void)snprintf(out, cap, "%s%s%s (%s)", lang == LANG_EN ? "" : zh,
                       lang == LANG_BOTH ? " " : "", lang == LANG_ZH ? "" : en, unit);
    }
}

/* Its name in the language, "" when it has none. */
static const char *place_name(const struct inventory *inv, enum print_lang lang, space_key place)
{
    const uint32_t fence = fences_find(inv, place);
    uint32_t lot = inventory_lot(inv, place);
    const uint32_t space = inventory_space(inv, place);

    if (fence != NO_FENCE) {
        return inventory_text(inv, lang == LANG_EN ? inv->fences[fence].name_en
                                                   : inv->fences[fence].name_zh);
    }
    if (lot == NO_SLOT && space != NO_SLOT) {
        lot = inv->spaces[space].lot;
    }
    if (lot == NO_SLOT) {
        return "";
    }
    return inventory_text(inv, lang == LANG_EN ? inv->lots[lot].name_en : inv->lots[lot].name_zh);
}

void print_place(const struct request *rq, enum print_lang lang, space_key place, char *out,
                 size_t cap)
{
    char id[SPACE_ID_DISPLAY_LEN + 1];
    const char *name;

    out[0] = '\0';
    if (place == 0 || cap == 0) {
        return;
    }
    name = place_name(rq->inv, lang, place);
    space_id_display(place, id);
    (void)snprintf(out, cap, "%s%s%s", name, name[0] == '\0' ? "" : " ", id);
}
