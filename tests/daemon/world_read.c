/*
 * READ and RULES in the tables: histories, from checkpoints on, and what their subjects match.
 */
#include <string.h>

#include "core/base/check.h"
#include "tests/daemon/world_inside.h"
#include "tests/random.h"

static void add_read(struct world_client *client, const struct touch_line *touch, const struct uuid *contact)
{
	struct read_rows *read = client->read;
	struct touch_row *row = &read->touches[read->touch_count++];
	*row = (struct touch_row){
		.by_stretch = contact != NULL,
		.key = {touch->actor_id, touch->stamped_us, touch->event_id},
		.at_us = touch->at_us,
		.reasons = (uint32_t)touch->reasons,
		.party = (int)touch->party,
		.subject_id = touch->subject_id,
		.process = -1,
		.rule = -1,
	};
	if (contact != NULL) {
		row->contact_id = *contact;
		row->key = read->with_keys ? row->key : (struct touch_key){.event_id = touch->event_id};
	}
}

/* The one that an ask begins with; NULL: none, the start. */
static const struct checkpoint_line *checkpoint_of(const struct world_client *client, const struct read_ask *ask)
{
	const struct tables *tables = world_view(client);
	const struct checkpoint_line *found = NULL;
	for (size_t i = 0; i < tables_count(tables, TABLE_CHECKPOINT); i++) {
		const struct checkpoint_line *row = tables_row(tables, TABLE_CHECKPOINT, i);
		if (uuid_equal(&row->contact_id, &ask->id) && ask->process != NULL &&
		    strcmp(row->process, ask->process) == 0 && row->at_us < ask->before_us &&
		    row->model_version == client->read->model_version && (found == NULL || row->n > found->n)) {
			found = row;
		}
	}
	return found;
}

static bool add_checkpoints(struct world_client *client, const struct read_ask *asks, size_t count)
{
	struct read_rows *read = client->read;
	for (size_t i = 0; i < count; i++) {
		const struct checkpoint_line *row = checkpoint_of(client, &asks[i]);
		if (row == NULL) {
			continue;
		}
		uint8_t *fold = world_room(client, strlen(row->fold) / 2, 1);
		if (fold == NULL) {
			return false;
		}
		client->world->gone_on++;
		read->checkpoints[read->checkpoint_count++] = (struct checkpoint_row){
			.contact_id = row->contact_id,
			.process = asks[i].process,
			.n = (uint32_t)row->n,
			.at_us = row->at_us,
			.fold = fold,
			.fold_size = tables_unhex(row->fold, fold),
			.shown = (int)row->shown,
			.since_us = row->since_us,
		};
	}
	return true;
}

/* Once, if one of the asks for this contact or actor wants it. */
static void add_asked(struct world_client *client, const struct touch_line *touch, const struct read_ask *asks,
		      size_t count, const struct uuid *id, bool by_stretch)
{
	for (size_t i = 0; i < count; i++) {
		const struct checkpoint_line *from = checkpoint_of(client, &asks[i]);
		if (uuid_equal(&asks[i].id, id) && ((uint32_t)touch->reasons & ~asks[i].cleared) == 0 &&
		    touch->at_us > (from != NULL ? from->at_us : asks[i].after_us)) {
			add_read(client, touch, by_stretch ? id : NULL);
			return;
		}
	}
}

/* Does the statement leave it in, whoever asks? */
static bool may_be_read(const struct world_client *client, const struct touch_line *touch)
{
	struct rule_line key = {.subject_id = touch->subject_id};
	const struct rule_line *rule = tables_find(world_view(client), TABLE_RULE, &key);
	return !client->read->counted_only || rule == NULL || rule->confirm != 0 ||
	       (touch->party == PARTY_PERSON && rule->number >= 0);
}

static size_t count_read(const struct world_client *client)
{
	const struct tables *tables = world_view(client);
	size_t count = 0;
	for (size_t i = 0; i < tables_count(tables, TABLE_TOUCH); i++) {
		count += may_be_read(client, tables_row(tables, TABLE_TOUCH, i)) ? 1 : 0;
	}
	return count;
}

enum postgres_result world_read(struct world_client *client, struct fail *ret_fail)
{
	const struct tables *tables = world_view(client);
	struct read_rows *read = client->read;
	size_t count = tables_count(tables, TABLE_TOUCH);
	size_t asks = read->contact_count + read->actor_count;
	read->touches = world_room(client, count_read(client) * (asks + 1), sizeof(*read->touches));
	read->checkpoints = world_room(client, asks, sizeof(*read->checkpoints));
	read->touch_count = read->checkpoint_count = 0;
	if (read->touches == NULL || read->checkpoints == NULL ||
	    !add_checkpoints(client, read->contacts, read->contact_count) ||
	    !add_checkpoints(client, read->actors, read->actor_count)) {
		return world_full(client, ret_fail);
	}
	for (size_t i = 0; i < count; i++) {
		const struct touch_line *touch = tables_row(tables, TABLE_TOUCH, i);
		if (!may_be_read(client, touch)) {
			continue;
		}
		for (size_t j = 0; j < tables_count(tables, TABLE_STRETCH); j++) {
			const struct stretch_line *stretch = tables_row(tables, TABLE_STRETCH, j);
			if (uuid_equal(&stretch->actor_id, &touch->actor_id) && touch->at_us >= stretch->from_us &&
			    touch->at_us < stretch->to_us &&
			    !world_has_id(read->moved, read->moved_count, &stretch->actor_id)) {
				add_asked(client, touch, read->contacts, read->contact_count, &stretch->contact_id,
					  true);
			}
		}
		add_asked(client, touch, read->actors, read->actor_count, &touch->actor_id, false);
	}
	random_shuffle(&client->world->chance, read->touches, read->touch_count, sizeof(*read->touches));
	return POSTGRES_TURN_DONE;
}

enum postgres_result world_rules(struct world_client *client, struct fail *ret_fail)
{
	struct rule_rows *rules = client->rules;
	rules->rules = world_room(client, rules->subject_count, sizeof(*rules->rules));
	rules->rule_count = 0;
	if (rules->rules == NULL) {
		return world_full(client, ret_fail);
	}
	for (size_t i = 0; i < rules->subject_count; i++) {
		struct rule_line key = {.subject_id = rules->subjects[i]};
		const struct rule_line *rule = tables_find(world_view(client), TABLE_RULE, &key);
		if (rule != NULL) {
			rules->rules[rules->rule_count++] = (struct rule_row){
				.subject_id = rule->subject_id,
				.process = rule->process,
				.rule = (int)rule->number,
				.mail_click = rule->mail_click != 0,
				.link = rule->link,
				.confirm = (uint16_t)rule->confirm,
			};
		}
	}
	random_shuffle(&client->world->chance, rules->rules, rules->rule_count, sizeof(*rules->rules));
	return POSTGRES_TURN_DONE;
}
