/*
 * What lint.c puts together, and lint_item.c finds out about each subject. Nobody else includes this.
 */
#pragma once
#include "core/flow/lint.h"

/* What a rule can ask for, in the order in which rules must stand: what subjects are rather known by comes first. Those before LINT_PATH say an
 * action, too. */
enum lint_kind {
	LINT_FORM,
	LINT_TARGET,
	LINT_LABEL,
	LINT_TOPIC,
	LINT_ACTION,
	LINT_PATH,
	LINT_TITLE,
	LINT_NOTHING
};

/* A subject, and what it is put together by. */
struct lint_item {
	const struct seen_subject *seen;
	const struct model_condition
		*before; /* of `other`, which takes it and must come behind; NULL: none does */
	enum lint_kind kind;
	const char *host; /* TARGET: its host without a port, as rules ask for it; else "" */
	const char *text; /* what is asked for */
	const char *key;  /* the same without difference of case, as patterns compare */
};

/* Those that match only `other` and are known by something, with room for all of `seen`; counts touches and what is unknowable. Items
 * borrow texts of subjects, of the model and of the arena. False: it is full. */
bool lint_items_find(const struct model_seen *seen, struct lint_item *ret_items, size_t *ret_count,
		     struct arena *arena, struct lint *lint);
/* What a condition asks of such a text; NULL: it has no pattern for it. */
const struct model_pattern *lint_pattern_of(const struct model_condition *condition, enum lint_kind kind);
