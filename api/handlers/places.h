#ifndef API_HANDLERS_PLACES_H
#define API_HANDLERS_PLACES_H

#include "api/scene.h"
#include "api/server.h"

/** The space or lot that the path names; answers 400, 404 or 410 itself and returns NO_SLOT. */
uint32_t place_find(struct request *rq, bool lot);
/** 410 with replaced_by. */
void place_gone(struct request *rq, space_key replaced_by);
/** A scene with the request's moment and crs. */
void place_scene(struct request *rq, struct scene *scene);

/** A list or near answer under way. */
struct page {
    struct request *rq;
    struct scene scene;
    struct strbuf text; /**< lots: through the writer */
    struct body *body;  /**< spaces: through the fast path */
    char *p;            /**< end of what is in body */
    bool staged;        /**< body is the stage's */
    bool has_item;
    bool near, coverage;
};

/** Room for `items` spaces, or (lots) a growing text. False when the reply is already an error. */
bool page_open(struct page *page, struct request *rq, uint32_t items, bool lots);
void page_space(struct page *page, uint32_t slot, const struct space_view *view,
                int64_t distance_mm);
void page_lot(struct page *page, uint32_t lot, const struct lot_view *view, int64_t distance_mm);
/** Ends it and makes the reply; next NULL = no more. etag NULL = none. */
void page_close(struct page *page, const struct cursor *next, const char *etag);
/** Is the request's cursor, if it has one, of the list of that kind, which goes by number in one
 * version of the inventory, and of the present one? Else false, and answered: 400, or 410 when the
 * inventory has changed. */
bool page_cursor_stands(struct request *rq, char kind);
/** The reply for a place as it is now; also what a staff request answers with. */
void space_answer(struct request *rq, uint32_t slot);
void lot_answer(struct request *rq, uint32_t lot);

#endif
