/*
 * LOAD in the tables: locks, then facts and states.
 */
#include <string.h>

#include "core/base/check.h"
#include "tests/daemon/world_inside.h"
#include "tests/random.h"

static bool load_consents(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_CONSENT);
	load->consents = world_room(client, count, sizeof(*load->consents));
	load->consent_count = 0;
	for (size_t i = 0; i < count && load->consents != NULL; i++) {
		const struct consent_line *row = tables_row(tables, TABLE_CONSENT, i);
		if (!world_has_id(load->persons, load->person_count, &row->actor_id)) {
			continue;
		}
		struct consent *consent = &load->consents[load->consent_count++];
		*consent = (struct consent){
			.actor_id = row->actor_id,
			.purpose = (enum purpose)row->purpose,
			.key = {row->stamped_us, row->event_id, row->touch_actor},
			.at_us = row->at_us,
			.state = (int)row->state,
			.source = world_text(client, row->source),
			.policy = world_text(client, row->policy),
		};
		if (consent->source == NULL || consent->policy == NULL) {
			return false;
		}
	}
	random_shuffle(&client->world->chance, load->consents, load->consent_count, sizeof(*load->consents));
	return load->consents != NULL;
}

static bool is_stated(const struct load_rows *load, const struct claim_line *row)
{
	for (size_t i = 0; i < load->stated_count; i++) {
		const struct claim *claim = &load->stated[i];
		if (uuid_equal(&claim->weak, &row->weak) && uuid_equal(&claim->strong, &row->strong) &&
		    claim->key.stamped_us == row->stamped_us && claim->key.event_id == row->event_id) {
			return true;
		}
	}
	return false;
}

/* Of each of the first persons claimed on who is crowded, a few claims. */
static bool load_others(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_CLAIM), persons = 0, each = 0;
	load->others = world_room(client, count, sizeof(*load->others));
	load->other_count = 0;
	const struct claim_line *last = NULL; /* they come by weak and strong actor */
	for (size_t i = 0; i < count && load->others != NULL; i++) {
		const struct claim_line *row = tables_row(tables, TABLE_CLAIM, i);
		bool same_weak = last != NULL && uuid_equal(&last->weak, &row->weak);
		bool same_person = same_weak && uuid_equal(&last->strong, &row->strong);
		persons = same_person ? persons : same_weak ? persons + 1 : 1;
		each = same_person ? each + 1 : 1;
		last = row;
		if (world_has_id(load->crowded, load->crowded_count, &row->weak) &&
		    ((persons <= LOAD_OTHERS_MAX && each <= LOAD_OTHERS_EACH) || is_stated(load, row))) {
			load->others[load->other_count++] =
				(struct claim){row->weak,
					       row->strong,
					       {row->stamped_us, row->event_id, row->weak},
					       row->at_us,
					       (enum claim_strength)row->strength};
		}
	}
	return load->others != NULL;
}

static bool load_declared(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_DECLARED);
	load->declared = world_room(client, count, sizeof(*load->declared));
	load->declared_count = 0;
	for (size_t i = 0; i < count && load->declared != NULL; i++) {
		const struct declared_line *row = tables_row(tables, TABLE_DECLARED, i);
		if (!world_has_id(load->decided, load->decided_count, &row->actor_id)) {
			continue;
		}
		struct declared *declared = &load->declared[load->declared_count++];
		*declared = (struct declared){
			.actor_id = row->actor_id,
			.attribute = (enum attribute)row->attribute,
			.source = world_text(client, row->source),
			.key = {row->stamped_us, row->event_id, row->touch_actor},
			.at_us = row->at_us,
			.value = world_text(client, row->value),
		};
		if (declared->source == NULL || declared->value == NULL) {
			return false;
		}
	}
	random_shuffle(&client->world->chance, load->declared, load->declared_count, sizeof(*load->declared));
	return load->declared != NULL;
}

