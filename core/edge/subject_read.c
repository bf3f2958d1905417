#include "core/edge/subject_read.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"

bool subject_read(const struct postgres_rows *rows, size_t row, struct arena *arena, struct subject *ret_subject,
		  const char **ret_lines)
{
	const char *lines = "";
	struct subject subject = {
		.id = (uint64_t)postgres_int(rows, row, 0),
		.channel = (int)postgres_int(rows, row, 3),
		.action = (int)postgres_int(rows, row, 5),
		.engagement = (int)postgres_int(rows, row, 15),
	};
	const struct {
		unsigned column;
		const char **text;
	} texts[] = {
		{1, &subject.source},
		{2, &subject.site},
		{4, &subject.process},
		{6, &subject.label},
		{7, &subject.host},
		{8, &subject.path},
		{9, &subject.title},
		{10, &subject.content_id},
		{11, &subject.form_id},
		{12, &subject.target_host},
		{13, &subject.target_path},
		{14, &subject.topic},
		{16, &lines},
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *text = postgres_text(rows, row, texts[i].column);
		*texts[i].text = *text == '\0' ? "" : arena_text(arena, text, strlen(text));
		if (*texts[i].text == NULL) {
			return false;
		}
	}
	*ret_subject = subject;
	*ret_lines = lines;
	return true;
}
