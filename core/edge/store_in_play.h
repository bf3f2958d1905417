/*
 * Who is in play in a batch: claims, who is one with whom, what they stated. Asked for by ADVANCE or PEEK, and again by a LOAD that has waited for locks.
 */
#pragma once
#include "core/edge/store.h"

/* What they are asked for by. */
struct store_in_play {
	const struct uuid *weak, *strong, *decided;
	size_t weak_count, strong_count, decided_count;
	const struct assertion *asserted;
	size_t asserted_count, claim_room;
};

/* Statements of the turn, none where nothing is asked for. `ret` is filled when the turn ends; `weak`, sorted, must live until then. As many assertions
 * as the arena has room for are too many for it. */
bool store_add_in_play(struct store *store, const struct store_in_play *in_play, struct in_play_rows *ret,
		       struct arena *arena, struct fail *fail);

/* Claims of an answer, behind those that are there. */
bool store_read_claims(struct store *store, const struct postgres_rows *rows, struct claim **claims, size_t *count,
		       struct fail *fail);
/* As many as there may be are too many for the arena. */
bool store_read_assertions(struct store *store, const struct postgres_rows *rows,
			   struct assertion **ret_assertions, size_t *ret_count, struct fail *fail);
/* What was stated, and declared: of whomever the statement asked for. */
bool store_read_consents(struct store *store, const struct postgres_rows *rows, struct consent **ret_consents,
			 size_t *ret_count, struct fail *fail);
bool store_read_declared(struct store *store, const struct postgres_rows *rows, struct declared **ret_declared,
			 size_t *ret_count, struct fail *fail);
