#include "ctl/audit_note.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/edge/postgres.h"

#define COUNTS_SIZE 512

static const struct postgres_statement note = {
	.name = "audit_note",
	.sql = "SELECT phased.audit_note($1, $2, $3::jsonb)",
	.parameter_count = 3,
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}},
};

bool audit_note_add(struct ctl *ctl, struct postgres *postgres, const char *what, const char *about,
		    struct fail *fail, const char *counts, ...)
{
	struct postgres_value *values = arena_array(&ctl->arena, 3, sizeof(*values));
	char *text = arena_take(&ctl->arena, COUNTS_SIZE);
	CHECK(values != NULL && text != NULL);
	va_list more;
	va_start(more, counts);
	int size = vsnprintf(text, COUNTS_SIZE, counts, more);
	va_end(more);
	bool fits = size >= 0 && size < COUNTS_SIZE && postgres_value_text(what, &values[0]) &&
		    postgres_value_text(about, &values[1]) && postgres_value_text(text, &values[2]);
	CHECK(fits);
	return postgres_add(postgres, &note, values, NULL, NULL, fail);
}
