/*
 * What an adapter made of a request, as the files of cases have it: "> field=value" a line for each field of an event that is
 * not as usual, in the order of struct event; "! outcome field" for one that was refused.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "collector/source/source.h"

#define TOLD_SIZE 16384

/* What is not worth a line. */
struct told_usual {
	const char *source, *id; /* id NULL: always told; a made one as "made" */
	enum channel channel;
	int64_t occurred_us, stamped_us, received_us;
	const char *site;
};

/* Behind what *ret_text holds. */
void told_item(const struct source_item *item, const struct told_usual *usual, char ret_text[static TOLD_SIZE]);