static bool load_erasures(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_ERASURE);
	load->erasures = world_room(client, count * (1 + load->position_count), sizeof(*load->erasures));
	load->erasure_count = 0;
	for (size_t i = 0; i < count && load->erasures != NULL; i++) {
		const struct erasure_line *row = tables_row(tables, TABLE_ERASURE, i);
		if (!world_has_id(load->actors, load->actor_count, &row->actor_id)) {
			continue;
		}
		struct erasure_row erasure = {
			.actor_id = row->actor_id, .from_us = row->from_us, .at_us = row->at_us};
		load->erasures[load->erasure_count++] = erasure;
		for (size_t j = 0; j < load->position_count && row->below > 0; j++) {
			erasure.has_position = true;
			erasure.partition = load->partitions[j];
			erasure.below = row->below;
			load->erasures[load->erasure_count++] = erasure;
		}
	}
	random_shuffle(&client->world->chance, load->erasures, load->erasure_count, sizeof(*load->erasures));
	return load->erasures != NULL;
}

static bool is_key(const struct load_rows *load, const struct touch_line *row)
{
	for (size_t i = 0; i < load->key_count; i++) {
		if (uuid_equal(&load->keys[i].actor_id, &row->actor_id) &&
		    load->keys[i].stamped_us == row->stamped_us && load->keys[i].event_id == row->event_id) {
			return true;
		}
	}
	return false;
}

/* The touch, its subject's channel, and whose consent its event stated. */
static void copy_of(const struct tables *tables, const struct touch_line *row, struct copy_row *ret_copy)
{
	struct subject_line key = {.id = row->subject_id};
	const struct subject_line *subject = tables_find(tables, TABLE_SUBJECT, &key);
	CHECK(subject != NULL);
	*ret_copy = (struct copy_row){
		.touch = {row->actor_id, row->stamped_us, row->event_id, row->at_us, row->received_us,
			  row->subject_id, (uint32_t)row->reasons & MACHINE_SAID, (int16_t)row->party},
		.channel = (int)subject->channel,
	};
	for (size_t i = 0; i < tables_count(tables, TABLE_CONSENT); i++) {
		const struct consent_line *consent = tables_row(tables, TABLE_CONSENT, i);
		if (uuid_equal(&consent->touch_actor, &row->actor_id) && consent->stamped_us == row->stamped_us &&
		    consent->event_id == row->event_id) {
			ret_copy->has_person = true;
			ret_copy->person = consent->actor_id;
		}
	}
	for (size_t i = 0; i < tables_count(tables, TABLE_ASSERTION); i++) {
		const struct assertion_line *assertion = tables_row(tables, TABLE_ASSERTION, i);
		if (uuid_equal(&assertion->touch_actor, &row->actor_id) &&
		    assertion->stamped_us == row->stamped_us && assertion->event_id == row->event_id) {
			ret_copy->has_asserted = true;
			ret_copy->asserted = assertion->a;
		}
	}
}

static bool load_touches(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	size_t count = tables_count(tables, TABLE_TOUCH);
	load->copies = world_room(client, count, sizeof(*load->copies));
	load->times = world_room(client, count, sizeof(*load->times));
	load->copy_count = load->time_count = 0;
	for (size_t i = 0; i < count && load->copies != NULL && load->times != NULL; i++) {
		const struct touch_line *row = tables_row(tables, TABLE_TOUCH, i);
		if (is_key(load, row)) {
			copy_of(tables, row, &load->copies[load->copy_count++]);
		}
		if (world_has_id(load->timed, load->timed_count, &row->actor_id)) {
			load->times[load->time_count++] =
				(struct touch_time){{row->actor_id, row->stamped_us, row->event_id}, row->at_us};
		}
	}
	random_shuffle(&client->world->chance, load->times, load->time_count, sizeof(*load->times));
	random_shuffle(&client->world->chance, load->copies, load->copy_count, sizeof(*load->copies));
	return load->copies != NULL && load->times != NULL;
}

/* Where time has moved it on: the last change until its last touch. */
static int64_t touched_since(const struct tables *tables, const struct phase_line *row)
{
	int64_t since_us = INT64_MIN;
	for (size_t i = 0; row->since_us > row->last_us && i < tables_count(tables, TABLE_CHANGE); i++) {
		const struct change_line *change = tables_row(tables, TABLE_CHANGE, i);
		if (uuid_equal(&change->contact_id, &row->contact_id) && change->process == row->process &&
		    change->at_us <= row->last_us && change->at_us > since_us) {
			since_us = change->at_us;
		}
	}
	return since_us;
}

