#include "collector/source/form.h"

#include <string.h>
#include <strings.h>

#include "collector/source/source.h"
#include "core/base/check.h"

const char *const form_part_names[FORM_PART_COUNT + 1] = {
#define FORM_PART_NAME(name, key, limit) [FORM_##name] = (key),
	FORM_PART_LIST(FORM_PART_NAME)
#undef FORM_PART_NAME
};

static const size_t limits[FORM_PART_COUNT] = {
#define FORM_PART_LIMIT(name, key, limit) [FORM_##name] = (limit),
	FORM_PART_LIST(FORM_PART_LIMIT)
#undef FORM_PART_LIMIT
};

const struct form *form_find(const struct form_map *map, const char *id)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->forms[i].id, id) == 0) {
			return &map->forms[i];
		}
	}
	return NULL;
}

/* Boxes are sent with their value when ticked; some trackers and hidden fields spell out that they are not. */
static bool is_ticked(const char *value)
{
	static const char *const noes[] = {"", "0", "false", "no", "off"};
	for (size_t i = 0; i < COUNT_OF(noes); i++) {
		if (strcasecmp(value, noes[i]) == 0) {
			return false;
		}
	}
	return true;
}

bool form_take(const struct form *form, const char *name, const char *value, struct arena *arena,
	       struct event *event)
{
	const char **const texts[FORM_PART_COUNT] = {
		[FORM_EMAIL] = &event->identity.email,	   [FORM_NAME] = &event->identity.name,
		[FORM_TITLE] = &event->identity.title,	   [FORM_ROLE] = &event->identity.role,
		[FORM_COMPANY] = &event->identity.company,
	};
	enum statement *const statements[FORM_PART_COUNT] = {
		[FORM_PROFILE] = &event->consent.profile,
		[FORM_CONTACT] = &event->consent.contact,
	};
	for (size_t i = 0; value != NULL && i < FORM_PART_COUNT; i++) {
		if (form->field[i] == NULL || strcmp(form->field[i], name) != 0) {
			continue;
		}
		/* A text over its limit is cut, but an address that was cut would be somebody else's. */
		if (texts[i] != NULL && (i != FORM_EMAIL || strlen(value) <= limits[i])) {
			const char *text = source_text(arena, value, limits[i]);
			if (text == NULL) {
				return false;
			}
			*texts[i] = text;
		}
		if (statements[i] != NULL && is_ticked(value)) {
			*statements[i] = STATEMENT_GRANTED;
		}
	}
	return true;
}
