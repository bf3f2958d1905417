/*
 * User agents of machines, by the list in data/user_agents.txt that is kept from a public one. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define USER_AGENT_SLOTS 4096

/* Made from the list: patterns by the slot of their first three bytes; slot i's are from [slots[i]] to [slots[i + 1]]. */
struct user_agent_pattern {
	const char *text; /* "*": anything between */
	bool begins, ends;
};

extern const struct user_agent_pattern user_agent_patterns[];
extern const uint16_t user_agent_slots[USER_AGENT_SLOTS + 1];

/* What is looked at: bytes of the text, the first ones. People's and machines' are far shorter. */
#define USER_AGENT_SIZE_MAX 1024

/* Is it on the list? Takes as long as the text is, not as the list is. */
bool user_agents_has(const char *agent);
