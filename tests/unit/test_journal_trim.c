/* What goes out of the journal: what is confirmed and old, what is superseded; effects stay. */
#include "tests/unit/journal_fixture.h"

/* --- what goes --- */

/* `count` segments of one reading each, by opening again and again. */
static struct journal *journal_of_segments(struct fixture *f, size_t count)
{
    struct journal *journal = open_journal(f, 0);

    for (uint64_t seq = 1; seq <= count; seq++) {
        assert_int_equal(append_reading(journal, seq * 10), ERR_OK);
        if (seq < count) {
            journal_close(journal);
            journal = open_journal(f, 0);
        }
    }
    return journal;
}

static void settle(struct journal *journal)
{
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(sync_now(journal),
                     ERR_OK); /* the pass before this one has ended, trimming included */
}

static void confirmed_and_old_segments_go(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = journal_of_segments(f, 5);
    struct heard *heard;
    uint64_t bytes = journal_bytes(journal);

    settle(journal);
    journal_trim(journal, (struct position){1, 29}, 2000000);
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 3);
    assert_int_equal(heard->seqs[0], 30);
    free(heard);
    assert_true(journal_bytes(journal) < bytes);
    journal_trim(journal, (struct position){1, 1000},
                 1000040 + 999); /* 30 is old enough only now */
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 2);
    free(heard);
    journal_trim(journal, (struct position){1, 1000}, 9000000);
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 1); /* the one that is written to stays */
    free(heard);
    journal_close(journal);
}

static void superseded_readings_go_and_effects_stay(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    struct heard *heard;

    for (uint64_t seq = 1; seq <= 4000; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
        if (seq % 1000 == 0) {
            assert_int_equal(append_image(journal, RECORD_EFFECT, seq), ERR_OK);
        }
    }
    assert_int_equal(append_image(journal, RECORD_IMAGE, 3), ERR_OK); /* of a root long silent */
    assert_int_equal(append_image(journal, RECORD_IMAGE, 4000), ERR_OK);
    journal_trim(journal, (struct position){1, 1500}, 0);
    journal_supersede(journal, (struct position){1, 4000});
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 3 + 2); /* E 2000, 3000, 4000 and both C */
    assert_int_equal(heard->seqs[0], 2000);
    assert_int_equal(heard->seqs[3], 3);
    assert_int_equal(heard->types[3], 'C');
    free(heard);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_SUPERSEDED), 4000);
    assert_true(journal_bytes(journal) < 2000);
    for (uint64_t seq = 4001; seq <= 4010; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    assert_int_equal(append_image(journal, RECORD_IMAGE, 4005), ERR_OK);
    journal_supersede(
        journal, (struct position){1, 4005}); /* the core has only come so far: 4006.. must stay */
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 3 + 10 + 1); /* the C images of the round before went */
    free(heard);
    journal_close(journal);
    journal = open_journal(f, 0);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_TORN), 0);
    journal_close(journal);
}

static void the_limit_is_seen(void **state)
{
    struct journal *journal = open_journal(*state, 0);
    uint64_t seq = 0;

    while (!journal_over_limit(journal)) {
        assert_int_equal(append_reading(journal, ++seq), ERR_OK);
        assert_true(seq < 100000);
    }
    assert_true(journal_bytes(journal) > 1 << 20);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(confirmed_and_old_segments_go),
        TEST(superseded_readings_go_and_effects_stay),
        TEST(the_limit_is_seen),
    };

    disk_heal();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
