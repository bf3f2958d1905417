/*
 * What must hold for every key of a configuration file, whoever's it is: made from its schema, so that a key that is added
 * is tested before anybody thinks of it.
 */
#pragma once
#include <stddef.h>

#include "core/edge/conf_schema.h"

/* Two files in which one key differs, for a key that cannot change alone; key NULL ends a list of them. */
struct conf_change {
	const char *key, *before, *after;
};

/* Each key missing, of a wrong type, below, above, twice, and misspelt: what is refused says file, line and key. */
void conf_keys_are_checked(const struct conf_schema *schema);
/* Each key changed in the file of a running program: taken over, or named as one that takes a restart; and back again. */
void conf_keys_are_reloaded(const struct conf_schema *schema, const struct conf_change *changes);
/* Files that are refused change nothing, whatever came before them. */
void conf_bad_files_change_nothing(const struct conf_schema *schema);
/* So many keys differ in this file that their list is cut: between two of them, and only once. `keys`: all of it. */
void conf_changes_are_cut(const struct conf_schema *schema, const char *text, const char *keys);
/* Each key has help, and bounds or words, and a default; every text, list and number within them. */
void conf_keys_are_documented(const struct conf_schema *schema);
