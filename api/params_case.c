/* Query parameters of cases and their desk. */
#include "api/params_value.h"
#include "bowei/audit_log.h"
#include "bowei/base/city_clock.h"
#include "bowei/case.h"
#include <stdio.h>
#include <string.h>

#define LIST_MAX 200

/* clang-format off: one line a table */
/* The bits of words of one dictionary; the fault lists all of its codes. */
#define WORDS(parser, noun, count, field)                                                          \
    static bool noun##_set(struct query *query, const char *word, size_t len)                      \
    {                                                                                              \
        enum noun found;                                                                           \
                                                                                                   \
        if (!noun##_find(word, len, &found)) {                                                     \
            return false;                                                                          \
        }                                                                                          \
        query->field |= UINT32_C(1) << found;                                                      \
        return true;                                                                               \
    }                                                                                              \
                                                                                                   \
    void parser(const struct value *v)                                                             \
    {                                                                                              \
        char allowed[LIST_MAX] = "";                                                               \
        size_t n = 0;                                                                              \
                                                                                                   \
        for (unsigned i = 0; i < (count) && n < sizeof allowed; i++) {                             \
            n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s%s", i == 0 ? "" : ", ",     \
                                  noun##_word((enum noun)i)->code);                                \
        }                                                                                          \
        value_words(v, noun##_set, allowed);                                                       \
    }

WORDS(parse_case_statuses, case_status, CASE_STATUS_COUNT, case_statuses)
WORDS(parse_case_kinds, case_kind, CASE_KIND_COUNT, case_kinds)
WORDS(parse_case_stages, case_stage, CASE_STAGE_COUNT, case_stages)
WORDS(parse_case_sources, case_source, CASE_SOURCE_COUNT, case_sources)

/* clang-format on */

/* Letters, digits, hyphen. */
static void code(const struct value *v, size_t max, const char **out)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";

    if (v->len == 0 || v->len > max || strspn(v->text, allowed) != v->len) {
        faults_add(v->faults, v->row->name, "must be 1 to %zu letters, digits and hyphens", max);
        return;
    }
    *out = v->text;
}

void parse_case_unit(const struct value *v)
{
    code(v, UNIT_CODE_MAX, &v->query->case_unit);
}

void parse_case_person(const struct value *v)
{
    code(v, PERSON_CODE_MAX, &v->query->case_person);
}

static bool is_set(struct query *query, const char *word, size_t len)
{
    const struct {
        const char *word;
        bool *flag;
    } rows[] = {
        {"open",      &query->case_open     },
        {"overdue",   &query->case_overdue  },
        {"orphan",    &query->case_orphan   },
        {"recurring", &query->case_recurring},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strlen(rows[i].word) == len && memcmp(rows[i].word, word, len) == 0) {
            *rows[i].flag = true;
            return true;
        }
    }
    return false;
}

void parse_case_is(const struct value *v)
{
    value_words(v, is_set, "open, overdue, orphan, recurring");
}

void parse_case_place(const struct value *v)
{
    value_id(v, &v->query->case_place);
}

static void time_value(const struct value *v, int64_t *out)
{
    if (rfc3339_parse(v->text, (uint32_t)v->len, out) != 0 || *out <= 0) {
        faults_add(v->faults, v->row->name,
                   "must be an RFC 3339 time, e.g. 2026-11-21T18:00:00+08:00 (+ as %%2B)");
    }
}

void parse_from_time(const struct value *v)
{
    time_value(v, &v->query->from_wall_ms);
}

void parse_until_time(const struct value *v)
{
    time_value(v, &v->query->until_wall_ms);
}

/* One of a few words; its index. */
static int choice(const struct value *v, const char *const *words, size_t count, const char *list)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(v->text, words[i]) == 0) {
            return (int)i;
        }
    }
    faults_add(v->faults, v->row->name, "must be %s", list);
    return 0;
}

void parse_case_order(const struct value *v)
{
    static const char *const words[] = {"newest", "due"};

    v->query->case_due_next = choice(v, words, ARRAY_LEN(words), "newest or due") == 1;
}

/* Any short text: the name of a key. */
void parse_actor(const struct value *v)
{
    if (v->len == 0 || v->len >= COMMAND_ACTOR_MAX) {
        faults_add(v->faults, v->row->name, "must be the name of a key, at most %d bytes",
                   COMMAND_ACTOR_MAX - 1);
        return;
    }
    v->query->actor = v->text;
}

void parse_command(const struct value *v)
{
    if (v->len == 0 || v->len >= AUDIT_WORD_MAX ||
        strspn(v->text, "abcdefghijklmnopqrstuvwxyz_") != v->len) {
        faults_add(v->faults, v->row->name, "must be a word as the audit has it, e.g. case_move");
        return;
    }
    v->query->command = v->text;
}

void parse_case_number(const struct value *v)
{
    if (!case_id_parse(v->text, v->len, &v->query->case_number)) {
        faults_add(v->faults, v->row->name, "must be the number of a case");
    }
}

void parse_hours(const struct value *v)
{
    value_whole(v, &v->query->hours);
}

void parse_lang(const struct value *v)
{
    static const char *const words[] = {"zh", "en"};

    static const enum print_lang langs[] = {LANG_ZH, LANG_EN};

    v->query->lang = langs[choice(v, words, ARRAY_LEN(words), "zh or en")];
}

void parse_sheet(const struct value *v)
{
    static const char *const words[] = {"json", "html", "text"};

    static const enum sheet sheets[] = {SHEET_JSON, SHEET_HTML, SHEET_TEXT};

    v->query->sheet = sheets[choice(v, words, ARRAY_LEN(words), "json, html or text")];
}
