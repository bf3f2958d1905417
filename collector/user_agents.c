#include "collector/user_agents.h"

#include <string.h>

/* As data/embed.py computes it. */
static unsigned slot_of(const char *piece)
{
	const unsigned char *bytes = (const unsigned char *)piece;
	return ((bytes[0] * 31U + bytes[1]) * 31U + bytes[2]) % USER_AGENT_SLOTS;
}

/* The text's pieces, one behind the other, the first of them at `at`; the last one at the very end where it ends. */
static bool matches(const struct user_agent_pattern *pattern, const char *at)
{
	const char *piece = pattern->text;
	for (bool is_first = true;; is_first = false) {
		size_t size = strcspn(piece, "*");
		bool is_last = piece[size] == '\0';
		if (!is_first) {
			size_t left = strlen(at);
			if (is_last && pattern->ends && left >= size) {
				at += left - size;
			} else {
				at = memmem(at, left, piece, size);
			}
		}
		if (at == NULL || strncmp(at, piece, size) != 0) {
			return false;
		}
		at += size;
		if (is_last) {
			return !pattern->ends || *at == '\0';
		}
		piece += size + 1;
	}
}

bool user_agents_has(const char *agent)
{
	for (const char *at = agent; at[0] != '\0' && at[1] != '\0' && at[2] != '\0'; at++) {
		unsigned slot = slot_of(at);
		for (unsigned i = user_agent_slots[slot]; i < user_agent_slots[slot + 1]; i++) {
			const struct user_agent_pattern *pattern = &user_agent_patterns[i];
			if ((at == agent || !pattern->begins) && matches(pattern, at)) {
				return true;
			}
		}
	}
	return false;
}
