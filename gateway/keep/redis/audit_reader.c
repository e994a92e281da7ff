/* Pages of the audit stream, newest first. A page looks at a bounded number of rows, so that a rare
 * filter over a year of them is several short questions and none blocks Redis. */
#include "bowei/audit_log.h"
#include "bowei/base/log.h"
#include "gateway/keep/redis/keys.h"
#include "gateway/keep/redis/link.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH       500u /* rows of one XREVRANGE */
#define BATCHES_MAX 20u  /* of one page: 10 000 rows, some 30 ms */
#define READ_MS     800  /* a request ends after 2 s */
/* Rows stand in the order of their time, but for clocks that were set by less. */
#define GRACE_MS INT64_C(86400000)

struct audit_reader {
    struct redis_params redis;
    struct redis_link link;
    char *texts[4]; /* what redis points to: its owner's configuration may be reloaded */
};

void audit_reader_destroy(struct audit_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    redis_link_close(&reader->link);
    for (size_t i = 0; i < ARRAY_LEN(reader->texts); i++) {
        if (reader->texts[i] != NULL) {
            explicit_bzero(reader->texts[i], strlen(reader->texts[i]));
        }
        free(reader->texts[i]);
    }
    free(reader);
}

struct audit_reader *audit_reader_create(const struct redis_params *redis)
{
    struct audit_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        return NULL;
    }
    reader->redis = *redis;
    if (reader->redis.timeout_ms == 0 || reader->redis.timeout_ms > READ_MS) {
        reader->redis.timeout_ms = READ_MS;
    }
    const char **const texts[] = {&reader->redis.socket, &reader->redis.host,
                                  &reader->redis.username, &reader->redis.password};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (*texts[i] == NULL) {
            continue;
        }
        reader->texts[i] = strdup(*texts[i]);
        *texts[i] = reader->texts[i];
        if (reader->texts[i] == NULL) {
            audit_reader_destroy(reader);
            return NULL;
        }
    }
    return reader;
}

/* XREVRANGE from before on; NULL: no answer, or none of this command. */
static redisReply *ask(struct redis_link *link, struct position before)
{
    struct strbuf b = {0};
    struct redis_key key;
    char end[44] = "+";
    redisReply *reply;

    if (before.epoch != 0 || before.seq != 0) {
        (void)snprintf(end, sizeof end, "(%" PRIu64 "-%" PRIu64, before.epoch, before.seq);
    }
    redis_key_district(&key, ADCODE_CITY, KEY_AUDIT);
    RESP_LITERAL(&b, "*6\r\n$9\r\nXREVRANGE\r\n");
    resp_key(&b, &key);
    resp_text(&b, end);
    RESP_LITERAL(&b, "$1\r\n-\r\n$5\r\nCOUNT\r\n");
    resp_u64(&b, BATCH);
    reply = redis_link_ask(link, &b);
    strbuf_finish(&b);
    if (reply != NULL && reply->type != REDIS_REPLY_ARRAY) {
        freeReplyObject(reply);
        reply = NULL;
    }
    return reply;
}

/* A connection that Redis closed meanwhile is made again, once. */
static redisReply *fetch(struct audit_reader *reader, struct position before)
{
    static int64_t gate;
    redisReply *reply = NULL;

    for (int tries = 0; tries < 2 && reply == NULL; tries++) {
        if (reader->link.context == NULL && !redis_link_open(&reader->link, &reader->redis)) {
            break;
        }
        redis_link_limit(&reader->link, reader->link.timeout_ms);
        reply = ask(&reader->link, before);
        if (reply == NULL) {
            redis_link_close(&reader->link);
        }
    }
    if (reply == NULL) {
        log_rate(LOG_WARNING, &gate, 60000, "audit", "the audit cannot be read: %s: %s",
                 link_fault_name(reader->link.fault), reader->link.detail);
    }
    return reply;
}

static void text_take(const redisReply *value, char *out, size_t cap)
{
    const size_t len = value->len < cap ? value->len : cap - 1;

    memcpy(out, value->str, len);
    out[len] = '\0';
}

/* One entry: [id, [field, value, ...]]; false when it is not ours. */
static bool row_read(const redisReply *entry, struct audit_row *row)
{
    const struct {
        const char *name;
        char *out;
        size_t cap;
    } fields[] = {
        {"command", row->command,     sizeof row->command    },
        {"place",   row->place,       sizeof row->place      },
        {"case",    row->case_number, sizeof row->case_number},
        {"device",  row->device,      sizeof row->device     },
        {"actor",   row->actor,       sizeof row->actor      },
        {"note",    row->note,        sizeof row->note       },
    };

    const redisReply *values;

    *row = (struct audit_row){.wall_ms = 0};
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[1]->type != REDIS_REPLY_ARRAY ||
        !resp_pair_parse(entry->element[0]->str, entry->element[0]->len, &row->at.epoch,
                         &row->at.seq)) {
        return false;
    }
    values = entry->element[1];
    for (size_t i = 0; i + 1 < values->elements; i += 2) {
        const redisReply *name = values->element[i];
        const redisReply *value = values->element[i + 1];

        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING) {
            continue;
        }
        if (strcmp(name->str, "at") == 0) {
            row->wall_ms = strtoll(value->str, NULL, 10);
        }
        for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
            if (strcmp(name->str, fields[f].name) == 0) {
                text_take(value, fields[f].out, fields[f].cap);
            }
        }
    }
    return true;
}

static bool word_asked(const char *asked, const char *value)
{
    return asked[0] == '\0' || strcmp(asked, value) == 0;
}

static bool row_asked(const struct audit_filter *filter, const struct audit_row *row)
{
    return word_asked(filter->actor, row->actor) && word_asked(filter->command, row->command) &&
           word_asked(filter->case_number, row->case_number) &&
           (filter->until_ms == 0 || row->wall_ms < filter->until_ms) &&
           row->wall_ms >= filter->from_ms;
}

/* True: go on with older rows. */
static bool batch_take(const redisReply *batch, struct audit_asking *asking)
{
    for (size_t i = 0; i < batch->elements; i++) {
        struct audit_row row;

        if (!row_read(batch->element[i], &row)) {
            continue;
        }
        if (row.wall_ms != 0 && row.wall_ms < asking->filter.from_ms - GRACE_MS) {
            asking->more = false;
            return false;
        }
        if (row_asked(&asking->filter, &row)) {
            if (asking->count == asking->room) {
                return false; /* there is more: at least this one */
            }
            asking->rows[asking->count++] = row;
        }
        asking->reached = row.at;
    }
    asking->more = batch->elements == BATCH;
    return asking->more;
}

static enum err read_page(void *ctx, struct audit_asking *asking)
{
    struct audit_reader *reader = ctx;
    bool on = true;

    asking->count = 0;
    asking->more = true;
    asking->reached = asking->before;
    for (unsigned i = 0; on && i < BATCHES_MAX; i++) {
        redisReply *batch = fetch(reader, asking->reached);

        if (batch == NULL) {
            return ERR_UNAVAILABLE;
        }
        on = batch_take(batch, asking);
        freeReplyObject(batch);
    }
    return ERR_OK;
}

struct audit_port audit_reader_port(struct audit_reader *reader)
{
    return (struct audit_port){reader, read_page};
}
