#include "core/flow/arbiters.h"

#include <string.h>

#include "core/base/arena.h"

/* The process whose row is the contact's arbiter. */
static bool is_arbiter(const char *process)
{
	return strcmp(process, ARBITER_PROCESS) == 0;
}

/* Walks load->phases along with contacts that come in key order. The loaded arbiter of this one; NULL: it has none yet. */
static const struct phase_row *next_loaded(const struct load_rows *load, size_t *at, const struct uuid *contact_id)
{
	while (*at < load->phase_count && uuid_compare(&load->phases[*at].contact_id, contact_id) < 0) {
		(*at)++;
	}
	for (size_t i = *at; i < load->phase_count && uuid_equal(&load->phases[i].contact_id, contact_id); i++) {
		if (is_arbiter(load->phases[i].process)) {
			return &load->phases[i];
		}
	}
	return NULL;
}

struct split {
	const struct load_rows *load;
	size_t loaded_at;
	struct arbiter_row *fresh, *known;
	size_t fresh_count, known_count;
};

static void put(struct split *split, const struct uuid *contact_id, const struct state_row *state)
{
	const struct phase_row *loaded = next_loaded(split->load, &split->loaded_at, contact_id);
	struct arbiter_row row = {.contact_id = *contact_id, .state = state};
	if (loaded != NULL) {
		row.place = loaded->place;
		row.version = loaded->version;
	}
	if (loaded == NULL) {
		split->fresh[split->fresh_count++] = row;
	} else {
		split->known[split->known_count++] = row;
	}
}

/* States of other processes stay in the list; those of arbiters go, in order with the bumped ones. */
static void merge(struct split *split, struct save_rows *save, struct state_row *rest)
{
	size_t bumped = 0, kept = 0;
	for (size_t i = 0; i < save->state_count; i++) {
		const struct state_row *state = &save->states[i];
		if (!is_arbiter(state->process)) {
			rest[kept++] = *state;
			continue;
		}
		while (bumped < save->bumped_count &&
		       uuid_compare(&save->bumped[bumped], &state->contact_id) < 0) {
			put(split, &save->bumped[bumped++], NULL);
		}
		put(split, &state->contact_id, state);
	}
	while (bumped < save->bumped_count) {
		put(split, &save->bumped[bumped++], NULL);
	}
	save->states = rest;
	save->state_count = kept;
	save->bumped_count = 0;
}

/* An anonymous actor gets its row together with its arbiter. Both lists are in key order. */
static bool split_actors(struct save_rows *save, struct arena *arena)
{
	struct actor *fresh = arena_array(arena, save->actor_count + 1, sizeof(*fresh));
	struct actor *known = arena_array(arena, save->actor_count + 1, sizeof(*known));
	if (fresh == NULL || known == NULL) {
		return false;
	}
	size_t fresh_count = 0, known_count = 0, at = 0;
	for (size_t i = 0; i < save->actor_count; i++) {
		const struct actor *actor = &save->actors[i];
		while (at < save->arbiter_new_count &&
		       uuid_compare(&save->arbiters_new[at].contact_id, &actor->id) < 0) {
			at++;
		}
		if (actor_is_weak(actor->kind) && at < save->arbiter_new_count &&
		    uuid_equal(&save->arbiters_new[at].contact_id, &actor->id)) {
			fresh[fresh_count++] = *actor;
		} else {
			known[known_count++] = *actor;
		}
	}
	save->actors_new = fresh;
	save->actor_new_count = fresh_count;
	save->actors = known;
	save->actor_count = known_count;
	return true;
}

/* What was folded in order changes after all that was known; a refold may say again what is there. */
static bool split_changes(struct save_rows *save, struct arena *arena)
{
	struct change_row *fresh = arena_array(arena, save->change_count + 1, sizeof(*fresh));
	struct change_row *known = arena_array(arena, save->change_count + 1, sizeof(*known));
	if (fresh == NULL || known == NULL) {
		return false;
	}
	size_t fresh_count = 0, known_count = 0;
	for (size_t i = 0; i < save->change_count; i++) {
		if (save->changes[i].late) {
			known[known_count++] = save->changes[i];
		} else {
			fresh[fresh_count++] = save->changes[i];
		}
	}
	save->changes_new = fresh;
	save->change_new_count = fresh_count;
	save->changes = known;
	save->change_count = known_count;
	return true;
}

bool arbiters_split(const struct load_rows *load, struct arena *arena, struct save_rows *ret_save)
{
	size_t others = 0;
	for (size_t i = 0; i < ret_save->state_count; i++) {
		others += is_arbiter(ret_save->states[i].process) ? 0 : 1;
	}
	size_t room = ret_save->state_count + ret_save->bumped_count + 1;
	struct split split = {.load = load};
	split.fresh = arena_array(arena, room, sizeof(*split.fresh));
	split.known = arena_array(arena, room, sizeof(*split.known));
	struct state_row *rest = arena_array(arena, others + 1, sizeof(*rest));
	if (split.fresh == NULL || split.known == NULL || rest == NULL) {
		return false;
	}
	merge(&split, ret_save, rest);
	ret_save->arbiters_new = split.fresh;
	ret_save->arbiter_new_count = split.fresh_count;
	ret_save->arbiters = split.known;
	ret_save->arbiter_count = split.known_count;
	return !ret_save->by_copy || (split_actors(ret_save, arena) && split_changes(ret_save, arena));
}
