/*
 * An exact text is a glob without a wildcard, a beginning one with a * behind it. A glob takes all that another one takes where it takes the
 * other one itself, read as a text in which a * is a character that only a * takes, and a ? one that only * and ? take: whatever stands
 * there in a real text, the same parts of the wide glob take it.
 */
#include "core/flow/match_cover.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/match_pattern.h"

bool cover_pattern_init(struct cover_pattern *pattern, const struct model_pattern *about, struct arena *arena)
{
	char why[256];
	struct match_pattern folded;
	*pattern = (struct cover_pattern){.about = about};
	if (about->text == NULL || about->kind == MODEL_REGEX) {
		return true;
	}
	if (!match_pattern_init(&folded, about, arena, why, sizeof(why))) {
		return false;
	}
	static const char any[] = {PATTERN_ANY, '\0'};
	pattern->glob = about->kind == MODEL_STARTS ? arena_print(arena, "%s%s", folded.text, any) : folded.text;
	return pattern->glob != NULL;
}

bool cover_condition_init(struct cover_condition *condition, const struct model_condition *about,
			  struct arena *arena)
{
	const struct model_pattern *const patterns[] = {&about->label, &about->path,   &about->title,
							&about->form,  &about->target, &about->property_value};
	static_assert(COUNT_OF(patterns) == COVER_PATTERNS, "all of them");
	condition->about = about;
	for (unsigned i = 0; i < COVER_PATTERNS; i++) {
		if (!cover_pattern_init(&condition->patterns[i], patterns[i], arena)) {
			return false;
		}
	}
	return true;
}

static const char *behind(const char *at)
{
	do {
		at++;
	} while (((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

/* As match_pattern.c has it for texts: where they part, all goes back to the last star. */
static bool takes(const char *glob, const char *other)
{
	const char *star = NULL, *taken = NULL;
	for (;;) {
		if (*glob == PATTERN_ANY) {
			star = ++glob;
			taken = other;
		} else if (*other == '\0' && *glob == '\0') {
			return true;
		} else if (*other != '\0' && *other != PATTERN_ANY && *glob == PATTERN_ONE) {
			glob++;
			other = behind(other);
		} else if (*other != '\0' && *other != PATTERN_ANY && *glob == *other) {
			glob++;
			other++;
		} else if (star != NULL && *taken != '\0') {
			taken = behind(taken);
			glob = star;
			other = taken;
		} else {
			return false;
		}
	}
}

bool cover_pattern(const struct cover_pattern *wide, const struct cover_pattern *narrow)
{
	if (wide->glob != NULL && narrow->glob != NULL) {
		return takes(wide->glob, narrow->glob);
	}
	return wide->glob == NULL && narrow->glob == NULL && strcmp(wide->about->text, narrow->about->text) == 0;
}

static bool is_same(const char *wide, const char *narrow)
{
	return wide == NULL || (narrow != NULL && strcmp(wide, narrow) == 0);
}

/* The same host, or one below it. */
static bool is_below(const char *wide, const char *narrow)
{
	if (wide == NULL || narrow == NULL) {
		return wide == NULL;
	}
	size_t wide_size = strlen(wide), size = strlen(narrow);
	return size >= wide_size && strcasecmp(narrow + size - wide_size, wide) == 0 &&
	       (size == wide_size || narrow[size - wide_size - 1] == '.');
}

bool cover_condition(const struct cover_condition *wide, const struct cover_condition *narrow)
{
	const struct model_condition *a = wide->about, *b = narrow->about;
	bool covers = (a->action == 0 || a->action == b->action) && a->engagement_min <= b->engagement_min &&
		      is_same(a->source, b->source) && is_same(a->site, b->site) &&
		      is_same(a->content, b->content) && is_same(a->topic, b->topic) &&
		      is_same(a->property_key, b->property_key) && is_below(a->host, b->host) &&
		      is_below(a->target_host, b->target_host);
	for (unsigned i = 0; covers && i < COVER_PATTERNS; i++) {
		const struct cover_pattern *one = &wide->patterns[i], *other = &narrow->patterns[i];
		covers = one->about->text == NULL || (other->about->text != NULL && cover_pattern(one, other));
	}
	return covers;
}
