/*
 * Who is in play, in the tables: claims, persons of several actors, and what was asserted of them, as phased.in_play() of schema/ finds them.
 */
#include <string.h>

#include "core/base/check.h"
#include "tests/daemon/world_inside.h"
#include "tests/random.h"

/* A set of ids that grows; in the client's arena. */
struct ids {
	struct uuid *at;
	size_t count, room;
};

static void add(struct ids *ids, const struct uuid *id)
{
	if (!world_has_id(ids->at, ids->count, id)) {
		CHECK(ids->count < ids->room);
		ids->at[ids->count++] = *id;
	}
}

static bool is_known(const struct tables *tables, const struct uuid *one, const struct uuid *other, int64_t at_us)
{
	struct kin_line key = {.actor_id = *one};
	const struct kin_line *row = tables_find(tables, TABLE_KIN, &key);
	return row != NULL && uuid_equal(&row->via, other) && row->at_us < at_us;
}

/* phased.asserting() */
static void add_asserting(const struct tables *tables, const struct world_play *play, struct ids *ids)
{
	for (size_t i = 0; i < play->asserted_count; i++) {
		const struct assertion *pair = &play->asserted[i];
		if (!is_known(tables, &pair->a, &pair->b, pair->at_us) &&
		    !is_known(tables, &pair->b, &pair->a, pair->at_us)) {
			add(ids, &pair->a);
			add(ids, &pair->b);
		}
	}
	for (size_t before = SIZE_MAX; before != ids->count;) {
		before = ids->count;
		for (size_t i = 0; i < tables_count(tables, TABLE_ASSERTION); i++) {
			const struct assertion_line *row = tables_row(tables, TABLE_ASSERTION, i);
			if (world_has_id(ids->at, ids->count, &row->a) ||
			    world_has_id(ids->at, ids->count, &row->b)) {
				add(ids, &row->a);
				add(ids, &row->b);
			}
		}
	}
}

/* All of the persons of whom one is among these. */
static void add_kin(const struct tables *tables, struct ids *ids)
{
	size_t count = ids->count;
	for (size_t i = 0; i < count; i++) {
		struct kin_line key = {.actor_id = ids->at[i]};
		const struct kin_line *row = tables_find(tables, TABLE_KIN, &key);
		for (size_t j = 0; row != NULL && j < tables_count(tables, TABLE_KIN); j++) {
			const struct kin_line *other = tables_row(tables, TABLE_KIN, j);
			if (uuid_equal(&other->contact_id, &row->contact_id)) {
				add(ids, &other->actor_id);
			}
		}
	}
}

static bool read_assertions(struct world_client *client, const struct ids *ids, struct world_play *play)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_ASSERTION);
	play->out.assertions = world_room(client, count, sizeof(*play->out.assertions));
	play->out.assertion_count = 0;
	for (size_t i = 0; play->out.assertions != NULL && i < count; i++) {
		const struct assertion_line *row = tables_row(tables, TABLE_ASSERTION, i);
		if (world_has_id(ids->at, ids->count, &row->a)) {
			play->out.assertions[play->out.assertion_count++] =
				(struct assertion){row->a,
						   row->b,
						   {row->stamped_us, row->event_id, row->touch_actor},
						   row->at_us,
						   (enum assertion_kind)row->kind,
						   (int)row->address_of,
						   (enum assertion_refused)row->refused};
		}
	}
	random_shuffle(&client->world->chance, play->out.assertions, play->out.assertion_count,
		       sizeof(*play->out.assertions));
	return play->out.assertions != NULL;
}

