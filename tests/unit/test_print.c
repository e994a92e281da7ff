/* What prints and spreadsheets are made of: escaping, the policy's digest, QR codes, receipts, CSV
 * cells, and the dictionary. */
#include "api/handlers/case_labels.h"
#include "api/html.h"
#include "api/qr.h"
#include "api/receipt.h"
#include "bowei/base/err.h"
#include "bowei/csv_text.h"
#include <qrencode.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *text_of(struct strbuf *b)
{
    strbuf_putc(b, '\0');
    assert_false(b->failed);
    return b->data;
}

static void html_escapes_what_people_wrote(void **state)
{
    struct strbuf out = {0};
    struct html h;
    const char *page;

    (void)state;
    html_begin(&h, &out, "en", "<script>alert(1)</script>");
    html_open(&h, "p", "number");
    html_text(&h, "a & b \"c\" 'd'\x01");
    html_close(&h);
    html_link(&h, "javascript:alert(1)", "x");
    html_link(&h, "https://a.example/?a=1&b=\"2\"", "y");
    html_end(&h);
    page = text_of(&out);
    assert_null(strstr(page, "<script>"));
    assert_non_null(strstr(page, "&lt;script&gt;"));
    assert_non_null(strstr(page, "<p class=\"number\">a &amp; b &quot;c&quot; &#39;d&#39; </p>"));
    assert_null(strstr(page, "href=\"javascript"));
    assert_non_null(strstr(page, "href=\"https://a.example/?a=1&amp;b=&quot;2&quot;\""));
    strbuf_finish(&out);
}

/* Another style sheet would not be shown, another digest would show none. */
static void policy_names_the_styles_digest(void **state)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char text[64];
    char source[96];

    (void)state;
    (void)crypto_hash_sha256(digest, (const unsigned char *)html_style, strlen(html_style));
    sodium_bin2base64(text, sizeof text, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(source, sizeof source, "style-src 'sha256-%s'", text);
    assert_non_null(strstr(html_policy, source));
    assert_null(strstr(html_policy, "unsafe"));
    assert_null(strstr(html_policy, "script-src"));
}

/* The path of the SVG, painted again, is what the library encoded. */
static void qr_paints_every_module(void **state)
{
    static const char text[] = "https://parking.example.cn/v1/cases/150402-20261129-00001-7";
    QRcode *code =
        QRcode_encodeData((int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_M);
    unsigned char painted[177 * 177] = {0};
    struct strbuf out = {0};
    struct html h = {.out = &out};
    const char *at;
    int side = 0;

    (void)state;
    assert_non_null(code);
    assert_true(qr_write(&h, text));
    at = text_of(&out);
    assert_int_equal(sscanf(at, "<svg viewBox=\"0 0 %d", &side), 1);
    assert_int_equal(side, code->width + 8);
    for (at = strchr(at, 'M'); at != NULL; at = strchr(at + 1, 'M')) {
        int x;
        int y;
        int run;

        assert_int_equal(sscanf(at, "M%d %dh%dv1h", &x, &y, &run), 3);
        assert_true(x >= 4 && y >= 4 && x + run <= code->width + 4 && y < code->width + 4);
        memset(painted + (y - 4) * code->width + x - 4, 1, (size_t)run);
    }
    for (int i = 0; i < code->width * code->width; i++) {
        assert_int_equal(painted[i], code->data[i] & 1);
    }
    QRcode_free(code);
    strbuf_finish(&out);
}

static void receipts_are_told_apart(void **state)
{
    char text[RECEIPT_LEN + 1];
    uint64_t back = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        const uint64_t receipt = receipt_make();

        receipt_format(receipt, text);
        assert_int_equal(strlen(text), RECEIPT_LEN);
        assert_true(receipt_parse(text, strlen(text), &back));
        assert_true(back == receipt);
        for (size_t at = 0; at < RECEIPT_LEN; at++) {
            const char was = text[at];

            if (was == '-') {
                continue;
            }
            text[at] = was == '7' ? '8' : '7'; /* one wrong character is noticed */
            assert_false(receipt_parse(text, strlen(text), &back));
            text[at] = was;
        }
    }
    assert_true(receipt_parse("0000000000000001", 16, &back) == false);
    assert_false(receipt_parse("", 0, &back));
}