bool world_phase_row(struct world_client *client, const struct phase_line *row, struct phase_row *ret_row)
{
	uint8_t *fold = world_room(client, strlen(row->fold) / 2, 1);
	if (fold == NULL) {
		return false;
	}
	*ret_row = (struct phase_row){
		.contact_id = row->contact_id,
		.process = row->process,
		.version = row->version,
		.model_version = row->model_version,
		.fold = fold,
		.fold_size = tables_unhex(row->fold, fold),
		.shown = (int)row->shown,
		.since_us = row->since_us,
		.review_us = row->review_us,
		.cleared = (uint32_t)row->cleared,
	};
	return true;
}

bool world_load_phases(struct world_client *client, struct load_rows *load)
{
	const struct tables *tables = world_view(client);
	const struct world_transaction *transaction = &client->transaction;
	size_t count = tables_count(tables, TABLE_PHASE);
	load->phases = world_room(client, count + transaction->made_count, sizeof(*load->phases));
	load->phase_count = 0;
	for (size_t i = 0; i < count && load->phases != NULL; i++) {
		const struct phase_line *row = tables_row(tables, TABLE_PHASE, i);
		if (!world_has_id(load->contacts, load->contact_count, &row->contact_id)) {
			continue;
		}
		struct phase_row *loaded = &load->phases[load->phase_count];
		if (!world_phase_row(client, row, loaded)) {
			return false;
		}
		loaded->process = world_text(client, row->process);
		loaded->touched_since_us = touched_since(tables, row);
		if (loaded->process == NULL) {
			return false;
		}
		load->phase_count++;
	}
	for (size_t i = 0; i < transaction->made_count && load->phases != NULL; i++) {
		load->phases[load->phase_count++] = (struct phase_row){
			.contact_id = transaction->made[i],
			.process = "standard",
			.model_version = load->model_version,
			.fold = (const uint8_t *)"",
			.since_us = INT64_MIN,
			.review_us = INT64_MIN,
			.touched_since_us = INT64_MIN,
		};
	}
	random_shuffle(&client->world->chance, load->phases, load->phase_count, sizeof(*load->phases));
	return load->phases != NULL;
}

static void lock(struct world_client *client, const struct load_rows *load)
{
	struct world_transaction *transaction = &client->transaction;
	transaction->model_version = load->model_version;
	for (size_t i = 0; i < load->contact_count; i++) {
		CHECK(i == 0 ||
		      uuid_compare(&load->contacts[i - 1], &load->contacts[i]) < 0); /* in key order, each once */
		CHECK(transaction->locked_count < WORLD_LOCKS_MAX);
		transaction->locked[transaction->locked_count++] = load->contacts[i];
		struct phase_line key = {.contact_id = load->contacts[i], .process = tables_text("standard")};
		if (tables_find(&client->world->tables, TABLE_PHASE, &key) == NULL) {
			transaction->made[transaction->made_count++] = load->contacts[i];
		}
	}
}

static bool load_play(struct world_client *client, struct load_rows *load)
{
	struct world_play play = {.weak = load->weak,
				  .weak_count = load->weak_count,
				  .strong = load->persons,
				  .strong_count = load->person_count,
				  .decided = load->decided,
				  .decided_count = load->decided_count,
				  .asserted = load->asserted,
				  .asserted_count = load->asserted_count,
				  .claim_room = load->claim_room};
	if (!world_read_play(client, &play)) {
		return false;
	}
	load->in_play = play.out;
	return true;
}

enum postgres_result world_load(struct world_client *client, struct fail *ret_fail)
{
	struct load_rows *load = client->load;
	CHECK(load->quick == client->transaction.is_snapshot);
	for (size_t i = 0; i < load->contact_count && !load->quick; i++) {
		if (world_is_locked(client->world, client, &load->contacts[i])) {
			return POSTGRES_GOES_ON;
		}
	}
	CHECK(client->transaction.locked_count == 0); /* never lock more */
	if (!load->quick) {
		lock(client, load);
	}
	bool fits = (load->quick || load_play(client, load)) && load_others(client, load) &&
		    load_consents(client, load) && load_declared(client, load) && load_erasures(client, load) &&
		    load_touches(client, load) && world_load_phases(client, load);
	client->transaction.open = !load->quick;
	return fits ? POSTGRES_TURN_DONE : world_full(client, ret_fail);
}
