/*
 * Quick or careful, told as what befalls each try: q committed the quick way, w the same warily, c the careful way, 2 refused
 * because somebody else was faster (PH002), 3 because of another model, d because of a duplicate, x because of other trouble.
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
		char found = (char)(way->wary ? 'w' : quick ? 'q' : 'c');
		ck_assert(quick || !way->wary);
		if (*at == 'q' || *at == 'w' || *at == 'c') {
			ck_assert_msg(found == *at, "%s: %c, %d letters in", story, found, (int)(at - story));
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
		"dwq",		/* a duplicate: warily, and then as before */
		"ddcq",		/* one that cannot be foreseen: the careful way */
		"3cq",		/* another model: which the careful way will say */
		"2qq",		/* somebody else was faster: once more */
		"22cq",		/* and if they were again: the careful way */
		"2q2q2q",	/* each window has its second try */
		"2dwq",		/* a duplicate in the second try */
		"d2wq",		/* somebody faster in the wary try, */
		"d22cq",	/* and again */
		"dxwq",		/* trouble in the wary try is tried again that way */
		"22xcq",	/* and so on the careful way */
		"22c2qq",	/* a miss that is tried again the quick way is none */
		"22cq22cq22cq", /* never two in a row */
		"22c22ccccq",	/* two in a row: four careful ones, with the one that was missed */
		"22c22cccc22ccccccccq",
		"22c22ccccq22cq", /* forgotten with the first that goes well */
		"dwqdwqdwq",	  /* duplicates as well: never two in a row */
		"dwdwwwwq",	  /* two in a row: four wary ones */
		"dwdwwwwdwwwwwwwwq",
		"dwdwwwwqdwq",
		"dwdw22c22ccccwwwq", /* the wary ones are still due when the careful ones are over */
	};
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		struct way way;
		way_init(&way, true);
		tell(&way, stories[i]);
	}
}
END_TEST

/* Of 5000 batches, each of which is refused with this the way that it should not have gone. */
static void probe(const char *code, bool wary)
{
	struct way way;
	way_init(&way, true);
	unsigned rest = 0, most = 0, probes = 0;
	for (unsigned i = 0; i < 5000; i++) {
		while (way_choose(&way) && !(wary && way.wary)) {
			ck_assert(way_missed(&way, code));
			probes += way.again ? 0 : 1;
			rest = 0;
		}
		ck_assert_int_eq(way.wary, wary);
		rest++;
		most = rest > most ? rest : most;
		way_done(&way);
	}
	ck_assert_uint_eq(most, WAY_REST_MAX);
	ck_assert_uint_gt(probes, 20);
	ck_assert_uint_lt(probes, 30);
}

START_TEST(what_is_in_vain_is_probed_ever_more_seldom_but_for_ever)
{
	probe("23505", true);
	probe("PH003", false);
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

TEST_MAIN("daemon_way", each_trouble_has_its_way_on, what_is_in_vain_is_probed_ever_more_seldom_but_for_ever,
	  what_is_not_allowed_is_never_chosen)
