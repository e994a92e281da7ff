#ifndef API_HANDLERS_DESK_H
#define API_HANDLERS_DESK_H

#include "api/html.h"
#include "api/server.h"
#include "bowei/base/json_read.h"
#include "bowei/case_request.h"
#include "bowei/csv_text.h"

/* What the handlers of cases, residents' reports and prints share. */

/** What hangs on a pending question about cases. */
struct desk {
    struct case_request request;
    struct case_figures figures; /**< filled where request.figures points here */
};

/** Takes the command: makes the pending with room for that many cases, and for the rows of one.
 * NULL when answered already. */
struct desk *desk_open(struct request *rq, enum command_kind kind, uint32_t cases, bool rows,
                       request_answer *answer);
/** Asks for the case that the path names, with its rows; audited. Answers 404 itself. */
void desk_read_one(struct request *rq, request_answer *answer);
struct desk *desk_of(const struct request *rq);
/** May this key change what is at the place? Answers 403 itself when not. */
bool desk_covers(struct request *rq, space_key place);

/** For whom a case is written. */
struct case_reader {
    enum crs crs;
    int64_t shift_ms; /**< shown time = city time + shift */
};

struct case_reader case_reader_of(const struct request *rq);
/** One case as an object; with its rows when rows is not NULL. */
void case_write(const struct case_reader *reader, struct json_writer *w, const struct case_image *c,
                const struct case_row_image *rows, uint32_t row_count);
/** Cases as CSV with a heading. */
void case_csv_write(const struct case_reader *reader, struct strbuf *out,
                    const struct case_image *cases, uint32_t count);

/** Parses the body, refuses members the route does not take and misses those it needs; faults are
 * noted in rq->faults. False when answered already. */
bool case_body_open(struct request *rq, struct json_doc *doc, struct json_node *nodes,
                    uint32_t cap);
/** Reads all members that a move may have. Faults are noted. */
void case_body_move(struct request *rq, const struct json_doc *doc, struct case_move *move);
/** kind, source, place, vehicle, location of an opening. Faults are noted. */
void case_body_finding(struct request *rq, const struct json_doc *doc,
                       struct case_request *request);
/** Answers 422 with all faults when there are any. */
bool case_body_good(struct request *rq);

#endif
