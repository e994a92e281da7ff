#ifndef GATEWAY_INVENTORY_ROW_H
#define GATEWAY_INVENTORY_ROW_H

#include "gateway/inventory/draft.h"

/* One row of a file on its way into the draft, whatever the file's form: the reader names a field
 * and gives its text, the table of fields says what it means. */

#define ROW_REASON_MAX 200

struct row {
    struct draft *draft;
    enum draft_table table;
    enum crs crs;
    struct row_origin origin;
    uint32_t set;           /**< bit per field of the table */
    struct position_deg at; /**< as in the file */
    bool no_memory;

    union {
        struct draft_lot lot;
        struct draft_space space;
        struct draft_fence fence;
        struct draft_grid grid;
        struct draft_device device;
        struct draft_binding binding;
        struct draft_beacon beacon;
        struct draft_listener listener;
        struct draft_operator operator;
        struct draft_vehicle vehicle;
        struct draft_unit unit;
        struct draft_warden warden;
        struct draft_alias alias;
        struct draft_retired retired;
    };

    struct draft_duty duty; /**< what a place says of those responsible */
    bool duty_given;
    bool unit_kind_known;
    char scope[24];              /**< of a warden, as in the file */
    char reason[ROW_REASON_MAX]; /**< why the last row_set or row_end said no */
};

/** A column or property. set fills the row, or says in row->reason why not. */
struct row_field {
    const char *name;
    bool required;
    bool (*set)(struct row *row, const char *text, size_t len);
};

/** A kind of row: its name for messages and its fields; they end with a NULL name. */
struct row_table {
    const char *name;
    const struct row_field *fields;
};

extern const struct row_table row_tables[TABLE_COUNT];

/** Notes the reason; false, so that it can be returned. */
bool row_refuse(struct row *row, const char *reason);
/** The reason with the refused text in front, cut to 40 bytes, unless that is empty or in the
 * reason already. */
void row_reason(const struct row *row, const char *text, size_t len, char *out, size_t cap);
/** "lots", ... */
const char *row_table_name(enum draft_table table);
const struct row_field *row_field_find(enum draft_table table, const char *name, size_t len);
/** "id, lot, lat, ..." */
void row_fields_list(enum draft_table table, char *out, size_t cap);

void row_begin(struct row *row, struct draft *draft, enum draft_table table, enum crs crs,
               struct row_origin origin);
/** An empty text leaves the field unset. */
bool row_set(struct row *row, const struct row_field *field, const char *text, size_t len);
/** Sets the position from a geometry. */
bool row_set_position(struct row *row, struct position_deg at);
/** Checks the whole and adds it to the draft; on false *field names the culprit (or no_memory is
 * set). */
bool row_end(struct row *row, const char **field);
/** Decimal degrees, no exponent. */
bool row_degrees(const char *text, size_t len, double *out);

#endif
