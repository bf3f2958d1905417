/*
 * A compiled model, as match_make.c makes it and match.c asks it. Nobody else includes this.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/flow/beginnings.h"
#include "core/flow/match.h"
#include "core/flow/match_pattern.h"

/* Texts of a subject that patterns look at, and (from FIELD_CONTENT on) names that must be equal. */
enum field {
	FIELD_PATH,
	FIELD_TARGET,
	FIELD_TITLE,
	FIELD_LABEL,
	FIELD_FORM,
	FIELD_PROPERTY,
	FIELD_PATTERNS,
	FIELD_CONTENT = FIELD_PATTERNS,
	FIELD_CONTENT_ID,
	FIELD_TOPIC,
	FIELD_COUNT
};

/* What a text is looked up by: its field as a byte, a property's key with KEY_END behind it, then the text, folded where
 * patterns compare it. No text that may be looked up has a control character in it. */
#define KEY_FIELD(field) ((char)('A' + (field)))
#define KEY_END '\1'

struct check {
	enum field field;
	struct match_pattern pattern;
};

struct condition {
	const struct model_condition *about;
	unsigned rule;
	unsigned check_count;
	struct check *checks; /* what costs least first */
};

/* Numbers of conditions (or contents) to be looked at for a subject: those that its texts lead to, and the rest. */
struct lookup {
	struct beginnings keys;
	unsigned *always; /* ascending */
	unsigned always_count;
};

struct process {
	const struct model_process *about;
	struct condition *conditions; /* of all rules, one after another */
	unsigned condition_count;
	unsigned *first_condition;	     /* of each rule */
	struct match_pattern *content_paths; /* zeroed where a content has none */
	struct lookup contents;
	struct lookup rules[CHANNEL_COUNT];  /* conditions of all rules of a channel */
	struct lookup claims[CHANNEL_COUNT]; /* … of those that claim */
	int other[CHANNEL_COUNT];	     /* the rule for what no other took, or MATCH_NO_RULE */
};

struct matcher {
	const struct model *model;
	struct arena arena;
	struct match_patterns patterns;
	struct process *processes;
};
