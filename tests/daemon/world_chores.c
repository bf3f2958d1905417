/*
 * What a lane does between batches, in the tables: slices of what time changes, and of refolds that wait. And what a person
 * decides meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/model/event.h"
#include "tests/daemon/world_inside.h"

/* ---- review ---- */

#define HOUR_US INT64_C(3600000000)

static int compare_due(const void *a, const void *b)
{
	const struct phase_row *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : strcmp(x->process, y->process);
}

/* By chance some of the rows that are due; the real one goes through the table block by block. Nobody else is at it meanwhile. */
enum postgres_result world_review_due(struct world_client *client, struct fail *ret_fail)
{
	struct world *world = client->world;
	struct due_rows *due = client->due;
	size_t count = tables_count(&world->tables, TABLE_PHASE);
	world_open(client);
	due->ours = due->last = true;
	due->phase_count = 0;
	due->hour_us = moment_floor(due->now_us, HOUR_US) * HOUR_US;
	due->phases = world_room(client, count, sizeof(*due->phases));
	for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
		due->ours = due->ours &&
			    (i == client->number || !world->clients[i].transaction.open ||
			     !world->clients[i].transaction.reviews) &&
			    !(world->limbo[i].used && world->limbo[i].transaction.reviews);
	}
	client->transaction.reviews = due->ours;
	for (size_t i = 0; due->ours && due->phases != NULL && i < count; i++) {
		const struct phase_line *row = tables_row(&world->tables, TABLE_PHASE, i);
		struct phase_line key = {.contact_id = row->contact_id, .process = tables_text("standard")};
		const struct phase_line *arbiter = tables_find(&world->tables, TABLE_PHASE, &key);
		if (row->review_us == INT64_MIN || row->review_us > due->hour_us) {
			continue;
		}
		if (world_random(world, 4) == 0) {
			due->last = false;
			continue;
		}
		if (!world_phase_row(client, row, &due->phases[due->phase_count])) {
			return world_full(client, ret_fail);
		}
		due->phases[due->phase_count++].version = arbiter->version;
	}
	if (due->phases == NULL) {
		return world_full(client, ret_fail);
	}
	qsort(due->phases, due->phase_count, sizeof(*due->phases), compare_due);
	return POSTGRES_TURN_DONE;
}

static void review_row(struct tables *tables, const struct arbiter_row *row)
{
	const char *process = row->state != NULL ? row->state->process : "standard";
	struct phase_line key = {.contact_id = row->contact_id, .process = tables_text(process)};
	struct phase_line *found = tables_find(tables, TABLE_PHASE, &key);
	CHECK(found != NULL);
	found->version++;
	if (row->state != NULL) {
		struct phase_line line = world_phase_line(row->state, found->model_version);
		CHECK(strcmp(line.fold, found->fold) == 0 && line.counted == found->counted &&
		      line.activity == found->activity && line.last_us == found->last_us);
		line.version = found->version;
		line.cleared = found->cleared;
		*found = line;
	}
}

/* Of contacts whose arbiter nobody has locked or written meanwhile. */
enum postgres_result world_review_save(struct world_client *client)
{
	struct world *world = client->world;
	struct reviewed_rows *reviewed = client->reviewed;
	struct world_transaction *transaction = &client->transaction;
	reviewed->written = reviewed->changed = 0;
	for (size_t i = 0; i < reviewed->row_count; i++) {
		const struct arbiter_row *row = &reviewed->rows[i];
		struct phase_line key = {.contact_id = row->contact_id, .process = tables_text("standard")};
		const struct phase_line *arbiter = tables_find(&world->tables, TABLE_PHASE, &key);
		bool mine = world_has_id(transaction->locked, transaction->locked_count, &row->contact_id);
		CHECK(i == 0 || uuid_compare(&reviewed->rows[i - 1].contact_id, &row->contact_id) <= 0);
		if (!mine && arbiter->version == row->version &&
		    !world_is_locked(world, client, &row->contact_id)) {
			world_lock_arbiter(client, &row->contact_id, false);
			mine = true;
		}
		if (mine) {
			review_row(&world->tables, row);
			reviewed->written++;
		}
	}
	for (size_t i = 0; i < reviewed->change_count; i++) {
		struct change_line line = world_change_line(&reviewed->changes[i]);
		if (world_has_id(transaction->locked, transaction->locked_count, &line.contact_id)) {
			CHECK(line.cause == TABLES_TIME && tables_insert(&world->tables, TABLE_CHANGE, &line));
			reviewed->changed++;
		}
	}
	transaction->open = false;
	client->commits++;
	return POSTGRES_TURN_DONE;
}

/* ---- PICK ---- */

