/* GET /v1/words: the bilingual dictionary of all codes of cases. Answers elsewhere are codes only,
 * so that no screen shows the other language by accident. */
#include "api/server.h"
#include "bowei/case.h"

static void words_write(struct json_writer *w, const char *name, unsigned count,
                        const struct case_word *(*word)(unsigned i))
{
    json_key(w, name);
    json_object(w);
    for (unsigned i = 0; i < count; i++) {
        const struct case_word *row = word(i);

        json_key(w, row->code);
        json_object(w);
        json_kv_str(w, "en", row->en);
        json_kv_str(w, "zh-CN", row->zh);
        json_object_end(w);
    }
    json_object_end(w);
}

/* clang-format off: one line a table */
#define WORD(noun)                                                                                 \
    static const struct case_word *noun##_at(unsigned i)                                           \
    {                                                                                              \
        return noun##_word((enum noun)i);                                                          \
    }

WORD(case_kind)
WORD(case_status)
WORD(case_stage)
WORD(case_event)
WORD(case_source)
WORD(case_feature)
WORD(zombie_reason)

/* clang-format on */

void words_get(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    words_write(&w, "kind", CASE_KIND_COUNT, case_kind_at);
    words_write(&w, "status", CASE_STATUS_COUNT, case_status_at);
    words_write(&w, "stage", CASE_STAGE_COUNT, case_stage_at);
    words_write(&w, "event", CASE_EVENT_COUNT, case_event_at);
    words_write(&w, "source", CASE_SOURCE_COUNT, case_source_at);
    words_write(&w, "feature", CASE_FEATURE_COUNT, case_feature_at);
    words_write(&w, "reason", ZOMBIE_REASON_COUNT, zombie_reason_at);
    json_object_end(&w);
    rq->kind = REPLY_STATIC;
    respond_text(rq, 200, type_json, &out);
}
