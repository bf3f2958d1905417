/*
 * Quick or careful, told as what befalls each try: q committed the quick way, c the careful way, 2 refused because
 * somebody else was faster (PH002), 3 because of another model, d because of a duplicate, x because of other trouble.
 */
#include "daemon/way.h"

#include <string.h>

#include "tests/table.h"

static const char *code_of(char what)
{
	switch (what) {
	case '2':
		return "PH002";
	case '3':
		return "PH003";
	case 'd':
		return "23505";
	default:
		return "40P01";
	}
}

/* Each letter is one try, on the way that it says or that it needs. */
static void tell(struct way *way, const char *story)
{
	for (const char *at = story; *at != '\0'; at++) {
		bool quick = way_choose(way);
		ck_assert_int_eq(quick, way->quick);
		if (*at == 'q' || *at == 'c') {
			ck_assert_msg(quick == (*at == 'q'), "%s: %s way, %d letters in", story,
				      quick ? "quick" : "careful", (int)(at - story));
			way_done(way);
		} else {
			bool missed = way_missed(way, code_of(*at));
			ck_assert_msg(missed == (quick && *at != 'x'), "%s: %d letters in", story,
				      (int)(at - story));
		}
	}
}

START_TEST(each_trouble_has_its_way_on)
{
	static const char *const stories[] = {
		"qqq",		/* in peace */
		"xqq",		/* what is not the quick way's fault is tried again that way */
		"dcq",		/* a duplicate: the careful way, and then the quick one again */
		"3cq",		/* another model: which the careful way will say */
		"2qq",		/* somebody else was faster: once more */
		"22cq",		/* and if they were again: the careful way */
		"2q2q2q",	/* each window has its second try */
		"2dcq",		/* a duplicate in the second try */
		"dxcq",		/* trouble on the careful way is tried again that way */
		"dc2qq",	/* a miss that is tried again the quick way is none */
		"dcqdcqdcqdcq", /* never two in a row */
		"dcdccccq",	/* two in a row: four careful ones, with the one that was missed */
		"dcdccccdccccccccq",
		"dcdccccqdcq", /* forgotten with the first that goes well */
		"dcdccccqdcdccccq",
	};
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		struct way way;
		way_init(&way, true);
		tell(&way, stories[i]);
	}
}
END_TEST

START_TEST(a_replay_is_probed_ever_more_seldom_but_for_ever)
{
	struct way way;
	way_init(&way, true);
	unsigned careful = 0, most = 0, probes = 0;
	for (unsigned i = 0; i < 5000; i++) {
		if (way_choose(&way)) {
			ck_assert(way_missed(&way, "23505"));
			probes++;
			careful = 0;
			ck_assert(!way_choose(&way));
		}
		careful++;
		most = careful > most ? careful : most;
		way_done(&way);
	}
	ck_assert_uint_eq(most, WAY_CAREFUL_MAX);
	ck_assert_uint_gt(probes, 20);
	ck_assert_uint_lt(probes, 30);
}
END_TEST

START_TEST(what_is_not_allowed_is_never_chosen)
{
	struct way way;
	way_init(&way, false);
	tell(&way, "ccxc");
	ck_assert(!way_missed(&way, "PH002"));
	tell(&way, "cc");
}
END_TEST

TEST_MAIN("daemon_way", each_trouble_has_its_way_on, a_replay_is_probed_ever_more_seldom_but_for_ever,
	  what_is_not_allowed_is_never_chosen)