static void csv_is_no_formula(void **state)
{
    struct strbuf out = {0};
    struct csv_text csv;

    (void)state;
    csv_text_begin(&csv, &out, 1000, "a,b");
    csv_text_str(&csv, "=HYPERLINK(\"x\")");
    csv_text_str(&csv, "+86");
    csv_text_str(&csv, "-1");
    csv_text_str(&csv, "@x");
    csv_text_str(&csv, "＝1＋1");
    csv_text_str(&csv, "＠x");
    csv_text_str(&csv, "a,\"b\"\n");
    csv_text_str(&csv, "围栏");
    csv_text_i64(&csv, -3);
    csv_text_bool(&csv, true);
    csv_text_time(&csv, 0);
    csv_text_time(&csv, 999);
    csv_text_position(&csv, (struct position_e7){-5, 10000000});
    csv_text_empty(&csv, 2);
    csv_text_row_end(&csv);
    csv_text_str(&csv, "next");
    csv_text_row_end(&csv);
    assert_string_equal(
        text_of(&out),
        "\xef\xbb\xbf"
        "a,b\r\n"
        "\"'=HYPERLINK(\"\"x\"\")\",'+86,'-1,'@x,'＝1＋1,'＠x,\"a,\"\"b\"\"\n\",围栏,-3,1,,"
        "1970-01-01T00:00:01Z,-0.0000005,1.0000000,,\r\nnext\r\n");
    strbuf_finish(&out);
}

/* --- the dictionary --- */

static void word_is_whole(const struct case_word *word, bool may_be_empty)
{
    bool chinese = false;

    assert_true(word->code[0] != '\0');
    assert_int_equal(strspn(word->code, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                     strlen(word->code));
    assert_true(strlen(word->en) + strlen(word->zh) + 2 < LABEL_MAX);
    if (may_be_empty && word->en[0] == '\0') {
        return;
    }
    assert_true(word->en[0] != '\0' && word->zh[0] != '\0');
    for (const char *p = word->en; *p != '\0'; p++) {
        assert_true((unsigned char)*p < 0x80); /* no Chinese leaks into the English screen */
    }
    for (const char *p = word->zh; *p != '\0'; p++) {
        chinese = chinese || (unsigned char)*p >= 0xe4;
    }
    assert_true(chinese || strcmp(word->code, "digest") == 0);
}

#define WORDS(count, word, type)                                                                   \
    for (unsigned i = 0; i < (count); i++) {                                                       \
        word_is_whole(word((type)i), true);                                                        \
        for (unsigned k = 0; k < i; k++) {                                                         \
            assert_string_not_equal(word((type)i)->code, word((type)k)->code);                     \
        }                                                                                          \
    }

static void the_dictionary_has_both_languages(void **state)
{
    char text[LABEL_MAX];

    (void)state;
    WORDS(CASE_KIND_COUNT, case_kind_word, enum case_kind)
    WORDS(CASE_STATUS_COUNT, case_status_word, enum case_status)
    WORDS(CASE_STAGE_COUNT, case_stage_word, enum case_stage)
    WORDS(CASE_EVENT_COUNT, case_event_word, enum case_event)
    WORDS(CASE_SOURCE_COUNT, case_source_word, enum case_source)
    WORDS(CASE_FEATURE_COUNT, case_feature_word, enum case_feature)
    WORDS(ZOMBIE_REASON_COUNT, zombie_reason_word, enum zombie_reason)
    WORDS(CASE_LABEL_COUNT, case_label_word, enum case_label)
    assert_string_equal(case_label_in(LANG_ZH, LABEL_NOTICE_TITLE, text), "车辆限期移除告知书");
    assert_string_equal(case_label_in(LANG_EN, LABEL_DUE, text), "Due");
    assert_string_equal(case_label_in(LANG_BOTH, LABEL_DUE, text), "时限 Due");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_escapes_what_people_wrote),
        cmocka_unit_test(policy_names_the_styles_digest),
        cmocka_unit_test(qr_paints_every_module),
        cmocka_unit_test(receipts_are_told_apart),
        cmocka_unit_test(csv_is_no_formula),
        cmocka_unit_test(the_dictionary_has_both_languages),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
