/* What the values of query parameters are made of: numbers, degrees, words, texts and IDs. Each
 * checks the range of its row and notes a fault that says what is allowed. */
#include "api/params_value.h"
#include <string.h>

#define E9 INT64_C(1000000000)

/* Digits only, at most 9 of them. */
static bool number_read(const char *text, size_t len, int64_t *out)
{
    int64_t v = 0;

    if (len == 0 || len > 9) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (text[i] - '0');
    }
    *out = v;
    return true;
}

#define PLACES 9 /* of 1e-9 */

/* "-12.3456789" in 1e-9; further digits are cut. No exponent, no sign but '-'. */
bool value_degrees_read(const char *text, size_t len, int64_t *out)
{
    static const int64_t scale[PLACES + 1] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                              10000,      1000,      100,      10,      1};
    bool negative = len > 0 && text[0] == '-';
    size_t i = negative ? 1 : 0;
    size_t first = i;
    unsigned places = 0;
    int64_t v = 0;

    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        v = v * 10 + (text[i] - '0');
        if (i - first >= 4) {
            return false;
        }
    }
    if (i == first) {
        return false;
    }
    if (i < len && text[i] == '.' && i + 1 < len) {
        for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
            v = places < PLACES ? v * 10 + (text[i] - '0') : v;
            places += places < PLACES;
        }
    }
    v *= scale[places];
    *out = negative ? -v : v;
    return i == len;
}

void value_whole(const struct value *v, uint32_t *out)
{
    int64_t number;

    if (!number_read(v->text, v->len, &number) || number < v->row->low || number > v->row->high) {
        faults_add(v->faults, v->row->name, "must be a whole number from %lld to %lld",
                   (long long)v->row->low, (long long)v->row->high);
        return;
    }
    *out = (uint32_t)number;
}

void value_degrees(const struct value *v, int64_t *out_e9)
{
    int64_t e9;

    if (!value_degrees_read(v->text, v->len, &e9) || e9 < v->row->low * E9 ||
        e9 > v->row->high * E9) {
        faults_add(v->faults, v->row->name, "must be a decimal number from %lld to %lld",
                   (long long)v->row->low, (long long)v->row->high);
        return;
    }
    *out_e9 = e9;
}

void value_words(const struct value *v, word_set *set, const char *allowed)
{
    const char *word = v->text;

    for (;;) {
        size_t len = strcspn(word, ",");

        if (!set(v->query, word, len)) {
            faults_add(v->faults, v->row->name, "must be of %s, several by comma", allowed);
            return;
        }
        if (word[len] == '\0') {
            return;
        }
        word += len + 1;
    }
}

void value_text(const struct value *v, size_t max, const char **out)
{
    if (v->len == 0 || v->len > max) {
        faults_add(v->faults, v->row->name, "must have 1 to %zu bytes", max);
        return;
    }
    *out = v->text;
}

void value_id(const struct value *v, space_key *out)
{
    const enum id_fault fault = space_id_parse(v->text, v->len, out);

    if (fault != ID_OK) {
        faults_add(v->faults, v->row->name, "%s", id_fault_text(fault));
    }
}
