#include "collector/user_agents.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"

#define PATTERNS_MAX 4096
#define MEMO_SLOTS 64
#define MEMO_SIZE 256
#define PIECE_SIZE_MIN 3 /* of a pattern's first, and what its slot is made of */

/* As data/embed.py computes it. */
static unsigned slot_of(const char *piece)
{
	const unsigned char *bytes = (const unsigned char *)piece;
	return ((bytes[0] * 31U + bytes[1]) * 31U + bytes[2]) % USER_AGENT_SLOTS;
}

/* What is looked at of an agent. */
struct agent {
	const char *end;
	bool is_cut; /* the text goes on behind it */
};

enum match {
	MATCH,
	MATCH_NOT_HERE,
	MATCH_NOWHERE /* nor further on */
};

/* The text's pieces, one behind the other, the first of them at `at`; the last one at the very end where it ends. What is not
 * found behind one place is not behind a later one either. */
static enum match match(const struct user_agent_pattern *pattern, const char *at, const struct agent *agent)
{
	const char *piece = pattern->text;
	for (bool is_first = true;; is_first = false) {
		size_t size = strcspn(piece, "*"), left = (size_t)(agent->end - at);
		bool is_last = piece[size] == '\0', at_end = is_last && pattern->ends;
		if (left < size || (at_end && agent->is_cut)) {
			return MATCH_NOWHERE;
		}
		if (is_first || at_end) {
			at = is_first ? at : agent->end - size;
			if (memcmp(at, piece, size) != 0) {
				return is_first ? MATCH_NOT_HERE : MATCH_NOWHERE;
			}
		} else {
			at = memmem(at, left, piece, size);
			if (at == NULL) {
				return MATCH_NOWHERE;
			}
		}
		at += size;
		if (is_last) {
			return !pattern->ends || at == agent->end ? MATCH : MATCH_NOT_HERE;
		}
		piece += size + 1;
	}
}

static bool is_on_list(const char *text)
{
	uint64_t nowhere[PATTERNS_MAX / 64] = {0};
	size_t size = strnlen(text, USER_AGENT_SIZE_MAX);
	const struct agent agent = {.end = text + size, .is_cut = text[size] != '\0'};
	CHECK(user_agent_slots[USER_AGENT_SLOTS] <= PATTERNS_MAX);
	for (const char *at = text; agent.end - at >= PIECE_SIZE_MIN; at++) {
		unsigned slot = slot_of(at);
		for (unsigned i = user_agent_slots[slot]; i < user_agent_slots[slot + 1]; i++) {
			const struct user_agent_pattern *pattern = &user_agent_patterns[i];
			if (memcmp(at, pattern->text, PIECE_SIZE_MIN) != 0) {
				continue; /* shares the slot only */
			}
			if ((at != text && pattern->begins) || (nowhere[i / 64] >> i % 64 & 1) != 0) {
				continue;
			}
			enum match result = match(pattern, at, &agent);
			if (result == MATCH) {
				return true;
			}
			if (result == MATCH_NOWHERE) {
				nowhere[i / 64] |= UINT64_C(1) << i % 64;
			}
		}
	}
	return false;
}

/* Few browsers are in use at a time: what was found of the last ones. Nothing was found of "". */
bool user_agents_has(const char *text)
{
	static _Thread_local struct {
		char text[MEMO_SIZE];
		bool has;
	} memos[MEMO_SLOTS];
	size_t size = strnlen(text, MEMO_SIZE);
	if (size == MEMO_SIZE) {
		return is_on_list(text);
	}
	size_t slot = hash_stir(0, text, size) % MEMO_SLOTS;
	if (memcmp(memos[slot].text, text, size + 1) != 0) {
		memos[slot].has = is_on_list(text);
		memcpy(memos[slot].text, text, size + 1);
	}
	return memos[slot].has;
}
