/* GET /v1/audit: who read or changed what. Rows come from Redis by way of the event desk, so that
 * the HTTP thread never waits for it; they are there some seconds after the deed, and never change.
 */
#include "api/event_desk.h"
#include "api/handlers/asking.h"
#include "api/server.h"
#include "bowei/audit_log.h"
#include "bowei/base/city_clock.h"
#include "bowei/csv_text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT 100u

static request_answer audit_answer;

static void filter_fill(const struct query *q, struct audit_filter *filter)
{
    (void)snprintf(filter->actor, sizeof filter->actor, "%s", q->actor == NULL ? "" : q->actor);
    (void)snprintf(filter->command, sizeof filter->command, "%s",
                   q->command == NULL ? "" : q->command);
    if (q->case_number != 0) {
        case_id_format(q->case_number, filter->case_number);
    }
    filter->from_ms = q->from_wall_ms;
    filter->until_ms = q->until_wall_ms;
}

void audit_list(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    struct audit_asking *asking;

    if (query_has(&rq->query, PARAM_CURSOR) && rq->query.cursor.kind != 'w') {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return;
    }
    if (rq->api->desk == NULL || rq->api->p.audit.read == NULL) {
        respond_problem(rq, ERR_UNAVAILABLE, "this gateway keeps no audit");
        return;
    }
    if (!asking_open(rq, COMMAND_AUDIT, 0, audit_answer)) {
        return;
    }
    asking = calloc(1, sizeof *asking + limit * sizeof asking->rows[0]);
    rq->pending->own = asking;
    if (asking == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    filter_fill(&rq->query, &asking->filter);
    asking->room = limit;
    if (query_has(&rq->query, PARAM_CURSOR)) {
        asking->before =
            (struct position){(uint64_t)rq->query.cursor.distance_mm, rq->query.cursor.key};
    }
    rq->phase = PHASE_WAITING;
    rq->suspended = true;
    pending_submit(rq->pending, rq->mhd, rq->boot_ms + PENDING_WAIT_MS, event_desk_submit,
                   rq->api->desk);
}

static void row_write(struct json_writer *w, const struct audit_row *row)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {"actor",   row->actor      },
        {"command", row->command    },
        {"case",    row->case_number},
        {"place",   row->place      },
        {"device",  row->device     },
        {"note",    row->note       },
    };

    char id[44];

    (void)snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)row->at.epoch,
                   (unsigned long long)row->at.seq);
    json_object(w);
    json_kv_str(w, "id", id);
    json_kv_time(w, "at", row->wall_ms);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].value[0] == '\0') {
            json_kv_null(w, texts[i].name);
        } else {
            json_kv_str(w, texts[i].name, texts[i].value);
        }
    }
    json_object_end(w);
}

static void rows_csv(const struct audit_asking *asking, struct strbuf *out)
{
    struct csv_text csv;

    csv_text_begin(&csv, out, 0, "at,actor,command,case,place,device,note");
    for (uint32_t i = 0; i < asking->count; i++) {
        const struct audit_row *row = &asking->rows[i];

        csv_text_time(&csv, row->wall_ms);
        csv_text_str(&csv, row->actor);
        csv_text_str(&csv, row->command);
        csv_text_str(&csv, row->case_number);
        csv_text_str(&csv, row->place);
        csv_text_str(&csv, row->device);
        csv_text_str(&csv, row->note);
        csv_text_row_end(&csv);
    }
}

static void rows_json(const struct audit_asking *asking, const char *next, struct strbuf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < asking->count; i++) {
        row_write(&w, &asking->rows[i]);
    }
    json_array_end(&w);
    if (next[0] != '\0') {
        json_kv_str(&w, "next", next);
    }
    json_object_end(&w);
}

static void audit_answer(struct request *rq)
{
    const struct audit_asking *asking = rq->pending->own;
    char next[CURSOR_TEXT_MAX] = "";
    struct strbuf out = {0};

    if (asking->more) {
        const struct cursor cursor = {
            .kind = 'w', .distance_mm = (int64_t)asking->reached.epoch, .key = asking->reached.seq};

        (void)cursor_write(&cursor, next);
    }
    if (rq->query.csv) {
        rows_csv(asking, &out);
        respond_text(rq, 200, type_csv, &out);
    } else {
        rows_json(asking, next, &out);
        respond_text(rq, 200, type_json, &out);
    }
    if (asking->more) {
        respond_next(rq, next);
    }
}
