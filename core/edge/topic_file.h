/*
 * The file of topics: which words of which language tell that a message is about a topic. Schema-checked; errors name
 * file, line, key, nearest word.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/model/topic.h"

struct arena;

/* The book lives in the arena. */
bool topic_file_read(const char *path, struct arena *arena, const struct topic_book **ret_book, struct fail *fail);
/* The same from text that lies in memory; errors name `file`. */
bool topic_file_parse(const char *text, size_t size, const char *file, struct arena *arena,
		      const struct topic_book **ret_book, struct fail *fail);
