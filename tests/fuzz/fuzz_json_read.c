/* Any bytes through the JSON reader: an accepted document is walked whole, every value is read in
 * every way, and a fault lies inside the text. */
#include "bowei/base/json_read.h"
#include "bowei/base/json_write.h"
#include "tests/fuzz/fuzz.h"

#define NODES 4096

/* The document again through the writer. */
static void rewrite(const struct json_doc *doc, const struct json_node *n, struct json_writer *w)
{
    const struct json_node *child = json_first(doc, n);
    char text[8192];
    int64_t v;
    double d;
    int len;

    switch ((enum json_kind)n->kind) {
    case JSON_NULL: json_null(w); break;
    case JSON_FALSE: json_bool(w, false); break;
    case JSON_TRUE: json_bool(w, true); break;
    case JSON_NUMBER:
        claim(json_double(doc, n, &d));
        if (json_int(doc, n, &v)) {
            int64_t same;

            claim(json_scaled(doc, n, 0, &same) && same == v);
        }
        (void)json_scaled(doc, n, 7, &v);
        json_raw(w, json_raw_text(doc, n), n->len);
        break;
    case JSON_STRING:
        len = json_text(doc, n, text, sizeof text);
        claim(len <= (int)n->len);
        json_strn(w, text, len < 0 ? 0 : (size_t)len);
        break;
    case JSON_ARRAY:
        json_array(w);
        for (uint32_t i = 0; i < n->count; i++) {
            rewrite(doc, child, w);
            child = json_after(doc, child);
        }
        json_array_end(w);
        break;
    case JSON_OBJECT:
        json_object(w);
        for (uint32_t i = 0; i < n->count; i++) {
            claim(child->kind == JSON_STRING);
            len = json_text(doc, child, text, sizeof text);
            if (len >= 0) {
                claim(json_member(doc, n, text) == json_after(doc, child));
                json_key(w, text);
            } else {
                json_key(w, "long");
            }
            child = json_after(doc, child);
            rewrite(doc, child, w);
            child = json_after(doc, child);
        }
        json_object_end(w);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_node nodes[NODES];
    static struct json_node again[NODES];
    struct json_doc doc;
    struct json_doc second;
    struct json_writer w;
    struct strbuf b = {0};

    if (json_parse(&doc, (const char *)data, size, nodes, NODES) != JSON_OK) {
        claim(doc.fault_at <= size);
        return 0;
    }
    json_writer_init(&w, &b);
    rewrite(&doc, nodes, &w);
    claim(!b.failed);
    if (size < 8192) { /* no string was cut: what we wrote is the same document */
        claim(json_parse(&second, b.data, b.len, again, NODES) == JSON_OK);
        claim(second.used == doc.used);
    }
    strbuf_finish(&b);
    return 0;
}
