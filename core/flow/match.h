/*
 * Which rule of which process does a subject match? Hides PCRE2. Pure once made.
 *
 * A subject's process: the explicit one if the model has it; else its content's; else the first with a matching rule
 * that claims; else `standard`. Its rule: of that process's rules of its channel the first with a condition that holds,
 * else the channel's `other`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/model/model.h"
#include "core/model/subject.h"

struct matcher; /* compiled patterns of one model; for one thread at a time */

/* Borrows the model for its life. NULL: *fail names file, line, rule and what is wrong with the pattern. */
struct matcher *matcher_create(const struct model *model, struct fail *fail);
void matcher_destroy(struct matcher *matcher); /* NULL is fine */

const struct model *matcher_model(const struct matcher *matcher);

#define MATCH_NO_RULE (-1)
#define MATCH_CLOSES 1u /* state `none`: in no buying process any more */

struct match {
	int process;	     /* index in the model's processes */
	int rule;	     /* index in its rules, or MATCH_NO_RULE: never evidence */
	const char *content; /* name of the content matched, or "": the model's */
	uint64_t link;	     /* of a mail click: hash of content or target; 0: the rule stands for it */
	/* Of a hard fact: bitmask of the states it names. Of a CONFIRM those of its label (main or fine phase), MATCH_CLOSES of
	 * an opportunity that was won or lost. 0: none. */
	uint16_t confirm;
	bool mail_click; /* action EMAIL_CLICK */
};

/* Would this rule of this process take the subject, were no other rule before it? By a condition of its own: an `other` rule also takes what
 * is left. `*ret_condition` (or NULL): the first of them, the model's. */
bool matcher_rule_holds(const struct matcher *matcher, unsigned process, unsigned rule,
			const struct subject *subject, const struct model_condition **ret_condition);

/* Pattern matching is bounded (match, depth and heap limits): a pattern that runs away counts as no match. */
void matcher_match(const struct matcher *matcher, const struct subject *subject, struct match *ret_match);
