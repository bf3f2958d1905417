#include "daemon/way.h"

#include <stddef.h>
#include <string.h>

void way_init(struct way *way, bool allowed)
{
	*way = (struct way){.allowed = allowed};
}

bool way_choose(struct way *way)
{
	way->quick = way->allowed && !way->careful_once && way->careful_left == 0;
	way->wary = way->quick && (way->wary_once || way->wary_left > 0);
	return way->quick;
}

/* So often in a row it has been in vain: how many batches do without, this one included. */
static unsigned rest(unsigned misses)
{
	return misses < 2 ? 0 : misses < 8 ? 1u << misses : WAY_REST_MAX;
}

bool way_missed(struct way *way, const char *code)
{
	/* An arbiter is not as it was; another model is in force, which the careful way will say; a key is there already. */
	static const char *const codes[] = {"PH002", "PH003", "23505"};
	bool missed = false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		missed = missed || strcmp(code, codes[i]) == 0;
	}
	if (!way->quick || !missed) {
		return false;
	}
	if (strcmp(code, codes[0]) == 0 && !way->again) {
		way->again = true;
	} else if (strcmp(code, codes[2]) == 0 && !way->wary) {
		way->wary_once = true;
		way->copies++;
		way->wary_left = rest(way->copies);
	} else {
		way->careful_once = true;
		way->misses++;
		way->careful_left = rest(way->misses);
	}
	return true;
}

void way_rests(struct way *way)
{
	way->careful_once = true;
}

void way_done(struct way *way)
{
	way->again = way->wary_once = false;
	if (!way->quick) {
		way->careful_once = false;
		way->careful_left -= way->careful_left > 0 ? 1 : 0;
		return;
	}
	way->misses = 0;
	if (way->wary) {
		way->wary_left -= way->wary_left > 0 ? 1 : 0;
	} else {
		way->copies = 0;
	}
}
