/*
 * collector/user_agents.h: machines that the list's makers have met are found, people's browsers are not.
 */
#include "collector/user_agents.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "tests/table.h"

START_TEST(user_agents_of_the_lists_own_examples_are_found)
{
	FILE *file = fopen("tests/collector/user_agents.txt", "r");
	ck_assert_ptr_nonnull(file);
	static char line[8192];
	unsigned count = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '#') {
			ck_assert_msg(user_agents_has(line), "%s", line);
			count++;
		}
	}
	fclose(file);
	ck_assert_uint_gt(count, 1000);
}
END_TEST

START_TEST(user_agents_of_people_are_not_found)
{
	static const char *const agents[] = {
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		"Chrome/142.0.0.0 "
		"Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		"Chrome/142.0.0.0 "
		"Safari/537.36 Edg/142.0.0.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		"Chrome/141.0.0.0 "
		"Safari/537.36 OPR/125.0.0.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		"Version/18.6 Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		"Version/18.6 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		"Mobile/15E148 [FBAN/FBIOS;FBAV/440.0.0.33.102]",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
		"Mobile "
		"Safari/537.36",
		"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) "
		"SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like "
		"Chrome/108.0.5359.160 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
		"Safari/537.36",
	};
	for (size_t i = 0; i < COUNT_OF(agents); i++) {
		ck_assert_msg(!user_agents_has(agents[i]), "%s", agents[i]);
	}
}
END_TEST

START_TEST(user_agents_patterns_hold_what_they_say)
{
	static const struct {
		const char *agent;
		bool is_found;
	} rows[] = {
		{"", false},
		{"c", false},
		{"cu", false},
		{"curl/8.5.0", true},			 /* ^curl */
		{"libcurl-like", false},		 /* not where it begins */
		{"Googlebot/2.1", true},		 /* anywhere */
		{"googlebot/2.1", false},		 /* in this case only */
		{"x Current News 1.0 RSS Reader", true}, /* Current*RSS Reader */
		{"RSS Reader, Current", false},		 /* in this order */
		{"x GoogleAssociationService", true},	 /* …$ */
		{"x GoogleAssociationService 2", false}, /* not the end */
		{"\xff\xfe\xfd curl", false},		 /* any bytes */
		{"Mozilla/5.0 (X11) HeadlessChrome/140", true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(user_agents_has(rows[i].agent) == rows[i].is_found, "%s", rows[i].agent);
	}
}
END_TEST

START_TEST(only_the_first_bytes_of_user_agents_are_looked_at)
{
	static char agent[USER_AGENT_SIZE_MAX + 64];
	static const char bot[] = "Googlebot/2.1", at_end[] = "GoogleAssociationService";
	memset(agent, 'x', sizeof(agent) - 1);
	memcpy(agent + USER_AGENT_SIZE_MAX - strlen(bot), bot, strlen(bot));
	ck_assert(user_agents_has(agent));
	memset(agent, 'x', sizeof(agent) - 1);
	memcpy(agent + USER_AGENT_SIZE_MAX, bot, strlen(bot));
	ck_assert(!user_agents_has(agent));
	memset(agent, 'x', sizeof(agent) - 1);
	memcpy(agent + USER_AGENT_SIZE_MAX - strlen(at_end), at_end, strlen(at_end));
	ck_assert(!user_agents_has(agent)); /* it is not the end */
	agent[USER_AGENT_SIZE_MAX] = '\0';
	ck_assert(user_agents_has(agent));
}
END_TEST

/* Of the processor, in s, for `times` looks. */
static double looks_s(const char *agent, unsigned times)
{
	struct timespec begun, ended;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
	for (unsigned i = 0; i < times; i++) {
		ck_assert(!user_agents_has(agent));
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	return (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
}

/* Some patterns begin so and go on after anything: looked for from each place on, that would take a thousand times longer. */
START_TEST(user_agents_that_nearly_match_again_and_again_take_no_longer)
{
	static char spiders[30001], spider[3001];
	for (size_t i = 0; i < sizeof(spiders) - 1; i++) {
		spiders[i] = "Spider"[i % 6];
	}
	memcpy(spider, spiders, sizeof(spider) - 1);
	ck_assert_double_lt(looks_s(spiders, 100), 10 * looks_s(spider, 100) + 0.01);
}
END_TEST

START_TEST(user_agents_seen_before_are_told_as_at_first)
{
	bool first[1000];
	for (size_t i = 0; i < 3 * COUNT_OF(first);
	     i++) { /* far more than are remembered; each a long text and a short one */
		char text[600];
		size_t number = i % COUNT_OF(first);
		snprintf(text, sizeof(text), "Mozilla/5.0 (X11; %zu) %*s%s", number, number % 2 == 0 ? 300 : 1,
			 "x", number % 3 == 0 ? "Googlebot/2.1" : "Firefox/140.0");
		bool at_first = user_agents_has(text), has = user_agents_has(text) && at_first;
		ck_assert(i != number || has == (number % 3 == 0));
		first[number] = i == number ? has : first[number];
		ck_assert(has == first[number]);
	}
}
END_TEST

TEST_MAIN("user agents", user_agents_seen_before_are_told_as_at_first,
	  user_agents_of_the_lists_own_examples_are_found, user_agents_of_people_are_not_found,
	  user_agents_patterns_hold_what_they_say, only_the_first_bytes_of_user_agents_are_looked_at,
	  user_agents_that_nearly_match_again_and_again_take_no_longer)
