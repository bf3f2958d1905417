/*
 * The quick way of json.c for JSON as trackers write it: one pass, no memory but the arena's, no library.
 *
 * It says yes or nothing: what it reads is what jansson would have read, and whatever is unusual or wrong is left to
 * jansson, which decides and says what is wrong with it. What is too large is left to nobody.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct json_node;
struct json_trouble;

/* `bytes` are UTF-8 without NUL: the caller has looked. NULL: not this way; the arena is as before. *ret_is_full: because it does
 * not fit into the arena, and so no other way either. */
struct json_node *json_quick_parse(const char *bytes, size_t size, unsigned depth_max, struct arena *arena,
				   bool *ret_is_full);
/* The other way, in json.c: json_parse() of such bytes without trying this one. For tests to compare the two. */
bool json_parse_careful(const char *bytes, size_t size, unsigned depth_max, struct arena *arena,
			struct json_node **ret_root, struct json_trouble *ret_trouble);
