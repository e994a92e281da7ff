/* How the IDs of a site's places begin. */
#include "api/site_text.h"

static unsigned char_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

void site_text_fill(struct site_text *site, space_key key)
{
    char display[SPACE_ID_DISPLAY_LEN + 1];
    unsigned sum = 36;

    site->key = space_key_site(key);
    site->kind = (uint8_t)space_key_kind(key);
    space_id_write(site->key, site->id);
    space_id_display(site->key, display);
    memcpy(site->display, display, SITE_DISPLAY_LEN);
    for (size_t i = 0; i < SITE_LEN; i++) {
        sum = check_sums[sum + char_value(site->id[i])];
    }
    site->check = (uint8_t)sum;
}
