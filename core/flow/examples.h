/*
 * Does each rule of a model take the example that its file gives for it? The test that a model brings with it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/match.h"

struct findings;

/*
 * `keys`: the property keys that configuration names, sorted; a rule that looks at another one is refused. False: there are errors, all of
 * them in `findings`.
 */
bool examples_check(const struct model *model, const struct matcher *matcher, const char *const *keys,
		    size_t key_count, struct findings *findings);