static bool is_by_stretch(const struct tables *tables, const struct uuid *actor)
{
	for (size_t i = 0; i < tables_count(tables, TABLE_STRETCH); i++) {
		if (uuid_equal(&((const struct stretch_line *)tables_row(tables, TABLE_STRETCH, i))->actor_id,
			       actor)) {
			return true;
		}
	}
	return false;
}

static int compare_waiting(const void *a, const void *b)
{
	return uuid_compare(&((const struct waiting_row *)a)->contact_id,
			    &((const struct waiting_row *)b)->contact_id);
}

/* Those that nobody has locked, from anywhere in the queue. */
enum postgres_result world_pick(struct world_client *client, struct fail *ret_fail)
{
	const struct tables *tables = &client->world->tables;
	struct pick_rows *pick = client->pick;
	struct world_transaction *transaction = &client->transaction;
	size_t count = tables_count(tables, TABLE_WAITING),
	       first = count > 0 ? world_random(client->world, count) : 0;
	struct uuid *ids = world_room(client, count, sizeof(*ids));
	pick->waiting = world_room(client, count, sizeof(*pick->waiting));
	if (ids == NULL || pick->waiting == NULL) {
		return world_full(client, ret_fail);
	}
	world_open(client);
	pick->has_model = true;
	pick->model_version = transaction->model_version = client->world->model_version;
	pick->waiting_count = 0;
	for (size_t i = 0; i < count && pick->waiting_count < pick->contacts_max; i++) {
		const struct waiting_line *row = tables_row(tables, TABLE_WAITING, (first + i) % count);
		if (!world_is_locked(client->world, client, &row->contact_id)) {
			transaction->locked[transaction->locked_count++] = row->contact_id;
			pick->waiting[pick->waiting_count++] = (struct waiting_row){
				row->contact_id, row->from_us,
				row->anonymous != 0 && !is_by_stretch(tables, &row->contact_id)};
		}
	}
	if (pick->waiting_count > 0) {
		qsort(pick->waiting, pick->waiting_count, sizeof(*pick->waiting), compare_waiting);
	}
	for (size_t i = 0; i < pick->waiting_count; i++) {
		ids[i] = pick->waiting[i].contact_id;
	}
	pick->load = (struct load_rows){.contacts = ids, .contact_count = pick->waiting_count};
	return world_load_phases(client, &pick->load) ? POSTGRES_TURN_DONE : world_full(client, ret_fail);
}

/* ---- machine traffic ---- */

bool world_clear(struct world *world, const struct uuid *contact, uint32_t reasons, bool is_strong)
{
	struct phase_line key = {.contact_id = *contact, .process = tables_text("standard")};
	struct phase_line *arbiter = tables_find(&world->tables, TABLE_PHASE, &key);
	struct waiting_line line = {*contact, INT64_MIN, !is_strong};
	if (arbiter == NULL || arbiter->cleared == reasons || world_is_locked(world, NULL, contact)) {
		return false;
	}
	arbiter->cleared = reasons;
	arbiter->version++;
	struct waiting_line *waiting = tables_find(&world->tables, TABLE_WAITING, &line);
	if (waiting != NULL) {
		waiting->from_us = INT64_MIN;
	} else {
		CHECK(tables_insert(&world->tables, TABLE_WAITING, &line));
	}
	return true;
}

/* Source and site with the '/' behind, and the action, of what a touch was about. */
struct about_mail {
	const char *texts;
	size_t sender_size;
	int action;
};

static struct about_mail about_mail(const struct tables *tables, const struct touch_line *touch)
{
	struct subject_line key = {.id = touch->subject_id};
	const struct subject_line *subject = tables_find(tables, TABLE_SUBJECT, &key);
	CHECK(subject != NULL);
	const char *site = strchr(subject->texts, '/') + 1, *process = strchr(site, '/') + 1;
	return (struct about_mail){subject->texts, (size_t)(process - subject->texts),
				   (int)strtol(strchr(process, '/') + 1, NULL, 10)};
}

static bool is_of_one_sender(const struct tables *tables, const struct touch_line *a, const struct touch_line *b)
{
	struct about_mail x = about_mail(tables, a), y = about_mail(tables, b);
	return uuid_equal(&a->actor_id, &b->actor_id) && x.sender_size == y.sender_size &&
	       memcmp(x.texts, y.texts, x.sender_size) == 0;
}

/* What another touch says of a click: a bit of MACHINE_FOUND, or nothing. */
static int64_t said_of_click(const struct tables *tables, const struct touch_line *click,
			     const struct touch_line *other)
{
	int64_t after_us = click->stamped_us - other->stamped_us;
	if (after_us > WORLD_HONEYPOT_US || after_us < -WORLD_HONEYPOT_US ||
	    !is_of_one_sender(tables, click, other)) {
		return 0;
	}
	switch (about_mail(tables, other).action) {
	case ACTION_EMAIL_SENT:
	case ACTION_EMAIL_DELIVERED:
		return after_us >= 0 && after_us <= WORLD_TOO_SOON_US ? MACHINE_FOUND_SOON : 0;
	case ACTION_EMAIL_CLICK:
		return (other->reasons & MACHINE_HONEYPOT) != 0 ? MACHINE_FOUND_TRAP : 0;
	default:
		return 0;
	}
}

