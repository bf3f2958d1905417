/*
 * The names of the enums of this floor, once.
 */
#include <stddef.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/model/actor.h"
#include "core/model/event.h"
#include "core/model/model.h"
#include "core/model/phase.h"
#include "core/model/role.h"

static const struct {
	const char *name;
	int number;
	bool evidence;
} actions[] = {
#define ACTION_ROW(name, number, evidence) {#name, number, evidence},
	ACTION_LIST(ACTION_ROW)
#undef ACTION_ROW
};

const char *action_name(int action)
{
	if (action == ACTION_UNSAID) {
		return "UNSAID";
	}
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (actions[i].number == action) {
			return actions[i].name;
		}
	}
	return NULL;
}

int action_read(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (strcasecmp(actions[i].name, name) == 0) {
			return actions[i].number;
		}
	}
	return -1;
}

bool action_is_evidence(int action, enum channel channel)
{
	if (channel == CHANNEL_CRM || channel == CHANNEL_OFFLINE) {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (actions[i].number == action) {
			return actions[i].evidence;
		}
	}
	return false;
}

static const char *const channels[CHANNEL_COUNT] = {"unsaid", "web", "email", "chat", "crm", "offline"};

const char *channel_name(enum channel channel)
{
	CHECK((unsigned)channel < CHANNEL_COUNT);
	return channels[channel];
}

int channel_read(const char *name)
{
	for (int i = CHANNEL_WEB; i < CHANNEL_COUNT; i++) {
		if (strcasecmp(channels[i], name) == 0) {
			return i;
		}
	}
	return -1;
}

const char *opportunity_state_name(enum opportunity_state state)
{
	static const char *const names[OPPORTUNITY_COUNT] = {"", "open", "won", "lost", "deleted"};
	CHECK((unsigned)state < OPPORTUNITY_COUNT);
	return names[state];
}

const char *const rule_frequency_names[RULE_FREQUENCY_COUNT + 1] = {"common", "normal", "rare", NULL};

const char *rule_frequency_name(enum rule_frequency frequency)
{
	CHECK((unsigned)frequency < RULE_FREQUENCY_COUNT);
	return rule_frequency_names[frequency];
}

const char *main_phase_name(enum main_phase phase)
{
	static const char *const names[MAIN_COUNT] = {"early", "mid", "late"};
	CHECK(phase >= MAIN_NONE && phase < MAIN_COUNT);
	return phase == MAIN_NONE ? NULL : names[phase];
}

const char *shown_name(enum shown shown)
{
	static const char *const names[SHOWN_COUNT] = {"unknown", "none", "early", "mid", "late"};
	CHECK((unsigned)shown < SHOWN_COUNT);
	return names[shown];
}

const char *band_name(enum band band)
{
	static const char *const names[BAND_COUNT] = {NULL, "low", "medium", "high"};
	CHECK((unsigned)band < BAND_COUNT);
	return names[band];
}

const char *actor_kind_name(enum actor_kind kind)
{
	static const char *const names[ACTOR_KIND_COUNT] = {"cookie", "visitor", "recipient",
							    "email",  "user",	 "crm"};
	CHECK((unsigned)kind < ACTOR_KIND_COUNT);
	return names[kind];
}

const char *purpose_name(enum purpose purpose)
{
	static const char *const names[PURPOSE_COUNT] = {"profile", "contact", "review"};
	CHECK((unsigned)purpose < PURPOSE_COUNT);
	return names[purpose];
}

const char *attribute_name(enum attribute attribute)
{
	static const char *const names[ATTRIBUTE_COUNT] = {"address", "name",	  "role",   "title",
							   "company", "crm_role", "account"};
	CHECK((unsigned)attribute < ATTRIBUTE_COUNT);
	return names[attribute];
}

const char *role_name(enum role role)
{
	static const char *const names[ROLE_COUNT] = {NULL,
#define ROLE_ROW(name, word) word,
						      ROLE_LIST(ROLE_ROW)
#undef ROLE_ROW
	};
	CHECK((unsigned)role < ROLE_COUNT);
	return names[role];
}

enum role role_named(const char *name)
{
	unsigned role = 1;
	while (role < ROLE_COUNT && strcmp(name, role_name((enum role)role)) != 0) {
		role++;
	}
	return role < ROLE_COUNT ? (enum role)role : ROLE_NONE;
}
