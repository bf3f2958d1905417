/*
 * Forms: which field of which form is what, as collect.yaml maps them. A field that is not mapped is not read at all.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct event;

#define FORMS_MAX 256
#define FORM_FIELDS_MAX 64 /* of one form that are looked at */

/* X(NAME, key in collect.yaml, limit in bytes) */
#define FORM_PART_LIST(X) \
	X(EMAIL, "email", 254) \
	X(NAME, "name", 128) \
	X(TITLE, "title", 128) \
	X(ROLE, "role", 128) \
	X(COMPANY, "company", 128) \
	X(PROFILE, "profile", 0) \
	X(CONTACT, "contact", 0)

enum form_part {
#define FORM_PART_ENUM(name, key, limit) FORM_##name,
	FORM_PART_LIST(FORM_PART_ENUM)
#undef FORM_PART_ENUM
		FORM_PART_COUNT
};

extern const char *const form_part_names[FORM_PART_COUNT + 1]; /* NULL ends */

struct form {
	const char *id;
	const char *field[FORM_PART_COUNT]; /* its name in the form; NULL: not asked there */
};

struct form_map {
	size_t count;
	const struct form *forms;
};

/* NULL: no such form. */
const struct form *form_find(const struct form_map *map, const char *id);

/*
 * Takes one field as it was submitted; `value` NULL: not ticked, not filled. A ticked box is GRANTED. A box that was
 * not ticked says nothing: it is no refusal of what was granted elsewhere, and "no" must not take back an earlier "yes"
 * that the form did not show. False: the arena is full.
 */
bool form_take(const struct form *form, const char *name, const char *value, struct arena *arena,
	       struct event *event);
