#include "core/edge/account_committee.h"

#include <assert.h>
#include <stddef.h>

#include "core/base/check.h"
#include "core/base/yaml.h"

/* A purchase involves near seven people with different worries. */
static const enum role usual[] = {ROLE_CEO,	   ROLE_CFO,	     ROLE_CMO, ROLE_SALES,
				  ROLE_PRODUCTION, ROLE_PROCUREMENT, ROLE_IT};

/* Of enum role, from the first on. */
static const char *const words[] = {
#define ROLE_WORD(name, word) word,
	ROLE_LIST(ROLE_WORD)
#undef ROLE_WORD
		NULL};
static_assert(COUNT_OF(words) == ROLE_COUNT, "all but ROLE_NONE, and the end");

static bool read_role(const char *file, const struct yaml_node *node, const char *key, enum role *ret_role,
		      struct fail *fail)
{
	int index;
	if (!yaml_name(node, words, file, key, "no role", &index, fail)) {
		return false;
	}
	*ret_role = (enum role)(index + 1);
	return true;
}

static bool read_expected(const char *file, const struct yaml_node *node, struct committee_settings *settings,
			  struct fail *fail)
{
	if (node->kind != YAML_LIST) {
		return yaml_complain(file, node, fail, "\"expected\" must be a list of roles");
	}
	for (size_t i = 0; i < node->count; i++) {
		enum role role;
		if (!read_role(file, node->items[i], "expected", &role, fail)) {
			return false;
		}
		if (settings->expected[role]) {
			return yaml_complain(file, node->items[i], fail, "\"expected\" names %s twice",
					     role_name(role));
		}
		settings->expected[role] = true;
	}
	return true;
}

static bool read_multipliers(const char *file, const struct yaml_node *node, struct committee_settings *settings,
			     struct fail *fail)
{
	if (node->kind != YAML_MAP) {
		return yaml_complain(file, node, fail, "\"multipliers\" must be a map, role: number");
	}
	for (size_t i = 0; i < node->count; i++) {
		enum role role;
		double multiplier;
		if (!read_role(file, node->keys[i], "multipliers", &role, fail)) {
			return false;
		}
		if (!yaml_number(node->items[i], &multiplier) || multiplier < 0 ||
		    multiplier > COMMITTEE_MULTIPLIER_MAX) {
			return yaml_complain(file, node->items[i], fail,
					     "\"multipliers\": %s must have a number from 0 to %d behind it",
					     role_name(role), COMMITTEE_MULTIPLIER_MAX);
		}
		if (multiplier == 0 && settings->expected[role]) {
			return yaml_complain(file, node->items[i], fail,
					     "\"multipliers\": %s is expected, so it decides: more than 0",
					     role_name(role));
		}
		settings->multiplier[role] = multiplier;
	}
	return true;
}

bool account_committee_read(const char *file, const struct yaml_node *node,
			    struct committee_settings *ret_settings, struct fail *fail)
{
	static const char *const keys[] = {"expected", "multipliers", NULL};
	struct committee_settings settings = {0};
	if (node != NULL && node->kind != YAML_MAP) {
		return yaml_complain(file, node, fail, "\"committee\" must be a map");
	}
	if (node != NULL && !yaml_only_keys(node, keys, file, fail)) {
		return false;
	}
	const struct yaml_node *expected = node != NULL ? yaml_get(node, "expected") : NULL;
	const struct yaml_node *multipliers = node != NULL ? yaml_get(node, "multipliers") : NULL;
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		settings.multiplier[role] = 1;
	}
	for (size_t i = 0; expected == NULL && i < COUNT_OF(usual); i++) {
		settings.expected[usual[i]] = true;
	}
	if ((expected != NULL && !read_expected(file, expected, &settings, fail)) ||
	    (multipliers != NULL && !read_multipliers(file, multipliers, &settings, fail))) {
		return false;
	}
	*ret_settings = settings;
	return true;
}