static const char *link_of(const struct tables *tables, const struct touch_line *touch)
{
	struct subject_line key = {.id = touch->subject_id};
	const struct subject_line *subject = tables_find(tables, TABLE_SUBJECT, &key);
	return about_mail(tables, touch).action == ACTION_EMAIL_CLICK ? subject->link : "";
}

/* How many links its sender's mails were followed on within so long from a moment on. */
static unsigned links_from(const struct tables *tables, const struct touch_line *click, int64_t from_us)
{
	const char *links[3];
	unsigned count = 0;
	for (size_t i = 0; i < tables_count(tables, TABLE_TOUCH) && count < COUNT_OF(links); i++) {
		const struct touch_line *other = tables_row(tables, TABLE_TOUCH, i);
		const char *link = link_of(tables, other);
		bool is_new = link[0] != '\0' && other->stamped_us >= from_us &&
			      other->stamped_us <= from_us + WORLD_ALL_LINKS_US &&
			      is_of_one_sender(tables, click, other);
		for (unsigned j = 0; j < count; j++) {
			is_new = is_new && links[j] != link; /* texts are there once */
		}
		if (is_new) {
			links[count++] = link;
		}
	}
	return count;
}

/* Is there such a time that it lies in? It begins with a click. */
static bool is_among_links(const struct tables *tables, const struct touch_line *click)
{
	for (size_t i = 0; i < tables_count(tables, TABLE_TOUCH); i++) {
		int64_t from_us = ((const struct touch_line *)tables_row(tables, TABLE_TOUCH, i))->stamped_us;
		if (from_us <= click->stamped_us && click->stamped_us <= from_us + WORLD_ALL_LINKS_US &&
		    links_from(tables, click, from_us) == 3) {
			return true;
		}
	}
	return false;
}

static int64_t found_of_click(const struct tables *tables, const struct touch_line *click)
{
	int64_t found = is_among_links(tables, click) ? MACHINE_FOUND_LINKS : 0;
	for (size_t i = 0; i < tables_count(tables, TABLE_TOUCH); i++) {
		found |= said_of_click(tables, click, tables_row(tables, TABLE_TOUCH, i));
	}
	return found;
}

static void wait_from(struct tables *tables, const struct touch_line *click)
{
	struct actor_line key = {.id = click->actor_id};
	const struct actor_line *actor = tables_find(tables, TABLE_ACTOR, &key);
	bool weak = actor_is_weak((enum actor_kind)actor->kind), nobodys = !weak || is_by_stretch(tables, &key.id);
	struct waiting_line line = {click->actor_id, click->at_us, weak};
	for (size_t i = 0; i < tables_count(tables, TABLE_STRETCH); i++) {
		const struct stretch_line *stretch = tables_row(tables, TABLE_STRETCH, i);
		if (uuid_equal(&stretch->actor_id, &key.id) && click->at_us >= stretch->from_us &&
		    click->at_us < stretch->to_us) {
			line.contact_id = stretch->contact_id;
			line.anonymous = weak && uuid_equal(&stretch->contact_id, &key.id);
			nobodys = false;
		}
	}
	struct waiting_line *found = nobodys ? NULL : tables_find(tables, TABLE_WAITING, &line);
	if (found != NULL) {
		found->from_us = found->from_us < line.from_us ? found->from_us : line.from_us;
	} else if (!nobodys) {
		CHECK(tables_insert(tables, TABLE_WAITING, &line));
	}
}

void world_time(struct tables *tables, const struct save_rows *save)
{
	for (size_t i = 0; i < save->timed_count; i++) {
		const struct touch_key *key = &save->timed[i];
		for (size_t j = 0; j < tables_count(tables, TABLE_TOUCH); j++) {
			struct touch_line *click = tables_row(tables, TABLE_TOUCH, j);
			int64_t apart_us = click->stamped_us - key->stamped_us;
			if (!uuid_equal(&click->actor_id, &key->actor_id) || apart_us > WORLD_HONEYPOT_US ||
			    apart_us < -WORLD_HONEYPOT_US ||
			    about_mail(tables, click).action != ACTION_EMAIL_CLICK) {
				continue;
			}
			int64_t found = found_of_click(tables, click);
			if (found != (click->reasons & MACHINE_FOUND)) {
				click->reasons = (click->reasons & ~(int64_t)MACHINE_FOUND) | found;
				wait_from(tables, click);
			}
		}
	}
}