static bool read_kin(struct world_client *client, struct ids *persons, struct world_play *play)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_KIN);
	play->out.kin = world_room(client, count, sizeof(*play->out.kin));
	play->out.kin_count = 0;
	add_kin(tables, persons);
	for (size_t i = 0; play->out.kin != NULL && i < count; i++) {
		const struct kin_line *row = tables_row(tables, TABLE_KIN, i);
		if (world_has_id(persons->at, persons->count, &row->actor_id)) {
			play->out.kin[play->out.kin_count++] =
				(struct kin){row->actor_id, row->contact_id, row->via, row->at_us};
		}
	}
	random_shuffle(&client->world->chance, play->out.kin, play->out.kin_count, sizeof(*play->out.kin));
	return play->out.kin != NULL;
}

/* How many claims on the same actor come before this one? */
static size_t earlier_claims(const struct tables *tables, size_t number)
{
	const struct claim_line *row = tables_row(tables, TABLE_CLAIM, number);
	size_t earlier = 0;
	for (size_t i = 0; i < tables_count(tables, TABLE_CLAIM); i++) {
		const struct claim_line *other = tables_row(tables, TABLE_CLAIM, i);
		earlier += uuid_equal(&other->weak, &row->weak) && (other->at_us < row->at_us ||
								    (other->at_us == row->at_us && i < number))
				   ? 1
				   : 0;
	}
	return earlier;
}

/* Claims on the weak ones, and on all that are claimed for whom something is decided. */
static bool read_claims(struct world_client *client, const struct ids *decided, struct world_play *play)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_CLAIM), used = 0;
	struct claim *claims = world_room(client, count, sizeof(*claims));
	for (size_t i = 0; claims != NULL && i < count; i++) {
		const struct claim_line *row = tables_row(tables, TABLE_CLAIM, i);
		bool wanted = world_has_id(play->weak, play->weak_count, &row->weak);
		for (size_t j = 0; j < count && !wanted; j++) {
			const struct claim_line *other = tables_row(tables, TABLE_CLAIM, j);
			wanted = uuid_equal(&other->weak, &row->weak) &&
				 world_has_id(decided->at, decided->count, &other->strong);
		}
		if (wanted && earlier_claims(tables, i) < play->claim_room) {
			claims[used++] = (struct claim){row->weak,
							row->strong,
							{row->stamped_us, row->event_id, row->weak},
							row->at_us,
							(enum claim_strength)row->strength};
		}
	}
	random_shuffle(&client->world->chance, claims, used, sizeof(*claims));
	play->out.claims = claims;
	play->out.claim_count = used;
	return claims != NULL;
}

bool world_read_play(struct world_client *client, struct world_play *play)
{
	const struct tables *tables = world_view(client);
	size_t room = play->strong_count + play->decided_count + 2 * play->asserted_count +
		      2 * tables_count(tables, TABLE_ASSERTION) + tables_count(tables, TABLE_KIN) +
		      tables_count(tables, TABLE_CLAIM) + 1;
	struct ids asserting = {.room = room}, decided = {.room = room}, persons = {.room = room};
	asserting.at = arena_array(client->arena, room, sizeof(struct uuid));
	decided.at = arena_array(client->arena, room, sizeof(struct uuid));
	persons.at = arena_array(client->arena, room, sizeof(struct uuid));
	if (asserting.at == NULL || decided.at == NULL || persons.at == NULL) {
		return false;
	}
	add_asserting(tables, play, &asserting);
	for (size_t i = 0; i < play->decided_count; i++) {
		add(&decided, &play->decided[i]);
	}
	for (size_t i = 0; i < asserting.count; i++) {
		add(&decided, &asserting.at[i]);
	}
	add_kin(tables, &decided);
	if (!read_claims(client, &decided, play)) {
		return false;
	}
	for (size_t i = 0; i < play->strong_count; i++) {
		add(&persons, &play->strong[i]);
	}
	for (size_t i = 0; i < decided.count; i++) {
		add(&persons, &decided.at[i]);
	}
	for (size_t i = 0; i < play->out.claim_count; i++) {
		add(&persons, &play->out.claims[i].strong);
	}
	return read_kin(client, &persons, play) && read_assertions(client, &asserting, play);
}
